package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/sim"
)

// attach lets somebody else attach a policy to the role that the app runs with. It returns the role's name.
func (h *harbor) attach() (role string) {
	h.t.Helper()
	for _, c := range h.plan(engine.Request{Destroy: true}).Changes {
		if c.ID == "task-role" {
			role = c.Name
		}
	}
	_, err := h.clients().IAM.AttachRolePolicy(h.t.Context(), &iam.AttachRolePolicyInput{
		RoleName: &role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"),
	})
	must(h.t, err)
	return role
}

// What others attached to a role or wrote into it stops no destroy, and is told.
func TestDestroyTakesPoliciesOfOthersOffTheRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		c, role := h.clients(), h.attach()
		_, err := c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: aws.String("by-hand"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`),
		})
		must(t, err)
		time.Sleep(time.Minute)
		res, events := h.apply(h.plan(engine.Request{Destroy: true}))
		h.must(res, events)
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		var told []string
		for _, e := range events {
			told = append(told, e.Text)
		}
		for _, want := range []string{
			"detached AmazonECSTaskExecutionRolePolicy, which berth did not attach, from the role " + role,
			"deleted the policy by-hand, which berth did not create, from the role " + role,
		} {
			if !slices.Contains(told, want) {
				t.Errorf("not told: %s", want)
			}
		}
	})
}

// What has one of our names and not our tags is never changed, and a deployment is refused.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	const name = "berth-live-beats-production"
	for _, other := range []struct {
		kind string
		make func(*harbor, *cloud.Clients) error
	}{
		{"ecs.Cluster", func(h *harbor, c *cloud.Clients) error {
			_, err := c.IAM.CreateServiceLinkedRole(h.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})
			must(h.t, err)
			time.Sleep(time.Minute)
			_, err = c.ECS.CreateCluster(h.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(name)})
			return err
		}},
		{"logs.LogGroup", func(h *harbor, c *cloud.Clients) error {
			_, err := c.Logs.CreateLogGroup(h.t.Context(), &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName: aws.String("/berth/live-beats/production"), Tags: map[string]string{"berth:app": "live", "berth:env": "beats"},
			})
			return err
		}},
		{"ecr.Repository", func(h *harbor, c *cloud.Clients) error {
			_, err := c.ECR.CreateRepository(h.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String(name)})
			return err
		}},
		{"elbv2.TargetGroup", func(h *harbor, c *cloud.Clients) error {
			var group string
			for _, ch := range h.plan(engine.Request{}).Changes {
				if ch.ID == "target-group" {
					group = ch.Name
				}
			}
			vpcs, err := c.EC2.DescribeVpcs(h.t.Context(), &ec2.DescribeVpcsInput{})
			must(h.t, err)
			_, err = c.ELB.CreateTargetGroup(h.t.Context(), &elb.CreateTargetGroupInput{
				Name: &group, Port: aws.Int32(4000), Protocol: "HTTP", TargetType: "ip", VpcId: vpcs.Vpcs[0].VpcId,
				Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("other")}},
			})
			return err
		}},
		{"servicediscovery.Namespace", func(h *harbor, c *cloud.Clients) error {
			h.spec.Network.Clustering = "dns"
			vpcs, err := c.EC2.DescribeVpcs(h.t.Context(), &ec2.DescribeVpcsInput{})
			must(h.t, err)
			_, err = c.CloudMap.CreatePrivateDnsNamespace(h.t.Context(), &servicediscovery.CreatePrivateDnsNamespaceInput{
				Name: aws.String("production.live-beats.internal"), Vpc: vpcs.Vpcs[0].VpcId, CreatorRequestId: aws.String("by hand"),
			})
			time.Sleep(2 * time.Minute)
			return err
		}},
	} {
		t.Run(other.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				must(t, other.make(h, h.clients()))
				time.Sleep(time.Minute)
				before := h.left()
				_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec})
				f := fail.From(err)
				if err == nil || f.Class != fail.Refused || !strings.HasPrefix(f.Evidence, other.kind) || f.Remedy == "" {
					t.Errorf("the plan says %+v", f)
				}
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if after := h.left(); !slices.Equal(before, after) {
					t.Errorf("there was %v and there is %v", before, after)
				}
			})
		})
	}
}

// The retention of the log is set when the group is made, and never made shorter.
func TestRetentionIsNeverShortened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		name, c := aws.String("/berth/live-beats/production"), h.clients()
		_, err := c.Logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(365)})
		must(t, err)
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("a year is made shorter: %v", actions(p))
		}
		_, err = c.Logs.DeleteRetentionPolicy(t.Context(), &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: name})
		must(t, err)
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("for ever is made shorter: %v", actions(p))
		}
		_, err = c.Logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(30)})
		must(t, err)
		h.spec.Service.LogDays = 90
		p := h.plan(engine.Request{})
		if got := actions(p); !slices.Equal(got, []string{"log-group:update"}) {
			t.Fatalf("the plan is to %v", got)
		}
		for _, ch := range p.Changes {
			if ch.ID == "log-group" && ch.Diff[0].String() != "retention: 30 days -> 90 days" {
				t.Errorf("the diff says %s", ch.Diff[0])
			}
		}
		h.must(h.apply(p))
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
	})
}
