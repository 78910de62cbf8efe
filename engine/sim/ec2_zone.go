package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Zones are the zones of a region, and what an account has in it.
func ec2Zones() awsService {
	return awsService{operations: []operation{op(ec2DescribeAvailabilityZones), op(ec2DescribeAccountAttributes)}}
}

// The zones of every region: letters a to c. The ids follow AWS's scheme (euw2-az1).
var zoneLetters = []string{"a", "b", "c"}

// shuffled are the numbers behind the letters where they differ: AWS gives the letters to each account anew.
var shuffled = map[string]map[byte]int{"ap-northeast-1": {'a': 3, 'b': 4, 'c': 1}}

// withoutFargate are the zones that Fargate places no task in (engine/AWS.md, Network).
var withoutFargate = []string{"use1-az3", "usw1-az2", "apne1-az3"}

// placed says why Fargate places no task in the subnet; empty when it does.
func (r *region) placed(subnet string) string {
	if s := r.subnet(subnet); s != nil && slices.Contains(withoutFargate, zoneID(s.Zone)) {
		return "was unable to place a task. Reason: Internal error."
	}
	return ""
}

func zoneID(zone string) string {
	region := zone[:len(zone)-1]
	number := int(zone[len(zone)-1]-'a') + 1
	if n := shuffled[region][zone[len(zone)-1]]; n != 0 {
		number = n
	}
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
	return fmt.Sprintf("%s%s-az%d", short, parts[len(parts)-1], number)
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
	if v := find(c.r.ec2().VPCs, func(v *vpc) bool { return v.Default }); v != nil {
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
