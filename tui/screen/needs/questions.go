package needs

import (
	"strconv"

	"berth/compare/need"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Question is one need that is asked for, or a heading, which has a label and no ID.
type Question struct{ need.Need }

// All are the questions with their headings, in order.
func All() []Question {
	var out []Question
	for _, g := range need.Groups() {
		out = append(out, Question{need.Need{Label: string(g)}})
		for _, n := range need.All() {
			if n.Group == g {
				out = append(out, Question{n})
			}
		}
	}
	return out
}

// About is the question and what its answer decides.
func (q Question) About() string {
	if q.Why == "" {
		return q.Question
	}
	return q.Question + " " + q.Why
}

// Value is the answer as it stands: as text to edit, and as people read it.
func (q Question) Value(d *screen.Draft) (edit, show string) {
	edit = d.Need(q.Need)
	switch q.Kind {
	case need.YesNo:
		if d.On(q.Need) {
			return "true", "yes"
		}
		return "false", "no"
	case need.Money:
		if v, err := strconv.ParseFloat(edit, 64); err == nil && v > 0 {
			return edit, "at most " + widget.USD(v)
		}
		return "", "no limit"
	case need.Number:
		if q.ID == "longest_request_seconds" && edit != "" {
			return edit, edit + " s"
		}
	case need.Text, need.Region:
	}
	if edit == "" {
		return "", "none"
	}
	return edit, edit
}

// From says where the answer came from.
func (q Question) From(d *screen.Draft) string { return screen.From(d.Origin(q.Need)) }

// origin is where the answer came from.
func (q Question) origin(d *screen.Draft) spec.Origin { return d.Origin(q.Need) }

// stepped is a number of instances one more or less, never below one.
func stepped(n, by int) string { return strconv.Itoa(max(1, n+by)) }
