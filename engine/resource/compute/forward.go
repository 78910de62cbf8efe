package compute

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"berth/engine/cloud"
	"berth/engine/session"
)

// Forward opens a session that forwards a port of this machine to a host that the container reaches.
func Forward(ctx context.Context, c *cloud.Clients, target string, f session.Forward) (session.Session, error) {
	out, err := c.SSM.StartSession(ctx, &ssm.StartSessionInput{
		Target: &target, DocumentName: aws.String(session.ForwardDocument), Parameters: f.Parameters(),
	})
	if err != nil {
		return session.Session{}, cloud.Refused(cloud.Explain("open a tunnel to "+f.Host+":"+strconv.Itoa(f.Port), err))
	}
	return session.Session{
		ID: aws.ToString(out.SessionId), StreamURL: aws.ToString(out.StreamUrl), Token: aws.ToString(out.TokenValue),
		Region: c.Region, Endpoint: sessionEndpoint(c.Region), Target: target,
		Request: map[string]any{"DocumentName": session.ForwardDocument, "Parameters": f.Parameters()},
	}, nil
}
