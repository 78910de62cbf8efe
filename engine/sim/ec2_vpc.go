package sim

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2VPCs are the VPCs of a region, each with its main route table and default security group.
func ec2VPCs() awsService {
	return awsService{
		operations: []operation{
			op(ec2CreateVpc, tagging("ec2:CreateTags")), op(ec2DescribeVpcs, pages("Vpcs", 1000, 1000)),
			op(ec2DescribeVpcAttribute), op(ec2ModifyVpcAttribute), op(ec2DeleteVpc),
		},
		quotas: []quotaCode{{"vpc", "L-F678F1CE", "VPCs per Region", "vpc", 5}},
		list: func(v *inventory, r *region) {
			for _, x := range r.ec2().VPCs {
				d := *x
				d.ID, d.Created = "", time.Time{}
				v.add("ec2.VPC", named(r, x.Tags, x.CIDR), x.Default, d, x.ID)
			}
		},
	}
}

type vpc struct {
	ID           string
	CIDR         string
	Default      bool
	DNSSupport   bool
	DNSHostnames bool
	Created      time.Time
	Tags         tagMap
}

// addDefaultVPC gives a region the VPC that AWS gives every account there: three public subnets, an
// internet gateway, a main route table and a default security group.
func (st *state) addDefaultVPC(r *region) {
	v := st.newVPC(r, "172.31.0.0/16", time.Time{}, nil)
	v.Default, v.DNSHostnames = true, true
	igw := &gateway{ID: "igw-0" + st.fresh(v.ID, "gateway")[:16], VPC: v.ID}
	r.ec2().Gateways = append(r.ec2().Gateways, igw)
	main := r.mainTable(v.ID)
	main.Routes = append(main.Routes, route{CIDR: "0.0.0.0/0", Gateway: igw.ID})
	for i, l := range zoneLetters {
		r.ec2().Subnets = append(r.ec2().Subnets, &subnet{
			ID: "subnet-0" + st.fresh(v.ID, l)[:16], VPC: v.ID, CIDR: fmt.Sprintf("172.31.%d.0/20", i*16),
			Zone: r.Name + l, DefaultAZ: true, MapPublic: true,
		})
	}
}

// newVPC makes a VPC with its main route table and default security group.
func (st *state) newVPC(r *region, cidr string, now time.Time, t tagMap) *vpc {
	v := &vpc{ID: "vpc-0" + st.fresh(r.Name, "vpc", cidr, fmt.Sprint(t))[:16], CIDR: cidr, DNSSupport: true, Created: now, Tags: t}
	r.ec2().VPCs = append(r.ec2().VPCs, v)
	r.ec2().RouteTables = append(r.ec2().RouteTables, &routeTable{
		ID: "rtb-0" + st.fresh(v.ID, "main")[:16], VPC: v.ID, Main: true, MainAssoc: "rtbassoc-0" + st.fresh(v.ID, "main")[:16],
		Routes: []route{{CIDR: cidr, Gateway: "local"}},
	})
	st.newGroup(r, "default", "default VPC security group", v.ID, nil)
	return v
}

func (r *region) vpc(id string) *vpc {
	return find(r.ec2().VPCs, func(v *vpc) bool { return v.ID == id })
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
	if len(c.r.ec2().VPCs) >= limit {
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
	vs, err := selectBy(c.r.ec2().VPCs, in.VpcIds, func(v *vpc) string { return v.ID }, "InvalidVpcID.NotFound", noVPC,
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
	busy := find(c.r.ec2().Subnets, func(s *subnet) bool { return s.VPC == v.ID }) != nil ||
		find(c.r.ec2().Gateways, func(g *gateway) bool { return g.VPC == v.ID }) != nil ||
		find(c.r.ec2().RouteTables, func(t *routeTable) bool { return t.VPC == v.ID && !t.Main }) != nil ||
		find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == v.ID && g.Name != "default" }) != nil
	for _, s := range services() {
		busy = busy || s.holds != nil && s.holds(&world{a: c.a, st: c.st, r: c.r}, v.ID)
	}
	if busy {
		return nil, apiErr("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	}
	c.r.ec2().VPCs = remove(c.r.ec2().VPCs, v)
	if t := c.r.mainTable(v.ID); t != nil {
		c.r.ec2().RouteTables = remove(c.r.ec2().RouteTables, t)
	}
	if g := find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == v.ID }); g != nil {
		c.r.ec2().Groups = remove(c.r.ec2().Groups, g)
	}
	return &ec2.DeleteVpcOutput{}, nil
}
