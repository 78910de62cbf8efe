package view

import (
	"time"

	"berth/engine/event"
)

// Forecast says how long a run still takes: the longest way through the steps that are left, each taking what it
// usually takes. It is kept beside the snapshot of one run, and only shrinks: when things take longer it stands
// still and says so. The zero Forecast is ready.
type Forecast struct {
	steps  []step
	nodes  int             // that steps were made of
	urgent map[string]bool // ids of the nodes on the longest way

	left    time.Duration
	known   bool
	nothing bool      // by the newest reading there is nothing left
	since   time.Time // when it last came down
	overdue bool
}

// step is one step of the plan.
type step struct {
	node  int
	last  bool  // of its node
	needs []int // indices of steps

	seen          bool
	begin, finish time.Duration // from now, by the newest reading
	via           int           // the need that is waited for longest, or -1
}

// patience is how long a forecast may stand still before it is called late.
const patience = 30 * time.Second

// leftOver is what a node that takes longer than usual is still given, as a part of its usual time.
const leftOver = 20

// Update reads the snapshot as of now. Before the work has begun there is no forecast, because the plan may not
// be known in full yet. It stands still while the run waits for a person.
func (f *Forecast) Update(s *Snapshot, now time.Time) {
	if s.SignIn != nil {
		f.since = now
		return
	}
	if s.Running() && s.Begun() {
		f.take(f.remaining(s, now), now)
	}
}

// take takes a new reading.
func (f *Forecast) take(left time.Duration, now time.Time) {
	if f.nothing = left <= 0; f.nothing {
		return
	}
	if !f.known || left < f.left {
		f.left, f.known, f.since, f.overdue = left, true, now, false
		return
	}
	f.overdue = now.Sub(f.since) > patience
}

// Left is what is left of the run. It is late when it takes longer than usual, and not known before the first
// reading of a run with known durations.
func (f *Forecast) Left() (left time.Duration, late, known bool) {
	return f.left, f.overdue, f.known && !f.nothing
}

// Urgent are the ids of the nodes that the run cannot end sooner than, by the newest reading. It is not to be
// changed, and good until the next Update.
func (f *Forecast) Urgent() map[string]bool { return f.urgent }

// remaining is how long the run still takes when everything takes its usual time. Nodes of unknown duration count
// as nothing.
func (f *Forecast) remaining(s *Snapshot, now time.Time) (total time.Duration) {
	f.prepare(s)
	last := -1
	for i := range f.steps {
		if d := f.walk(s, i, now); d > total {
			last, total = i, d
		}
	}
	clear(f.urgent)
	for n := 0; last >= 0 && n < len(f.steps); n++ { // a circle, which a plan does not have, ends
		f.urgent[s.Nodes[f.steps[last].node].ID] = true
		last = f.steps[last].via
	}
	return total
}

// prepare looks up what each step needs, once for all readings of a plan.
func (f *Forecast) prepare(s *Snapshot) {
	if f.nodes != len(s.Nodes) {
		f.nodes, f.urgent, f.steps = len(s.Nodes), map[string]bool{}, nil
		index := map[string]int{}
		var told []event.Step
		for i := range s.Nodes {
			of := s.Nodes[i].steps()
			for k, x := range of {
				index[x.Name] = len(f.steps)
				f.steps = append(f.steps, step{node: i, last: k == len(of)-1})
			}
			told = append(told, of...)
		}
		for i, x := range told {
			for _, name := range x.Needs {
				if k, ok := index[name]; ok {
					f.steps[i].needs = append(f.steps[i].needs, k)
				}
			}
		}
	}
	for i := range f.steps {
		f.steps[i].seen = false
	}
}

// steps are the steps of a node. One that tells of none has one.
func (n *Node) steps() []event.Step {
	if len(n.Steps) > 0 {
		return n.Steps
	}
	return []event.Step{{Name: n.ID, Needs: n.Needs}}
}

// walk is when step i finishes, from now.
func (f *Forecast) walk(s *Snapshot, i int, now time.Time) time.Duration {
	x := &f.steps[i]
	if x.seen {
		return x.finish // also cuts a circle
	}
	n := &s.Nodes[x.node]
	x.seen, x.begin, x.finish, x.via = true, 0, 0, -1
	if n.State.Ended() {
		return 0
	}
	for _, k := range x.needs {
		on := &s.Nodes[f.steps[k].node]
		if on.State.Ended() || !f.steps[k].last && !on.Started.IsZero() {
			continue // met
		}
		if d := f.walk(s, k, now); d > x.begin || x.via < 0 {
			x.begin, x.via = d, k
		}
	}
	x.finish = x.begin
	if x.last {
		x.finish += n.left(now)
	}
	return x.finish
}

// left is what a node still takes once its needs are met.
func (n *Node) left(now time.Time) time.Duration {
	switch {
	case n.Action == event.None:
		return 0 // it is only looked at
	case n.Started.IsZero():
		return max(0, n.Usually)
	}
	return max(0, n.Usually/leftOver, n.Usually-n.Elapsed(now))
}
