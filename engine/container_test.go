package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/preflight"
	"berth/engine/sim"
	"berth/engine/spec"
)

// An image that brings its own init process, as s6-overlay does, ends at once behind another one. The failure says so and
// which key settles it.
func TestAnImageWithItsOwnFirstProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		write(t, h.spec.Dir, "Dockerfile", strings.ReplaceAll(dockerfile, `CMD ["/server"]`, `ENTRYPOINT ["/init"]`)+"\nENTRYPOINT [\"/init\"]\n")
		res, _ := h.deploy()
		f := fail.From(res.Err)
		if res.Outcome == event.Succeeded || !strings.Contains(f.Cause, "its own init process") || f.Setting != "service.init" || f.Suggest != false {
			t.Fatalf("ended %s: %+v", res.Outcome, f)
		}
		if err := h.spec.Set("service.init", false, spec.Origin{Kind: spec.Answer}); err != nil {
			t.Fatal(err)
		}
		h.must(h.deploy())
	})
}

// Nobody gets a shell in a task, and no task may open one, unless the app says so; and no longer than it says so.
func TestShellsAreOffUntilAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		for _, on := range []bool{false, true, false} {
			h.spec.Service.Exec = on
			h.must(h.deploy())
			service, role := false, false
			for _, i := range h.account.Inventory() {
				service = service || i.Kind == "ecs.Service" && strings.Contains(i.Detail, `"Exec":true`)
				role = role || i.Kind == "iam.Role" && strings.Contains(i.Detail, "ssmmessages:")
			}
			if service != on || role != on {
				t.Errorf("service.exec %v: the service lets in %v, a role may %v", on, service, role)
			}
		}
	})
}

// A release command that an ENTRYPOINT takes for arguments of its server never ends: it is given up and stopped, at its
// deadline and when the run is stopped, and a destroy stops what still runs on its own.
func TestAReleaseCommandThatNeverEnds(t *testing.T) {
	deaf := func(t *testing.T) *harbor {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "ignores-command")}}, 0)
		h.spec.Service.ReleaseCommand = "/server migrate"
		return h
	}
	running := func(h *harbor) (n int) {
		for _, i := range h.account.Inventory() {
			if i.Kind == "ecs.Task" {
				n++
			}
		}
		return n
	}
	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := deaf(t)
			res, events := h.deploy()
			f := fail.From(res.Err)
			if res.Outcome != event.Failed || !strings.Contains(f.Remedy, "ENTRYPOINT") || f.Setting != "service.entrypoint" {
				t.Fatalf("ended %s: %+v", res.Outcome, f)
			}
			if !slices.ContainsFunc(events, func(e event.Event) bool { return e.Text == "stopped the release command" }) {
				t.Error("it was not stopped")
			}
			time.Sleep(5 * time.Minute)
			if n := running(h); n != 0 {
				t.Errorf("%d tasks run", n)
			}
			h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		})
	})
	t.Run("stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := deaf(t)
			r := h.engine.Apply(context.Background(), h.plan(engine.Request{}))
			time.Sleep(12 * time.Minute)
			r.Stop()
			res, err := r.Wait(context.Background())
			if err != nil || res.Outcome != event.Stopped {
				t.Fatalf("ended %s: %v, %v", res.Outcome, res.Err, err)
			}
			time.Sleep(5 * time.Minute)
			if n := running(h); n != 0 {
				t.Errorf("%d tasks run", n)
			}
		})
	})
	t.Run("destroy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := deaf(t)
			ctx, cancel := context.WithCancel(context.Background())
			r := h.engine.Apply(ctx, h.plan(engine.Request{}))
			time.Sleep(12 * time.Minute)
			h.account.SetFaults(fault(t, "ignores-command"), fault(t, "deny=ecs:StopTask"))
			cancel()
			if _, err := r.Wait(context.Background()); err != nil {
				t.Fatal(err)
			}
			if running(h) == 0 {
				t.Fatal("nothing is left to stop")
			}
			h.account.SetFaults()
			start := time.Now()
			h.must(h.apply(h.plan(engine.Request{Destroy: true})))
			if left := h.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if took := time.Since(start); took > 10*time.Minute {
				t.Errorf("the destroy took %s", took)
			}
		})
	})
}

// A destroy that was cut between retiring the revisions and deleting them finds them again.
func TestRetiredRevisionsAreFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.account.SetFaults(fault(t, "deny=ecs:DeleteTaskDefinitions"))
		p := h.plan(engine.Request{Destroy: true, SkipPreflight: true})
		if res, _ := h.apply(p); res.Outcome == event.Succeeded {
			t.Fatal("it was not cut")
		}
		h.account.SetFaults()
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// Each setting reaches AWS, says what it changes, and leaves nothing to do afterwards. Going back does the same.
func TestSettingsOfTheContainerReachAWS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		was := h.spec.Clone()
		for name, v := range map[string]any{
			"service.entrypoint": []string{"/start"}, "service.init": false, "service.exec": true, "network.idle_timeout": 20 * time.Second,
			"service.health.interval": 30 * time.Second, "service.health.timeout": 20 * time.Second, "service.health.unhealthy": 5,
			"service.health.codes": "200-299",
		} {
			if err := h.spec.Set(name, v, spec.Origin{Kind: spec.Answer}); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{
			"ECS Exec", "entrypoint", "health interval", "health timeout", "healthy codes", "idle_timeout.timeout_seconds", "init process",
			"policy", "unhealthy after",
		}
		for _, want := range [][]string{append(slices.Clone(want), "origin keep-alive"), want} {
			p := h.plan(engine.Request{})
			var got []string
			for _, c := range p.Changes {
				for _, d := range c.Diff {
					if !slices.Contains([]string{"revision", "image"}, d.Field) {
						got = append(got, d.Field)
					}
				}
			}
			slices.Sort(got)
			for _, field := range want {
				if !slices.Contains(got, field) {
					t.Errorf("%s is not among what changes: %v", field, got)
				}
			}
			h.must(h.apply(p))
			if left := actions(h.plan(engine.Request{})); len(left) > 0 {
				t.Errorf("afterwards there is still %v", left)
			}
			h.spec = was
		}
	})
}

// An ENTRYPOINT that never sees the release command is told before anything changes, from the Dockerfile and from the image;
// what is told to do about it works.
func TestAReleaseCommandThatTheImageDoesNotRun(t *testing.T) {
	entry := func(t *testing.T, line string) *harbor {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Service.ReleaseCommand = "/server migrate"
		write(t, h.spec.Dir, "Dockerfile", strings.ReplaceAll(dockerfile, `CMD ["/server"]`, line))
		return h
	}
	t.Run("a line of a shell", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := entry(t, "ENTRYPOINT /server --web")
			p := h.plan(engine.Request{})
			before := h.inventory()
			res, _ := h.apply(p)
			if f := fail.From(res.Err); res.Outcome != event.Refused || !strings.Contains(f.Cause, "never sees the release command") || !strings.Contains(f.Remedy, "/usr/bin/env") {
				t.Fatalf("ended %s: %+v", res.Outcome, f)
			}
			if now := h.inventory(); !slices.Equal(before, now) {
				t.Errorf("before %v, now %v", before, now)
			}
			res, _ = h.apply(h.plan(engine.Request{SkipPreflight: true})) // the image says the same
			if f := fail.From(res.Err); res.Outcome != event.Failed || !strings.Contains(f.Cause, "never sees the release command") || f.Setting != "service.entrypoint" {
				t.Fatalf("ended %s: %+v", res.Outcome, f)
			}
			h.spec.Service.Entrypoint, h.spec.Service.Command = []string{"/usr/bin/env"}, []string{"/bin/sh", "-c", "/server --web"}
			h.must(h.deploy())
		})
	})
	t.Run("a program", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := entry(t, `ENTRYPOINT ["/server"]`)
			rep, err := h.engine.Preflight(t.Context(), h.plan(engine.Request{}))
			must(t, err)
			if c := rep.Get("dockerfile"); c == nil || c.State != preflight.Warn || !strings.Contains(c.Text, "as arguments instead of running it") {
				t.Errorf("%+v", c)
			}
			h.must(h.deploy()) // it may well run them
		})
	})
}
