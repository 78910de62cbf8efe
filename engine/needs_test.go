package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"berth/compare/advise"
	"berth/compare/need"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/interview"
	"berth/engine/sim"
	"berth/engine/spec"
)

// answersTo are the answers that a need is tried with.
func answersTo(n need.Need) []string {
	switch n.ID {
	case "instances":
		return []string{"3"}
	case "longest_request_seconds":
		return []string{"110", "900"}
	case "custom_domain":
		return []string{"www.example.com"}
	case "release_command":
		return []string{"/server migrate"}
	}
	if key, ok := spec.KeyOf(n.Key); ok && n.Kind == need.YesNo && n.Yes == "" && key.Kind != spec.Truth {
		if len(key.Choices) > 0 {
			return key.Choices
		}
		return []string{strings.Trim(key.Example, `["]`)} // its key says more than yes
	}
	switch n.Kind {
	case need.Number:
		return []string{"30"}
	case need.Money:
		return []string{"5"}
	case need.Region:
		return []string{"eu-central-1"}
	case need.Text, need.YesNo:
	}
	return []string{"true", "false"}
}

// TestEveryAnswerHasAnEffect gives each answer to each need, those that are not asked for as well: it changes what the plan
// would make, or is refused or advised against in words, or is what holds without it. The table of it is a golden file.
func TestEveryAnswerHasAnEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		var table []string
		for _, n := range need.All() {
			for _, text := range answersTo(n) {
				was, effects := h.effects(n, text)
				if len(effects) == 0 && text != was {
					t.Errorf("%s = %s changes nothing, and nobody says so", n.ID, text)
				}
				if len(effects) == 0 {
					effects = []string{"as it is anyway"}
				}
				for i, e := range effects {
					lead := fmt.Sprintf("%-24s %-16s", n.ID, text)
					if i > 0 {
						lead = strings.Repeat(" ", len(lead))
					}
					table = append(table, lead+" "+e)
				}
			}
		}
		golden := filepath.Join("testdata", "needs.txt")
		got := strings.Join(table, "\n") + "\n"
		if os.Getenv("UPDATE") != "" {
			must(t, os.MkdirAll("testdata", 0o755))
			must(t, os.WriteFile(golden, []byte(got), 0o600))
		}
		want, err := os.ReadFile(golden)
		if err != nil || got != string(want) {
			t.Errorf("%v; run with UPDATE=1 and look at what changed:\n%s", err, got)
		}
	})
}

// effects are what an answer leads to: the changes of the plan beside those of the same app without it, or words. Was is
// the answer that holds where nobody gives one.
func (h *harbor) effects(n need.Need, text string) (was string, effects []string) {
	h.t.Helper()
	draft := func() *interview.Draft {
		s := &spec.Spec{App: "live-beats", EnvName: "production", Region: "eu-west-2", Dir: h.spec.Dir}
		s.Service.Port = 4000
		d, err := interview.New(h.t.Context(), s, nil, interview.Sources{Builds: engine.Builds})
		must(h.t, err)
		switch n.ID {
		case "websocket_uploads":
			ws, _ := need.Of("websockets")
			must(h.t, d.Answer(ws, "true"))
		case "multi_az":
			instances, _ := need.Of("instances")
			must(h.t, d.Answer(instances, "2"))
		}
		return d
	}
	before, after := draft(), draft()
	must(h.t, after.Answer(n, text))
	effects = append(problemsOf(after.Spec), after.Unbuilt()...)
	if len(problemsOf(after.Spec)) == 0 {
		effects = append(effects, differences(h.planOf(before.Spec), h.planOf(after.Spec))...)
	}
	return before.Need(n), append(effects, h.verdicts(before, after)...)
}

func (h *harbor) planOf(s *spec.Spec) *engine.Plan {
	h.t.Helper()
	p, err := h.engine.Plan(h.t.Context(), engine.Request{Spec: s})
	must(h.t, err)
	return p
}

func problemsOf(s *spec.Spec) (out []string) {
	for _, p := range engine.Problems(s) {
		out = append(out, "refused: "+p.Text)
	}
	return out
}

// differences are what one plan has and another has not.
func differences(a, b *engine.Plan) (out []string) {
	if a.Region != b.Region {
		out = append(out, "plan: everything in "+b.Region)
	}
	lines := func(p *engine.Plan) (all []string) {
		for _, c := range p.Changes {
			if c.Action != "none" {
				all = append(all, fmt.Sprintf("%s %s, $%.2f", c.Action, c.ID, c.MonthlyUSD))
			}
		}
		return all
	}
	for _, l := range lines(b) {
		if !slices.Contains(lines(a), l) {
			out = append(out, "plan: "+l)
		}
	}
	if len(out) == 0 && a.Hash != b.Hash {
		out = append(out, "plan: another configuration")
	}
	return out
}

// verdicts are the services that are judged or priced in another way.
func (h *harbor) verdicts(before, after *interview.Draft) (out []string) {
	h.t.Helper()
	advisor := engine.Advisor(price.Default(), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	a, err := advisor.Compare(before.Requirements(), before.Usage())
	must(h.t, err)
	b, err := advisor.Compare(after.Requirements(), after.Usage())
	must(h.t, err)
	if i := b.Instead; i != nil && a.Instead == nil {
		out = append(out, "instead: "+i.Name)
	}
	var changed []string
	for _, s := range b.Services {
		if was := a.Service(s.ID); was != nil && was.Verdict != s.Verdict {
			changed = append(changed, fmt.Sprintf("%s %s -> %s", s.ID, was.Verdict, s.Verdict))
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		out = append(out, "verdict: "+strings.Join(changed, ", "))
	}
	var told []string
	for _, s := range b.Services {
		was := a.Service(s.ID)
		if was == nil || len(changed) > 0 {
			continue
		}
		for _, r := range s.Reasons {
			if !slices.ContainsFunc(was.Reasons, func(x advise.Reason) bool { return x.Text == r.Text }) && !slices.Contains(told, s.ID) {
				told = append(told, s.ID)
			}
		}
	}
	if len(told) > 0 {
		slices.Sort(told)
		out = append(out, "told of: "+strings.Join(told, ", "))
	}
	return out
}

// Sticky sessions are switched on and off at what is there, by the load balancer's own cookie.
func TestStickySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		for _, on := range []bool{true, false} {
			time.Sleep(time.Minute)
			h.spec.Service.StickySessions = on
			p := h.plan(engine.Request{})
			if got := actions(p); !slices.Equal(got, []string{"target-group:update"}) {
				t.Fatalf("sticky %v: the plan is to %v", on, got)
			}
			h.must(h.apply(p))
			groups, err := h.clients().ELB.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{})
			must(t, err)
			out, err := h.clients().ELB.DescribeTargetGroupAttributes(t.Context(), &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: groups.TargetGroups[0].TargetGroupArn})
			must(t, err)
			has := map[string]string{}
			for _, a := range out.Attributes {
				has[*a.Key] = *a.Value
			}
			if has["stickiness.enabled"] != fmt.Sprint(on) || on && has["stickiness.type"] != "lb_cookie" {
				t.Errorf("sticky %v: %v", on, has)
			}
			if p := h.plan(engine.Request{}); p.Changed() {
				t.Errorf("sticky %v: left to do: %v", on, actions(p))
			}
		}
	})
}
