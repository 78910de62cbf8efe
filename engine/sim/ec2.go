package sim

import "time"

// ec2Service is EC2, as far as a network goes. Each kind of resource has a file of its own.
func ec2Service() awsService {
	return awsService{
		name: "ec2", protocol: speaksEC2, eventual: true, wires: true,
		state:     []keeper{ec2Shelf},
		latencies: map[lat]time.Duration{latVPC: time.Second}, // "available in ~1 s"
		parts: []awsService{
			ec2Zones(), ec2VPCs(), ec2Subnets(), ec2Gateways(), ec2RouteTables(), ec2Groups(), ec2Rules(), ec2PrefixLists(),
			ec2Addresses(), ec2NATs(), ec2Endpoints(), ec2Interfaces(), ec2TagOperations(),
		},
	}
}

// ec2State is the network of a region: what refers to one another in all directions.
type ec2State struct {
	VPCs        []*vpc
	Subnets     []*subnet
	Gateways    []*gateway
	RouteTables []*routeTable
	Groups      []*securityGroup
}

const ec2Shelf shelf[ec2State] = "ec2"

func (r *region) ec2() *ec2State { return ec2Shelf.in(&r.Kept) }

// theDefault is the id of the region's default VPC, empty when there is none.
func (r *region) theDefault() string {
	if v := find(r.ec2().VPCs, func(v *vpc) bool { return v.Default }); v != nil {
		return v.ID
	}
	return ""
}

const latVPC lat = "ec2.vpc"
