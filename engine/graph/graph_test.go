package graph

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestSortTellsTheCycle(t *testing.T) {
	var g Graph
	g.Add("a", "b")
	g.Add("b", "c")
	g.Add("c", "a")
	g.Add("d")
	_, err := g.Sort()
	var cycle *CycleError
	if !errors.As(err, &cycle) || !slices.Equal(cycle.Path, []string{"a", "b", "c", "a"}) {
		t.Fatalf("got %v", err)
	}
	if _, err := g.Walk(t.Context(), Walker{}); err == nil {
		t.Fatal("walked a cycle")
	}
}

func TestSortNamesUnknownNeeds(t *testing.T) {
	var g Graph
	g.Add("a", "ghost")
	if _, err := g.Sort(); err == nil || err.Error() != "step a needs ghost, which does not exist" {
		t.Fatalf("got %v", err)
	}
}

// The walk takes exactly as long as the critical path: nothing waits for what it does not need.
func TestWalkIsAsShortAsTheCriticalPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Graph
		cost := map[string]time.Duration{"net": 5, "lb": 140, "cdn": 180, "build": 90, "service": 70, "verify": 1}
		g.Add("net")
		g.Add("lb", "net")
		g.Add("cdn", "net")
		g.Add("build")
		g.Add("service", "build", "net")
		g.Add("verify", "service", "lb", "cdn")
		start := time.Now()
		_, err := g.Walk(t.Context(), Walker{Visit: func(_ context.Context, s string) error {
			time.Sleep(cost[s] * time.Second)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		path, length, _ := g.CriticalPath(func(s string) time.Duration { return cost[s] * time.Second })
		if got := time.Since(start); got != length {
			t.Errorf("walk took %s, critical path %s", got, length)
		}
		if want := []string{"net", "cdn", "verify"}; !slices.Equal(path, want) {
			t.Errorf("critical path %v, want %v", path, want)
		}
	})
}

func TestWalkSkipsWhatDependsOnAFailure(t *testing.T) {
	var g Graph
	g.Add("a")
	g.Add("b", "a")
	g.Add("c", "b")
	g.Add("other")
	boom := errors.New("boom")
	var mu sync.Mutex
	skipped := map[string]string{}
	var visited []string
	failed, err := g.Walk(t.Context(), Walker{
		Visit: func(_ context.Context, s string) error {
			mu.Lock()
			defer mu.Unlock()
			visited = append(visited, s)
			if s == "a" {
				return boom
			}
			return nil
		},
		Skip: func(s, because string) {
			mu.Lock()
			defer mu.Unlock()
			skipped[s] = because
		},
	})
	if err != nil || len(failed) != 1 || !errors.Is(failed["a"], boom) {
		t.Fatalf("failed %v, err %v", failed, err)
	}
	if skipped["b"] != "a" || skipped["c"] != "b" || len(skipped) != 2 {
		t.Errorf("skipped %v", skipped)
	}
	slices.Sort(visited)
	if !slices.Equal(visited, []string{"a", "other"}) {
		t.Errorf("visited %v", visited)
	}
}

func TestStoppedWalkFinishesWhatRunsAndStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Graph
		g.Add("first")
		g.Add("second", "first")
		stop := make(chan struct{})
		var ended, skipped []string
		failed, err := g.Walk(t.Context(), Walker{
			Visit: func(_ context.Context, s string) error {
				time.AfterFunc(time.Second, func() { close(stop) })
				time.Sleep(5 * time.Second)
				ended = append(ended, s)
				return nil
			},
			Skip:    func(s, _ string) { skipped = append(skipped, s) },
			Stopped: stop,
		})
		if err != nil || len(failed) != 0 || !slices.Equal(ended, []string{"first"}) || !slices.Equal(skipped, []string{"second"}) {
			t.Errorf("ended %v skipped %v failed %v err %v", ended, skipped, failed, err)
		}
	})
}

// On random graphs every step is visited once, after all of its needs, and the reverse walk is its mirror.
func TestWalkKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		var g Graph
		name := func(i int) string { return string(rune('A' + i)) }
		for i := range n {
			g.Add(name(i))
			for _, j := range rapid.SliceOfN(rapid.IntRange(0, 29), 0, 4).Draw(t, "needs") {
				if j < i {
					g.Add(name(i), name(j))
				}
			}
		}
		for _, h := range []*Graph{&g, g.Reverse()} {
			var mu sync.Mutex
			seen := map[string]bool{}
			_, err := h.Walk(context.Background(), Walker{Visit: func(_ context.Context, s string) error {
				mu.Lock()
				defer mu.Unlock()
				for _, need := range h.Needs(s) {
					if !seen[need] {
						t.Errorf("%s before its need %s", s, need)
					}
				}
				if seen[s] {
					t.Errorf("%s twice", s)
				}
				seen[s] = true
				return nil
			}})
			if err != nil || len(seen) != n {
				t.Fatalf("saw %d of %d, err %v", len(seen), n, err)
			}
		}
	})
}
