package compute

import (
	"berth/engine/policy"
	"berth/engine/resource"
)

// ExecutionPolicy lets ECS start a task: pull from these repositories, write to this log group, read what the
// statements about secrets allow, and nothing else.
func ExecutionPolicy(s *resource.Scope, repositories []string, logs *LogGroup, secrets []policy.Statement) string {
	statements := []policy.Statement{
		policy.Allow([]string{"ecr:GetAuthorizationToken"}, "*"),
		policy.Allow([]string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}, repositories...),
		policy.Allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, s.ARN("logs", "log-group:"+logs.Name()+":*")),
	}
	return policy.Of(append(statements, secrets...)...).Text()
}

// TaskPolicy lets the app's own role, where the app finds its other tasks through the ECS API, list and describe the tasks
// of its own cluster, and do more. It is empty where the role needs to do nothing.
func TaskPolicy(s *resource.Scope, cluster *Cluster, listTasks bool, more ...policy.Statement) string {
	var statements []policy.Statement
	if listTasks {
		own := policy.Allow([]string{"ecs:ListServices", "ecs:ListTasks", "ecs:DescribeTasks"}, "*")
		own.Condition = policy.Condition{"ArnEquals": {"ecs:cluster": {s.ARN("ecs", "cluster/"+cluster.Name())}}}
		statements = append(statements, own)
	}
	if statements = append(statements, more...); len(statements) == 0 {
		return ""
	}
	return policy.Of(statements...).Text()
}

// Channels lets a task open the channels of ECS Exec, which a shell in it needs.
func Channels() policy.Statement {
	return policy.Allow([]string{
		"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
	}, "*")
}
