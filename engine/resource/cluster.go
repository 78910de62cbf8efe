package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
)

// Cluster is the ECS cluster of the app. It costs nothing.
type Cluster struct {
	Owner      Owner
	LinkedRole *ServiceLinkedRole

	ARN string // output

	found bool
}

// Name is the cluster's name. It is known before the cluster exists.
func (c *Cluster) Name() string { return c.Owner.Name() }

// Info implements Resource.
func (c *Cluster) Info() Info {
	return Info{
		ID: "cluster", Kind: "ecs.Cluster", Name: c.Name(), Label: "the cluster", Group: GroupCompute,
		Usually: 10 * time.Second, Gone: 5 * time.Second,
	}
}

// Needs implements Resource.
func (c *Cluster) Needs() []Need { return after(c.LinkedRole) }

// Observe implements Resource. A deleted cluster stays visible as INACTIVE and counts as absent.
func (c *Cluster) Observe(ctx context.Context, s *Scope) error {
	out, err := s.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{c.Name()}})
	if err != nil {
		return err
	}
	for _, found := range out.Clusters {
		if aws.ToString(found.ClusterName) == c.Name() && aws.ToString(found.Status) != "INACTIVE" {
			c.found, c.ARN = true, aws.ToString(found.ClusterArn)
		}
	}
	return nil
}

// Exists implements Resource.
func (c *Cluster) Exists() bool { return c.found }

// Diff implements Resource.
func (c *Cluster) Diff() Diff {
	if c.found {
		return none()
	}
	return absent()
}

// ecsSettling are the errors of ECS while roles and clusters made a moment ago spread (ecs-provisioning 3.7).
var ecsSettling = []cloud.Retryable{
	{Code: "InvalidParameterException", Contains: "Unable to assume the service linked role", For: 2 * time.Minute},
	{Code: "InvalidParameterException", Contains: "verify that the ECS service role", For: 2 * time.Minute},
	{Code: "InvalidParameterException", Contains: "does not have an associated load balancer", For: 2 * time.Minute},
	{Code: "ClusterNotFoundException", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "Cluster was not ACTIVE", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "unable to assume the role", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "Role is not valid", For: 2 * time.Minute},
}

// Apply implements Resource. Creating a cluster that exists returns it.
func (c *Cluster) Apply(ctx context.Context, s *Scope) error {
	if c.found {
		return nil
	}
	return s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{
			ClusterName: aws.String(c.Name()), Tags: c.Owner.ecsTags("cluster"),
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
func (c *Cluster) Delete(ctx context.Context, s *Scope) error {
	if !c.found {
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
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}
