package ecs

import (
	"strings"

	"berth/engine/resource"
	"berth/engine/spec"
)

// secrets are the ARNs of the app's secrets by the names of their environment variables. A plain name stands
// for the parameter /berth/app/env/NAME, a path for that parameter, an ARN for itself.
func secrets(s *spec.Spec, sc *resource.Scope) map[string]string {
	m := map[string]string{}
	owner := resource.Owner{App: s.App, Env: s.EnvName}
	for _, name := range s.Secrets.FromSSM {
		switch {
		case strings.HasPrefix(name, "arn:"):
			m[last(name)] = name
		case strings.HasPrefix(name, "/"):
			m[last(name)] = sc.ARN("ssm", "parameter"+name)
		default:
			m[name] = sc.ARN("ssm", "parameter/"+owner.Path()+"/"+name)
		}
	}
	return m
}

// last is the last part of a parameter's path.
func last(path string) string { return path[strings.LastIndex(path, "/")+1:] }
