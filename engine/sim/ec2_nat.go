package sim

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2NATs are NAT gateways: zonal ones with an elastic IP address in a public subnet, and regional ones, which need
// neither.
func ec2NATs() awsService {
	return awsService{
		state: []keeper{natShelf},
		operations: []operation{
			op(ec2CreateNatGateway, tagging("ec2:CreateTags")), op(ec2DescribeNatGateways, pages("NatGateways", 1000, 1000)), op(ec2DeleteNatGateway),
		},
		latencies: map[lat]time.Duration{
			latNAT:     100 * time.Second, // create: nine logs, 1m24 to 2m01
			latNATGone: 60 * time.Second,  // delete: 0.7-1.5 min
		},
		quotas: []quotaCode{{"vpc", "L-FE5A380F", "NAT gateways per Availability Zone", "nat", 5}},
		list: func(v *inventory, r *region) {
			for _, x := range r.nats().Gateways {
				if x.Deleted.IsZero() {
					d := *x
					d.ID, d.ENI, d.IP, d.Token, d.Created = "", "", "", "", time.Time{}
					v.add("ec2.NatGateway", named(r, x.Tags), false, d, x.ID)
				}
			}
		},
		interfaces: natInterfaces,
		holds: func(w *world, vpc string) bool {
			return slices.ContainsFunc(w.r.nats().Gateways, func(x *natGateway) bool {
				return x.VPC == vpc && w.natState(x, w.st.Now) != ec2types.NatGatewayStateDeleted
			})
		},
		sweep: natSweep,
		tags: func(r *region, id string) *tagMap {
			if x := r.nat(id); x != nil {
				return &x.Tags
			}
			return nil
		},
	}
}

type natState struct{ Gateways []*natGateway }

const natShelf shelf[natState] = "ec2.nats"

func (r *region) nats() *natState { return natShelf.in(&r.Kept) }

const (
	latNAT     lat = "ec2.nat"
	latNATGone lat = "ec2.nat.gone"
)

type natGateway struct {
	ID         string
	VPC        string
	Subnet     string // empty for a regional one
	Regional   bool
	Private    bool
	Allocation string
	ENI        string
	IP         string
	Token      string
	Failure    string // why it failed; empty when it did not
	Created    time.Time
	Deleted    time.Time // zero until it is deleted
	Tags       tagMap
}

func (r *region) nat(id string) *natGateway {
	return find(r.nats().Gateways, func(x *natGateway) bool { return x.ID == id })
}

// natState is the state of a NAT gateway at a time.
func (w *world) natState(x *natGateway, at time.Time) ec2types.NatGatewayState {
	switch {
	case !x.Deleted.IsZero() && at.Sub(x.Deleted) >= w.a.delay(latNATGone, x.ID):
		return ec2types.NatGatewayStateDeleted
	case !x.Deleted.IsZero():
		return ec2types.NatGatewayStateDeleting
	case at.Sub(x.Created) < w.a.delay(latNAT, x.ID):
		return ec2types.NatGatewayStatePending
	case x.Failure != "":
		return ec2types.NatGatewayStateFailed
	}
	return ec2types.NatGatewayStateAvailable
}

// natSweep gives addresses back and forgets gateways, which stay visible for about an hour.
func natSweep(w *world) {
	for _, x := range w.r.nats().Gateways {
		state := w.natState(x, w.st.Now)
		if a := w.r.address(x.Allocation); a != nil && a.Holder == x.ID && (state == ec2types.NatGatewayStateDeleted || state == ec2types.NatGatewayStateFailed) {
			a.Holder = ""
		}
	}
	w.r.nats().Gateways = slices.DeleteFunc(w.r.nats().Gateways, func(x *natGateway) bool { return !x.Deleted.IsZero() && w.st.Now.Sub(x.Deleted) > time.Hour })
}

func natInterfaces(w *world, now time.Time) []netInterface {
	var out []netInterface
	for _, x := range w.r.nats().Gateways {
		state := w.natState(x, now)
		if x.Subnet == "" || state == ec2types.NatGatewayStateDeleted || state == ec2types.NatGatewayStateFailed {
			continue
		}
		n := netInterface{
			ID: x.ENI, VPC: x.VPC, Subnet: x.Subnet, IP: x.IP, Description: "Interface for NAT Gateway " + x.ID, Requester: "amazon-nat", Type: "nat_gateway",
			Left: !x.Deleted.IsZero(),
		}
		if a := w.r.address(x.Allocation); a != nil {
			n.PublicIP = a.IP
		}
		out = append(out, n)
	}
	return out
}

func ec2CreateNatGateway(c *call, in *ec2.CreateNatGatewayInput) (*ec2.CreateNatGatewayOutput, error) {
	if x := find(c.r.nats().Gateways, func(x *natGateway) bool { return x.Token != "" && x.Token == str(in.ClientToken) }); x != nil {
		return &ec2.CreateNatGatewayOutput{NatGateway: new(c.natOut(x)), ClientToken: in.ClientToken}, nil
	}
	x := &natGateway{
		Regional: in.AvailabilityMode == ec2types.AvailabilityModeRegional, Private: in.ConnectivityType == ec2types.ConnectivityTypePrivate,
		Token: str(in.ClientToken), Created: c.now, Tags: ec2Tags(in.TagSpecifications),
	}
	if err := c.placeNAT(x, in); err != nil {
		return nil, err
	}
	key := c.st.fresh(x.VPC, x.Subnet, "nat", named(c.r, x.Tags))
	x.ID = "nat-0" + key[:16]
	if find(c.r.ec2().Gateways, func(g *gateway) bool { return g.VPC == x.VPC }) == nil && !x.Private {
		x.Failure = "Network " + x.VPC + " has no Internet gateway attached"
	}
	if s := c.r.subnet(x.Subnet); s != nil {
		x.ENI, x.IP = "eni-0"+key[16:32], address(s.CIDR, key[48:])
	}
	if a := c.r.address(x.Allocation); a != nil {
		a.Holder = x.ID
	}
	c.r.nats().Gateways = append(c.r.nats().Gateways, x)
	return &ec2.CreateNatGatewayOutput{NatGateway: new(c.natOut(x)), ClientToken: in.ClientToken}, nil
}

// placeNAT checks where a NAT gateway is to be and which address it is to have.
func (c *call) placeNAT(x *natGateway, in *ec2.CreateNatGatewayInput) error {
	if x.Regional {
		switch {
		case in.SubnetId != nil || in.AllocationId != nil:
			return apiErr("InvalidParameterCombination", "SubnetId and AllocationId cannot be specified for a regional NAT gateway.")
		case c.r.vpc(str(in.VpcId)) == nil:
			return apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
		}
		x.VPC = str(in.VpcId)
		return nil
	}
	s := c.r.subnet(str(in.SubnetId))
	if s == nil {
		return apiErr("InvalidSubnetID.NotFound", noSubnet, str(in.SubnetId))
	}
	x.VPC, x.Subnet = s.VPC, s.ID
	limit, count := 5, 0
	if n, ok := c.a.quota("nat"); ok {
		limit = n
	}
	for _, o := range c.r.nats().Gateways {
		if t := c.r.subnet(o.Subnet); t != nil && t.Zone == s.Zone && o.Deleted.IsZero() {
			count++
		}
	}
	if count >= limit {
		return apiErr("NatGatewayLimitExceeded", "The maximum number of NAT Gateways has been reached.")
	}
	if x.Private {
		return nil
	}
	a := c.r.address(str(in.AllocationId))
	switch {
	case in.AllocationId == nil:
		return apiErr("MissingParameter", "The request must contain the parameter AllocationId")
	case a == nil:
		return apiErr("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", *in.AllocationId)
	case a.Holder != "":
		return apiErr("Resource.AlreadyAssociated", "resource %s is already associated with associate-id eipassoc-0%s", a.ID, stableID(a.ID, a.Holder)[:16])
	}
	x.Allocation = a.ID
	return nil
}

func (c *call) natOut(x *natGateway) ec2types.NatGateway {
	o := ec2types.NatGateway{
		NatGatewayId: new(x.ID), VpcId: new(x.VPC), SubnetId: orNil(x.Subnet), State: (&world{a: c.a, st: c.st, r: c.r}).natState(x, c.now), CreateTime: new(x.Created),
		DeleteTime: timeOrNil(x.Deleted), ConnectivityType: ec2types.ConnectivityTypePublic, AvailabilityMode: ec2types.AvailabilityModeZonal, Tags: x.Tags.toEC2(),
	}
	if x.Private {
		o.ConnectivityType = ec2types.ConnectivityTypePrivate
	}
	if x.Regional {
		o.AvailabilityMode = ec2types.AvailabilityModeRegional
	}
	if o.State == ec2types.NatGatewayStateFailed {
		o.FailureCode, o.FailureMessage = new("Gateway.NotAttached"), new(x.Failure)
	}
	if x.ENI != "" {
		a := ec2types.NatGatewayAddress{NetworkInterfaceId: new(x.ENI), PrivateIp: new(x.IP), IsPrimary: new(true), AllocationId: orNil(x.Allocation)}
		if e := c.r.address(x.Allocation); e != nil {
			a.PublicIp = new(e.IP)
		}
		o.NatGatewayAddresses = []ec2types.NatGatewayAddress{a}
	}
	return o
}

func ec2DescribeNatGateways(c *call, in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
	found, err := selectBy(c.r.nats().Gateways, in.NatGatewayIds, func(x *natGateway) string { return x.ID }, "NatGatewayNotFound", "NatGateway %s was not found",
		func(x *natGateway) (bool, error) {
			return matches(in.Filter, x.Tags, func(name string) ([]string, bool) {
				switch name {
				case "nat-gateway-id":
					return []string{x.ID}, true
				case "state":
					return []string{string(c.natOut(x).State)}, true
				case "subnet-id":
					return []string{x.Subnet}, true
				case "vpc-id":
					return []string{x.VPC}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeNatGatewaysOutput{}
	for _, x := range found {
		out.NatGateways = append(out.NatGateways, c.natOut(x))
	}
	return out, nil
}

// ec2DeleteNatGateway leaves the routes to it behind.
func ec2DeleteNatGateway(c *call, in *ec2.DeleteNatGatewayInput) (*ec2.DeleteNatGatewayOutput, error) {
	x := c.r.nat(str(in.NatGatewayId))
	if x == nil {
		return nil, apiErr("NatGatewayNotFound", "NatGateway %s was not found", str(in.NatGatewayId))
	}
	if x.Deleted.IsZero() {
		x.Deleted = c.now
	}
	return &ec2.DeleteNatGatewayOutput{NatGatewayId: new(x.ID)}, nil
}
