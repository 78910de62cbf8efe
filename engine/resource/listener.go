package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
)

// Listener takes requests on port 80 of the load balancer and answers 403 to all that no rule lets through.
type Listener struct {
	Owner        Owner
	LoadBalancer *LoadBalancer

	ARN string // output

	found *elbtypes.Listener
}

// Info implements Resource.
func (l *Listener) Info() Info {
	return Info{
		ID: "listener", Kind: "elbv2.Listener", Name: l.LoadBalancer.Name() + ":80", Label: "the listener",
		Group: GroupTraffic, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (l *Listener) Needs() []Need { return []Need{{On: l.LoadBalancer, Observe: true}} }

// Observe implements Resource.
func (l *Listener) Observe(ctx context.Context, s *Scope) error {
	if l.LoadBalancer.ARN == "" {
		return nil
	}
	out, err := s.ELB.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &l.LoadBalancer.ARN})
	if cloud.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, found := range out.Listeners {
		if aws.ToInt32(found.Port) == 80 {
			l.found, l.ARN = &out.Listeners[i], aws.ToString(found.ListenerArn)
		}
	}
	return nil
}

// Exists implements Resource.
func (l *Listener) Exists() bool { return l.found != nil }

// Diff implements Resource.
func (l *Listener) Diff() Diff {
	switch {
	case l.LoadBalancer.ARN == "" && l.found != nil:
		l.found, l.ARN = nil, ""
		return replaced("the load balancer is replaced")
	case l.found == nil:
		return absent()
	case !l.refuses():
		return changed("lets requests through that did not come by CloudFront")
	}
	return none()
}

// refuses says whether the default action turns requests away.
func (l *Listener) refuses() bool {
	a := l.found.DefaultActions
	return len(a) == 1 && a[0].Type == elbtypes.ActionTypeEnumFixedResponse && a[0].FixedResponseConfig != nil &&
		aws.ToString(a[0].FixedResponseConfig.StatusCode) == "403"
}

func refuse() []elbtypes.Action {
	return []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
			StatusCode: aws.String("403"), ContentType: aws.String("text/plain"),
			MessageBody: aws.String("Please use the https address of this app."),
		},
	}}
}

// Apply implements Resource. A listener can be made while the load balancer is still being set up.
func (l *Listener) Apply(ctx context.Context, s *Scope) error {
	if l.found != nil {
		if l.refuses() {
			return nil
		}
		_, err := s.ELB.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &l.ARN, DefaultActions: refuse()})
		if err != nil {
			return fmt.Errorf("change listener: %w", err)
		}
		return nil
	}
	out, err := s.ELB.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: &l.LoadBalancer.ARN, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: refuse(), Tags: l.Owner.elbTags("listener"),
	})
	if cloud.Is(err, "DuplicateListener") { // made by a call whose answer got lost
		return s.Adopt(ctx, l.Info().Label, func(ctx context.Context) error { return l.Observe(ctx, s) }, l.Exists)
	}
	if err != nil {
		return fmt.Errorf("create listener: %w", err)
	}
	l.found, l.ARN = &out.Listeners[0], aws.ToString(out.Listeners[0].ListenerArn)
	return nil
}

// Delete implements Resource.
func (l *Listener) Delete(ctx context.Context, s *Scope) error {
	if l.found == nil {
		return nil
	}
	_, err := s.ELB.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: l.found.ListenerArn})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}
