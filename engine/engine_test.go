package engine_test

import (
	"context"
	"os"
	"path/filepath"
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

// harbor is an engine on a simulated account with a small app to deploy.
type harbor struct {
	t       *testing.T
	account *sim.Account
	engine  *engine.Engine
	spec    *spec.Spec
}

const dockerfile = "FROM scratch\nCOPY . /\nEXPOSE 4000\nCMD [\"/server\"]\n"

// newHarbor opens an account; every replaces the poller's own interval unless it is zero.
func newHarbor(t *testing.T, o sim.Options, every time.Duration) *harbor {
	t.Helper()
	o.Region = "eu-west-2"
	account, err := sim.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	h := &harbor{t: t, account: account}
	env := checked(t, account.Environment())
	env.PollEvery = every
	h.engine = engine.Open(engine.Options{Environment: env, Builder: account.Builder()})
	dir := t.TempDir()
	write(t, dir, "Dockerfile", dockerfile)
	write(t, dir, "server", "version 1")
	h.spec = &spec.Spec{App: "live-beats", EnvName: "production", Region: "eu-west-2", Dir: dir}
	h.spec.Service.Port = 4000
	h.spec.Network.WebSockets = true
	h.spec.Env = map[string]string{"PHX_HOST": "${host}"}
	if err := h.spec.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	return h
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *harbor) plan(r engine.Request) *engine.Plan {
	h.t.Helper()
	r.Spec = h.spec
	p, err := h.engine.Plan(context.Background(), r)
	if err != nil {
		h.t.Fatalf("plan: %v", err)
	}
	for _, c := range p.Changes {
		if (c.Action == event.Update || c.Action == event.Replace) && len(c.Diff) == 0 {
			h.t.Errorf("%s: the plan does not tell what the %s changes (%s)", c.ID, c.Action, c.Why)
		}
	}
	return p
}

// apply carries a plan out and returns how it ended, with all events.
func (h *harbor) apply(p *engine.Plan) (engine.Result, []event.Event) {
	h.t.Helper()
	r := h.engine.Apply(context.Background(), p)
	res, err := r.Wait(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	var events []event.Event
	reader := r.Events()
	for {
		batch, err := reader.Next(context.Background())
		if err != nil || len(batch) == 0 {
			return res, events
		}
		events = append(events, batch...)
	}
}

func (h *harbor) deploy() (engine.Result, []event.Event) {
	h.t.Helper()
	return h.apply(h.plan(engine.Request{}))
}

// must fails the test when the run did not succeed, and prints what it said.
func (h *harbor) must(res engine.Result, events []event.Event) {
	h.t.Helper()
	if res.Outcome == event.Succeeded {
		return
	}
	h.tell(events)
	h.t.Fatalf("ended %s: %v", res.Outcome, res.Err)
}

// actions are the changes of a plan that do something, as id:action.
func actions(p *engine.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		if c.Action != event.None {
			out = append(out, c.ID+":"+string(c.Action))
		}
	}
	return out
}

// left is what is in the account and not kept by AWS for good.
func (h *harbor) left() []string {
	var out []string
	for _, i := range h.account.Inventory() {
		if !i.Kept {
			out = append(out, i.String())
		}
	}
	return out
}

func TestFirstDeployRedeployDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		start := time.Now()
		first := h.plan(engine.Request{})
		if !first.Changed() || len(first.Hash) != 12 {
			t.Errorf("first plan: %v", first)
		}
		h.must(h.apply(first))
		t.Logf("first deployment took %s", time.Since(start).Round(time.Second))

		again := h.plan(engine.Request{})
		if got := actions(again); len(got) > 0 {
			for _, c := range again.Changes {
				t.Logf("%-26s %-8s %s", c.ID, c.Action, c.Why)
			}
			t.Fatalf("unchanged app: plan does %v", got)
		}
		if !strings.HasPrefix(again.Endpoint, "https://") {
			t.Errorf("endpoint %q", again.Endpoint)
		}
		before := len(h.account.Calls())
		res, events := h.apply(again)
		h.must(res, events)
		for _, c := range h.account.Calls()[before:] {
			if c.Mutating {
				t.Errorf("unchanged run calls %s %s", c.Service, c.Operation)
			}
		}

		write(t, h.spec.Dir, "server", "version 2")
		edited := h.plan(engine.Request{})
		want := []string{"build:create", "image:create", "task-definition:update", "service:update"}
		if got := actions(edited); !slices.Equal(got, want) {
			t.Errorf("edited app: plan does %v, want %v", got, want)
		}
		h.must(h.apply(edited))

		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
		if got := actions(h.plan(engine.Request{Destroy: true})); len(got) > 0 {
			t.Errorf("a second destroy does %v", got)
		}
	})
}

// What a first deployment opens to the internet is told; a second one opens nothing new.
func TestWhatTheInternetReachesIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		told := func(p *engine.Plan) (ids []string) {
			for _, c := range p.Changes {
				if c.Exposes != "" {
					ids = append(ids, c.ID)
				}
			}
			return ids
		}
		p := h.plan(engine.Request{})
		want := []string{"lb-security-group", "load-balancer", "service", "distribution"}
		if got := told(p); !slices.Equal(got, want) {
			t.Errorf("told of %v, want %v", got, want)
		}
		h.must(h.apply(p))
		write(t, h.spec.Dir, "server", "version 2")
		if got := told(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("news of %v", got)
		}
		if got := told(h.plan(engine.Request{Destroy: true})); len(got) > 0 {
			t.Errorf("a destruction opens %v", got)
		}
	})
}
