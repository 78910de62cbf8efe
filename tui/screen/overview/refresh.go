package overview

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
)

// How often the screen asks AWS again while nothing is pressed. The pulse takes two calls, the others one: an
// idle screen makes ten calls a minute. All that berth made is looked at, with some dozen calls, only when the
// screen opens, when the pulse tells that another version runs or the app's state has changed, when somebody else's run has
// begun or ended, and on request.
const (
	pulseIdle    = 30 * time.Second
	pulseSoon    = 10 * time.Second // while something changes
	metricsEvery = time.Minute
	logsEvery    = 20 * time.Second
	busyEvery    = 30 * time.Second
	// patience is how long what could not be seen is left alone: mostly a permission is missing. It is also how
	// often an app that does not run is looked at: that takes a whole look, and tells of others' work only.
	patience = 5 * time.Minute
)

// what is a thing that is asked for again and again.
type what int

const (
	whole what = iota // all that berth made
	pulse
	metrics
	logs
	busy // whether a run goes on somewhere
	kinds
)

// answer is the message that something that was asked for has come. Only the field of its kind is set.
type answer struct {
	kind    what
	watch   screen.Watch
	app     *spec.Spec // that is watched
	status  *screen.Status
	pulse   screen.Pulse
	metrics screen.Metrics
	lines   []screen.LogLine
	busy    *screen.Holder
	err     error
}

// again is the message that it is time to ask anew.
type again struct{ kind what }

// ask asks for one thing, unless it is being asked for already.
func (h *Screen) ask(kind what) tea.Cmd {
	if h.asking[kind] {
		return nil
	}
	h.asking[kind] = true
	s, w, after := h.s, h.s.Watched(), h.s.Tail.Newest()
	app := s.Home().Clone()
	return h.refresh.Do(func(ctx context.Context) tea.Msg {
		a := answer{kind: kind, app: app}
		switch kind {
		case whole:
			a.watch, a.status, a.err = wholly(ctx, s, w, app)
		case pulse:
			a.pulse, a.err = w.Pulse(ctx)
		case metrics:
			a.metrics, a.err = w.Metrics(ctx)
		case logs:
			a.lines, a.err = w.Logs(ctx, after)
		case busy:
			a.busy, a.err = w.Busy(ctx)
		}
		return a
	})
}

// later asks again after a while, unless that is due already: one thing has one rhythm, whoever else asks for it.
func (h *Screen) later(kind what, wait time.Duration) tea.Cmd {
	if h.due[kind] {
		return nil
	}
	h.due[kind] = true
	return h.refresh.After(wait, again{kind})
}

func (h *Screen) onAnswer(a answer) tea.Cmd {
	h.asking[a.kind] = false
	switch a.kind {
	case whole:
		return h.onStatus(a)
	case pulse:
		return h.onPulse(a)
	case metrics:
		if h.loadErr = nil; a.err != nil {
			h.loadErr = fail.From(a.err)
			return h.later(metrics, patience)
		}
		h.load = &a.metrics
		return h.later(metrics, metricsEvery)
	case busy:
		return h.onBusy(a)
	default:
		t := &h.s.Tail
		if a.err != nil {
			t.Known, t.Err = true, fail.From(a.err) // what was known stays on the screen
			return h.later(logs, patience)
		}
		t.Add(a.lines)
		return h.later(logs, logsEvery)
	}
}

// onStatus takes the whole look in. The small ones begin with the first of it, if there is something to watch.
func (h *Screen) onStatus(a answer) tea.Cmd {
	if a.err != nil {
		h.err = fail.From(a.err) // what was known stays on the screen
		return h.later(whole, pulseIdle)
	}
	h.err, h.status, h.s.Status, h.seen = nil, a.status, a.status, h.s.Engine.Now()
	h.s.KeepWatch(a.watch, a.app)
	cmds := []tea.Cmd{h.first()}
	if !h.looking {
		h.looking = true
		cmds = append(cmds, h.ask(busy))
	}
	if !h.runs() {
		return tea.Batch(append(cmds, h.later(whole, patience))...) // nothing changes there by itself
	}
	if !h.following {
		h.following = true
		cmds = append(cmds, h.later(pulse, h.beat()), h.ask(metrics), h.ask(logs))
	}
	return tea.Batch(cmds...)
}

// onBusy takes in whether a run goes on somewhere. What it has done is looked at when it has ended.
func (h *Screen) onBusy(a answer) tea.Cmd {
	if a.err != nil {
		h.busy = nil
		return h.later(busy, patience)
	}
	was, first := h.busy, !h.looked
	h.busy, h.looked = a.busy, true
	if runOf(a.busy) == runOf(was) || was == nil && first { // the status at hand is not older than that run
		return h.later(busy, busyEvery)
	}
	return tea.Batch(h.ask(whole), h.later(busy, busyEvery))
}

// runOf is the run of who is busy, empty when nobody is.
func runOf(b *screen.Holder) string {
	if b == nil {
		return ""
	}
	return b.Run
}

// onPulse brings the small part of the status up to date, or asks for all of it when there is more to know.
func (h *Screen) onPulse(a answer) tea.Cmd {
	if a.err != nil {
		h.err = fail.From(a.err)
		return h.later(pulse, pulseIdle)
	}
	h.err, h.seen = nil, h.s.Engine.Now()
	p, was := a.pulse, h.status
	now := *was
	now.Running, now.Desired = p.Running, p.Desired
	if p.HealthKnown {
		now.Healthy, now.Unhealthy = p.Healthy, p.Unhealthy
	}
	h.status, h.s.Status = &now, &now
	if p.Revision != was.Revision || p.State != was.State {
		return tea.Batch(h.ask(whole), h.later(pulse, h.beat()))
	}
	return h.later(pulse, h.beat())
}

// beat is how long the next pulse waits.
func (h *Screen) beat() time.Duration {
	if h.status.State == "deploying" || h.status.State == "degraded" {
		return pulseSoon
	}
	return pulseIdle
}

// runs says that there is a service to watch.
func (h *Screen) runs() bool {
	return h.status != nil && h.status.State != "absent" && h.status.State != "partial"
}

// wholly looks at all that berth made, with the watch there is, or a new one.
func wholly(ctx context.Context, s *screen.Session, w screen.Watch, app *spec.Spec) (screen.Watch, *screen.Status, error) {
	if w == nil {
		var err error
		if w, err = s.Engine.Watch(ctx, app); err != nil {
			return nil, nil, err
		}
	}
	st, err := w.Status(ctx)
	return w, st, err
}
