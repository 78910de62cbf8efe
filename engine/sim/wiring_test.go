package sim

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
)

// A wrong wiring must end as failed, with the reason where AWS gives it: on the stopped tasks, in the
// service's events, or in the target health.
func TestWrongWiringFails(t *testing.T) {
	for name, c := range map[string]struct {
		faults []string
		wrong  func(r *rig)
		stop   string // in stoppedReason of the tasks
		code   ecstypes.TaskStopCode
		event  string
		exit   int32
	}{
		"no public address": {
			wrong: func(r *rig) { r.publicIP = ecstypes.AssignPublicIpDisabled },
			stop:  "ResourceInitializationError: unable to pull secrets or registry auth", code: ecstypes.TaskStopCodeTaskFailedToStart,
			event: "i/o timeout",
		},
		"no route fault": {faults: []string{"no-route"}, wrong: func(*rig) {}, stop: "i/o timeout", code: ecstypes.TaskStopCodeTaskFailedToStart},
		"role may not pull": {
			wrong: func(r *rig) { r.policy = strings.ReplaceAll(r.policy, "repository/app", "repository/other") },
			stop:  "403 Forbidden", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"role may not get a token": {
			wrong: func(r *rig) { r.policy = strings.ReplaceAll(r.policy, "ecr:GetAuthorizationToken", "ecr:Nothing") },
			stop:  "is not authorized to perform: ecr:GetAuthorizationToken", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"image not there": {
			wrong: func(r *rig) { r.image = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/app:nope" },
			stop:  "CannotPullContainerError", code: ecstypes.TaskStopCodeTaskFailedToStart, event: "not found",
		},
		"image gone fault": {faults: []string{"image-gone"}, wrong: func(*rig) {}, stop: "not found", code: ecstypes.TaskStopCodeTaskFailedToStart},
		"image for another architecture": {
			wrong: func(r *rig) { r.arch = "arm64" },
			stop:  "does not contain descriptor matching platform 'linux/amd64'", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"no log group": {
			wrong: func(r *rig) { r.noLogs = true },
			stop:  "The specified log group does not exist", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"secret not there": {
			wrong: func(r *rig) { r.secrets = map[string]string{"KEY": "/app/key"} },
			stop:  "invalid parameters: /app/key", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"secret not allowed": {
			wrong: func(r *rig) { r.secrets = map[string]string{"KEY": "/else/key"} },
			stop:  "is not authorized to perform: ssm:GetParameters", code: ecstypes.TaskStopCodeTaskFailedToStart,
		},
		"tasks do not admit the load balancer": {
			wrong: func(r *rig) { r.taskRule = false },
			stop:  "Task failed ELB health checks in (target-group arn:", code: ecstypes.TaskStopCodeServiceSchedulerInitiated,
			event: "(port 4000) is unhealthy in (target-group",
		},
		"app listens elsewhere": {
			wrong: func(r *rig) { r.exposed = "8080/tcp" },
			stop:  "Task failed ELB health checks", code: ecstypes.TaskStopCodeServiceSchedulerInitiated, event: "(reason Health checks failed)",
		},
		"PORT says elsewhere": {
			wrong: func(r *rig) { r.env1 = map[string]string{"PORT": "3000"} },
			stop:  "Task failed ELB health checks", code: ecstypes.TaskStopCodeServiceSchedulerInitiated, event: "(reason Health checks failed)",
		},
		"wrong-port fault": {faults: []string{"wrong-port"}, wrong: func(*rig) {}, stop: "Task failed ELB health checks", code: ecstypes.TaskStopCodeServiceSchedulerInitiated},
		"unhealthy fault": {
			faults: []string{"unhealthy=404"}, wrong: func(*rig) {},
			stop: "Task failed ELB health checks", code: ecstypes.TaskStopCodeServiceSchedulerInitiated, event: "Health checks failed with these codes: [404]",
		},
		"matcher refuses 200": {
			wrong: func(r *rig) { r.matcher = "204" },
			stop:  "Task failed ELB health checks", code: ecstypes.TaskStopCodeServiceSchedulerInitiated, event: "[200]",
		},
		"crash":         {faults: []string{"crash-task=139"}, wrong: func(*rig) {}, stop: "Essential container in task exited", code: ecstypes.TaskStopCodeEssentialContainerExited, exit: 139},
		"out of memory": {faults: []string{"oom"}, wrong: func(*rig) {}, stop: "OutOfMemoryError", code: ecstypes.TaskStopCodeEssentialContainerExited, exit: 137},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{Faults: faults(t, c.faults...)})
				c.wrong(r)
				r.deploy()
				d, took := r.verdict(30 * time.Minute)
				if d.Status != ecstypes.ServiceDeploymentStatusRollbackFailed {
					t.Fatalf("ended %s after %s\n%s", d.Status, took, r.story())
				}
				if s := r.service(); s.Deployments[0].RolloutState != ecstypes.DeploymentRolloutStateFailed {
					t.Errorf("rollout state %s", s.Deployments[0].RolloutState)
				}
				var last ecstypes.Task
				for _, k := range r.stopped() {
					if strings.Contains(aws.ToString(k.StoppedReason), c.stop) && k.StopCode == c.code {
						last = k
					}
				}
				if last.TaskArn == nil {
					for _, k := range r.stopped() {
						t.Logf("%s %s", k.StopCode, aws.ToString(k.StoppedReason))
					}
					t.Fatalf("no task stopped with %s %q\n%s", c.code, c.stop, r.story())
				}
				if got := aws.ToInt32(last.Containers[0].ExitCode); got != c.exit && c.code == ecstypes.TaskStopCodeEssentialContainerExited {
					t.Errorf("exit code %d, want %d", got, c.exit)
				}
				if !strings.Contains(r.story(), c.event) {
					t.Errorf("no event with %q in\n%s", c.event, r.story())
				}
			})
		})
	}
}

func faults(t *testing.T, rules ...string) []Fault {
	t.Helper()
	var out []Fault
	for _, r := range rules {
		f, err := ParseFault(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// Some wrong wirings start no task at all: the service says why in its events and tries again.
func TestTasksThatCannotBePlaced(t *testing.T) {
	for name, c := range map[string]struct {
		faults []string
		wrong  func(r *rig)
		event  string
	}{
		"trust of another service": {
			wrong: func(r *rig) { r.trust = strings.ReplaceAll(taskTrust, "ecs-tasks", "ec2") }, event: "ECS was unable to assume the role",
		},
		"trust of another account": {
			wrong: func(r *rig) {
				r.trust = strings.Replace(taskTrust, `"Action"`, `"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}},"Action"`, 1)
			},
			event: "ECS was unable to assume the role",
		},
		"no vCPU": {faults: []string{"quota=fargate:0"}, wrong: func(*rig) {}, event: "reached the limit on the number of vCPUs"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{Faults: faults(t, c.faults...)})
				c.wrong(r)
				r.deploy()
				d, _ := r.verdict(5 * time.Minute)
				if d.Status != ecstypes.ServiceDeploymentStatusInProgress || !strings.Contains(r.story(), c.event) {
					t.Errorf("%s, events:\n%s", d.Status, r.story())
				}
			})
		})
	}
}

func TestRolesTakeAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.noWait = true
		r.a.SetFaults(faults(t, "slow=iam:6x")...)
		r.deploy()
		d, _ := r.verdict(10 * time.Minute)
		if d.Status != ecstypes.ServiceDeploymentStatusSuccessful || !strings.Contains(r.story(), "unable to assume") {
			t.Errorf("%s, events:\n%s", d.Status, r.story())
		}
	})
}

func TestSecretsReachTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.secrets = map[string]string{"KEY": "arn:aws:ssm:eu-west-2:123456789012:parameter/app/key"}
		must(r.ssm.PutParameter(r.ctx, &ssm.PutParameterInput{Name: aws.String("/app/key"), Value: aws.String("x"), Type: ssmtypes.ParameterTypeSecureString}))(r)
		r.deploy()
		if d, _ := r.verdict(10 * time.Minute); d.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Errorf("%s\n%s", d.Status, r.story())
		}
	})
}

// code is the error code of an API error.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// What CreateService refuses.
func TestCreateServiceChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		create := func(change func(*ecs.CreateServiceInput)) error {
			in := r.serviceInput()
			in.ServiceName = aws.String("other")
			change(in)
			_, err := r.ecs.CreateService(r.ctx, in)
			return err
		}
		for name, c := range map[string]struct {
			change     func(*ecs.CreateServiceInput)
			code, text string
		}{
			"twice":       {func(in *ecs.CreateServiceInput) { in.ServiceName = aws.String("web") }, "InvalidParameterException", "Creation of service was not idempotent."},
			"no cluster":  {func(in *ecs.CreateServiceInput) { in.Cluster = aws.String("nope") }, "ClusterNotFoundException", ""},
			"no task def": {func(in *ecs.CreateServiceInput) { in.TaskDefinition = aws.String("nope:1") }, "ClientException", "TaskDefinition not found."},
			"no network":  {func(in *ecs.CreateServiceInput) { in.NetworkConfiguration = nil }, "InvalidParameterException", "awsvpc"},
			"no such subnet": {func(in *ecs.CreateServiceInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{"subnet-1"}
			}, "InvalidParameterException", "InvalidSubnetID.NotFound"},
			"no such group": {func(in *ecs.CreateServiceInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = []string{"sg-1"}
			}, "InvalidParameterException", "InvalidGroup.NotFound"},
			"other container": {func(in *ecs.CreateServiceInput) { in.LoadBalancers[0].ContainerName = aws.String("x") }, "InvalidParameterException", "does not exist in the task definition"},
			"other port":      {func(in *ecs.CreateServiceInput) { in.LoadBalancers[0].ContainerPort = aws.Int32(1) }, "InvalidParameterException", "did not have a container port 1 defined"},
		} {
			err := create(c.change)
			if code(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v, want %s %q", name, err, c.code, c.text)
			}
		}
		must(r.elb.DeleteRule(r.ctx, &elb.DeleteRuleInput{RuleArn: &r.rule}))(r)
		if err := create(func(*ecs.CreateServiceInput) {}); !strings.Contains(err.Error(), "does not have an associated load balancer") {
			t.Errorf("target group without a rule: %v", err)
		}
	})
}

// Errors must be told by type and by code, as the SDK's own are.
func TestErrorsAreTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		_, err := r.elb.DescribeTargetGroups(r.ctx, &elb.DescribeTargetGroupsInput{Names: []string{"nope"}})
		var tg *elbtypes.TargetGroupNotFoundException
		if !errors.As(err, &tg) || code(err) != "TargetGroupNotFound" {
			t.Errorf("target group: %v", err)
		}
		_, err = r.ecs.DescribeServices(r.ctx, &ecs.DescribeServicesInput{Services: []string{"x"}, Cluster: aws.String("nope")})
		var cl *ecstypes.ClusterNotFoundException
		if !errors.As(err, &cl) || code(err) != "ClusterNotFoundException" {
			t.Errorf("cluster: %v", err)
		}
		_, err = r.ec2.DeleteVpc(r.ctx, &ec2.DeleteVpcInput{VpcId: aws.String("vpc-1")})
		if code(err) != "InvalidVpcID.NotFound" {
			t.Errorf("vpc: %v", err)
		}
		_, err = r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{})
		var missing smithy.InvalidParamsError
		if !errors.As(err, &missing) {
			t.Errorf("the SDK's own validation did not run: %v", err)
		}
		_, err = r.ec2.DescribeVpnGateways(r.ctx, &ec2.DescribeVpnGatewaysInput{})
		if err == nil || !strings.Contains(err.Error(), "the simulated account does not know ec2:DescribeVpnGateways") {
			t.Errorf("unknown operation: %v", err)
		}
	})
}

func TestServiceLinkedRoleRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		create := func() error {
			_, err := r.ecs.CreateCluster(r.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("app")})
			return err
		}
		err := create()
		if code(err) != "InvalidParameterException" || !strings.Contains(err.Error(), "Unable to assume the service linked role") {
			t.Fatalf("first CreateCluster of an account: %v", err)
		}
		r.sleep(10 * time.Second)
		if err := create(); err != nil {
			t.Error(err)
		}
	})
}
