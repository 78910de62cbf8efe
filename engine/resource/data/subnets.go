package data

import (
	"slices"

	"berth/engine/resource"
	"berth/engine/resource/network"
)

// Subnets are the subnets that a service of data may stand in: what the subnet groups of RDS and of ElastiCache have in
// common. A database or a cache cannot leave its VPC, so that a group in another one stays as it is.
type Subnets struct {
	resource.Claim
	Owner    resource.Owner
	Network  network.Network
	Unneeded bool // berth.toml asks for nothing that stands in them: a destroy alone looks for the group

	found   bool
	arn     string
	vpc     string
	subnets []string
}

// Name is the group's name. It is known before the group exists.
func (g *Subnets) Name() string { return g.Owner.Short() }

// Needs implements Resource.
func (g *Subnets) Needs() []resource.Need { return g.Network.Needs() }

// Wanted implements Optional.
func (g *Subnets) Wanted() bool { return !g.Unneeded }

// Exists implements Resource.
func (g *Subnets) Exists() bool { return g.found && g.Ours() }

// Diff implements Resource.
func (g *Subnets) Diff(*resource.Scope) resource.Diff {
	if !g.found {
		return resource.Absent()
	}
	if g.vpc == g.Network.VPC.ID && g.Network.Known() && !resource.Subset(g.Network.SubnetIDs(), g.subnets) {
		return resource.Changed("lacks a subnet of the app", resource.Field("subnets", resource.Listed(g.subnets), resource.Listed(g.all())))
	}
	return resource.None()
}

// all are the subnets that are there and those that are wanted: AWS gives none up that something stands in.
func (g *Subnets) all() []string { return union(g.subnets, g.Network.SubnetIDs()) }

// absent forgets what was observed.
func (g *Subnets) absent() { g.found, g.arn, g.vpc, g.subnets = false, "", "", nil }

// take is the group as it is.
func (g *Subnets) take(arn, vpc string, subnets []string) {
	g.found, g.arn, g.vpc, g.subnets = true, arn, vpc, subnets
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
