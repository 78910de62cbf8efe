package compute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/access"
)

// Cluster is the ECS cluster of the app. It costs nothing.
type Cluster struct {
	resource.Claim
	Owner      resource.Owner
	LinkedRole *access.ServiceLinkedRole

	ARN string // output

	found bool
}

// Name is the cluster's name. It is known before the cluster exists.
func (c *Cluster) Name() string { return c.Owner.Name() }

// Info implements Resource.
func (c *Cluster) Info() resource.Info {
	return resource.Info{
		ID: "cluster", Kind: "ecs.Cluster", Name: c.Name(), Label: "the cluster", Group: resource.GroupCompute,
		Usually: 10 * time.Second, Gone: 5 * time.Second,
	}
}

// Needs implements Resource.
func (c *Cluster) Needs() []resource.Need { return resource.After(c.LinkedRole) }

// Identifier implements Identified.
func (c *Cluster) Identifier() string { return c.ARN }

// Observe implements Resource. A deleted cluster stays visible as INACTIVE and counts as absent.
func (c *Cluster) Observe(ctx context.Context, s *resource.Scope) error {
	out, err := s.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{c.Name()}, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags},
	})
	if err != nil {
		return err
	}
	for _, found := range out.Clusters {
		if aws.ToString(found.ClusterName) == c.Name() && aws.ToString(found.Status) != "INACTIVE" {
			c.found, c.ARN = true, aws.ToString(found.ClusterArn)
			return c.Judge(c.Owner, tagMap(found.Tags), nil)
		}
	}
	return nil
}

// Exists implements Resource.
func (c *Cluster) Exists() bool { return c.found && c.Ours() }

// Diff implements Resource.
func (c *Cluster) Diff(s *resource.Scope) resource.Diff {
	if c.found {
		return resource.None()
	}
	return resource.Absent()
}

// Apply implements Resource. Creating a cluster that exists returns it.
func (c *Cluster) Apply(ctx context.Context, s *resource.Scope) error {
	if c.found {
		return nil
	}
	return s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{
			ClusterName: aws.String(c.Name()), Tags: c.Owner.ECSTags("cluster"),
			CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
			DefaultCapacityProviderStrategy: []ecstypes.CapacityProviderStrategyItem{
				{CapacityProvider: aws.String("FARGATE"), Weight: 1, Base: 1},
			},
			Settings: []ecstypes.ClusterSetting{
				{Name: ecstypes.ClusterSettingNameContainerInsights, Value: aws.String("disabled")},
			},
		})
		if err != nil {
			return fmt.Errorf("create cluster: %w", err)
		}
		c.found, c.ARN = true, aws.ToString(out.Cluster.ClusterArn)
		return nil
	})
}

// Delete implements Resource.
func (c *Cluster) Delete(ctx context.Context, s *resource.Scope) error {
	if !c.Exists() {
		return nil
	}
	busy := 10 * time.Minute
	err := s.Retry(ctx, []cloud.Retryable{
		{Code: "ClusterContainsServicesException", For: busy},
		{Code: "ClusterContainsTasksException", For: busy},
		{Code: "ClusterContainsCapacityProviderException", For: busy},
		{Code: "UpdateInProgressException", For: busy},
	}, func(ctx context.Context) error {
		_, err := s.ECS.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String(c.Name())})
		if cloud.Is(err, "ClusterContainsTasksException") {
			c.stopLoners(ctx, s)
		}
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// stopLoners stops the tasks that run in the cluster without a service: a release command that never ends, or a shell that
// was forgotten. Nothing else ends them, and the cluster does not go before. What cannot be stopped is told.
func (c *Cluster) stopLoners(ctx context.Context, s *resource.Scope) {
	tasks, err := tasksOf(ctx, s.Clients, &ecs.ListTasksInput{Cluster: aws.String(c.Name()), DesiredStatus: ecstypes.DesiredStatusRunning})
	if err != nil {
		s.Notice("berth", "tasks in the cluster block its deletion: "+cloud.WhyNot(err))
		return
	}
	for _, t := range tasks {
		if strings.HasPrefix(aws.ToString(t.Group), "service:") {
			continue
		}
		name := resource.Last(aws.ToString(t.TaskArn))
		_, err := s.ECS.StopTask(ctx, &ecs.StopTaskInput{
			Cluster: aws.String(c.Name()), Task: t.TaskArn, Reason: aws.String("berth: the app is destroyed"),
		})
		if err != nil && !cloud.NotFound(err) {
			s.Notice("berth", "the task "+name+" blocks the deletion of the cluster: "+cloud.WhyNot(err))
			continue
		}
		s.Notice("berth", "stopped the task "+name+", which belonged to no service")
	}
}

// arn is the cluster's ARN, which is known before the cluster exists.
func (c *Cluster) arn(s *resource.Scope) string { return s.ARN("ecs", "cluster/"+c.Name()) }

// Permissions implements Permissioned.
func (c *Cluster) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.On(resource.Actions("ecs:DescribeClusters"), c.arn(s))}
	switch do {
	case event.Create:
		need = append(need, newECS("CreateCluster", c.arn(s))...)
	case event.Delete:
		loners := append(c.tasks(s), resource.On(resource.Actions("ecs:StopTask"), s.ARN("ecs", "task/"+c.Name()+"/*")))
		for i := range loners {
			loners[i].Without = "a standalone task blocks the deletion of the cluster"
		}
		need = append(append(need, loners...), resource.On(resource.Actions("ecs:DeleteCluster"), c.arn(s)))
	case event.None, event.Update, event.Replace:
	}
	return need
}

// tasks is to list and describe the cluster's tasks.
func (c *Cluster) tasks(s *resource.Scope) []resource.Permission {
	list := resource.Anywhere("ecs:ListTasks")
	list.When = policy.Condition{"ArnEquals": {"ecs:cluster": {c.arn(s)}}}
	return []resource.Permission{list, resource.On(resource.Actions("ecs:DescribeTasks"), s.ARN("ecs", "task/"+c.Name()+"/*"))}
}

// clusterBatch is how many clusters one call describes.
const clusterBatch = 100

// placed is a cluster of ours and whose it is.
type placed struct {
	arn   string
	owner resource.Owner
	id    string // the owner's identity
}

// FindClusters looks for the clusters of owners, and returns the owners that have one, each with its identity.
func FindClusters(ctx context.Context, c *cloud.Clients, owners ...resource.Owner) (found []resource.Owner, err error) {
	var names []string
	for _, o := range owners {
		names = append(names, o.Name())
	}
	out, err := c.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: names, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags},
	})
	if err != nil {
		return nil, err
	}
	for _, k := range out.Clusters {
		tags := tagMap(k.Tags)
		i := slices.Index(names, aws.ToString(k.ClusterName))
		if has, ok := resource.OwnerOf(tags); i >= 0 && ok && has.Same(owners[i]) && aws.ToString(k.Status) != "INACTIVE" {
			o := owners[i]
			o.ID = tags[resource.TagID]
			found = append(found, o)
		}
	}
	return found, nil
}

// Apps lists the apps that have a cluster in the region of the clients, each with its identity. Errors of the SDK come as they are.
func Apps(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	clusters, err := listClusters(ctx, resource.NewSurvey(c))
	var out []resource.Owner
	for _, k := range clusters {
		k.owner.ID = k.id
		out = append(out, k.owner)
	}
	return out, err
}

// listClusters lists the clusters of all apps, and notes them.
func listClusters(ctx context.Context, s *resource.Survey) ([]placed, error) {
	var arns []string
	p := ecs.NewListClustersPaginator(s.ECS, &ecs.ListClustersInput{})
	err := resource.Pages(ctx, p, func(out *ecs.ListClustersOutput) error {
		for _, arn := range out.ClusterArns {
			if strings.HasPrefix(resource.Last(arn), resource.NamePrefix) {
				arns = append(arns, arn)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []placed
	for batch := range slices.Chunk(arns, clusterBatch) {
		out, err := s.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
			Clusters: batch, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags},
		})
		if err != nil {
			return nil, err
		}
		for _, k := range out.Clusters {
			tags, arn := tagMap(k.Tags), aws.ToString(k.ClusterArn)
			if o, ok := resource.OwnerOf(tags); ok && aws.ToString(k.Status) != "INACTIVE" {
				s.AddTagged(resource.Found{Kind: "ecs.Cluster", Name: resource.Last(arn), ARN: arn}, tags)
				all = append(all, placed{arn: arn, owner: o, id: tags[resource.TagID]})
			}
		}
	}
	return all, nil
}
