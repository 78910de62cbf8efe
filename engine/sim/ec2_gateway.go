package sim

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Gateways are internet gateways.
func ec2Gateways() awsService {
	return awsService{
		operations: []operation{
			op(ec2CreateInternetGateway, tagging("ec2:CreateTags")), op(ec2DescribeInternetGateways, pages("InternetGateways", 1000, 1000)),
			op(ec2AttachInternetGateway), op(ec2DetachInternetGateway), op(ec2DeleteInternetGateway),
		},
		list: func(v *inventory, r *region) {
			for _, x := range r.ec2().Gateways {
				d := *x
				d.ID = ""
				v.add("ec2.InternetGateway", named(r, x.Tags), x.VPC == r.theDefault() && x.VPC != "", d, x.ID)
			}
		},
	}
}

type gateway struct {
	ID   string
	VPC  string // empty when detached
	Tags tagMap
}

func (r *region) gateway(id string) *gateway {
	return find(r.ec2().Gateways, func(g *gateway) bool { return g.ID == id })
}

const noGateway = "The internetGateway ID '%s' does not exist"

func ec2CreateInternetGateway(c *call, in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	t := ec2Tags(in.TagSpecifications)
	g := &gateway{ID: "igw-0" + c.st.fresh(c.r.Name, "gateway", fmt.Sprint(t))[:16], Tags: t}
	c.r.ec2().Gateways = append(c.r.ec2().Gateways, g)
	return &ec2.CreateInternetGatewayOutput{InternetGateway: new(g.out(c))}, nil
}

func (g *gateway) out(c *call) ec2types.InternetGateway {
	o := ec2types.InternetGateway{InternetGatewayId: new(g.ID), OwnerId: new(c.st.Account), Tags: g.Tags.toEC2()}
	if g.VPC != "" {
		o.Attachments = []ec2types.InternetGatewayAttachment{{VpcId: new(g.VPC), State: ec2types.AttachmentStatus("available")}}
	}
	return o
}

func ec2DescribeInternetGateways(c *call, in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	gs, err := selectBy(c.r.ec2().Gateways, in.InternetGatewayIds, func(g *gateway) string { return g.ID }, "InvalidInternetGatewayID.NotFound", noGateway,
		func(g *gateway) (bool, error) {
			return matches(in.Filters, g.Tags, func(name string) ([]string, bool) {
				switch name {
				case "attachment.vpc-id":
					return []string{g.VPC}, true
				case "internet-gateway-id":
					return []string{g.ID}, true
				case "attachment.state":
					if g.VPC == "" {
						return nil, true
					}
					return []string{"available"}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInternetGatewaysOutput{}
	for _, g := range gs {
		out.InternetGateways = append(out.InternetGateways, g.out(c))
	}
	return out, nil
}

func ec2AttachInternetGateway(c *call, in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	g, v := c.r.gateway(str(in.InternetGatewayId)), c.r.vpc(str(in.VpcId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case v == nil:
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	case g.VPC != "":
		return nil, apiErr("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	case find(c.r.ec2().Gateways, func(o *gateway) bool { return o.VPC == v.ID }) != nil:
		return nil, apiErr("InvalidParameterValue", "Network %s already has an internet gateway attached", v.ID)
	}
	g.VPC = v.ID
	return &ec2.AttachInternetGatewayOutput{}, nil
}

func ec2DetachInternetGateway(c *call, in *ec2.DetachInternetGatewayInput) (*ec2.DetachInternetGatewayOutput, error) {
	g := c.r.gateway(str(in.InternetGatewayId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case g.VPC != str(in.VpcId) || g.VPC == "":
		return nil, apiErr("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, str(in.VpcId))
	}
	for _, n := range c.a.interfaces(c.st, c.r, c.now) {
		if n.PublicIP != "" && n.VPC == g.VPC {
			return nil, apiErr("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", g.VPC)
		}
	}
	g.VPC = ""
	return &ec2.DetachInternetGatewayOutput{}, nil
}

func ec2DeleteInternetGateway(c *call, in *ec2.DeleteInternetGatewayInput) (*ec2.DeleteInternetGatewayOutput, error) {
	g := c.r.gateway(str(in.InternetGatewayId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case g.VPC != "":
		return nil, apiErr("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	c.r.ec2().Gateways = remove(c.r.ec2().Gateways, g)
	return &ec2.DeleteInternetGatewayOutput{}, nil
}
