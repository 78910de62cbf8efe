// Package rehearse runs an image on this machine as Fargate would run it, and says what is true of it: whether it
// starts, where it listens, what it answers to a health check and behind HTTPS, whether it takes WebSockets, ends when
// it is asked to, and how much memory it needs. It makes no AWS call. Its containers go, also when this process is
// killed.
package rehearse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"berth/engine/fail"
)

// Request says what to run, and how.
type Request struct {
	Program     string // docker or podman
	Image       string // in its store
	Platform    string // linux/amd64 or linux/arm64
	Entrypoint  []string
	Command     []string
	Env         map[string]string
	Withheld    []string // names of variables that the app gets on AWS, and not here: its secrets
	CPU         float64  // vCPU
	MemoryMiB   int
	Port        int
	HealthPath  string
	Host        string // the final name, empty when it is not known yet
	WebSockets  []string
	Mounts      []string      // paths that outlive a task
	StopTimeout time.Duration // until it is killed
	Wait        time.Duration // until it has to answer; zero is 10 s
}

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	Fails Severity = "fails" // its tasks would not come up, or nobody could use it
	Warns Severity = "warns" // it works, with a disadvantage
	Fine  Severity = "fine"
)

// Finding is one thing that is true of the image.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
	Evidence string   `json:"evidence,omitempty"` // what the app wrote; it may hold secrets
	Remedy   string   `json:"remedy,omitempty"`
	Setting  string   `json:"setting,omitempty"` // the key of berth.toml that the remedy is about
	Suggest  any      `json:"suggest,omitempty"` // its value, when it can be known
}

// Report is what a rehearsal found.
type Report struct {
	Findings  []Finding `json:"findings"`
	AnswersMS int64     `json:"answers_ms,omitempty"` // from the start to the first answer; 0 when there was none
	MemoryMiB int       `json:"memory_mib,omitempty"` // at rest; 0 when it is not known
}

// Failed is the first finding that fails, nil when there is none.
func (r *Report) Failed() *Finding {
	if i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Severity == Fails }); i >= 0 {
		return &r.Findings[i]
	}
	return nil
}

func (r *Report) add(f Finding) { r.Findings = append(r.Findings, f) }

// usualWait is how long an app may take to answer, and step how often it is looked at.
const (
	usualWait = 10 * time.Second
	step      = 100 * time.Millisecond
)

// Run starts a container, looks at it, and removes it. An error is one of the machine, not of the app.
func Run(ctx context.Context, r Request) (*Report, error) {
	if r.Wait == 0 {
		r.Wait = usualWait
	}
	c := &container{Request: r, name: "berth-rehearse-" + strings.ToLower(rand.Text()[:12])}
	guard := c.guard()
	defer guard()
	report := &Report{}
	began := time.Now()
	if err := c.start(ctx); err != nil {
		if f := startFailure(r, err); f != nil {
			report.add(*f)
			return report, nil
		}
		return nil, err
	}
	defer c.remove()
	answered, err := c.untilItAnswers(ctx, report)
	if err != nil || !answered {
		return report, err
	}
	report.AnswersMS = time.Since(began).Milliseconds()
	c.ask(ctx, report)
	c.memory(ctx, report)
	c.written(ctx, report)
	c.stop(ctx, report)
	return report, ctx.Err()
}

// untilItAnswers waits for the app's first answer. When there will be none it finds out why.
func (c *container) untilItAnswers(ctx context.Context, report *Report) (bool, error) {
	deadline := time.Now().Add(c.Wait)
	for {
		state, err := c.state(ctx)
		if err != nil {
			return false, err
		}
		if !state.Running {
			report.add(c.ended(ctx, state))
			return false, nil
		}
		if c.Port != 0 && c.answers(ctx) {
			return true, nil
		}
		if time.Now().After(deadline) {
			report.add(c.silent(ctx, state))
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(step):
		}
	}
}

// startFailure is what a container that could not be started says about the image; nil when it says nothing about it.
func startFailure(r Request, err error) *Finding {
	var f *fail.Error
	if !errors.As(err, &f) {
		return nil
	}
	text := f.Evidence
	has := func(s string) bool { return strings.Contains(text, s) }
	switch {
	case has("exec format error"), has("does not match the specified platform"), has("does not provide the specified platform"),
		has("image platform") && has("does not match"):
		return wrongProcessor(r, text)
	case has("executable file not found"), has("no such file or directory"), has("permission denied"), has("no command specified"):
		return &Finding{
			ID: "command", Severity: Fails, Text: "the command of the image cannot be started", Evidence: fail.Quoted(text),
			Remedy:  "check CMD and ENTRYPOINT in the Dockerfile, and service.command: the file must exist in the image, be executable, and have Unix line ends",
			Setting: "service.command",
		}
	}
	return nil
}

func wrongProcessor(r Request, text string) *Finding {
	f := &Finding{
		ID: "processor", Severity: Fails, Text: "the image is for another CPU architecture than " + r.Platform, Evidence: fail.Quoted(text),
		Remedy: "build the image for " + r.Platform + ", or set image.platform to the platform of the image", Setting: "image.platform",
	}
	switch r.Platform {
	case "linux/amd64":
		f.Suggest = "linux/arm64"
	case "linux/arm64":
		f.Suggest = "linux/amd64"
	}
	return f
}

// ended is why the app ended when it should have gone on.
func (c *container) ended(ctx context.Context, s state) Finding {
	log := c.log(ctx)
	f := Finding{ID: "ended", Severity: Fails, Evidence: fail.Quoted(log)}
	missing, withheld := missingVariable(log), false
	if missing != "" {
		withheld = slices.Contains(c.Withheld, missing)
	}
	switch {
	case s.OOMKilled:
		f.ID, f.Text = "memory", fmt.Sprintf("the app needs more memory than the %d MiB it gets", c.MemoryMiB)
		f.Remedy, f.Setting = "raise service.memory in berth.toml to the next size", "service.memory"
	case strings.Contains(log, "exec format error"):
		return *wrongProcessor(c.Request, log)
	case withheld:
		f.ID, f.Severity = "variable", Fine
		f.Text = fmt.Sprintf("the app exits without %s, one of its secrets: it gets it on AWS, but cannot be rehearsed without it", missing)
	case missing != "":
		f.ID, f.Text = "variable", "the app exits because the variable "+missing+" is not set"
		f.Remedy, f.Setting = "set "+missing+" under [env], or add it to [secrets]", "env."+missing
	case s.ExitCode == 0:
		f.Text = "the app exited by itself but should keep running"
		f.Remedy = "start the server in the foreground: CMD in the Dockerfile must not return"
	case s.ExitCode == 126 || s.ExitCode == 127:
		f.ID, f.Text, f.Setting = "command", "the command of the image cannot be started", "service.command"
		f.Remedy = "check CMD and ENTRYPOINT in the Dockerfile: the file must exist in the image, and be executable"
	case s.ExitCode == 137:
		f.ID, f.Text = "memory", fmt.Sprintf("the app was killed, most likely because it needs more than %d MiB", c.MemoryMiB)
		f.Remedy, f.Setting = "raise service.memory in berth.toml to the next size", "service.memory"
	default:
		f.Text = fmt.Sprintf("the app exited with code %d soon after it started", s.ExitCode)
		f.Remedy = "check its last log lines: usually a setting in [env] or [secrets] is missing"
	}
	return f
}

// silent is why an app that runs does not answer.
func (c *container) silent(ctx context.Context, s state) Finding {
	f := Finding{ID: "port", Severity: Fails, Setting: "service.port", Evidence: fail.Quoted(c.log(ctx))}
	if c.Port == 0 {
		f.Text, f.Remedy = "the app is running, but its port is unknown", "set service.port in berth.toml"
		if all := public(c.listening(ctx, s)); len(all) == 1 {
			f.Suggest = all[0]
		}
		return f
	}
	places := c.listening(ctx, s)
	here := slices.ContainsFunc(places, func(l place) bool { return l.port == c.Port })
	switch others := public(places); {
	case here && !slices.Contains(others, c.Port):
		f.ID, f.Text = "address", fmt.Sprintf("the app listens on 127.0.0.1:%d only: it cannot be reached from outside its container", c.Port)
		f.Remedy, f.Setting = "make it listen on 0.0.0.0 (often set by HOST or BIND in the environment)", ""
	case here:
		f.ID, f.Text = "answer", fmt.Sprintf("the app listens on port %d but does not answer there within %s", c.Port, c.Wait)
		f.Remedy, f.Setting = "check what it waits for; raise service.start_timeout if it starts slowly", "service.start_timeout"
	case len(others) > 0:
		f.Text = fmt.Sprintf("nothing listens on port %d: the app listens on %d", c.Port, others[0])
		f.Remedy, f.Suggest = fmt.Sprintf("set service.port to %d, or make the app listen on %d", others[0], c.Port), others[0]
	case len(places) > 0:
		f.ID, f.Text = "address", fmt.Sprintf("nothing listens on port %d: the app listens on 127.0.0.1:%d only", c.Port, places[0].port)
		f.Remedy = fmt.Sprintf("make it listen on 0.0.0.0:%d", c.Port)
	default:
		f.Text = fmt.Sprintf("nothing answers on port %d within %s", c.Port, c.Wait)
		f.Remedy = "make the app listen on 0.0.0.0 and on this port; raise service.start_timeout if it starts slowly"
	}
	return f
}
