// Package graph is a directed acyclic graph of named steps: it finds cycles and tells their path, walks in
// parallel with every step starting the moment its last need is done, skips what depends on a failure, and
// computes critical paths. It knows nothing of AWS.
package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Graph is a set of steps and what each of them needs. The zero value is empty and ready.
type Graph struct {
	order []string            // in the order of Add
	needs map[string][]string // step -> what comes before it
}

// Add adds a step that starts after all of its needs. Needs may be added later. Adding a step again adds
// needs to it.
func (g *Graph) Add(step string, needs ...string) {
	if g.needs == nil {
		g.needs = map[string][]string{}
	}
	if _, ok := g.needs[step]; !ok {
		g.order = append(g.order, step)
		g.needs[step] = nil
	}
	for _, n := range needs {
		if !slices.Contains(g.needs[step], n) {
			g.needs[step] = append(g.needs[step], n)
		}
	}
}

// Needs returns what step waits for, in the order in which it was added.
func (g *Graph) Needs(step string) []string { return g.needs[step] }

// CycleError is a set of steps that wait for each other.
type CycleError struct{ Path []string } // the first step stands again at the end

// Error names the steps in the order in which they wait.
func (e *CycleError) Error() string {
	return "steps wait for each other: " + strings.Join(e.Path, " -> ")
}

// Sort returns the steps so that each stands behind all of its needs, otherwise in the order of Add. A
// cycle is a *CycleError, an unknown need an error naming both.
func (g *Graph) Sort() ([]string, error) {
	const (
		unseen = iota
		open
		closed
	)
	state := map[string]int{}
	var sorted, path []string
	var visit func(string) error
	visit = func(s string) error {
		switch state[s] {
		case closed:
			return nil
		case open:
			return &CycleError{Path: append(slices.Clone(path[slices.Index(path, s):]), s)}
		}
		state[s] = open
		path = append(path, s)
		for _, n := range g.needs[s] {
			if _, ok := g.needs[n]; !ok {
				return fmt.Errorf("step %s needs %s, which does not exist", s, n)
			}
			if err := visit(n); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		state[s] = closed
		sorted = append(sorted, s)
		return nil
	}
	for _, s := range g.order {
		if err := visit(s); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// Reverse returns the graph with all arrows turned round.
func (g *Graph) Reverse() *Graph {
	r := &Graph{}
	for _, s := range slices.Backward(g.order) {
		r.Add(s)
	}
	for _, s := range g.order {
		for _, n := range g.needs[s] {
			r.Add(n, s)
		}
	}
	return r
}

// Walker says what a walk does. All functions may be called from several goroutines.
type Walker struct {
	// Visit does one step. An error fails the step and skips all that depend on it.
	Visit func(ctx context.Context, step string) error
	// Skip is told of each step that is not visited, and of the failed or skipped need that is the reason;
	// because is empty when the walk was stopped or cancelled. Nil is allowed.
	Skip func(step, because string)
	// Stopped is closed to let running steps finish and start no others. Nil never stops.
	Stopped <-chan struct{}
}

// Walk visits every step once, as many at a time as the arrows allow, and waits for all of them. It returns
// the errors of the failed steps by step; a cycle is returned as an error before anything is visited.
func (g *Graph) Walk(ctx context.Context, w Walker) (failed map[string]error, err error) {
	sorted, err := g.Sort()
	if err != nil {
		return nil, err
	}
	steps := make(map[string]*step, len(sorted))
	for _, name := range sorted {
		steps[name] = &step{done: make(chan struct{})}
	}
	var wg sync.WaitGroup
	for _, name := range sorted {
		wg.Go(func() {
			s := steps[name]
			defer close(s.done)
			for _, n := range g.needs[name] {
				<-steps[n].done
				if !steps[n].ok && s.because == "" {
					s.because, s.bad = n, true
				}
			}
			if s.bad || halted(ctx, w.Stopped) {
				if w.Skip != nil {
					w.Skip(name, s.because)
				}
				return
			}
			s.err = w.Visit(ctx, name)
			s.ok = s.err == nil
		})
	}
	wg.Wait()
	failed = map[string]error{}
	for name, s := range steps {
		if s.err != nil {
			failed[name] = s.err
		}
	}
	return failed, nil
}

// step is the state of one step of a walk; it is written by its own goroutine before done is closed.
type step struct {
	done    chan struct{}
	ok, bad bool
	because string
	err     error
}

func halted(ctx context.Context, stopped <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return true
	case <-stopped:
		return true
	default:
		return false
	}
}

// CriticalPath is the chain of steps that takes longest, each step taking what cost says, and its length.
func (g *Graph) CriticalPath(cost func(step string) time.Duration) ([]string, time.Duration, error) {
	sorted, err := g.Sort()
	if err != nil {
		return nil, 0, err
	}
	length, before := map[string]time.Duration{}, map[string]string{}
	var last string
	var longest time.Duration
	for _, s := range sorted {
		var start time.Duration
		for _, n := range g.needs[s] {
			if length[n] > start || before[s] == "" {
				start, before[s] = max(start, length[n]), n
			}
		}
		length[s] = start + cost(s)
		if length[s] > longest || last == "" {
			longest, last = length[s], s
		}
	}
	var path []string
	for s := last; s != ""; s = before[s] {
		path = append(path, s)
	}
	slices.Reverse(path)
	return path, longest, nil
}
