package tui

import (
	"context"
	"time"

	"berth/engine"
	"berth/engine/spec"
	"berth/tui/screen"
)

// Task is the one thing that the screens are opened for, by a verb of the command line. What its host fills in ends
// with Yes.
type Task = screen.Task

// Onward is where a user goes on to from the run of another terminal. Nil is nowhere.
type Onward = screen.Place

// Overview is the screen to come back to.
func Overview() Onward { return screen.Overview{} }

// Attach shows the run of another terminal until it has ended and the user leaves, or until the user leaves it
// to itself. It needs no engine: whatever else the user wants is in the Result as Onward.
func Attach(ctx context.Context, d Deps, run *engine.Attached) (Result, error) {
	o := d.options()
	o.Engine = away{run: run}
	o.Mode = &screen.Watching{
		Run: run, Clock: run.Now, PID: run.PID, What: run.Noun(), Revision: run.Revision,
		App:     &spec.Spec{App: run.App, EnvName: run.Env, Region: run.Region, Dir: run.Dir},
		Account: run.Account,
	}
	return d.show(ctx, o)
}

// away is the engine of another process: nothing can be asked of it. The screens that would are not shown.
type away struct {
	screen.Engine
	run *engine.Attached
}

// Now is what its clock shows.
func (a away) Now() time.Time { return a.run.Now() }

// Simulated is a sentence about its account.
func (a away) Simulated() string { return a.run.Simulated }
