package app

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"berth/tui/screen"
	"berth/tui/widget"
)

// way marks keys that only lead through the screens: they do nothing that would have to be there without them.
const way = ""

// functions says which row of the table in README.md each key of the screens belongs to, by screen/what it does.
// A word before an ellipsis stands for all that begin so.
var functions = map[string]string{
	"stories/begin": "stories of the demo", "stories/choose": way, "stories/leave": way,

	"project/continue": way, "project/questions": way, "project/read again": "what was found", "project/scroll": "what was found",
	"project/show what runs": "what runs", "project/leave": way,

	"needs/continue": way, "needs/change": "questions and settings", "needs/move": way, "needs/undo": "undo an answer",
	"needs/back": way, "needs/take it": "questions and settings", "needs/leave it as it was": way,

	"compare/choose": "questions and settings", "compare/service": "which service, what it costs", "compare/view": "which service, what it costs",
	"compare/instances": "which service, what it costs", "compare/size": "which service, what it costs", "compare/traffic": "which service, what it costs",
	"compare/copy": "copy the comparison", "compare/scroll": way, "compare/undo": "undo an answer", "compare/back": way,

	"settings/continue": way, "settings/change": "questions and settings", "settings/move": way, "settings/default": "questions and settings",
	"settings/undo": "undo an answer", "settings/back": way, "settings/take it": "questions and settings", "settings/leave it as it was": way,

	"review/yes, do this": "deploy", "review/destroy, once the name is typed": "destroy", "review/not yet": way,
	"review/cost and risks": "what would change", "review/resources": "what would change", "review/the plan": "what would change",
	"review/other column": way, "review/what is wrong": "what stands in the way", "review/policy": "the policy for what is missing",
	"review/copy it": "the policy for what is missing", "review/look again": "what would change", "review/try again": "what would change",
	"review/settings": "questions and settings", "review/scroll": way, "review/back": way, "review/leave": way,

	"deploy/stop": "stop", "deploy/cancel": "stop", "deploy/leave": way, "deploy/log": "logs", "deploy/resources": "deploy",
	"deploy/scroll": way, "deploy/older log": way, "deploy/find": "logs", "deploy/keep": way, "deploy/all lines": way,
	"deploy/result": way, "deploy/overview": way, "deploy/try again": "go on after a failure", "deploy/settings": "questions and settings",
	"deploy/pause": "logs", "deploy/go on": "logs",
	"deploy/leave, it goes on": "watch a run of another terminal", "deploy/look at AWS and go on": "go on after a failure",
	"deploy/set …": "go on after a failure", "deploy/open …": "go on after a failure",

	"result/overview": way, "result/leave": way, "result/how it went": "deploy",

	"overview/redeploy": "deploy", "overview/continue": "go on after a failure", "overview/deploy": "deploy", "overview/see what would change": "what would change",
	"overview/roll back": "roll back", "overview/yes, roll back": "roll back", "overview/leave it": way, "overview/settings": "questions and settings",
	"overview/scale": "scale", "overview/instances": "scale", "overview/log": "logs", "overview/destroy": "destroy", "overview/needs": "questions and settings",
	"overview/select": way, "overview/look": "what would change", "overview/refresh": "what runs", "overview/leave": way,

	"logs/pause": "logs", "logs/go on": "logs", "logs/find": "logs", "logs/scroll": way, "logs/newest": "logs", "logs/refresh": "logs",
	"logs/back": way, "logs/keep": way, "logs/all lines": way,
}

// functionKey is the name in functions of a key of a screen.
func functionKey(s screen.Name, k widget.Key) (name string, known bool) {
	name = string(s) + "/" + k.Does
	if _, known = functions[name]; known {
		return name, true
	}
	for n := range functions {
		if lead, ok := strings.CutSuffix(n, "…"); ok && strings.HasPrefix(name, lead) {
			return n, true
		}
	}
	return "", false
}

const whatToAdd = "%s: the key %s (%s) is of no function that is known. Say in functions, in tui/app/functions_test.go, to which row of " +
	"the table \"on the screens | without a screen\" of README.md it belongs, and add a row when none fits: whoever has no " +
	"screen needs a way to it, too. A key that only leads through the screens is a way."

// functionsKnown fails when the screen that is shown has a function that nobody said how to reach without it.
func (d *harness) functionsKnown(t fataler) {
	t.Helper()
	for _, k := range d.m.current().Keys() {
		if _, ok := functionKey(d.m.Shown(), k); !ok {
			t.Fatalf(whatToAdd, d.m.Shown(), k.Name, k.Does)
		}
	}
}

// rows are the functions that the table of README.md names.
func rows(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| on the screens ")
	if !ok {
		t.Fatal("there is no table of what is on the screens")
	}
	names := map[string]bool{}
	for _, l := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(l, "|")
		if len(cells) != 4 {
			break
		}
		for name := range strings.SplitSeq(cells[1], ";") {
			names[strings.TrimSpace(name)] = true
		}
	}
	return names
}

// TestEveryFunctionOfTheScreensIsInTheREADME looks at the keys of every moment that has a picture; the random walk
// looks at those of every moment that it comes to.
func TestEveryFunctionOfTheScreensIsInTheREADME(t *testing.T) {
	named, used := rows(t), map[string]bool{}
	for key, row := range functions {
		if row != way && !named[row] {
			t.Errorf("%s belongs to the row %q, which the table of README.md does not have: add it", key, row)
		}
		used[row] = true
	}
	for row := range named {
		if !used[row] {
			t.Errorf("the table of README.md names %q, and no key of the screens does that: take it out, or say in functions which one does", row)
		}
	}
	for _, s := range shots {
		dir := t.TempDir() + "/live-beats"
		synctest.Test(t, func(t *testing.T) {
			e := s.engine()
			e.folder(t, dir)
			d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
			defer d.end()
			s.walk(d)
			d.functionsKnown(t)
		})
	}
}
