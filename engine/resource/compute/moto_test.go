package compute_test

import (
	"testing"

	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
)

// TestMotoSchedule takes a schedule with its group and its role through its life on moto_server, as one of a task definition
// that is there already.
func TestMotoSchedule(t *testing.T) {
	s, from := kindtest.Emulated(t), source(t)
	w := kindtest.World{Owner: s.Owner}
	nightly := func(when string) *compute.Schedule {
		c := from.build(w).nightly(w, when)
		c.Group.Behind, c.Role.Behind = nil, nil
		c.Network.Subnets = []*network.Subnet{{Owner: w.Owner, VPC: c.Network.VPC}, {Owner: w.Owner, VPC: c.Network.VPC, Index: 1}}
		c.TaskDefinition.ARN = s.ARN("ecs", "task-definition/x:1")
		return c
	}
	bring := func(when string) (*compute.Schedule, event.Action) {
		c := nightly(when)
		for _, need := range append(c.Network.Needs(), resource.After(c.Group, c.Role, c.SecurityGroup)...) {
			kindtest.Bring(t, s, need.On)
		}
		kindtest.Observe(t, s, c)
		d := c.Diff(s)
		if d.Action == event.Create || d.Action == event.Update {
			if err := c.Apply(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		return c, d.Action
	}
	for _, one := range []struct {
		when string
		want event.Action
	}{
		{"cron(0 3 * * ? *)", event.Create},
		{"cron(0 3 * * ? *)", event.None},
		{"rate(1 hour)", event.Update},
		{"rate(1 hour)", event.None},
	} {
		if _, did := bring(one.when); did != one.want {
			t.Errorf("%s: %s, want %s", one.when, did, one.want)
		}
	}
	c, _ := bring("rate(1 hour)")
	if err := c.Delete(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	kindtest.Gone(t, s, func() resource.Resource { return nightly("rate(1 hour)").Group })
	again := nightly("rate(1 hour)")
	kindtest.Observe(t, s, again)
	if again.Exists() {
		t.Error("the schedule is still there")
	}
}
