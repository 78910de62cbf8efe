package sim

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2PrefixLists are the prefix lists that AWS manages.
func ec2PrefixLists() awsService {
	return awsService{operations: []operation{op(ec2DescribeManagedPrefixLists, pages("PrefixLists", 100, 100))}}
}

const prefixListWeight = 55

// The prefix lists that the account knows: CloudFront's addresses as seen by origins.
var prefixLists = []string{
	"com.amazonaws.global.cloudfront.origin-facing",
	"com.amazonaws.global.ipv6.cloudfront.origin-facing",
}

// prefixListID is the id of a managed prefix list in a region; the ids differ by region.
func prefixListID(region, name string) string {
	return "pl-" + stableID("prefix list", region, name)[:8]
}

func ec2DescribeManagedPrefixLists(c *call, in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	out := &ec2.DescribeManagedPrefixListsOutput{}
	for i, name := range prefixLists {
		id := prefixListID(c.r.Name, name)
		if len(in.PrefixListIds) > 0 && !slices.Contains(in.PrefixListIds, id) {
			continue
		}
		ok, err := matches(in.Filters, nil, func(filter string) ([]string, bool) {
			switch filter {
			case "prefix-list-name":
				return []string{name}, true
			case "prefix-list-id":
				return []string{id}, true
			case "owner-id":
				return []string{"AWS"}, true
			}
			return nil, false
		})
		if err != nil {
			return nil, err
		}
		if ok {
			out.PrefixLists = append(out.PrefixLists, ec2types.ManagedPrefixList{
				PrefixListId: new(id), PrefixListName: new(name), OwnerId: new("AWS"), AddressFamily: new([]string{"IPv4", "IPv6"}[i]),
				MaxEntries: new(int32(prefixListWeight)), State: ec2types.PrefixListStateCreateComplete,
				PrefixListArn: new(fmt.Sprintf("arn:aws:ec2:%s:aws:prefix-list/%s", c.r.Name, id)),
			})
		}
	}
	return out, nil
}
