package screen

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Work is what goes on for a screen outside the message loop: calls, and messages that come after a while. What is
// begun anew or ended is given up as a whole: its calls are cancelled, and what they still answer is dropped before
// any screen sees it. The zero Work is ended.
type Work struct {
	ctx    context.Context //nolint:containedctx // that is what it is for
	cancel context.CancelFunc
	gen    int
}

// Answer is a message that some work has come back with. The program hands Msg on while the work is not given up.
type Answer struct {
	Msg  tea.Msg
	work *Work
	gen  int
}

// Wanted says that the work that this answers was not given up meanwhile.
func (a Answer) Wanted() bool { return a.gen == a.work.gen }

// Begin gives up what goes on and begins anew. It ends with ctx at the latest.
func (w *Work) Begin(ctx context.Context) {
	w.End()
	w.ctx, w.cancel = context.WithCancel(ctx)
}

// End gives up what goes on.
func (w *Work) End() {
	w.gen++
	if w.cancel != nil {
		w.cancel()
	}
}

// Context ends when the work is given up. The work must have begun.
func (w *Work) Context() context.Context { return w.ctx }

// Do runs a part of the work; what it returns comes back as a message. The work must have begun.
func (w *Work) Do(part func(context.Context) tea.Msg) tea.Cmd {
	ctx, gen := w.ctx, w.gen
	return func() tea.Msg { return Answer{Msg: part(ctx), work: w, gen: gen} }
}

// After is the command for a message that comes after a while. The work must have begun.
func (w *Work) After(wait time.Duration, msg tea.Msg) tea.Cmd {
	after, gen := After(w.ctx, wait, msg), w.gen
	return func() tea.Msg {
		if m := after(); m != nil {
			return Answer{Msg: m, work: w, gen: gen}
		}
		return nil
	}
}

// After is the command for a message that comes after a while, unless ctx ends before.
func After(ctx context.Context, wait time.Duration, msg tea.Msg) tea.Cmd {
	return func() tea.Msg {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
			return msg
		case <-ctx.Done():
			return nil
		}
	}
}
