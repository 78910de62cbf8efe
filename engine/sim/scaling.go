package sim

import (
	"slices"

	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scalable is a scalable target of Application Auto Scaling, with its target tracking policies by name.
type scalable struct {
	ID       string // service/cluster/service
	Min, Max int32
	Policies map[string]float64 // name -> target value
}

func (r *region) scalable(id string) *scalable {
	return find(r.Scalables, func(s *scalable) bool { return s.ID == id })
}

func aasRegisterScalableTarget(c *call, in *aas.RegisterScalableTargetInput) (*aas.RegisterScalableTargetOutput, error) {
	id := str(in.ResourceId)
	if find(c.r.Services, func(s *service) bool { return s.Status == "ACTIVE" && s.scalingID() == id }) == nil {
		return nil, &aastypes.ValidationException{Message: msg("ECS service doesn't exist: %s", id)}
	}
	s := c.r.scalable(id)
	if s == nil {
		s = &scalable{ID: id, Policies: map[string]float64{}}
		c.r.Scalables = append(c.r.Scalables, s)
	}
	s.Min, s.Max = val(in.MinCapacity, s.Min), val(in.MaxCapacity, s.Max)
	return &aas.RegisterScalableTargetOutput{}, nil
}

func aasPutScalingPolicy(c *call, in *aas.PutScalingPolicyInput) (*aas.PutScalingPolicyOutput, error) {
	s := c.r.scalable(str(in.ResourceId))
	if s == nil {
		return nil, &aastypes.ObjectNotFoundException{Message: msg("No scalable target registered for %s", str(in.ResourceId))}
	}
	s.Policies[str(in.PolicyName)] = val(in.TargetTrackingScalingPolicyConfiguration.TargetValue, 0)
	return &aas.PutScalingPolicyOutput{PolicyARN: new("arn:aws:autoscaling:" + c.r.Name + ":" + c.st.Account + ":scalingPolicy:" + stableID(s.ID)[:36])}, nil
}

func aasDescribeScalableTargets(c *call, in *aas.DescribeScalableTargetsInput) (*aas.DescribeScalableTargetsOutput, error) {
	out := &aas.DescribeScalableTargetsOutput{}
	for _, s := range c.r.Scalables {
		if len(in.ResourceIds) == 0 || slices.Contains(in.ResourceIds, s.ID) {
			out.ScalableTargets = append(out.ScalableTargets, aastypes.ScalableTarget{
				ResourceId: new(s.ID), MinCapacity: new(s.Min), MaxCapacity: new(s.Max),
				ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			})
		}
	}
	return out, nil
}

func aasDescribeScalingPolicies(c *call, in *aas.DescribeScalingPoliciesInput) (*aas.DescribeScalingPoliciesOutput, error) {
	out := &aas.DescribeScalingPoliciesOutput{}
	s := c.r.scalable(str(in.ResourceId))
	if s == nil {
		return out, nil
	}
	for _, name := range in.PolicyNames {
		if v, ok := s.Policies[name]; ok {
			out.ScalingPolicies = append(out.ScalingPolicies, aastypes.ScalingPolicy{
				PolicyName: new(name), ResourceId: new(s.ID),
				TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: new(v)},
			})
		}
	}
	return out, nil
}

func aasDeregisterScalableTarget(c *call, in *aas.DeregisterScalableTargetInput) (*aas.DeregisterScalableTargetOutput, error) {
	s := c.r.scalable(str(in.ResourceId))
	if s == nil {
		return nil, &aastypes.ObjectNotFoundException{Message: msg("No scalable target found for %s", str(in.ResourceId))}
	}
	c.r.Scalables = remove(c.r.Scalables, s)
	return &aas.DeregisterScalableTargetOutput{}, nil
}
