// Package diagnose turns what AWS says about a task that does not come up (stop codes, stopped reasons, exit
// codes, target health, log lines) into a cause in plain words and what to do about it. It makes no calls. What it
// knows is a table of rules, one for each kind of trouble; what it does not know it passes on word for word.
package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"berth/engine/fail"
)

// Task is what AWS says about one task that stopped or does not get healthy. Empty fields are unknown.
type Task struct {
	ID            string
	StopCode      string // ECS stopCode, such as EssentialContainerExited
	StoppedReason string
	Reason        string // of the container
	ExitCode      *int32 // of the container, nil when it never ran
	Health        string // target health reason, such as Target.ResponseCodeMismatch
	HealthText    string // target health description
	Logs          []string
}

// Context is what the app was deployed with, for sentences and remedies.
type Context struct {
	Port       int
	HealthPath string
	VCPU       float64 // zero when it is not known
	MemoryMiB  int
	Platform   string // X86_64 or ARM64
}

// maxLogs is how many of a task's last log lines go into the evidence.
const maxLogs = 12

// Explain says why the task failed. The failure's class is Failed; the caller sets another where it knows
// better.
func Explain(t Task, c Context) *fail.Error {
	if rule := match(t); rule != nil {
		v := rule.say(t, c)
		return &fail.Error{
			Class: fail.Failed, Cause: v.cause, Evidence: evidence(t), Remedy: v.remedy, Setting: v.setting, Suggest: v.suggest,
		}
	}
	f := &fail.Error{
		Class: fail.Failed, Cause: "a task stopped", Evidence: evidence(t),
		Remedy: "check the log lines above, fix the app and deploy again",
	}
	if said := cmp.Or(t.StoppedReason, t.Reason); said != "" {
		f.Cause = "a task stopped for a reason that berth does not recognize: " + strings.TrimSuffix(said, ".")
		f.Remedy = "fix what AWS reports and deploy again"
	}
	return f
}

// match is the first rule that applies, nil when there is none.
func match(t Task) *rule {
	for i := range rules {
		if rules[i].when(t) {
			return &rules[i]
		}
	}
	return nil
}

// Ordinary says whether a task was stopped by ECS in the normal course of things.
func Ordinary(t Task) bool {
	return strings.HasPrefix(t.StoppedReason, "Scaling activity initiated by") || t.StopCode == "UserInitiated"
}

// Key is the same for tasks that failed for the same reason, whatever their ids and times, and however AWS put it: by
// it several failures are told as one.
func Key(t Task) string {
	code := ""
	if t.ExitCode != nil {
		code = fmt.Sprint(*t.ExitCode)
	}
	if rule := match(t); rule != nil {
		return rule.name + "|" + code + "|" + codes(t.HealthText)
	}
	return t.StopCode + "|" + ids().ReplaceAllString(t.StoppedReason, "…") + "|" + t.Reason + "|" + code + "|" + t.Health
}

// ids are what differs between tasks that failed for one reason: their ids, addresses and ARNs.
var ids = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9a-f]{8,}|\d{2,}\.\d+\.\d+\.\d+|arn:\S+`)
})

func evidence(t Task) string {
	var lines []string
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, label+text)
		}
	}
	add("AWS says: ", t.StoppedReason)
	if t.Reason != "" && !strings.Contains(t.StoppedReason, t.Reason) {
		add("container: ", t.Reason)
	}
	if t.ExitCode != nil {
		add("exit code: ", fmt.Sprint(*t.ExitCode))
	}
	add("health check: ", t.HealthText)
	logs := t.Logs
	if len(logs) > maxLogs {
		logs = logs[len(logs)-maxLogs:]
	}
	for _, l := range logs {
		lines = append(lines, fail.Quoted(l))
	}
	return strings.Join(lines, "\n")
}
