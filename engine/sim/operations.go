package sim

import "sync"

// operations is every operation that the account knows, by service and name.
var operations = sync.OnceValue(func() map[string]operation {
	known := map[string]operation{}
	for _, o := range []operation{
		op(stsGetCallerIdentity),

		op(ec2CreateVpc), op(ec2DescribeVpcs), op(ec2DescribeVpcAttribute), op(ec2ModifyVpcAttribute), op(ec2DeleteVpc),
		op(ec2CreateSubnet), op(ec2DescribeSubnets), op(ec2ModifySubnetAttribute), op(ec2DeleteSubnet),
		op(ec2CreateInternetGateway), op(ec2DescribeInternetGateways), op(ec2AttachInternetGateway),
		op(ec2DetachInternetGateway), op(ec2DeleteInternetGateway),
		op(ec2CreateRouteTable), op(ec2DescribeRouteTables), op(ec2CreateRoute), op(ec2ReplaceRoute), op(ec2DeleteRoute),
		op(ec2AssociateRouteTable), op(ec2DisassociateRouteTable), op(ec2DeleteRouteTable),
		op(ec2CreateSecurityGroup), op(ec2DescribeSecurityGroups), op(ec2DescribeSecurityGroupRules),
		op(ec2AuthorizeSecurityGroupIngress), op(ec2AuthorizeSecurityGroupEgress),
		op(ec2RevokeSecurityGroupIngress), op(ec2RevokeSecurityGroupEgress), op(ec2DeleteSecurityGroup),
		op(ec2DescribeNetworkInterfaces), op(ec2DescribeManagedPrefixLists), op(ec2DescribeAvailabilityZones),
		op(ec2DescribeAccountAttributes), op(ec2CreateTags), op(ec2DeleteTags),

		op(iamCreateRole), op(iamGetRole), op(iamUpdateAssumeRolePolicy), op(iamPutRolePolicy), op(iamGetRolePolicy),
		op(iamListRolePolicies), op(iamDeleteRolePolicy), op(iamAttachRolePolicy), op(iamDetachRolePolicy),
		op(iamListAttachedRolePolicies), op(iamListRoles), op(iamDeleteRole), op(iamTagRole), op(iamUntagRole), op(iamListRoleTags),
		op(iamCreateServiceLinkedRole), op(iamSimulatePrincipalPolicy),

		op(ecrCreateRepository), op(ecrDescribeRepositories), op(ecrDeleteRepository), op(ecrPutLifecyclePolicy),
		op(ecrGetLifecyclePolicy), op(ecrDeleteLifecyclePolicy), op(ecrPutImageTagMutability), op(ecrTagResource),
		op(ecrListTagsForResource), op(ecrGetAuthorizationToken), op(ecrDescribeImages), op(ecrListImages),
		op(ecrBatchGetImage), op(ecrBatchDeleteImage),

		op(logsCreateLogGroup), op(logsPutRetentionPolicy), op(logsDeleteRetentionPolicy), op(logsDescribeLogGroups),
		op(logsDeleteLogGroup), op(logsTagResource), op(logsListTagsForResource), op(logsListTagsLogGroup),
		op(logsDescribeLogStreams), op(logsGetLogEvents), op(logsFilterLogEvents),

		op(ecsCreateCluster), op(ecsDescribeClusters), op(ecsListClusters), op(ecsUpdateCluster),
		op(ecsPutClusterCapacityProviders), op(ecsDeleteCluster),
		op(ecsRegisterTaskDefinition), op(ecsDescribeTaskDefinition), op(ecsListTaskDefinitions),
		op(ecsListTaskDefinitionFamilies), op(ecsDeregisterTaskDefinition), op(ecsDeleteTaskDefinitions),
		op(ecsCreateService), op(ecsUpdateService), op(ecsDescribeServices), op(ecsListServices), op(ecsDeleteService),
		op(ecsListServiceDeployments), op(ecsDescribeServiceDeployments), op(ecsDescribeServiceRevisions),
		op(ecsStopServiceDeployment), op(ecsListTasks), op(ecsDescribeTasks), op(ecsRunTask), op(ecsStopTask),
		op(ecsTagResource), op(ecsUntagResource), op(ecsListTagsForResource),

		op(elbCreateLoadBalancer), op(elbDescribeLoadBalancers), op(elbDescribeLoadBalancerAttributes),
		op(elbModifyLoadBalancerAttributes), op(elbSetSubnets), op(elbSetSecurityGroups), op(elbSetIpAddressType),
		op(elbDeleteLoadBalancer), op(elbDescribeTags), op(elbAddTags), op(elbRemoveTags), op(elbDescribeAccountLimits),
		op(elbCreateListener), op(elbDescribeListeners), op(elbModifyListener), op(elbDeleteListener),
		op(elbDescribeSSLPolicies), op(elbAddListenerCertificates), op(elbRemoveListenerCertificates),
		op(elbDescribeListenerCertificates), op(elbDescribeListenerAttributes), op(elbModifyListenerAttributes),
		op(elbCreateRule), op(elbDescribeRules), op(elbModifyRule), op(elbDeleteRule),
		op(elbCreateTargetGroup), op(elbDescribeTargetGroups), op(elbModifyTargetGroup),
		op(elbDescribeTargetGroupAttributes), op(elbModifyTargetGroupAttributes), op(elbDeleteTargetGroup),
		op(elbDescribeTargetHealth),

		op(cfCreateDistribution), op(cfCreateDistributionWithTags), op(cfListDistributions), op(cfGetDistribution),
		op(cfGetDistributionConfig), op(cfUpdateDistribution), op(cfDeleteDistribution), op(cfListTagsForResource),
		op(cfTagResource),

		op(sdCreatePrivateDnsNamespace), op(sdGetOperation), op(sdListNamespaces), op(sdDeleteNamespace),
		op(sdCreateService), op(sdListServices), op(sdDeleteService), op(sdListTagsForResource),

		op(aasRegisterScalableTarget), op(aasDescribeScalableTargets), op(aasDeregisterScalableTarget),
		op(aasPutScalingPolicy), op(aasDescribeScalingPolicies),

		op(ssmPutParameter), op(ssmGetParameter), op(ssmGetParameters), op(ssmGetParametersByPath), op(ssmDescribeParameters),
		op(ssmDeleteParameter), op(ssmDeleteParameters), op(ssmAddTagsToResource), op(ssmRemoveTagsFromResource),
		op(ssmListTagsForResource),

		op(quotasGetServiceQuota), op(quotasListServiceQuotas),

		op(cwGetMetricData),
	} {
		known[o.service+"."+o.name] = o
	}
	return known
})
