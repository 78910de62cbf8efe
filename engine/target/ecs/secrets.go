package ecs

import (
	"strings"

	"berth/engine/resource"
	"berth/engine/spec"
)

// named are the ARNs of the app's secrets by the names of their environment variables. A plain name stands
// for the parameter /berth/app/env/NAME, a path for that parameter, an ARN for itself; what stands behind a # in one of
// Secrets Manager is the key in its JSON.
func named(s *spec.Spec, sc *resource.Scope) map[string]string {
	m := map[string]string{}
	owner := resource.Owner{App: s.App, Env: s.EnvName}
	made := s.Made()
	for _, ref := range s.Secrets.FromSSM {
		name, err := spec.SecretName(ref)
		if err != nil || made[name] != "" {
			continue // Validate refuses the one, and the other is no secret of people
		}
		switch {
		case strings.HasPrefix(ref, "arn:"):
			m[name] = ref
		case strings.HasPrefix(ref, "/"):
			m[name] = sc.ARN("ssm", "parameter"+ref)
		default:
			m[name] = sc.ARN("ssm", "parameter/"+owner.Path()+"/"+ref)
		}
	}
	for name, ref := range s.Secrets.ARNs {
		arn, key, ok := strings.Cut(ref, "#")
		if ok {
			arn += ":" + key + "::"
		}
		m[name] = arn
	}
	return m
}
