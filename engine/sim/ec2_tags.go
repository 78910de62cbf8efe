package sim

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2TagOperations are the operations on the tags of any resource of EC2.
func ec2TagOperations() awsService {
	return awsService{operations: []operation{op(ec2CreateTags), op(ec2DeleteTags)}}
}

// tagsOf gives access to the tags of any EC2 resource by its id.
func (r *region) tagsOf(id string) *tagMap {
	switch {
	case r.vpc(id) != nil:
		return &r.vpc(id).Tags
	case r.subnet(id) != nil:
		return &r.subnet(id).Tags
	case r.gateway(id) != nil:
		return &r.gateway(id).Tags
	case r.table(id) != nil:
		return &r.table(id).Tags
	case r.group(id) != nil:
		return &r.group(id).Tags
	}
	if t := r.tagsIn("ec2", id); t != nil {
		return t
	}
	for _, g := range r.ec2().Groups {
		for i := range g.Rules {
			if g.Rules[i].ID == id {
				return &g.Rules[i].Tags
			}
		}
	}
	return nil
}

func ec2CreateTags(c *call, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	add := tagsFrom(in.Tags, func(t ec2types.Tag) (*string, *string) { return t.Key, t.Value })
	for _, id := range in.Resources {
		if c.r.tagsOf(id) == nil {
			return nil, apiErr("InvalidID", "The ID '%s' is not valid", id)
		}
	}
	for _, id := range in.Resources {
		t := c.r.tagsOf(id)
		*t = t.merge(add)
	}
	return &ec2.CreateTagsOutput{}, nil
}

func ec2DeleteTags(c *call, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	for _, id := range in.Resources {
		t := c.r.tagsOf(id)
		if t == nil {
			return nil, apiErr("InvalidID", "The ID '%s' is not valid", id)
		}
		kept := tagMap{}.merge(*t)
		for _, x := range in.Tags {
			delete(kept, str(x.Key))
		}
		*t = kept
	}
	return &ec2.DeleteTagsOutput{}, nil
}
