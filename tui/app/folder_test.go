package app

import (
	"strings"
	"testing"

	"berth/compare/need"
	"berth/tui/screen"
)

// Files that must stay are no answer without the folder that they are in, so that it is asked for where they are.
func TestTheFolderOfFilesThatStayIsAsked(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		n, _ := need.Of("persistent_storage")
		d.press("enter", "down", "down", "down")
		d.expect(screen.Needs{})
		d.sees(n.Question)
		d.press("space")
		d.sees("Which folder, such as /app/uploads?")
		d.press("uploads", "enter")
		d.sees("is not an absolute path in the container")
		d.press("ctrl+u", "/srv/uploads", "enter")
		if s := d.s.Spec().Storage; len(s) != 1 || s[0].Path != "/srv/uploads" {
			t.Errorf("the folders are %v", s)
		}
		d.press("u", "space", "space", "esc") // which takes the yes back
		if d.s.Draft.On(n) || len(d.s.Spec().Storage) > 0 {
			t.Errorf("after esc: on %v, folders %v", d.s.Draft.On(n), d.s.Spec().Storage)
		}
		d.press("space", "enter") // named later: the review tells
		if !d.s.Draft.On(n) || len(d.s.Spec().Storage) > 0 || !strings.Contains(strings.Join(d.s.Draft.Unbuilt(), ""), "no folder is set") {
			t.Errorf("on %v, folders %v", d.s.Draft.On(n), d.s.Spec().Storage)
		}
	})
}
