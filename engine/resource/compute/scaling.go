package compute

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"golang.org/x/sync/errgroup"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
)

// scalingPolicy is the name of our one policy.
const scalingPolicy = "berth-cpu"

// Scaling lets the number of tasks follow their CPU load. Both of its calls are upserts.
type Scaling struct {
	Service    *Service
	LinkedRole *access.ServiceLinkedRole
	Min, Max   int
	CPUPercent int
	Unwanted   bool // the number of tasks is fixed; scaling that is left goes

	found  *aastypes.ScalableTarget
	target float64 // of the policy as observed, zero when there is none
}

func (c *Scaling) id() *string {
	return aws.String("service/" + c.Service.Cluster.Name() + "/" + c.Service.Name())
}

// Info implements Resource.
func (c *Scaling) Info() resource.Info {
	return resource.Info{
		ID: "scaling", Kind: "applicationautoscaling.ScalableTarget",
		Name: fmt.Sprintf("%d to %d tasks", c.Min, c.Max), Label: "the scaling of the service",
		Group: resource.GroupCompute, Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (c *Scaling) Wanted() bool { return !c.Unwanted }

// Needs implements Resource.
func (c *Scaling) Needs() []resource.Need { return resource.After(c.Service, c.LinkedRole) }

// Observe implements Resource.
func (c *Scaling) Observe(ctx context.Context, s *resource.Scope) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		p := aas.NewDescribeScalableTargetsPaginator(s.Scaling, &aas.DescribeScalableTargetsInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceIds: []string{*c.id()},
			ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
		})
		return resource.Pages(ctx, p, func(out *aas.DescribeScalableTargetsOutput) error {
			for i := range out.ScalableTargets {
				c.found = &out.ScalableTargets[i]
			}
			return nil
		})
	})
	g.Go(func() error {
		p := aas.NewDescribeScalingPoliciesPaginator(s.Scaling, &aas.DescribeScalingPoliciesInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(), PolicyNames: []string{scalingPolicy},
		})
		return resource.Pages(ctx, p, func(out *aas.DescribeScalingPoliciesOutput) error {
			for _, one := range out.ScalingPolicies {
				if t := one.TargetTrackingScalingPolicyConfiguration; t != nil {
					c.target = aws.ToFloat64(t.TargetValue)
				}
			}
			return nil
		})
	})
	return g.Wait()
}

// Exists implements Resource.
func (c *Scaling) Exists() bool { return c.found != nil }

// Diff implements Resource.
func (c *Scaling) Diff(s *resource.Scope) resource.Diff {
	if c.Unwanted {
		return resource.Unwanted(c)
	}
	if c.found == nil || !c.Service.active() {
		return resource.Absent()
	}
	var drift resource.Drift
	if from, to := int(aws.ToInt32(c.found.MinCapacity)), int(aws.ToInt32(c.found.MaxCapacity)); from != c.Min || to != c.Max {
		drift.Add(fmt.Sprintf("goes from %d to %d tasks", from, to),
			resource.Field("tasks", fmt.Sprintf("%d to %d", from, to), fmt.Sprintf("%d to %d", c.Min, c.Max)))
	}
	if int(c.target) != c.CPUPercent {
		drift.Add("follows another load", resource.Field("cpu percent", c.target, c.CPUPercent))
	}
	return drift.Diff()
}

// Apply implements Resource.
func (c *Scaling) Apply(ctx context.Context, s *resource.Scope) error {
	settling := []cloud.Retryable{
		{Code: "ConcurrentUpdateException", For: time.Minute},
		{Code: "ValidationException", Contains: "ECS service doesn't exist", For: time.Minute},
	}
	return s.Retry(ctx, settling, func(ctx context.Context) error {
		_, err := s.Scaling.RegisterScalableTarget(ctx, &aas.RegisterScalableTargetInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
			ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			MinCapacity:       aws.Int32(int32(c.Min)), MaxCapacity: aws.Int32(int32(c.Max)), //nolint:gosec // small
		})
		if err != nil {
			return fmt.Errorf("set how far the service scales: %w", err)
		}
		_, err = s.Scaling.PutScalingPolicy(ctx, &aas.PutScalingPolicyInput{
			PolicyName: aws.String(scalingPolicy), ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
			ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			PolicyType:        aastypes.PolicyTypeTargetTrackingScaling,
			TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{
				TargetValue:      aws.Float64(float64(c.CPUPercent)),
				ScaleOutCooldown: aws.Int32(60), ScaleInCooldown: aws.Int32(300),
				PredefinedMetricSpecification: &aastypes.PredefinedMetricSpecification{
					PredefinedMetricType: aastypes.MetricTypeECSServiceAverageCPUUtilization,
				},
			},
		})
		if err != nil {
			return fmt.Errorf("set the load that the service follows: %w", err)
		}
		c.target = float64(c.CPUPercent)
		c.found = &aastypes.ScalableTarget{
			MinCapacity: aws.Int32(int32(c.Min)), MaxCapacity: aws.Int32(int32(c.Max)), //nolint:gosec // small
		}
		return nil
	})
}

// Delete implements Resource. The policy goes with the target.
func (c *Scaling) Delete(ctx context.Context, s *resource.Scope) error {
	if c.found == nil {
		return nil
	}
	_, err := s.Scaling.DeregisterScalableTarget(ctx, &aas.DeregisterScalableTargetInput{
		ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned. Application Auto Scaling scales the service and keeps its alarms in the
// caller's name (engine/AWS.md, Permissions).
func (c *Scaling) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies")}
	alarms := s.ARN("cloudwatch", "alarm:TargetTracking-"+*c.id()+"*")
	scale := func(actions ...string) resource.Permission {
		p := resource.On(actions, s.ARN("application-autoscaling", "scalable-target/*"))
		p.When = resource.WhenEqual("application-autoscaling:service-namespace", "ecs")
		return p
	}
	switch do {
	case event.Create, event.Update, event.Replace:
		need = append(need,
			scale("application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"),
			resource.On(resource.Actions("ecs:DescribeServices", "ecs:UpdateService"), c.Service.ServiceARN(s)),
			resource.On(resource.Actions("cloudwatch:PutMetricAlarm"), alarms), resource.On(resource.Actions("cloudwatch:DescribeAlarms"), s.ARN("cloudwatch", "alarm:*")))
	case event.Delete:
		need = append(need, scale("application-autoscaling:DeregisterScalableTarget"), resource.On(resource.Actions("cloudwatch:DeleteAlarms"), alarms))
	case event.None:
	}
	return need
}

// Costs implements Coster: the policy watches by two alarms.
func (c *Scaling) Costs(b *price.Bill) {
	if !c.Unwanted {
		b.Alarms(price.AlarmsOfScaling)
	}
}

// Scalings lists what scales the services of all apps: its id is service/berth-app-env/app.
var Scalings = resource.Listing{What: "scaling", List: listScalings}

func listScalings(ctx context.Context, s *resource.Survey) error {
	p := aas.NewDescribeScalableTargetsPaginator(s.Scaling, &aas.DescribeScalableTargetsInput{
		ServiceNamespace:  aastypes.ServiceNamespaceEcs,
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
	})
	return resource.Pages(ctx, p, func(out *aas.DescribeScalableTargetsOutput) error {
		for _, t := range out.ScalableTargets {
			id := aws.ToString(t.ResourceId)
			parts := strings.Split(id, "/")
			if len(parts) != 3 {
				continue
			}
			env, ok := strings.CutPrefix(parts[1], resource.NamePrefix+parts[2]+"-")
			if !ok || env == "" {
				continue
			}
			s.Add(resource.Found{
				Owner: resource.Owner{App: parts[2], Env: env}, Kind: "applicationautoscaling.ScalableTarget", Name: id, ARN: id, Role: "scaling",
			})
		}
		return nil
	})
}

// CostsMore implements Grower: the tasks beyond those that run in any case.
func (c *Scaling) CostsMore(b *price.Bill) {
	if v := c.Service; !c.Unwanted && c.Max > v.Instances {
		b.Tasks(price.Tasks{Count: c.Max - v.Instances, VCPU: v.CPU, MemoryGB: v.MemoryGB, Arch: v.Arch})
	}
}

// AsFound implements AsFound. The service's own size is taken over before: it stands before its scaling.
func (c *Scaling) AsFound(context.Context, *resource.Scope) error {
	if c.found != nil {
		c.Min, c.Max, c.Unwanted = int(aws.ToInt32(c.found.MinCapacity)), int(aws.ToInt32(c.found.MaxCapacity)), false
	}
	return nil
}
