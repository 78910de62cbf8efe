package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/preflight"
	"berth/engine/sim"
)

// Whatever single permission is missing, it is named before anything is created. Where nobody can be asked about
// permissions, the run stops with it named, and goes on to the same account once it is granted.
func TestDenialMatrix(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			before, actions, want := s.planned(t)
			var count denials
			work := make(chan string)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for action := range work {
						t.Run(strings.ReplaceAll(action, ":", "_"), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { s.denied(t, before, action, &count) })
							synctest.Test(t, func(t *testing.T) { s.blind(t, before, action, want, &count) })
						})
					}
				})
			}
			for i := 0; i < len(actions); i += raceFactor {
				work <- actions[i]
			}
			close(work)
			wg.Wait()
			t.Logf("%s: %d actions denied: %d refused with exactly that action named and nothing changed, %d only warned of; "+
				"with the preflight blind: %d stopped with the action named, %d went on without it, %d converged after the grant",
				s.name, count.tried.Load(), count.refused.Load(), count.warned.Load(), count.named.Load(), count.harmless.Load(),
				count.converged.Load())
			slices.Sort(count.less)
			t.Logf("warned of %s", strings.Join(count.less, ", "))
			for _, a := range count.without { // without these, the lock would be left behind
				if !slices.Contains(count.less, a) && a != "ssm:DeleteParameter" && a != "ssm:GetParameter" {
					t.Errorf("%s is refused, and a run goes on without it", a)
				}
			}
		})
	}
}

// denials counts what the matrix found.
type denials struct {
	tried, refused, warned, named, harmless, converged atomic.Int64

	mu      sync.Mutex
	without []string // the actions that a blind run went on without
	less    []string // the actions that the preflight only warned of
}

// planned plays a scenario to its end. It returns the account as it was before the run, the IAM actions that
// the run's plan needs, and what is there behind it.
func (s scenario) planned(t *testing.T) (before *harbor, actions, inventory []string) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, dir)
		s.before(h)
		before = &harbor{account: h.account.Fork(sim.Options{}), spec: h.spec}
		p := h.plan(s.run)
		h.must(h.apply(p))
		actions, inventory = preflight.Policy(p.Preflight.Need).Actions(), h.inventory()
	})
	return before, actions, inventory
}

// denied denies the action: somebody must name it, and nothing may change.
func (s scenario) denied(t *testing.T, from *harbor, action string, count *denials) {
	h := from.fork(t, fault(t, "deny="+action))
	before := h.inventory()
	count.tried.Add(1)
	r := s.run
	r.Spec = h.spec
	p, err := h.engine.Plan(t.Context(), r)
	var named []string
	switch {
	case err != nil:
		if f := fail.From(err); f.Class != fail.Refused || !strings.Contains(f.Cause, action) {
			t.Errorf("plan says %s %v", f.Class, f)
		}
		rep, err := h.engine.Doctor(t.Context(), engine.Request{Spec: h.spec})
		if err != nil {
			t.Fatal(err)
		}
		if c := rep.Get(preflight.PermissionsID); c != nil {
			named = c.Missing
		} else if c := rep.Get(preflight.IdentityID); c.State == preflight.Fail && strings.Contains(c.Text, action) {
			named = []string{action} // not even who we are can be asked
		}
	default:
		rep, err := h.engine.Preflight(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		c := rep.Get(preflight.PermissionsID)
		named = c.Missing
		if action == "iam:SimulatePrincipalPolicy" && c.State == preflight.Unknown && strings.Contains(c.Text, action) {
			named = []string{action}
		}
		if rep.Refusal() == nil {
			count.warned.Add(1)
			count.mu.Lock()
			count.less = append(count.less, action)
			count.mu.Unlock()
			if !slices.Equal(named, []string{action}) {
				t.Errorf("the preflight names %v, and this is denied: %s", named, action)
			}
			return
		}
		if res, _ := h.apply(p); res.Outcome != event.Refused || !strings.Contains(res.Err.Cause, action) {
			t.Errorf("the run ended %s: %v", res.Outcome, res.Err)
		}
	}
	if !slices.Equal(named, []string{action}) {
		t.Errorf("the preflight names %v, and this is denied: %s", named, action)
	}
	h.account.SetFaults()
	if diff := cmp.Diff(before, h.inventory()); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
		return
	}
	count.refused.Add(1)
}

// blind denies the action and the question about it; then the grant, and the same again.
func (s scenario) blind(t *testing.T, from *harbor, action string, want []string, count *denials) {
	h := from.fork(t, fault(t, "deny="+action), fault(t, "deny=iam:SimulatePrincipalPolicy"))
	r := s.run
	r.Spec = h.spec
	p, err := h.engine.Plan(t.Context(), r)
	if err == nil {
		var res engine.Result
		if res, _ = h.apply(p); res.Err != nil {
			err = res.Err
		}
	}
	switch {
	case err == nil:
		count.harmless.Add(1)
		count.mu.Lock()
		count.without = append(count.without, action)
		count.mu.Unlock()
	case strings.Contains(fmt.Sprint(fail.From(err).Cause, fail.From(err).Evidence), action):
		count.named.Add(1)
	default:
		t.Errorf("denied %s, and this was told: %v", action, err)
	}
	h.account.SetFaults()
	h.must(h.apply(h.plan(s.run))) // a run that went on without may have left its lock
	if diff := cmp.Diff(want, h.inventory()); diff != "" {
		t.Errorf("another account than undisturbed (-want +got):\n%s", diff)
		return
	}
	count.converged.Add(1)
}

// The preflight says it when nobody can be asked, and the run starts.
func TestPreflightThatCannotAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "deny=iam:SimulatePrincipalPolicy"), fault(t, "deny=servicequotas:GetServiceQuota")}}, 0)
		rep, err := h.engine.Doctor(t.Context(), engine.Request{Spec: h.spec})
		if err != nil {
			t.Fatal(err)
		}
		for id, missing := range map[string]string{
			preflight.PermissionsID: "iam:SimulatePrincipalPolicy", "quota-fargate": "servicequotas:GetServiceQuota",
		} {
			c := rep.Get(id)
			if c == nil || c.State != preflight.Unknown || !strings.Contains(c.Text, "could not") || !strings.Contains(c.Text, missing) {
				t.Errorf("%s: %+v", id, c)
			}
		}
		if rep.State != preflight.Unknown || rep.Refusal() != nil {
			t.Errorf("the whole is %s", rep.State)
		}
		h.must(h.deploy())
	})
}

// A quota that is certainly too small is told before anything is created.
func TestPreflightOfQuotas(t *testing.T) {
	for _, c := range []struct {
		rule, check, text string
		refused           bool
	}{
		{"quota=fargate:0", "quota-fargate", "quota is 0 Fargate vCPU", true},
		{"quota=vpc:0", "quota-vpc", "0 of 0 VPCs are in use", true},
		{"quota=elb:0", "quota-load-balancer", "the app needs one more", true},
		{"quota=fargate:1", "quota-fargate", "needs up to 1", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFullHarbor(t, t.TempDir())
				h.account.SetFaults(fault(t, c.rule))
				p := h.plan(engine.Request{})
				rep, err := h.engine.Preflight(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				got := rep.Get(c.check)
				if got == nil || (got.State == preflight.Fail) != c.refused || !strings.Contains(got.Text, c.text) {
					t.Fatalf("%+v", got)
				}
				if !c.refused {
					return
				}
				before := h.inventory()
				res, _ := h.apply(p)
				if res.Outcome != event.Refused || !strings.Contains(res.Err.Cause, c.text) || !strings.Contains(res.Err.Remedy, "Service Quotas") {
					t.Errorf("ended %s: %+v", res.Outcome, res.Err)
				}
				if diff := cmp.Diff(before, h.inventory()); diff != "" {
					t.Errorf("something was created:\n%s", diff)
				}
			})
		})
	}
}
