package traffic

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// Firewalls lists the web ACLs of all apps of the region, at load balancers and at CloudFront.
var Firewalls = resource.Listing{What: "firewalls", List: listFirewalls}

func listFirewalls(ctx context.Context, s *resource.Survey) error {
	for _, f := range []*Firewall{{}, {Edge: true}} {
		var all []resource.Found
		err := f.list(ctx, s.Clients, func(one waftypes.WebACLSummary) {
			name := aws.ToString(one.Name)
			if !strings.HasPrefix(name, resource.NamePrefix) || f.Edge && !strings.HasSuffix(name, "-"+s.Region) {
				return
			}
			all = append(all, resource.Found{
				Kind: "wafv2.WebACL", Name: name, ARN: aws.ToString(one.ARN),
				Remove: "aws wafv2 delete-web-acl --scope " + string(f.scope()) + " --name " + name + " --id " + aws.ToString(one.Id) + ", with its lock token",
			})
		})
		if err != nil {
			return err
		}
		err = s.AddByTags(ctx, all, func(ctx context.Context, x *resource.Found) (map[string]string, error) {
			return firewallTags(ctx, s.Clients, x.ARN, f.at)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// list hands each ACL of the firewall's scope to take.
func (f *Firewall) list(ctx context.Context, c *cloud.Clients, take func(waftypes.WebACLSummary)) error {
	in := &waf.ListWebACLsInput{Scope: f.scope(), Limit: aws.Int32(100)}
	for {
		out, err := c.WAF.ListWebACLs(ctx, in, f.at)
		if err != nil {
			return err
		}
		for _, one := range out.WebACLs {
			take(one)
		}
		if in.NextMarker = out.NextMarker; len(out.WebACLs) == 0 || aws.ToString(out.NextMarker) == "" {
			return nil
		}
	}
}
