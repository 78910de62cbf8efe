package interview

import (
	"maps"

	"berth/engine/project"
	"berth/engine/spec"
)

// The ways for visitors to come that berth chooses between where there is no domain, as network.https has them.
const (
	auto    = "auto"
	gateway = "gateway"
)

// decideDoor chooses how visitors come where that is berth's to choose: by CloudFront, unless the app was found to break
// behind it and an ECS gateway can serve all that is asked for. Paths to cache are proposed behind CloudFront alone.
func (d *Draft) decideDoor(s *spec.Spec, suggests map[string]any, from map[string]spec.Origin) error {
	const assets = "network.assets"
	delete(suggests, "network.https") // which depends on more than the source tree
	n := s.Network
	if n.Domain != "" || n.HTTPS != "" && n.HTTPS != auto && n.HTTPS != project.CloudFront {
		delete(suggests, assets)
		return nil
	}
	breaks, found := d.Findings.Breaking(project.CloudFront)
	if !found || n.HTTPS == project.CloudFront || !d.has("network.https") {
		return nil
	}
	trial := s.Clone()
	trial.Unset("network.https") // which may say auto
	why := spec.Origin{Kind: spec.Detected, File: breaks.File, Line: breaks.Line, Text: "behind CloudFront the app would be told http, and break"}
	if err := trial.Set("network.https", gateway, why); err != nil {
		return err
	}
	others := maps.Clone(suggests)
	delete(others, assets)
	fits, err := d.noWorse(s, trial, others, from)
	if err == nil && fits {
		*s = *trial
		delete(suggests, assets)
	}
	return err
}

// noWorse says whether no more would be refused of one spec than of another, of an app that answers requests.
func (d *Draft) noWorse(s, trial *spec.Spec, suggests map[string]any, from map[string]spec.Origin) (bool, error) {
	var refused [2]int
	for i, one := range []*spec.Spec{s, trial} {
		whole := one.Clone()
		if err := whole.Complete(suggests, from); err != nil || whole.NoHTTP() {
			return false, err
		}
		if d.problems != nil {
			refused[i] = len(d.problems(whole))
		}
	}
	return refused[1] <= refused[0], nil
}
