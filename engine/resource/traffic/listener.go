package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Listener takes requests on port 80 of the load balancer and answers 403 to all that no rule lets through.
type Listener struct {
	Owner        resource.Owner
	LoadBalancer *LoadBalancer

	ARN string // output

	found *elbtypes.Listener
}

// Info implements Resource.
func (l *Listener) Info() resource.Info {
	return resource.Info{
		ID: "listener", Kind: "elbv2.Listener", Name: l.LoadBalancer.Name() + ":80", Label: "the listener",
		Group: resource.GroupTraffic, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (l *Listener) Needs() []resource.Need {
	return []resource.Need{{On: l.LoadBalancer, Observe: true}}
}

// Identifier implements Identified.
func (l *Listener) Identifier() string { return l.ARN }

// Observe implements Resource.
func (l *Listener) Observe(ctx context.Context, s *resource.Scope) error {
	if l.LoadBalancer.ARN == "" {
		return nil
	}
	p := elb.NewDescribeListenersPaginator(s.ELB, &elb.DescribeListenersInput{LoadBalancerArn: &l.LoadBalancer.ARN})
	return resource.UnlessGone(resource.Pages(ctx, p, func(out *elb.DescribeListenersOutput) error {
		for i, found := range out.Listeners {
			if aws.ToInt32(found.Port) == 80 {
				l.found, l.ARN = &out.Listeners[i], aws.ToString(found.ListenerArn)
			}
		}
		return nil
	}))
}

// Exists implements Resource.
func (l *Listener) Exists() bool { return l.found != nil }

// Diff implements Resource.
func (l *Listener) Diff(s *resource.Scope) resource.Diff {
	switch {
	case l.LoadBalancer.ARN == "" && l.found != nil:
		was := resource.Field("load balancer", aws.ToString(l.found.LoadBalancerArn), resource.NotYet)
		l.found, l.ARN = nil, ""
		return resource.Replaced("the load balancer is replaced", was)
	case l.found == nil:
		return resource.Absent()
	case !l.refuses():
		return resource.Changed("lets requests through that did not come by CloudFront", resource.Field("default action", l.byDefault(), "fixed-response 403"))
	}
	return resource.None()
}

// byDefault is what the listener does with requests that no rule lets through, as observed.
func (l *Listener) byDefault() string {
	var all []string
	for _, a := range l.found.DefaultActions {
		text := string(a.Type)
		if f := a.FixedResponseConfig; f != nil {
			text += " " + aws.ToString(f.StatusCode)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
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
func (l *Listener) Apply(ctx context.Context, s *resource.Scope) error {
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
		DefaultActions: refuse(), Tags: l.Owner.ELBTags("listener"),
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
func (l *Listener) Delete(ctx context.Context, s *resource.Scope) error {
	if l.found == nil {
		return nil
	}
	_, err := s.ELB.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: l.found.ListenerArn})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned.
func (l *Listener) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	var need []resource.Permission
	if l.LoadBalancer.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeListeners"))
	}
	arn := l.LoadBalancer.pattern(s, "listener")
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateListener", arn, l.LoadBalancer.pattern(s, "loadbalancer"))...)
	case event.Update:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:ModifyListener"), arn))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:DeleteListener"), arn))
	case event.None:
	}
	return need
}
