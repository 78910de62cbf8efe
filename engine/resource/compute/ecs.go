// Package compute holds the kinds that run an app: cluster, task definition, release command, service and scaling, the
// log group of the tasks and the DNS names under which they find each other.
package compute

import (
	"strings"
	"time"

	"berth/engine/cloud"
	"berth/engine/resource"
)

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
