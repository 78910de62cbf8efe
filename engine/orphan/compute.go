package orphan

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/compute"
)

// How many clusters, services and tasks one call of ECS describes.
const (
	clusterBatch = 100
	serviceBatch = 10
	taskBatch    = 100
)

func ecsTags(tags []ecstypes.Tag) map[string]string {
	return tagsOf(tags, func(t ecstypes.Tag) (k, v *string) { return t.Key, t.Value })
}

// cluster is a cluster of ours and what is in it.
type cluster struct {
	arn      string
	owner    resource.Owner
	services []ecstypes.Service
	tasks    []ecstypes.Task
}

// services looks for clusters, their services, and tasks that belong to none. It says which apps are alive.
func (s *survey) services(ctx context.Context) error {
	clusters, err := s.clusters(ctx)
	if err != nil {
		return err
	}
	err = each(ctx, clusters, func(ctx context.Context, i int, k cluster) (err error) {
		if clusters[i].services, err = s.servicesOf(ctx, k.arn); unlessGone(err) != nil {
			return err
		}
		clusters[i].tasks, err = s.tasksOf(ctx, k.arn)
		return unlessGone(err)
	})
	for _, k := range clusters {
		for _, svc := range k.services {
			s.service(k.owner, svc)
		}
		for _, t := range k.tasks {
			s.task(k.owner, t)
		}
	}
	return err
}

// clusters are the clusters of ours that are not deleted.
func (s *survey) clusters(ctx context.Context) ([]cluster, error) {
	var arns []string
	p := ecs.NewListClustersPaginator(s.ECS, &ecs.ListClustersInput{})
	err := pages(ctx, p, func(out *ecs.ListClustersOutput) error {
		for _, arn := range out.ClusterArns {
			if strings.HasPrefix(last(arn), prefix) {
				arns = append(arns, arn)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []cluster
	for batch := range slices.Chunk(arns, clusterBatch) {
		out, err := s.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
			Clusters: batch, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags},
		})
		if err != nil {
			return nil, err
		}
		for _, k := range out.Clusters {
			tags, arn := ecsTags(k.Tags), aws.ToString(k.ClusterArn)
			if o, ok := ownerOf(tags); ok && aws.ToString(k.Status) != "INACTIVE" {
				s.own(found{Resource: Resource{Kind: "ecs.Cluster", Name: last(arn), ARN: arn}}, tags)
				all = append(all, cluster{arn: arn, owner: o})
			}
		}
	}
	return all, nil
}

func (s *survey) servicesOf(ctx context.Context, cluster string) ([]ecstypes.Service, error) {
	var arns []string
	p := ecs.NewListServicesPaginator(s.ECS, &ecs.ListServicesInput{Cluster: &cluster})
	err := pages(ctx, p, func(out *ecs.ListServicesOutput) error {
		arns = append(arns, out.ServiceArns...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []ecstypes.Service
	for batch := range slices.Chunk(arns, serviceBatch) {
		out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: batch})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Services...)
	}
	return all, nil
}

// service makes its app alive, unless it is on its way out.
func (s *survey) service(o resource.Owner, svc ecstypes.Service) {
	switch aws.ToString(svc.Status) {
	case "INACTIVE":
		return
	case "ACTIVE":
		a := s.app(o)
		a.alive = true
		a.discovered = a.discovered || len(svc.ServiceRegistries) > 0
		for _, l := range svc.LoadBalancers {
			a.targets[aws.ToString(l.TargetGroupArn)] = true
		}
	}
	s.add(found{owner: o, Resource: Resource{
		Kind: "ecs.Service", Name: aws.ToString(svc.ServiceName), ARN: aws.ToString(svc.ServiceArn), Role: "service",
		Why: "is being deleted",
	}})
}

func (s *survey) tasksOf(ctx context.Context, cluster string) ([]ecstypes.Task, error) {
	var arns []string
	p := ecs.NewListTasksPaginator(s.ECS, &ecs.ListTasksInput{Cluster: &cluster})
	err := pages(ctx, p, func(out *ecs.ListTasksOutput) error {
		arns = append(arns, out.TaskArns...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []ecstypes.Task
	for batch := range slices.Chunk(arns, taskBatch) {
		out, err := s.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: batch})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Tasks...)
	}
	return all, nil
}

// task notes a task that runs on its own: a release command that never ends, or a shell that was forgotten.
// With a service around it, it may well be in use.
func (s *survey) task(o resource.Owner, t ecstypes.Task) {
	if strings.HasPrefix(aws.ToString(t.Group), "service:") {
		return
	}
	s.add(found{
		owner: o, usage: taskUsage(t),
		Resource: Resource{
			Kind: "ecs.Task", Name: last(aws.ToString(t.TaskArn)), ARN: aws.ToString(t.TaskArn), Role: "task",
			Why: "runs, and " + noService,
		},
	})
}

// taskUsage is what a task uses when it runs for a month.
func taskUsage(t ecstypes.Task) []price.Item {
	units, err := strconv.ParseFloat(aws.ToString(t.Cpu), 64)
	memory, err2 := strconv.ParseFloat(aws.ToString(t.Memory), 64)
	if err != nil || err2 != nil {
		return nil
	}
	arch := "x86"
	for _, a := range t.Attributes {
		if aws.ToString(a.Name) == "ecs.cpu-architecture" && aws.ToString(a.Value) == "arm64" {
			arch = "arm"
		}
	}
	return usage(&compute.Service{Instances: 1, CPU: units / 1024, MemoryGB: memory / 1024, Arch: arch})
}

func (s *survey) taskDefinitions(ctx context.Context) error {
	var all []found
	p := ecs.NewListTaskDefinitionFamiliesPaginator(s.ECS, &ecs.ListTaskDefinitionFamiliesInput{
		FamilyPrefix: aws.String(prefix), Status: ecstypes.TaskDefinitionFamilyStatusActive,
	})
	err := pages(ctx, p, func(out *ecs.ListTaskDefinitionFamiliesOutput) error {
		for _, family := range out.Families {
			all = append(all, found{Resource: Resource{Kind: "ecs.TaskDefinition", Name: family}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.withTags(ctx, all, func(ctx context.Context, f *found) (map[string]string, error) {
		out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &f.Name, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
		})
		if cloud.Is(err, "ClientException") { // it is gone since it was listed
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if d := out.TaskDefinition; d != nil {
			f.ARN = aws.ToString(d.TaskDefinitionArn)
		}
		return ecsTags(out.Tags), nil
	})
}

// scaling looks for what scales a service: its id is service/berth-app-env/app.
func (s *survey) scaling(ctx context.Context) error {
	p := aas.NewDescribeScalableTargetsPaginator(s.Scaling, &aas.DescribeScalableTargetsInput{
		ServiceNamespace:  aastypes.ServiceNamespaceEcs,
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
	})
	return pages(ctx, p, func(out *aas.DescribeScalableTargetsOutput) error {
		for _, t := range out.ScalableTargets {
			id := aws.ToString(t.ResourceId)
			parts := strings.Split(id, "/")
			if len(parts) != 3 {
				continue
			}
			env, ok := strings.CutPrefix(parts[1], prefix+parts[2]+"-")
			if !ok || env == "" {
				continue
			}
			s.add(found{
				owner:    resource.Owner{App: parts[2], Env: env},
				Resource: Resource{Kind: "applicationautoscaling.ScalableTarget", Name: id, ARN: id, Role: "scaling"},
			})
		}
		return nil
	})
}
