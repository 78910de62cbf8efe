package target

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/spec"
)

// List is the targets that there are, the default one first.
type List []Target

// Of is the target that a spec names, or the default one. An unknown name is a Usage failure.
func (l List) Of(s *spec.Spec) (Target, error) {
	if s.Target == "" {
		return l[0], nil
	}
	i := slices.IndexFunc(l, func(t Target) bool { return t.Name() == s.Target })
	if i < 0 {
		return nil, spec.AsError([]spec.Problem{l.unknown(s)})
	}
	return l[i], nil
}

// unknown says that there is no such target as a spec names.
func (l List) unknown(s *spec.Spec) spec.Problem {
	var names []string
	for _, t := range l {
		names = append(names, t.Name())
	}
	return s.Problem("target", fmt.Sprintf("berth cannot deploy to %q", s.Target), "it can deploy to "+strings.Join(names, ", "))
}

// Builds says whether the target of a spec can serve values of a key of berth.toml other than the default.
func (l List) Builds(s *spec.Spec, key string) bool {
	t, err := l.Of(s)
	return err == nil && t.Builds(key)
}

// Problems are all that can be said against a spec before AWS is asked: invalid values, settings that its target
// cannot serve, and files that the build needs and that do not exist. Regions are the valid ones.
func (l List) Problems(s *spec.Spec, regions ...string) []spec.Problem {
	all := s.Validate(regions...)
	if t, err := l.Of(s); err != nil {
		all = append(all, l.unknown(s))
	} else {
		all = append(all, t.Unsupported(s)...)
	}
	return append(all, s.MissingFiles()...)
}

// Owners lists the apps of all targets in the region of the clients, running or not.
func (l List) Owners(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	var all []resource.Owner
	for _, t := range l {
		some, err := t.Owners(ctx, c)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
