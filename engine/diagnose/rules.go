package diagnose

import (
	"fmt"
	"strings"
)

// rule is one row of the failure catalogue. The first that applies wins, so the order goes from the most
// telling sign to the least.
type rule struct {
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

var rules = []rule{
	{
		either(said("does not contain descriptor matching platform"), said("exec format error"), logged("exec format error")),
		wrongPlatform,
	},
	{said("CannotPullContainer", "toomanyrequests"), plain("the registry of the image limits how often it may be pulled",
		"deploy from the Dockerfile, or copy the image to a repository of your own and name it with --image")},
	{said("CannotPullContainer", "no space left"), plain("the image is larger than the task's disk",
		"make the image smaller")},
	{
		either(said("CannotPullContainer", "pull access denied"), said("CannotPullContainer", "403 Forbidden"),
			said("CannotPullContainer", "Check that the role has the permissions")),
		plain("the task may not pull the image", "deploy again, which sets the execution role right; an image in somebody else's registry must be public"),
	},
	{
		either(said("CannotPullContainer", "not found"), said("CannotPullContainer", "failed to resolve ref"), said("CannotPullContainer", "manifest unknown")),
		plain("the image is no longer in the registry", "deploy again: the image is built and pushed anew"),
	},
	{
		either(said("CannotPullContainer"), said("unable to pull secrets or registry auth", "i/o timeout"),
			said("unable to pull secrets or registry auth", "context deadline"), said("unable to pull secrets or registry auth", "connection issue")),
		plain("the task cannot reach the registry: its network has no way to the internet",
			"check the subnets' route to an internet gateway and the network rules of the VPC, then deploy again"),
	},
	{
		either(said("unable to pull secrets", "AccessDenied"), said("unable to pull secrets", "not authorized")),
		plain("the task may not read one of its secrets", "deploy again, which sets the execution role right; check the secret's own policy"),
	},
	{said("unable to pull secrets"), about("secrets.from_ssm", "one of the secrets in berth.toml does not exist or has no value",
		"create the parameter or secret in this region, or take it out of [secrets]")},
	{
		either(said("log group does not exist"), said("failed to initialize logging driver")),
		plain("the task cannot write its log", "deploy again, which makes the log group"),
	},
	{
		either(said("executable file not found"), said("CannotStartContainer", "no such file"), said("CannotStartContainer", "permission denied"), exit(126, 127)),
		plain("the command of the image cannot be started", "check CMD and ENTRYPOINT in the Dockerfile: the file must exist in the image, be executable, and have Unix line ends"),
	},
	{either(said("OutOfMemory"), said("memory usage")), outOfMemory},
	{health("Target.ResponseCodeMismatch"), wrongAnswer},
	{either(health("Target.Timeout"), health("Target.FailedHealthChecks")), noAnswer},
	{said("failed container health checks"), plain("the container's own health check fails",
		"run the health check's command inside the image; a missing curl is the usual reason")},
	{said("failed ELB health checks"), lateAnswer},
	{either(said("limit on the number of vCPUs"), said("above your limit")), about("service.cpu", "the account may not run that many vCPUs on Fargate yet",
		"ask for a higher quota \"Fargate On-Demand vCPU resource count\" in Service Quotas, or choose a smaller size")},
	{either(said("Capacity is unavailable"), said("RESOURCE:")), plain("AWS has no capacity for the task right now",
		"deploy again in a few minutes, or choose another region")},
	{said("unable to assume the role"), plain("ECS may not take the task's role on yet", "deploy again in a minute")},
	{
		either(said("network interface provisioning"), said("InternalError"), said("Unexpected EC2 error")),
		plain("AWS could not set the task's network up", "deploy again"),
	},
	{exit(0), plain("the app ended by itself although it should go on running",
		"start the server in the foreground: CMD in the Dockerfile must not return")},
	{exit(137), about("service.memory", "the app was killed: it used too much memory or did not stop when asked",
		"raise service.memory, or let the app end when it gets SIGTERM")},
	{exit(139), plain("the app crashed with a memory fault", "check native libraries and that the image is built for this kind of processor")},
	{func(t Task) bool { return t.ExitCode != nil }, func(t Task, _ Context) verdict {
		return verdict{
			cause:  fmt.Sprintf("the app ended with exit code %d soon after it started", *t.ExitCode),
			remedy: "look at its last log lines: a missing setting in [env] or [secrets] is the usual reason",
		}
	}},
}
