package plan

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"berth/engine/event"
	"berth/engine/resource"
)

// part is a resource that takes a minute to come up and half a minute to go.
type part struct {
	id    string
	needs []resource.Need
}

func (p *part) Info() resource.Info {
	return resource.Info{ID: p.id, Usually: time.Minute, Gone: time.Minute / 2}
}
func (p *part) Needs() []resource.Need                         { return p.needs }
func (p *part) Observe(context.Context, *resource.Scope) error { return nil }
func (p *part) Exists() bool                                   { return true }
func (p *part) Diff(*resource.Scope) resource.Diff             { return resource.Diff{} }
func (p *part) Apply(context.Context, *resource.Scope) error   { return nil }
func (p *part) Delete(context.Context, *resource.Scope) error  { return nil }

// slow is a part that AWS goes on working at.
type slow struct{ part }

func (s *slow) Ready(context.Context, *resource.Scope) error { return nil }

// untidy is a part that leaves something behind.
type untidy struct{ part }

func (u *untidy) Cleanup(context.Context, *resource.Scope) error { return nil }

// app is a network, a balancer in it that takes its time, a page that needs the balancer made, a check that needs
// it ready, and an old and an older part that are no longer needed.
func app() (resource.Set, map[string]event.Action) {
	network := &untidy{part{id: "network"}}
	balancer := &slow{part{id: "balancer", needs: []resource.Need{{On: network}}}}
	page := &part{id: "page", needs: []resource.Need{{On: balancer}}}
	older := &part{id: "older", needs: []resource.Need{{On: network}}}
	old := &part{id: "old", needs: []resource.Need{{On: older, Loose: true}}}
	check := &part{id: "check", needs: []resource.Need{{On: balancer, Ready: true}, {On: old}}}
	return resource.Set{network, balancer, page, older, old, check}, map[string]event.Action{
		"network": event.None, "balancer": event.Create, "page": event.Update, "old": event.Delete, "older": event.Delete,
		"check": event.None,
	}
}

// table lists what each step waits for.
func table(s *Steps) map[string][]string {
	t := map[string][]string{}
	for _, x := range s.List {
		t[x.Name] = s.Graph.Needs(x.Name)
	}
	return t
}

func TestStepsOfADeployment(t *testing.T) {
	rs, actions := app()
	s := steps(Input{Resources: rs}, actions)
	want := map[string][]string{
		"network": nil, "balancer": {"network"}, "balancer/ready": {"balancer"}, "page": {"balancer"},
		"check":           {"balancer/ready", "network"},
		"network/cleanup": {"page", "check", "older/cleanup"},
		"old/cleanup":     {"page", "check"}, "older/cleanup": {"page", "check", "old/cleanup"},
	}
	if diff := cmp.Diff(want, table(&s)); diff != "" {
		t.Error(diff)
	}
	if got := s.length(); got != 2*time.Minute { // the balancer, then both old parts, one after the other
		t.Errorf("takes %s", got)
	}
	if diff := cmp.Diff([]string{"page", "check"}, s.needs("old")); diff != "" {
		t.Error(diff)
	}
	told := []event.Step{{Name: "balancer", Needs: []string{"network"}}, {Name: "balancer/ready", Needs: []string{"balancer"}}}
	if diff := cmp.Diff(told, s.of("balancer")); diff != "" {
		t.Error(diff)
	}
	if got := s.of("network"); len(got) != 1 {
		t.Errorf("the clean-up is told: %v", got)
	}
}

// What is not there has no step, and what needs it goes before what it needs all the same.
func TestStepsOfADestroy(t *testing.T) {
	rs, _ := app()
	s := steps(Input{Resources: rs, Destroy: true}, map[string]event.Action{
		"network": event.Delete, "page": event.Delete, "older": event.Delete, "old": event.Delete,
	})
	want := map[string][]string{"network": {"page", "older"}, "page": nil, "older": nil, "old": nil}
	if diff := cmp.Diff(want, table(&s)); diff != "" {
		t.Error(diff)
	}
	if got := s.length(); got != time.Minute {
		t.Errorf("takes %s", got)
	}
}
