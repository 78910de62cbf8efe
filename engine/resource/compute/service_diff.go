package compute

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource"
)

// Diff implements Resource.
func (v *Service) Diff(s *resource.Scope) resource.Diff {
	if v.Unwanted {
		return resource.Unwanted(v)
	}
	if !v.active() && v.RevisionOnly {
		return resource.Diff{} // one by schedule has none
	}
	if !v.active() {
		return resource.Absent()
	}
	var drift resource.Drift
	if was := aws.ToString(v.found.TaskDefinition); v.TaskDefinition.ARN == "" || was != v.TaskDefinition.ARN {
		drift.Add("runs another revision", resource.Field("revision", shortARN(was), cmp.Or(shortARN(v.TaskDefinition.ARN), resource.NotYet)))
	}
	if v.Restart && !v.touched {
		drift.Add("starts new tasks of the current version", resource.Field("tasks", v.standing(), "new ones"))
	}
	if v.RevisionOnly {
		return drift.Diff()
	}
	if v.failed() {
		drift.Add("its last rollout failed, so a new one is started", resource.Field("rollout", "failed", "a new one"))
	}
	if n := int(v.found.DesiredCount); n != v.Instances && (!v.Scaled || n < v.Instances) {
		drift.Add(v.recount(n), resource.Field("tasks", n, v.Instances))
	}
	if fields := v.otherNetwork(); len(fields) > 0 {
		drift.Add("runs in a different network", fields...)
	}
	if fields := v.otherTraffic(); len(fields) > 0 {
		drift.Add("is attached to different target groups", fields...)
	}
	if !v.sameRegistry() {
		was, want := "", ""
		if rs := v.found.ServiceRegistries; len(rs) > 0 {
			was = aws.ToString(rs[0].RegistryArn)
		}
		if !v.Discovery.Unwanted {
			want = cmp.Or(v.Discovery.ARN, resource.NotYet)
		}
		drift.Add("is registered in DNS differently", resource.Field("service registry", was, want))
	}
	if fields := v.otherCapacity(); len(fields) > 0 {
		drift.Add("runs on a different mix of Fargate and Fargate Spot", fields...)
	}
	if fields := v.otherDeployment(); len(fields) > 0 {
		drift.Add("has different deployment settings", fields...)
	}
	if was := v.found.EnableExecuteCommand; was != v.Exec {
		drift.Add(map[bool]string{true: "turns ECS Exec off", false: "turns ECS Exec on"}[v.Exec], resource.Field("ECS Exec", was, v.Exec))
	}
	return drift.Diff()
}

// recount is why another number of tasks is a change.
func (v *Service) recount(n int) string {
	switch {
	case v.Instances == 0 && v.Process == "":
		return "pauses the app: no task runs and nobody is answered, all else stays and goes on costing; instances = 1 resumes it"
	case v.Instances == 0:
		return "pauses the process; instances = 1 resumes it"
	case n == 0:
		return "resumes it, which is paused"
	}
	return fmt.Sprintf("runs %s, not %d", resource.Counted(n, "task"), v.Instances)
}

// otherNetwork is where the tasks run in another network than is wanted.
func (v *Service) otherNetwork() (fields []resource.FieldChange) {
	have := &ecstypes.AwsVpcConfiguration{}
	if n := v.found.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		have = n.AwsvpcConfiguration
	}
	if want := v.Network.SubnetIDs(); !v.Network.Known() || !resource.SameSet(have.Subnets, want) {
		fields = append(fields, resource.Field("subnets", resource.Listed(have.Subnets), resource.Listed(want)))
	}
	if want := publicIP(v.Network); have.AssignPublicIp != "" && have.AssignPublicIp != want {
		fields = append(fields, resource.Field("public addresses", have.AssignPublicIp, want))
	}
	if want := []string{v.SecurityGroup.ID}; !resource.SameSet(have.SecurityGroups, want) {
		fields = append(fields, resource.Field("security groups", resource.Listed(have.SecurityGroups), resource.Listed(want)))
	}
	return fields
}

// otherTraffic is where requests reach the tasks in another way than is wanted.
func (v *Service) otherTraffic() (fields []resource.FieldChange) {
	var groups []string
	port := 0
	for _, l := range v.found.LoadBalancers {
		groups, port = append(groups, aws.ToString(l.TargetGroupArn)), int(aws.ToInt32(l.ContainerPort))
	}
	if !v.balanced() {
		if len(groups) > 0 {
			fields = append(fields, resource.Field("target group", resource.Listed(groups), ""))
		}
		return fields
	}
	if want := []string{v.TargetGroup.ARN}; v.TargetGroup.ARN == "" || !resource.SameSet(groups, want) {
		fields = append(fields, resource.Field("target group", resource.Listed(groups), resource.Listed(want)))
	}
	if port != v.Port {
		fields = append(fields, resource.Field("port", port, v.Port))
	}
	return fields
}

// failed says that the rollout that ECS holds on to ended in failure: ECS starts no more tasks by itself, so
// the same revision needs a new rollout, such as after a remedy that is not part of the service.
func (v *Service) failed() bool {
	p := primary(v.found)
	return p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateFailed
}

func (v *Service) sameRegistry() bool {
	if v.Discovery.Unwanted {
		return len(v.found.ServiceRegistries) == 0
	}
	return len(v.found.ServiceRegistries) == 1 && v.Discovery.ARN != "" &&
		aws.ToString(v.found.ServiceRegistries[0].RegistryArn) == v.Discovery.ARN
}

// otherDeployment compares what UpdateService can change without a rollout. What AWS does not tell counts as
// the same.
func (v *Service) otherDeployment() (fields []resource.FieldChange) {
	if g, want := v.found.HealthCheckGracePeriodSeconds, int(v.GracePeriod.Seconds()); v.TargetGroup != nil && g != nil && int(*g) != want {
		fields = append(fields, resource.Field("health check grace period", fmt.Sprintf("%ds", *g), fmt.Sprintf("%ds", want)))
	}
	if d := v.found.DeploymentConfiguration; d != nil {
		b := d.DeploymentCircuitBreaker
		if b == nil || !b.Enable || b.Rollback != v.goesBack() {
			fields = append(fields, resource.Field("circuit breaker", b != nil && b.Enable && b.Rollback, v.goesBack()))
		}
	}
	if was := v.watchedBy(); !resource.SameSet(was, v.Alarms) {
		fields = append(fields, resource.Field("alarms that roll back", resource.Listed(was), resource.Listed(v.Alarms)))
	}
	return fields
}
