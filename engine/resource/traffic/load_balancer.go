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

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// LoadBalancer is the Application Load Balancer in front of the tasks. Whether it has public addresses cannot be changed, so
// that an app may have one of each for as long as it moves.
type LoadBalancer struct {
	resource.Claim
	Owner         resource.Owner
	Network       network.Network
	SecurityGroup *network.SecurityGroup
	LinkedRole    *access.ServiceLinkedRole
	IdleTimeout   time.Duration // how long a connection may be silent
	Private       bool          // it has no public addresses, and its network is Within
	Tasks         *TargetGroup  // of the private one, which is made before it: without one there is no load balancer
	Unneeded      bool          // the app answers no requests, or by another one; one that is left goes

	ARN, DNS string // outputs, known as soon as it is created
	Zone     string // output: the hosted zone that its name is in, for aliases

	found      *elbtypes.LoadBalancer
	attributes map[string]string
	stands     bool // it costs what it is, whether or not it is needed
}

// inside is what a part of the private load balancer is, by what one of the public load balancer is.
func inside(private bool, i resource.Info) resource.Info {
	if private {
		i.ID, i.Label = "private-"+i.ID, "the private "+strings.TrimPrefix(i.Label, "the ")
	}
	return i
}

// Name is the load balancer's name.
func (l *LoadBalancer) Name() string {
	if l.Private {
		return l.Owner.Short() + "-in"
	}
	return l.Owner.Short()
}

// Info implements Resource.
func (l *LoadBalancer) Info() resource.Info {
	return inside(l.Private, resource.Info{
		ID: "load-balancer", Kind: "elbv2.LoadBalancer", Name: l.Name(), Label: "the load balancer",
		Group: resource.GroupTraffic, Usually: 150 * time.Second, Gone: 15 * time.Second,
	})
}

// Fingerprint implements plan.Printer.
func (l *LoadBalancer) Fingerprint() string { return "idle " + l.IdleTimeout.String() }

// Needs implements Resource.
func (l *LoadBalancer) Needs() []resource.Need {
	needs := append(l.Network.Needs(), resource.After(l.SecurityGroup, l.LinkedRole)...)
	if l.Tasks != nil {
		needs = append(needs, resource.Need{On: l.Tasks, Observe: true})
	}
	return needs
}

// Wanted implements Optional.
func (l *LoadBalancer) Wanted() bool { return !l.Unneeded }

// Identifier implements Identified.
func (l *LoadBalancer) Identifier() string { return l.ARN }

// Observe implements Resource.
func (l *LoadBalancer) Observe(ctx context.Context, s *resource.Scope) error {
	if l.Tasks != nil && l.Tasks.known() == nil {
		return nil
	}
	found, err := l.describe(ctx, s)
	if err != nil || found == nil {
		return err
	}
	l.found, l.ARN, l.DNS = found, aws.ToString(found.LoadBalancerArn), aws.ToString(found.DNSName)
	l.Zone = aws.ToString(found.CanonicalHostedZoneId)
	return nil
}

func (l *LoadBalancer) describe(ctx context.Context, s *resource.Scope) (*elbtypes.LoadBalancer, error) {
	out, err := s.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{l.Name()}})
	if cloud.NotFound(err) {
		return nil, nil //nolint:nilnil // absent is not an error
	}
	if err != nil || len(out.LoadBalancers) == 0 {
		return nil, err
	}
	return &out.LoadBalancers[0], nil
}

// Stands is where the load balancer stands, by one call.
func (l *LoadBalancer) Stands(ctx context.Context, s *resource.Scope) (at network.Standing, err error) {
	found, err := l.describe(ctx, s)
	if err != nil || found == nil {
		return at, err
	}
	at.VPC = aws.ToString(found.VpcId)
	for _, z := range found.AvailabilityZones {
		at.Subnets = append(at.Subnets, aws.ToString(z.SubnetId))
	}
	return at, nil
}

// Detail implements Detailer: whose it is, and the attributes.
func (l *LoadBalancer) Detail(ctx context.Context, s *resource.Scope) error {
	if l.ARN == "" {
		return nil
	}
	tags, err := elbTags(ctx, s.Clients, l.ARN)
	if err := l.Judge(l.Owner, tags[l.ARN], err); err != nil {
		return err
	}
	out, err := s.ELB.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &l.ARN})
	if err != nil {
		return err
	}
	l.attributes = map[string]string{}
	for _, a := range out.Attributes {
		l.attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return nil
}

// wanted are the attributes that matter; others are left as they are.
func (l *LoadBalancer) wanted() map[string]string {
	return map[string]string{
		"idle_timeout.timeout_seconds":                    strconv.Itoa(int(l.IdleTimeout.Seconds())),
		"routing.http.drop_invalid_header_fields.enabled": "true",
	}
}

// Exists implements Resource.
func (l *LoadBalancer) Exists() bool { return l.found != nil && l.Ours() }

// Diff implements Resource.
func (l *LoadBalancer) Diff(s *resource.Scope) resource.Diff {
	if l.Unneeded {
		return resource.Unwanted(l)
	}
	if l.found == nil && l.Private {
		return resource.Diff{Action: event.Create, Why: "has no public addresses; CloudFront reaches it inside the VPC"}
	}
	if l.found == nil {
		return resource.Absent()
	}
	if vpc := aws.ToString(l.found.VpcId); vpc != l.Network.VPC.ID {
		l.ARN, l.DNS = "", ""
		return resource.Replaced("the app moves to another VPC", resource.Field("vpc", vpc, cmp.Or(l.Network.VPC.ID, resource.NotYet)))
	}
	var drift resource.Drift
	if d := drifted(l.attributes, l.wanted()); len(d) > 0 {
		drift.Add("has different timeouts or header settings", attributes(l.attributes, d)...)
	}
	if want := l.Network.SubnetIDs(); !resource.SameSet(l.subnets(), want) {
		drift.Add("is in other subnets", resource.Field("subnets", resource.Listed(l.subnets()), resource.Listed(want)))
	}
	if want := []string{l.SecurityGroup.ID}; !resource.SameSet(l.found.SecurityGroups, want) {
		drift.Add("has another security group", resource.Field("security groups", resource.Listed(l.found.SecurityGroups), resource.Listed(want)))
	}
	return drift.Diff()
}

func (l *LoadBalancer) subnets() []string {
	var ids []string
	for _, z := range l.found.AvailabilityZones {
		ids = append(ids, aws.ToString(z.SubnetId))
	}
	return ids
}

// Apply implements Resource. It does not wait until the load balancer is active: only traffic needs that.
func (l *LoadBalancer) Apply(ctx context.Context, s *resource.Scope) error {
	if l.ARN == "" && l.found != nil { // in another VPC: its name is taken until it is gone
		if err := l.Delete(ctx, s); err != nil {
			return fmt.Errorf("delete the load balancer in the other VPC: %w", err)
		}
	}
	if l.ARN == "" {
		if err := l.create(ctx, s); err != nil {
			return err
		}
	} else if err := l.move(ctx, s); err != nil {
		return err
	}
	d := drifted(l.attributes, l.wanted())
	if len(d) == 0 {
		return nil
	}
	var attrs []elbtypes.LoadBalancerAttribute
	for k, v := range d {
		attrs = append(attrs, elbtypes.LoadBalancerAttribute{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err := s.ELB.ModifyLoadBalancerAttributes(ctx, &elb.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: &l.ARN, Attributes: attrs,
	})
	if err != nil {
		return fmt.Errorf("set the load balancer's timeouts: %w", err)
	}
	return nil
}

func (l *LoadBalancer) create(ctx context.Context, s *resource.Scope) error {
	settling := append(slices.Clone(network.Settling),
		cloud.Retryable{Code: "SubnetNotFound", For: time.Minute},
		cloud.Retryable{Code: "InvalidSecurityGroup", For: time.Minute},
		cloud.Retryable{Code: "InvalidSubnet", Contains: "no internet gateway", For: time.Minute},
		cloud.Retryable{Code: "InvalidConfigurationRequest", Contains: "service-linked role", For: time.Minute})
	err := s.Retry(ctx, settling, func(ctx context.Context) error {
		out, err := s.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
			Name: aws.String(l.Name()), Type: elbtypes.LoadBalancerTypeEnumApplication,
			Scheme: l.scheme(), IpAddressType: elbtypes.IpAddressTypeIpv4,
			Subnets: l.Network.SubnetIDs(), SecurityGroups: []string{l.SecurityGroup.ID},
			Tags: l.Owner.ELBTags("load-balancer"),
		})
		if err == nil {
			l.found = &out.LoadBalancers[0]
			l.ARN, l.DNS = aws.ToString(l.found.LoadBalancerArn), aws.ToString(l.found.DNSName)
			l.Zone = aws.ToString(l.found.CanonicalHostedZoneId)
			l.attributes = nil
		}
		return err
	})
	if cloud.Is(err, "OperationNotPermitted") {
		return &fail.Error{
			Class: fail.Failed, Cause: "this AWS account is not allowed to create load balancers yet",
			Evidence: cloud.Message(err), Err: err,
			Remedy: "open a case with AWS Support to have the account activated, then run the same command again",
		}
	}
	if err != nil {
		return fmt.Errorf("create load balancer: %w", err)
	}
	return nil
}

func (l *LoadBalancer) scheme() elbtypes.LoadBalancerSchemeEnum {
	if l.Private {
		return elbtypes.LoadBalancerSchemeEnumInternal
	}
	return elbtypes.LoadBalancerSchemeEnumInternetFacing
}

// move puts the load balancer into the wanted subnets and security group.
func (l *LoadBalancer) move(ctx context.Context, s *resource.Scope) error {
	if !resource.SameSet(l.found.SecurityGroups, []string{l.SecurityGroup.ID}) {
		_, err := s.ELB.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{
			LoadBalancerArn: &l.ARN, SecurityGroups: []string{l.SecurityGroup.ID},
		})
		if err != nil {
			return fmt.Errorf("set the load balancer's security group: %w", err)
		}
	}
	if !resource.SameSet(l.subnets(), l.Network.SubnetIDs()) {
		_, err := s.ELB.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: &l.ARN, Subnets: l.Network.SubnetIDs()})
		if err != nil {
			return fmt.Errorf("set the load balancer's subnets: %w", err)
		}
	}
	return nil
}

// Unattended implements Unattended.
func (l *LoadBalancer) Unattended() {}

// Ready implements Waiter: the load balancer takes traffic.
func (l *LoadBalancer) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the load balancer to become active", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, l.Info().Usually, func(ctx context.Context) (bool, string, error) {
		lb, err := l.describe(ctx, s)
		if err != nil || lb == nil {
			return false, "", err
		}
		switch lb.State.Code {
		case elbtypes.LoadBalancerStateEnumActive, elbtypes.LoadBalancerStateEnumActiveImpaired:
			return true, "", nil
		case elbtypes.LoadBalancerStateEnumFailed:
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "AWS could not set up the load balancer",
				Evidence: aws.ToString(lb.State.Reason), Remedy: "run berth destroy, then deploy again",
			}
		case elbtypes.LoadBalancerStateEnumProvisioning:
		}
		return false, "", nil
	})
}

// originLeaving is the error while a VPC origin that an earlier run deleted still leads to the load balancer.
var originLeaving = []cloud.Retryable{{Code: "ResourceInUse", For: 15 * time.Minute}}

// Delete implements Resource. AWS removes its listeners and rules with it.
func (l *LoadBalancer) Delete(ctx context.Context, s *resource.Scope) error {
	if l.found == nil {
		return nil
	}
	var busy []cloud.Retryable
	if l.Private {
		busy = originLeaving
	}
	err := s.Retry(ctx, busy, func(ctx context.Context) error {
		_, err := s.ELB.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: l.found.LoadBalancerArn})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete load balancer: %w", err)
	}
	w := cloud.Wait{For: "the load balancer to go", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, l.Info().Gone, func(ctx context.Context) (bool, string, error) {
		lb, err := l.describe(ctx, s)
		return lb == nil, "", err
	})
}

// pattern is the ARN pattern of something of the load balancer: kind is loadbalancer, listener or listener-rule.
func (l *LoadBalancer) pattern(s *resource.Scope, kind string) string {
	rest := map[string]string{"loadbalancer": "/*", "listener": "/*/*", "listener-rule": "/*/*/*"}[kind]
	return s.ARN("elasticloadbalancing", kind+"/app/"+l.Name()+rest)
}

// lookedAt is what AWS looks at in the caller's name when a load balancer is made (engine/AWS.md, Permissions).
var lookedAt = []string{
	"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
}

// Permissions implements Permissioned.
func (l *LoadBalancer) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("elasticloadbalancing:DescribeLoadBalancers")}
	if l.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeLoadBalancerAttributes"),
			resource.Whose("elasticloadbalancing:DescribeTags", "a load balancer", "*"))
	}
	arn := l.pattern(s, "loadbalancer")
	var actions []string
	create := func() {
		need = append(need, newELB("CreateLoadBalancer", arn, arn)...)
		need = append(need, resource.Anywhere(lookedAt...))
		actions = append(actions, "elasticloadbalancing:ModifyLoadBalancerAttributes")
	}
	switch do {
	case event.Create:
		create()
	case event.Replace:
		create()
		actions = append(actions, "elasticloadbalancing:DeleteLoadBalancer")
	case event.Update:
		if l.found == nil || !resource.SameSet(l.found.SecurityGroups, []string{l.SecurityGroup.ID}) {
			actions = append(actions, "elasticloadbalancing:SetSecurityGroups")
		}
		if l.found == nil || !resource.SameSet(l.subnets(), l.Network.SubnetIDs()) {
			actions = append(actions, "elasticloadbalancing:SetSubnets")
		}
		if len(drifted(l.attributes, l.wanted())) > 0 {
			actions = append(actions, "elasticloadbalancing:ModifyLoadBalancerAttributes")
		}
	case event.Delete:
		actions = resource.Actions("elasticloadbalancing:DeleteLoadBalancer")
	case event.None:
	}
	return append(need, resource.On(actions, arn))
}

// AsFound implements AsFound: one that stands costs, whether or not it is needed.
func (l *LoadBalancer) AsFound(context.Context, *resource.Scope) error {
	l.stands = l.found != nil
	return nil
}

// Costs implements Coster.
func (l *LoadBalancer) Costs(b *price.Bill) {
	if l.Unneeded && !l.stands {
		return
	}
	zones := price.Zones
	switch {
	case l.Private:
		zones = 0
	case l.found != nil:
		zones = len(l.subnets())
	case l.Network.VPC != nil:
		zones = max(zones, len(l.Network.SubnetIDs()))
	}
	b.LoadBalancer(zones, "")
}

// Exposes implements Exposed.
func (l *LoadBalancer) Exposes(do event.Action) string {
	if !resource.Makes(do) || l.Private {
		return ""
	}
	return "it has public IPv4 addresses; its security group decides who can reach it"
}
