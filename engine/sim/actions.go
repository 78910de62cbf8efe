package sim

import (
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// actionPrefix is a service's name in IAM actions.
func actionPrefix(service string) string {
	switch service {
	case "elasticloadbalancingv2":
		return "elasticloadbalancing"
	case "cloudwatchlogs":
		return "logs"
	case "applicationautoscaling":
		return "application-autoscaling"
	}
	return service
}

// actionsOf gives the IAM actions that AWS checks for a call: the operation's own, and those for what it
// does besides (tags on create, a role that is passed on).
func actionsOf(rec Call, in any) []string {
	own := rec.Action()
	var more []string
	add := func(if_ bool, action string) {
		if if_ {
			more = append(more, action)
		}
	}
	switch in := in.(type) {
	case *cloudfront.CreateDistributionWithTagsInput:
		own = "cloudfront:CreateDistribution"
		add(true, "cloudfront:TagResource")
	case *ecs.CreateClusterInput:
		add(len(in.Tags) > 0, "ecs:TagResource")
	case *ecs.RegisterTaskDefinitionInput:
		add(len(in.Tags) > 0, "ecs:TagResource")
		add(in.ExecutionRoleArn != nil || in.TaskRoleArn != nil, "iam:PassRole")
	case *ecs.CreateServiceInput:
		add(len(in.Tags) > 0, "ecs:TagResource")
	case *ecs.RunTaskInput:
		add(len(in.Tags) > 0, "ecs:TagResource")
		add(true, "iam:PassRole")
	case *elb.CreateLoadBalancerInput:
		add(len(in.Tags) > 0, "elasticloadbalancing:AddTags")
	case *elb.CreateTargetGroupInput:
		add(len(in.Tags) > 0, "elasticloadbalancing:AddTags")
	case *elb.CreateListenerInput:
		add(len(in.Tags) > 0, "elasticloadbalancing:AddTags")
	case *elb.CreateRuleInput:
		add(len(in.Tags) > 0, "elasticloadbalancing:AddTags")
	case *cloudwatchlogs.CreateLogGroupInput:
		add(len(in.Tags) > 0, "logs:TagResource")
	case *ecr.CreateRepositoryInput:
		add(len(in.Tags) > 0, "ecr:TagResource")
	case *iam.CreateRoleInput:
		add(len(in.Tags) > 0, "iam:TagRole")
	case *sd.CreatePrivateDnsNamespaceInput: // makes a hosted zone in the caller's name (ecs-provisioning 4.9)
		add(len(in.Tags) > 0, "servicediscovery:TagResource")
		more = append(more, "route53:CreateHostedZone", "route53:GetHostedZone", "route53:ListHostedZonesByName",
			"route53:AssociateVPCWithHostedZone", "ec2:DescribeVpcs")
	case *sd.CreateServiceInput:
		add(len(in.Tags) > 0, "servicediscovery:TagResource")
	case *sd.DeleteNamespaceInput:
		more = append(more, "route53:GetHostedZone", "route53:DeleteHostedZone")
	case *aas.RegisterScalableTargetInput: // looks at the service and scales it in the caller's name (4.18)
		more = append(more, "ecs:DescribeServices", "ecs:UpdateService")
	case *aas.PutScalingPolicyInput:
		more = append(more, "cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms")
	case *aas.DeregisterScalableTargetInput:
		more = append(more, "cloudwatch:DeleteAlarms")
	case *ssm.PutParameterInput:
		add(len(in.Tags) > 0, "ssm:AddTagsToResource")
	case *ec2.CreateVpcInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.CreateSubnetInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.CreateInternetGatewayInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.CreateRouteTableInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.CreateSecurityGroupInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.AuthorizeSecurityGroupIngressInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	case *ec2.AuthorizeSecurityGroupEgressInput:
		add(len(in.TagSpecifications) > 0, "ec2:CreateTags")
	}
	return append([]string{own}, more...)
}
