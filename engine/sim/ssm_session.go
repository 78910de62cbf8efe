package sim

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// forwarding is the document by which a session forwards to another host.
const forwarding = "AWS-StartPortForwardingSessionToRemoteHost"

// ssmSessions are sessions that forward ports, in containers of tasks with an agent.
func ssmSessions() awsService { return awsService{operations: []operation{op(ssmStartSession)}} }

func ssmStartSession(c *call, in *ssm.StartSessionInput) (*ssm.StartSessionOutput, error) {
	if str(in.DocumentName) != forwarding {
		return nil, &ssmtypes.InvalidDocument{Message: msg("Document with name %s does not exist.", str(in.DocumentName))}
	}
	one := func(name string) string { return strings.Join(in.Parameters[name], ",") }
	if one("host") == "" || one("portNumber") == "" {
		return nil, apiErr("InvalidParameters", "Parameters host and portNumber are required.")
	}
	if !c.takesSessions(str(in.Target)) {
		return nil, &ssmtypes.TargetNotConnected{Message: msg("%s is not connected.", str(in.Target))}
	}
	id := "session-" + c.st.fresh("session", str(in.Target))[:17]
	stream := url.URL{
		Scheme: "wss", Host: "ssmmessages." + c.r.Name + ".amazonaws.com", Path: "/v1/data-channel/" + id,
		RawQuery: url.Values{"role": {"publish_subscribe"}, "host": {one("host") + ":" + one("portNumber")}, "local": {one("localPortNumber")}}.Encode(),
	}
	return &ssm.StartSessionOutput{SessionId: new(id), StreamUrl: new(stream.String()), TokenValue: new("simulated-token-" + id)}, nil
}

// takesSessions says whether a target, ecs:CLUSTER_TASK_RUNTIME, is a container whose agent runs.
func (c *call) takesSessions(target string) bool {
	words := strings.Split(strings.TrimPrefix(target, "ecs:"), "_")
	if len(words) < 3 || !strings.HasPrefix(target, "ecs:") {
		return false
	}
	task, runtime := words[len(words)-2], words[len(words)-1]
	name := strings.Join(words[:len(words)-2], "_")
	k := find(c.r.ecs().Clusters, func(k *cluster) bool { return k.Name == name })
	if k == nil {
		return false
	}
	t := c.r.taskOf(k.ARN, task)
	return t != nil && t.Exec && t.Status == taskRunning && strings.HasPrefix(runtime, task) && *t.agent(c.now).LastStatus == "RUNNING"
}

// Forwards says whether a session, whose stream has that address, forwards a port.
func Forwards(stream string) bool {
	u, err := url.Parse(stream)
	return err == nil && u.Query().Get("host") != ""
}

// Forward is a forwarded port of a simulated session: it takes connections until ctx ends, and tells each what it would have
// been connected with.
func Forward(ctx context.Context, stream string, out io.Writer) error {
	u, err := url.Parse(stream)
	if err != nil {
		return fmt.Errorf("read the address of the session: %w", err)
	}
	id, host := u.Path[strings.LastIndex(u.Path, "/")+1:], u.Query().Get("host")
	var listens net.ListenConfig
	l, err := listens.Listen(ctx, "tcp", "127.0.0.1:"+u.Query().Get("local"))
	if err != nil {
		return fmt.Errorf("open the port: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	fmt.Fprintf(out, "\nStarting session with SessionId: %s\nPort %s opened for sessionId %s.\nWaiting for connections...\n", id, u.Query().Get("local"), id)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			fmt.Fprintf(out, "\n\nExiting session with sessionId: %s.\n", id)
			return nil
		}
		if err != nil {
			return fmt.Errorf("take a connection: %w", err)
		}
		fmt.Fprintf(conn, "this is where %s would answer; a simulated account has nobody there\n", host)
		_ = conn.Close() // whoever came has been told
	}
}
