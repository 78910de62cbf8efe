package needs

import (
	"slices"
	"strconv"
	"strings"

	"berth/compare"
	"berth/compare/need"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Question is one need that is asked for, or a heading, which has a label and no ID.
type Question struct{ need.Need }

// All are the questions about an app with their headings, in order; about nobody's, which has no processes, for nil.
func All(d *screen.Draft) []Question {
	var out []Question
	for i, g := range need.Groups() {
		if i == 1 && d != nil {
			out = append(out, besides(d)...)
		}
		out = append(out, Question{need.Need{Label: string(g)}})
		for _, n := range need.All() {
			if n.Group == g {
				out = append(out, Question{n})
			}
		}
	}
	return out
}

// besides are the questions what runs beside the app.
func besides(d *screen.Draft) []Question {
	var out []Question
	for _, n := range d.Processes() {
		if len(out) == 0 {
			out = append(out, Question{need.Need{Label: string(n.Group)}})
		}
		out = append(out, Question{n})
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

// Cost says what a yes costs a month where the question is about a process, in the words of a sentence; empty for any other.
func (q Question) Cost(services []compare.Service) string {
	process, ok := strings.CutPrefix(q.ID, "processes.")
	i := slices.IndexFunc(services, func(s compare.Service) bool { return s.ID == "ecs-fargate" })
	if !ok || i < 0 {
		return ""
	}
	if usd := services[i].Estimate.Of(process); usd > 0 {
		return widget.USD(usd) + " a month"
	}
	return ""
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
