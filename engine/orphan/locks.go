package orphan

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/lock"
	"berth/engine/resource"
	"berth/engine/resource/data"
)

// locks lists the locks of all apps, and the parameters that berth made for them, which stand beside them. Locks that were written a moment ago belong to a run that goes on.
var locks = resource.Listing{
	What: "locks", List: listLocks, Without: "so an app that is being deployed right now may be listed",
}

func listLocks(ctx context.Context, s *resource.Survey) error {
	p := ssm.NewDescribeParametersPaginator(s.SSM, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{"/berth"}},
	}})
	now := s.Clock.Now()
	return resource.Pages(ctx, p, func(out *ssm.DescribeParametersOutput) error {
		for _, p := range out.Parameters {
			o, rest, ok := resource.OwnerOfPath(aws.ToString(p.Name))
			if !ok || rest != lock.Parameter {
				data.AddParameter(s, p)
				continue
			}
			seen := aws.ToTime(p.LastModifiedDate)
			if now.Sub(seen) < lock.Stale {
				s.App(o).Busy = true
				continue
			}
			why := "the run that held it was last heard of at " + seen.UTC().Format("2006-01-02 15:04 MST")
			s.Add(resource.Found{
				Owner: o, Kind: "ssm.Parameter", Name: aws.ToString(p.Name), ARN: aws.ToString(p.ARN), Role: "lock", Why: why,
				Unused: func(*resource.App) string { return why },
			})
		}
		return nil
	})
}
