package traffic

import (
	"context"
	"strings"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// Names is how the app's own names stand in the DNS, as observed: those that are wanted, or else those that it has.
func (d *Door) Names() (all []event.Name) {
	if !d.Own() || d.Domain.places == nil {
		return nil
	}
	for _, n := range d.Domain.names() {
		p := d.Domain.places[n]
		one := event.Name{Name: n, Zone: p.zone, Here: p.id != ""}
		one.State, one.Wrong = d.points(n, p)
		all = append(all, one)
	}
	return all
}

// points is where a name leads, in words, and whether that is not to the app.
func (d *Door) points(name string, p place) (state string, wrong bool) {
	foreign := d.Records.foreign[name]
	switch {
	case p.bar != nil:
		return "does not work: " + fail.From(p.bar).Cause, true
	case p.id == "" && p.leads, p.id != "" && d.Records.right(name):
		return "points to the app", false
	case p.id == "":
		return "does not point to the app", true
	case len(foreign) > 0:
		return "points elsewhere: " + leads(foreign[0]), true
	case len(d.Records.ours[name]) > 0:
		return "points to " + leads(d.Records.ours[name][0]) + ", which is not the app's load balancer", true
	}
	return "has no records", true
}

// Checks implements Checked: whether the names lead to the app that there is.
func (r *Records) Checks(event.Action) []resource.Probe {
	if !r.Door.Own() || r.Door.LoadBalancer.DNS == "" || !r.Exists() {
		return nil
	}
	return []resource.Probe{{ID: "records", Title: "records of the domain", Look: func(context.Context, *resource.Scope) resource.Finding {
		var right, wrong []string
		for _, n := range r.Door.Names() {
			if n.Wrong {
				wrong = append(wrong, n.Says())
			} else {
				right = append(right, n.Says())
			}
		}
		if len(wrong) > 0 {
			return resource.Finding{Verdict: resource.Warn, Text: strings.Join(append(wrong, right...), "; "), Remedy: "berth deploy sets the records in Route 53; berth status shows those to set elsewhere"}
		}
		return resource.Finding{Verdict: resource.OK, Text: strings.Join(right, "; ")}
	}}}
}
