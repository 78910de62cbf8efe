package app

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"pgregory.net/rapid"

	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/theme"
)

var pressed = []string{
	"enter", "enter", "enter", "y", "esc", "up", "down", "down", "left", "right", "space", "space", "tab", "shift+tab", "pgup", "pgdown",
	"home", "end", "backspace", "ctrl+u", "ctrl+t", "ctrl+c", "?", "r", "s", "d", "n", "l", "c", "u", "f", "/", "j", "k", "e", "x", "1", "8", "R", "+", "-", "b", "p", "m", "w", "g",
	"日", "A=b", "l", "l", "live-beats",
}

// wait lets the time pass that a run takes.
const wait = "wait"

// ways lead to what a walk of single keys comes to too seldom.
var ways = [][]string{
	{},
	{},
	{},
	toReview,
	{"enter", "down", "down", "down", "down", "space"},
	{"enter", "enter", "enter"},
	{"enter", "enter", "enter", "space"},
	{"enter", "enter", "enter", "enter", "y"},
	{"enter", "enter", "enter", "enter", "y", wait},
	{"r", "y", wait},
	{"b", wait, "y", wait},
	{"enter", "enter", "enter", "enter", wait, "c", "c"},
	{"r", wait, "c", "p"},
	{"enter", "enter", "x"},
	{"enter", "enter", "enter"},
	{"enter", "enter", "r"},
	{"enter", "enter", "right", "right"},
	{"l"},
	{"l"},
	{"l", "/", "a", "enter"},
	{"l", "space"},
	{"s"},
	{"s", "down", "space"},
	{"b"},
	{"down", "down", "down", "b"},
	{"+"},
	{"d"},
	{"r"},
	{"r", "y"},
	{"n"},
	{"d", "live-beats"},
	{"a"},
	{"a"},
	{"a", "w"},
	{"a", "w", "end"},
}

// TestNothingOverflowsOrWedges walks at random through screens of random size and content, and sees to it that it
// comes everywhere: to each screen often enough to be worth something, and to every key that one is known to have.
func TestNothingOverflowsOrWedges(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the same draws are to lead to the same walk
	dir := filepath.Join(t.TempDir(), "live-beats")
	const least = 10_000
	table := rows(t)
	seen := visits{known: offered(t, func(*harness) {}), screens: map[screen.Name]int{}, moments: map[string]int{}, keys: map[string]int{}}
	steps := 0
	for steps < least || len(seen.missing(least)) > 0 && steps < 10*least {
		check(t, func(rt *rapid.T) { steps += walk(rt, dir, &seen, table) })
	}
	t.Logf("%d steps: %v\n%v", steps, seen.screens, seen.moments)
	for _, text := range seen.missing(least) {
		t.Errorf("%d steps, but %s: add a way to it to ways", steps, text)
	}
}

// visits counts what a walk has come to.
type visits struct {
	screens map[screen.Name]int
	moments map[string]int      // dialogs and the like
	keys    map[string]int      // by name
	known   map[string]keys.Key // that must be come to
}

// missing is what was seen too seldom for a walk of that many steps.
func (v *visits) missing(steps int) []string {
	var out []string
	for _, n := range allScreens {
		if v.screens[n] < steps/100 {
			out = append(out, fmt.Sprintf("only %d on the screen %s", v.screens[n], n))
		}
	}
	for key := range v.known {
		if v.keys[key] == 0 {
			out = append(out, fmt.Sprintf("none to where %s is offered, which has a picture", key))
		}
	}
	return out
}

func (v *visits) count(d *harness) {
	at := d.m.Shown()
	v.screens[at]++
	for moment, is := range map[string]bool{
		"help": d.m.help, "leaving": d.m.leaving, "too small": d.m.tooSmall(), "typing": d.m.typing(), "holding": d.m.holding(),
		"watching": d.s.Watching() != nil, "task": d.s.Task() != nil, "300 resources": len(d.engine.plan.Changes) > 250,
	} {
		if is {
			v.moments[moment]++
		}
	}
	for _, k := range d.m.current().Keys() {
		if k.Enabled() && k.Help().Key != "" {
			v.keys[keyName(at, k)]++
		}
	}
}

// broken is a walk that has failed. It is thrown, because nothing else gets out of a command or a view.
type broken string

// walker is the test of one walk: what fails in it is told with the stack of the place.
type walker struct{ *rapid.T }

func (w walker) Fatal(args ...any) { panic(broken(fmt.Sprint(args...))) }

func (w walker) Fatalf(format string, args ...any) { panic(broken(fmt.Sprintf(format, args...))) }

// check is rapid.Check with every case in a bubble of its own. A panic must not cross the end of the bubble, so
// what is thrown inside is thrown again outside: what rapid throws (it has run out of data while it makes a case
// smaller) at a place of its own, because rapid tells failures apart by the place they come from, and would take
// the one for the other.
func check(t *testing.T, f func(rt *rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		var thrown any
		var stack []byte
		synctest.Test(t, func(*testing.T) {
			defer func() {
				if thrown = recover(); thrown != nil {
					stack = debug.Stack()
				}
			}()
			f(rt)
		})
		text, failed := thrown.(broken)
		switch {
		case thrown == nil:
		case failed:
			rt.Fatal(string(text))
		case strings.HasPrefix(fmt.Sprintf("%T", thrown), "rapid."):
			panic(thrown)
		default:
			rt.Fatalf("panic: %v\n%s", thrown, stack)
		}
	})
}

func walk(rt *rapid.T, dir string, seen *visits, table []row) (steps int) {
	w := walker{rt}
	mkdir(w, dir)
	isDeployed := rapid.Bool().Draw(rt, "deployed")
	e := wildEngine(rt, isDeployed)
	if isDeployed && rapid.IntRange(0, 3).Draw(rt, "said") > 0 {
		writeToml(w, dir)
	} else {
		remove(w, dir)
	}
	th := theme.New(theme.Options{Plain: rapid.Bool().Draw(rt, "plain"), ASCII: rapid.Bool().Draw(rt, "ascii")})
	o := screen.Options{Dir: dir, Theme: th, Copy: func(string) {}, Browse: func(string) error { return nil }}
	if rapid.IntRange(0, 3).Draw(rt, "nothing fits") == 0 {
		o.Advisor = unfit{judge{}}
	}
	var begin []string
	switch rapid.IntRange(0, 7).Draw(rt, "opened for") {
	case 0:
		o.Mode = e.watching()
	case 1:
		t := task(rapid.SampledFrom([]string{"deploy", "rollback", "restart", "destroy"}).Draw(rt, "verb"), rapid.Bool().Draw(rt, "yes"))
		t.Spec.Dir = dir // where its settings are written
		o.Mode = t
	case 2:
		e.tour = wildTour(rt, e)
	default:
		begin = rapid.SampledFrom(ways).Draw(rt, "way")
	}
	file := written{dir: dir, text: tomlOf(w, dir)}
	d := drive(w, e, o, 80, 24)
	defer d.end()
	step := func() {
		steps++
		file.check(w, d)
		seen.count(d)
		d.functionsKnown(w, table)
		v := d.view()
		if th.ASCII && strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 }) {
			w.Fatalf("not ASCII:\n%s", v)
		}
	}
	for _, k := range begin {
		if k == wait {
			d.pass(4 * time.Second)
		} else {
			d.press(k)
		}
		if step(); d.quit {
			return steps
		}
	}
	for range rapid.IntRange(1, 100).Draw(rt, "steps") {
		switch rapid.IntRange(0, 12).Draw(rt, "what") {
		case 0:
			d.send(wildSize(rt))
		case 1:
			d.pass(time.Duration(rapid.IntRange(1, 4000).Draw(rt, "ms")) * time.Millisecond)
		default:
			d.press(rapid.SampledFrom(pressed).Draw(rt, "key"))
		}
		if step(); d.quit {
			return steps
		}
	}
	d.mayLeave(w)
	return steps
}

// wildSize is mostly a size that something is shown in.
func wildSize(rt *rapid.T) tea.WindowSizeMsg {
	if rapid.IntRange(0, 9).Draw(rt, "any size") == 0 {
		return tea.WindowSizeMsg{Width: rapid.IntRange(1, 220).Draw(rt, "w"), Height: rapid.IntRange(1, 70).Draw(rt, "h")}
	}
	return tea.WindowSizeMsg{Width: rapid.IntRange(MinWidth, 220).Draw(rt, "w"), Height: rapid.IntRange(MinHeight, 70).Draw(rt, "h")}
}

// mayLeave checks that there is always a way out: Ctrl-C, at most four times.
func (d *harness) mayLeave(t fataler) {
	for range 4 {
		if d.quit {
			return
		}
		d.press("ctrl+c")
	}
	if !d.quit {
		t.Fatalf("no way out of %s:\n%s", d.m.Shown(), d.m.View())
	}
}

// allScreens are the screens that there are.
var allScreens = slices.Sorted(maps.Keys(screens(&screen.Session{})))
