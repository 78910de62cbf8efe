package image

import (
	"path/filepath"

	"berth/engine/spec"
)

// SourceOf is what the image of an app is built from.
func SourceOf(s *spec.Spec) Source {
	dir, file := s.BuildContext()
	if rel, err := filepath.Rel(dir, file); err == nil {
		file = rel
	}
	return Source{Dir: dir, Dockerfile: file, Platform: s.Image.Platform, Target: s.Image.Target, Args: s.Image.Args, Secrets: s.Image.Secrets, SSH: s.Image.SSH}
}

// BuilderOf is the builder of an app: the one that the command line chose, else the one of berth.toml.
func BuilderOf(s *spec.Spec, chosen Builder) Builder {
	if m, ok := chosen.(Machine); ok && m.Program == "" {
		m.Program = s.Image.Builder
		return m
	}
	return chosen
}
