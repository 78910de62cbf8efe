package engine

import (
	"context"
	"path/filepath"

	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/rehearse"
	"berth/engine/spec"
)

// Rehearsal is what was found when an image was run on this machine.
type Rehearsal = rehearse.Report

// Rehearse builds the app's image, or takes the one that the spec names from this machine, runs it here as AWS
// would, and says what is true of it. It makes no AWS call, and leaves nothing behind. Tell is given what the build
// writes.
func (e *Engine) Rehearse(ctx context.Context, s *spec.Spec, tell image.Reporter) (*Rehearsal, error) {
	img, err := e.imageOf(ctx, s, tell)
	if err != nil {
		return nil, err
	}
	defer img.Release()
	report, err := rehearse.Image(ctx, s, img)
	if err == nil && report == nil {
		err = &fail.Error{
			Class: fail.Refused, Cause: "nothing on this machine can run the image",
			Remedy: "a rehearsal needs Docker or Podman: install one, or choose it with --builder",
		}
	}
	return report, err
}

func (e *Engine) imageOf(ctx context.Context, s *spec.Spec, tell image.Reporter) (image.Image, error) {
	builder := e.opts.Builder
	if m, ok := builder.(image.Machine); ok && m.Program == "" {
		m.Program = s.Image.Builder
		builder = m
	}
	if s.Image.Ref == "" {
		dir, file := s.BuildContext()
		if rel, err := filepath.Rel(dir, file); err == nil {
			file = rel
		}
		return builder.Build(ctx, image.Source{
			Dir: dir, Dockerfile: file, Platform: s.Image.Platform, Target: s.Image.Target, Args: s.Image.Args, Secrets: s.Image.Secrets,
		}, tell)
	}
	img, found, err := builder.Local(ctx, s.Image.Ref)
	if err == nil && !found {
		err = &fail.Error{
			Class: fail.Refused, Cause: "the image " + s.Image.Ref + " is not on this machine",
			Remedy: "docker pull " + s.Image.Ref + ", then rehearse it",
		}
	}
	return img, err
}
