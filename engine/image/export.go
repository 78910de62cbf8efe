package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// save takes an image out of its store: its layers go compressed into a folder that free removes.
func (s *stored) save(ctx context.Context, report Reporter) (img v1.Image, free func(), err error) {
	dir, err := os.MkdirTemp("", "berth-image-")
	if err != nil {
		return nil, nil, localFault("make room for the image", err)
	}
	free = func() { os.RemoveAll(dir) } //nolint:errcheck // a folder of the system's temporary files, at worst
	args := []string{"image", "save", s.ref}
	switch s.kind {
	case "podman":
		args = []string{"image", "save", "--format", "docker-archive", s.ref}
	case "buildah":
		// It wants a file of sign-ins even for a push that needs none.
		if err := writeSignIn(dir, "127.0.0.1", nil); err != nil {
			free()
			return nil, nil, err
		}
		args = []string{"push", "--authfile", filepath.Join(dir, "config.json"), s.ref, "docker-archive:/dev/stdout"}
	}
	c := s.prepare(ctx, nil, args...)
	out, err := c.StdoutPipe()
	if err != nil {
		free()
		return nil, nil, fmt.Errorf("read the image from %s: %w", s.name, err)
	}
	var errs tail
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		free()
		return nil, nil, programError(ctx, s.program, errs.String(), err)
	}
	img, readErr := readArchive(ctx, out, dir, s.size, report)
	if readErr != nil {
		out.Close() //nolint:errcheck // so that the program does not wait for a reader
	}
	waitErr := c.Wait()
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("read the image from %s: %w", s.name, ctx.Err())
	case waitErr != nil && readErr == nil, waitErr != nil && errs.String() != "":
		err = programError(ctx, s.program, errs.String(), waitErr)
	case readErr != nil:
		err = localFault("take the image out of "+s.name, readErr)
	}
	if err != nil {
		free()
		return nil, nil, err
	}
	return img, free, nil
}
