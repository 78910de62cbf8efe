package traffic

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/resource"
)

// Distributions lists the distributions of all apps in the region: CloudFront itself knows no region, but their load
// balancers do.
var Distributions = resource.Listing{What: "distributions", List: listDistributions}

func listDistributions(ctx context.Context, s *resource.Survey) error {
	var silent []resource.Found // whose comment is not listed, as some emulators do it
	p := cf.NewListDistributionsPaginator(s.CloudFront, &cf.ListDistributionsInput{})
	err := resource.Pages(ctx, p, func(out *cf.ListDistributionsOutput) error {
		if out.DistributionList == nil {
			return nil
		}
		for _, d := range out.DistributionList.Items {
			f := resource.Found{
				Kind: "cloudfront.Distribution", Name: aws.ToString(d.DomainName),
				ARN: cmp.Or(aws.ToString(d.ARN), aws.ToString(d.Id)), Role: "distribution", Unused: secondDistribution,
				Remove: "aws cloudfront delete-distribution --id " + aws.ToString(d.Id) + ", once it is disabled",
			}
			owner, ours := ownerOfComment(aws.ToString(d.Comment))
			switch {
			case elsewhere(s, d):
			case d.Comment == nil:
				silent = append(silent, f)
			case ours:
				f.Owner = owner
				s.Add(f)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, silent, distributionTags)
}

// commentShape is how distributions of ours say whose they are: app, environment and the hash of both.
var commentShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^berth ([^/ ]+)/([^/ ]+) \(([0-9a-f]{6})\)(?: in [a-z0-9-]+)?$`)
})

func ownerOfComment(comment string) (resource.Owner, bool) {
	m := commentShape().FindStringSubmatch(comment)
	if m == nil {
		return resource.Owner{}, false
	}
	o := resource.Owner{App: m[1], Env: m[2]}
	return o, o.Hash() == m[3]
}

// secondDistribution is why a distribution is left over in an app that lives: deployments use the one that is
// listed first.
func secondDistribution(a *resource.App) string {
	if a.Seen("cloudfront.Distribution") == 0 {
		return ""
	}
	return "the app uses another distribution"
}

// elsewhere says whether a distribution leads to a load balancer in another region.
func elsewhere(s *resource.Survey, d cftypes.DistributionSummary) bool {
	if d.Origins == nil {
		return false
	}
	return slices.ContainsFunc(d.Origins.Items, func(o cftypes.Origin) bool {
		host := aws.ToString(o.DomainName)
		return strings.Contains(host, ".elb.") && !strings.Contains(host, "."+s.Region+".elb.")
	})
}
