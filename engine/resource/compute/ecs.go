// Package compute holds the kinds that run an app: cluster, task definition, release command, service and scaling, the
// log group of the tasks and the DNS names under which they find each other.
package compute

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// ecsSettling are the errors of ECS while roles and clusters made a moment ago spread (engine/AWS.md, Settling).
var ecsSettling = []cloud.Retryable{
	{Code: "InvalidParameterException", Contains: "Unable to assume the service linked role", For: 2 * time.Minute},
	{Code: "InvalidParameterException", Contains: "verify that the ECS service role", For: 2 * time.Minute},
	{Code: "InvalidParameterException", Contains: "does not have an associated load balancer", For: 2 * time.Minute},
	{Code: "ClusterNotFoundException", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "Cluster was not ACTIVE", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "unable to assume the role", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "Role is not valid", For: 2 * time.Minute},
}

func shortARN(arn string) string {
	if i := strings.LastIndex(arn, "/"); i >= 0 {
		return arn[i+1:]
	}
	return arn
}

// newECS is to create something with tags: tags are a permission of their own, on what is created.
func newECS(api, arn string) []resource.Permission {
	tags := resource.On(resource.Actions("ecs:TagResource"), arn)
	tags.When = resource.WhenEqual("ecs:CreateAction", api)
	return []resource.Permission{resource.On(resource.Actions("ecs:"+api), arn), tags}
}

func tagMap(tags []ecstypes.Tag) map[string]string {
	return resource.TagMap(tags, func(t ecstypes.Tag) (k, v *string) { return t.Key, t.Value })
}

// taskBatch is how many tasks one call describes.
const taskBatch = 100

// tasksOf are all tasks that a listing finds, over all of its pages.
func tasksOf(ctx context.Context, c *cloud.Clients, in *ecs.ListTasksInput) (all []ecstypes.Task, err error) {
	arns, err := resource.Gather(ctx, ecs.NewListTasksPaginator(c.ECS, in), func(out *ecs.ListTasksOutput) []string { return out.TaskArns })
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(arns, taskBatch) {
		out, err := c.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: in.Cluster, Tasks: batch})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Tasks...)
	}
	return all, nil
}

// pattern compiles an expression when it is first needed: most runs of the program need none.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// Deployments lists the deployments of a service that in asks for, newest first, the newest ones when most is not zero.
// The SDK has no paginator for it. Errors of the SDK come as they are.
func Deployments(ctx context.Context, c *cloud.Clients, in *ecs.ListServiceDeploymentsInput, most int) ([]ecstypes.ServiceDeploymentBrief, error) {
	var all []ecstypes.ServiceDeploymentBrief
	for {
		out, err := c.ECS.ListServiceDeployments(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.ServiceDeployments...)
		if most > 0 && len(all) >= most {
			return all[:most], nil
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all, nil
		}
	}
}

// publicIP says whether tasks in a network get public addresses.
func publicIP(n network.Network) ecstypes.AssignPublicIp {
	if n.Private {
		return ecstypes.AssignPublicIpDisabled
	}
	return ecstypes.AssignPublicIpEnabled
}
