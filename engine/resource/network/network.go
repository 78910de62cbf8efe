// Package network holds the kinds of the network that an app runs in: VPC, subnets, gateways, routes and security
// groups. Network is what other kinds are placed in.
package network

import (
	"slices"

	"berth/engine/resource"
)

// Network is what a load balancer or a task is placed in: the subnets to use and the resources that must be
// there first.
type Network struct {
	VPC     *VPC
	Subnets []*Subnet
	Routes  *RouteTable
	Private bool // for tasks without public addresses
	Within  bool // for a load balancer without public addresses, in private subnets that may have no way out

	Inside       []*Subnet   // of a VPC of our own, for what is private
	InsideRoutes *RouteTable // leads from those to the NAT gateway
	NAT          *NATGateway
}

// SubnetIDs are the public subnets, or the private ones for what is private; some are empty as long as they are not made.
func (n Network) SubnetIDs() []string {
	subnets := n.Subnets
	switch {
	case n.VPC.Default && n.Within:
		return n.VPC.Within
	case n.VPC.Default && n.Private:
		return n.VPC.Private
	case n.VPC.Default:
		return n.VPC.Public
	case n.Private, n.Within:
		subnets = n.Inside
	}
	var ids []string
	for _, sn := range subnets {
		ids = append(ids, sn.ID)
	}
	return ids
}

// Known says whether all subnets exist.
func (n Network) Known() bool { return !slices.Contains(n.SubnetIDs(), "") && n.VPC.ID != "" }

// Needs are the resources that must be there before something is placed in the network.
func (n Network) Needs() []resource.Need {
	needs := resource.After(n.VPC, n.Routes)
	for _, sn := range n.Subnets {
		needs = append(needs, resource.After(sn)...)
	}
	if n.Private && n.NAT != nil {
		needs = append(needs, resource.Need{On: n.NAT, Ready: true})
		needs = append(needs, resource.After(n.InsideRoutes)...)
	}
	if n.Private || n.Within {
		for _, sn := range n.Inside {
			needs = append(needs, resource.After(sn)...)
		}
	}
	return needs
}
