package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"berth/engine/fail"
)

// stored is an image in the store of a program.
type stored struct {
	program
	ref   string // by which the program finds it: its id
	tag   string // ours, to be taken away; empty when it is somebody else's image
	facts Facts
	size  int64 // of its layers without compression, in bytes; 0 when that is not known
}

var _ Image = (*stored)(nil)

// Local returns the image with that reference from the store of this machine's builder, when there is one and it
// has it. It implements Builder.
func (m Machine) Local(ctx context.Context, ref string) (Image, bool, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, false, nil
	}
	p, err := m.find(ctx)
	if err != nil {
		return nil, false, ctx.Err() // without a builder there is no store
	}
	img, found, err := p.image(ctx, ref)
	if err != nil || !found {
		return nil, false, err
	}
	return img, true, nil
}

// Facts implements Image.
func (s *stored) Facts() Facts { return s.facts }

// Place is the command of the program that has the image, and the image's name there.
func (s *stored) Place() (command, ref string) { return s.command, s.ref }

// Release implements Image.
func (s *stored) Release() {
	if s.tag != "" {
		s.untag(context.Background(), s.tag)
		s.tag = ""
	}
}

// inspected is what `image inspect` says, as far as it matters here; Docker, Podman and nerdctl agree on it.
type inspected struct {
	ID           string `json:"Id"`
	Architecture string
	Variant      string
	Os           string
	Size         int64
	Config       json.RawMessage
	RootFS       struct{ Layers []string }
}

// image looks an image up.
func (p program) image(ctx context.Context, ref string) (*stored, bool, error) {
	args := []string{"image", "inspect", ref}
	switch p.kind {
	case "buildah":
		args = []string{"inspect", "--type", "image", ref}
	case "nerdctl", "finch":
		args = []string{"image", "inspect", "--mode=dockercompat", ref}
	}
	out, errs, err := p.output(ctx, args...)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, fmt.Errorf("look image up: %w", ctx.Err())
		}
		if f := p.fault(errs); f != nil {
			f.Err = err
			return nil, false, f
		}
		if errors.Is(err, errSilent) {
			return nil, false, silent(p.name, err)
		}
		return nil, false, nil // there is none
	}
	in, err := readInspect(p.kind, []byte(out))
	if err != nil {
		return nil, false, &fail.Error{
			Class: fail.Failed, Cause: p.name + " describes the image " + ref + " in a way that berth does not understand",
			Evidence: err.Error(), Remedy: "choose another builder with --builder, or bring " + p.name + " up to date", Err: err,
		}
	}
	s := &stored{program: p, ref: in.ID, size: in.Size}
	if !strings.Contains(in.ID, ":") {
		in.ID = "sha256:" + in.ID
	}
	s.facts, err = in.facts()
	return s, err == nil, err
}

func readInspect(kind string, text []byte) (inspected, error) {
	if kind != "buildah" {
		var list []inspected
		if err := json.Unmarshal(text, &list); err != nil {
			return inspected{}, err
		}
		if len(list) != 1 || list[0].ID == "" {
			return inspected{}, fmt.Errorf("it describes %d images", len(list))
		}
		return list[0], nil
	}
	var b struct {
		FromImageID string
		Docker      struct {
			Architecture string
			Os           string `json:"os"`
			Config       json.RawMessage
			RootFS       struct {
				DiffIDs []string `json:"diff_ids"`
			} `json:"rootfs"`
		}
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return inspected{}, err
	}
	in := inspected{ID: b.FromImageID, Architecture: b.Docker.Architecture, Os: b.Docker.Os, Config: b.Docker.Config}
	in.RootFS.Layers = b.Docker.RootFS.DiffIDs
	return in, nil
}

// facts puts the configuration together as a registry has it.
func (in inspected) facts() (Facts, error) {
	cfg := &v1.ConfigFile{OS: in.Os, Architecture: in.Architecture, Variant: in.Variant}
	if len(in.Config) > 0 {
		if err := json.Unmarshal(in.Config, &cfg.Config); err != nil {
			return Facts{}, fmt.Errorf("read the image's configuration: %w", err)
		}
	}
	cfg.RootFS.Type = "layers"
	for _, l := range in.RootFS.Layers {
		h, err := v1.NewHash(l)
		if err != nil {
			return Facts{}, fmt.Errorf("read the image's layers: %w", err)
		}
		cfg.RootFS.DiffIDs = append(cfg.RootFS.DiffIDs, h)
	}
	return Facts{ID: in.ID, Config: cfg}, nil
}

// untag takes a tag from an image, and with the last tag the image; the layers that a next build can use stay. It
// does not matter when it fails: an image is left behind.
func (p program) untag(ctx context.Context, tag string) {
	ctx, cancel := context.WithTimeout(ctx, untagTimeout)
	defer cancel()
	args := []string{"image", "rm", "--no-prune", tag}
	switch p.kind {
	case "buildah":
		args = []string{"rmi", tag}
	case "nerdctl", "finch":
		args = []string{"image", "rm", tag}
	}
	p.output(ctx, args...) //nolint:errcheck // see above
}

// retag gives an image another name.
func (p program) retag(ctx context.Context, ref, tag string) error {
	_, errs, err := p.output(ctx, "tag", ref, tag)
	if err != nil {
		return programError(ctx, p, errs, err)
	}
	return nil
}
