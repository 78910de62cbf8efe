package sim

import (
	"slices"

	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scalingService is Application Auto Scaling for services of ECS.
func scalingService() awsService {
	return awsService{
		name: "applicationautoscaling", prefix: "application-autoscaling",
		state: []keeper{scalingShelf},
		operations: []operation{
			op(aasRegisterScalableTarget, also("ecs:DescribeServices", "ecs:UpdateService")), // it scales in the caller's name
			op(aasDescribeScalableTargets, pages("ScalableTargets", 50, 50)),
			op(aasDeregisterScalableTarget, also("cloudwatch:DeleteAlarms")),
			op(aasPutScalingPolicy, also("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms")),
			op(aasDescribeScalingPolicies, pages("ScalingPolicies", 50, 50)),
		},
		roles: map[string]string{"ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService"},
		list: func(v *inventory, r *region) {
			for _, s := range r.scaling().Scalables {
				v.add("application-autoscaling.ScalableTarget", named(r, nil, s.ID), false, s)
			}
		},
	}
}

type scalingState struct{ Scalables []*scalable }

const scalingShelf shelf[scalingState] = "scaling"

func (r *region) scaling() *scalingState { return scalingShelf.in(&r.Kept) }

// scalable is a scalable target of Application Auto Scaling, with its target tracking policies by name.
type scalable struct {
	ID       string // service/cluster/service
	Min, Max int32
	Policies map[string]float64 // name -> target value
}

func (r *region) scalable(id string) *scalable {
	return find(r.scaling().Scalables, func(s *scalable) bool { return s.ID == id })
}

func aasRegisterScalableTarget(c *call, in *aas.RegisterScalableTargetInput) (*aas.RegisterScalableTargetOutput, error) {
	id := str(in.ResourceId)
	if find(c.r.ecs().Services, func(s *service) bool { return s.Status == "ACTIVE" && s.scalingID() == id }) == nil {
		return nil, &aastypes.ValidationException{Message: msg("ECS service doesn't exist: %s", id)}
	}
	s := c.r.scalable(id)
	if s == nil {
		s = &scalable{ID: id, Policies: map[string]float64{}}
		c.r.scaling().Scalables = append(c.r.scaling().Scalables, s)
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
	for _, s := range c.r.scaling().Scalables {
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
	c.r.scaling().Scalables = remove(c.r.scaling().Scalables, s)
	return &aas.DeregisterScalableTargetOutput{}, nil
}
