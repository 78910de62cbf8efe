package compute

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/resource"
)

// Permissions implements Permissioned.
func (v *Service) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := v.ServiceARN(s)
	need := []resource.Permission{resource.On(resource.Actions("ecs:DescribeServices"), arn)}
	switch do {
	case "":
		return need
	case event.Delete:
		return append(need, resource.On(resource.Actions("ecs:DeleteService"), arn))
	case event.Create:
		need = append(need, newECS("CreateService", arn)...)
	case event.Update, event.Replace:
		need = append(need, resource.On(resource.Actions("ecs:UpdateService"), arn))
	case event.None:
	}
	return append(need, v.watching(s)...)
}

// watching is to follow a rollout.
func (v *Service) watching(s *resource.Scope) []resource.Permission {
	name := v.Cluster.Name() + "/" + v.Name()
	blind := "the rollout is judged by the task counts of the service alone"
	list := resource.On(resource.Actions("ecs:ListServiceDeployments"), v.ServiceARN(s))
	describe := resource.On(resource.Actions("ecs:DescribeServiceDeployments"), s.ARN("ecs", "service-deployment/"+name+"/*"))
	list.Without, describe.Without = blind, blind
	need := append(v.Cluster.tasks(s), list, describe,
		v.TaskDefinition.LogGroup.readLogs(s, "failed tasks are explained without their last log lines"))
	if v.TargetGroup != nil {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeTargetHealth"))
	}
	return need
}

// readsRevisions is to read what ran in which version; without says what is missing when that may not be.
func (v *Service) readsRevisions(s *resource.Scope, without string) resource.Permission {
	p := resource.On(resource.Actions("ecs:DescribeServiceRevisions"), s.ARN("ecs", "service-revision/"+v.Cluster.Name()+"/"+v.Name()+"/*"))
	p.Without = without
	return p
}

// Look is to read what a status and the log tell beyond what a deployment looks at itself.
func (v *Service) Look(s *resource.Scope) []resource.Permission {
	revisions := v.readsRevisions(s, "berth status does not show which images ran")
	metrics := resource.Anywhere("cloudwatch:GetMetricData")
	metrics.Without = "CPU, memory and requests are not shown"
	lines := resource.On(resource.Actions("logs:FilterLogEvents"), v.TaskDefinition.LogGroup.arns(s)[1])
	lines.Without = "the app's log is not shown"
	return []resource.Permission{revisions, metrics, lines}
}

// fargateQuota is the code of "Fargate On-Demand vCPU resource count" (engine/AWS.md, Quotas).
const fargateQuota = "L-3032A538"

// Checks implements Checked: the vCPUs that the tasks need.
func (v *Service) Checks(do event.Action) []resource.Probe {
	if do != event.Create && do != event.Update && do != event.Replace {
		return nil
	}
	if v.Process != "" {
		return nil // the app's own service counts for all
	}
	return []resource.Probe{{ID: "quota-fargate", Title: "Fargate vCPUs", Look: v.checkCPU}}
}

// checkCPU compares the quota with what this app alone needs: all of its tasks at once when it is new, one
// more than those when a version replaces another, and twice as many when it replaces them all at once. What
// else runs in the account counts as well and cannot be seen here.
func (v *Service) checkCPU(ctx context.Context, s *resource.Scope) resource.Finding {
	have, unknown := resource.Quota(ctx, s, "fargate", fargateQuota, "the number of Fargate vCPUs")
	if unknown != nil {
		return *unknown
	}
	all := float64(v.Instances) * v.CPU
	why := fmt.Sprintf("the app needs %g (%d x %g)", all, v.Instances, v.CPU)
	for _, p := range v.Together.others(v) {
		if !p.Unwanted {
			all += float64(p.Instances) * p.CPU
			why = fmt.Sprintf("the app needs %g with all of its processes", all)
		}
	}
	least := all
	if v.active() {
		least, why = all+v.CPU, fmt.Sprintf("the app needs %g while a new task runs alongside the old ones", all+v.CPU)
	}
	remedy := resource.Raise("Fargate On-Demand vCPU resource count", "AWS Fargate", fargateQuota) +
		", or lower service.cpu or service.instances"
	allowed := fmt.Sprintf("the account's quota is %g Fargate vCPU in %s", have, s.Region)
	switch {
	case have < least:
		return resource.Finding{Verdict: resource.Fail, Text: allowed + ", but " + why, Remedy: remedy}
	case have < 2*all:
		return resource.Finding{
			Verdict: resource.Warn, Remedy: remedy,
			Text: fmt.Sprintf("%s; during a rollout up to %g would run, so tasks will be replaced more slowly", allowed, 2*all),
		}
	}
	return resource.Finding{Verdict: resource.OK, Text: fmt.Sprintf("%s, and a rollout needs up to %g", allowed, 2*all)}
}

// Costs implements Coster.
func (v *Service) Costs(b *price.Bill) {
	if !v.Unwanted {
		b.Tasks(v.size(v.Instances))
	}
	if v.Process == "" && v.TargetGroup == nil { // else the way to it is billed for what goes out
		b.Egress()
	}
}

// size is so many of its tasks, for the estimate.
func (v *Service) size(count int) price.Tasks {
	return price.Tasks{
		Count: count, VCPU: v.CPU, MemoryGB: v.MemoryGB, Arch: v.Arch, DiskGB: v.DiskGB, Spot: price.SpotTasks(count, v.Spot), Name: v.Process,
		Private: v.Network.Private,
	}
}

// AsFound implements AsFound: the tasks that are wanted now, of the size of the revision that they run, or that a
// rollback goes back to.
func (v *Service) AsFound(ctx context.Context, s *resource.Scope) error {
	if v.found == nil {
		return nil
	}
	v.Instances, v.Unwanted = int(v.found.DesiredCount), false
	if n := v.found.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		v.Network.Private = n.AwsvpcConfiguration.AssignPublicIp == ecstypes.AssignPublicIpDisabled
	}
	if len(v.found.LoadBalancers) == 0 && (v.Route == nil || !v.Route.Exists()) {
		v.TargetGroup, v.Rules = nil, nil
	}
	td := v.TaskDefinition.latest
	if !v.RevisionOnly && (td == nil || aws.ToString(td.TaskDefinitionArn) != aws.ToString(v.found.TaskDefinition)) {
		out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: v.found.TaskDefinition})
		if err != nil {
			return err
		}
		td = out.TaskDefinition
	}
	if td == nil {
		return nil
	}
	cpu, err := strconv.ParseFloat(aws.ToString(td.Cpu), 64)
	if err != nil {
		return fmt.Errorf("read the CPU units of %s: %w", shortARN(aws.ToString(td.TaskDefinitionArn)), err)
	}
	memory, err := strconv.ParseFloat(aws.ToString(td.Memory), 64)
	if err != nil {
		return fmt.Errorf("read the memory of %s: %w", shortARN(aws.ToString(td.TaskDefinitionArn)), err)
	}
	v.CPU, v.MemoryGB, v.Arch, v.DiskGB, v.Spot = cpu/1024, memory/1024, "x86", 0, spotShare(v.found.CapacityProviderStrategy)
	if e := td.EphemeralStorage; e != nil {
		v.DiskGB = float64(e.SizeInGiB)
	}
	if p := td.RuntimePlatform; p != nil && p.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		v.Arch = "arm"
	}
	return nil
}

// Exposes implements Exposed.
func (v *Service) Exposes(do event.Action) string {
	if !resource.Makes(do) || v.Network.Private {
		return ""
	}
	if v.TargetGroup == nil {
		return "each task has a public IPv4 address, to pull its image; nothing can reach it from outside"
	}
	return "each task has a public IPv4 address, to pull its image; only the load balancer can reach it"
}
