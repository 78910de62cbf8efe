// Package image makes container images and ships them: it builds one from a Dockerfile, pushes it to a
// registry by digest, and looks up what a reference stands for. It talks to Docker through its command line
// (pipes only, nothing reaches the terminal) and to registries through go-containerregistry.
package image

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Source is what an image is built from.
type Source struct {
	Dir        string            // the build context
	Dockerfile string            // path of the Dockerfile, relative to Dir
	Platform   string            // linux/amd64 or linux/arm64
	Args       map[string]string // build arguments
}

// Reporter is told what goes on while an image is built, pushed or fetched. A nil field is not called. Its
// functions may be called from several goroutines.
type Reporter struct {
	// Progress says how far it is: text names the step, current and total count in unit ("steps", "bytes").
	Progress func(text string, current, total int64, unit string)
	// Log passes one line of output on, without its line end.
	Log func(line string)
}

// Builder builds images. Docker is the one for users; the simulated account has its own for demos.
type Builder interface {
	// Build builds src and returns the image and a function that frees what holds it, to be called once
	// the image is no longer used. A missing Docker is a fail.Error that names --image.
	Build(ctx context.Context, src Source, report Reporter) (v1.Image, func(), error)
	// Local returns the image with that reference from the builder's own store, when it has one.
	Local(ctx context.Context, ref string, report Reporter) (img v1.Image, free func(), found bool, err error)
}
