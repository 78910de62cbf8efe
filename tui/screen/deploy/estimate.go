package deploy

import (
	"time"

	"berth/engine/view"
)

// leftOver is what a node that takes longer than usual is still given, as a part of its usual time.
const leftOver = 20

// remaining is how long the run still takes when everything takes its usual time: the longest path through
// what is not done. It also says which nodes are on that path. Nodes of unknown duration count as nothing.
func remaining(s *view.Snapshot, now time.Time) (time.Duration, map[string]bool) {
	finish := make(map[string]time.Duration, len(s.Nodes))
	before := make(map[string]string, len(s.Nodes)) // the need that a node waits for longest
	var walk func(n *view.Node, depth int) time.Duration
	walk = func(n *view.Node, depth int) time.Duration {
		if d, ok := finish[n.ID]; ok || depth > len(s.Nodes) {
			return d
		}
		finish[n.ID] = 0 // cuts a cycle, which a plan does not have
		if n.State.Ended() {
			return 0
		}
		var longest time.Duration
		for _, id := range n.Needs {
			need := s.Node(id)
			if need == nil || need.State.Ended() {
				continue
			}
			if d := walk(need, depth+1); d > longest || before[n.ID] == "" {
				longest, before[n.ID] = d, id
			}
		}
		d := longest + own(n, now)
		finish[n.ID] = d
		return d
	}
	var last *view.Node
	var total time.Duration
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if d := walk(n, 0); d > total {
			last, total = n, d
		}
	}
	urgent := map[string]bool{}
	for last != nil && !urgent[last.ID] {
		urgent[last.ID] = true
		last = s.Node(before[last.ID])
	}
	return total, urgent
}

// own is what a node still takes once its needs are met.
func own(n *view.Node, now time.Time) time.Duration {
	if n.Started.IsZero() {
		return n.Usually
	}
	return max(n.Usually/leftOver, n.Usually-n.Elapsed(now))
}

// Estimate is an overall estimate that only shrinks: when things take longer it stands still and says so.
type Estimate struct {
	left    time.Duration
	known   bool
	since   time.Time // when it last came down
	overdue bool
}

// patience is how long an estimate may stand still before it is called late.
const patience = 30 * time.Second

// Update takes a new reading.
func (e *Estimate) Update(left time.Duration, now time.Time) {
	if left <= 0 {
		e.left = 0
		return
	}
	if !e.known || left < e.left {
		e.left, e.known, e.since, e.overdue = left, true, now, false
		return
	}
	e.overdue = now.Sub(e.since) > patience
}

// Left is the estimate; it is not known before the first reading of a run with known durations.
func (e *Estimate) Left() (left time.Duration, late, known bool) {
	return e.left, e.overdue, e.known && e.left > 0
}
