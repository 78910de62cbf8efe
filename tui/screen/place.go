package screen

import (
	"slices"
	"time"

	"berth/engine/view"
)

// Name names a screen.
type Name string

// Place is somewhere to go: a screen by its name, with what it is handed. The places of screens that lead to each
// other are below; one that nothing leads on from may stand in the folder of its screen.
type Place interface{ Name() Name }

// The places that screens lead to.
type (
	// Project reads the source tree, and leads on to Then when that is set and there is something to go on with.
	Project struct{ Then Place }
	// Needs asks what the app needs.
	Needs struct{}
	// Compare shows which service fits and what each costs.
	Compare struct{}
	// Settings shows every value of berth.toml. Fix is filled in and shown first; it may be nil.
	Settings struct{ Fix *Fix }
	// Review plans and asks: a deployment, a destruction, going back to a revision (as engine.Request has it), or new tasks
	// of the version that runs.
	Review struct {
		Destroy  bool
		KeepData bool // of a destruction: the database and the files stay
		Rollback string
		Restart  bool
		Left     *Left // the app moved: the destruction is of where it was; nil: it is of the app as it stands
	}
	// Deploy carries a confirmed plan out; without one it shows the newest run. Alone says that nobody is asked
	// anything, and that the program ends with the run. Left is where the app was that the plan removes, nil otherwise.
	Deploy struct {
		Plan  *Plan
		Alone bool
		Left  *Left
	}
	// Result tells of a run that went well. Plan is what was carried out, nil when another terminal did.
	Result struct {
		Outcome Outcome
		Plan    *Plan
		Moved   []string // where the app was before, which is gone
		Then    []string // what is to be done after the move
		// How long it took to leave those places, and by how many calls.
		Leaving      time.Duration
		LeavingCalls int
	}
	// Overview shows what runs. RollBack is the revision (family:number) that is offered to go back to, empty: none;
	// Restart offers new tasks of the version that runs.
	Overview struct {
		RollBack string
		Restart  bool
	}
	// Logs follows the app's own log.
	Logs struct{}
	// Stories is what can be tried in a demo.
	Stories struct{}
)

// Left is where an app was that has moved, and how the move ended.
type Left struct {
	Elsewhere
	More []Elsewhere // places to leave after this one
	Live Result      // of the new one
}

// Leave is the place that an app that has moved was in, nil when there is none left.
func Leave(all []Elsewhere, live Result) *Left {
	if len(all) == 0 {
		return nil
	}
	return &Left{Elsewhere: all[0], More: all[1:], Live: live}
}

// Moved is the result of the new one, now that this place is left, too, by a run that ended as told.
func (l *Left) Moved(by *view.Snapshot) Result {
	live := l.Live
	live.Leaving += by.Ended.Sub(by.Started)
	live.LeavingCalls += by.APICalls
	live.Moved, live.Then = append(slices.Clone(live.Moved), l.Where()), append(slices.Clone(live.Then), l.Then...)
	return live
}

// Name names the screen.
func (Project) Name() Name { return "project" }

// Name names the screen.
func (Needs) Name() Name { return "needs" }

// Name names the screen.
func (Compare) Name() Name { return "compare" }

// Name names the screen.
func (Settings) Name() Name { return "settings" }

// Name names the screen.
func (Review) Name() Name { return "review" }

// Name names the screen.
func (Deploy) Name() Name { return "deploy" }

// Name names the screen.
func (Result) Name() Name { return "result" }

// Name names the screen.
func (Overview) Name() Name { return "overview" }

// Name names the screen.
func (Logs) Name() Name { return "logs" }

// Name names the screen.
func (Stories) Name() Name { return "stories" }

// Steps are the steps of the wizard in order, as the breadcrumbs show them.
var Steps = []Name{Project{}.Name(), Needs{}.Name(), Compare{}.Name(), Settings{}.Name(), Review{}.Name(), Deploy{}.Name()}
