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
				cause:   "the image brings its own first process (PID 1), and ECS put another one before it",
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
		"the registry of the image limits how often it may be pulled",
		"deploy from the Dockerfile, or copy the image to a repository of your own and name it with --image")},
	{"image too large", said(pull, "no space left"), about("service.ephemeral_gb", "the image is larger than the task's disk",
		"make the image smaller, or raise service.ephemeral_gb in berth.toml (up to 200)")},
	{
		"pull denied", all(said(pull), either(said("pull access denied"), said("403 Forbidden"), said("Check that the role has the permissions"),
			said("is not authorized to perform"))),
		plain("the task may not pull the image", "deploy again, which sets the execution role right; an image in somebody else's registry must be public"),
	},
	{
		"blob refused", said("httpReadSeeker: failed open"),
		plain("the registry gave the task the image's list of layers and refused one of the layers",
			"deploy again; when it stays, check the policy of the S3 endpoint and the key that encrypts the repository"),
	},
	{
		"image gone", all(said(pull), either(said("not found"), said("failed to resolve ref"), said("manifest unknown"))),
		plain("the image is no longer in the registry", "deploy again: the image is built and pushed anew"),
	},
	{
		"no way to the registry", either(said(pull), all(said(secrets), noRoute)),
		plain("the task cannot reach the registry: its network has no way to the internet",
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
		plain("the task may not read one of its secrets", "deploy again, which sets the execution role right; check the secret's own policy and its key in KMS"),
	},
	{
		"secret without the key", said(secrets, "did not contain json key"),
		about("secrets", "a secret in berth.toml does not have the JSON key that is named behind it",
			"correct the name behind # in [secrets], or add the key to the secret"),
	},
	{
		"secret missing", said(secrets),
		about("secrets.from_ssm", "one of the secrets in berth.toml does not exist or has no value",
			"create the parameter or secret in this region, or take it out of [secrets]"),
	},
	{
		"log group missing", either(said("log group does not exist"), said("failed to initialize logging driver"), said("failed to validate logger args")),
		plain("the task cannot write its log", "deploy again, which makes the log group"),
	},
	{
		"file system name", said(efs, "failed to resolve"),
		plain("the task does not find its file system by name: the VPC answers no DNS names, or the mount target is too new",
			"deploy again in two minutes; in a VPC of your own turn DNS hostnames on"),
	},
	{
		"file system denied", said(efs, "access denied"),
		plain("the file system does not let the task in", "deploy again, which sets the task role and the access point right"),
	},
	{
		"file system folder", said(efs, "no such file or directory"),
		plain("the folder of the file system that the task mounts does not exist", "deploy again, which makes the access point anew"),
	},
	{
		"file system unreachable", said(efs),
		plain("the task cannot reach its file system", "deploy again, which makes the mount targets and opens port 2049; in a VPC of your own check its network rules"),
	},

	// The start.
	{
		"command not startable", either(said("executable file not found"), said("CannotStartContainer"), all(said("ContainerRuntimeError"), said("exec:"))),
		about("service.command", "the command of the image cannot be started",
			"check CMD and ENTRYPOINT in the Dockerfile, and service.command: the file must exist in the image, be executable, and have Unix line ends"),
	},
	{
		"command not executable", exit(126),
		about("service.command", "the command of the image is there and cannot be executed",
			"make the file executable in the Dockerfile (COPY --chmod=755), and check its first line and its line ends"),
	},
	{
		"command not found", exit(127),
		about("service.command", "a command that the image starts is not in it",
			"check CMD, ENTRYPOINT and the script that they run, and service.command: the file, or the interpreter in its first line, is missing"),
	},
	{
		"container not made", either(said("CannotCreateContainer"), said("CannotCreateVolume"), said("CannotInspectContainer"), said("CannotStopContainer"), said("ContainerRuntimeError")),
		plain("the machine that was to run the container could not set it up", "deploy again; when it stays, check the paths in [[storage]]"),
	},
	{"out of memory", either(said("OutOfMemory"), said("due to memory usage")), outOfMemory},

	// Health.
	{"answers with an error", health("Target.ResponseCodeMismatch"), wrongAnswer},
	{"nothing answers", either(health("Target.Timeout"), health("Target.FailedHealthChecks")), noAnswer},
	{
		"target in an unused zone", health("Target.NotInUse"),
		plain("the load balancer does not serve the zone that the task runs in", "deploy again, which gives it a subnet in each zone of the service"),
	},
	{
		"target gone", either(health("Target.NotRegistered"), health("Target.InvalidState"), health("Target.IpUnusable")),
		plain("the load balancer has lost sight of the task", "deploy again"),
	},
	{
		"own health check", said("failed container health checks"),
		plain("the container's own health check fails", "run the health check's command inside the image; a missing curl is the usual reason"),
	},
	{"late", said("failed ELB health checks"), lateAnswer},

	// Places and roles.
	{
		"quota of vCPUs", either(said("limit on the number of vCPUs"), said("above your limit")),
		about("service.cpu", "the account may not run that many vCPUs on Fargate yet",
			"ask for a higher quota \"Fargate On-Demand vCPU resource count\" in Service Quotas, or choose a smaller size"),
	},
	{
		"no capacity", either(said("Capacity is unavailable"), said("RESOURCE:")),
		plain("AWS has no capacity for the task right now", "deploy again in a few minutes, or choose another region"),
	},
	{
		"subnet full", said("Unexpected EC2 error", "Create Network Interface"),
		about("network.subnets", "the task got no address: its subnet has no free one, or the account may not make network interfaces",
			"name larger or other subnets with network.subnets in berth.toml, or free addresses"),
	},
	{
		"AWS was slow", either(said("network interface provisioning"), said("Timeout waiting for EphemeralStorage"), said("InternalError"), said("Unexpected EC2 error")),
		plain("AWS could not set up the task's network or disk in time", "deploy again"),
	},
	{"role", said("unable to assume the role"), plain("ECS may not take the task's role on yet", "deploy again in a minute")},
	{
		"spot", either(func(t Task) bool { return t.StopCode == "SpotInterruption" }, said("Spot Task was interrupted"), said("Spot interruption")),
		about("service.spot", "AWS took the task's spot capacity back", "nothing is broken: another task takes over; set service.spot to 0 to have none of it"),
	},
	{
		"host replaced", either(func(t Task) bool { return t.StopCode == "TerminationNotice" || t.StopCode == "InfrastructureHealth" },
			said("platform version", "retired"), said("TerminationNotice")),
		plain("AWS replaces the machine that ran the task", "nothing has to be done: ECS starts another one"),
	},
	{
		"zone not supported", said("unable to place a task", "Internal error"),
		about("network.subnets", "AWS could not place the task: a subnet is in a zone that Fargate does not serve",
			"name subnets of other zones with network.subnets in berth.toml"),
	},

	// What ECS says of the service.
	{
		"no room for a rollout", said("because of the service deployment configuration"),
		plain("ECS can neither stop an old task nor start a new one: the service's limits leave no room",
			"deploy again, which sets the limits of the rollout right"),
	},
	{
		"tasks are protected", said("protected tasks"),
		plain("tasks that protect themselves from being stopped hold the rollout up",
			"wait until the app ends its task protection, or have it end the protection when it gets SIGTERM"),
	},
	{
		"throttled", said("operations are being throttled"),
		plain("AWS slows down what ECS may do in this account", "wait a few minutes: ECS goes on by itself"),
	},
	{
		"target group gone", either(said("target group", "does not exist"), said("target group", "could not be found"), said("TargetGroupNotFound")),
		plain("the load balancer's target group was deleted under the service", "deploy again, which makes it anew"),
	},
	{
		"discovery", said("discovery instance"),
		plain("the task was not entered into the DNS names by which the containers find each other",
			"deploy again; when it stays, check that nobody deleted the namespace in Cloud Map"),
	},
	{
		"alarm", said("alarm detected"),
		plain("an alarm went off during the rollout, and ECS took it back", "look at the alarms of the service in CloudWatch"),
	},
	{
		"stopped by hand", func(t Task) bool { return t.StopCode == "UserInitiated" },
		plain("somebody stopped the task", "nothing is broken: ECS starts another one"),
	},

	// How the app ended.
	{"ended well", exit(0), plain("the app ended by itself although it should go on running",
		"start the server in the foreground: CMD in the Dockerfile must not return")},
	{"killed", exit(137), about("service.memory", "the app was killed: it used too much memory or did not stop when asked",
		"raise service.memory, or let the app end when it gets SIGTERM")},
	{"memory fault", exit(139), plain("the app crashed with a memory fault", "check native libraries and that the image is built for this kind of processor")},
	{"aborted", exit(134), plain("the app ended itself after a failed check of its own (SIGABRT)", "look at its last log lines")},
	{"asked to stop", exit(143), plain("the app ended because it was asked to stop", "when nobody stopped it, look for what sends it SIGTERM")},
	{"interrupted", exit(130), plain("the app was interrupted (SIGINT), as by Ctrl-C", "look for what sends it SIGINT: nothing on Fargate does")},
	{"ended by a signal", func(t Task) bool { return t.ExitCode != nil && *t.ExitCode > 128 && *t.ExitCode < 128+65 }, func(t Task, _ Context) verdict {
		return verdict{
			cause:  fmt.Sprintf("the app was ended by signal %d", *t.ExitCode-128),
			remedy: "look at its last log lines, and for what sends it that signal",
		}
	}},
	{"ended with 255", exit(255), plain("the app ended with exit code 255, or the machine that ran it was lost",
		"look at its last log lines; without any, deploy again")},
	{"ended with a code", func(t Task) bool { return t.ExitCode != nil }, func(t Task, _ Context) verdict {
		return verdict{
			cause:  fmt.Sprintf("the app ended with exit code %d soon after it started", *t.ExitCode),
			remedy: "look at its last log lines: a missing setting in [env] or [secrets] is the usual reason",
		}
	}},
}
