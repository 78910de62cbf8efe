package secret

import (
	"context"
	"maps"
	"slices"
	"time"

	"berth/engine/spec"
)

// Secret is a secret of an app, without its value.
type Secret struct {
	Name    string    `json:"name"`              // of the environment variable
	Where   string    `json:"where"`             // the parameter's name, or the ARN that berth.toml names
	Version int64     `json:"version,omitempty"` // AWS counts from 1; zero when it is kept elsewhere or missing
	Changed time.Time `json:"changed,omitzero"`
	// State is set, missing (berth.toml names it and nobody set it), unused (set, and berth.toml does not name it) or
	// elsewhere (named by its ARN or path: look there).
	State string `json:"state"`
	// UsedBy are the processes that get it: "service", which answers requests, and those beside it. None gets an unused one.
	UsedBy []string `json:"used_by,omitempty"`
}

// The states of a Secret.
const (
	Set       = "set"
	Missing   = "missing"
	Unused    = "unused"
	Elsewhere = "elsewhere"
)

// Secrets are the secrets of an app: those that its berth.toml names and those that are kept, missing ones first.
func (s Store) Secrets(ctx context.Context, app *spec.Spec) ([]Secret, error) {
	kept, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	there := map[string]Entry{}
	for _, k := range kept {
		there[k.Name] = k
	}
	var missing, all []Secret
	for _, ref := range app.Secrets.FromSSM {
		name, err := spec.SecretName(ref)
		if err != nil {
			return nil, err
		}
		if app.Made()[name] != "" {
			continue // the deployment fills it
		}
		switch k, ok := there[name]; {
		case ref != name:
			all = append(all, Secret{Name: name, Where: ref, State: Elsewhere})
		case ok:
			all = append(all, Secret{Name: name, Where: s.path(name), Version: k.Version, Changed: k.Changed, State: Set})
			delete(there, name)
		default:
			missing = append(missing, Secret{Name: name, Where: s.path(name), State: Missing})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(app.Secrets.ARNs)) {
		all = append(all, Secret{Name: name, Where: app.Secrets.ARNs[name], State: Elsewhere})
	}
	for _, k := range kept {
		if _, unused := there[k.Name]; unused {
			all = append(all, Secret{Name: k.Name, Where: s.path(k.Name), Version: k.Version, Changed: k.Changed, State: Unused})
		}
	}
	all = append(missing, all...)
	users := append([]string{"service"}, slices.Sorted(maps.Keys(app.Wanted()))...)
	for i := range all {
		if all[i].State != Unused {
			all[i].UsedBy = users
		}
	}
	return all, nil
}
