package network

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/resource"
)

// Standing is where the front door of an app stands already; the zero Standing is nowhere.
type Standing struct {
	VPC     string
	Subnets []string
}

// standing asks where the app stands. Whoever may not look chooses anew.
func (v *VPC) standing(ctx context.Context, s *resource.Scope) (Standing, error) {
	if v.Stands == nil {
		return Standing{}, nil
	}
	at, err := v.Stands(ctx, s)
	if resource.Unseen(err) {
		return Standing{}, nil
	}
	return at, err
}

// stay takes the default VPC because the app stands in it: each subnet that reaches the internet stays, the others
// are left for those of today's choice in other zones. Where there are not enough of them the app stays in the
// broken ones, too: a network of its own would be a move with downtime for what one route puts right.
func (v *VPC) stay(at Standing, choice []string, subnets []ec2types.Subnet, tables []ec2types.RouteTable) {
	zone, idle := map[string]string{}, map[string]bool{}
	for _, sn := range subnets {
		if aws.ToString(sn.VpcId) == at.VPC {
			zone[aws.ToString(sn.SubnetId)] = aws.ToString(sn.AvailabilityZone)
			idle[aws.ToString(sn.SubnetId)] = !holdsTasks(sn)
		}
	}
	var good, broken, zones []string
	for _, id := range at.Subnets {
		switch {
		case idle[id] && len(choice) > 1: // no task ever ran there: one of today's choice does more
		case !toInternet(effectiveTable(at.VPC, id, tables)):
			broken = append(broken, id)
		default:
			good, zones = append(good, id), append(zones, zone[id])
		}
	}
	for _, id := range choice {
		if len(good) < 2 && !slices.Contains(zones, zone[id]) {
			good, zones = append(good, id), append(zones, zone[id])
		}
	}
	for _, id := range broken {
		if len(good) < 2 {
			good, v.broken = append(good, id), append(v.broken, id)
		}
	}
	v.Default, v.ID, v.Public = true, at.VPC, good
}

// noRoute says which subnets that the app stays in lead nowhere, empty when all are well.
func (v *VPC) noRoute() string {
	if len(v.broken) == 0 {
		return ""
	}
	has := " has"
	if len(v.broken) > 1 {
		has = " have"
	}
	return "the app stays in its subnets, but " + strings.Join(v.broken, ", ") + has +
		" no route to the internet: associate it with a route table that has a route to the internet gateway"
}
