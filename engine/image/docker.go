package image

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"berth/engine/fail"
)

// Docker builds with the docker command on the PATH, through BuildKit when its buildx plugin is there and
// the classic builder else. The zero Docker is ready for use.
type Docker struct {
	// Command is the program, "docker" when empty (podman and finch answer to the same flags).
	Command string
}

var _ Builder = Docker{}

// Check says whether Docker can build: nil, or a Refused fail.Error, which names --image.
func (d Docker) Check(ctx context.Context) error {
	err := d.available(ctx)
	var f *fail.Error
	if errors.As(err, &f) {
		f.Class = fail.Refused
	}
	return err
}

func (d Docker) available(ctx context.Context) error {
	_, errs, err := d.output(ctx, "version", "--format", "{{.Server.Version}}")
	if err != nil {
		return dockerError(ctx, errs, err)
	}
	return nil
}

// Build builds src and loads the image. It implements Builder. The build gets a tag of its own, which goes
// when the image is freed; what the builder keeps for the next build stays.
func (d Docker) Build(ctx context.Context, src Source, report Reporter) (v1.Image, func(), error) {
	none := func() {}
	if _, err := os.Stat(src.file()); err != nil {
		return nil, none, noDockerfile(src, err)
	}
	if err := d.available(ctx); err != nil {
		return nil, none, err
	}
	tag := "berth-build:" + strings.ToLower(rand.Text())
	if err := d.build(ctx, src, tag, report); err != nil {
		return nil, none, err
	}
	untag := func() { d.untag(context.WithoutCancel(ctx), tag) }
	img, free, err := d.save(ctx, tag, report)
	if err != nil {
		untag()
		return nil, none, err
	}
	return img, func() { free(); untag() }, nil
}

func (d Docker) build(ctx context.Context, src Source, tag string, report Reporter) error {
	common := []string{"--platform", src.Platform, "--file", src.file(), "--tag", tag}
	for _, k := range slices.Sorted(maps.Keys(src.Args)) {
		common = append(common, "--build-arg", k+"="+src.Args[k])
	}
	common = append(common, src.Dir)
	switch rawjson, ok := d.buildx(ctx); {
	case rawjson:
		args := append([]string{"buildx", "build", "--progress=rawjson", "--provenance=false", "--load"}, common...)
		return d.follow(ctx, nil, args, newSolve(report))
	case ok:
		args := append([]string{"buildx", "build", "--progress=plain", "--provenance=false", "--load"}, common...)
		return d.follow(ctx, nil, args, newClassic(report))
	default:
		return d.follow(ctx, []string{"DOCKER_BUILDKIT=0"}, append([]string{"build"}, common...), newClassic(report))
	}
}

var buildxVersion = regexp.MustCompile(`\bv(\d+)\.(\d+)`)

// buildx says whether the buildx plugin is there, and whether it can tell its progress as JSON, which it
// can since version 0.13.
func (d Docker) buildx(ctx context.Context) (rawjson, ok bool) {
	out, _, err := d.output(ctx, "buildx", "version")
	if err != nil {
		return false, false
	}
	m := buildxVersion.FindStringSubmatch(out)
	if m == nil {
		return false, true
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 0 || minor >= 13, true
}

// Local returns the image with that reference from Docker's own store, when there is a Docker and it has
// one. It implements Builder.
func (d Docker) Local(ctx context.Context, ref string, report Reporter) (v1.Image, func(), bool, error) {
	none := func() {}
	if strings.HasPrefix(ref, "-") {
		return nil, none, false, nil
	}
	if _, _, err := d.output(ctx, "image", "inspect", "--format", "{{.Id}}", ref); err != nil {
		return nil, none, false, ctx.Err()
	}
	img, free, err := d.save(ctx, ref, report)
	if err != nil {
		return nil, none, false, err
	}
	return img, free, true, nil
}

// save takes an image out of Docker's store: its layers go compressed into a folder that free removes.
func (d Docker) save(ctx context.Context, ref string, report Reporter) (img v1.Image, free func(), err error) {
	size := d.size(ctx, ref)
	dir, err := os.MkdirTemp("", "berth-image-")
	if err != nil {
		return nil, nil, fmt.Errorf("make room for the image: %w", err)
	}
	free = func() { os.RemoveAll(dir) } //nolint:errcheck // a folder of the system's temporary files, at worst
	c := d.command(ctx, nil, "image", "save", ref)
	out, err := c.StdoutPipe()
	if err != nil {
		free()
		return nil, nil, fmt.Errorf("read the image from Docker: %w", err)
	}
	var errs tail
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		free()
		return nil, nil, dockerError(ctx, errs.String(), err)
	}
	img, readErr := readArchive(ctx, out, dir, size, report)
	if readErr != nil {
		out.Close() //nolint:errcheck // so that docker does not wait for a reader
	}
	waitErr := c.Wait()
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("read the image from Docker: %w", ctx.Err())
	case waitErr != nil && readErr == nil, waitErr != nil && errs.String() != "":
		err = dockerError(ctx, errs.String(), waitErr)
	case readErr != nil:
		err = fmt.Errorf("read the image from Docker: %w", readErr)
	}
	if err != nil {
		free()
		return nil, nil, err
	}
	return img, free, nil
}

// size is how many bytes an image has in Docker's store, 0 when that cannot be found out.
func (d Docker) size(ctx context.Context, ref string) int64 {
	out, _, err := d.output(ctx, "image", "inspect", "--format", "{{json .Size}}", ref)
	var n int64
	if err != nil || json.Unmarshal([]byte(out), &n) != nil {
		return 0
	}
	return n
}

// untag takes our tag from an image, and with the last tag the image; the layers that a next build can use
// stay. It does not matter when it fails: an image is left behind.
func (d Docker) untag(ctx context.Context, tag string) {
	ctx, cancel := context.WithTimeout(ctx, untagTimeout)
	defer cancel()
	d.output(ctx, "image", "rm", "--no-prune", tag) //nolint:errcheck // see above
}
