package engine_test

import (
	"context"
	"errors"
	"math"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/sim"
)

func (h *harbor) watch() *engine.Watch {
	h.t.Helper()
	w, err := h.engine.Watch(h.t.Context(), h.spec)
	must(h.t, err)
	return w
}

// A screen that is left open makes at most twelve calls a minute: a pulse every 30 s, metrics once a minute, the
// log every 20 s.
func TestIdleMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(time.Hour)
		w := h.watch()
		ctx := t.Context()
		st, err := w.Status(ctx)
		must(t, err)
		lines, err := w.Logs(ctx, time.Time{})
		must(t, err)
		first := w.Calls()
		before := len(h.account.Calls())
		for second := range 60 {
			if second%30 == 0 {
				p, err := w.Pulse(ctx)
				must(t, err)
				if p.State != st.State || p.Running != st.Running || p.Healthy != st.Healthy || !p.HealthKnown || p.Revision != st.Revision {
					t.Errorf("pulse %+v, status %+v", p, st)
				}
			}
			if second%60 == 0 {
				_, err := w.Metrics(ctx)
				must(t, err)
			}
			if second%20 == 0 {
				more, err := w.Logs(ctx, lines[len(lines)-1].Time)
				must(t, err)
				lines = append(lines, more...)
			}
			time.Sleep(time.Second)
		}
		n := len(h.account.Calls()) - before
		t.Logf("%d calls to AWS in an idle minute, after %d for the first look", n, first)
		if n > 12 || n != w.Calls()-first {
			t.Errorf("%d calls, and the watch counts %d", n, w.Calls()-first)
		}
	})
}

// Pulses tell of a rollout as it goes on, also of one that brings another target group.
func TestPulseThroughARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		w := h.watch()
		before, err := w.Status(t.Context())
		must(t, err)
		time.Sleep(time.Hour)
		h.spec.Service.Port = 4001 // part of the target group
		write(t, h.spec.Dir, "Dockerfile", strings.ReplaceAll(dockerfile, "4000", "4001"))
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		var states []string
		var p engine.Pulse
		for done := false; !done; {
			select {
			case <-run.Done():
				done = true
			case <-time.After(5 * time.Second):
			}
			p, err = w.Pulse(t.Context())
			must(t, err)
			if len(states) == 0 || states[len(states)-1] != p.State {
				states = append(states, p.State)
			}
		}
		if want := []string{engine.Deploying, engine.Running}; !slices.Equal(states, want) {
			t.Errorf("states %v, want %v", states, want)
		}
		after, err := w.Status(t.Context())
		must(t, err)
		if p.Revision != after.Revision || p.Revision == before.Revision || p.Healthy != 1 || !p.HealthKnown || after.Healthy != 1 {
			t.Errorf("the last pulse is %+v, the status %+v", p, after)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if p, err = w.Pulse(t.Context()); err != nil || p.State != engine.Partial {
			t.Errorf("behind a destroy: %+v, %v", p, err)
		}
	})
}

// calls counts the calls of the account with an IAM action since the first n.
func (h *harbor) calls(n int, action string) int {
	count := 0
	for _, c := range h.account.Calls()[n:] {
		if c.Action() == action {
			count++
		}
	}
	return count
}

// git runs git in the app's folder.
func (h *harbor) git(args ...string) {
	h.t.Helper()
	args = append([]string{"-C", h.spec.Dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)
	if out, err := exec.CommandContext(h.t.Context(), "git", args...).CombinedOutput(); err != nil {
		h.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// A status says who made each version and from which commit, and asks that once only. Neither makes another
// version of the same source.
func TestStatusTellsWhereVersionsCameFrom(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		write(t, h.spec.Dir, ".dockerignore", ".git\n")
		h.git("init", "-q")
		h.git("add", ".")
		h.git("commit", "-q", "-m", "first")
		began := time.Now()
		h.must(h.deploy())
		w := h.watch()
		first, err := w.Status(t.Context())
		must(t, err)
		if !regexp.MustCompile(`^[0-9a-f]{7}$`).MatchString(first.Commit) || first.By != "simulated" || len(first.Denied) != 0 {
			t.Errorf("made by %q from %q, denied %v", first.By, first.Commit, first.Denied)
		}
		if !first.Created.After(began) || !first.Since.After(first.Created) || first.Healthy != 1 || first.Unhealthy != 0 || !first.HealthKnown {
			t.Errorf("created %s, since %s, %d healthy, %d unhealthy", first.Created, first.Since, first.Healthy, first.Unhealthy)
		}

		h.git("commit", "-q", "--allow-empty", "-m", "second")
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("another commit of the same source: plan does %v", got)
		}
		time.Sleep(time.Hour)
		write(t, h.spec.Dir, "server", "version 2, not committed")
		h.must(h.deploy())

		n := len(h.account.Calls())
		second, err := w.Status(t.Context())
		must(t, err)
		if got := h.calls(n, "ecs:DescribeTaskDefinition"); got != 2 { // to look it up, and for the new one's tags
			t.Errorf("a look at two revisions of which one is known asks for %d", got)
		}
		if c := second.Commit; len(c) != 8 || c[7] != '+' || c[:7] == first.Commit || !second.Since.After(first.Since) {
			t.Errorf("the second version is from %q, the first from %q", c, first.Commit)
		}
		var got []string
		for _, d := range second.Deployments {
			got = append(got, d.By+" "+d.Commit)
		}
		if want := []string{"simulated " + second.Commit, "simulated " + first.Commit}; !slices.Equal(got, want) {
			t.Errorf("deployments %v, want %v", got, want)
		}
		n = len(h.account.Calls())
		third, err := w.Status(t.Context())
		must(t, err)
		if got := h.calls(n, "ecs:DescribeTaskDefinition"); got != 1 || third.Commit != second.Commit {
			t.Errorf("another look asks for %d revisions and says %q", got, third.Commit)
		}
	})
}

// A missing permission leaves its part out of a status, and the looks that are nothing without it name it.
func TestWatchWithoutRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(time.Hour)
		whole, err := h.engine.Status(t.Context(), h.spec)
		must(t, err)
		looks := map[string]func(*engine.Watch) error{
			"status":  func(w *engine.Watch) error { _, err := w.Status(t.Context()); return err },
			"pulse":   func(w *engine.Watch) error { _, err := w.Pulse(t.Context()); return err },
			"metrics": func(w *engine.Watch) error { _, err := w.Metrics(t.Context()); return err },
			"logs":    func(w *engine.Watch) error { _, err := w.Logs(t.Context(), time.Time{}); return err },
		}
		for action, fails := range map[string][]string{
			"cloudwatch:GetMetricData":                   {"metrics"},
			"logs:FilterLogEvents":                       {"logs"},
			"logs:DescribeLogGroups":                     nil,
			"ecs:DescribeTaskDefinition":                 nil,
			"ecs:DescribeClusters":                       nil,
			"ecs:ListServiceDeployments":                 nil,
			"ecs:DescribeServiceDeployments":             nil,
			"ecs:DescribeServiceRevisions":               nil,
			"elasticloadbalancing:DescribeTargetHealth":  nil,
			"elasticloadbalancing:DescribeLoadBalancers": nil,
			"cloudfront:ListDistributions":               nil,
			"ec2:DescribeVpcs":                           nil,
			"iam:GetRole":                                nil,
			"ecs:DescribeServices":                       {"status", "pulse"},
			"sts:GetCallerIdentity":                      {"status"},
		} {
			w := h.watch()
			if _, err := w.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.account.SetFaults(fault(t, "deny="+action))
			for name, look := range looks {
				err := look(w)
				switch f := fail.From(err); {
				case slices.Contains(fails, name) && (err == nil || f.Class != fail.Refused || !strings.Contains(f.Cause, action)):
					t.Errorf("without %s: %s says %v", action, name, err)
				case !slices.Contains(fails, name) && err != nil:
					t.Errorf("without %s: %s fails: %v", action, name, err)
				}
			}
			if !slices.Contains(fails, "status") {
				h.partly(action, whole)
			}
			h.account.SetFaults()
		}
	})
}

// partly looks without an action: what can be known still is.
func (h *harbor) partly(action string, whole *engine.Status) {
	h.t.Helper()
	st, err := h.engine.Status(h.t.Context(), h.spec)
	must(h.t, err)
	if st.State != engine.Running || st.Running != whole.Running || st.Revision != whole.Revision || len(st.Deployments) == 0 {
		h.t.Errorf("without %s: %+v", action, st)
	}
	asked := !slices.Contains([]string{"cloudwatch:GetMetricData", "logs:FilterLogEvents"}, action)
	if asked != slices.Equal(st.Denied, []string{action}) {
		h.t.Errorf("without %s: denied is %v", action, st.Denied)
	}
	if known := action != "elasticloadbalancing:DescribeTargetHealth"; st.HealthKnown != known || known && st.Healthy != whole.Healthy {
		h.t.Errorf("without %s: %d healthy, known: %v", action, st.Healthy, st.HealthKnown)
	}
}

// Nothing is looked for where nothing is deployed, and nobody is told that there is nothing when nobody knows.
func TestWatchOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		w := h.watch()
		if _, err := w.Pulse(t.Context()); err == nil {
			t.Error("a pulse before any status")
		}
		if _, err := w.Metrics(t.Context()); err == nil {
			t.Error("metrics before any status")
		}
		if w.Calls() != 0 {
			t.Errorf("%d calls before any look", w.Calls())
		}
		st, err := w.Status(t.Context())
		must(t, err)
		n := w.Calls()
		p, err := w.Pulse(t.Context())
		must(t, err)
		m, err := w.Metrics(t.Context())
		must(t, err)
		if st.State != engine.Absent || p.State != engine.Absent || !math.IsNaN(m.CPU[0]) || w.Calls() != n {
			t.Errorf("status %s, pulse %s, CPU %v, %d calls", st.State, p.State, m.CPU[0], w.Calls()-n)
		}
		_, err = w.Logs(t.Context(), time.Time{})
		if f := fail.From(err); f.Class != fail.Refused || !strings.Contains(f.Cause, "not deployed") || f.Remedy == "" {
			t.Errorf("logs say %v", err)
		}
		h.account.SetFaults(fault(t, "deny=ec2:DescribeVpcs"))
		if _, err := w.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "ec2:DescribeVpcs") {
			t.Errorf("a look that may not see the network says %v", err)
		}
	})
}

// Metrics are one call and cover three hours; nothing is told about the time before the app ran.
func TestMetricsOfAnApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(90 * time.Minute)
		w := h.watch()
		_, err := w.Status(t.Context())
		must(t, err)
		n := w.Calls()
		m, err := w.Metrics(t.Context())
		must(t, err)
		if w.Calls() != n+1 || h.calls(0, "cloudwatch:GetMetricData") != 1 {
			t.Errorf("%d calls", w.Calls()-n)
		}
		if span := time.Duration(len(m.CPU)) * m.Step; span != 3*time.Hour || time.Since(m.From.Add(span)) > m.Step {
			t.Errorf("from %s, %d values", m.From, len(m.CPU))
		}
		for name, c := range map[string]struct {
			values    []float64
			low, high float64
		}{
			"cpu": {m.CPU, 4, 100}, "memory": {m.Memory, 30, 60}, "requests": {m.Requests, 1, 300},
			"errors": {m.Errors, 0, 10}, "latency": {m.Latency, 0.005, 0.1},
		} {
			known := 0
			for i, v := range c.values {
				switch {
				case math.IsNaN(v):
					if known > 0 {
						t.Errorf("%s: no value %d", name, i)
					}
				case v < c.low || v > c.high:
					t.Errorf("%s: value %d is %g", name, i, v)
				default:
					known++
				}
			}
			if len(c.values) != 60 || known != 30 {
				t.Errorf("%s: %d of %d values are known", name, known, len(c.values))
			}
		}
	})
}

// Who follows the log sees the tasks of a new version, too, and each line once.
func TestFollowLogsThroughARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(10 * time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		var lines []engine.LogLine
		done := make(chan error)
		go func() {
			done <- h.watch().FollowLogs(ctx, time.Time{}, func(more []engine.LogLine) error {
				lines = append(lines, more...)
				return nil
			})
		}()
		time.Sleep(time.Minute)
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		time.Sleep(5 * time.Minute)
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		tasks, twice, text := map[string]bool{}, map[engine.LogLine]bool{}, ""
		for _, l := range lines {
			tasks[l.Task] = true
			text += l.Text + "\n"
			if twice[l] {
				t.Errorf("twice: %v", l)
			}
			twice[l] = true
		}
		if len(tasks) != 2 || strings.Count(text, "listening on") != 2 || !strings.Contains(text, "GET / 200") || !strings.Contains(text, "SIGTERM") {
			t.Errorf("tasks %v wrote:\n%s", tasks, text)
		}
	})
}

// An outage shows as errors: nothing answers behind the load balancer, which then answers by itself.
func TestAnOutageShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(time.Hour)
		switchOff(h)
		time.Sleep(30 * time.Minute)
		w := h.watch()
		_, err := w.Status(t.Context())
		must(t, err)
		m, err := w.Metrics(t.Context())
		must(t, err)
		if last := m.Errors[len(m.Errors)-1]; !(last > 1) {
			t.Errorf("%g errors a minute while no task runs", last)
		}
		if before := m.Errors[len(m.Errors)-20]; before != 0 {
			t.Errorf("%g errors a minute while it answered", before)
		}
	})
}
