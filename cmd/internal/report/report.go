// Package report is how berth speaks without a terminal UI: a run as plain lines, as NDJSON, or quietly, and
// the text and JSON of what a verb answers (findings, plan, status, failure). It draws what the engine's events
// and answers say and adds nothing of its own; it never asks, and it never decides what happens.
package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"berth/engine/event"
)

// NDJSON writes the events of a run to w, one JSON object per line, each as soon as it happens and with what is left
// of the run. It returns after the last event of the run, or with the error of ctx or w.
func NDJSON(ctx context.Context, r *event.Reader, w io.Writer) error {
	return Lines{Out: w}.NDJSON(ctx, r)
}

// NDJSON is NDJSON to l.Out. With l.Every it says in l.Err, after so long a silence, what is waited for: pipelines end jobs
// that say nothing.
func (l Lines) NDJSON(ctx context.Context, r *event.Reader) error {
	p := &lines{Lines: l, said: map[string]string{}}
	for {
		batch, err := p.next(ctx, r)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, e := range batch {
			p.snap.Apply(e)
			p.left.Update(&p.snap, e.Time)
			if left, late, known := p.left.Left(); known && !late && p.snap.Running() {
				e.LeftS = event.Seconds(left)
			}
			if err := Event(l.Out, e); err != nil {
				return err
			}
		}
	}
}

// next are the next events; until there are some it says now and then what is waited for.
func (p *lines) next(ctx context.Context, r *event.Reader) ([]event.Event, error) {
	if p.Every <= 0 {
		return r.Next(ctx)
	}
	for {
		pause, stop := context.WithTimeout(ctx, p.Every)
		batch, err := r.Next(pause)
		stop()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return batch, err
		}
		p.still()
	}
}

// Event writes one event as one line of JSON.
func Event(w io.Writer, e event.Event) error {
	if err := writeJSON(w, e, ""); err != nil {
		return fmt.Errorf("write event %d: %w", e.Seq, err)
	}
	return nil
}

// Quiet follows a run and writes its endpoint to out when it has one, and to errs what went wrong, if
// something did.
func Quiet(ctx context.Context, r *event.Reader, out, errs io.Writer) error {
	for {
		batch, err := r.Next(ctx)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, e := range batch {
			if e.Type != event.RunFinished {
				continue
			}
			if e.Error != nil {
				Problem(errs, e.Error)
			}
			if err := url(out, e); err != nil {
				return err
			}
		}
	}
}

// url writes the endpoint of a run that succeeded, which is the answer of a deployment.
func url(out io.Writer, finished event.Event) error {
	if finished.Outcome != event.Succeeded || finished.Endpoint == "" {
		return nil
	}
	if _, err := fmt.Fprintln(out, finished.Endpoint); err != nil {
		return fmt.Errorf("write endpoint: %w", err)
	}
	return nil
}

// JSON writes v to w as one indented JSON document.
func JSON(w io.Writer, v any) error {
	if err := writeJSON(w, v, "  "); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func writeJSON(w io.Writer, v any, indent string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}
