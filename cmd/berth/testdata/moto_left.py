"""Prints what an account holds that AWS does not put there by itself, one a line, as AWS's own SDK for Python sees it."""

import sys

import boto3

endpoint, region = sys.argv[1:]


def client(name):
    return boto3.client(name, endpoint_url=endpoint, region_name=region, aws_access_key_id="test", aws_secret_access_key="test")


def every(name, operation, key, **given):
    for page in client(name).get_paginator(operation).paginate(**given):
        for part in key.split("."):
            page = page.get(part, [])
        yield from page


left = [("vpc", v["VpcId"]) for v in every("ec2", "describe_vpcs", "Vpcs") if not v["IsDefault"]]
left += [("security group", g["GroupName"]) for g in every("ec2", "describe_security_groups", "SecurityGroups") if g["GroupName"] != "default"]
left += [("internet gateway", g["InternetGatewayId"]) for g in every("ec2", "describe_internet_gateways", "InternetGateways")]
ecs = client("ecs")
for arn in every("ecs", "list_clusters", "clusterArns"):  # moto lists what was deleted, too, as INACTIVE
    if ecs.describe_clusters(clusters=[arn])["clusters"][0]["status"] == "ACTIVE":
        left += [("cluster", arn)]
    for service in every("ecs", "list_services", "serviceArns", cluster=arn):
        if ecs.describe_services(cluster=arn, services=[service])["services"][0]["status"] == "ACTIVE":
            left += [("service", service)]
    left += [("task", t) for t in every("ecs", "list_tasks", "taskArns", cluster=arn, desiredStatus="RUNNING")]
for status in "ACTIVE", "INACTIVE":
    left += [("task definition", arn) for arn in every("ecs", "list_task_definitions", "taskDefinitionArns", status=status)]
left += [("load balancer", b["LoadBalancerName"]) for b in every("elbv2", "describe_load_balancers", "LoadBalancers")]
left += [("target group", g["TargetGroupName"]) for g in every("elbv2", "describe_target_groups", "TargetGroups")]
left += [("repository", r["repositoryName"]) for r in every("ecr", "describe_repositories", "repositories")]
left += [("log group", g["logGroupName"]) for g in every("logs", "describe_log_groups", "logGroups")]
left += [("role", r["RoleName"]) for r in every("iam", "list_roles", "Roles") if not r["Path"].startswith("/aws-service-role/")]
left += [("distribution", d["Id"]) for d in every("cloudfront", "list_distributions", "DistributionList.Items")]
left += [("parameter", p["Name"]) for p in every("ssm", "describe_parameters", "Parameters")]
for kind, name in left:
    print(kind, name)
