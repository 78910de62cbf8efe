package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/image"
	"berth/engine/sim"
	"berth/engine/spec"
)

func fault(t *testing.T, rule string) sim.Fault {
	t.Helper()
	f, err := sim.ParseFault(rule)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// An app that may take an hour to start, and takes 50 minutes, is waited for: the rollout's deadline follows
// service.start_timeout.
func TestRolloutWaitsAsLongAsTheAppMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "slow=app:1000x")}}, 0)
		h.spec.Service.StartTimeout = spec.Duration(time.Hour)
		start := time.Now()
		h.must(h.apply(h.plan(engine.Request{SkipVerify: true}))) // the app is as slow to answer
		if took := time.Since(start); took < 50*time.Minute {
			t.Errorf("it started within %s", took)
		}
	})
}

// A service that never gets healthy ends as failed, well before the deadline, with the cause in plain words.
func TestRolloutThatNeverGetsHealthy(t *testing.T) {
	for _, c := range []struct{ rule, cause, remedy string }{
		{"crash-task", "exited with code 1", "last log lines"},
		{"wrong-port", "nothing answers on port 4000", "service.port"},
		{"unhealthy=404", "answers the health check at / with an error 404", "service.health_path"},
		{"image-gone", "no longer in the registry", "deploy again"},
		{"no-route", "cannot reach the registry", "internet gateway"},
		{"oom", "needs more memory than the 512 MiB", "service.memory"},
		{"quota=fargate:0", "reached its quota of Fargate vCPUs", "Service Quotas"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// Nobody can be asked beforehand about a quota: then it shows when it is reached.
				unasked := fault(t, "deny=servicequotas:GetServiceQuota")
				h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, c.rule), unasked}}, 0)
				start := time.Now()
				res, events := h.deploy()
				took := time.Since(start)
				if res.Outcome != event.Failed || res.Err == nil {
					h.tell(events)
					t.Fatalf("ended %s: %v", res.Outcome, res.Err)
				}
				if !strings.Contains(res.Err.Cause, c.cause) || !strings.Contains(res.Err.Remedy, c.remedy) {
					h.tell(events)
					t.Errorf("cause %q\nevidence %q\nremedy %q", res.Err.Cause, res.Err.Evidence, res.Err.Remedy)
				}
				if took > 16*time.Minute {
					t.Errorf("took %s", took)
				}
				t.Logf("after %s: %s", took.Round(time.Second), res.Err.Cause)
			})
		})
	}
}

// A new version that fails goes back to the one before, and that is told as what it is.
func TestRedeployThatFailsIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.account.SetFaults(fault(t, "crash-task"))
		write(t, h.spec.Dir, "server", "version 2")
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		var events []event.Event
		for reader := run.Events(); ; {
			batch, err := reader.Next(t.Context())
			if err != nil || batch == nil {
				break
			}
			for _, e := range batch {
				events = append(events, e)
				if strings.Contains(e.Text, "rolling back") { // the old version has nothing wrong with it
					h.account.SetFaults()
				}
			}
		}
		res, _ := run.Wait(t.Context())
		if res.Outcome != event.RolledBack {
			h.tell(events)
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		if strings.Contains(res.Err.Remedy, "destroy") || !strings.Contains(res.Err.Evidence, "the version before goes on running") {
			t.Errorf("of a living app it says %q, %q", res.Err.Evidence, res.Err.Remedy)
		}
		if !strings.Contains(res.Err.Cause, "code 1") || !strings.Contains(res.Err.Cause, "rolled back to the previous version") {
			t.Errorf("cause %q", res.Err.Cause)
		}
		st, err := h.engine.Status(t.Context(), h.spec)
		if err != nil || st.State != "running" || !strings.HasSuffix(st.Revision, ":1") {
			t.Errorf("status %+v, err %v", st, err)
		}
		h.must(h.deploy())
	})
}

func TestAccountThatMayNotUseCloudFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "no-cloudfront")}}, 0)
		res, _ := h.deploy()
		if res.Outcome != event.Failed || !strings.Contains(res.Err.Cause, "is not allowed to use CloudFront yet") ||
			!strings.Contains(res.Err.Remedy, "AWS Support") {
			t.Errorf("ended %s: %+v", res.Outcome, res.Err)
		}
		h.account.SetFaults()
		h.must(h.deploy())
	})
}

// tell prints what a run said.
func (h *harbor) tell(events []event.Event) {
	h.t.Helper()
	for _, e := range events {
		if e.Type != event.NodePlanned {
			h.t.Logf("%s %-14s %-18s %-6s %s", e.Time.Format("15:04:05"), e.Type, e.Node, e.Stream, e.Text)
		}
	}
}

// otherArch builds for another processor than it was asked to, as a builder without emulation may.
type otherArch struct{ image.Builder }

func (b otherArch) Build(ctx context.Context, src image.Source, r image.Reporter) (image.Image, error) {
	src.Platform = "linux/arm64"
	return b.Builder.Build(ctx, src, r)
}

// An image for another processor is not pushed, and told as such.
func TestImageOfTheWrongArchitecture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.engine = engine.Open(engine.Options{
			Environment: h.account.Environment(), Builder: otherArch{h.account.Builder()},
		})
		start := time.Now()
		res, events := h.deploy()
		if res.Outcome != event.Failed || !strings.Contains(res.Err.Cause, "the image is for linux/arm64, and the tasks run linux/amd64") ||
			!strings.Contains(res.Err.Remedy, "image.platform") {
			h.tell(events)
			t.Fatalf("ended %s: %+v", res.Outcome, res.Err)
		}
		t.Logf("after %s: %s", time.Since(start).Round(time.Second), res.Err.Cause)
	})
}
