package app

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"berth/tui/keys"
	"berth/tui/screen"
)

// A key of the screens names the verb that does the same without a screen, unless it only leads through them. The
// table of README.md tells of each such verb what it is on the screens.

// keyName names a key of a screen for people.
func keyName(at screen.Name, k keys.Key) string {
	does := k.Help().Desc
	for _, verb := range []string{"set ", "open "} { // what exactly hangs on the failure
		if strings.HasPrefix(does, verb) {
			does = verb + "…"
		}
	}
	return string(at) + "/" + does
}

const whatToAdd = "%s: the key %s (%s) does what %q does without a screen, and the table \"on the screens | without a screen\" of " +
	"README.md has no such verb. Add a row: whoever has no screen needs a way to it, too."

// functionsKnown fails when the screen that is shown has a function that README.md does not say how to reach
// without it.
func (d *harness) functionsKnown(t fataler, table []row) {
	t.Helper()
	for _, k := range d.m.current().Keys() {
		if k.Verb != "" && !told(table, k.Verb) {
			t.Fatalf(whatToAdd, d.m.Shown(), k.Help().Key, k.Help().Desc, k.Verb)
		}
	}
}

// row is a row of the table of README.md: what it is on the screens, and how to get it without one.
type row struct{ screens, without string }

func told(table []row, verb string) bool {
	for _, r := range table {
		if strings.Contains(r.without, verb) {
			return true
		}
	}
	return false
}

// rows are the rows of the table of README.md.
func rows(t fataler) []row {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| on the screens ")
	if !ok {
		t.Fatal("there is no table of what is on the screens")
	}
	var out []row
	for _, l := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(l, "|")
		if len(cells) != 4 {
			break
		}
		out = append(out, row{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
	}
	return out
}

// offered are the keys of all moments that have a picture, by name.
func offered(t *testing.T, look func(*harness)) map[string]keys.Key {
	t.Helper()
	out := map[string]keys.Key{}
	for _, s := range shots {
		dir := t.TempDir() + "/live-beats"
		synctest.Test(t, func(t *testing.T) {
			e := s.engine()
			e.folder(t, dir)
			d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
			defer d.end()
			s.walk(d)
			look(d)
			for _, k := range d.m.current().Keys() {
				if k.Enabled() && k.Help().Key != "" {
					out[keyName(d.m.Shown(), k)] = k
				}
			}
		})
	}
	return out
}

// TestEveryFunctionOfTheScreensIsInTheREADME looks at the keys of every moment that has a picture; the random walk
// looks at those of every moment that it comes to.
func TestEveryFunctionOfTheScreensIsInTheREADME(t *testing.T) {
	table := rows(t)
	if len(table) < 10 {
		t.Fatalf("the table has %d rows", len(table))
	}
	used := map[string]bool{}
	for _, k := range offered(t, func(d *harness) { d.functionsKnown(t, table) }) {
		for _, r := range table {
			if k.Verb != "" && strings.Contains(r.without, k.Verb) {
				used[r.screens] = true
			}
		}
	}
	for _, r := range table {
		if !used[r.screens] && !strings.Contains(r.without, "--plain") && !strings.Contains(r.without, "rehearse") { // a watched run has pictures of its own, and a rehearsal is a part of the deployment
			t.Errorf("the table of README.md names %q, and no key of the screens does what is beside it: take it out, or name the verb at the key that does", r.screens)
		}
	}
}
