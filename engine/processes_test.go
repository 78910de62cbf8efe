package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// newShop is an app with a release command and two processes beside its own.
func newShop(t *testing.T, o sim.Options) *harbor {
	t.Helper()
	h := newHarbor(t, o, 0)
	h.spec.Service.ReleaseCommand = "/server migrate"
	h.spec.Processes = map[string]*spec.Process{
		"worker": {Command: []string{"/server", "work"}, Instances: 2},
		"clock":  {Command: []string{"/server", "clock"}, Autoscale: &spec.Autoscale{Max: 3, MemoryPercent: 70}},
		"report": {Command: []string{"/server", "report"}, Schedule: "cron(0 3 * * ? *)", ScheduleTZ: "Europe/Berlin"},
	}
	must(t, h.spec.Complete(nil, nil))
	return h
}

// services are the names of the services that run, with what they run.
func (h *harbor) services() []string {
	st, err := h.watch().Status(h.t.Context())
	must(h.t, err)
	all := []string{"app " + st.Revision}
	for _, p := range st.Processes {
		all = append(all, p.Name+" "+p.Revision)
	}
	return all
}

func TestProcessesLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShop(t, sim.Options{})
		p := h.plan(engine.Request{})
		for _, want := range []string{"task-definition:worker:create", "service:worker:create", "service:clock:create", "scaling:clock:create", "service:create", "schedule:report:create", "schedule-role:create"} {
			if got := actions(p); !slices.Contains(got, want) {
				t.Errorf("the plan does %v, not %s", got, want)
			}
		}
		h.must(h.apply(p))
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Fatalf("unchanged app: plan does %v", actions(p))
		}
		st, err := h.watch().Status(t.Context())
		must(t, err)
		if len(st.Processes) != 3 || st.Processes[2].Name != "worker" || st.Processes[2].Running != 2 || st.Processes[2].State != engine.Running {
			t.Errorf("the status tells of %+v", st.Processes)
		}
		if diff := st.MonthlyUSD - p.MonthlyUSD; diff > 0.001 || diff < -0.001 {
			t.Errorf("the status costs %v, the plan %v", st.MonthlyUSD, p.MonthlyUSD)
		}

		write(t, h.spec.Dir, "server", "version 2")
		want := []string{
			"build:create", "image:create", "task-definition:update", "task-definition:clock:update", "task-definition:report:update", "task-definition:worker:update", "release:create",
			"service:update", "service:clock:update", "service:worker:update", "schedule:report:update",
		}
		if got := actions(h.plan(engine.Request{})); !slices.Equal(got, want) {
			t.Errorf("a new version does %v, want %v", got, want)
		}
		h.must(h.deploy())

		h.spec.Processes["worker"].Instances = 1
		if got := actions(h.plan(engine.Request{})); !slices.Equal(got, []string{"service:worker:update"}) {
			t.Errorf("scaling the worker does %v", got)
		}
		h.must(h.deploy())

		h.must(h.apply(h.plan(engine.Request{Rollback: "previous"})))
		if got := h.services(); !slices.Equal(got, []string{"app berth-live-beats-production:1", "clock berth-live-beats-production_clock:1", "report berth-live-beats-production_report:1", "worker berth-live-beats-production_worker:1"}) {
			t.Errorf("after the rollback: %v", got)
		}
		h.must(h.deploy())

		h.spec.Processes["clock"].Skip = true
		want = []string{"service:clock:delete", "scaling:clock:delete", "task-definition:clock:delete"}
		for _, one := range want {
			if got := actions(h.plan(engine.Request{})); !slices.Contains(got, one) {
				t.Errorf("without the clock the plan does %v, not %s", got, one)
			}
		}
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("once the clock is gone, the plan does %v", actions(p))
		}

		h.spec = &spec.Spec{App: h.spec.App, EnvName: h.spec.EnvName, Region: h.spec.Region} // as with --app, without a file
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// A version that fails in a process goes back in all of them, and is told once, with its cause.
func TestFailingProcessTakesAllBack(t *testing.T) {
	for name, faulty := range map[string]string{"worker": "/_worker", "own": "/production"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newShop(t, sim.Options{})
				h.must(h.deploy())
				time.Sleep(time.Hour)
				before := h.services()
				write(t, h.spec.Dir, "server", "version 2, which crashes")
				h.spec.Service.ReleaseCommand = "" // which would fail first
				h.account.SetFaults(fault(t, "crash-task=3"+faulty))
				cause := h.goesBack(before, "exited with code 3")
				if name == "worker" && !strings.Contains(cause, "worker") {
					t.Errorf("the cause does not name the process: %s", cause)
				}
				st, err := h.watch().Status(t.Context())
				must(t, err)
				if at := slices.IndexFunc(st.Processes, func(p engine.Process) bool { return p.Name == name }); at >= 0 && (st.Processes[at].Ended == nil || *st.Processes[at].Ended.ExitCode != 3) {
					t.Errorf("the status does not tell how %s ended: %+v", name, st.Processes[at])
				}
				h.account.SetFaults()
				h.must(h.deploy())
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); len(left) > 0 {
					t.Errorf("destroy leaves %v", left)
				}
			})
		})
	}
}

// A schedule runs its process at its time, and a run that fails is told with its exit code.
func TestScheduledRunsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShop(t, sim.Options{})
		h.must(h.deploy())
		berlin, err := time.LoadLocation("Europe/Berlin")
		must(t, err)
		now := time.Now().In(berlin)
		night := time.Date(now.Year(), now.Month(), now.Day()+1, 3, 20, 0, 0, berlin)
		time.Sleep(night.Sub(now))
		report := func() engine.Process {
			st, err := h.watch().Status(t.Context())
			must(t, err)
			return st.Processes[slices.IndexFunc(st.Processes, func(p engine.Process) bool { return p.Name == "report" })]
		}
		if p := report(); len(p.Runs) != 1 || p.Runs[0].Failed() || p.State != engine.Running || p.Schedule != "cron(0 3 * * ? *) Europe/Berlin" {
			t.Errorf("the report of the night: %+v", p)
		}
		h.account.SetFaults(fault(t, "crash-task=9/_report"))
		time.Sleep(24 * time.Hour)
		p := report()
		if len(p.Runs) != 1 || !p.Runs[0].Failed() || *p.Runs[0].ExitCode != 9 || p.State != engine.Degraded {
			t.Errorf("the report that failed: %+v", p)
		}
		if says := p.Says(time.Now(), time.Duration.String); !strings.Contains(says, "exit code 9") {
			t.Errorf("it says %q", says)
		}
	})
}

// The least policy for an app with processes holds exactly what AWS checks over its life.
func TestPolicyOfProcessesIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShop(t, sim.Options{})
		policy, note, err := h.engine.Policy(t.Context(), engine.Request{Spec: h.spec})
		if err != nil || note != nil {
			t.Fatal(note, err)
		}
		h.must(h.deploy())
		time.Sleep(time.Hour)
		h.look()
		h.spec.Service.ReleaseCommand = ""
		write(t, h.spec.Dir, "server", "version 2, which crashes")
		h.account.SetFaults(fault(t, "crash-task=1/_worker"))
		if res, _ := h.deploy(); res.Outcome != event.RolledBack {
			t.Errorf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		allowed := policy.Actions()
		for _, used := range h.account.ActionsUsed() {
			if !slices.Contains(allowed, used) {
				t.Errorf("%s is used and not allowed", used)
			}
		}
	})
}

// A run over an app with processes that is cut at any call converges, and destroy leaves nothing.
func TestCutMatrixOfProcesses(t *testing.T) {
	lives := []scenario{
		{name: "first deployment", before: func(*harbor) {}},
		{name: "redeployment without one", before: func(h *harbor) {
			h.must(h.deploy())
			time.Sleep(time.Hour)
			write(h.t, h.spec.Dir, "server", "version 2")
			h.spec = h.spec.Clone()
			delete(h.spec.Processes, "clock")
		}},
		{name: "destroy", before: func(h *harbor) {
			h.must(h.deploy())
			time.Sleep(time.Hour)
		}, run: engine.Request{Destroy: true}},
	}
	for _, s := range lives {
		s.app = func(t *testing.T, dir string) *harbor {
			h := newShop(t, sim.Options{})
			h.slowlyIn(dir)
			return h
		}
		t.Run(s.name, func(t *testing.T) { s.sample(t, 5) })
	}
}

// slowlyIn puts the app's source into a folder, and has the account looked at seldom.
func (h *harbor) slowlyIn(dir string) {
	h.t.Helper()
	env := h.account.Environment()
	env.PollEvery = slowPoll
	h.engine = engine.Open(engine.Options{Environment: env, Builder: h.account.Builder()})
	write(h.t, dir, "Dockerfile", dockerfile)
	write(h.t, dir, "server", "version 1")
	h.spec.Dir = dir
}

// goesBack deploys a version that does no good: it is rolled back, for which the cause says a word, and what ran before
// runs on. It returns the cause.
func (h *harbor) goesBack(before []string, word string) (cause string) {
	h.t.Helper()
	res, events := h.deploy()
	if res.Outcome != event.RolledBack || res.Err == nil || !strings.Contains(res.Err.Cause, word) {
		h.tell(events)
		h.t.Fatalf("ended %s: %v", res.Outcome, res.Err)
	}
	time.Sleep(10 * time.Minute)
	if got := h.services(); !slices.Equal(got, before) {
		h.t.Errorf("%v runs, and before that %v", got, before)
	}
	return res.Err.Cause
}
