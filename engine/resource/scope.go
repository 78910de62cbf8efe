package resource

import (
	"context"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
)

// Scope is what a resource works with: the clients, who it works for, and where it tells what it does.
type Scope struct {
	*cloud.Clients
	Identity cloud.Identity
	Owner    Owner
	// Emit passes an event of this resource on; the node is filled in. Nil while planning.
	Emit func(event.Event)
}

// Send passes an event of this resource on. While planning nobody listens.
func (s *Scope) Send(e event.Event) {
	if s.Emit != nil {
		s.Emit(e)
	}
}

// Doing says what is being done right now.
func (s *Scope) Doing(text string) { s.Send(event.Event{Type: event.NodeStarted, Text: text}) }

// Log passes one line on; stream is build, push, app or aws.
func (s *Scope) Log(stream, text string) {
	s.Send(event.Event{Type: event.NodeLog, Stream: stream, Text: text})
}

// Notice is Log for a line that tells of trouble or of a turn: see event.Event.Notable.
func (s *Scope) Notice(stream, text string) {
	s.Send(event.Event{Type: event.NodeLog, Stream: stream, Text: text, Notable: true})
}

// Progress says how far it is.
func (s *Scope) Progress(text string, current, total int64, unit string) {
	s.Send(event.Event{Type: event.NodeProgress, Text: text, Current: current, Total: total, Unit: unit})
}

// Poll waits with the engine's only poller and says so.
func (s *Scope) Poll(ctx context.Context, w cloud.Wait, usually time.Duration, look func(context.Context) (bool, string, error)) error {
	told, start := "", s.Clock.Now()
	if s.PollEvery != 0 {
		w.Every = s.PollEvery
	}
	return cloud.Poll(ctx, s.Clock, w, func(ctx context.Context) (bool, string, error) {
		done, seen, err := look(ctx)
		if cloud.NotFound(err) && s.Clock.Since(start) < settling {
			err = nil // made a moment ago: not every reader of AWS knows it yet
		}
		if text := waitText(w.For, seen); !done && err == nil && text != told {
			told = text
			s.Send(event.Event{
				Type: event.NodeWaiting, Text: text,
				UsuallyS: event.Seconds(usually), DeadlineS: event.Seconds(w.Deadline),
			})
		}
		return done, seen, err
	})
}

// settling is how long something that was just made may stay out of sight (engine/AWS.md, Settling).
const settling = time.Minute

// Adopt looks for something that AWS says exists already, because the answer of the call that made it got
// lost, until it comes into sight.
func (s *Scope) Adopt(ctx context.Context, what string, look func(context.Context) error, found func() bool) error {
	w := cloud.Wait{For: what + " to become visible", Every: 2 * time.Second, Deadline: settling}
	return cloud.Poll(ctx, s.Clock, w, func(ctx context.Context) (bool, string, error) {
		err := look(ctx)
		return found(), "", err
	})
}

func waitText(what, seen string) string {
	if seen == "" {
		return "waiting for " + what
	}
	return "waiting for " + what + " (" + seen + ")"
}

// Retry tries again while the error is one of the rows.
func (s *Scope) Retry(ctx context.Context, rows []cloud.Retryable, try func(context.Context) error) error {
	return cloud.Retry(ctx, s.Clock, rows, try)
}

// ARN is an ARN in the scope's partition, region and account.
func (s *Scope) ARN(service, rest string) string {
	return "arn:" + s.Identity.Partition + ":" + service + ":" + s.Region + ":" + s.Identity.Account + ":" + rest
}

// GlobalARN is the ARN of a resource that belongs to no region.
func (s *Scope) GlobalARN(service, rest string) string {
	return "arn:" + s.Identity.Partition + ":" + service + "::" + s.Identity.Account + ":" + rest
}
