package ask

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/engine"
	"berth/engine/spec"
	"berth/tui/screen/settings"
	"berth/tui/widget"
)

func (a *asker) settings(context.Context) (turn, error) {
	a.say("")
	a.say("Settings:")
	unfolded := map[string]bool{}
	var problems []spec.Problem
	bad := func(r settings.Row) bool {
		return slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Key == r.Name })
	}
	for {
		var rows []settings.Row
		t, err := a.choose(func() (lines []string) {
			rows = nil
			for _, r := range settings.Shown(a.s.Spec(), unfolded, bad) {
				if r.Heading != "" {
					continue
				}
				rows = append(rows, r)
				lines = append(lines, a.setting(r))
			}
			return lines
		}, func(i int) (turn, error) {
			if r := rows[i]; r.Folds != "" {
				unfolded[r.Folds] = true
				return on, nil
			}
			return a.set(rows[i])
		})
		if err != nil || t != on {
			return t, err
		}
		problems = engine.Problems(a.s.Spec(), a.s.RegionCodes()...)
		if len(problems) == 0 {
			return on, nil
		}
		for _, p := range problems {
			a.say("That is not possible: %s.", p)
		}
	}
}

// setting is a row of the settings as a line.
func (a *asker) setting(r settings.Row) string {
	if r.Folds != "" {
		return fmt.Sprintf("%s of %s: %s", r.Label, r.Folds, r.Names)
	}
	_, show, _ := r.Value(a.s.Spec())
	line := r.Label + ": " + show
	if from := r.From(a.s.Spec()); from != "" {
		line += " (" + from + ")"
	}
	return line
}

func (a *asker) set(r settings.Row) (turn, error) {
	_, show, _ := r.Value(a.s.Spec())
	a.say("%s, such as %s", widget.Sentence(r.Key.Doc), r.Key.Example)
	for {
		value, t, err := a.ask(fmt.Sprintf("%s [%s]:", r.Label, show))
		if err != nil || t != on || value == "" {
			return t, err
		}
		name := r.Name
		if r.Add {
			entry, v, ok := strings.Cut(value, "=")
			if !ok {
				a.say("Enter it as NAME=value.")
				continue
			}
			name, value = r.Key.Name+"."+strings.TrimSpace(entry), strings.TrimSpace(v)
		}
		switch strings.ToLower(value) {
		case "none", "-":
			value = ""
		case "yes", "no":
			if r.Key.Kind == spec.Truth {
				value = strconv.FormatBool(strings.EqualFold(value, "yes"))
			}
		}
		if err := a.s.Draft.Set(name, value); err != nil {
			a.say("%s.", widget.Sentence(err.Error()))
			continue
		}
		return on, nil
	}
}
