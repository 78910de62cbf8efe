package ecs

import (
	"context"
	"path/filepath"

	"berth/engine/image"
	"berth/engine/project"
	"berth/engine/rehearse"
	"berth/engine/resource/artifact"
	"berth/engine/spec"
	"berth/engine/target"
)

func (b *Blueprint) image(s *spec.Spec, o target.Options) {
	builder := builderOf(s, o)
	if s.Image.Ref != "" {
		b.Image = &artifact.Image{
			Repository: b.Repository, External: s.Image.Ref, Builder: builder, Platform: s.Image.Platform,
			Port: s.Service.Port, OwnCommand: len(s.Service.Command) > 0,
		}
		return
	}
	b.Build = &artifact.Build{Builder: builder, Source: source(s), Repository: b.Repository, OwnCommand: len(s.Service.Command) > 0}
	b.Build.Read = func(ctx context.Context) ([]project.Finding, error) { return project.CheckBuild(ctx, s) }
	b.Image = &artifact.Image{Repository: b.Repository, Build: b.Build, Platform: s.Image.Platform}
	if !o.NoRehearsal {
		b.Build.Rehearse = func(ctx context.Context, img image.Image) (*rehearse.Report, error) {
			return rehearse.Image(ctx, s, img)
		}
	}
}

// builderOf is the builder that the command line chose, else the one of berth.toml.
func builderOf(s *spec.Spec, o target.Options) image.Builder {
	if m, ok := o.Builder.(image.Machine); ok && m.Program == "" {
		m.Program = s.Image.Builder
		return m
	}
	return o.Builder
}

// source is what the image is built from.
func source(s *spec.Spec) image.Source {
	dir, file := s.BuildContext()
	if rel, err := filepath.Rel(dir, file); err == nil {
		file = rel
	}
	return image.Source{Dir: dir, Dockerfile: file, Platform: s.Image.Platform, Target: s.Image.Target, Args: s.Image.Args, Secrets: s.Image.Secrets}
}
