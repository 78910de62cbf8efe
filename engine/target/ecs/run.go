package ecs

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/target"
)

// Run implements target.Watcher.
func (w *watcher) Run(ctx context.Context, once target.Once) (exit int, err error) {
	b, err := w.blueprint()
	if err != nil {
		return 0, err
	}
	o := &compute.OneOff{
		Clients: w.clients, Cluster: b.Cluster.Name(), Group: b.LogGroup.Name(), Process: once.Process, Command: once.Command,
		Each: once.Each, Doing: once.Doing, Tags: w.owner.ECSTags("run"),
	}
	own, err := w.serviceCalled(ctx, b.Cluster.Name(), b.Service.Name())
	if err != nil {
		return 0, err
	}
	o.Definition, o.Network = aws.ToString(own.TaskDefinition), own.NetworkConfiguration
	if once.Process != "" {
		if o.Definition, err = w.definitionOf(ctx, once.Process); err != nil {
			return 0, err
		}
	}
	return o.Run(ctx)
}

// serviceCalled is a service that runs.
func (w *watcher) serviceCalled(ctx context.Context, cluster, name string) (*ecstypes.Service, error) {
	svc, err := w.describe(ctx, found{cluster: cluster, service: name})
	if err != nil {
		return nil, cloud.Refused(cloud.Explain("look at the service", err))
	}
	if svc == nil {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " (" + w.owner.Env + ") is not deployed in " + w.clients.Region, Remedy: "deploy it with: berth deploy",
		}
	}
	return svc, nil
}

// definitionOf is the revision that a process runs, all the time or by its schedule.
func (w *watcher) definitionOf(ctx context.Context, process string) (string, error) {
	names, err := compute.Processes(ctx, w.clients, w.owner)
	if err != nil {
		return "", cloud.Refused(cloud.Explain("list the app's processes", err))
	}
	if !slices.Contains(names, process) {
		known := "the app has no other processes"
		if len(names) > 0 {
			known = "its processes are " + strings.Join(names, ", ")
		}
		return "", &fail.Error{Class: fail.Usage, Cause: w.owner.App + " has no process " + process, Remedy: known}
	}
	b, err := w.blueprint(process)
	if err != nil {
		return "", err
	}
	p := b.Processes[0]
	svc, err := w.describe(ctx, found{cluster: b.Cluster.Name(), service: p.Service.Name()})
	if err != nil {
		return "", cloud.Refused(cloud.Explain("look at the service", err))
	}
	if svc != nil {
		return aws.ToString(svc.TaskDefinition), nil
	}
	if err := p.Schedule.Observe(ctx, &resource.Scope{Clients: w.clients, Owner: w.owner}); err != nil {
		return "", cloud.Refused(cloud.Explain("look at the schedule", err))
	}
	if _, revision, _ := p.Schedule.Observed(); revision != "" {
		return revision, nil
	}
	out, err := w.clients.ECS.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(p.TaskDef.Family())})
	if err != nil {
		return "", cloud.Refused(cloud.Explain("look at the task definition", err))
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}
