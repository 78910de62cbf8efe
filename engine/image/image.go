// Package image makes container images and ships them: it builds one from a Dockerfile, pushes it to a
// registry by digest, and looks up what a reference stands for. It talks to Docker through its command line
// (pipes only, nothing reaches the terminal) and to registries through go-containerregistry.
package image

import (
	"context"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Source is what an image is built from.
type Source struct {
	Dir        string            // the build context
	Dockerfile string            // path of the Dockerfile, relative to Dir unless it is absolute
	Platform   string            // linux/amd64 or linux/arm64
	Args       map[string]string // build arguments
}

// file is the path of the Dockerfile.
func (s Source) file() string {
	name := s.Dockerfile
	if name == "" {
		name = "Dockerfile"
	}
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// Reporter is told what goes on while an image is built, pushed or fetched. A nil field is not called. Its
// functions may be called from several goroutines.
type Reporter struct {
	// Progress says how far it is: text names the step, current and total count in unit ("steps", "bytes").
	Progress func(text string, current, total int64, unit string)
	// Log passes one line of output on, without its line end.
	Log func(line string)
}

func (r Reporter) progress(text string, current, total int64, unit string) {
	if r.Progress != nil {
		r.Progress(text, current, total, unit)
	}
}

func (r Reporter) log(line string) {
	if r.Log != nil {
		r.Log(line)
	}
}

// Builder builds images. Docker is the one for users; the simulated account has its own for demos.
type Builder interface {
	// Build builds src and returns the image and a function that frees what holds it, to be called once
	// the image is no longer used. It is never nil, and may be called when there was an error. A missing
	// Docker is a fail.Error that names --image.
	Build(ctx context.Context, src Source, report Reporter) (v1.Image, func(), error)
	// Local returns the image with that reference from the builder's own store, when it has one.
	Local(ctx context.Context, ref string, report Reporter) (img v1.Image, free func(), found bool, err error)
}

// Tag is the tag of the image that is built from the source with this hash: the identity of an image in the
// repository. When it is there, nothing is built or pushed again.
func Tag(hash string) string { return "src-" + hash[:min(16, len(hash))] }
