package traffic

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// Health is how the load balancer asks tasks whether they are well.
type Health struct {
	Path      string
	Interval  time.Duration
	Timeout   time.Duration
	Unhealthy int    // failed checks in a row that make a task unhealthy
	Codes     string // statuses of a task that is well, such as 200-399
}

// healthyAfter is how many checks in a row make a task healthy again that was not. One that just started counts as healthy
// after one, so the interval is what a rollout waits at most (engine/AWS.md, Health checks and draining).
const healthyAfter = 2

func seconds(d time.Duration) int32 { return int32(d / time.Second) } //nolint:gosec // a few minutes at most

// stickyFor is for how many seconds a visitor comes back to the same task: a day.
const stickyFor = 24 * 60 * 60

// TargetGroup is the list of tasks that the load balancer sends requests to. What cannot be changed (port,
// VPC) is part of its name, so that a new one can stand beside the old one until no task uses that any more.
type TargetGroup struct {
	resource.Claim
	Owner    resource.Owner
	VPC      *network.VPC
	Port     int
	Health   Health
	DrainFor time.Duration // how long a task that leaves may finish its requests
	Sticky   bool          // a visitor comes back to the same task, by a cookie of the load balancer
	Unneeded bool          // the app answers no requests, or behind another load balancer; those that are left go
	Private  bool          // of the private load balancer: AWS binds each to one
	First    *TargetGroup  // the one that has looked all of them up; nil: this one does

	ARN string // output

	all        []elbtypes.TargetGroup // with our names, as observed
	found      *elbtypes.TargetGroup
	stale      []elbtypes.TargetGroup // of this app, with other ports
	attributes map[string]string
}

func (t *TargetGroup) name() string {
	return t.prefix() + resource.Digest("http1/" + strconv.Itoa(t.Port))[:4]
}

// prefix starts the names of those of the same load balancer.
func (t *TargetGroup) prefix() string {
	if t.Private {
		return t.Owner.Short() + "-i"
	}
	return t.Owner.Short() + "-"
}

// Info implements Resource.
func (t *TargetGroup) Info() resource.Info {
	name := t.name()
	if g := t.known(); g != nil && t.Port == 0 {
		name = aws.ToString(g.TargetGroupName)
	}
	return inside(t.Private, resource.Info{
		ID: "target-group", Kind: "elbv2.TargetGroup", Name: name, Label: "the target group",
		Group: resource.GroupTraffic, Usually: 2 * time.Second, Gone: 5 * time.Second,
	})
}

// Fingerprint implements plan.Printer.
func (t *TargetGroup) Fingerprint() string {
	return fmt.Sprintf("target group %d %v %s %v", t.Port, t.Health, t.DrainFor, t.Sticky)
}

// Needs implements Resource.
func (t *TargetGroup) Needs() []resource.Need {
	needs := resource.After(t.VPC)
	if t.First != nil {
		needs = append(needs, resource.Need{On: t.First, Observe: true, Loose: true})
	}
	return needs
}

// Wanted implements Optional.
func (t *TargetGroup) Wanted() bool { return !t.Unneeded }

// Identifier implements Identified.
func (t *TargetGroup) Identifier() string {
	if g := t.known(); g != nil && t.Port == 0 {
		return aws.ToString(g.TargetGroupArn)
	}
	return t.ARN
}

// Observe implements Resource: all target groups of this app, since one with another port may be in use.
func (t *TargetGroup) Observe(ctx context.Context, s *resource.Scope) error {
	t.stale = nil
	if t.First != nil {
		t.all = t.First.all
	} else if err := t.list(ctx, s); err != nil {
		return err
	}
	for i, g := range t.all {
		switch name := aws.ToString(g.TargetGroupName); {
		case name == t.name():
			t.found, t.ARN = &t.all[i], aws.ToString(g.TargetGroupArn)
		case strings.HasPrefix(name, t.prefix()) && len(name) == len(t.name()):
			t.stale = append(t.stale, g)
		}
	}
	return nil
}

// list looks all target groups of this app up.
func (t *TargetGroup) list(ctx context.Context, s *resource.Scope) error {
	t.all = nil
	p := elb.NewDescribeTargetGroupsPaginator(s.ELB, &elb.DescribeTargetGroupsInput{})
	return resource.Pages(ctx, p, func(out *elb.DescribeTargetGroupsOutput) error {
		for _, g := range out.TargetGroups {
			if strings.HasPrefix(aws.ToString(g.TargetGroupName), t.Owner.Short()+"-") {
				t.all = append(t.all, g)
			}
		}
		return nil
	})
}

// Detail implements Detailer: whose they are, and the attributes.
func (t *TargetGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if err := t.judge(ctx, s); err != nil || t.ARN == "" {
		return err
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

// judge looks at the tags of all target groups with one of our names. Those of another port that are not ours are none
// of our business.
func (t *TargetGroup) judge(ctx context.Context, s *resource.Scope) error {
	var arns []string
	if t.ARN != "" {
		arns = append(arns, t.ARN)
	}
	for _, g := range t.stale {
		arns = append(arns, aws.ToString(g.TargetGroupArn))
	}
	if len(arns) == 0 {
		return nil
	}
	tags, err := elbTags(ctx, s.Clients, arns[:min(len(arns), tagBatch)]...)
	if t.ARN != "" || err != nil {
		return t.Judge(t.Owner, tags[t.ARN], err)
	}
	t.stale = slices.DeleteFunc(t.stale, func(g elbtypes.TargetGroup) bool {
		return t.Owner.Stranger(tags[aws.ToString(g.TargetGroupArn)]) != nil
	})
	return nil
}

func (t *TargetGroup) wanted() map[string]string {
	want := map[string]string{
		"deregistration_delay.timeout_seconds": strconv.Itoa(int(t.DrainFor.Seconds())),
		"load_balancing.algorithm.type":        "least_outstanding_requests",
	}
	switch {
	case t.Sticky:
		want["stickiness.enabled"], want["stickiness.type"] = "true", "lb_cookie"
		want["stickiness.lb_cookie.duration_seconds"] = strconv.Itoa(stickyFor)
	case t.attributes["stickiness.enabled"] == "true":
		want["stickiness.enabled"] = "false"
	}
	return want
}

// known takes the one target group that there is for the wanted one, for a look that knows no port.
func (t *TargetGroup) known() *elbtypes.TargetGroup {
	if t.found == nil && len(t.stale) > 0 {
		return &t.stale[0]
	}
	return t.found
}

// Exists implements Resource.
func (t *TargetGroup) Exists() bool { return (t.found != nil || len(t.stale) > 0) && t.Ours() }

// Diff implements Resource.
func (t *TargetGroup) Diff(s *resource.Scope) resource.Diff {
	if t.Unneeded {
		return resource.Unwanted(t)
	}
	if t.found == nil {
		if len(t.stale) > 0 {
			return resource.Replaced("the port changes to "+strconv.Itoa(t.Port), resource.Field("port", aws.ToInt32(t.stale[0].Port), t.Port))
		}
		return resource.Absent()
	}
	if vpc := aws.ToString(t.found.VpcId); vpc != t.VPC.ID {
		t.ARN = ""
		return resource.Replaced("the app moves to another VPC", resource.Field("vpc", vpc, cmp.Or(t.VPC.ID, resource.NotYet)))
	}
	var drift resource.Drift
	if fields := t.otherHealth(); len(fields) > 0 {
		drift.Add("has different health checks", fields...)
	}
	if d := drifted(t.attributes, t.wanted()); len(d) > 0 {
		drift.Add("has different draining, balancing or stickiness settings", attributes(t.attributes, d)...)
	}
	if len(t.stale) > 0 {
		var names []string
		for _, g := range t.stale {
			names = append(names, aws.ToString(g.TargetGroupName))
		}
		drift.Add("an old target group is still to be removed", resource.Field("old target groups", resource.Listed(names), ""))
	}
	return drift.Diff()
}

// otherHealth is where health is checked in another way than is wanted.
func (t *TargetGroup) otherHealth() (fields []resource.FieldChange) {
	g, statuses := t.found, ""
	if g.Matcher != nil {
		statuses = aws.ToString(g.Matcher.HttpCode)
	}
	for _, f := range []resource.FieldChange{
		resource.Field("health path", aws.ToString(g.HealthCheckPath), t.Health.Path),
		resource.Field("health interval", aws.ToInt32(g.HealthCheckIntervalSeconds), seconds(t.Health.Interval)),
		resource.Field("health timeout", aws.ToInt32(g.HealthCheckTimeoutSeconds), seconds(t.Health.Timeout)),
		resource.Field("healthy after", aws.ToInt32(g.HealthyThresholdCount), healthyAfter),
		resource.Field("unhealthy after", aws.ToInt32(g.UnhealthyThresholdCount), t.Health.Unhealthy),
		resource.Field("healthy codes", statuses, t.Health.Codes),
	} {
		if f.Old != f.New {
			fields = append(fields, f)
		}
	}
	return fields
}

// Apply implements Resource.
func (t *TargetGroup) Apply(ctx context.Context, s *resource.Scope) error {
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
	case len(t.otherHealth()) > 0:
		_, err := s.ELB.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{
			TargetGroupArn: &t.ARN, HealthCheckPath: &t.Health.Path,
			HealthCheckIntervalSeconds: aws.Int32(seconds(t.Health.Interval)), HealthCheckTimeoutSeconds: aws.Int32(seconds(t.Health.Timeout)),
			HealthyThresholdCount: aws.Int32(healthyAfter), UnhealthyThresholdCount: aws.Int32(int32(t.Health.Unhealthy)),
			Matcher: &elbtypes.Matcher{HttpCode: &t.Health.Codes},
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

func (t *TargetGroup) create(ctx context.Context, s *resource.Scope) error {
	return s.Retry(ctx, network.Settling, func(ctx context.Context) error {
		out, err := s.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name: aws.String(t.name()), TargetType: elbtypes.TargetTypeEnumIp, VpcId: &t.VPC.ID,
			Protocol: elbtypes.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"),
			Port:            aws.Int32(int32(t.Port)), //nolint:gosec // a port
			HealthCheckPath: &t.Health.Path, HealthCheckProtocol: elbtypes.ProtocolEnumHttp,
			HealthCheckIntervalSeconds: aws.Int32(seconds(t.Health.Interval)), HealthCheckTimeoutSeconds: aws.Int32(seconds(t.Health.Timeout)),
			HealthyThresholdCount: aws.Int32(healthyAfter), UnhealthyThresholdCount: aws.Int32(int32(t.Health.Unhealthy)),
			Matcher: &elbtypes.Matcher{HttpCode: &t.Health.Codes}, Tags: t.Owner.ELBTags("target-group"),
		})
		if err == nil {
			t.found, t.ARN = &out.TargetGroups[0], aws.ToString(out.TargetGroups[0].TargetGroupArn)
			t.attributes = nil
		}
		return err
	})
}

// targetGroupBusy is the error while a deleted listener or rule is still known somewhere.
var targetGroupBusy = []cloud.Retryable{{Code: "ResourceInUse", For: 5 * time.Minute}}

// Cleanup implements Cleaner: it removes the target groups of earlier ports.
func (t *TargetGroup) Cleanup(ctx context.Context, s *resource.Scope) error {
	for _, g := range t.stale {
		if err := t.remove(ctx, s, g.TargetGroupArn); err != nil {
			return err
		}
	}
	return nil
}

func (t *TargetGroup) remove(ctx context.Context, s *resource.Scope, arn *string) error {
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
func (t *TargetGroup) Delete(ctx context.Context, s *resource.Scope) error {
	if t.found != nil {
		if err := t.remove(ctx, s, t.found.TargetGroupArn); err != nil {
			return err
		}
	}
	return t.Cleanup(ctx, s)
}

// Permissions implements Permissioned.
func (t *TargetGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("elasticloadbalancing:DescribeTargetGroups")}
	if t.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeTargetGroupAttributes"),
			resource.Whose("elasticloadbalancing:DescribeTags", "a target group", "*"))
	}
	arn := s.ARN("elasticloadbalancing", "targetgroup/"+t.Owner.Short()+"-*/*")
	var actions []string
	remove := resource.On(resource.Actions("elasticloadbalancing:DeleteTargetGroup"), arn)
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateTargetGroup", arn, arn)...)
		actions = resource.Actions("elasticloadbalancing:ModifyTargetGroupAttributes")
		if do == event.Replace {
			need = append(need, remove)
		}
	case event.Update:
		if t.found == nil || len(t.otherHealth()) > 0 {
			actions = append(actions, "elasticloadbalancing:ModifyTargetGroup")
		}
		if len(drifted(t.attributes, t.wanted())) > 0 {
			actions = append(actions, "elasticloadbalancing:ModifyTargetGroupAttributes")
		}
		if len(t.stale) > 0 {
			remove.Without = "the target group of a previous port would stay"
			need = append(need, remove)
		}
	case event.Delete:
		need = append(need, remove)
	case event.None:
	}
	return append(need, resource.On(actions, arn))
}

// TargetGroups lists the target groups of all apps.
var TargetGroups = resource.Listing{What: "target groups", List: listTargetGroups}

func listTargetGroups(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := elb.NewDescribeTargetGroupsPaginator(s.ELB, &elb.DescribeTargetGroupsInput{})
	err := resource.Pages(ctx, p, func(out *elb.DescribeTargetGroupsOutput) error {
		for _, t := range out.TargetGroups {
			arn := aws.ToString(t.TargetGroupArn)
			all = append(all, resource.Found{
				Kind: "elbv2.TargetGroup", Name: aws.ToString(t.TargetGroupName), ARN: arn,
				Unused: func(a *resource.App) string {
					if a.Uses[arn] {
						return ""
					}
					return "the service uses another target group"
				},
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return addByTags(ctx, s, all)
}
