package screen

import (
	"time"

	"berth/engine/fail"
	"berth/engine/view"
)

// maxTail is how many of the newest lines a tail keeps.
const maxTail = 2000

// Tail is the newest lines of the app's own log, as far as a screen has asked for them. It lives in memory only.
type Tail struct {
	Lines []view.Log  // oldest first; Node is the task
	Known bool        // it was asked for at least once
	Err   *fail.Error // why the newest lines are not known, nil when they are

	newest time.Time
}

// Newest is when the newest line was written, zero when there is none.
func (t *Tail) Newest() time.Time { return t.newest }

// Add appends what was asked for.
func (t *Tail) Add(lines []LogLine) {
	t.Known, t.Err = true, nil
	for _, l := range lines {
		t.Lines = append(t.Lines, view.Log{Time: l.Time, Node: l.Who(), Stream: "app", Text: l.Text})
		if l.Time.After(t.newest) {
			t.newest = l.Time
		}
	}
	if len(t.Lines) >= 2*maxTail {
		t.Lines = append([]view.Log(nil), t.Lines[len(t.Lines)-maxTail:]...)
	}
}
