package settings

import (
	"fmt"
	"slices"
	"strings"

	"berth/engine/spec"
)

// main are the values that most people look at. The others are folded away until they are something else than
// their default, or looked for.
var main = []string{
	"app", "region", "service.port", "service.cpu", "service.memory", "service.instances", "service.health_path",
	"service.release_command", "service.autoscale.max", "network.websockets", "network.clustering", "network.domain", "network.https",
	"env", "secrets", "image.dockerfile", "image.platform", "storage", "database.engine", "cache.engine", "uploads.store",
}

// visible are the rows of the list: those that a search finds, or what Shown has.
func (t *Screen) visible(s *spec.Spec) []Row {
	if t.find.Text != "" {
		return found(Rows(s), t.find.Text)
	}
	return Shown(s, t.unfolded, func(r Row) bool { _, bad := t.problem(r); return bad })
}

// Shown are the rows for a list that can be taken in at a glance: the main ones and those with a value of their own
// or with a bad one, each section with a row that stands for the rest unless it is unfolded.
func Shown(s *spec.Spec, unfolded map[string]bool, bad func(Row) bool) []Row {
	var out, rest []Row
	section := ""
	fold := func() {
		if len(rest) > 1 {
			rest = []Row{{Label: fmt.Sprintf("%d more", len(rest)), Folds: section, Names: names(rest)}}
		}
		out, rest = append(out, rest...), nil
	}
	for _, r := range Rows(s) {
		switch {
		case r.Heading != "":
			fold()
			section = r.Heading
			out = append(out, r)
		case unfolded[section] || r.counts(s) || bad(r):
			out = append(out, r)
		default:
			rest = append(rest, r)
		}
	}
	fold()
	return out
}

// counts says whether a row is worth a line of its own: of the main ones, or with a value that somebody or something
// said.
func (r Row) counts(s *spec.Spec) bool {
	o, said := r.Origin(s)
	return slices.Contains(main, r.Key.Name) || said && o.Kind != spec.Default
}

// names are what rows are called, in one line.
func names(rows []Row) string {
	var out []string
	for _, r := range rows {
		label := r.Label
		if r.Add {
			label = Label(r.Key.Name)
		}
		out = append(out, label)
	}
	return strings.Join(out, ", ")
}

// found are the rows whose name, key or explanation holds a text; the one alone whose key it is.
func found(all []Row, text string) []Row {
	text = strings.ToLower(text)
	var out []Row
	var heading Row
	shown := false
	for _, r := range all {
		if r.Heading != "" {
			heading, shown = r, false
			continue
		}
		if strings.ToLower(r.Name) == text {
			return []Row{heading, r}
		}
		if !strings.Contains(strings.ToLower(strings.Join([]string{r.Label, r.Name, r.Key.Doc, heading.Heading}, "\n")), text) {
			continue
		}
		if !shown {
			out, shown = append(out, heading), true
		}
		out = append(out, r)
	}
	return out
}

// unfold shows all of a section, with the cursor on the first value that was not seen before.
func (t *Screen) unfold(section string) {
	if t.unfolded == nil {
		t.unfolded = map[string]bool{}
	}
	before := t.rows
	t.unfolded[section] = true
	t.relist()
	first := max(1, slices.IndexFunc(t.rows, func(r Row) bool { return r.Heading == "" && !slices.ContainsFunc(before, r.same) }))
	for t.cursor = first; t.cursor+1 < len(t.rows) && t.rows[t.cursor+1].Heading == ""; {
		t.cursor++
	}
	t.follow() // to the last of them, and back to the first: as many as fit are seen
	t.cursor = first
}

// seek lets the list hold what a text finds, with the cursor on the first of it.
func (t *Screen) seek() {
	t.cursor, t.offset, t.refused, t.note = 1, 0, "", ""
	t.relist()
}

// reveal unfolds the section of a key, unless its row is shown already.
func (t *Screen) reveal(key string) {
	t.reload()
	section := ""
	for _, r := range Rows(t.s.Spec()) {
		if r.Heading != "" {
			section = r.Heading
		}
		if r.Name == key && !slices.ContainsFunc(t.rows, r.same) {
			t.unfold(section)
			return
		}
	}
}
