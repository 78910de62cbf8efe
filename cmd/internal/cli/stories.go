package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/sim"
	"berth/engine/spec"
	"berth/tui"
)

// story is one course of the demo, and how it is staged.
type story struct {
	tui.Story
	faults   []string      // rules for --sim-fault
	armed    bool          // they wait for the first change, and count from there
	deployed bool          // a good version runs already, and the source has changed since
	heals    time.Duration // of the account, after which the same command goes on; zero: it does not heal by itself
}

// stories are the courses that the demo can take. The first is the one that is told when nobody chooses.
func stories() []story {
	return []story{
		{Story: tui.Story{
			Name: "smooth", Title: "All goes well",
			Happens: "The app is built, shipped and run, and answers at an https:// URL. The minutes that AWS takes pass in seconds.",
			Press:   "Enter through the questions, then y and d: the app has something to settle, which here nothing depends on.",
		}},
		{Story: tui.Story{
			Name: "port", Title: "The app listens on another port",
			Happens: "The app listens on 9999, its Dockerfile says 4000. The load balancer cannot connect, and the rollout fails. The card shows what the app's log says.",
			Press:   "f on the card takes over port 9999; Enter and y go on from there.",
		}, faults: []string{"wrong-port=9999"}},
		{Story: tui.Story{
			Name: "memory", Title: "The app needs more memory than it gets",
			Happens: "With 512 MiB the app is killed before it serves anything, and the deployment fails.",
			Press:   "f on the card gives it the next size; Enter and y go on from there.",
		}, faults: []string{"oom=1024"}},
		{Story: tui.Story{
			Name: "throttle", Title: "AWS throttles a third of all calls",
			Happens: "AWS throttles: about every third call is refused. Each is retried a little later, and the deployment takes longer.",
			Press:   "Nothing special: it ends well. The result says how many calls it took.",
		}, faults: []string{"throttle=0.33"}},
		{Story: tui.Story{
			Name: "permission", Title: "A permission is missing",
			Happens: "You may not create ECS services, which is found out before anything is created. A simulated minute later the permission is granted.",
			Press:   "A few seconds after the refusal, press r: the same deployment continues.",
		}, faults: []string{"deny=ecs:CreateService/60s"}, heals: time.Minute},
		{Story: tui.Story{
			Name: "connection", Title: "The connection breaks halfway",
			Happens: "At the 60th call of the deployment the connection drops for a simulated minute. The run ends; what was created stays.",
			Press:   "A few seconds later, press r: what exists is found, and only the rest is created.",
		}, faults: []string{"cut=60/60s"}, armed: true, heals: time.Minute},
		{Story: tui.Story{
			Name: "lost", Title: "The response to a call gets lost",
			Happens: "AWS creates the load balancer, but the response is lost. The call is retried and finds what the first one created: there is one load balancer, not two.",
			Press:   "Nothing special: it ends well.",
		}, faults: []string{"lost=elasticloadbalancing:CreateLoadBalancer"}},
		{Story: tui.Story{
			Name: "login", Title: "The credentials expire halfway",
			Happens: "After 90 seconds AWS rejects the credentials. The run waits for a new login, which comes a minute later, and continues by itself.",
			Press:   "Nothing special: it ends well.",
		}, faults: []string{"expire=90s/60s"}, armed: true, heals: time.Minute},
		{Story: tui.Story{
			Name: "rollback", Title: "A new version fails, and ECS rolls back",
			Happens: "The app runs already, and its source has changed. The new version answers every request with 500; ECS gives up on it and rolls back, while the old one keeps serving.",
			Press:   "On the overview r, then y.",
		}, faults: []string{"unhealthy=500"}, deployed: true},
	}
}

// storyNamed finds a story; the empty name is the first.
func storyNamed(name string) (story, error) {
	all := stories()
	if name == "" {
		return all[0], nil
	}
	if i := slices.IndexFunc(all, func(s story) bool { return s.Name == name }); i >= 0 {
		return all[i], nil
	}
	return story{}, &fail.Error{Class: fail.Usage, Cause: fmt.Sprintf("the demo has no story %q", name), Remedy: storyHelp()}
}

// storyHelp lists the stories.
func storyHelp() string {
	var b strings.Builder
	b.WriteString("one of")
	for _, s := range stories() {
		fmt.Fprintf(&b, "\n  %-12s %s", s.Name, s.Title)
	}
	return b.String()
}

// theatre is what a story happens on.
type theatre struct {
	env     cloud.Environment
	builder image.Builder
}

func (a *app) on(region string, t theatre) *account { return a.openOn(region, t.env, t.builder, "") }

// stage makes an account in memory for a story, in whose course the app's folder may be changed.
func (a *app) stage(ctx context.Context, s story) (theatre, error) {
	var faults []sim.Fault
	for _, rule := range s.faults {
		f, err := sim.ParseFault(rule)
		if err != nil {
			return theatre{}, fmt.Errorf("stage the story %s: %w", s.Name, err)
		}
		faults = append(faults, f)
	}
	sims, err := a.simulation(inMemory)
	if err != nil {
		return theatre{}, err
	}
	switch {
	case s.deployed:
		if sims, err = a.past(ctx, faults); err != nil {
			return theatre{}, fmt.Errorf("stage the story %s: %w", s.Name, err)
		}
	case s.armed:
		sims.ArmFaults(faults...)
	case len(faults) > 0:
		sims.SetFaults(faults...)
	}
	return theatre{sims.Environment(), sims.Builder()}, nil
}

// quickly is how much faster than AWS the past of a story goes by.
const quickly = 10_000

// past is an account that the app runs on already, with the faults from now on. Afterwards the source is another.
func (a *app) past(ctx context.Context, faults []sim.Fault) (*sim.Account, error) {
	before, err := sim.Open(sim.Options{Speed: quickly, Region: simRegion})
	if err != nil {
		return nil, err
	}
	d, err := a.settings(ctx, said{})
	if err != nil {
		return nil, err
	}
	s := d.Spec
	if _, err := s.Save(); err != nil {
		return nil, err
	}
	eng := a.on(s.Region, theatre{before.Environment(), before.Builder()})
	p, err := eng.Plan(ctx, engine.Request{Spec: s})
	if err != nil {
		return nil, err
	}
	res, err := eng.Apply(ctx, p).Wait(ctx)
	if err != nil {
		return nil, err
	}
	if res.Err != nil {
		return nil, res.Err
	}
	if err := changeSource(s); err != nil {
		return nil, err
	}
	return before.Fork(sim.Options{Speed: a.flags.simSpeed, Region: simRegion, Faults: faults}), nil
}

// changeSource adds a line to a file of the sample app, as somebody who works on it would.
func changeSource(s *spec.Spec) error {
	f, err := os.OpenFile(filepath.Join(s.Dir, "lib", "harbor", "application.ex"), os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n# The next version.\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func storyWords() []word {
	var out []word
	for _, s := range stories() {
		out = append(out, word{s.Name, s.Title})
	}
	return out
}
