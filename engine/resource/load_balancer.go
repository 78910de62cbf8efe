package resource

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/fail"
)

// LoadBalancer is the Application Load Balancer in front of the tasks.
type LoadBalancer struct {
	Owner         Owner
	Network       Network
	SecurityGroup *SecurityGroup
	LinkedRole    *ServiceLinkedRole
	IdleTimeout   time.Duration // how long a connection may be silent

	ARN, DNS string // outputs, known as soon as it is created

	found      *elbtypes.LoadBalancer
	attributes map[string]string
}

// Name is the load balancer's name.
func (l *LoadBalancer) Name() string { return l.Owner.Short() }

// Info implements Resource.
func (l *LoadBalancer) Info() Info {
	return Info{
		ID: "load-balancer", Kind: "elbv2.LoadBalancer", Name: l.Name(), Label: "the load balancer",
		Group: GroupTraffic, Usually: 150 * time.Second, Gone: 15 * time.Second,
	}
}

// Needs implements Resource.
func (l *LoadBalancer) Needs() []Need {
	return append(l.Network.needs(), after(l.SecurityGroup, l.LinkedRole)...)
}

// Usage implements Coster: the load balancer and its public addresses.
func (l *LoadBalancer) Usage() []price.Item {
	return []price.Item{
		{SKU: "alb.hour", Item: "load balancer, 730 hours", Quantity: 730},
		{SKU: "ipv4.public_hour", Item: "2 public addresses of the load balancer", Quantity: 2 * 730},
	}
}

// Use implements User: a load of one capacity unit all the time, which is a busy app.
func (l *LoadBalancer) Use() []price.Item {
	return []price.Item{{SKU: "alb.lcu_hour", Item: "load, 1 LCU on average", Quantity: 730}}
}

// Observe implements Resource.
func (l *LoadBalancer) Observe(ctx context.Context, s *Scope) error {
	found, err := l.describe(ctx, s)
	if err != nil || found == nil {
		return err
	}
	l.found, l.ARN, l.DNS = found, aws.ToString(found.LoadBalancerArn), aws.ToString(found.DNSName)
	return nil
}

func (l *LoadBalancer) describe(ctx context.Context, s *Scope) (*elbtypes.LoadBalancer, error) {
	out, err := s.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{l.Name()}})
	if cloud.NotFound(err) {
		return nil, nil //nolint:nilnil // absent is not an error
	}
	if err != nil || len(out.LoadBalancers) == 0 {
		return nil, err
	}
	return &out.LoadBalancers[0], nil
}

// Detail implements Detailer: the attributes.
func (l *LoadBalancer) Detail(ctx context.Context, s *Scope) error {
	if l.ARN == "" {
		return nil
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
func (l *LoadBalancer) Exists() bool { return l.found != nil }

// Diff implements Resource.
func (l *LoadBalancer) Diff() Diff {
	if l.found == nil {
		return absent()
	}
	if vpc := aws.ToString(l.found.VpcId); vpc != l.Network.VPC.ID {
		l.ARN, l.DNS = "", ""
		return replaced("the app moves to another VPC")
	}
	var whys []string
	if len(drifted(l.attributes, l.wanted())) > 0 {
		whys = append(whys, "other timeouts or header rules")
	}
	if !sameSet(l.subnets(), l.Network.SubnetIDs()) {
		whys = append(whys, "stands in other subnets")
	}
	if !sameSet(l.found.SecurityGroups, []string{l.SecurityGroup.ID}) {
		whys = append(whys, "has another security group")
	}
	return update(whys)
}

func (l *LoadBalancer) subnets() []string {
	var ids []string
	for _, z := range l.found.AvailabilityZones {
		ids = append(ids, aws.ToString(z.SubnetId))
	}
	return ids
}

// drifted are the entries of want that have does not hold.
func drifted(have, want map[string]string) map[string]string {
	d := map[string]string{}
	for k, v := range want {
		if have[k] != v {
			d[k] = v
		}
	}
	return d
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Apply implements Resource. It does not wait until the load balancer is active: only traffic needs that.
func (l *LoadBalancer) Apply(ctx context.Context, s *Scope) error {
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

func (l *LoadBalancer) create(ctx context.Context, s *Scope) error {
	settling := append(slices.Clone(ec2Settling),
		cloud.Retryable{Code: "SubnetNotFound", For: time.Minute},
		cloud.Retryable{Code: "InvalidSecurityGroup", For: time.Minute},
		cloud.Retryable{Code: "InvalidSubnet", Contains: "no internet gateway", For: time.Minute},
		cloud.Retryable{Code: "InvalidConfigurationRequest", Contains: "service-linked role", For: time.Minute})
	err := s.Retry(ctx, settling, func(ctx context.Context) error {
		out, err := s.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
			Name: aws.String(l.Name()), Type: elbtypes.LoadBalancerTypeEnumApplication,
			Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing, IpAddressType: elbtypes.IpAddressTypeIpv4,
			Subnets: l.Network.SubnetIDs(), SecurityGroups: []string{l.SecurityGroup.ID},
			Tags: l.Owner.elbTags("load-balancer"),
		})
		if err == nil {
			l.found = &out.LoadBalancers[0]
			l.ARN, l.DNS = aws.ToString(l.found.LoadBalancerArn), aws.ToString(l.found.DNSName)
			l.attributes = nil
		}
		return err
	})
	if cloud.Is(err, "OperationNotPermitted") {
		return &fail.Error{
			Class: fail.Failed, Cause: "this AWS account may not create load balancers yet",
			Evidence: cloud.Message(err), Err: err,
			Remedy: "open a case with AWS Support to finish the account's activation, then run the same command again",
		}
	}
	if err != nil {
		return fmt.Errorf("create load balancer: %w", err)
	}
	return nil
}

// move puts the load balancer into the wanted subnets and security group.
func (l *LoadBalancer) move(ctx context.Context, s *Scope) error {
	if !sameSet(l.found.SecurityGroups, []string{l.SecurityGroup.ID}) {
		_, err := s.ELB.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{
			LoadBalancerArn: &l.ARN, SecurityGroups: []string{l.SecurityGroup.ID},
		})
		if err != nil {
			return fmt.Errorf("set the load balancer's security group: %w", err)
		}
	}
	if !sameSet(l.subnets(), l.Network.SubnetIDs()) {
		_, err := s.ELB.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: &l.ARN, Subnets: l.Network.SubnetIDs()})
		if err != nil {
			return fmt.Errorf("set the load balancer's subnets: %w", err)
		}
	}
	return nil
}

// Unattended implements Unattended.
func (l *LoadBalancer) Unattended() {}

// Ready implements Readier: the load balancer takes traffic.
func (l *LoadBalancer) Ready(ctx context.Context, s *Scope) error {
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

// Delete implements Resource. AWS removes its listeners and rules with it.
func (l *LoadBalancer) Delete(ctx context.Context, s *Scope) error {
	if l.found == nil {
		return nil
	}
	arn := l.found.LoadBalancerArn
	_, err := s.ELB.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: arn})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete load balancer: %w", err)
	}
	w := cloud.Wait{For: "the load balancer to go", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, l.Info().Gone, func(ctx context.Context) (bool, string, error) {
		lb, err := l.describe(ctx, s)
		return lb == nil, "", err
	})
}
