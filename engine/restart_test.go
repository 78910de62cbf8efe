package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/sim"
	"berth/engine/spec"
)

// A restart runs the version that runs already in new tasks, and is over when those serve: the old ones, which are of the
// same revision, count for nothing.
func TestRestartRunsTheSameVersionInNewTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		if _, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Restart: true}); fail.ExitCode(err) != 4 ||
			!strings.Contains(err.Error(), "not deployed") {
			t.Errorf("restart of nothing: %v", err)
		}
		h.must(h.deploy())
		before := h.status()
		write(t, h.spec.Dir, "server", "version 2") // which is no part of it
		p, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Restart: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := actions(p); !slices.Equal(got, []string{"service:update"}) {
			t.Errorf("plan does %v", got)
		}
		if p.MonthlyUSD != before.MonthlyUSD {
			t.Errorf("it costs %v, and what runs %v", p.MonthlyUSD, before.MonthlyUSD)
		}
		res, events := h.apply(p)
		h.must(res, events)
		if events[0].Verb != "restart" {
			t.Errorf("verb %q", events[0].Verb)
		}
		old, fresh := tasksSeen(events)
		for id := range fresh {
			if old[id] {
				t.Errorf("task %s counts as old and as new", id)
			}
		}
		if len(fresh) < before.Desired {
			t.Errorf("%d new tasks, want %d", len(fresh), before.Desired)
		}
		after := h.status()
		if after.Revision != before.Revision || after.State != engine.Running || len(after.Deployments) != len(before.Deployments)+1 {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}

// Each process starts anew with the revision that it runs; one that runs by schedule has new tasks every time.
func TestRestartIsOfAllProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		process := func(p spec.Process) *spec.Process {
			p.Command, p.CPU, p.Memory = []string{"/worker"}, 0.25, 512
			return &p
		}
		h.spec.Processes = map[string]*spec.Process{
			"worker": process(spec.Process{Instances: 1}), "paused": process(spec.Process{}),
			"nightly": process(spec.Process{Instances: 1, Schedule: "rate(1 hour)"}),
		}
		h.must(h.deploy())
		before := h.services()
		p := h.plan(engine.Request{Restart: true})
		if got := actions(p); !slices.Equal(got, []string{"service:update", "service:worker:update"}) {
			t.Errorf("plan does %v", got)
		}
		h.must(h.apply(p))
		if after := h.services(); !slices.Equal(before, after) {
			t.Errorf("before %v, after %v", before, after)
		}
	})
}

// Tasks of the same version that do not come up any more are rolled back, as those of a new one are, and what serves goes on.
func TestRestartThatFailsKeepsTheTasksOfBefore(t *testing.T) {
	for name, rules := range map[string][]string{"seen": {"crash-task"}, "blind": {"crash-task", "deny=ecs:ListServiceDeployments"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				h.must(h.deploy())
				p, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Restart: true, SkipPreflight: true})
				if err != nil {
					t.Fatal(err)
				}
				var bad []sim.Fault
				for _, rule := range rules {
					bad = append(bad, fault(t, rule))
				}
				h.account.SetFaults(bad...)
				res, _ := h.apply(p)
				if res.Outcome != event.RolledBack || fail.ExitCode(res.Err) != 3 || !strings.Contains(res.Err.Error(), "previous tasks") {
					t.Errorf("outcome %s, %v", res.Outcome, res.Err)
				}
				h.account.SetFaults()
				time.Sleep(5 * time.Minute) // who cannot see the rollout is told before it is over
				if st := h.status(); st.State != engine.Running {
					t.Errorf("state %s", st.State)
				}
			})
		})
	}
}

// What is paused runs no tasks that could be new.
func TestRestartOfAPausedAppIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Service.Instances = 0
		h.must(h.deploy())
		_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Restart: true})
		if fail.ExitCode(err) != 4 || !strings.Contains(err.Error(), "paused") {
			t.Errorf("got %v", err)
		}
	})
}

// tasksSeen are the tasks that events told of, the old ones and the new ones.
func tasksSeen(events []event.Event) (old, fresh map[string]bool) {
	old, fresh = map[string]bool{}, map[string]bool{}
	for _, e := range events {
		for _, t := range e.Tasks {
			if t.New {
				fresh[t.ID] = true
			} else {
				old[t.ID] = true
			}
		}
	}
	return old, fresh
}
