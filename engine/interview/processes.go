package interview

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"berth/compare/need"
	"berth/engine/spec"
)

// Beside is the group of the questions about processes.
const Beside need.Group = "Beside the app"

// Processes are the questions whether each process that was found, or has a table, runs beside the app. Their ids are those
// of their tables, such as processes.worker.
func (d *Draft) Processes() []need.Need {
	var all []need.Need
	for _, name := range slices.Sorted(maps.Keys(d.Spec.Processes)) {
		if spec.CheckName(name) != nil || spec.OwnProcess(name) {
			continue
		}
		p, id := d.Spec.Processes[name], "processes."+name
		what := fmt.Sprintf("Does %s run beside it, in containers of its own?", strings.Join(p.Command, " "))
		why := "All of them are paid all the time."
		if p.Schedule != "" {
			what = fmt.Sprintf("Does %s run by its schedule, %s?", strings.Join(p.Command, " "), p.Schedule)
			why = "A container of its own is paid while it runs."
		}
		all = append(all, need.Need{
			ID: id, Group: Beside, Kind: need.YesNo, Label: name, Short: name, Question: what, Why: why, Key: id + ".skip", Not: true,
		})
	}
	return all
}
