package compute

import (
	"context"
	"fmt"
	"strconv"
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
	"berth/engine/resource/traffic"
)

// Aim is a measure that the number of tasks follows, and the value that it is held at.
type Aim struct {
	Policy string // the name of the policy in AWS
	Metric aastypes.MetricType
	Unit   string // for people
	Value  int
}

// Scaling lets the number of tasks follow their load: by each of the aims, whichever wants more tasks. Its calls are
// upserts.
type Scaling struct {
	Service  *Service
	Balancer *traffic.LoadBalancer // whose requests are counted; nil unless they are an aim

	LinkedRole *access.ServiceLinkedRole
	Min, Max   int
	CPU        int  // percent of the tasks' CPU to aim for; zero: no aim
	Memory     int  // percent of their memory
	Requests   int  // a minute, for each task
	Unwanted   bool // the number of tasks is fixed; scaling that is left goes

	found   *aastypes.ScalableTarget
	targets map[string]float64 // of our policies as observed, by name
}

// aims are all that there can be, with zero for those that are no aim.
func (c *Scaling) aims() []Aim {
	return []Aim{
		{"berth-cpu", aastypes.MetricTypeECSServiceAverageCPUUtilization, "cpu percent", c.CPU},
		{"berth-memory", aastypes.MetricTypeECSServiceAverageMemoryUtilization, "memory percent", c.Memory},
		{"berth-requests", aastypes.MetricTypeALBRequestCountPerTarget, "requests a minute for each task", c.Requests},
	}
}

func (c *Scaling) id() *string {
	return aws.String("service/" + c.Service.Cluster.Name() + "/" + c.Service.Name())
}

// Info implements Resource.
func (c *Scaling) Info() resource.Info {
	return resource.Info{
		ID: nodeOf("scaling", c.Service.Process), Kind: "applicationautoscaling.ScalableTarget",
		Name: fmt.Sprintf("%d to %s", c.Min, resource.Counted(c.Max, "task")), Label: labelOf("the scaling", c.Service.Process),
		Group: resource.GroupCompute, Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (c *Scaling) Wanted() bool { return !c.Unwanted }

// Needs implements Resource.
func (c *Scaling) Needs() []resource.Need {
	needs := resource.After(c.Service, c.LinkedRole)
	if c.Balancer != nil {
		needs = append(needs, resource.After(c.Balancer, c.Service.TargetGroup)...)
	}
	return needs
}

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
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
		})
		c.targets = map[string]float64{}
		return resource.Pages(ctx, p, func(out *aas.DescribeScalingPoliciesOutput) error {
			for _, one := range out.ScalingPolicies {
				if t := one.TargetTrackingScalingPolicyConfiguration; t != nil {
					c.targets[aws.ToString(one.PolicyName)] = aws.ToFloat64(t.TargetValue)
				}
			}
			return nil
		})
	})
	return g.Wait()
}

// Exists implements Resource.
func (c *Scaling) Exists() bool { return c.found != nil && c.Service.Stranger() == nil }

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
		drift.Add(fmt.Sprintf("scales from %d to %s", from, resource.Counted(to, "task")),
			resource.Field("tasks", fmt.Sprintf("%d to %d", from, to), fmt.Sprintf("%d to %d", c.Min, c.Max)))
	}
	for _, a := range c.aims() {
		if was := int(c.targets[a.Policy]); was != a.Value {
			drift.Add("has different scaling targets", resource.Field(a.Unit, aim(was), aim(a.Value)))
		}
	}
	return drift.Diff()
}

// aim is the value of an aim as a text, empty when it is none.
func aim(value int) string {
	if value == 0 {
		return ""
	}
	return strconv.Itoa(value)
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
			return fmt.Errorf("set the scaling range of the service: %w", err)
		}
		for _, a := range c.aims() {
			if err := c.follow(ctx, s, a); err != nil {
				return fmt.Errorf("set the scaling policy of the service: %w", err)
			}
		}
		c.found = &aastypes.ScalableTarget{
			MinCapacity: aws.Int32(int32(c.Min)), MaxCapacity: aws.Int32(int32(c.Max)), //nolint:gosec // small
		}
		return nil
	})
}

// follow makes the policy of an aim, or removes it when it is none.
func (c *Scaling) follow(ctx context.Context, s *resource.Scope, a Aim) error {
	if a.Value == 0 {
		if _, there := c.targets[a.Policy]; !there {
			return nil
		}
		_, err := s.Scaling.DeleteScalingPolicy(ctx, &aas.DeleteScalingPolicyInput{
			PolicyName: &a.Policy, ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
			ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
		})
		delete(c.targets, a.Policy)
		return resource.UnlessGone(err)
	}
	metric := &aastypes.PredefinedMetricSpecification{PredefinedMetricType: a.Metric}
	if a.Metric == aastypes.MetricTypeALBRequestCountPerTarget {
		metric.ResourceLabel = aws.String(requestLabel(c.Balancer.ARN, c.Service.TargetGroup.ARN))
	}
	_, err := s.Scaling.PutScalingPolicy(ctx, &aas.PutScalingPolicyInput{
		PolicyName: &a.Policy, ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: c.id(),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
		PolicyType:        aastypes.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{
			TargetValue:      aws.Float64(float64(a.Value)),
			ScaleOutCooldown: aws.Int32(60), ScaleInCooldown: aws.Int32(300), PredefinedMetricSpecification: metric,
		},
	})
	return err
}

// requestLabel names a target group behind a load balancer for the count of its requests, such as
// app/NAME/ID/targetgroup/NAME/ID: the ends of their ARNs (engine/AWS.md, Scaling).
func requestLabel(balancer, group string) string {
	_, lb, _ := strings.Cut(balancer, ":loadbalancer/")
	return lb + "/" + group[strings.LastIndex(group, ":")+1:]
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
		for _, a := range c.aims() {
			if _, there := c.targets[a.Policy]; there && a.Value == 0 {
				need = append(need, scale("application-autoscaling:DeleteScalingPolicy"), resource.On(resource.Actions("cloudwatch:DeleteAlarms"), alarms))
			}
		}
	case event.Delete:
		need = append(need, scale("application-autoscaling:DeregisterScalableTarget"), resource.On(resource.Actions("cloudwatch:DeleteAlarms"), alarms))
	case event.None:
	}
	return need
}

// Costs implements Coster: each policy watches by two alarms.
func (c *Scaling) Costs(b *price.Bill) {
	if c.Unwanted {
		return
	}
	n := 0
	for _, a := range c.aims() {
		if a.Value > 0 {
			n += price.AlarmsOfScaling
		}
	}
	b.Alarms(n)
}

// Scalings lists what scales the services of all apps: its id is service/berth-app-env/app (see resource.Owner.Name), with
// the process behind it.
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
			app, process, _ := strings.Cut(parts[2], processMark)
			env, ok := resource.EnvOf(parts[1], app)
			if !ok {
				continue
			}
			s.Add(resource.Found{
				Owner: resource.Owner{App: app, Env: env}, Kind: "applicationautoscaling.ScalableTarget", Name: id, ARN: id, Role: nodeOf("scaling", process),
			})
		}
		return nil
	})
}

// CostsMore implements Grower: the tasks beyond those that run in any case.
func (c *Scaling) CostsMore(b *price.Bill) {
	if v := c.Service; !c.Unwanted && c.Max > v.Instances {
		more := v.size(c.Max)
		less := v.size(v.Instances)
		more.Count, more.Spot = more.Count-less.Count, more.Spot-less.Spot
		b.Tasks(more)
	}
}

// AsFound implements AsFound. The service's own size is taken over before: it stands before its scaling.
func (c *Scaling) AsFound(context.Context, *resource.Scope) error {
	if c.found != nil {
		c.Min, c.Max, c.Unwanted = int(aws.ToInt32(c.found.MinCapacity)), int(aws.ToInt32(c.found.MaxCapacity)), false
		c.CPU, c.Memory, c.Requests = int(c.targets["berth-cpu"]), int(c.targets["berth-memory"]), int(c.targets["berth-requests"])
	}
	return nil
}
