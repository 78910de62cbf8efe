package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine/cloud"
)

// rig is an account with clients and the ids of what was made in it: a whole deployment by plain SDK calls.
// Its fields are what a test changes to make the wiring wrong.
type rig struct {
	*testing.T
	ctx context.Context
	a   *Account
	env cloud.Environment
	cfg aws.Config // for clients of more services

	sts  *sts.Client
	ec2  *ec2.Client
	iam  *iam.Client
	ecr  *ecr.Client
	logs *cloudwatchlogs.Client
	ecs  *ecs.Client
	elb  *elb.Client
	cf   *cloudfront.Client
	ssm  *ssm.Client

	// What a test may change before deploy.
	arch      string // of the image
	exposed   string // port of the image
	env1      map[string]string
	secrets   map[string]string
	policy    string // of the execution role
	volumes   []ecstypes.Volume
	inside    []string // subnets for the tasks, where they are not those of the load balancer
	trust     string
	noLogs    bool
	image     string // another reference than the pushed one
	tgPort    int32
	port      int32 // of the container
	portName  string
	matcher   string
	publicIP  ecstypes.AssignPublicIp
	taskRule  bool // the tasks' group admits the load balancer
	edgeRule  bool // the load balancer's group admits CloudFront
	count     int32
	threshold int32
	noWait    bool // leave out the wait for IAM

	// What deploy made.
	vpc, lbGroup, taskGroup                string
	subnets                                []string
	lbARN, lbDNS, tgARN, listenerARN, rule string
	execRole, taskRole, taskDef, digest    string
	distribution, domain                   string
}

const london = "eu-west-2"

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return rigOn(t, a)
}

func rigOn(t *testing.T, a *Account) *rig {
	t.Helper()
	env := a.Environment()
	cfg, err := env.Config(t.Context(), cloud.Settings{Region: london})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{
		T: t, ctx: t.Context(), a: a, env: env, cfg: cfg, sts: sts.NewFromConfig(cfg), ec2: ec2.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg),
		ecr: ecr.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg), ecs: ecs.NewFromConfig(cfg), elb: elb.NewFromConfig(cfg),
		cf: cloudfront.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg),
		arch: "amd64", exposed: "4000/tcp", tgPort: 4000, port: 4000, matcher: "200-399", publicIP: ecstypes.AssignPublicIpEnabled,
		taskRule: true, edgeRule: true, count: 2, threshold: 3, policy: execPolicy, trust: taskTrust,
	}
}

const (
	taskTrust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	execPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
		{"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"],"Resource":"arn:aws:ecr:eu-west-2:123456789012:repository/app"},
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:eu-west-2:123456789012:log-group:/app:*"},
		{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"arn:aws:ssm:eu-west-2:123456789012:parameter/app/*"}]}`
)

// must ends the test when a call failed.
func must[T any](out T, err error) func(r *rig) T {
	return func(r *rig) T {
		r.Helper()
		if err != nil {
			r.Fatal(err)
		}
		return out
	}
}

// sleep lets time pass.
func (r *rig) sleep(d time.Duration) { time.Sleep(d) }

func (r *rig) network() {
	r.Helper()
	vpcs := must(r.ec2.DescribeVpcs(r.ctx, &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}}}))(r)
	r.vpc = *vpcs.Vpcs[0].VpcId
	subnets := must(r.ec2.DescribeSubnets(r.ctx, &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{r.vpc}}, {Name: aws.String("default-for-az"), Values: []string{"true"}},
	}}))(r)
	for _, s := range subnets.Subnets {
		r.subnets = append(r.subnets, *s.SubnetId)
	}
	group := func(name string) string {
		return *must(r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name, VpcId: &r.vpc}))(r).GroupId
	}
	r.lbGroup, r.taskGroup = group("lb"), group("task")
	lists := must(r.ec2.DescribeManagedPrefixLists(r.ctx, &ec2.DescribeManagedPrefixListsInput{Filters: []ec2types.Filter{
		{Name: aws.String("prefix-list-name"), Values: []string{"com.amazonaws.global.cloudfront.origin-facing"}},
	}}))(r)
	if r.edgeRule {
		must(r.ec2.AuthorizeSecurityGroupIngress(r.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &r.lbGroup, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(80), ToPort: aws.Int32(80), PrefixListIds: []ec2types.PrefixListId{{PrefixListId: lists.PrefixLists[0].PrefixListId}},
		}}}))(r)
	}
	if r.taskRule {
		must(r.ec2.AuthorizeSecurityGroupIngress(r.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &r.taskGroup, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: &r.port, ToPort: &r.port, UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &r.lbGroup}},
		}}}))(r)
	}
}

func (r *rig) access() {
	r.Helper()
	role := func(name, policy string) string {
		out := must(r.iam.CreateRole(r.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &r.trust}))(r)
		if policy != "" {
			must(r.iam.PutRolePolicy(r.ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy}))(r)
		}
		return *out.Role.Arn
	}
	r.execRole, r.taskRole = role("exec", r.policy), role("task", "")
	for _, s := range []string{"ecs.amazonaws.com", "elasticloadbalancing.amazonaws.com"} {
		must(r.iam.CreateServiceLinkedRole(r.ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: &s}))(r)
	}
}

// testImage makes a small image for a platform, which exposes a port.
func (r *rig) testImage() v1.Image {
	r.Helper()
	layer := must(random.Layer(300<<10, "application/vnd.docker.image.rootfs.diff.tar.gzip"))(r)
	img := must(mutate.AppendLayers(empty.Image, layer))(r)
	cfg := must(img.ConfigFile())(r).DeepCopy()
	cfg.Architecture, cfg.OS = r.arch, "linux"
	cfg.Config.Cmd = []string{"/app/server"}
	if r.exposed != "" {
		cfg.Config.ExposedPorts = map[string]struct{}{r.exposed: {}}
	}
	return must(mutate.ConfigFile(img, cfg))(r)
}

func (r *rig) push() {
	r.Helper()
	repo := must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")}))(r)
	token := must(r.ecr.GetAuthorizationToken(r.ctx, &ecr.GetAuthorizationTokenInput{}))(r)
	ref := must(name.ParseReference(*repo.Repository.RepositoryUri + ":v1"))(r)
	img := r.testImage()
	auth := authn.FromConfig(authn.AuthConfig{Auth: *token.AuthorizationData[0].AuthorizationToken})
	if err := remote.Write(ref, img, remote.WithTransport(r.env.Transport), remote.WithAuth(auth), remote.WithContext(r.ctx)); err != nil {
		r.Fatal(err)
	}
	digest := must(img.Digest())(r)
	r.digest = *repo.Repository.RepositoryUri + "@" + digest.String()
	if r.image == "" {
		r.image = r.digest
	}
}

func (r *rig) balancer() {
	r.Helper()
	lb := must(r.elb.CreateLoadBalancer(r.ctx, &elb.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: r.subnets, SecurityGroups: []string{r.lbGroup}}))(r)
	r.lbARN, r.lbDNS = *lb.LoadBalancers[0].LoadBalancerArn, *lb.LoadBalancers[0].DNSName
	tg := must(r.elb.CreateTargetGroup(r.ctx, &elb.CreateTargetGroupInput{
		Name: aws.String("app"), Port: &r.tgPort, Protocol: elbtypes.ProtocolEnumHttp, VpcId: &r.vpc, TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckIntervalSeconds: aws.Int32(5), HealthCheckTimeoutSeconds: aws.Int32(4), HealthCheckPath: aws.String("/health"),
		HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2), Matcher: &elbtypes.Matcher{HttpCode: &r.matcher},
	}))(r)
	r.tgARN = *tg.TargetGroups[0].TargetGroupArn
	must(r.elb.ModifyTargetGroupAttributes(r.ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &r.tgARN, Attributes: []elbtypes.TargetGroupAttribute{
		{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("10")},
	}}))(r)
	l := must(r.elb.CreateListener(r.ctx, &elb.CreateListenerInput{
		LoadBalancerArn: &r.lbARN, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("403"), ContentType: aws.String("text/plain")},
		}},
	}))(r)
	r.listenerARN = *l.Listeners[0].ListenerArn
	rule := must(r.elb.CreateRule(r.ctx, &elb.CreateRuleInput{
		ListenerArn: &r.listenerARN, Priority: aws.Int32(1), Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &r.tgARN}},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("http-header"), HttpHeaderConfig: &elbtypes.HttpHeaderConditionConfig{
			HttpHeaderName: aws.String("x-origin-verify"), Values: []string{"secret"},
		}}},
	}))(r)
	r.rule = *rule.Rules[0].RuleArn
}

func (r *rig) edge() {
	r.Helper()
	d := must(r.cf.CreateDistributionWithTags(r.ctx, &cloudfront.CreateDistributionWithTagsInput{DistributionConfigWithTags: &cftypes.DistributionConfigWithTags{
		Tags: &cftypes.Tags{}, DistributionConfig: r.distributionConfig(),
	}}))(r)
	r.distribution, r.domain = *d.Distribution.Id, *d.Distribution.DomainName
}

func (r *rig) distributionConfig() *cftypes.DistributionConfig {
	return &cftypes.DistributionConfig{
		CallerReference: aws.String("app"), Comment: aws.String("app"), Enabled: aws.Bool(true),
		Origins: &cftypes.Origins{Quantity: aws.Int32(1), Items: []cftypes.Origin{{
			Id: aws.String("lb"), DomainName: &r.lbDNS,
			CustomOriginConfig: &cftypes.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: cftypes.OriginProtocolPolicyHttpOnly},
			CustomHeaders: &cftypes.CustomHeaders{Quantity: aws.Int32(1), Items: []cftypes.OriginCustomHeader{
				{HeaderName: aws.String("x-origin-verify"), HeaderValue: aws.String("secret")},
			}},
		}}},
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{TargetOriginId: aws.String("lb"), ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps},
	}
}

// taskDefinition registers a revision and returns its ARN.
func (r *rig) taskDefinition() string {
	r.Helper()
	k := ecstypes.ContainerDefinition{
		Name: aws.String("web"), Image: &r.image, PortMappings: []ecstypes.PortMapping{{ContainerPort: &r.port, Name: orNil(r.portName)}},
		LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
			"awslogs-group": "/app", "awslogs-region": london, "awslogs-stream-prefix": "app",
		}},
	}
	for n, v := range r.env1 {
		k.Environment = append(k.Environment, ecstypes.KeyValuePair{Name: &n, Value: &v})
	}
	for n, v := range r.secrets {
		k.Secrets = append(k.Secrets, ecstypes.Secret{Name: &n, ValueFrom: &v})
	}
	for _, v := range r.volumes {
		k.MountPoints = append(k.MountPoints, ecstypes.MountPoint{SourceVolume: v.Name, ContainerPath: aws.String("/data/" + *v.Name)})
	}
	out := must(r.ecs.RegisterTaskDefinition(r.ctx, &ecs.RegisterTaskDefinitionInput{
		Volumes: r.volumes,
		Family:  aws.String("app"), Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate}, ExecutionRoleArn: &r.execRole, TaskRoleArn: &r.taskRole,
		ContainerDefinitions: []ecstypes.ContainerDefinition{k}, RuntimePlatform: &ecstypes.RuntimePlatform{CpuArchitecture: ecstypes.CPUArchitectureX8664},
	}))(r)
	return *out.TaskDefinition.TaskDefinitionArn
}

func (r *rig) serviceInput() *ecs.CreateServiceInput {
	subnets := r.subnets
	if len(r.inside) > 0 {
		subnets = r.inside
	}
	return &ecs.CreateServiceInput{
		Cluster: aws.String("app"), ServiceName: aws.String("web"), TaskDefinition: &r.taskDef, DesiredCount: &r.count,
		LaunchType: ecstypes.LaunchTypeFargate, HealthCheckGracePeriodSeconds: aws.Int32(30),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: subnets, SecurityGroups: []string{r.taskGroup}, AssignPublicIp: r.publicIP,
		}},
		LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: &r.tgARN, ContainerName: aws.String("web"), ContainerPort: &r.port}},
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{
			MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200),
			DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{
				Enable: true, Rollback: true, ThresholdConfiguration: &ecstypes.ThresholdConfiguration{Type: ecstypes.ThresholdTypeCount, Value: r.threshold},
			},
			EarlySuccessCriteria: &ecstypes.DeploymentEarlySuccessCriteria{Enable: true, HealthyPercent: aws.Int32(100), SourceServiceRevisionCleanup: ecstypes.ServiceRevisionCleanupDeferred},
		},
	}
}

// deploy makes everything up to the service.
func (r *rig) deploy() {
	r.Helper()
	r.network()
	r.start()
}

// start makes everything in a network up to the service.
func (r *rig) start() {
	r.Helper()
	r.access()
	r.push()
	if !r.noLogs {
		must(r.logs.CreateLogGroup(r.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/app")}))(r)
	}
	must(r.ecs.CreateCluster(r.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("app")}))(r)
	r.balancer()
	r.edge()
	if !r.noWait {
		r.sleep(10 * time.Second)
	}
	r.taskDef = r.taskDefinition()
	must(r.ecs.CreateService(r.ctx, r.serviceInput()))(r)
}

// service describes the service.
func (r *rig) service() ecstypes.Service {
	r.Helper()
	return must(r.ecs.DescribeServices(r.ctx, &ecs.DescribeServicesInput{Cluster: aws.String("app"), Services: []string{"web"}}))(r).Services[0]
}

// rollout describes the newest service deployment.
func (r *rig) rollout() ecstypes.ServiceDeployment {
	r.Helper()
	l := must(r.ecs.ListServiceDeployments(r.ctx, &ecs.ListServiceDeploymentsInput{Cluster: aws.String("app"), Service: aws.String("web")}))(r)
	d := must(r.ecs.DescribeServiceDeployments(r.ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*l.ServiceDeployments[0].ServiceDeploymentArn}}))(r)
	return d.ServiceDeployments[0]
}

// verdict waits for the newest service deployment to end and returns its status and how long it took.
func (r *rig) verdict(limit time.Duration) (ecstypes.ServiceDeployment, time.Duration) {
	r.Helper()
	start := time.Now()
	for {
		d := r.rollout()
		switch d.Status {
		case ecstypes.ServiceDeploymentStatusPending, ecstypes.ServiceDeploymentStatusInProgress,
			ecstypes.ServiceDeploymentStatusRollbackInProgress, ecstypes.ServiceDeploymentStatusRollbackRequested:
		default:
			return d, time.Since(start)
		}
		if time.Since(start) > limit {
			return d, time.Since(start)
		}
		r.sleep(2 * time.Second)
	}
}

// stopped describes the tasks that ended.
func (r *rig) stopped() []ecstypes.Task {
	r.Helper()
	l := must(r.ecs.ListTasks(r.ctx, &ecs.ListTasksInput{Cluster: aws.String("app"), ServiceName: aws.String("web"), DesiredStatus: ecstypes.DesiredStatusStopped}))(r)
	if len(l.TaskArns) == 0 {
		return nil
	}
	return must(r.ecs.DescribeTasks(r.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("app"), Tasks: l.TaskArns}))(r).Tasks
}

// story is the service's events, oldest first.
func (r *rig) story() string {
	r.Helper()
	var s string
	ev := r.service().Events
	for i := len(ev) - 1; i >= 0; i-- {
		s += fmt.Sprintf("%s %s\n", ev[i].CreatedAt.Format("15:04:05"), *ev[i].Message)
	}
	return s
}
