package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Endpoints are VPC endpoints: interfaces in subnets, with a private name for a service, and gateways in route
// tables.
func ec2Endpoints() awsService {
	return awsService{
		state: []keeper{endpointShelf},
		operations: []operation{
			op(ec2CreateVpcEndpoint, tagging("ec2:CreateTags")), op(ec2DescribeVpcEndpoints, pages("VpcEndpoints", 1000, 1000)), op(ec2ModifyVpcEndpoint),
			op(ec2DeleteVpcEndpoints), op(ec2DescribeVpcEndpointServices, pages("ServiceNames", 1000, 1000)),
		},
		latencies: map[lat]time.Duration{
			latEndpoint:     90 * time.Second, // 1-3 min
			latEndpointGone: 45 * time.Second, // assumed: its network interfaces linger
		},
		quotas: []quotaCode{{"vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC", "endpoint", 50}},
		list: func(v *inventory, r *region) {
			for _, x := range r.endpoints().Endpoints {
				if x.Deleted.IsZero() {
					d := *x
					d.ID, d.Created = "", time.Time{}
					v.add("ec2.VPCEndpoint", named(r, nil, x.VPC, x.Service), false, d, x.ID)
				}
			}
		},
		interfaces: endpointInterfaces,
		holds: func(w *world, vpc string) bool {
			return slices.ContainsFunc(w.r.endpoints().Endpoints, func(x *vpcEndpoint) bool { return x.VPC == vpc })
		},
		sweep: func(w *world) {
			w.r.endpoints().Endpoints = slices.DeleteFunc(w.r.endpoints().Endpoints, func(x *vpcEndpoint) bool {
				return !x.Deleted.IsZero() && (x.Gateway || w.st.Now.Sub(x.Deleted) >= w.a.delay(latEndpointGone, x.ID))
			})
		},
		tags: func(r *region, id string) *tagMap {
			if x := r.endpoint(id); x != nil {
				return &x.Tags
			}
			return nil
		},
	}
}

type endpointState struct{ Endpoints []*vpcEndpoint }

const endpointShelf shelf[endpointState] = "ec2.endpoints"

func (r *region) endpoints() *endpointState { return endpointShelf.in(&r.Kept) }

const (
	latEndpoint     lat = "ec2.endpoint"
	latEndpointGone lat = "ec2.endpoint.gone"
)

type vpcEndpoint struct {
	ID         string
	VPC        string
	Service    string // its short name: ecr.api
	Gateway    bool
	Subnets    []string
	Groups     []string
	Tables     []string
	PrivateDNS bool
	Policy     string
	Created    time.Time
	Deleted    time.Time // zero until it is deleted
	Tags       tagMap
}

// endpointServices are the services that have interface endpoints in every region; s3 and dynamodb have gateways, too.
var endpointServices = []string{
	"ecr.api", "ecr.dkr", "logs", "s3", "ssm", "ssmmessages", "secretsmanager", "kms", "elasticfilesystem", "sts", "monitoring", "ecs", "ecs-agent",
	"ecs-telemetry", "rds", "sns", "sqs", "servicediscovery", "dynamodb",
}

func (r *region) endpoint(id string) *vpcEndpoint {
	return find(r.endpoints().Endpoints, func(x *vpcEndpoint) bool { return x.ID == id })
}

func endpointInterfaces(w *world, _ time.Time) []netInterface {
	var out []netInterface
	for _, x := range w.r.endpoints().Endpoints {
		for _, id := range x.Subnets {
			s := w.r.subnet(id)
			if s == nil {
				continue
			}
			key := stableID(x.ID, id)
			out = append(out, netInterface{
				ID: "eni-0" + key[:16], VPC: x.VPC, Subnet: id, Groups: x.Groups, IP: address(s.CIDR, key[16:]), Description: "VPC Endpoint Interface " + x.ID,
				Requester: "vpce", Type: "vpc_endpoint", Left: !x.Deleted.IsZero(),
			})
		}
	}
	return out
}

// ready says whether an endpoint is available at a time.
func (w *world) ready(x *vpcEndpoint, at time.Time) bool {
	return x.Deleted.IsZero() && (x.Gateway || at.Sub(x.Created) >= w.a.delay(latEndpoint, x.ID))
}

// privately says whether something in a subnet, in security groups, reaches a service through an endpoint.
func (w *world) privately(s *subnet, groups []string, service string, at time.Time) bool {
	v := w.r.vpc(s.VPC)
	return slices.ContainsFunc(w.r.endpoints().Endpoints, func(x *vpcEndpoint) bool {
		if x.VPC != s.VPC || x.Service != service || !w.ready(x, at) || !w.r.letsOut(groups, 443) {
			return false
		}
		if x.Gateway {
			t := w.r.tableOf(s)
			return t != nil && slices.Contains(x.Tables, t.ID)
		}
		return x.PrivateDNS && v.DNSSupport && v.DNSHostnames && w.r.admits(x.Groups, 443, groups, "")
	})
}

func ec2CreateVpcEndpoint(c *call, in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	service, ok := strings.CutPrefix(str(in.ServiceName), "com.amazonaws."+c.r.Name+".")
	x := &vpcEndpoint{
		VPC: v.ID, Service: service, Gateway: in.VpcEndpointType != ec2types.VpcEndpointTypeInterface, Subnets: slices.Clone(in.SubnetIds), Groups: slices.Clone(in.SecurityGroupIds),
		Tables: slices.Clone(in.RouteTableIds), PrivateDNS: val(in.PrivateDnsEnabled, true), Policy: str(in.PolicyDocument), Created: c.now, Tags: ec2Tags(in.TagSpecifications),
	}
	if !ok || !slices.Contains(endpointServices, service) || x.Gateway && service != "s3" && service != "dynamodb" {
		return nil, apiErr("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", str(in.ServiceName))
	}
	if x.Gateway {
		x.PrivateDNS = false
	} else if len(x.Groups) == 0 {
		x.Groups = []string{find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == v.ID && g.Name == "default" }).ID}
	}
	if err := c.checkEndpoint(x, v); err != nil {
		return nil, err
	}
	x.ID = "vpce-0" + c.st.fresh(v.ID, "endpoint", service, named(c.r, x.Tags))[:16]
	c.r.endpoints().Endpoints = append(c.r.endpoints().Endpoints, x)
	return &ec2.CreateVpcEndpointOutput{VpcEndpoint: new(c.endpointOut(x)), ClientToken: in.ClientToken}, nil
}

// checkEndpoint checks what an endpoint refers to and what it would conflict with.
func (c *call) checkEndpoint(x *vpcEndpoint, v *vpc) error {
	zones := map[string]bool{}
	for _, id := range x.Subnets {
		s := c.r.subnet(id)
		switch {
		case s == nil || s.VPC != v.ID:
			return apiErr("InvalidSubnetId.NotFound", noSubnet, id)
		case zones[s.Zone]:
			return apiErr("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.", id)
		}
		zones[s.Zone] = true
	}
	for _, id := range x.Groups {
		if g := c.r.group(id); g == nil || g.VPC != v.ID {
			return apiErr("InvalidSecurityGroupId.NotFound", noGroup, id)
		}
	}
	for _, id := range x.Tables {
		if t := c.r.table(id); t == nil || t.VPC != v.ID {
			return apiErr("InvalidRouteTableId.NotFound", noTable, id)
		}
	}
	if x.PrivateDNS && (!v.DNSSupport || !v.DNSHostnames) {
		return apiErr("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", v.ID)
	}
	interfaces := 0
	for _, o := range c.r.endpoints().Endpoints {
		if o == x || o.VPC != v.ID {
			continue
		}
		if !o.Gateway {
			interfaces++
		}
		if o.Service == x.Service && x.PrivateDNS && o.PrivateDNS {
			return apiErr("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s.%s.amazonaws.com in the VPC %s", x.Service, c.r.Name, v.ID)
		}
		if o.Service == x.Service && x.Gateway && o.Gateway && slices.ContainsFunc(x.Tables, func(id string) bool { return slices.Contains(o.Tables, id) }) {
			return apiErr("RouteAlreadyExists", "route table already has a route with destination-prefix-list-id %s", prefixListID(c.r.Name, x.Service))
		}
	}
	if n, ok := c.a.quota("endpoint"); ok && !x.Gateway && interfaces >= n {
		return apiErr("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")
	}
	return nil
}

func (c *call) endpointOut(x *vpcEndpoint) ec2types.VpcEndpoint {
	o := ec2types.VpcEndpoint{
		VpcEndpointId: new(x.ID), VpcId: new(x.VPC), ServiceName: new("com.amazonaws." + c.r.Name + "." + x.Service), VpcEndpointType: ec2types.VpcEndpointTypeInterface,
		State: ec2types.StatePending, SubnetIds: slices.Clone(x.Subnets), RouteTableIds: slices.Clone(x.Tables), PrivateDnsEnabled: new(x.PrivateDNS),
		CreationTimestamp: new(x.Created), OwnerId: new(c.st.Account), RequesterManaged: new(false), Tags: x.Tags.toEC2(), PolicyDocument: orNil(x.Policy),
	}
	if x.Gateway {
		o.VpcEndpointType = ec2types.VpcEndpointTypeGateway
	}
	switch {
	case !x.Deleted.IsZero():
		o.State = ec2types.StateDeleting
	case (&world{a: c.a, st: c.st, r: c.r}).ready(x, c.now):
		o.State = ec2types.StateAvailable
	}
	for _, id := range x.Groups {
		o.Groups = append(o.Groups, ec2types.SecurityGroupIdentifier{GroupId: new(id)})
	}
	for _, id := range x.Subnets {
		o.NetworkInterfaceIds = append(o.NetworkInterfaceIds, "eni-0"+stableID(x.ID, id)[:16])
	}
	return o
}

func ec2DescribeVpcEndpoints(c *call, in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	found, err := selectBy(c.r.endpoints().Endpoints, in.VpcEndpointIds, func(x *vpcEndpoint) string { return x.ID }, "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist",
		func(x *vpcEndpoint) (bool, error) {
			return matches(in.Filters, x.Tags, func(name string) ([]string, bool) {
				o := c.endpointOut(x)
				switch name {
				case "vpc-id":
					return []string{x.VPC}, true
				case "service-name":
					return []string{*o.ServiceName}, true
				case "vpc-endpoint-id":
					return []string{x.ID}, true
				case "vpc-endpoint-type":
					return []string{string(o.VpcEndpointType)}, true
				case "vpc-endpoint-state":
					return []string{string(o.State)}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcEndpointsOutput{}
	for _, x := range found {
		out.VpcEndpoints = append(out.VpcEndpoints, c.endpointOut(x))
	}
	return out, nil
}

func ec2ModifyVpcEndpoint(c *call, in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	x := c.r.endpoint(str(in.VpcEndpointId))
	if x == nil || !x.Deleted.IsZero() {
		return nil, apiErr("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", str(in.VpcEndpointId))
	}
	change := func(have, add, gone []string) []string {
		kept := slices.DeleteFunc(slices.Clone(have), func(id string) bool { return slices.Contains(gone, id) || slices.Contains(add, id) })
		return append(kept, add...)
	}
	next := *x
	next.Subnets = change(x.Subnets, in.AddSubnetIds, in.RemoveSubnetIds)
	next.Groups = change(x.Groups, in.AddSecurityGroupIds, in.RemoveSecurityGroupIds)
	next.Tables = change(x.Tables, in.AddRouteTableIds, in.RemoveRouteTableIds)
	next.PrivateDNS, next.Policy = val(in.PrivateDnsEnabled, x.PrivateDNS), val(in.PolicyDocument, x.Policy)
	was := *x
	*x = next
	if err := c.checkEndpoint(x, c.r.vpc(x.VPC)); err != nil {
		*x = was
		return nil, err
	}
	return &ec2.ModifyVpcEndpointOutput{Return: new(true)}, nil
}

func ec2DeleteVpcEndpoints(c *call, in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	out := &ec2.DeleteVpcEndpointsOutput{}
	for _, id := range in.VpcEndpointIds {
		if x := c.r.endpoint(id); x == nil {
			out.Unsuccessful = append(out.Unsuccessful, ec2types.UnsuccessfulItem{ResourceId: new(id), Error: &ec2types.UnsuccessfulItemError{
				Code: new("InvalidVpcEndpoint.NotFound"), Message: new(fmt.Sprintf("The VPC endpoint %s does not exist.", id)),
			}})
		} else if x.Deleted.IsZero() {
			x.Deleted = c.now
		}
	}
	return out, nil
}

func ec2DescribeVpcEndpointServices(c *call, in *ec2.DescribeVpcEndpointServicesInput) (*ec2.DescribeVpcEndpointServicesOutput, error) {
	out := &ec2.DescribeVpcEndpointServicesOutput{}
	for _, s := range endpointServices {
		if name := "com.amazonaws." + c.r.Name + "." + s; len(in.ServiceNames) == 0 || slices.Contains(in.ServiceNames, name) {
			out.ServiceNames = append(out.ServiceNames, name)
		}
	}
	return out, nil
}
