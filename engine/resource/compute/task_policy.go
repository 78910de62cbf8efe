package compute

import (
	"berth/engine/policy"
	"berth/engine/resource"
)

// ExecutionPolicy lets ECS start a task: pull from these repositories, write to this log group, read these
// secrets (ARNs of parameters), and nothing else.
func ExecutionPolicy(s *resource.Scope, repositories []string, logs *LogGroup, secrets []string) string {
	statements := []policy.Statement{
		policy.Allow([]string{"ecr:GetAuthorizationToken"}, "*"),
		policy.Allow([]string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}, repositories...),
		policy.Allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, s.ARN("logs", "log-group:"+logs.Name()+":*")),
	}
	if len(secrets) > 0 {
		statements = append(statements, policy.Allow([]string{"ssm:GetParameters"}, secrets...))
	}
	return policy.Of(statements...).Text()
}

// TaskPolicy lets the app's own role open the channels of ECS Exec, which a shell in a task needs, and, where
// the app finds its other tasks through the ECS API, list and describe the tasks of its own cluster.
func TaskPolicy(s *resource.Scope, cluster *Cluster, listTasks bool) string {
	statements := []policy.Statement{policy.Allow([]string{
		"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
	}, "*")}
	if listTasks {
		own := policy.Allow([]string{"ecs:ListServices", "ecs:ListTasks", "ecs:DescribeTasks"}, "*")
		own.Condition = policy.Condition{"ArnEquals": {"ecs:cluster": {s.ARN("ecs", "cluster/"+cluster.Name())}}}
		statements = append(statements, own)
	}
	return policy.Of(statements...).Text()
}
