package cli

import (
	"testing"
	"time"

	"github.com/adrg/xdg"

	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/journal"
)

// TestLiveIsOfTheNamedApp looks for a run that goes on: flags that name another app or region do not mean it.
func TestLiveIsOfTheNamedApp(t *testing.T) {
	t.Cleanup(xdg.Reload) // once the variable is as it was: cleanups go backwards
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	xdg.Reload()
	dir := t.TempDir()
	bus := event.NewBus("run-1", time.Now)
	h := journal.Mine(journal.Header{Run: "run-1", Verb: "deploy", App: "shop", Env: "production", Region: "eu-west-2", Dir: dir}, clock.Clock{})
	kept := make(chan error)
	go func() { kept <- journal.Keep(runsFolder(), h, bus.Reader()) }()
	look := func(named said, region string) bool {
		a := &app{flags: globals{dir: dir, env: "production", region: region}}
		run, end := a.live(t.Context(), named)
		defer end()
		return run != nil
	}
	for !look(said{}, "") { // until it has begun
		time.Sleep(5 * time.Millisecond)
	}
	for _, c := range []struct {
		app, region string
		want        bool
	}{{"shop", "", true}, {"shop", "eu-west-2", true}, {"other", "", false}, {"", "us-east-1", false}} {
		if got := look(said{app: c.app}, c.region); got != c.want {
			t.Errorf("--app %q --region %q: %v", c.app, c.region, got)
		}
	}
	bus.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded})
	if err := <-kept; err != nil {
		t.Error(err)
	}
}
