package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
)

// scalingPolicy is the name of our one policy.
const scalingPolicy = "berth-cpu"

// Scaling lets the number of tasks follow their CPU load. Both of its calls are upserts.
type Scaling struct {
	Service    *Service
	LinkedRole *ServiceLinkedRole
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
func (c *Scaling) Info() Info {
	return Info{
		ID: "scaling", Kind: "applicationautoscaling.ScalableTarget",
		Name: fmt.Sprintf("%d to %d tasks", c.Min, c.Max), Label: "the scaling of the service",
		Group: GroupCompute, Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (c *Scaling) Needs() []Need { return after(c.Service, c.LinkedRole) }

// Observe implements Resource.
func (c *Scaling) Observe(ctx context.Context, s *Scope) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := s.Scaling.DescribeScalableTargets(ctx, &aas.DescribeScalableTargetsInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceIds: []string{*c.id()},
			ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
		})
		if err == nil && len(out.ScalableTargets) > 0 {
			c.found = &out.ScalableTargets[0]
		}
		return err
	})
	g.Go(func() error {
		out, err := s.Scaling.DescribeScalingPolicies(ctx, &aas.DescribeScalingPoliciesInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(), PolicyNames: []string{scalingPolicy},
		})
		if err == nil && len(out.ScalingPolicies) > 0 && out.ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration != nil {
			c.target = aws.ToFloat64(out.ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.TargetValue)
		}
		return err
	})
	return g.Wait()
}

// Exists implements Resource.
func (c *Scaling) Exists() bool { return c.found != nil }

// Diff implements Resource.
func (c *Scaling) Diff() Diff {
	if c.Unwanted {
		return unwanted(c)
	}
	if c.found == nil || !c.Service.active() {
		return absent()
	}
	var whys []string
	if int(aws.ToInt32(c.found.MinCapacity)) != c.Min || int(aws.ToInt32(c.found.MaxCapacity)) != c.Max {
		whys = append(whys, fmt.Sprintf("goes from %d to %d tasks", aws.ToInt32(c.found.MinCapacity), aws.ToInt32(c.found.MaxCapacity)))
	}
	if int(c.target) != c.CPUPercent {
		whys = append(whys, "follows another load")
	}
	return update(whys)
}

// Apply implements Resource.
func (c *Scaling) Apply(ctx context.Context, s *Scope) error {
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
		return nil
	})
}

// Delete implements Resource. The policy goes with the target.
func (c *Scaling) Delete(ctx context.Context, s *Scope) error {
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
