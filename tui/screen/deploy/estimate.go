package deploy

import (
	"slices"
	"time"

	"berth/engine/event"
	"berth/engine/view"
)

// leftOver is what a node that takes longer than usual is still given, as a part of its usual time.
const leftOver = 20

// route finds the longest way through what a run has still to do. It keeps its memory between readings.
type route struct {
	needs  [][]need // by node
	begin  []time.Duration
	finish []time.Duration
	via    []int // the need that a node waits for longest, or -1
	seen   []bool
}

// need is a node that another one needs: until it is ready, or only until it is there.
type need struct {
	node int
	made bool
}

// remaining is how long the run still takes when everything takes its usual time: the longest way through
// what is not done. It marks the nodes on that way in urgent, which it clears first. Nodes of unknown duration
// count as nothing.
func (r *route) remaining(s *view.Snapshot, now time.Time, urgent map[string]bool) (total time.Duration) {
	r.prepare(s)
	last := -1
	for i := range s.Nodes {
		if d := r.walk(s, i, now); d > total {
			last, total = i, d
		}
	}
	clear(urgent)
	for last >= 0 && !urgent[s.Nodes[last].ID] {
		urgent[s.Nodes[last].ID] = true
		last = r.via[last]
	}
	return total
}

// prepare looks up what each node needs, once for all readings of a run.
func (r *route) prepare(s *view.Snapshot) {
	n := len(s.Nodes)
	if len(r.needs) != n {
		r.needs = make([][]need, n)
		r.begin, r.finish = make([]time.Duration, n), make([]time.Duration, n)
		r.via, r.seen = make([]int, n), make([]bool, n)
		index := make(map[string]int, n)
		for i := range s.Nodes {
			index[s.Nodes[i].ID] = i
		}
		for i := range s.Nodes {
			for _, id := range s.Nodes[i].Needs {
				if k, ok := index[id]; ok {
					r.needs[i] = append(r.needs[i], need{node: k, made: slices.Contains(s.Nodes[i].NeedsMade, id)})
				}
			}
		}
	}
	clear(r.seen)
}

func (r *route) walk(s *view.Snapshot, i int, now time.Time) time.Duration {
	if r.seen[i] {
		return r.finish[i] // also cuts a circle, which a plan does not have
	}
	n := &s.Nodes[i]
	r.seen[i], r.begin[i], r.finish[i], r.via[i] = true, 0, 0, -1
	if n.State.Ended() {
		return 0
	}
	for _, k := range r.needs[i] {
		on := &s.Nodes[k.node]
		if on.State.Ended() || k.made && !on.Started.IsZero() {
			continue
		}
		d := r.walk(s, k.node, now)
		if k.made {
			d = r.begin[k.node] // being made takes no time beside getting ready
		}
		if d > r.begin[i] || r.via[i] < 0 {
			r.begin[i], r.via[i] = d, k.node
		}
	}
	r.finish[i] = r.begin[i] + own(n, now)
	return r.finish[i]
}

// own is what a node still takes once its needs are met.
func own(n *view.Node, now time.Time) time.Duration {
	switch {
	case n.Action == event.None:
		return 0 // it is only looked at
	case n.Started.IsZero():
		return max(0, n.Usually)
	}
	return max(0, n.Usually/leftOver, n.Usually-n.Elapsed(now))
}

// Estimate is an overall estimate that only shrinks: when things take longer it stands still and says so.
type Estimate struct {
	left    time.Duration
	known   bool
	nothing bool      // by the newest reading there is nothing left
	since   time.Time // when it last came down
	overdue bool
}

// patience is how long an estimate may stand still before it is called late.
const patience = 30 * time.Second

// Update takes a new reading.
func (e *Estimate) Update(left time.Duration, now time.Time) {
	if e.nothing = left <= 0; e.nothing {
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
	return e.left, e.overdue, e.known && !e.nothing
}
