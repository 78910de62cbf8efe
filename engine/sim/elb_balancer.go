package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbBalancers are application load balancers.
func elbBalancers() awsService {
	return awsService{
		operations: []operation{
			op(elbCreateLoadBalancer, tagging("elasticloadbalancing:AddTags"), also(balancerLooks...)), op(elbDescribeLoadBalancers, pages("LoadBalancers", 400, 400)),
			op(elbDescribeLoadBalancerAttributes), op(elbModifyLoadBalancerAttributes), op(elbSetSubnets), op(elbSetSecurityGroups),
			op(elbSetIpAddressType), op(elbDeleteLoadBalancer),
		},
		quotas:     []quotaCode{{"elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", "elb", 50}},
		list:       listBalancers,
		interfaces: balancerInterfaces,
		sweep: func(w *world) {
			w.r.elb().LoadBalancers = slices.DeleteFunc(w.r.elb().LoadBalancers, func(lb *loadBalancer) bool {
				return !lb.exists() && w.st.Now.Sub(lb.Deleted) >= w.a.delay(latLBGone, lb.ARN)
			})
		},
	}
}

// balancerLooks is what making a load balancer looks at in the caller's name.
var balancerLooks = []string{
	"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
}

func listBalancers(v *inventory, r *region) {
	for _, lb := range r.elb().LoadBalancers {
		if !lb.exists() {
			continue
		}
		d := clone(*lb)
		d.ARN, d.DNS, d.Created, d.Active, d.Listeners = "", "", time.Time{}, time.Time{}, nil
		slices.Sort(d.Subnets)
		v.add("elasticloadbalancing.LoadBalancer", named(r, nil, lb.Name), false, d, lb.ARN, lb.DNS, lb.suffix())
	}
}

// balancerInterfaces are one in each subnet. They outlive the load balancer for a while.
func balancerInterfaces(w *world, now time.Time) []netInterface {
	var out []netInterface
	for _, lb := range w.r.elb().LoadBalancers {
		if !lb.exists() && now.Sub(lb.Deleted) >= w.a.delay(latLBGone, lb.ARN) {
			continue
		}
		for _, id := range lb.Subnets {
			s := w.r.subnet(id)
			if s == nil {
				continue
			}
			key := stableID(lb.ARN, id)
			out = append(out, netInterface{
				ID: "eni-0" + key[:16], VPC: s.VPC, Subnet: id, Groups: lb.Groups, IP: address(s.CIDR, key), PublicIP: lb.publicAddress(key),
				Description: "ELB " + lb.suffix(), Requester: "amazon-elb", Type: "interface", Left: !lb.exists(),
			})
		}
	}
	return out
}

type loadBalancer struct {
	ARN       string
	Name      string
	DNS       string
	Scheme    string
	Type      string
	IPType    string
	VPC       string
	Subnets   []string
	Groups    []string
	Attrs     map[string]string
	Listeners []*listener
	Created   time.Time
	Active    time.Time // from when it takes traffic
	Deleted   time.Time // zero while it exists; its interfaces linger for a while
	Tags      tagMap
}

// suffix is the part of the ARN that names the load balancer: app/name/id.
func (lb *loadBalancer) suffix() string {
	_, s, _ := strings.Cut(lb.ARN, "loadbalancer/")
	return s
}

// publicAddress is one of its public addresses, empty for one inside.
func (lb *loadBalancer) publicAddress(key string) string {
	if lb.Scheme == "internal" {
		return ""
	}
	return publicAddress(key)
}

func (lb *loadBalancer) exists() bool { return lb.Deleted.IsZero() }

// The attributes of a new application load balancer, with their defaults.
var lbAttrs = map[string]string{
	"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
	"client_keep_alive.seconds": "3600", "connection_logs.s3.enabled": "false", "deletion_protection.enabled": "false",
	"idle_timeout.timeout_seconds": "60", "ipv6.deny_all_igw_traffic": "false", "load_balancing.cross_zone.enabled": "true",
	"routing.http.desync_mitigation_mode": "defensive", "routing.http.drop_invalid_header_fields.enabled": "false",
	"routing.http.preserve_host_header.enabled": "false", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
	"routing.http.xff_client_port.enabled": "false", "routing.http.xff_header_processing.mode": "append",
	"routing.http2.enabled": "true", "waf.fail_open.enabled": "false", "zonal_shift.config.enabled": "false",
}

// The ranges of numeric attributes of load balancers and target groups.
var attrRanges = map[string][2]int{
	"idle_timeout.timeout_seconds":         {1, 4000},
	"client_keep_alive.seconds":            {60, 604800},
	"deregistration_delay.timeout_seconds": {0, 3600},
}

var elbName = pattern(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$`)

func (r *region) balancer(arn string) *loadBalancer {
	return find(r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.ARN == arn && lb.exists() })
}

func noBalancer(arn string) error {
	return &elbtypes.LoadBalancerNotFoundException{Message: msg("Load balancers '[%s]' not found", arn)}
}

func onBalancer[Out any](c *call, arn *string, fn func(*loadBalancer) (*Out, error)) (*Out, error) {
	lb := c.r.balancer(str(arn))
	if lb == nil {
		return nil, noBalancer(str(arn))
	}
	return fn(lb)
}

func elbTags(in []elbtypes.Tag) tagMap {
	return tagsFrom(in, func(t elbtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func elbARN(c *call, kind string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s", c.r.Name, c.st.Account, kind)
}

func validation(format string, args ...any) error { return apiErr("ValidationError", format, args...) }

// checkSubnets checks the subnets of a load balancer and returns their VPC.
func (c *call) checkSubnets(ids []string, internetFacing bool) (vpc string, err error) {
	seen := map[string]bool{}
	for _, id := range ids {
		s := c.r.subnet(id)
		if s == nil {
			return "", &elbtypes.SubnetNotFoundException{Message: msg("The subnet ID '%s' does not exist", id)}
		}
		if vpc != "" && s.VPC != vpc {
			return "", &elbtypes.InvalidSubnetException{Message: msg("All subnets must belong to the same VPC")}
		}
		if seen[s.Zone] {
			return "", &elbtypes.InvalidConfigurationRequestException{Message: msg("A load balancer cannot be attached to multiple subnets in the same Availability Zone")}
		}
		seen[s.Zone], vpc = true, s.VPC
	}
	if len(seen) < 2 {
		return "", validation("At least two subnets in two different Availability Zones must be specified")
	}
	if internetFacing && find(c.r.ec2().Gateways, func(g *gateway) bool { return g.VPC == vpc }) == nil {
		return "", &elbtypes.InvalidSubnetException{Message: msg("VPC %s has no internet gateway", vpc)}
	}
	return vpc, nil
}

func (c *call) checkGroups(ids []string, vpc string) error {
	for _, id := range ids {
		if g := c.r.group(id); g == nil || g.VPC != vpc {
			return &elbtypes.InvalidSecurityGroupException{Message: msg("One or more security groups are invalid")}
		}
	}
	return nil
}

func elbCreateLoadBalancer(c *call, in *elb.CreateLoadBalancerInput) (*elb.CreateLoadBalancerOutput, error) {
	name := str(in.Name)
	if !elbName(name) || strings.HasPrefix(name, "internal-") {
		return nil, validation("The load balancer name '%s' must have at most 32 characters, only letters, digits and hyphens, and must not begin or end with a hyphen or begin with 'internal-'", name)
	}
	if _, ok := c.a.fault(faultNoELB); ok {
		return nil, &elbtypes.OperationNotPermittedException{Message: msg("This AWS account currently does not support creating load balancers. For more information, please contact AWS Support.")}
	}
	scheme := string(in.Scheme)
	if scheme == "" {
		scheme = "internet-facing"
	}
	subnets := slices.Clone(in.Subnets)
	for _, m := range in.SubnetMappings {
		subnets = append(subnets, str(m.SubnetId))
	}
	vpc, err := c.checkSubnets(subnets, scheme == "internet-facing")
	if err != nil {
		return nil, err
	}
	groups := slices.Clone(in.SecurityGroups)
	if len(groups) == 0 {
		groups = []string{find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == vpc && g.Name == "default" }).ID}
	}
	if err := c.checkGroups(groups, vpc); err != nil {
		return nil, err
	}
	if lb := find(c.r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.Name == name && lb.exists() }); lb != nil {
		if lb.Scheme == scheme && sameSet(lb.Subnets, subnets) && sameSet(lb.Groups, groups) {
			return &elb.CreateLoadBalancerOutput{LoadBalancers: []elbtypes.LoadBalancer{c.balancerOut(lb)}}, nil
		}
		return nil, &elbtypes.DuplicateLoadBalancerNameException{Message: msg("A load balancer with the same name '%s' exists, but with different settings", name)}
	}
	if n, ok := c.a.quota("elb"); ok && c.countBalancers() >= n {
		return nil, &elbtypes.TooManyLoadBalancersException{Message: msg("The maximum number of load balancers has been reached")}
	}
	if _, err := c.linked("elasticloadbalancing.amazonaws.com", "elasticloadbalancingv2"); err != nil {
		return nil, err
	}
	id := c.st.fresh(c.r.Name, "balancer", name)
	lb := &loadBalancer{
		ARN: elbARN(c, "loadbalancer/app/"+name+"/"+id[:16]), Name: name, Scheme: scheme, Type: "application", IPType: string(in.IpAddressType),
		DNS: fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, digitsOf(id[16:], 10), c.r.Name),
		VPC: vpc, Subnets: subnets, Groups: groups, Attrs: map[string]string{}, Created: c.now, Tags: elbTags(in.Tags),
	}
	if scheme == "internal" {
		lb.DNS = "internal-" + lb.DNS
	}
	lb.Active = c.now.Add(c.a.delay(latLBActive, lb.ARN))
	if lb.IPType == "" {
		lb.IPType = "ipv4"
	}
	c.r.elb().LoadBalancers = append(c.r.elb().LoadBalancers, lb)
	return &elb.CreateLoadBalancerOutput{LoadBalancers: []elbtypes.LoadBalancer{c.balancerOut(lb)}}, nil
}

func (c *call) countBalancers() int {
	n := 0
	for _, lb := range c.r.elb().LoadBalancers {
		if lb.exists() {
			n++
		}
	}
	return n
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func (c *call) balancerOut(lb *loadBalancer) elbtypes.LoadBalancer {
	state := elbtypes.LoadBalancerStateEnumProvisioning
	if !c.now.Before(lb.Active) {
		state = elbtypes.LoadBalancerStateEnumActive
	}
	o := elbtypes.LoadBalancer{
		LoadBalancerArn: new(lb.ARN), LoadBalancerName: new(lb.Name), DNSName: new(lb.DNS), Scheme: elbtypes.LoadBalancerSchemeEnum(lb.Scheme),
		Type: elbtypes.LoadBalancerTypeEnum(lb.Type), IpAddressType: elbtypes.IpAddressType(lb.IPType), VpcId: new(lb.VPC),
		SecurityGroups: slices.Clone(lb.Groups), CreatedTime: new(lb.Created), State: &elbtypes.LoadBalancerState{Code: state},
		CanonicalHostedZoneId: new(balancerZone(c.r.Name)),
	}
	for _, id := range lb.Subnets {
		if s := c.r.subnet(id); s != nil {
			o.AvailabilityZones = append(o.AvailabilityZones, elbtypes.AvailabilityZone{SubnetId: new(id), ZoneName: new(s.Zone)})
		}
	}
	return o
}

func elbDescribeLoadBalancers(c *call, in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
	out := &elb.DescribeLoadBalancersOutput{}
	for _, arn := range in.LoadBalancerArns {
		if c.r.balancer(arn) == nil {
			return nil, noBalancer(arn)
		}
	}
	for _, name := range in.Names {
		if find(c.r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.Name == name && lb.exists() }) == nil {
			return nil, noBalancer(name)
		}
	}
	for _, lb := range c.r.elb().LoadBalancers {
		wanted := len(in.LoadBalancerArns)+len(in.Names) == 0 || slices.Contains(in.LoadBalancerArns, lb.ARN) || slices.Contains(in.Names, lb.Name)
		if wanted && lb.exists() {
			out.LoadBalancers = append(out.LoadBalancers, c.balancerOut(lb))
		}
	}
	return out, nil
}

// attr is a value of an attribute map over its defaults.
func attr(have, defaults map[string]string, key string) string {
	if v, ok := have[key]; ok {
		return v
	}
	return defaults[key]
}

// checkAttr checks an attribute that is being set.
func checkAttr(defaults map[string]string, key, value string) error {
	if _, ok := defaults[key]; !ok {
		return validation("The attribute key '%s' is not recognized", key)
	}
	if lim, ok := attrRanges[key]; ok {
		if n, err := strconv.Atoi(value); err != nil || n < lim[0] || n > lim[1] {
			return validation("'%s' must be a value between '%d' and '%d', inclusive", key, lim[0], lim[1])
		}
	}
	return nil
}

func (lb *loadBalancer) attrsOut() []elbtypes.LoadBalancerAttribute {
	var out []elbtypes.LoadBalancerAttribute
	for _, k := range tagMap(lbAttrs).keys() {
		out = append(out, elbtypes.LoadBalancerAttribute{Key: new(k), Value: new(attr(lb.Attrs, lbAttrs, k))})
	}
	return out
}

func elbDescribeLoadBalancerAttributes(c *call, in *elb.DescribeLoadBalancerAttributesInput) (*elb.DescribeLoadBalancerAttributesOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.DescribeLoadBalancerAttributesOutput, error) {
		return &elb.DescribeLoadBalancerAttributesOutput{Attributes: lb.attrsOut()}, nil
	})
}

func elbModifyLoadBalancerAttributes(c *call, in *elb.ModifyLoadBalancerAttributesInput) (*elb.ModifyLoadBalancerAttributesOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.ModifyLoadBalancerAttributesOutput, error) {
		for _, a := range in.Attributes {
			if err := checkAttr(lbAttrs, str(a.Key), str(a.Value)); err != nil {
				return nil, err
			}
		}
		if lb.Attrs == nil {
			lb.Attrs = map[string]string{}
		}
		for _, a := range in.Attributes {
			lb.Attrs[str(a.Key)] = str(a.Value)
		}
		return &elb.ModifyLoadBalancerAttributesOutput{Attributes: lb.attrsOut()}, nil
	})
}

func elbSetSubnets(c *call, in *elb.SetSubnetsInput) (*elb.SetSubnetsOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.SetSubnetsOutput, error) {
		if _, err := c.checkSubnets(in.Subnets, lb.Scheme == "internet-facing"); err != nil {
			return nil, err
		}
		lb.Subnets = slices.Clone(in.Subnets)
		return &elb.SetSubnetsOutput{AvailabilityZones: c.balancerOut(lb).AvailabilityZones}, nil
	})
}

func elbSetSecurityGroups(c *call, in *elb.SetSecurityGroupsInput) (*elb.SetSecurityGroupsOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.SetSecurityGroupsOutput, error) {
		if err := c.checkGroups(in.SecurityGroups, lb.VPC); err != nil {
			return nil, err
		}
		lb.Groups = slices.Clone(in.SecurityGroups)
		return &elb.SetSecurityGroupsOutput{SecurityGroupIds: slices.Clone(lb.Groups)}, nil
	})
}

func elbSetIpAddressType(c *call, in *elb.SetIpAddressTypeInput) (*elb.SetIpAddressTypeOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.SetIpAddressTypeOutput, error) {
		lb.IPType = string(in.IpAddressType)
		return &elb.SetIpAddressTypeOutput{IpAddressType: in.IpAddressType}, nil
	})
}

// elbDeleteLoadBalancer also succeeds when the load balancer is gone already, as in AWS.
func elbDeleteLoadBalancer(c *call, in *elb.DeleteLoadBalancerInput) (*elb.DeleteLoadBalancerOutput, error) {
	lb := c.r.balancer(str(in.LoadBalancerArn))
	if lb == nil {
		return &elb.DeleteLoadBalancerOutput{}, nil
	}
	if attr(lb.Attrs, lbAttrs, "deletion_protection.enabled") == "true" {
		return nil, &elbtypes.OperationNotPermittedException{Message: msg("Load balancer '%s' cannot be deleted because deletion protection is enabled", lb.ARN)}
	}
	if c.st.leadsInto(lb.ARN, c.now) {
		return nil, &elbtypes.ResourceInUseException{Message: msg("Load balancer '%s' cannot be deleted because it is currently associated with another service", lb.ARN)}
	}
	lb.Deleted, lb.Listeners = c.now, nil
	return &elb.DeleteLoadBalancerOutput{}, nil
}
