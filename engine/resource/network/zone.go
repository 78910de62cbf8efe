package network

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// fargateZones are the zones with Fargate, by zone id, of the regions where some have none; a region that is not here has it
// everywhere (engine/AWS.md, Network). Letters tell nothing: each account has its own.
var fargateZones = map[string][]string{
	"apne1": {"apne1-az1", "apne1-az2", "apne1-az4"},
	"use1":  {"use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"},
	"usw1":  {"usw1-az1", "usw1-az3"},
}

// runsTasks says whether Fargate places tasks in a zone. A zone that is not known is taken for one that does.
func runsTasks(zoneID string) bool {
	region, _, _ := strings.Cut(zoneID, "-")
	zones, some := fargateZones[region]
	return !some || slices.Contains(zones, zoneID)
}

// holdsTasks says whether Fargate places tasks in a subnet.
func holdsTasks(s ec2types.Subnet) bool { return runsTasks(aws.ToString(s.AvailabilityZoneId)) }
