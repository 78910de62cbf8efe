package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// creations are calls that make something new each time.
var creations = []string{
	"ec2:CreateVpc", "ec2:CreateInternetGateway", "ec2:CreateRouteTable", "ec2:CreateSubnet", "ecs:RegisterTaskDefinition",
	"ecs:CreateService", "elasticloadbalancing:CreateLoadBalancer", "cloudfront:CreateDistribution", "ec2:AuthorizeSecurityGroupIngress",
	"iam:CreateRole",
}

// once counts what the account has of each type, so that nothing doubled hides.
func (h *harbor) once() map[string]int {
	n := map[string]int{}
	for _, item := range h.inventory() {
		kind, _, _ := strings.Cut(item, " ")
		n[kind]++
	}
	return n
}

// An answer that is cut short, that does not come, or that a gateway gives in AWS's place neither ends a run nor
// doubles anything.
func TestAnswersThatTellNothing(t *testing.T) {
	var want map[string]int
	life := func(t *testing.T, rules ...string) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{NoDefaultVPC: true}, 0)
			var faults []sim.Fault
			for _, r := range rules {
				faults = append(faults, fault(t, r))
			}
			h.account.SetFaults(faults...)
			start := time.Now()
			h.must(h.deploy())
			took := time.Since(start)
			if want == nil {
				want = h.once()
			}
			if got := h.once(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the account has %v, want %v", got, want)
			}
			if took > 12*time.Minute {
				t.Errorf("took %s", took)
			}
			h.account.SetFaults(faults...)
			h.must(h.apply(h.plan(engine.Request{Destroy: true})))
			if left := h.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	life(t)
	for _, how := range []string{"garbled", "busy", "silent"} {
		t.Run(how, func(t *testing.T) {
			var rules []string
			for _, c := range creations {
				rules = append(rules, how+"="+c)
			}
			life(t, rules...)
		})
	}
	t.Run("garbled often", func(t *testing.T) { life(t, "garbled=0.15") })
	t.Run("busy often", func(t *testing.T) { life(t, "busy=0.15") })
}

// Silence is told while it lasts, and that it is over.
func TestSilenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.account.SetFaults(fault(t, "silent=ecs:CreateCluster"))
		res, events := h.deploy()
		h.must(res, events)
		var told []string
		for _, e := range events {
			if e.Type == event.NodeLog && e.Stream == "berth" && e.Node == "" {
				told = append(told, e.Text)
			}
		}
		if text := strings.Join(told, "|"); !strings.Contains(text, "no answer from AWS to ecs:CreateCluster within 1m0s; asking again") ||
			!strings.HasSuffix(text, "AWS answers again") {
			t.Errorf("told %q", told)
		}
	})
}

// The answer to the rule that lets CloudFront in got lost: asked again, EC2 speaks of the limit that a second such rule
// would break.
func TestALostPrefixListRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.account.SetFaults(fault(t, "lost=ec2:AuthorizeSecurityGroupIngress"))
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
	})
}
