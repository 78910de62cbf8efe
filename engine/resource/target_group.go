package resource

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
)

// The health check of a target group: a task that just started counts as healthy after one check, so the
// interval is what a rollout waits at most (ecs-provisioning 5).
const (
	healthInterval  = 5
	healthTimeout   = 4
	healthyAfter    = 2
	unhealthyAfter  = 3
	healthyStatuses = "200-399"
)

// TargetGroup is the list of tasks that the load balancer sends requests to. What cannot be changed (port,
// VPC) is part of its name, so that a new one can stand beside the old one until no task uses that any more.
type TargetGroup struct {
	Owner      Owner
	VPC        *VPC
	Port       int
	HealthPath string
	DrainFor   time.Duration // how long a task that leaves may finish its requests

	ARN string // output

	found      *elbtypes.TargetGroup
	stale      []elbtypes.TargetGroup // of this app, with other ports
	attributes map[string]string
}

func (t *TargetGroup) name() string {
	return t.Owner.Short() + "-" + digest("http1/" + strconv.Itoa(t.Port))[:4]
}

// Info implements Resource.
func (t *TargetGroup) Info() Info {
	name := t.name()
	if g := t.known(); g != nil && t.Port == 0 {
		name = aws.ToString(g.TargetGroupName)
	}
	return Info{
		ID: "target-group", Kind: "elbv2.TargetGroup", Name: name, Label: "the target group",
		Group: GroupTraffic, Usually: 2 * time.Second, Gone: 5 * time.Second,
	}
}

// Needs implements Resource.
func (t *TargetGroup) Needs() []Need { return after(t.VPC) }

// Observe implements Resource: all target groups of this app, since one with another port may be in use.
func (t *TargetGroup) Observe(ctx context.Context, s *Scope) error {
	t.stale = nil
	pages := elb.NewDescribeTargetGroupsPaginator(s.ELB, &elb.DescribeTargetGroupsInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for i, g := range out.TargetGroups {
			switch name := aws.ToString(g.TargetGroupName); {
			case name == t.name():
				t.found, t.ARN = &out.TargetGroups[i], aws.ToString(g.TargetGroupArn)
			case strings.HasPrefix(name, t.Owner.Short()+"-"):
				t.stale = append(t.stale, g)
			}
		}
	}
	return nil
}

// Detail implements Detailer: the attributes.
func (t *TargetGroup) Detail(ctx context.Context, s *Scope) error {
	if t.ARN == "" {
		return nil
	}
	out, err := s.ELB.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &t.ARN})
	if err != nil {
		return err
	}
	t.attributes = map[string]string{}
	for _, a := range out.Attributes {
		t.attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return nil
}

func (t *TargetGroup) wanted() map[string]string {
	return map[string]string{
		"deregistration_delay.timeout_seconds": strconv.Itoa(int(t.DrainFor.Seconds())),
		"load_balancing.algorithm.type":        "least_outstanding_requests",
	}
}

// known takes the one target group that there is for the wanted one, for a look that knows no port.
func (t *TargetGroup) known() *elbtypes.TargetGroup {
	if t.found == nil && len(t.stale) > 0 {
		return &t.stale[0]
	}
	return t.found
}

// Exists implements Resource.
func (t *TargetGroup) Exists() bool { return t.found != nil || len(t.stale) > 0 }

// Diff implements Resource.
func (t *TargetGroup) Diff() Diff {
	if t.found == nil {
		if len(t.stale) > 0 {
			return replaced("the port changes to " + strconv.Itoa(t.Port))
		}
		return absent()
	}
	if vpc := aws.ToString(t.found.VpcId); vpc != t.VPC.ID {
		t.ARN = ""
		return replaced("the app moves to another VPC")
	}
	var whys []string
	if t.healthDrifted() {
		whys = append(whys, "checks health in another way")
	}
	if len(drifted(t.attributes, t.wanted())) > 0 {
		whys = append(whys, "drains or spreads requests in another way")
	}
	if len(t.stale) > 0 {
		whys = append(whys, "an old target group is left to remove")
	}
	return update(whys)
}

func (t *TargetGroup) healthDrifted() bool {
	g := t.found
	return aws.ToString(g.HealthCheckPath) != t.HealthPath ||
		aws.ToInt32(g.HealthCheckIntervalSeconds) != healthInterval ||
		aws.ToInt32(g.HealthCheckTimeoutSeconds) != healthTimeout ||
		aws.ToInt32(g.HealthyThresholdCount) != healthyAfter ||
		aws.ToInt32(g.UnhealthyThresholdCount) != unhealthyAfter ||
		g.Matcher == nil || aws.ToString(g.Matcher.HttpCode) != healthyStatuses
}

// Apply implements Resource.
func (t *TargetGroup) Apply(ctx context.Context, s *Scope) error {
	if t.ARN == "" && t.found != nil { // in another VPC: its name is taken until it is gone
		if err := t.remove(ctx, s, t.found.TargetGroupArn); err != nil {
			return err
		}
	}
	switch {
	case t.ARN == "":
		if err := t.create(ctx, s); err != nil {
			return fmt.Errorf("create target group: %w", err)
		}
	case t.healthDrifted():
		_, err := s.ELB.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{
			TargetGroupArn: &t.ARN, HealthCheckPath: &t.HealthPath,
			HealthCheckIntervalSeconds: aws.Int32(healthInterval), HealthCheckTimeoutSeconds: aws.Int32(healthTimeout),
			HealthyThresholdCount: aws.Int32(healthyAfter), UnhealthyThresholdCount: aws.Int32(unhealthyAfter),
			Matcher: &elbtypes.Matcher{HttpCode: aws.String(healthyStatuses)},
		})
		if err != nil {
			return fmt.Errorf("change the health check: %w", err)
		}
	}
	d := drifted(t.attributes, t.wanted())
	if len(d) == 0 {
		return nil
	}
	var attrs []elbtypes.TargetGroupAttribute
	for k, v := range d {
		attrs = append(attrs, elbtypes.TargetGroupAttribute{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err := s.ELB.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &t.ARN, Attributes: attrs})
	if err != nil {
		return fmt.Errorf("set how the target group drains: %w", err)
	}
	return nil
}

func (t *TargetGroup) create(ctx context.Context, s *Scope) error {
	return s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
		out, err := s.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name: aws.String(t.name()), TargetType: elbtypes.TargetTypeEnumIp, VpcId: &t.VPC.ID,
			Protocol: elbtypes.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"),
			Port:            aws.Int32(int32(t.Port)), //nolint:gosec // a port
			HealthCheckPath: &t.HealthPath, HealthCheckProtocol: elbtypes.ProtocolEnumHttp,
			HealthCheckIntervalSeconds: aws.Int32(healthInterval), HealthCheckTimeoutSeconds: aws.Int32(healthTimeout),
			HealthyThresholdCount: aws.Int32(healthyAfter), UnhealthyThresholdCount: aws.Int32(unhealthyAfter),
			Matcher: &elbtypes.Matcher{HttpCode: aws.String(healthyStatuses)}, Tags: t.Owner.elbTags("target-group"),
		})
		if err == nil {
			t.found, t.ARN = &out.TargetGroups[0], aws.ToString(out.TargetGroups[0].TargetGroupArn)
			t.attributes = nil
		}
		return err
	})
}

// Cleanup implements Cleaner: it removes the target groups of earlier ports.
func (t *TargetGroup) Cleanup(ctx context.Context, s *Scope) error {
	for _, g := range t.stale {
		if err := t.remove(ctx, s, g.TargetGroupArn); err != nil {
			return err
		}
	}
	t.stale = nil
	return nil
}

// targetGroupBusy is the error while a deleted listener or rule is still known somewhere.
var targetGroupBusy = []cloud.Retryable{{Code: "ResourceInUse", For: 5 * time.Minute}}

func (t *TargetGroup) remove(ctx context.Context, s *Scope, arn *string) error {
	err := s.Retry(ctx, targetGroupBusy, func(ctx context.Context) error {
		_, err := s.ELB.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: arn})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete target group: %w", err)
	}
	return nil
}

// Delete implements Resource.
func (t *TargetGroup) Delete(ctx context.Context, s *Scope) error {
	if t.found != nil {
		if err := t.remove(ctx, s, t.found.TargetGroupArn); err != nil {
			return err
		}
	}
	return t.Cleanup(ctx, s)
}
