package sim

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type vpc struct {
	ID           string
	CIDR         string
	Default      bool
	DNSSupport   bool
	DNSHostnames bool
	Created      time.Time
	Tags         tagMap
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

// The zones of every region: letters a to c. The ids follow AWS's scheme (euw2-az1).
var zoneLetters = []string{"a", "b", "c"}

func zoneID(zone string) string {
	region := zone[:len(zone)-1]
	parts := strings.Split(region, "-")
	short := parts[0]
	for _, p := range parts[1 : len(parts)-1] {
		switch p {
		case "northeast", "northwest", "southeast", "southwest":
			short += p[:1] + p[5:6]
		default:
			short += p[:1]
		}
	}
	return fmt.Sprintf("%s%s-az%d", short, parts[len(parts)-1], int(zone[len(zone)-1]-'a')+1)
}

// addDefaultVPC gives a region the VPC that AWS gives every account there: three public subnets, an
// internet gateway, a main route table and a default security group.
func (st *state) addDefaultVPC(r *region) {
	v := st.newVPC(r, "172.31.0.0/16", time.Time{}, nil)
	v.Default, v.DNSHostnames = true, true
	igw := &gateway{ID: "igw-0" + st.fresh(v.ID, "gateway")[:16], VPC: v.ID}
	r.Gateways = append(r.Gateways, igw)
	main := r.mainTable(v.ID)
	main.Routes = append(main.Routes, route{CIDR: "0.0.0.0/0", Gateway: igw.ID})
	for i, l := range zoneLetters {
		r.Subnets = append(r.Subnets, &subnet{
			ID: "subnet-0" + st.fresh(v.ID, l)[:16], VPC: v.ID, CIDR: fmt.Sprintf("172.31.%d.0/20", i*16),
			Zone: r.Name + l, DefaultAZ: true, MapPublic: true,
		})
	}
}

// newVPC makes a VPC with its main route table and default security group.
func (st *state) newVPC(r *region, cidr string, now time.Time, t tagMap) *vpc {
	v := &vpc{ID: "vpc-0" + st.fresh(r.Name, "vpc", cidr, fmt.Sprint(t))[:16], CIDR: cidr, DNSSupport: true, Created: now, Tags: t}
	r.VPCs = append(r.VPCs, v)
	r.RouteTables = append(r.RouteTables, &routeTable{
		ID: "rtb-0" + st.fresh(v.ID, "main")[:16], VPC: v.ID, Main: true, MainAssoc: "rtbassoc-0" + st.fresh(v.ID, "main")[:16],
		Routes: []route{{CIDR: cidr, Gateway: "local"}},
	})
	st.newGroup(r, "default", "default VPC security group", v.ID, nil)
	return v
}

func (r *region) vpc(id string) *vpc {
	return find(r.VPCs, func(v *vpc) bool { return v.ID == id })
}

func (r *region) subnet(id string) *subnet {
	return find(r.Subnets, func(s *subnet) bool { return s.ID == id })
}

const noVPC = "The vpc ID '%s' does not exist"

func ec2CreateVpc(c *call, in *ec2.CreateVpcInput) (*ec2.CreateVpcOutput, error) {
	if _, err := netip.ParsePrefix(str(in.CidrBlock)); err != nil {
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", str(in.CidrBlock))
	}
	limit := 5 // the quota of a new account
	if f, ok := c.a.quota("vpc"); ok {
		limit = f
	}
	if len(c.r.VPCs) >= limit {
		return nil, apiErr("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	v := c.st.newVPC(c.r, str(in.CidrBlock), c.now, ec2Tags(in.TagSpecifications))
	return &ec2.CreateVpcOutput{Vpc: new(c.vpcOut(v))}, nil
}

func (c *call) vpcOut(v *vpc) ec2types.Vpc {
	state := ec2types.VpcStateAvailable
	if c.now.Sub(v.Created) < c.a.delay(latVPC, v.ID) {
		state = ec2types.VpcStatePending
	}
	return ec2types.Vpc{
		VpcId: new(v.ID), CidrBlock: new(v.CIDR), IsDefault: new(v.Default), State: state,
		OwnerId: new(c.st.Account), Tags: v.Tags.toEC2(), InstanceTenancy: ec2types.TenancyDefault,
		CidrBlockAssociationSet: []ec2types.VpcCidrBlockAssociation{{CidrBlock: new(v.CIDR)}},
	}
}

func ec2DescribeVpcs(c *call, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	vs, err := selectBy(c.r.VPCs, in.VpcIds, func(v *vpc) string { return v.ID }, "InvalidVpcID.NotFound", noVPC,
		func(v *vpc) (bool, error) {
			return matches(in.Filters, v.Tags, func(name string) ([]string, bool) {
				switch name {
				case "vpc-id":
					return []string{v.ID}, true
				case "is-default", "isDefault":
					return []string{boolText(v.Default)}, true
				case "cidr", "cidr-block-association.cidr-block":
					return []string{v.CIDR}, true
				case "state":
					return []string{string(c.vpcOut(v).State)}, true
				case "owner-id":
					return []string{c.st.Account}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcsOutput{}
	for _, v := range vs {
		out.Vpcs = append(out.Vpcs, c.vpcOut(v))
	}
	return out, nil
}

func ec2DescribeVpcAttribute(c *call, in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	out := &ec2.DescribeVpcAttributeOutput{VpcId: new(v.ID)}
	switch in.Attribute {
	case ec2types.VpcAttributeNameEnableDnsSupport:
		out.EnableDnsSupport = &ec2types.AttributeBooleanValue{Value: new(v.DNSSupport)}
	case ec2types.VpcAttributeNameEnableDnsHostnames:
		out.EnableDnsHostnames = &ec2types.AttributeBooleanValue{Value: new(v.DNSHostnames)}
	default:
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter attribute is invalid.", in.Attribute)
	}
	return out, nil
}

func ec2ModifyVpcAttribute(c *call, in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	if (in.EnableDnsSupport != nil) == (in.EnableDnsHostnames != nil) {
		return nil, apiErr("InvalidParameterCombination", "Fields for exactly one attribute must be given")
	}
	if b := in.EnableDnsSupport; b != nil {
		v.DNSSupport = val(b.Value, v.DNSSupport)
	}
	if b := in.EnableDnsHostnames; b != nil {
		v.DNSHostnames = val(b.Value, v.DNSHostnames)
	}
	return &ec2.ModifyVpcAttributeOutput{}, nil
}

func ec2DeleteVpc(c *call, in *ec2.DeleteVpcInput) (*ec2.DeleteVpcOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	busy := find(c.r.Subnets, func(s *subnet) bool { return s.VPC == v.ID }) != nil ||
		find(c.r.Gateways, func(g *gateway) bool { return g.VPC == v.ID }) != nil ||
		find(c.r.RouteTables, func(t *routeTable) bool { return t.VPC == v.ID && !t.Main }) != nil ||
		find(c.r.Groups, func(g *securityGroup) bool { return g.VPC == v.ID && g.Name != "default" }) != nil
	if busy {
		return nil, apiErr("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	}
	c.r.VPCs = remove(c.r.VPCs, v)
	if t := c.r.mainTable(v.ID); t != nil {
		c.r.RouteTables = remove(c.r.RouteTables, t)
	}
	if g := find(c.r.Groups, func(g *securityGroup) bool { return g.VPC == v.ID }); g != nil {
		c.r.Groups = remove(c.r.Groups, g)
	}
	return &ec2.DeleteVpcOutput{}, nil
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
	for _, s := range c.r.Subnets {
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
	c.r.Subnets = append(c.r.Subnets, s)
	return &ec2.CreateSubnetOutput{Subnet: new(c.subnetOut(s))}, nil
}

func zones(region string) []string {
	var out []string
	for _, l := range zoneLetters {
		out = append(out, region+l)
	}
	return out
}

func isZone(region, zone string) bool {
	for _, z := range zones(region) {
		if z == zone {
			return true
		}
	}
	return false
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
	ss, err := selectBy(c.r.Subnets, in.SubnetIds, func(s *subnet) string { return s.ID }, "InvalidSubnetID.NotFound", noSubnet,
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
	c.r.Subnets = remove(c.r.Subnets, s)
	return &ec2.DeleteSubnetOutput{}, nil
}

func ec2DescribeAvailabilityZones(c *call, in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	out := &ec2.DescribeAvailabilityZonesOutput{}
	for _, z := range zones(c.r.Name) {
		ok, err := matches(in.Filters, nil, func(name string) ([]string, bool) {
			switch name {
			case "region-name":
				return []string{c.r.Name}, true
			case "state":
				return []string{"available"}, true
			case "zone-name":
				return []string{z}, true
			case "zone-id":
				return []string{zoneID(z)}, true
			case "zone-type":
				return []string{"availability-zone"}, true
			case "opt-in-status":
				return []string{"opt-in-not-required"}, true
			}
			return nil, false
		})
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		out.AvailabilityZones = append(out.AvailabilityZones, ec2types.AvailabilityZone{
			ZoneName: new(z), ZoneId: new(zoneID(z)), RegionName: new(c.r.Name), ZoneType: new("availability-zone"),
			State: ec2types.AvailabilityZoneStateAvailable, OptInStatus: ec2types.AvailabilityZoneOptInStatusOptInNotRequired,
		})
	}
	return out, nil
}

func ec2DescribeAccountAttributes(c *call, _ *ec2.DescribeAccountAttributesInput) (*ec2.DescribeAccountAttributesOutput, error) {
	def := "none"
	if v := find(c.r.VPCs, func(v *vpc) bool { return v.Default }); v != nil {
		def = v.ID
	}
	attr := func(name, value string) ec2types.AccountAttribute {
		return ec2types.AccountAttribute{
			AttributeName:   new(name),
			AttributeValues: []ec2types.AccountAttributeValue{{AttributeValue: new(value)}},
		}
	}
	return &ec2.DescribeAccountAttributesOutput{AccountAttributes: []ec2types.AccountAttribute{
		attr("supported-platforms", "VPC"), attr("default-vpc", def), attr("vpc-max-security-groups-per-interface", "5"),
	}}, nil
}
