package sim

import (
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

func sdListTagsForResource(c *call, in *sd.ListTagsForResourceInput) (*sd.ListTagsForResourceOutput, error) {
	for _, n := range c.r.Namespaces {
		if c.cloudMapARN("namespace", n.ID) == str(in.ResourceARN) {
			return &sd.ListTagsForResourceOutput{Tags: n.Tags.toSD()}, nil
		}
	}
	for _, d := range c.r.Discoveries {
		if c.cloudMapARN("service", d.ID) == str(in.ResourceARN) {
			return &sd.ListTagsForResourceOutput{Tags: d.Tags.toSD()}, nil
		}
	}
	return nil, &sdtypes.ResourceNotFoundException{Message: msg("No resource exists with the ARN %s.", str(in.ResourceARN))}
}

func (t tagMap) toSD() []sdtypes.Tag {
	return tagsTo(t, func(k, v *string) sdtypes.Tag { return sdtypes.Tag{Key: k, Value: v} })
}
