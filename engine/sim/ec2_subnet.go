package sim

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Subnets are the subnets of VPCs.
func ec2Subnets() awsService {
	return awsService{
		operations: []operation{
			op(ec2CreateSubnet, tagging("ec2:CreateTags")), op(ec2DescribeSubnets, pages("Subnets", 1000, 1000)),
			op(ec2ModifySubnetAttribute), op(ec2DeleteSubnet),
		},
		list: func(v *inventory, r *region) {
			for _, x := range r.ec2().Subnets {
				d := *x
				d.ID, d.AssocID, d.Created = "", "", time.Time{}
				v.add("ec2.Subnet", named(r, x.Tags, x.Zone, x.CIDR), x.VPC == r.theDefault() && x.DefaultAZ, d, x.ID)
			}
		},
	}
}

type subnet struct {
	ID         string
	VPC        string
	CIDR       string
	Zone       string
	DefaultAZ  bool
	MapPublic  bool
	Created    time.Time
	Tags       tagMap
	RouteTable string // explicit association, empty for the main table
	AssocID    string
}

func (r *region) subnet(id string) *subnet {
	return find(r.ec2().Subnets, func(s *subnet) bool { return s.ID == id })
}

const noSubnet = "The subnet ID '%s' does not exist"

func ec2CreateSubnet(c *call, in *ec2.CreateSubnetInput) (*ec2.CreateSubnetOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	p, err := netip.ParsePrefix(str(in.CidrBlock))
	outer := netip.MustParsePrefix(v.CIDR)
	if err != nil || !outer.Contains(p.Addr()) || p.Bits() < outer.Bits() {
		return nil, apiErr("InvalidSubnet.Range", "The CIDR '%s' is invalid.", str(in.CidrBlock))
	}
	for _, s := range c.r.ec2().Subnets {
		if s.VPC == v.ID && netip.MustParsePrefix(s.CIDR).Overlaps(p) {
			return nil, apiErr("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", str(in.CidrBlock))
		}
	}
	zone := str(in.AvailabilityZone)
	for _, l := range zoneLetters {
		if zid := str(in.AvailabilityZoneId); zid != "" && zoneID(c.r.Name+l) == zid || zone == "" && zid == "" {
			zone = c.r.Name + l
			break
		}
	}
	if !isZone(c.r.Name, zone) {
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.",
			zone, strings.Join(zones(c.r.Name), ", "))
	}
	s := &subnet{ID: "subnet-0" + c.st.fresh(v.ID, p.String())[:16], VPC: v.ID, CIDR: p.String(), Zone: zone, Created: c.now, Tags: ec2Tags(in.TagSpecifications)}
	c.r.ec2().Subnets = append(c.r.ec2().Subnets, s)
	return &ec2.CreateSubnetOutput{Subnet: new(c.subnetOut(s))}, nil
}

func (c *call) subnetOut(s *subnet) ec2types.Subnet {
	size := 1 << (32 - netip.MustParsePrefix(s.CIDR).Bits())
	free := size - 5 // AWS keeps five addresses of each subnet
	for _, n := range c.a.interfaces(c.st, c.r, c.now) {
		if n.Subnet == s.ID {
			free--
		}
	}
	return ec2types.Subnet{
		SubnetId: new(s.ID), VpcId: new(s.VPC), CidrBlock: new(s.CIDR),
		AvailabilityZone: new(s.Zone), AvailabilityZoneId: new(zoneID(s.Zone)),
		DefaultForAz: new(s.DefaultAZ), MapPublicIpOnLaunch: new(s.MapPublic),
		AvailableIpAddressCount: new(int32(free)), State: ec2types.SubnetStateAvailable,
		OwnerId: new(c.st.Account), Tags: s.Tags.toEC2(),
		SubnetArn: new(fmt.Sprintf("arn:aws:ec2:%s:%s:subnet/%s", c.r.Name, c.st.Account, s.ID)),
	}
}

func ec2DescribeSubnets(c *call, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	ss, err := selectBy(c.r.ec2().Subnets, in.SubnetIds, func(s *subnet) string { return s.ID }, "InvalidSubnetID.NotFound", noSubnet,
		func(s *subnet) (bool, error) {
			return matches(in.Filters, s.Tags, func(name string) ([]string, bool) {
				switch name {
				case "vpc-id":
					return []string{s.VPC}, true
				case "subnet-id":
					return []string{s.ID}, true
				case "default-for-az", "defaultForAz":
					return []string{boolText(s.DefaultAZ)}, true
				case "availability-zone", "availabilityZone":
					return []string{s.Zone}, true
				case "availability-zone-id":
					return []string{zoneID(s.Zone)}, true
				case "cidr-block", "cidr", "cidrBlock":
					return []string{s.CIDR}, true
				case "map-public-ip-on-launch":
					return []string{boolText(s.MapPublic)}, true
				case "state":
					return []string{"available"}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSubnetsOutput{}
	for _, s := range ss {
		out.Subnets = append(out.Subnets, c.subnetOut(s))
	}
	return out, nil
}

func ec2ModifySubnetAttribute(c *call, in *ec2.ModifySubnetAttributeInput) (*ec2.ModifySubnetAttributeOutput, error) {
	s := c.r.subnet(str(in.SubnetId))
	if s == nil {
		return nil, apiErr("InvalidSubnetID.NotFound", noSubnet, str(in.SubnetId))
	}
	if in.MapPublicIpOnLaunch != nil {
		s.MapPublic = val(in.MapPublicIpOnLaunch.Value, false)
	}
	return &ec2.ModifySubnetAttributeOutput{}, nil
}

func ec2DeleteSubnet(c *call, in *ec2.DeleteSubnetInput) (*ec2.DeleteSubnetOutput, error) {
	s := c.r.subnet(str(in.SubnetId))
	if s == nil {
		return nil, apiErr("InvalidSubnetID.NotFound", noSubnet, str(in.SubnetId))
	}
	for _, n := range c.a.interfaces(c.st, c.r, c.now) {
		if n.Subnet == s.ID {
			return nil, apiErr("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", s.ID)
		}
	}
	c.r.ec2().Subnets = remove(c.r.ec2().Subnets, s)
	return &ec2.DeleteSubnetOutput{}, nil
}
