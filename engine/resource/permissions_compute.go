package resource

import "berth/engine/event"

// arn is the cluster's ARN, which is known before the cluster exists.
func (c *Cluster) arn(s *Scope) string { return s.ARN("ecs", "cluster/"+c.Name()) }

// newECS is to create something with tags: tags are a permission of their own, on what is created.
func newECS(api, arn string) []Permission {
	tags := on(acts("ecs:TagResource"), arn)
	tags.When = equal("ecs:CreateAction", api)
	return []Permission{on(acts("ecs:"+api), arn), tags}
}

// Permissions implements Permissioned.
func (c *Cluster) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{on(acts("ecs:DescribeClusters"), c.arn(s))}
	switch do {
	case event.Create:
		need = append(need, newECS("CreateCluster", c.arn(s))...)
	case event.Delete:
		need = append(need, on(acts("ecs:DeleteCluster"), c.arn(s)))
	case event.None, event.Update, event.Replace:
	}
	return need
}

// passRoles is to hand the app's two roles to its tasks.
func (t *TaskDefinition) passRoles(s *Scope) Permission {
	pass := on(acts("iam:PassRole"), t.ExecutionRole.arn(s), t.TaskRole.arn(s))
	pass.When = equal("iam:PassedToService", "ecs-tasks.amazonaws.com")
	return pass
}

func (t *TaskDefinition) arns(s *Scope) string {
	return s.ARN("ecs", "task-definition/"+t.Family()+":*")
}

// Permissions implements Permissioned. Looking up, listing, registering and retiring revisions cannot be bound
// to a family (ecs-provisioning 11).
func (t *TaskDefinition) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("ecs:DescribeTaskDefinition")}
	if t.Pin != "" {
		secrets := on(acts("ssm:GetParameters"), s.ARN("ssm", "parameter/"+t.Owner.Path()+"/*"))
		secrets.Without = "nobody checks beforehand whether the secrets of that version are still there"
		return append(need, on(acts("ecr:DescribeImages"), t.Image.Repository.ARN(s)), secrets)
	}
	tidy := anywhere("ecs:ListTaskDefinitions", "ecs:DeregisterTaskDefinition")
	tidy.Without = "old revisions stay registered"
	tags := newECS("RegisterTaskDefinition", t.arns(s))[1]
	switch do {
	case event.Create, event.Update, event.Replace:
		need = append(need, anywhere("ecs:RegisterTaskDefinition"), tags, t.passRoles(s))
		if do != event.Create {
			need = append(need, tidy)
		}
	case event.Delete:
		need = append(need, anywhere("ecs:ListTaskDefinitions", "ecs:DeregisterTaskDefinition"),
			on(acts("ecs:DeleteTaskDefinitions"), t.arns(s)))
	case event.None:
		need = append(need, tidy)
	}
	return need
}

// readLogs is to read what tasks wrote.
func (l *LogGroup) readLogs(s *Scope, without string) Permission {
	p := on(acts("logs:GetLogEvents"), l.arns(s)[1])
	p.Without = without
	return p
}

// tasks is to list and describe the cluster's tasks.
func (c *Cluster) tasks(s *Scope) []Permission {
	list := anywhere("ecs:ListTasks")
	list.When = Condition{"ArnEquals": {"ecs:cluster": {c.arn(s)}}}
	return []Permission{list, on(acts("ecs:DescribeTasks"), s.ARN("ecs", "task/"+c.Name()+"/*"))}
}

// Permissions implements Permissioned.
func (r *Release) Permissions(s *Scope, do event.Action) []Permission {
	if do != event.Create {
		return nil
	}
	return append(r.Cluster.tasks(s), on(acts("ecs:RunTask"), r.TaskDefinition.arns(s)), r.TaskDefinition.passRoles(s),
		newECS("RunTask", s.ARN("ecs", "task/"+r.Cluster.Name()+"/*"))[1],
		r.TaskDefinition.LogGroup.readLogs(s, "the output of the release command is not shown"))
}

// Permissions implements Permissioned.
func (v *Service) Permissions(s *Scope, do event.Action) []Permission {
	arn := v.ServiceARN(s)
	need := []Permission{on(acts("ecs:DescribeServices"), arn)}
	switch do {
	case "":
		return need
	case event.Delete:
		return append(need, on(acts("ecs:DeleteService"), arn))
	case event.Create:
		need = append(need, newECS("CreateService", arn)...)
	case event.Update, event.Replace:
		need = append(need, on(acts("ecs:UpdateService"), arn))
	case event.None:
	}
	return append(need, v.watching(s)...)
}

// watching is to follow a rollout.
func (v *Service) watching(s *Scope) []Permission {
	name := v.Cluster.Name() + "/" + v.Name()
	blind := "the rollout is judged by the service's counters alone"
	list := on(acts("ecs:ListServiceDeployments"), v.ServiceARN(s))
	describe := on(acts("ecs:DescribeServiceDeployments"), s.ARN("ecs", "service-deployment/"+name+"/*"))
	list.Without, describe.Without = blind, blind
	return append(v.Cluster.tasks(s), list, describe, anywhere("elasticloadbalancing:DescribeTargetHealth"),
		v.TaskDefinition.LogGroup.readLogs(s, "a task that fails is explained without its last log lines"))
}

// Look is to read what a status and the log tell beyond what a deployment looks at itself.
func (v *Service) Look(s *Scope) []Permission {
	revisions := on(acts("ecs:DescribeServiceRevisions"), s.ARN("ecs", "service-revision/"+v.Cluster.Name()+"/"+v.Name()+"/*"))
	revisions.Without = "a status does not say which images ran"
	metrics := anywhere("cloudwatch:GetMetricData")
	metrics.Without = "CPU, memory and requests are not shown"
	lines := on(acts("logs:FilterLogEvents"), v.TaskDefinition.LogGroup.arns(s)[1])
	lines.Without = "the app's log is not shown"
	return []Permission{revisions, metrics, lines}
}

// Permissions implements Permissioned. Application Auto Scaling scales the service and keeps its alarms in the
// caller's name (ecs-provisioning 4.18).
func (c *Scaling) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies")}
	alarms := s.ARN("cloudwatch", "alarm:TargetTracking-"+*c.id()+"*")
	scale := func(actions ...string) Permission {
		p := on(actions, s.ARN("application-autoscaling", "scalable-target/*"))
		p.When = equal("application-autoscaling:service-namespace", "ecs")
		return p
	}
	switch do {
	case event.Create, event.Update, event.Replace:
		need = append(need,
			scale("application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"),
			on(acts("ecs:DescribeServices", "ecs:UpdateService"), c.Service.ServiceARN(s)),
			on(acts("cloudwatch:PutMetricAlarm"), alarms), on(acts("cloudwatch:DescribeAlarms"), s.ARN("cloudwatch", "alarm:*")))
	case event.Delete:
		need = append(need, scale("application-autoscaling:DeregisterScalableTarget"), on(acts("cloudwatch:DeleteAlarms"), alarms))
	case event.None:
	}
	return need
}
