// Package traffic holds the kinds that lead requests to an app: load balancer, target group, listener, rule and
// distribution, and the check of the address that comes out.
package traffic

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"

	"berth/engine/resource"
)

// drifted are the entries of want that have does not hold.
func drifted(have, want map[string]string) map[string]string {
	d := map[string]string{}
	for k, v := range want {
		if have[k] != v {
			d[k] = v
		}
	}
	return d
}

// attributes are the changes of the attributes in want.
func attributes(have, want map[string]string) (fields []resource.FieldChange) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		fields = append(fields, resource.Field(k, have[k], want[k]))
	}
	return fields
}

// newELB is to create something with tags: tags are a permission of their own, on what is created.
func newELB(api, made, parent string) []resource.Permission {
	tags := resource.On(resource.Actions("elasticloadbalancing:AddTags"), made)
	tags.When = resource.WhenEqual("elasticloadbalancing:CreateAction", api)
	return []resource.Permission{resource.On(resource.Actions("elasticloadbalancing:"+api), parent), tags}
}

// tagBatch is of how many resources one DescribeTags tells.
const tagBatch = 20

// elbTags are the tags of load balancers or target groups, twenty at most, by ARN.
func elbTags(ctx context.Context, c *cloud.Clients, arns ...string) (map[string]map[string]string, error) {
	out, err := c.ELB.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		return nil, err
	}
	tags := map[string]map[string]string{}
	for _, d := range out.TagDescriptions {
		tags[aws.ToString(d.ResourceArn)] = resource.TagMap(d.Tags, func(t elbtypes.Tag) (k, v *string) { return t.Key, t.Value })
	}
	return tags, nil
}

// addByTags notes those of the load balancers or target groups that are ours.
func addByTags(ctx context.Context, s *resource.Survey, all []resource.Found) error {
	all = slices.DeleteFunc(all, func(f resource.Found) bool { return !strings.HasPrefix(f.Name, resource.NamePrefix) })
	batches := slices.Collect(slices.Chunk(all, tagBatch))
	tags := make([]map[string]map[string]string, len(batches))
	err := resource.Each(ctx, batches, func(ctx context.Context, i int, batch []resource.Found) (err error) {
		tags[i], err = tagsOf(ctx, s, batch)
		return err
	})
	for i, batch := range batches {
		for _, f := range batch {
			s.AddTagged(f, tags[i][f.ARN])
		}
	}
	return err
}

// tagsOf are the tags of a batch by ARN. When one of it is gone since it was listed, AWS tells nothing of the
// others either; they are asked for one by one then.
func tagsOf(ctx context.Context, s *resource.Survey, batch []resource.Found) (map[string]map[string]string, error) {
	var arns []string
	for _, f := range batch {
		arns = append(arns, f.ARN)
	}
	tags, err := elbTags(ctx, s.Clients, arns...)
	switch {
	case cloud.NotFound(err) && len(batch) == 1:
		return nil, nil //nolint:nilnil // it is gone
	case cloud.NotFound(err):
		tags = map[string]map[string]string{}
		for i := range batch {
			one, err := tagsOf(ctx, s, batch[i:i+1])
			if err != nil {
				return nil, err
			}
			maps.Copy(tags, one)
		}
		return tags, nil
	}
	return tags, err
}
