package rehearse

import (
	"context"

	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/spec"
)

// App builds the image of an app, or takes the one that the spec names from this machine, and rehearses it. Tell is
// given what the build writes.
func App(ctx context.Context, s *spec.Spec, b image.Builder, tell image.Reporter) (*Report, error) {
	img, err := made(ctx, s, image.BuilderOf(s, b), tell)
	if err != nil {
		return nil, err
	}
	defer img.Release()
	report, err := Image(ctx, s, img)
	if err == nil && report == nil {
		err = &fail.Error{
			Class: fail.Refused, Cause: "no container engine was found on this machine",
			Remedy: "a rehearsal needs Docker or Podman: install one, or choose it with --builder",
		}
	}
	return report, err
}

// made is the image that the spec names, or a new one.
func made(ctx context.Context, s *spec.Spec, b image.Builder, tell image.Reporter) (image.Image, error) {
	if s.Image.Ref == "" {
		return b.Build(ctx, image.SourceOf(s), tell)
	}
	img, found, err := b.Local(ctx, s.Image.Ref)
	if err == nil && !found {
		err = &fail.Error{
			Class: fail.Refused, Cause: "the image " + s.Image.Ref + " is not on this machine",
			Remedy: "docker pull " + s.Image.Ref + ", then rehearse it",
		}
	}
	return img, err
}
