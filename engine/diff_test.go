package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// A plan tells each field that changes with its old and its new value, and no value that may be a secret.
func TestPlanTellsWhatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Env["MAIL_URL"] = "smtp://me:s3same@mail.example.com"
		h.must(h.deploy())
		h.spec.Service.Memory, h.spec.Service.Instances = 1024, 2
		h.spec.Env["FLAG"], h.spec.Env["API_TOKEN"] = "on", "t0ps3cret"
		delete(h.spec.Env, "MAIL_URL")
		p := h.plan(engine.Request{})
		b, err := json.Marshal(p)
		must(t, err)
		var read struct {
			Changes []struct {
				ID, Action string
				Diff       []struct{ Field, Old, New string }
			}
		}
		must(t, json.Unmarshal(b, &read))
		var got []string
		for _, c := range read.Changes {
			if c.Action != string(event.Update) && c.Diff != nil {
				t.Errorf("%s: a diff of a %s", c.ID, c.Action)
			}
			for _, f := range c.Diff {
				got = append(got, c.ID+" "+f.Field+": "+f.Old+" -> "+f.New)
			}
		}
		for _, want := range []string{
			"task-definition memory: 512 -> 1024", "task-definition env FLAG:  -> on", "task-definition env API_TOKEN:  -> (hidden)",
			"task-definition env MAIL_URL: (hidden) -> ", "service tasks: 1 -> 2",
			"service revision: berth-live-beats-production:1 -> (known after apply)",
		} {
			if !slices.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
			}
		}
		for _, secret := range []string{"t0ps3cret", "s3same"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("the plan tells %s", secret)
			}
		}
		if again := h.plan(engine.Request{}); again.Hash != p.Hash {
			t.Error("the same plan has another hash")
		}
		h.spec.Service.Memory = 2048
		if other := h.plan(engine.Request{}); other.Hash == p.Hash {
			t.Error("another size has the same hash")
		}
	})
}

// An account whose every list comes in pages of one item is as good as any other.
func TestPagesOfOneItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{PageSize: 1, NoDefaultVPC: true}, slowPoll)
		h.spec.Network.Clustering = "dns"
		h.spec.Service.Instances = 3
		h.must(h.deploy())
		time.Sleep(time.Hour)
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		h.look()
		st, err := h.watch().Status(t.Context())
		if err != nil || len(st.Deployments) != 2 || st.Healthy != 3 {
			t.Errorf("%d rollouts, %d healthy, %v", len(st.Deployments), st.Healthy, err)
		}
		left, err := h.engine.Orphans(t.Context(), "")
		if err != nil || len(left.Groups) > 0 {
			t.Errorf("left over of an app that lives: %+v, %v", left, err)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// ListTasks tells of a hundred tasks at most in one answer.
func TestMoreThanAHundredTasksServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "quota=fargate:100")}}, slowPoll)
		h.spec.Service.Instances = 120
		h.must(h.deploy())
		st, err := h.watch().Status(t.Context())
		if err != nil || st.Healthy != 120 {
			t.Errorf("%d healthy, %v", st.Healthy, err)
		}
	})
}
