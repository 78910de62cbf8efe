package diagnose

import (
	"strings"
	"testing"
)

func code(n int32) *int32 { return &n }

// Each row of the catalogue, with what AWS says in such a case.
var examples = []struct {
	rule  string
	task  Task
	cause string // a part of it
}{
	{"other processor", Task{StoppedReason: "CannotPullContainerError: pull image manifest has been retried 5 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'"}, "another CPU architecture"},
	{"other processor", Task{ExitCode: code(255), Logs: []string{"exec /app: exec format error"}}, "another CPU architecture"},
	{"own first process", Task{ExitCode: code(100), Logs: []string{"s6-overlay-suexec: fatal: can only run as pid 1"}}, "its own init process"},
	{"pull limit", Task{StoppedReason: "CannotPullContainerError: inspect image has been retried: toomanyrequests: You have reached your pull rate limit"}, "rate limits pulls"},
	{"image too large", Task{StoppedReason: "CannotPullContainerError: failed to extract layer: no space left on device"}, "larger than the task's disk"},
	{"pull denied", Task{StoppedReason: "CannotPullContainerError: Error response from daemon: pull access denied for x, repository does not exist"}, "is not allowed to pull"},
	{"pull denied", Task{StoppedReason: "ResourceInitializationError: x", Reason: "CannotPullContainerError: ref pull has been retried: 403 Forbidden"}, "is not allowed to pull"},
	{"blob refused", Task{StoppedReason: "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code"}, "denied one of its layers"},
	{"image gone", Task{StoppedReason: "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 1.dkr.ecr/app@sha256:1: not found"}, "no longer in the registry"},
	{"no way to the registry", Task{StoppedReason: "CannotPullContainerError: Error response from daemon: Get https://x/v2/: net/http: request canceled while waiting for connection"}, "no route to the internet"},
	{"no way to the registry", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: There is a connection issue between the task and Amazon ECR"}, "no route to the internet"},
	{"secret's key is off", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: KMSInvalidStateException: arn:aws:kms:eu-west-2:123456789012:key/1 is pending deletion."}, "KMS key"},
	{"secret denied", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User is not authorized to perform: ssm:GetParameters"}, "is not allowed to read one of its secrets"},
	{"secret without the key", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: retrieved secret from Secrets Manager did not contain json key live"}, "JSON key"},
	{"secret missing", Task{StoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth: invalid ssm parameters: /x"}, "does not exist or has no value"},
	{"log group missing", Task{StoppedReason: "ResourceInitializationError: failed to validate logger args: The specified log group does not exist"}, "cannot write its log"},
	{"file system name", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-1.efs\""}, "cannot resolve the name"},
	{"file system denied", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands: mount.nfs4: access denied by server"}, "denies access to the task"},
	{"file system folder", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands: mounting failed, reason given by server: No such file or directory"}, "folder of the file system"},
	{"file system unreachable", Task{StoppedReason: "ResourceInitializationError: failed to invoke EFS utils commands: Connection reset by peer, timeout"}, "cannot reach its file system"},
	{"command not startable", Task{Reason: "CannotStartContainerError: exec: \"serve\": executable file not found in $PATH"}, "cannot be started"},
	{"command not executable", Task{StopCode: "EssentialContainerExited", ExitCode: code(126)}, "is not executable"},
	{"command not found", Task{StopCode: "EssentialContainerExited", ExitCode: code(127)}, "does not exist in it"},
	{"container not made", Task{Reason: "CannotCreateContainerError: volume is in use"}, "could not set up the container"},
	{"out of memory", Task{ExitCode: code(137), Reason: "OutOfMemoryError: Container killed due to memory usage"}, "needs more memory"},
	{"answers with an error", Task{StoppedReason: "Task failed ELB health checks", Health: "Target.ResponseCodeMismatch", HealthText: "Health checks failed with these codes: [404]"}, "404"},
	{"nothing answers", Task{StoppedReason: "Task failed ELB health checks", Health: "Target.Timeout", HealthText: "Request timed out"}, "nothing answers on port"},
	{"nothing answers", Task{Health: "Target.FailedHealthChecks"}, "nothing answers on port"},
	{"target in an unused zone", Task{Health: "Target.NotInUse"}, "is not enabled in"},
	{"target gone", Task{Health: "Target.NotRegistered"}, "no longer has the task"},
	{"health checks off", Task{Health: "Target.HealthCheckDisabled"}, "does not check the task"},
	{"starts impaired", Task{StoppedReason: "(service live-beats) is unable to consistently start tasks successfully."}, "longer and longer"},
	{"own health check", Task{StoppedReason: "Task failed container health checks"}, "own health check"},
	{"late", Task{StoppedReason: "Task failed ELB health checks in (target-group x)"}, "in time"},
	{"quota of vCPUs", Task{StoppedReason: "You've reached the limit on the number of vCPUs you can run concurrently"}, "vCPUs"},
	{"no capacity", Task{StoppedReason: "Capacity is unavailable at this time. Please try again later or in a different availability zone"}, "no capacity"},
	{"subnet full", Task{StoppedReason: "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet: InsufficientFreeAddressesInSubnet"}, "has none left"},
	{"AWS was slow", Task{StoppedReason: "Timeout waiting for network interface provisioning to complete."}, "in time"},
	{"role", Task{StoppedReason: "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided"}, "role"},
	{"spot", Task{StopCode: "SpotInterruption", StoppedReason: "Your Spot Task was interrupted."}, "Spot capacity"},
	{"host replaced", Task{StopCode: "TerminationNotice"}, "is replacing the host"},
	{"zone not supported", Task{StoppedReason: "was unable to place a task. Reason: Internal error."}, "Availability Zone"},
	{"ended well", Task{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", ExitCode: code(0)}, "exited by itself"},
	{"killed", Task{ExitCode: code(137)}, "was killed"},
	{"memory fault", Task{ExitCode: code(139)}, "segmentation fault"},
	{"aborted", Task{ExitCode: code(134)}, "SIGABRT"},
	{"no room for a rollout", Task{StoppedReason: "(service live-beats) was unable to stop or start tasks during a deployment because of the service deployment configuration."}, "leave no room"},
	{"tasks are protected", Task{StoppedReason: "(service live-beats) was unable to reach steady state because task set (taskSet ecs-svc/1) was unable to scale in due to reason(s): 2 protected tasks."}, "task protection"},
	{"throttled", Task{StoppedReason: "(service live-beats) operations are being throttled on elb. Will try again later."}, "throttling ECS"},
	{"target group gone", Task{StoppedReason: "The target group with targetGroupArn arn:aws:elasticloadbalancing:x does not exist."}, "target group was deleted"},
	{"discovery", Task{StoppedReason: "(service live-beats) (instance i) is unhealthy in (discovery instance x)"}, "find each other"},
	{"alarm", Task{StoppedReason: "(deployment ecs-svc/1) deployment failed: alarm detected."}, "an alarm went off"},
	{"stopped by hand", Task{StopCode: "UserInitiated", StoppedReason: "Task stopped by user"}, "someone stopped"},
	{"asked to stop", Task{ExitCode: code(143)}, "received SIGTERM"},
	{"interrupted", Task{ExitCode: code(130)}, "SIGINT"},
	{"ended by a signal", Task{ExitCode: code(132)}, "signal 4"},
	{"ended with 255", Task{ExitCode: code(255)}, "255"},
	{"ended with a code", Task{ExitCode: code(2)}, "exited with code 2"},
	{"ended with a code", Task{ExitCode: code(1), StoppedReason: "Essential container in task exited"}, "exited with code 1"},
}

func TestEachRule(t *testing.T) {
	c := Context{Port: 4000, HealthPath: "/", VCPU: 0.25, MemoryMiB: 512, Platform: "X86_64"}
	tried := map[string]bool{}
	for _, x := range examples {
		tried[x.rule] = true
		r := match(x.task)
		if r == nil || r.name != x.rule {
			t.Errorf("%+v: rule %v, want %q", x.task, r, x.rule)
			continue
		}
		f := Explain(x.task, c)
		if !strings.Contains(f.Cause, x.cause) || f.Remedy == "" || strings.HasSuffix(f.Cause, ".") {
			t.Errorf("%s: %q / %q", x.rule, f.Cause, f.Remedy)
		}
	}
	for _, r := range rules {
		if !tried[r.name] {
			t.Errorf("the rule %q has no example", r.name)
		}
	}
}

// A reason that nobody has seen before is passed on as it is.
func TestUnknownReason(t *testing.T) {
	f := Explain(Task{StoppedReason: "FluxCapacitorError: 1.21 gigawatts are missing."}, Context{})
	if f.Cause != "a task stopped for a reason that berth does not recognize: FluxCapacitorError: 1.21 gigawatts are missing" || !strings.Contains(f.Evidence, "FluxCapacitorError") {
		t.Errorf("%+v", f)
	}
	if f := Explain(Task{}, Context{}); f.Cause != "a task stopped" {
		t.Errorf("%+v", f)
	}
}

// Tasks with one cause have one key, however AWS put it.
func TestKey(t *testing.T) {
	same := []Task{
		{ID: "b", Reason: "OutOfMemoryError", ExitCode: code(137)},
		{ID: "c", StoppedReason: "OutOfMemoryError: Container killed due to memory usage 0123456789abcdef", ExitCode: code(137)},
	}
	if Key(same[0]) != Key(same[1]) {
		t.Errorf("%q and %q", Key(same[0]), Key(same[1]))
	}
	if a, b := Key(Task{ExitCode: code(1)}), Key(Task{ExitCode: code(2)}); a == b {
		t.Errorf("two exit codes have one key %q", a)
	}
	if a, b := Key(Task{StoppedReason: "Odd 0123456789abcdef"}), Key(Task{StoppedReason: "Odd fedcba9876543210"}); a != b {
		t.Errorf("%q and %q", a, b)
	}
}
