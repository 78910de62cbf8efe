package journal

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"berth/engine/event"
)

// What a step took in earlier runs of the same app is known, the middle of the newest three; what other apps and
// other actions took is not mixed in.
func TestEarlier(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "runs")
	n := 0
	ran := func(app string, a event.Action, seconds float64) {
		t.Helper()
		n++
		h := header()
		h.App, h.Run = app, fmt.Sprintf("run-%03d", n)
		bus, _ := tell(
			event.Event{Type: event.NodePlanned, Node: "build", Action: a},
			event.Event{Type: event.NodeLog, Node: "build", Stream: "build", Text: `a line with "node.done" in it`},
			event.Event{Type: event.NodeDone, Node: "build", ElapsedS: seconds},
			event.Event{Type: event.RunFinished},
		)
		if err := Keep(folder, h, bus.Reader()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // the files are told apart by their times
	}
	build := Step{Node: "build", Action: event.Create}
	if took := Earlier(folder, header()); len(took) != 0 {
		t.Errorf("before anything ran: %v", took)
	}
	ran("shop", event.Create, 500)
	ran("shop", event.Create, 10)
	ran("other", event.Create, 1)
	ran("shop", event.Create, 900)
	ran("shop", event.None, 0)
	ran("shop", event.Update, 77)
	ran("shop", event.Create, 20)
	took := Earlier(folder, header())
	if took[build] != 20*time.Second || took[Step{Node: "build", Action: event.Update}] != 77*time.Second || len(took) != 2 {
		t.Errorf("%v", took)
	}
	simulated := header()
	simulated.Simulated = "a sentence"
	if took := Earlier(folder, simulated); len(took) != 0 {
		t.Errorf("a simulated account takes what a real one took: %v", took)
	}
}
