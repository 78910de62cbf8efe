package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
)

// Tasks without public addresses in a network of the app's own: they come up behind a NAT gateway, an app moves there
// and back without a gap, and nothing is left.
func TestPrivateTasksOfOurOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		before := h.left()
		h.spec.Network.Tasks = "private"
		p := h.plan(engine.Request{})
		for _, id := range []string{"vpc:create", "subnet-c:create", "subnet-d:create", "nat-address:create", "nat-gateway:create", "private-routes:create"} {
			if !slices.Contains(actions(p), id) {
				t.Errorf("the plan has no %s: %v", id, actions(p))
			}
		}
		h.must(h.apply(p))
		for _, i := range h.account.Inventory() {
			if i.Kind == "ecs.Service" && !strings.Contains(i.Detail, `"AssignPublicIp":"DISABLED"`) {
				t.Errorf("tasks have public addresses: %s", i.Detail)
			}
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); !slices.Equal(left, before) {
			t.Errorf("before %v, left %v", before, left)
		}
	})
}

// A move of the tasks behind a NAT gateway and back, in a network of the app's own.
func TestTasksMoveInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{NoDefaultVPC: true}, 0)
		res, events := h.deploy()
		h.must(res, events)
		public := kinds(h.left())
		for _, tasks := range []string{"private", "public"} {
			h.spec.Network.Tasks = tasks
			p := h.plan(engine.Request{})
			t.Logf("%s, $%.2f a month: %v", tasks, p.MonthlyUSD, actions(p))
			out := h.outage(res.Endpoint + "/")
			h.must(h.apply(p))
			if gap := out(); gap > 0 {
				t.Errorf("out for %s on the way to %s tasks", gap, tasks)
			}
			time.Sleep(settles)
			if got := actions(h.plan(engine.Request{})); len(got) > 0 {
				t.Errorf("%s, unchanged: plan does %v", tasks, got)
			}
		}
		if got := kinds(h.left()); !slices.Equal(got, public) {
			t.Errorf("back again:\n%v\nbefore:\n%v", got, public)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}

// An app that stands in the default VPC is told that it cannot go inside there.
func TestTasksCannotMoveInsideTheDefaultNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.spec.Network.Tasks = "private"
		_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec})
		if err == nil || !strings.Contains(err.Error(), "default VPC") {
			t.Errorf("said %v", err)
		}
	})
}

// A NAT gateway for which there is no room is told before anything is made, and so is an address.
func TestNoRoomForANATGateway(t *testing.T) {
	for _, quota := range []string{"nat", "eip"} {
		t.Run(quota, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "quota="+quota+":0")}}, 0)
				before := h.left()
				h.spec.Network.Tasks = "private"
				res, _ := h.apply(h.plan(engine.Request{}))
				if res.Err == nil {
					t.Error("it was made")
				}
				t.Log(res.Outcome, res.Err)
				h.account.SetFaults()
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); !slices.Equal(left, before) {
					t.Errorf("before %v, left %v", before, left)
				}
			})
		})
	}
}

// What a plan says of a private front is so: nothing but the distribution and the tasks is marked public, and the subnets
// are said to be for what stands in them.
func TestAPrivateFrontSaysWhatIsPublic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Network.Front = "private"
		for _, c := range h.plan(engine.Request{}).Changes {
			if public := c.ID == "distribution" || c.ID == "service"; public != (c.Exposes != "") {
				t.Errorf("%s is public: %q", c.ID, c.Exposes)
			}
			switch c.ID {
			case "subnet-a", "subnet-b":
				if !strings.Contains(c.Why, "tasks") {
					t.Errorf("%s: %s", c.ID, c.Why)
				}
			case "subnet-c", "subnet-d":
				if !strings.Contains(c.Why, "load balancer") || strings.Contains(c.Why, "task") {
					t.Errorf("%s: %s", c.ID, c.Why)
				}
			case "distribution":
				if strings.Contains(c.Exposes, "plain HTTP") {
					t.Errorf("its way inside: %s", c.Exposes)
				}
			}
		}
	})
}
