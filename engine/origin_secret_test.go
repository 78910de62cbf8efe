package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"berth/engine"
	"berth/engine/sim"
)

// originSecrets are those that the load balancer lets through.
func (h *harbor) originSecrets() (all []string) {
	h.t.Helper()
	c := h.clients()
	balancers, err := c.ELB.DescribeLoadBalancers(h.t.Context(), &elb.DescribeLoadBalancersInput{})
	must(h.t, err)
	for _, lb := range balancers.LoadBalancers {
		listeners, err := c.ELB.DescribeListeners(h.t.Context(), &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
		must(h.t, err)
		for _, l := range listeners.Listeners {
			rules, err := c.ELB.DescribeRules(h.t.Context(), &elb.DescribeRulesInput{ListenerArn: l.ListenerArn})
			must(h.t, err)
			for _, r := range rules.Rules {
				for _, cond := range r.Conditions {
					if cond.HttpHeaderConfig != nil {
						all = append(all, cond.HttpHeaderConfig.Values...)
					}
				}
			}
		}
	}
	return all
}

// The secret between CloudFront and the load balancer is replaced without a request that is refused, and the old one is
// worth nothing afterwards. A run that broke off in between loses nothing either.
func TestOriginSecretIsRotatedWithoutAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		res, events := h.deploy()
		h.must(res, events)
		time.Sleep(time.Hour)
		before := h.originSecrets()
		stop := h.outage(res.Endpoint)
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{RotateOrigin: true}))
		time.Sleep(20 * time.Second) // the distribution is on its way to the edges
		run.Cancel()
		_, _ = run.Wait(t.Context())
		if between := h.originSecrets(); len(between) != 2 || !slices.Contains(between, before[0]) {
			t.Errorf("in between %d secrets are let through", len(between))
		}
		h.must(h.deploy())
		first := h.originSecrets()
		h.must(h.apply(h.plan(engine.Request{RotateOrigin: true})))
		after := h.originSecrets()
		if len(before) != 1 || len(first) != 1 || len(after) != 1 || before[0] == first[0] || first[0] == after[0] {
			t.Errorf("%d, %d and %d secrets, the same: %v %v", len(before), len(first), len(after), before[0] == first[0], first[0] == after[0])
		}
		if gap := stop(); gap > 5*time.Second {
			t.Errorf("nothing was answered for %s", gap)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
	})
}
