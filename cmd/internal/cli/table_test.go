package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"berth/compare/need"
	"berth/engine/spec"
)

// TestWhatTheREADMENamesExists checks the table of what is on the screens and without one: its verbs, flags and keys
// of berth.toml, and that no verb that does something with an app is missing from it.
func TestWhatTheREADMENamesExists(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| on the screens ")
	if !ok {
		t.Fatal("there is no table of what is on the screens")
	}
	root := (&app{}).root()
	verbs := map[string]bool{}
	for _, l := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(l, "|")
		if len(cells) != 4 {
			break
		}
		row, without := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		if without == "" {
			t.Errorf("%s: nothing is named without a screen", row)
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(without, -1) {
			named(t, root, row, m[1], verbs)
		}
	}
	aside := []string{"version", "prices", "help", "completion", "run", "report", "database", "ci"} // about berth itself, and what no screen does: a command run once, a file for others, a tunnel, a pipeline
	for _, c := range root.Commands() {
		if !verbs[c.Name()] && !c.Hidden && !slices.Contains(aside, c.Name()) {
			t.Errorf("berth %s is in no row of the table: name it beside what the screens do, or say here that they do not", c.Name())
		}
	}
}

// named checks one thing that a row names: berth and a verb with flags, a flag, a key of berth.toml, or that file.
func named(t *testing.T, root *cobra.Command, row, what string, verbs map[string]bool) {
	t.Helper()
	words := strings.Fields(what)
	at := root
	switch {
	case what == spec.FileName:
		return
	case words[0] == "berth" && len(words) > 1:
		at = nil
		for _, c := range root.Commands() {
			if c.Name() == words[1] {
				at = c
			}
		}
		if at == nil {
			t.Errorf("%s: unknown command %q", row, what)
			return
		}
		verbs[at.Name()] = true
		words = words[2:]
	case !strings.HasPrefix(what, "-"):
		if _, ok := spec.KeyOf(what); !ok {
			t.Errorf("%s: %q is no verb, no flag and no key of berth.toml", row, what)
		}
		return
	}
	for _, w := range words {
		flag := strings.TrimLeft(w, "-")
		if at.Flags().Lookup(flag) == nil && root.PersistentFlags().Lookup(flag) == nil {
			t.Errorf("%s: %q has no flag %s", row, what, w)
		}
	}
}

// TestEveryNeedHasAFlag finds the flag of compare for each need.
func TestEveryNeedHasAFlag(t *testing.T) {
	root := (&app{}).root()
	c, _, err := root.Find([]string{"compare"})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range need.All() {
		if r := (need.Requirements{}); n.At(&r) != nil && c.Flags().Lookup(n.Flag) == nil && root.PersistentFlags().Lookup(n.Flag) == nil {
			t.Errorf("%s: berth compare has no --%s", n.ID, n.Flag)
		}
	}
}
