package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/sim"
)

// Of two deployments at the same moment exactly one runs; the other is told who does, and changes nothing.
func TestTwoDeploymentsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		a, b := h.plan(engine.Request{}), h.plan(engine.Request{})
		first, second := h.engine.Apply(t.Context(), a), h.engine.Apply(t.Context(), b)
		one, _ := first.Wait(t.Context())
		two, _ := second.Wait(t.Context())
		if two.Outcome == event.Succeeded {
			one, two = two, one
		}
		if one.Outcome != event.Succeeded || two.Outcome != event.Refused {
			t.Fatalf("ended %s and %s: %v %v", one.Outcome, two.Outcome, one.Err, two.Err)
		}
		if fail.ExitCode(two.Err) != 4 || !strings.Contains(two.Err.Cause, "another deploy of this app is in progress") ||
			!strings.Contains(two.Err.Evidence, "run ") || !strings.Contains(two.Err.Remedy, "berth in its folder shows it live") {
			t.Errorf("told %+v", two.Err)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
		if left := h.left(); len(left) == 0 || strings.Contains(strings.Join(left, " "), "lock") {
			t.Errorf("left %v", left)
		}
	})
}

// A deployment that has nothing left to change, because another one is rolling out what it wants, says whose rollout it waits
// for, and ends as that does, with the reason.
func TestDeploymentsJoinARollout(t *testing.T) {
	for _, c := range []struct {
		fault, cause string
		outcome      event.Outcome
	}{{outcome: event.Succeeded}, {"crash-task", "exit code 1", event.RolledBack}} {
		t.Run(string(c.outcome), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				h.must(h.deploy())
				time.Sleep(time.Hour)
				if c.fault != "" {
					h.account.SetFaults(fault(t, c.fault))
				}
				write(t, h.spec.Dir, "server", "version 2")
				first := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
				for p := h.plan(engine.Request{}); p.Changed(); p = h.plan(engine.Request{}) {
					time.Sleep(5 * time.Second)
				}
				time.Sleep(20 * time.Second)
				second, events := h.deploy()
				one, _ := first.Wait(t.Context())
				if one.Outcome != c.outcome || second.Outcome != c.outcome {
					t.Fatalf("ended %s and %s: %v", one.Outcome, second.Outcome, second.Err)
				}
				told := ""
				for _, e := range events {
					if strings.Contains(e.Text, "waiting for it") {
						told = e.Text
					}
				}
				if !strings.Contains(told, "a rollout of berth-live-beats-production:2 has been in progress since") || !strings.Contains(told, "deployed") {
					t.Errorf("told %q", told)
				}
				if c.cause != "" && (second.Err.Cause != one.Err.Cause || !strings.Contains(second.Err.Cause+second.Err.Evidence, c.cause)) {
					t.Errorf("first: %v\nsecond: %v", one.Err, second.Err)
				}
			})
		})
	}
}

// A run whose process died holds the lock no longer than it takes to be sure of that.
func TestLockOfADeadRunIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.account.SetFaults(fault(t, "cut=60"))
		if res, _ := h.deploy(); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		start := time.Now()
		res, events := h.deploy()
		h.must(res, events)
		told := false
		for _, e := range events {
			told = told || strings.Contains(e.Text, "checking whether that run is still alive")
		}
		if !told {
			t.Error("the wait for the lock was not told")
		}
		if took := time.Since(start); took > 6*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

// The first stop lets the calls in flight finish and starts no others; what it ends with says how to go on.
func TestStopAndGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		time.Sleep(30 * time.Second)
		run.Stop()
		asked := time.Now()
		res, _ := run.Wait(t.Context())
		if res.Outcome != event.Stopped || fail.ExitCode(res.Err) != 130 || !strings.Contains(res.Err.Remedy, "same command") {
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("stopped only after %s", took)
		}
		for _, c := range h.account.Calls() {
			if c.Start.After(asked.Add(time.Second)) && c.Mutating && c.Service != "ssm" {
				t.Errorf("%s was called %s after the stop", c.Action(), c.Start.Sub(asked))
			}
		}
		h.must(h.deploy())
	})
}

// Ending the context cancels at once, leaves no goroutine behind, and the next run goes on.
func TestCancelAndGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		time.Sleep(30 * time.Second)
		run.Cancel()
		if res, _ := run.Wait(t.Context()); res.Outcome != event.Stopped {
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		h.must(h.deploy())
	})
}

// A plan that would do something else by now is refused before anything changes.
func TestPlanThatChangedSinceItWasConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		write(t, h.spec.Dir, "server", "version 2")
		confirmed := h.plan(engine.Request{})
		write(t, h.spec.Dir, "server", "version 3")
		time.Sleep(time.Minute)
		before := len(h.account.Calls())
		res, _ := h.apply(confirmed)
		if res.Outcome != event.Refused || !strings.Contains(res.Err.Cause, "has changed since you confirmed it") {
			t.Errorf("ended %s: %v", res.Outcome, res.Err)
		}
		for _, c := range h.account.Calls()[before:] {
			if c.Mutating && c.Service != "ssm" {
				t.Errorf("called %s", c.Action())
			}
		}
	})
}

// Where somebody can sign in, the run pauses, says what to do, and goes on by itself.
func TestExpiredCredentialsPauseTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "expire=60s/60s")}}, 0)
		h.engine = engine.Open(engine.Options{
			Environment: h.account.Environment(), Builder: h.account.Builder(), WaitForLogin: true,
		})
		res, events := h.deploy()
		h.must(res, events)
		var told []string
		for _, e := range events {
			if e.Stream == "berth" && e.Node == "" {
				told = append(told, e.Text)
			}
		}
		if len(told) != 2 || !strings.Contains(told[0], "replace the expired keys") || !strings.Contains(told[1], "continuing") {
			t.Errorf("told %q", told)
		}
	})
}

// Expired credentials end a run cleanly where nobody can sign in, and it goes on later.
func TestExpiredCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "expire=60s")}}, 0)
		res, events := h.deploy()
		if res.Outcome == event.Succeeded || res.Err == nil || !strings.Contains(res.Err.Cause, "credentials have expired") ||
			!strings.Contains(res.Err.Remedy, "sign in again") {
			h.tell(events)
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		if _, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec}); fail.ExitCode(err) != 4 {
			t.Errorf("plan with expired credentials: %v", err)
		}
		h.account.RenewCredentials()
		h.must(h.deploy())
	})
}

// A destroy that cannot finish lists what is left and what it costs.
func TestDestroyListsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		// Nobody can be asked beforehand about permissions: then it shows in the middle.
		h.account.SetFaults(fault(t, "deny=elasticloadbalancing:DeleteLoadBalancer"), fault(t, "deny=iam:SimulatePrincipalPolicy"))
		res, _ := h.apply(h.plan(engine.Request{Destroy: true}))
		if res.Outcome != event.Failed || !strings.Contains(res.Err.Cause, "elasticloadbalancing:DeleteLoadBalancer") ||
			!strings.Contains(res.Err.Evidence, "still there: ") || !strings.Contains(res.Err.Evidence, "a month together") ||
			strings.Contains(res.Err.Evidence, "live-beats-production-execution") {
			t.Fatalf("ended %s: %+v", res.Outcome, res.Err)
		}
		t.Log(res.Err.Evidence)
		h.account.SetFaults()
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}
