package diagnose

import "testing"

// AWS's own words, one entry for each row of what is known to stop tasks and rollouts, and the rule that each must meet.
// An empty rule is a stop in the normal course of things, which is no failure.
var catalogue = []struct {
	row  string
	task Task
	rule string
}{
	// How ECS says that a task stopped.
	{"stop code TaskFailedToStart", Task{StopCode: "TaskFailedToStart", StoppedReason: "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 1.dkr.ecr.eu-west-2.amazonaws.com/shop:x: not found"}, "image gone"},
	{"stop code EssentialContainerExited", Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", ExitCode: code(1)}, "ended with a code"},
	{"stop code ServiceSchedulerInitiated", Task{StopCode: "ServiceSchedulerInitiated", StoppedReason: "Scaling activity initiated by (deployment ecs-svc/1234567890)"}, ""},
	{"stop code UserInitiated", Task{StopCode: "UserInitiated", StoppedReason: "Task stopped by user"}, ""},
	{"stop code SpotInterruption", Task{StopCode: "SpotInterruption", StoppedReason: "Your Spot Task was interrupted."}, "spot"},
	{"stop code TerminationNotice", Task{StopCode: "TerminationNotice"}, "host replaced"},
	{"stop code InfrastructureHealth", Task{StopCode: "InfrastructureHealth"}, "host replaced"},

	// Reasons of tasks and containers.
	{"image: manifest unknown", Task{StoppedReason: "CannotPullContainerError: manifest unknown: Requested image not found"}, "image gone"},
	{"image: another CPU", Task{StoppedReason: "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'"}, "other processor"},
	{"image: may not be pulled", Task{StoppedReason: "CannotPullContainerError: pull access denied. Check that the role has the permissions"}, "pull denied"},
	{"image: 403", Task{StoppedReason: "CannotPullContainerError: unexpected status code: 403 Forbidden"}, "pull denied"},
	{"image: no route, timeout", Task{StoppedReason: "CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout"}, "no way to the registry"},
	{"image: no route, cancelled", Task{StoppedReason: "CannotPullContainerError: context canceled"}, "no way to the registry"},
	{"image: rate limit", Task{StoppedReason: "CannotPullContainerError: toomanyrequests: You have reached your unauthenticated pull rate limit"}, "pull limit"},
	{"image: too large", Task{StoppedReason: "CannotPullContainerError: write /var/lib/containerd: no space left on device"}, "image too large"},
	{"image: a layer is refused", Task{StoppedReason: "CannotPullContainerError: httpReadSeeker: failed open: unexpected status code"}, "blob refused"},
	{"secrets: no route", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: context deadline exceeded"}, "no way to the registry"},
	{"secrets: Secrets Manager says no", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue"}, "secret denied"},
	{"secrets: KMS says no", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: not authorized to perform: kms:Decrypt"}, "secret denied"},
	{"secrets: gone", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: ResourceNotFoundException: Secrets Manager can't find the specified secret. Check whether the secret exists"}, "secret missing"},
	{"secrets: no such parameter", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: invalid parameters: /shop/token"}, "secret missing"},
	{"secrets: no such key", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: retrieved secret did not contain json key token"}, "secret without the key"},
	{"log group missing", Task{StoppedReason: "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: The specified log group does not exist."}, "log group missing"},
	{"log driver", Task{Reason: "CannotStartContainerError: failed to initialize logging driver: failed to create Cloudwatch log stream"}, "log group missing"},
	{"EFS: no name", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: Failed to resolve \"fs-1.efs.eu-west-2.amazonaws.com\""}, "file system name"},
	{"EFS: no way", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: Connection reset by peer"}, "file system unreachable"},
	{"EFS: denied", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: access denied by server while mounting"}, "file system denied"},
	{"EFS: no folder", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: mounting failed, reason given by server: No such file or directory"}, "file system folder"},
	{"command: not in the image", Task{Reason: "ContainerRuntimeError: failed to create shim: exec: \"server\": executable file not found in $PATH"}, "command not startable"},
	{"command: no such file", Task{Reason: "CannotStartContainerError: exec /entrypoint.sh: no such file or directory"}, "command not startable"},
	{"command: permission denied", Task{Reason: "CannotStartContainerError: exec: \"/app\": permission denied"}, "command not startable"},
	{"host: cannot create", Task{Reason: "CannotCreateContainerError: API error"}, "container not made"},
	{"host: cannot create a volume", Task{Reason: "CannotCreateVolumeError: x"}, "container not made"},
	{"host: cannot inspect", Task{Reason: "CannotInspectContainerError: Could not transition to inspecting; timed out"}, "container not made"},
	{"host: cannot stop", Task{Reason: "CannotStopContainerError: x"}, "container not made"},
	{"out of memory", Task{StoppedReason: "Essential container in task exited", Reason: "OutOfMemoryError: Container killed due to memory usage", ExitCode: code(137)}, "out of memory"},
	{"load balancer's check", Task{StoppedReason: "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)"}, "late"},
	{"container's own check", Task{StoppedReason: "Task failed container health checks"}, "own health check"},
	{"network interface is late", Task{StoppedReason: "Timeout waiting for network interface provisioning to complete."}, "AWS was slow"},
	{"disk is late", Task{StoppedReason: "Timeout waiting for EphemeralStorage provisioning to complete."}, "AWS was slow"},
	{"internal error", Task{StoppedReason: "InternalError: x"}, "AWS was slow"},
	{"no address left", Task{StoppedReason: "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': InsufficientFreeAddressesInSubnet"}, "subnet full"},
	{"no capacity", Task{StoppedReason: "Capacity is unavailable at this time. Please try again later or in a different availability zone"}, "no capacity"},
	{"quota of vCPUs", Task{StoppedReason: "You've reached the limit on the number of vCPUs you can run concurrently"}, "quota of vCPUs"},
	{"size above the quota", Task{StoppedReason: "The requested CPU configuration is above your limit"}, "quota of vCPUs"},
	{"role", Task{StoppedReason: "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task."}, "role"},
	{"platform retired", Task{StoppedReason: "Task is stopped since its platform version 1.3.0 is retired"}, "host replaced"},

	// Exit codes.
	{"exit code 0", Task{ExitCode: code(0)}, "ended well"},
	{"exit code 1", Task{ExitCode: code(1)}, "ended with a code"},
	{"exit code 2", Task{ExitCode: code(2)}, "ended with a code"},
	{"exit code 126", Task{ExitCode: code(126)}, "command not executable"},
	{"exit code 127", Task{ExitCode: code(127)}, "command not found"},
	{"exit code 130", Task{ExitCode: code(130)}, "interrupted"},
	{"exit code 134", Task{ExitCode: code(134)}, "aborted"},
	{"exit code 137", Task{ExitCode: code(137)}, "killed"},
	{"exit code 139", Task{ExitCode: code(139)}, "memory fault"},
	{"exit code 143", Task{ExitCode: code(143)}, "asked to stop"},
	{"exit code 255", Task{ExitCode: code(255)}, "ended with 255"},
	{"log: exec format error", Task{ExitCode: code(1), Logs: []string{"exec /usr/local/bin/app: exec format error"}}, "other processor"},

	// What the service says.
	{"event: starts are impaired", Task{StoppedReason: "(service shop) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section."}, "starts impaired"},
	{"event: cannot be placed, zone", Task{StoppedReason: "(service shop) was unable to place a task. Reason: Internal error."}, "zone not supported"},
	{"event: cannot be placed, capacity", Task{StoppedReason: "(service shop) was unable to place a task. Reason: Capacity is unavailable at this time."}, "no capacity"},
	{"event: no role", Task{StoppedReason: "(service shop) failed to launch a task with (error ECS was unable to assume the role 'x')."}, "role"},
	{"event: no room", Task{StoppedReason: "(service shop) was unable to stop or start tasks during a deployment because of the service deployment configuration."}, "no room for a rollout"},
	{"event: throttled", Task{StoppedReason: "(service shop) operations are being throttled on elb. Will try again later."}, "throttled"},
	{"event: protected", Task{StoppedReason: "(service shop) was unable to reach steady state because task set (taskSet x) was unable to scale in due to reason(s): 1 protected tasks."}, "tasks are protected"},
	{"event: target group gone", Task{StoppedReason: "(service shop) The target group with targetGroupArn arn:aws:elasticloadbalancing:x does not exist."}, "target group gone"},
	{"event: discovery", Task{StoppedReason: "(service shop) (instance i) is unhealthy in (discovery instance x)"}, "discovery"},
	{"event: alarm", Task{StoppedReason: "(deployment ecs-svc/1) deployment failed: alarm detected."}, "alarm"},

	// What the load balancer says of a target.
	{"health: timeout", Task{Health: "Target.Timeout", HealthText: "Request timed out"}, "nothing answers"},
	{"health: refused", Task{Health: "Target.FailedHealthChecks", HealthText: "Health checks failed"}, "nothing answers"},
	{"health: redirect", Task{Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [301]"}, "answers with an error"},
	{"health: bad host", Task{Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [400]"}, "answers with an error"},
	{"health: sign-in", Task{Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [401]"}, "answers with an error"},
	{"health: no such path", Task{Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [404]"}, "answers with an error"},
	{"health: error of the app", Task{Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [503]"}, "answers with an error"},
	{"health: zone off", Task{Health: "Target.NotInUse"}, "target in an unused zone"},
	{"health: not registered", Task{Health: "Target.NotRegistered"}, "target gone"},
	{"health: stopped", Task{Health: "Target.InvalidState"}, "target gone"},
	{"health: address in use", Task{Health: "Target.IpUnusable"}, "target gone"},
	{"health: checks are off", Task{Health: "Target.HealthCheckDisabled"}, "health checks off"},
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range catalogue {
		t.Run(x.row, func(t *testing.T) {
			if seen[x.row] {
				t.Error("the row is there twice")
			}
			seen[x.row] = true
			if x.rule == "" {
				if !Ordinary(x.task) {
					t.Error("it is taken for a failure")
				}
				return
			}
			if r := match(x.task); r == nil || r.name != x.rule {
				t.Errorf("it meets the rule %v, want %q", r, x.rule)
			}
			if f := Explain(x.task, Context{Port: 4000, HealthPath: "/", VCPU: 0.25, MemoryMiB: 512, Platform: "X86_64"}); f.Cause == "" || f.Remedy == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}
