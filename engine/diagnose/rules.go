package diagnose

import (
	"fmt"
	"strings"
)

// rule is one row of the failure catalogue. The first that applies wins, so the order goes from the most
// telling sign to the least.
type rule struct {
	name string // for the tests, which have an example of each
	when func(Task) bool
	say  func(Task, Context) verdict
}

// verdict is what a rule makes of a task: cause and remedy in words, the key of berth.toml that the remedy is
// about, if it is about one, and the value that would do, if that can be known.
type verdict struct {
	cause, remedy string
	setting       string
	suggest       any
}

// said matches a task whose reasons hold all of the parts, in any case.
func said(parts ...string) func(Task) bool {
	return func(t Task) bool {
		text := strings.ToLower(t.StoppedReason + " " + t.Reason)
		for _, p := range parts {
			if !strings.Contains(text, strings.ToLower(p)) {
				return false
			}
		}
		return true
	}
}

// all matches a task that all of the others match.
func all(fs ...func(Task) bool) func(Task) bool {
	return func(t Task) bool {
		for _, f := range fs {
			if !f(t) {
				return false
			}
		}
		return true
	}
}

func either(fs ...func(Task) bool) func(Task) bool {
	return func(t Task) bool {
		for _, f := range fs {
			if f(t) {
				return true
			}
		}
		return false
	}
}

func exit(codes ...int32) func(Task) bool {
	return func(t Task) bool {
		for _, c := range codes {
			if t.ExitCode != nil && *t.ExitCode == c {
				return true
			}
		}
		return false
	}
}

func logged(part string) func(Task) bool {
	return func(t Task) bool {
		for _, l := range t.Logs {
			if strings.Contains(strings.ToLower(l), strings.ToLower(part)) {
				return true
			}
		}
		return false
	}
}

func health(reason string) func(Task) bool { return func(t Task) bool { return t.Health == reason } }

func plain(cause, remedy string) func(Task, Context) verdict { return about("", cause, remedy) }

func about(setting, cause, remedy string) func(Task, Context) verdict {
	return func(Task, Context) verdict { return verdict{cause: cause, remedy: remedy, setting: setting} }
}

// Parts of sentences that several rows share.
const (
	pull    = "CannotPullContainer"
	secrets = "unable to pull secrets"
	efs     = "failed to invoke EFS utils"
)

// noRoute is how a task tells that it does not reach an address of AWS.
var noRoute = either(said("i/o timeout"), said("context deadline"), said("connection issue"), said("request canceled while waiting"),
	said("context canceled"), said("dial tcp"))

var rules = []rule{
	// The first process.
	{
		"own first process", either(logged("can only run as pid 1"), logged("must be run as pid 1"), logged("must run as pid 1")),
		func(Task, Context) verdict {
			return verdict{
				cause:   "the image brings its own init process (PID 1), but ECS started another one before it",
				remedy:  "set service.init = false in berth.toml and deploy again",
				setting: "service.init", suggest: false,
			}
		},
	},
	// The image.
	{
		"other processor", either(said("does not contain descriptor matching platform"), said("exec format error"), logged("exec format error")),
		wrongPlatform,
	},
	{"pull limit", all(said(pull), either(said("toomanyrequests"), said("pull rate limit"))), plain(
		"the registry of the image rate limits pulls",
		"deploy from the Dockerfile, or copy the image to your own repository and deploy that with --image")},
	{"image too large", said(pull, "no space left"), about("service.ephemeral_gb", "the image is larger than the task's disk",
		"make the image smaller, or raise service.ephemeral_gb in berth.toml (up to 200)")},
	{
		"pull denied", all(said(pull), either(said("pull access denied"), said("403 Forbidden"), said("Check that the role has the permissions"),
			said("is not authorized to perform"))),
		plain("the task is not allowed to pull the image", "deploy again, which repairs the execution role; an image in another registry must be public"),
	},
	{
		"blob refused", said("httpReadSeeker: failed open"),
		plain("the registry returned the image manifest but denied one of its layers",
			"deploy again; if it persists, check the policy of the S3 endpoint and the key that encrypts the repository"),
	},
	{
		"image gone", all(said(pull), either(said("not found"), said("failed to resolve ref"), said("manifest unknown"))),
		plain("the image is no longer in the registry", "deploy again: the image is rebuilt and pushed"),
	},
	{
		"no way to the registry", either(said(pull), all(said(secrets), noRoute)),
		plain("the task cannot reach the registry: its subnet has no route to the internet",
			"check the subnets' route to an internet gateway and the network rules of the VPC, then deploy again"),
	},

	// Secrets, logs, files.
	{
		"secret's key is off", all(said(secrets), either(said("KMSInvalidState"), said("pending deletion"), said("DisabledException"))),
		plain("the KMS key that encrypts one of the secrets is disabled or is being deleted",
			"enable it, or cancel its deletion, in the KMS console, then deploy again; a secret whose key is gone is lost: set it anew"),
	},
	{
		"secret denied", all(said(secrets), either(said("AccessDenied"), said("not authorized"))),
		plain("the task is not allowed to read one of its secrets", "deploy again, which repairs the execution role; check the secret's own policy and its KMS key"),
	},
	{
		"secret without the key", said(secrets, "did not contain json key"),
		about("secrets", "a secret in berth.toml does not have the JSON key named after its #",
			"correct the name after # in [secrets], or add the key to the secret"),
	},
	{
		"secret missing", said(secrets),
		about("secrets.from_ssm", "one of the secrets in berth.toml does not exist or has no value",
			"create the parameter or secret in this region, or remove it from [secrets]"),
	},
	{
		"log group missing", either(said("log group does not exist"), said("failed to initialize logging driver"), said("failed to validate logger args")),
		plain("the task cannot write its log", "deploy again, which creates the log group"),
	},
	{
		"file system name", said(efs, "failed to resolve"),
		plain("the task cannot resolve the name of its file system: DNS is off in the VPC, or the mount target is too new",
			"deploy again in two minutes; in your own VPC, enable DNS hostnames"),
	},
	{
		"file system denied", said(efs, "access denied"),
		plain("the file system denies access to the task", "deploy again, which repairs the task role and the access point"),
	},
	{
		"file system folder", said(efs, "no such file or directory"),
		plain("the folder of the file system that the task mounts does not exist", "deploy again, which creates the access point again"),
	},
	{
		"file system unreachable", said(efs),
		plain("the task cannot reach its file system", "deploy again, which creates the mount targets and opens port 2049; in your own VPC, check its network ACLs"),
	},

	// The start.
	{
		"command not startable", either(said("executable file not found"), said("CannotStartContainer"), all(said("ContainerRuntimeError"), said("exec:"))),
		about("service.command", "the command of the image cannot be started",
			"check CMD and ENTRYPOINT in the Dockerfile, and service.command: the file must exist in the image, be executable, and have Unix line ends"),
	},
	{
		"command not executable", exit(126),
		about("service.command", "the command of the image exists but is not executable",
			"make the file executable in the Dockerfile (COPY --chmod=755), and check its first line and its line ends"),
	},
	{
		"command not found", exit(127),
		about("service.command", "a command that the image runs does not exist in it",
			"check CMD, ENTRYPOINT and the script that they run, and service.command: the file, or the interpreter in its first line, is missing"),
	},
	{
		"container not made", either(said("CannotCreateContainer"), said("CannotCreateVolume"), said("CannotInspectContainer"), said("CannotStopContainer"), said("ContainerRuntimeError")),
		plain("the host could not set up the container", "deploy again; if it persists, check the paths in [[storage]]"),
	},
	{"out of memory", either(said("OutOfMemory"), said("due to memory usage")), outOfMemory},

	// Health.
	{"answers with an error", health("Target.ResponseCodeMismatch"), wrongAnswer},
	{"nothing answers", either(health("Target.Timeout"), health("Target.FailedHealthChecks")), noAnswer},
	{
		"target in an unused zone", health("Target.NotInUse"),
		plain("the load balancer is not enabled in the task's Availability Zone", "deploy again, which gives it a subnet in each zone of the service"),
	},
	{
		"target gone", either(health("Target.NotRegistered"), health("Target.InvalidState"), health("Target.IpUnusable")),
		plain("the load balancer no longer has the task as a target", "deploy again"),
	},
	{
		"health checks off", health("Target.HealthCheckDisabled"),
		plain("the load balancer does not check the task, since nothing that it serves sends requests to it", "deploy again, which connects the load balancer to the app"),
	},
	{
		"own health check", said("failed container health checks"),
		plain("the container's own health check fails", "run the health check's command inside the image; a missing curl is the usual reason"),
	},
	{"late", said("failed ELB health checks"), lateAnswer},

	// Places and roles.
	{
		"quota of vCPUs", either(said("limit on the number of vCPUs"), said("above your limit")),
		about("service.cpu", "the account has reached its quota of Fargate vCPUs",
			"request an increase of the quota \"Fargate On-Demand vCPU resource count\" in Service Quotas, or choose a smaller size"),
	},
	{
		"no capacity", either(said("Capacity is unavailable"), said("RESOURCE:")),
		plain("AWS has no capacity for the task right now", "deploy again in a few minutes, or choose another region"),
	},
	{
		"subnet full", said("Unexpected EC2 error", "Create Network Interface"),
		about("network.subnets", "the task got no IP address: its subnet has none left, or the account has reached its quota of network interfaces",
			"name larger or other subnets with network.subnets in berth.toml, or free addresses"),
	},
	{
		"AWS was slow", either(said("network interface provisioning"), said("Timeout waiting for EphemeralStorage"), said("InternalError"), said("Unexpected EC2 error")),
		plain("AWS could not set up the task's network or disk in time", "deploy again"),
	},
	{"role", said("unable to assume the role"), plain("ECS cannot assume the task's role yet", "deploy again in a minute")},
	{
		"spot", either(func(t Task) bool { return t.StopCode == "SpotInterruption" }, said("Spot Task was interrupted"), said("Spot interruption")),
		about("service.spot", "AWS reclaimed the task's Spot capacity", "nothing is broken: another task takes over; set service.spot to 0 to avoid it"),
	},
	{
		"host replaced", either(func(t Task) bool { return t.StopCode == "TerminationNotice" || t.StopCode == "InfrastructureHealth" },
			said("platform version", "retired"), said("TerminationNotice")),
		plain("AWS is replacing the host of the task", "nothing to do: ECS starts another task"),
	},
	{
		"zone not supported", said("unable to place a task", "Internal error"),
		about("network.subnets", "AWS could not place the task: a subnet is in an Availability Zone without Fargate",
			"name subnets in other zones with network.subnets in berth.toml"),
	},

	// What ECS says of the service.
	{
		"starts impaired", said("unable to consistently start tasks"),
		plain("ECS waits longer and longer before it starts the next task, since too many in a row did not come up",
			"find out why they stopped, fix that and deploy again: a new version is started at once"),
	},
	{
		"no room for a rollout", said("because of the service deployment configuration"),
		plain("ECS can neither stop an old task nor start a new one: the service's limits leave no room",
			"deploy again, which repairs the deployment configuration"),
	},
	{
		"tasks are protected", said("protected tasks"),
		plain("tasks with task protection block the rollout",
			"wait until the app ends its task protection, or have it end the protection when it gets SIGTERM"),
	},
	{
		"throttled", said("operations are being throttled"),
		plain("AWS is throttling ECS in this account", "wait a few minutes: ECS continues by itself"),
	},
	{
		"target group gone", either(said("target group", "does not exist"), said("target group", "could not be found"), said("TargetGroupNotFound")),
		plain("the service's target group was deleted", "deploy again, which creates it again"),
	},
	{
		"discovery", said("discovery instance"),
		plain("the task could not be registered in Cloud Map, by which the containers find each other",
			"deploy again; if it persists, check that the Cloud Map namespace still exists"),
	},
	{
		"alarm", said("alarm detected"),
		plain("an alarm went off during the rollout, so ECS rolled it back", "see which in `berth status`, look at the logs of that time, and fix the app; alarms.rollback = false deploys without that check"),
	},
	{
		"stopped by hand", func(t Task) bool { return t.StopCode == "UserInitiated" },
		plain("someone stopped the task", "nothing is broken: ECS starts another task"),
	},

	// How the app ended.
	{"ended well", exit(0), plain("the app exited by itself but should keep running",
		"start the server in the foreground: CMD in the Dockerfile must not return")},
	{"killed", exit(137), about("service.memory", "the app was killed: it used too much memory or did not stop in time",
		"raise service.memory, or let the app exit on SIGTERM")},
	{"memory fault", exit(139), plain("the app crashed with a segmentation fault", "check native libraries, and that the image is built for this CPU architecture")},
	{"aborted", exit(134), plain("the app aborted itself (SIGABRT)", "check its last log lines")},
	{"asked to stop", exit(143), plain("the app exited because it received SIGTERM", "if nobody stopped it, find out what sends it SIGTERM")},
	{"interrupted", exit(130), plain("the app was interrupted (SIGINT), as by Ctrl-C", "find out what sends it SIGINT: nothing on Fargate does")},
	{"ended by a signal", func(t Task) bool { return t.ExitCode != nil && *t.ExitCode > 128 && *t.ExitCode < 128+65 }, func(t Task, _ Context) verdict {
		return verdict{
			cause:  fmt.Sprintf("the app was terminated by signal %d", *t.ExitCode-128),
			remedy: "check its last log lines, and find out what sends it that signal",
		}
	}},
	{"ended with 255", exit(255), plain("the app exited with code 255, or its host was lost",
		"check its last log lines; if there are none, deploy again")},
	{"ended with a code", func(t Task) bool { return t.ExitCode != nil }, func(t Task, _ Context) verdict {
		return verdict{
			cause:  fmt.Sprintf("the app exited with code %d soon after it started", *t.ExitCode),
			remedy: "check its last log lines: usually a setting in [env] or [secrets] is missing",
		}
	}},
}
