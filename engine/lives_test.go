package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/interview"
	"berth/engine/sim"
)

// newLife is the app of testdata/lives with that name, as its source tree and its berth.toml tell it, in an empty account.
func newLife(t *testing.T, name, dir string, every time.Duration) *harbor {
	t.Helper()
	a, err := txtar.ParseFile("testdata/lives/" + name + ".txtar")
	must(t, err)
	for _, f := range a.Files {
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(f.Name)), 0o700))
		write(t, dir, f.Name, string(f.Data))
	}
	d, err := interview.Read(t.Context(), interview.Sources{Dir: dir})
	must(t, err)
	h := newHarbor(t, sim.Options{NoDefaultVPC: true}, every)
	h.spec = d.Spec
	if ps := h.spec.Validate(); len(ps) > 0 {
		t.Fatal(ps)
	}
	if open := d.Findings.Open(h.spec); len(open) > 0 {
		t.Errorf("%v is open", open)
	}
	return h
}

// first is the request that brings it up, with the secret that it needs made up.
func first(t *testing.T) engine.Request {
	t.Helper()
	return engine.Request{Given: []engine.Given{give(t, "SECRET_KEY_BASE", strings.Repeat("ab", 64), true)}}
}

// TestLifeOfRails takes an app with a worker, a release command, a nightly report, a database and a cache from its source
// tree to an address, through crashes of each, and away.
func TestLifeOfRails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLife(t, "rails", t.TempDir(), 0)
		res, events := h.apply(h.plan(first(t)))
		h.must(res, events)
		if !strings.HasPrefix(res.Endpoint, "https://") {
			t.Errorf("it is at %q", res.Endpoint)
		}
		want := []string{"app berth-shop-production:1", "report-nightly berth-shop-production_report-nightly:1", "worker berth-shop-production_worker:1"}
		if got := h.services(); !slices.Equal(got, want) {
			t.Errorf("%v runs, want %v", got, want)
		}
		if st := h.status(); st.Processes[1].Running != 2 || st.Processes[0].Schedule != "cron(0 3 * * ? *) UTC" {
			t.Errorf("the processes are %+v", st.Processes)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("unchanged app: plan does %v", actions(p))
		}

		time.Sleep(time.Hour)
		write(t, h.spec.Dir, "app/jobs/mail_job.rb", "class MailJob < ApplicationJob\n  raise\nend")
		h.account.SetFaults(fault(t, "crash-task=3/_worker"))
		if res, _ := h.deploy(); res.Outcome != event.RolledBack || !strings.Contains(res.Err.Cause, "worker") {
			t.Errorf("a version whose worker crashes ended %s: %v", res.Outcome, res.Err)
		}
		h.account.SetFaults()
		if got := h.services(); !slices.Equal(got, want) {
			t.Errorf("after the crash %v runs, want %v", got, want)
		}

		write(t, h.spec.Dir, "app/jobs/mail_job.rb", "class MailJob < ApplicationJob\nend")
		h.must(h.deploy())
		h.spec.Processes["worker"].Instances = 3
		if got := actions(h.plan(engine.Request{})); !slices.Equal(got, []string{"service:worker:update"}) {
			t.Errorf("scaling the worker does %v", got)
		}
		h.must(h.deploy())

		h.account.SetFaults(fault(t, "crash-task=9/_report-nightly"))
		night := time.Now().UTC().Truncate(24 * time.Hour).Add(27*time.Hour + 20*time.Minute)
		time.Sleep(time.Until(night))
		if p := h.status().Processes[0]; p.State != engine.Degraded || len(p.Runs) == 0 || !p.Runs[0].Failed() {
			t.Errorf("the report that failed: %+v", p)
		}
		h.account.SetFaults()

		h.ends(nil)
		h.ends(nil) // as after a run that was cut, which a snapshot of the database must not stop
	})
}

// TestLifeOfPhoenix takes an app whose jobs Oban works on inside its nodes from its source tree to an address, through a
// crash, and away.
func TestLifeOfPhoenix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLife(t, "phoenix", t.TempDir(), 0)
		if len(h.spec.Processes) > 0 || !h.spec.Network.WebSockets {
			t.Errorf("it has the processes %v, WebSockets %v", h.spec.Processes, h.spec.Network.WebSockets)
		}
		res, events := h.apply(h.plan(first(t)))
		h.must(res, events)
		if !strings.HasPrefix(res.Endpoint, "https://") {
			t.Errorf("it is at %q", res.Endpoint)
		}
		time.Sleep(time.Hour)
		write(t, h.spec.Dir, "lib/forum/release.ex", "defmodule Forum.Release do\n  def migrate, do: raise \"no\"\nend")
		h.account.SetFaults(fault(t, "crash-task=1/production"))
		if res, _ := h.deploy(); res.Outcome == event.Succeeded {
			t.Error("a version that crashes was deployed")
		}
		h.account.SetFaults()
		h.must(h.deploy())
		h.ends(nil)
	})
}

// A run over all of it that is cut at any call converges, and destroy leaves nothing.
func TestCutMatrixOfRails(t *testing.T) {
	up := func(h *harbor) {
		h.must(h.apply(h.plan(first(h.t))))
		time.Sleep(time.Hour)
	}
	for _, s := range []scenario{
		{name: "first deployment", before: func(*harbor) {}, run: first(t)},
		{name: "redeployment", before: func(h *harbor) {
			up(h)
			write(h.t, h.spec.Dir, "app/jobs/mail_job.rb", "class MailJob < ApplicationJob\n  # version 2\nend")
			h.spec = h.spec.Clone()
			h.spec.Processes["worker"].Instances = 3
			h.spec.Processes["report-nightly"].Schedule = "rate(1 day)"
		}},
		{name: "destroy", before: up, run: engine.Request{Destroy: true}},
	} {
		s.app = func(t *testing.T, dir string) *harbor { return newLife(t, "rails", dir, slowPoll) }
		t.Run(s.name, func(t *testing.T) { s.sample(t, 19) })
	}
}
