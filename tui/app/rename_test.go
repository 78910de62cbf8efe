package app

import (
	"slices"
	"strings"
	"testing"

	"berth/tui/screen"
)

// TestARenameThatNobodyAgreedToChangesNothing gives a running app another name and leaves the review: what runs is still
// told of by its name, and everything that is about what runs is about that.
func TestARenameThatNobodyAgreedToChangesNothing(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("s")
		d.enter("app", "beats2")
		d.press("esc", "enter")
		d.expect(screen.Review{})
		if e.last.Spec.App != "beats2" {
			t.Fatalf("planned %s", e.last.Spec.App)
		}
		d.press("esc", "esc")
		d.expect(screen.Overview{})
		d.sees("live-beats runs", "not saved", "App name")
		if head, _, _ := strings.Cut(d.view(), "\n"); strings.Contains(head, "beats2") {
			t.Errorf("the header is about an app that is not there: %s", head)
		}
		if i := slices.IndexFunc(e.watched, func(app string) bool { return app != "live-beats" }); i >= 0 {
			t.Errorf("watched %s", e.watched[i])
		}
		d.press("t")
		if e.last.Spec.App != "live-beats" || !e.last.Restart {
			t.Errorf("asked to restart %s", e.last.Spec.App)
		}
		d.press("esc", "d")
		d.expect(screen.Review{})
		if e.last.Spec.App != "live-beats" || !e.last.Destroy {
			t.Errorf("asked to destroy %s", e.last.Spec.App)
		}
		d.press("esc")
		d.expect(screen.Overview{})
		d.press("u")
		if left := d.s.Unsaved(); len(left) > 0 || d.s.Spec().App != "live-beats" {
			t.Errorf("still there after dropping the answers: %v", left)
		}
	})
}
