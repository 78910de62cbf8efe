package sim

import (
	"maps"
	"slices"
	"strings"

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
			op(aasDeleteScalingPolicy, also("cloudwatch:DeleteAlarms")),
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
	if m := in.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification; m != nil {
		if err := c.checkRequestLabel(m); err != nil {
			return nil, err
		}
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
	names := in.PolicyNames
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(s.Policies))
	}
	for _, name := range names {
		if v, ok := s.Policies[name]; ok {
			out.ScalingPolicies = append(out.ScalingPolicies, aastypes.ScalingPolicy{
				PolicyName: new(name), ResourceId: new(s.ID),
				TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: new(v)},
			})
		}
	}
	return out, nil
}

// checkRequestLabel refuses the count of requests of what is no target group behind a load balancer.
func (c *call) checkRequestLabel(m *aastypes.PredefinedMetricSpecification) error {
	if m.PredefinedMetricType != aastypes.MetricTypeALBRequestCountPerTarget {
		return nil
	}
	lb, group, ok := strings.Cut(str(m.ResourceLabel), "/targetgroup/")
	g := find(c.r.elb().TargetGroups, func(g *targetGroup) bool { return strings.HasSuffix(g.ARN, ":targetgroup/"+group) })
	b := find(c.r.elb().LoadBalancers, func(b *loadBalancer) bool { return strings.HasSuffix(b.ARN, ":loadbalancer/"+lb) })
	if !ok || g == nil || b == nil {
		return &aastypes.ValidationException{Message: msg("Invalid resource label: %s", str(m.ResourceLabel))}
	}
	return nil
}

func aasDeleteScalingPolicy(c *call, in *aas.DeleteScalingPolicyInput) (*aas.DeleteScalingPolicyOutput, error) {
	s := c.r.scalable(str(in.ResourceId))
	if s != nil {
		if _, ok := s.Policies[str(in.PolicyName)]; ok {
			delete(s.Policies, str(in.PolicyName))
			return &aas.DeleteScalingPolicyOutput{}, nil
		}
	}
	return nil, &aastypes.ObjectNotFoundException{Message: msg("No scaling policy found for %s", str(in.ResourceId))}
}

func aasDeregisterScalableTarget(c *call, in *aas.DeregisterScalableTargetInput) (*aas.DeregisterScalableTargetOutput, error) {
	s := c.r.scalable(str(in.ResourceId))
	if s == nil {
		return nil, &aastypes.ObjectNotFoundException{Message: msg("No scalable target found for %s", str(in.ResourceId))}
	}
	c.r.scaling().Scalables = remove(c.r.scaling().Scalables, s)
	return &aas.DeregisterScalableTargetOutput{}, nil
}
