// Package image makes container images and ships them: it builds one from a Dockerfile with what this machine has for
// that, pushes it to a registry by digest, and looks up what a reference stands for. It talks to Docker and its like
// through their command lines (pipes only, nothing reaches the terminal). An image is pushed by the engine that has
// its layers, so that only what is new is read, compressed and sent; it is taken out of the engine's store only when
// that cannot push.
package image

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Source is what an image is built from.
type Source struct {
	Dir        string            // the build context
	Dockerfile string            // path of the Dockerfile, relative to Dir unless it is absolute
	Platform   string            // linux/amd64 or linux/arm64
	Target     string            // stage that is built; empty: the last one
	Args       map[string]string // build arguments
	Secrets    []string          // names of environment variables that the build may read as secrets, by their names as ids
	SSH        []string          // what the build may sign in with over SSH: "default" for the agent, or ID=PATH of a key or socket
	// OneIgnoreFile says that the builder follows the folder's .dockerignore only, not one that belongs to the
	// Dockerfile (Dockerfile.dockerignore).
	OneIgnoreFile bool
	// Fresh builds every step anew, on the newest base images. It is no part of the hash.
	Fresh bool
	// Cache is where the steps of earlier builds are taken from, and those of this one are kept; nil: only with what
	// builds. It is no part of the hash.
	Cache *Cache
}

// File is the path of the Dockerfile.
func (s Source) File() string {
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
	// Progress says how far it is: text names the step, current and total count in unit ("steps", "bytes", "layers").
	Progress func(text string, current, total int64, unit string)
	// Log passes one line of output on, without its line end. A long line comes shortened.
	Log func(line string)
}

func (r Reporter) progress(text string, current, total int64, unit string) {
	if r.Progress != nil {
		r.Progress(text, current, total, unit)
	}
}

func (r Reporter) log(line string) {
	if r.Log != nil {
		r.Log(shorten(strings.Map(oneLine, line)))
	}
}

// oneLine keeps what a step is called to one line: a RUN may hold several.
func oneLine(r rune) rune {
	if r == '\n' || r == '\r' {
		return ' '
	}
	return r
}

// Builder builds images. Machine is the one for users; the simulated account has its own for demos.
type Builder interface {
	// Build builds src. The image is to be released once it is no longer used. A machine that cannot build is a
	// fail.Error that names --image.
	Build(ctx context.Context, src Source, report Reporter) (Image, error)
	// Local returns the image with that reference from the builder's own store, when it has one.
	Local(ctx context.Context, ref string) (img Image, found bool, err error)
}

// Image is an image in the store of what built it.
type Image interface {
	// Facts is what the store says about it.
	Facts() Facts
	// Push sends it to a repository under a tag and returns its digest there, "sha256:…". Layers that the
	// repository has already are not sent again.
	Push(ctx context.Context, to Repository, tag string, report Reporter) (digest string, err error)
	// Release lets go of what holds it; what the builder keeps for the next build stays.
	Release()
}

// Facts is what the store of an image says about it.
type Facts struct {
	ID     string         // stands for its content, "sha256:…": other content has another one
	Config *v1.ConfigFile // its platform, its layers, and what it runs
}

// Repository is where an image is pushed to.
type Repository struct {
	Name      string              // with the registry, such as registry.example/app
	Auth      authn.Authenticator // nil is anonymous
	Transport http.RoundTripper   // how this process reaches it; nil is http.DefaultTransport
	Enclosed  bool                // nobody but this process reaches it
}

// Tag is the tag of the image that is built from the source with this hash: the identity of an image in the
// repository. When it is there, nothing is built or pushed again.
func Tag(hash string) string { return "src-" + hash[:min(16, len(hash))] }
