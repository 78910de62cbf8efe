// Package clock is the engine's sense of time. A Clock runs at the speed of the wall clock, or a constant
// factor faster for a simulated account, so that a demo can show the true minutes of a deployment in
// seconds. Tests use the zero Clock inside a testing/synctest bubble.
//
// Everything in the engine that waits, times out or stamps does it through a Clock.
package clock

import (
	"context"
	"time"
)

// Clock tells and spends time. The zero Clock is the wall clock.
type Clock struct {
	start time.Time // what the clock showed at origin
	orig  time.Time // the wall time at which it showed start
	speed float64   // clock seconds per wall second; 0 means 1
}

// At returns a clock that shows start now and runs speed times as fast as the wall clock. A speed of zero
// or less counts as 1.
func At(start time.Time, speed float64) Clock {
	if speed <= 0 {
		speed = 1
	}
	return Clock{start: start, orig: time.Now(), speed: speed}
}

// Speed is how many seconds of this clock pass in one second of the wall clock.
func (c Clock) Speed() float64 {
	if c.speed == 0 {
		return 1
	}
	return c.speed
}

// Now is the time that the clock shows.
func (c Clock) Now() time.Time {
	if c.speed == 0 {
		return time.Now()
	}
	return c.start.Add(time.Duration(float64(time.Since(c.orig)) * c.speed))
}

// Since is how much of this clock's time has passed since t.
func (c Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Wall converts a duration of this clock to one of the wall clock.
func (c Clock) Wall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed())
}

// Sleep waits for d of this clock's time, or until ctx ends, whose error it then returns.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(c.Wall(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WithTimeout is context.WithTimeout in this clock's time.
func (c Clock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.Wall(d))
}
