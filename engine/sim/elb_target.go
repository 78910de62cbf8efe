package sim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbTargetGroups are target groups. Their targets are tasks, whose registrations ECS keeps.
func elbTargetGroups() awsService {
	return awsService{
		operations: []operation{
			op(elbCreateTargetGroup, tagging("elasticloadbalancing:AddTags")), op(elbDescribeTargetGroups, pages("TargetGroups", 400, 400)),
			op(elbModifyTargetGroup), op(elbDescribeTargetGroupAttributes), op(elbModifyTargetGroupAttributes), op(elbDeleteTargetGroup),
			op(elbDescribeTargetHealth),
		},
		quotas: []quotaCode{{"elasticloadbalancing", "L-B22855CB", "Target Groups per Region", "", 3000}},
		list: func(v *inventory, r *region) {
			for _, t := range r.elb().TargetGroups {
				d := *t
				d.ARN = ""
				v.add("elasticloadbalancing.TargetGroup", named(r, nil, t.Name), false, d, t.ARN)
			}
		},
	}
}

type targetGroup struct {
	ARN         string
	Name        string
	Port        int32
	Protocol    string
	Version     string
	Type        string
	VPC         string
	HealthPath  string
	HealthPort  string
	HealthProto string
	Interval    int32
	Timeout     int32
	Healthy     int32
	Unhealthy   int32
	Matcher     string
	Attrs       map[string]string
	Tags        tagMap
}

// The attributes of a new target group, with their defaults.
var tgAttrs = map[string]string{
	"deregistration_delay.timeout_seconds": "300", "load_balancing.algorithm.anomaly_mitigation": "off",
	"load_balancing.algorithm.type": "round_robin", "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
	"slow_start.duration_seconds": "0", "stickiness.app_cookie.cookie_name": "", "stickiness.app_cookie.duration_seconds": "86400",
	"stickiness.enabled": "false", "stickiness.lb_cookie.duration_seconds": "86400", "stickiness.type": "lb_cookie",
	"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
	"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}

// drain is how long a target that is deregistered keeps its open connections.
func (t *targetGroup) drain() time.Duration {
	n, _ := strconv.Atoi(attr(t.Attrs, tgAttrs, "deregistration_delay.timeout_seconds"))
	return time.Duration(n) * time.Second
}

func (r *region) targetGroup(arn string) *targetGroup {
	return find(r.elb().TargetGroups, func(t *targetGroup) bool { return t.ARN == arn })
}

func noTargetGroup(arn string) error {
	return &elbtypes.TargetGroupNotFoundException{Message: msg("One or more target groups not found: %s", arn)}
}

func onTargetGroup[Out any](c *call, arn *string, fn func(*targetGroup) (*Out, error)) (*Out, error) {
	t := c.r.targetGroup(str(arn))
	if t == nil {
		return nil, noTargetGroup(str(arn))
	}
	return fn(t)
}

// equalJSON compares two values by their JSON, which treats nil and empty fields of SDK types alike.
func equalJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// check checks a target group's health check settings.
func (t *targetGroup) check() error {
	switch {
	case t.Interval < 5 || t.Interval > 300:
		return validation("Health check interval must be between '5' and '300'")
	case t.Timeout < 2 || t.Timeout > 120:
		return validation("Health check timeout must be between '2' and '120'")
	case t.Timeout >= t.Interval:
		return validation("Health check interval must be greater than the timeout.")
	case t.Healthy < 2 || t.Healthy > 10 || t.Unhealthy < 2 || t.Unhealthy > 10:
		return validation("Health check thresholds must be between '2' and '10'")
	case !strings.HasPrefix(t.HealthPath, "/"):
		return validation("Health check path '%s' must begin with a '/' character", t.HealthPath)
	case matcherOf(t.Matcher) == nil:
		return validation("Health check matcher HTTP code '%s' must be within '200' to '499'", t.Matcher)
	}
	return nil
}

// matcherOf reads an HTTP code matcher such as 200, 200,302 or 200-399; nil when it is not one.
func matcherOf(text string) func(code int) bool {
	var ranges [][2]int
	for part := range strings.SplitSeq(text, ",") {
		lo, hi, isRange := strings.Cut(strings.TrimSpace(part), "-")
		a, err1 := strconv.Atoi(lo)
		b := a
		var err2 error
		if isRange {
			b, err2 = strconv.Atoi(hi)
		}
		if err1 != nil || err2 != nil || a < 200 || b > 499 || b < a {
			return nil
		}
		ranges = append(ranges, [2]int{a, b})
	}
	return func(code int) bool {
		return slices.ContainsFunc(ranges, func(r [2]int) bool { return r[0] <= code && code <= r[1] })
	}
}

func elbCreateTargetGroup(c *call, in *elb.CreateTargetGroupInput) (*elb.CreateTargetGroupOutput, error) {
	t := &targetGroup{
		Name: str(in.Name), Port: val(in.Port, 0), Protocol: string(in.Protocol), Version: val(in.ProtocolVersion, "HTTP1"),
		Type: cmp.Or(string(in.TargetType), "instance"), VPC: str(in.VpcId), HealthPath: val(in.HealthCheckPath, "/"),
		HealthPort: val(in.HealthCheckPort, "traffic-port"), HealthProto: cmp.Or(string(in.HealthCheckProtocol), "HTTP"),
		Interval: val(in.HealthCheckIntervalSeconds, 30), Timeout: val(in.HealthCheckTimeoutSeconds, 5),
		Healthy: val(in.HealthyThresholdCount, 5), Unhealthy: val(in.UnhealthyThresholdCount, 2),
		Matcher: "200", Attrs: map[string]string{}, Tags: elbTags(in.Tags),
	}
	if in.Matcher != nil {
		t.Matcher = val(in.Matcher.HttpCode, "200")
	}
	switch {
	case !elbName(t.Name):
		return nil, validation("The target group name '%s' must have at most 32 characters, only letters, digits and hyphens, and must not begin or end with a hyphen", t.Name)
	case t.Protocol == "" || t.Port < 1 || t.Port > 65535:
		return nil, validation("A target group needs a protocol and a port from 1 to 65535")
	case c.r.vpc(t.VPC) == nil:
		return nil, validation("The VPC ID '%s' is not found", t.VPC)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	if have := find(c.r.elb().TargetGroups, func(o *targetGroup) bool { return o.Name == t.Name }); have != nil {
		same := *have
		same.ARN, same.Attrs, same.Tags = t.ARN, t.Attrs, t.Tags
		if !equalJSON(same, *t) {
			return nil, &elbtypes.DuplicateTargetGroupNameException{Message: msg("A target group with the same name '%s' exists, but with different settings", t.Name)}
		}
		return &elb.CreateTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.targetGroupOut(have)}}, nil
	}
	t.ARN = elbARN(c, "targetgroup/"+t.Name+"/"+c.st.fresh(c.r.Name, "target group", t.Name)[:16])
	c.r.elb().TargetGroups = append(c.r.elb().TargetGroups, t)
	return &elb.CreateTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.targetGroupOut(t)}}, nil
}

func (c *call) targetGroupOut(t *targetGroup) elbtypes.TargetGroup {
	o := elbtypes.TargetGroup{
		TargetGroupArn: new(t.ARN), TargetGroupName: new(t.Name), Port: new(t.Port), Protocol: elbtypes.ProtocolEnum(t.Protocol),
		ProtocolVersion: new(t.Version), TargetType: elbtypes.TargetTypeEnum(t.Type), VpcId: new(t.VPC), HealthCheckEnabled: new(true),
		HealthCheckPath: new(t.HealthPath), HealthCheckPort: new(t.HealthPort), HealthCheckProtocol: elbtypes.ProtocolEnum(t.HealthProto),
		HealthCheckIntervalSeconds: new(t.Interval), HealthCheckTimeoutSeconds: new(t.Timeout), HealthyThresholdCount: new(t.Healthy),
		UnhealthyThresholdCount: new(t.Unhealthy), Matcher: &elbtypes.Matcher{HttpCode: new(t.Matcher)}, IpAddressType: "ipv4",
	}
	for _, lb := range c.r.usersOf(t.ARN) {
		o.LoadBalancerArns = append(o.LoadBalancerArns, lb.ARN)
	}
	return o
}

func elbDescribeTargetGroups(c *call, in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
	out := &elb.DescribeTargetGroupsOutput{}
	if in.LoadBalancerArn != nil && c.r.balancer(*in.LoadBalancerArn) == nil {
		return nil, noBalancer(*in.LoadBalancerArn)
	}
	for _, arn := range in.TargetGroupArns {
		if c.r.targetGroup(arn) == nil {
			return nil, noTargetGroup(arn)
		}
	}
	for _, name := range in.Names {
		if find(c.r.elb().TargetGroups, func(t *targetGroup) bool { return t.Name == name }) == nil {
			return nil, noTargetGroup(name)
		}
	}
	for _, t := range c.r.elb().TargetGroups {
		o := c.targetGroupOut(t)
		switch {
		case len(in.TargetGroupArns) > 0 && !slices.Contains(in.TargetGroupArns, t.ARN),
			len(in.Names) > 0 && !slices.Contains(in.Names, t.Name),
			in.LoadBalancerArn != nil && !slices.Contains(o.LoadBalancerArns, *in.LoadBalancerArn):
			continue
		}
		out.TargetGroups = append(out.TargetGroups, o)
	}
	return out, nil
}

func elbModifyTargetGroup(c *call, in *elb.ModifyTargetGroupInput) (*elb.ModifyTargetGroupOutput, error) {
	return onTargetGroup(c, in.TargetGroupArn, func(t *targetGroup) (*elb.ModifyTargetGroupOutput, error) {
		n := *t
		n.HealthPath = val(in.HealthCheckPath, n.HealthPath)
		n.HealthPort = val(in.HealthCheckPort, n.HealthPort)
		n.HealthProto = cmp.Or(string(in.HealthCheckProtocol), n.HealthProto)
		n.Interval = val(in.HealthCheckIntervalSeconds, n.Interval)
		n.Timeout = val(in.HealthCheckTimeoutSeconds, n.Timeout)
		n.Healthy = val(in.HealthyThresholdCount, n.Healthy)
		n.Unhealthy = val(in.UnhealthyThresholdCount, n.Unhealthy)
		if in.Matcher != nil {
			n.Matcher = val(in.Matcher.HttpCode, n.Matcher)
		}
		if err := n.check(); err != nil {
			return nil, err
		}
		*t = n
		return &elb.ModifyTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.targetGroupOut(t)}}, nil
	})
}

func (t *targetGroup) attrsOut() []elbtypes.TargetGroupAttribute {
	var out []elbtypes.TargetGroupAttribute
	for _, k := range tagMap(tgAttrs).keys() {
		out = append(out, elbtypes.TargetGroupAttribute{Key: new(k), Value: new(attr(t.Attrs, tgAttrs, k))})
	}
	return out
}

func elbDescribeTargetGroupAttributes(c *call, in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, error) {
	return onTargetGroup(c, in.TargetGroupArn, func(t *targetGroup) (*elb.DescribeTargetGroupAttributesOutput, error) {
		return &elb.DescribeTargetGroupAttributesOutput{Attributes: t.attrsOut()}, nil
	})
}

func elbModifyTargetGroupAttributes(c *call, in *elb.ModifyTargetGroupAttributesInput) (*elb.ModifyTargetGroupAttributesOutput, error) {
	return onTargetGroup(c, in.TargetGroupArn, func(t *targetGroup) (*elb.ModifyTargetGroupAttributesOutput, error) {
		for _, a := range in.Attributes {
			if err := checkAttr(tgAttrs, str(a.Key), str(a.Value)); err != nil {
				return nil, err
			}
		}
		if t.Attrs == nil {
			t.Attrs = map[string]string{}
		}
		for _, a := range in.Attributes {
			t.Attrs[str(a.Key)] = str(a.Value)
		}
		return &elb.ModifyTargetGroupAttributesOutput{Attributes: t.attrsOut()}, nil
	})
}

func elbDeleteTargetGroup(c *call, in *elb.DeleteTargetGroupInput) (*elb.DeleteTargetGroupOutput, error) {
	return onTargetGroup(c, in.TargetGroupArn, func(t *targetGroup) (*elb.DeleteTargetGroupOutput, error) {
		if len(c.r.usersOf(t.ARN)) > 0 {
			return nil, &elbtypes.ResourceInUseException{Message: msg("Target group '%s' is currently in use by a listener or a rule", t.ARN)}
		}
		c.r.elb().TargetGroups = remove(c.r.elb().TargetGroups, t)
		return &elb.DeleteTargetGroupOutput{}, nil
	})
}

func elbDescribeTargetHealth(c *call, in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
	return onTargetGroup(c, in.TargetGroupArn, func(t *targetGroup) (*elb.DescribeTargetHealthOutput, error) {
		out := &elb.DescribeTargetHealthOutput{}
		for _, k := range c.r.ecs().Tasks {
			for _, x := range k.Targets {
				if x.Group != t.ARN || x.State == "" {
					continue
				}
				h := &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnum(x.State)}
				if x.Reason != "" {
					h.Reason, h.Description = elbtypes.TargetHealthReasonEnum(x.Reason), new(x.Description)
				}
				d := elbtypes.TargetHealthDescription{
					Target: &elbtypes.TargetDescription{Id: new(k.IP), Port: new(x.Port)}, HealthCheckPort: new(strconv.Itoa(int(x.Port))), TargetHealth: h,
				}
				if s := c.r.subnet(k.Subnet); s != nil {
					d.Target.AvailabilityZone = new(s.Zone)
				}
				out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, d)
			}
		}
		return out, nil
	})
}
