package orphan

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/lock"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
)

// roles that the tasks of this region take on: IAM itself knows no region, but what they trust does.
func (s *survey) roles(ctx context.Context) error {
	var all []found
	p := iam.NewListRolesPaginator(s.IAM, &iam.ListRolesInput{})
	err := pages(ctx, p, func(out *iam.ListRolesOutput) error {
		for _, r := range out.Roles {
			name := aws.ToString(r.RoleName)
			if strings.HasPrefix(name, prefix) && trustsHere(aws.ToString(r.AssumeRolePolicyDocument), s.Region) {
				all = append(all, found{Resource: Resource{Kind: "iam.Role", Name: name, ARN: aws.ToString(r.Arn)}})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.withTags(ctx, all, func(ctx context.Context, f *found) (map[string]string, error) {
		tags := map[string]string{}
		p := iam.NewListRoleTagsPaginator(s.IAM, &iam.ListRoleTagsInput{RoleName: &f.Name})
		err := pages(ctx, p, func(out *iam.ListRoleTagsOutput) error {
			for k, v := range tagsOf(out.Tags, func(t iamtypes.Tag) (k, v *string) { return t.Key, t.Value }) {
				tags[k] = v
			}
			return nil
		})
		return tags, unlessGone(err)
	})
}

// trusted finds the region whose tasks may take a role on.
var trusted = regexp.MustCompile(`arn:[a-z-]+:ecs:([a-z0-9-]+):`)

// trustsHere says whether a role is for tasks in the region. A trust policy that names none counts as such.
func trustsHere(policy, region string) bool {
	if plain, err := url.QueryUnescape(policy); err == nil {
		policy = plain
	}
	m := trusted.FindStringSubmatch(policy)
	return m == nil || m[1] == region
}

func (s *survey) repositories(ctx context.Context) error {
	var all []found
	p := ecr.NewDescribeRepositoriesPaginator(s.ECR, &ecr.DescribeRepositoriesInput{})
	err := pages(ctx, p, func(out *ecr.DescribeRepositoriesOutput) error {
		for _, r := range out.Repositories {
			if name := aws.ToString(r.RepositoryName); strings.HasPrefix(name, prefix) {
				all = append(all, found{
					Resource: Resource{Kind: "ecr.Repository", Name: name, ARN: aws.ToString(r.RepositoryArn)},
					usage:    usage(&artifact.Repository{}),
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.withTags(ctx, all, func(ctx context.Context, f *found) (map[string]string, error) {
		out, err := s.ECR.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &f.ARN})
		if err != nil {
			return nil, unlessGone(err)
		}
		return tagsOf(out.Tags, func(t ecrtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}

// logGroups are named /berth/app/env, which says all.
func (s *survey) logGroups(ctx context.Context) error {
	p := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.Logs, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String("/berth/"),
	})
	return pages(ctx, p, func(out *cloudwatchlogs.DescribeLogGroupsOutput) error {
		for _, g := range out.LogGroups {
			name := aws.ToString(g.LogGroupName)
			if o, _, ok := ownerOfPath(name); ok {
				s.add(found{owner: o, usage: usage(&compute.LogGroup{}), Resource: Resource{
					Kind: "logs.LogGroup", Name: name, ARN: strings.TrimSuffix(aws.ToString(g.Arn), ":*"), Role: "log-group",
				}})
			}
		}
		return nil
	})
}

// namespaceName is how private DNS zones of ours are called: env.app.internal.
var namespaceName = regexp.MustCompile(`^[^.]+\.[^.]+\.internal$`)

// unlisted is why a DNS zone or name is left over in an app that lives.
func unlisted(a *app) string {
	if a.discovered {
		return ""
	}
	return "the tasks are not listed in DNS any more"
}

func (s *survey) namespaces(ctx context.Context) error {
	var all []found
	ids := map[string]string{} // by ARN
	p := sd.NewListNamespacesPaginator(s.CloudMap, &sd.ListNamespacesInput{Filters: []sdtypes.NamespaceFilter{
		{Name: sdtypes.NamespaceFilterNameType, Values: []string{"DNS_PRIVATE"}},
	}})
	err := pages(ctx, p, func(out *sd.ListNamespacesOutput) error {
		for _, n := range out.Namespaces {
			if name, arn := aws.ToString(n.Name), aws.ToString(n.Arn); namespaceName.MatchString(name) {
				ids[arn] = aws.ToString(n.Id)
				all = append(all, found{
					Resource: Resource{Kind: "servicediscovery.Namespace", Name: name, ARN: arn},
					usage:    usage(&compute.Namespace{}), unused: unlisted,
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.withTags(ctx, all, func(ctx context.Context, f *found) (map[string]string, error) {
		out, err := s.CloudMap.ListTagsForResource(ctx, &sd.ListTagsForResourceInput{ResourceARN: &f.ARN})
		if err != nil {
			return nil, unlessGone(err)
		}
		return tagsOf(out.Tags, func(t sdtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
	if err != nil {
		return err
	}
	for _, n := range s.found[:len(s.found):len(s.found)] { // the zones that are ours
		if err := s.namesIn(ctx, n, ids[n.ARN]); err != nil {
			return err
		}
	}
	return nil
}

// namesIn looks for the DNS names of a zone of ours.
func (s *survey) namesIn(ctx context.Context, zone found, id string) error {
	p := sd.NewListServicesPaginator(s.CloudMap, &sd.ListServicesInput{Filters: []sdtypes.ServiceFilter{
		{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{id}},
	}})
	return pages(ctx, p, func(out *sd.ListServicesOutput) error {
		for _, d := range out.Services {
			s.add(found{owner: zone.owner, unused: unlisted, Resource: Resource{
				Kind: "servicediscovery.Service", Name: aws.ToString(d.Name) + "." + zone.Name, ARN: aws.ToString(d.Arn),
				Role: "discovery",
			}})
		}
		return nil
	})
}

// locks that were written a moment ago belong to a run that goes on.
func (s *survey) locks(ctx context.Context) error {
	p := ssm.NewDescribeParametersPaginator(s.SSM, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{"/berth"}},
	}})
	now := s.Clock.Now()
	return pages(ctx, p, func(out *ssm.DescribeParametersOutput) error {
		for _, p := range out.Parameters {
			o, rest, ok := ownerOfPath(aws.ToString(p.Name))
			if !ok || rest != "lock" {
				continue
			}
			seen := aws.ToTime(p.LastModifiedDate)
			if now.Sub(seen) < lock.Stale {
				s.app(o).busy = true
				continue
			}
			why := "the run that held it was last heard of at " + seen.UTC().Format("2006-01-02 15:04 MST")
			s.add(found{
				owner: o, unused: func(*app) string { return why },
				Resource: Resource{
					Kind: "ssm.Parameter", Name: aws.ToString(p.Name), ARN: aws.ToString(p.ARN), Role: "lock", Why: why,
				},
			})
		}
		return nil
	})
}
