package sim

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestParseFault(t *testing.T) {
	for _, h := range FaultHelp() {
		if _, err := ParseFault(h.Rule); err != nil {
			t.Errorf("the example %q: %v", h.Rule, err)
		}
	}
	for _, rule := range []string{
		"", "nonsense", "throttle", "throttle=2", "throttle=-1", "lost", "lost=CreateService", "deny=x", "cut=0", "cut=x", "unhealthy=x",
		"wrong-port=70000", "slow=elb", "slow=s3:2x", "slow=elb:0x", "expire=soon", "expire=1s/x", "eventual=x", "quota=fargate", "quota=s3:1", "oom=1", "oom=x", "cut=5/x", "cut=5/", "deny=ecs:CreateService/soon",
	} {
		if _, err := ParseFault(rule); err == nil {
			t.Errorf("%q is taken for a fault", rule)
		} else if !strings.Contains(err.Error(), "fault") {
			t.Errorf("%q: %v", rule, err)
		}
	}
}

func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "throttle=0.3")})
		refused := 0
		for range 40 {
			_, err := r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{})
			if err != nil && code(err) != "ThrottlingException" {
				t.Fatal(err)
			}
		}
		calls := r.a.Calls()
		for _, c := range calls {
			if c.Code == "ThrottlingException" {
				refused++
			}
		}
		if share := float64(refused) / float64(len(calls)); share < 0.15 || share > 0.45 {
			t.Errorf("%d of %d attempts were throttled", refused, len(calls))
		}
		if len(calls) <= 40 {
			t.Error("the SDK did not try again")
		}
	})
}

func TestLostResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "lost=ecr:CreateRepository")})
		_, err := r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")})
		if code(err) != "RepositoryAlreadyExistsException" {
			t.Errorf("the SDK's second attempt: %v", err)
		}
		calls := r.a.Calls()
		if len(calls) != 2 || !calls[0].Effect || calls[0].Code != "ConnectionLost" || calls[1].Effect {
			t.Errorf("calls %+v", calls)
		}
		if _, err := r.ecr.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"app"}}); err != nil {
			t.Errorf("the effect is lost too: %v", err)
		}
	})
}

func TestCut(t *testing.T) {
	for rule, want := range map[string]int{"cut=3": 2, "cut-after=3": 3} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Options{Faults: faults(t, rule)})
			made := 0
			for _, name := range []string{"a1", "a2", "a3", "a4", "a5"} {
				if _, err := r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: &name}); err == nil {
					made++
				} else if !errors.Is(err, ErrCut) {
					t.Errorf("%s: %v", rule, err)
				}
			}
			r.a.SetFaults()
			there := len(must(r.ecr.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{}))(r).Repositories)
			if made != 2 || there != want {
				t.Errorf("%s: %d calls returned, %d took effect, want 2 and %d", rule, made, there, want)
			}
		})
	}
}

func TestDenial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "deny=iam:PassRole", "deny=ec2:Create*", "deny=ecs:TagResource")})
		r.image, r.execRole, r.taskRole = "docker.io/library/nginx", "arn:aws:iam::123456789012:role/exec", "arn:aws:iam::123456789012:role/task"
		_, err := r.ecs.RegisterTaskDefinition(r.ctx, &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("x"), ExecutionRoleArn: &r.execRole, ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("w"), Image: &r.image}},
		})
		if code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "is not authorized to perform: iam:PassRole on resource") {
			t.Errorf("PassRole: %v", err)
		}
		_, err = r.ecs.CreateCluster(r.ctx, &ecs.CreateClusterInput{Tags: []ecstypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
		if code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "ecs:TagResource") {
			t.Errorf("tag on create: %v", err)
		}
		_, err = r.ec2.CreateVpc(r.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		if code(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), "ec2:CreateVpc") {
			t.Errorf("CreateVpc: %v", err)
		}
		who := must(r.sts.GetCallerIdentity(r.ctx, &sts.GetCallerIdentityInput{}))(r)
		sim := must(r.iam.SimulatePrincipalPolicy(r.ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: who.Arn, ActionNames: []string{"ec2:CreateVpc", "ec2:DescribeVpcs"}}))(r)
		if sim.EvaluationResults[0].EvalDecision != iamtypes.PolicyEvaluationDecisionTypeImplicitDeny || sim.EvaluationResults[1].EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
			t.Errorf("simulation %+v", sim.EvaluationResults)
		}
		if used := r.a.ActionsUsed(); !slices.Equal(used, []string{"iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"}) {
			t.Errorf("actions used: %v", used)
		}
	})
}

func TestFaultsThatEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "deny=ecs:DescribeClusters/60s", "cut=5/30s")})
		try := func() string {
			_, err := r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{})
			switch {
			case err == nil:
				return ""
			case errors.Is(err, ErrCut):
				return "cut"
			}
			return code(err)
		}
		r.sleep(10 * time.Minute) // the time runs from the first denial only
		for range 2 {
			if got := try(); got != "AccessDeniedException" {
				t.Errorf("denied: %q", got)
			}
			r.sleep(20 * time.Second)
		}
		r.sleep(20 * time.Second)
		for range 2 {
			if got := try(); got != "" {
				t.Errorf("after 60 s: %q", got)
			}
		}
		if got := try(); got != "cut" {
			t.Errorf("call 5: %q", got)
		}
		r.sleep(29 * time.Second)
		if got := try(); got != "cut" {
			t.Errorf("after 29 s: %q", got)
		}
		r.sleep(2 * time.Second)
		if got := try(); got != "" {
			t.Errorf("after 30 s: %q", got)
		}
	})
}

func TestFaultsThatWaitForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.a.ArmFaults(faults(t, "expire=90s/60s", "cut=4")...)
		look := func() error {
			_, err := r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{})
			return err
		}
		for range 5 {
			r.sleep(5 * time.Minute)
			if err := look(); err != nil {
				t.Fatalf("before any change: %v", err)
			}
		}
		if _, err := r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")}); err != nil { // call 1
			t.Fatal(err)
		}
		if err := look(); err != nil {
			t.Errorf("at once: %v", err)
		}
		r.sleep(90 * time.Second)
		if err := look(); code(err) != "ExpiredTokenException" {
			t.Errorf("after 90 s: %v", err)
		}
		if err := look(); !errors.Is(err, ErrCut) {
			t.Errorf("call 4: %v", err)
		}
	})
}

func TestActionsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		used := r.a.ActionsUsed()
		for _, want := range []string{
			"cloudfront:CreateDistribution", "cloudfront:TagResource", "ecr:PutImage", "ecr:UploadLayerPart", "ecs:CreateService",
			"elasticloadbalancing:CreateRule", "iam:PassRole", "iam:CreateServiceLinkedRole", "logs:CreateLogGroup",
		} {
			if !slices.Contains(used, want) {
				t.Errorf("%s is not among %v", want, used)
			}
		}
		for _, not := range []string{"cloudfront:CreateDistributionWithTags", "ecs:TagResource", "elasticloadbalancingv2:CreateRule"} {
			if slices.Contains(used, not) {
				t.Errorf("%s was not used", not)
			}
		}
	})
}

func TestExpiredCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "expire=90s/60s")})
		try := func() string {
			_, err := r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{})
			if err == nil {
				return ""
			}
			return code(err)
		}
		if got := try(); got != "" {
			t.Errorf("at once: %s", got)
		}
		r.sleep(90 * time.Second)
		if got := try(); got != "ExpiredTokenException" {
			t.Errorf("after 90 s: %q", got)
		}
		if _, err := r.ec2.DescribeVpcs(r.ctx, &ec2.DescribeVpcsInput{}); code(err) != "RequestExpired" {
			t.Errorf("EC2 after 90 s: %v", err)
		}
		r.sleep(60 * time.Second)
		if got := try(); got != "" {
			t.Errorf("with fresh credentials: %s", got)
		}
		r.a.SetFaults(faults(t, "expire=0s")...)
		if got := try(); got != "ExpiredTokenException" {
			t.Errorf("expired for good: %q", got)
		}
		r.a.RenewCredentials()
		if got := try(); got != "" {
			t.Errorf("after a login: %s", got)
		}
	})
}

func TestEventualConsistency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "eventual=10s")})
		missed := 0
		for i := range 20 {
			name := "g" + string(rune('a'+i))
			g := must(r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name}))(r)
			if _, err := r.ec2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*g.GroupId}}); err != nil {
				if code(err) != "InvalidGroup.NotFound" {
					t.Fatal(err)
				}
				missed++
			}
			if _, err := r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name}); code(err) != "InvalidGroup.Duplicate" {
				t.Errorf("a write does not see what was written: %v", err)
			}
			r.sleep(11 * time.Second)
			must(r.ec2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*g.GroupId}}))(r)
		}
		if missed < 5 {
			t.Errorf("%d of 20 reads right after a write missed it", missed)
		}
	})
}

// Stale reads must tell the same story as fresh ones, only later: tasks and events keep their ids.
func TestEventualConsistencyAgrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "eventual=10s")})
		r.deploy()
		seen := map[string]bool{}
		for range 60 {
			out, err := r.ecs.ListTasks(r.ctx, &ecs.ListTasksInput{Cluster: aws.String("app")})
			if err == nil {
				for _, arn := range out.TaskArns {
					seen[arn] = true
				}
			}
			r.sleep(3 * time.Second)
		}
		if len(seen) != 2 {
			t.Errorf("%d tasks were seen, 2 exist: %v", len(seen), seen)
		}
	})
}

func TestQuotaAndVerification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "quota=vpc:1", "no-cloudfront", "no-elb")})
		_, err := r.ec2.CreateVpc(r.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		if code(err) != "VpcLimitExceeded" {
			t.Errorf("vpc: %v", err)
		}
		r.network()
		_, err = r.elb.CreateLoadBalancer(r.ctx, &elb.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: r.subnets, SecurityGroups: []string{r.lbGroup}})
		if code(err) != "OperationNotPermitted" {
			t.Errorf("load balancer: %v", err)
		}
		r.lbDNS = "x.elb.amazonaws.com"
		_, err = r.cf.CreateDistribution(r.ctx, &cloudfront.CreateDistributionInput{DistributionConfig: r.distributionConfig()})
		if code(err) != "AccessDenied" || !strings.Contains(err.Error(), "Your account must be verified") {
			t.Errorf("distribution: %v", err)
		}
	})
}

func TestSlowAndJitter(t *testing.T) {
	took := func(rules ...string) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Options{Faults: faults(t, rules...)})
			r.network()
			start := time.Now()
			lb := must(r.elb.CreateLoadBalancer(r.ctx, &elb.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: r.subnets, SecurityGroups: []string{r.lbGroup}}))(r)
			for {
				out := must(r.elb.DescribeLoadBalancers(r.ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{*lb.LoadBalancers[0].LoadBalancerArn}}))(r)
				if out.LoadBalancers[0].State.Code == "active" {
					took = time.Since(start)
					return
				}
				r.sleep(time.Second)
			}
		})
		return took
	}
	plain, slow, random := took(), took("slow=elb:4x"), took("jitter=0.5")
	if plain < catalog().latencies[latLBActive] || plain > catalog().latencies[latLBActive]+2*time.Second {
		t.Errorf("a load balancer took %s", plain)
	}
	if slow < 4*catalog().latencies[latLBActive] {
		t.Errorf("a slow one took %s", slow)
	}
	if random == plain || random > plain*3/2 || random < plain/2 {
		t.Errorf("with jitter it took %s, without %s", random, plain)
	}
}

func TestTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		name := "x"
		g := must(r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name, TagSpecifications: []ec2types.TagSpecification{
			{ResourceType: ec2types.ResourceTypeSecurityGroup, Tags: []ec2types.Tag{{Key: aws.String("berth:app"), Value: aws.String("a")}}},
		}}))(r)
		must(r.ec2.CreateTags(r.ctx, &ec2.CreateTagsInput{Resources: []string{*g.GroupId}, Tags: []ec2types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))(r)
		out := must(r.ec2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{{Name: aws.String("tag:k"), Values: []string{"v"}}}}))(r)
		if len(out.SecurityGroups) != 1 || len(out.SecurityGroups[0].Tags) != 2 {
			t.Errorf("%+v", out.SecurityGroups)
		}
		_, err := r.ec2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{{Name: aws.String("colour"), Values: []string{"v"}}}})
		if code(err) != "InvalidParameterValue" {
			t.Errorf("unknown filter: %v", err)
		}
	})
}
