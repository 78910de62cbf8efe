package resource

// ExecutionPolicy lets ECS start a task: pull from these repositories, write to this log group, read these
// secrets (ARNs of parameters), and nothing else.
func ExecutionPolicy(s *Scope, repositories []string, logs *LogGroup, secrets []string) string {
	statements := []statement{
		allow([]string{"ecr:GetAuthorizationToken"}, "*"),
		allow([]string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}, repositories...),
		allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, s.ARN("logs", "log-group:"+logs.Name()+":*")),
	}
	if len(secrets) > 0 {
		statements = append(statements, allow([]string{"ssm:GetParameters"}, secrets...))
	}
	return document(statements...)
}

// TaskPolicy lets the app's own role open the channels of ECS Exec, which a shell in a task needs, and, where
// the app finds its other tasks through the ECS API, list and describe the tasks of its own cluster.
func TaskPolicy(s *Scope, cluster *Cluster, listTasks bool) string {
	statements := []statement{allow([]string{
		"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
	}, "*")}
	if listTasks {
		own := allow([]string{"ecs:ListServices", "ecs:ListTasks", "ecs:DescribeTasks"}, "*")
		own.Condition = map[string]map[string]string{"ArnEquals": {"ecs:cluster": s.ARN("ecs", "cluster/"+cluster.Name())}}
		statements = append(statements, own)
	}
	return document(statements...)
}
