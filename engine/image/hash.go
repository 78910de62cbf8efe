package image

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"berth/engine/fail"
)

// hashVersion is part of every hash; it changes when what goes into a hash changes.
const hashVersion = "berth source 1"

// settings is the name of the app's settings at the top of its folder.
const settings = "berth.toml"

// Hash is a hash over all that src says about an image, in hex: the files that the builder gets to see
// (path, content, permissions, targets of symbolic links), the Dockerfile, the platform, the stage, the
// build arguments and the names of build secrets. It does not depend on times, owners, the place of the folder, or what .dockerignore leaves out.
//
// The app's own berth.toml is not in it, although the builder sees it: how an app runs is no reason to build
// it anew. What a build fetches from elsewhere (a base image by tag, a package index) is not in it: the same source
// has the same hash although a build of it may differ from day to day.
func Hash(ctx context.Context, src Source) (string, error) {
	dockerfile, err := os.ReadFile(src.File())
	if err != nil {
		return "", noDockerfile(src, err)
	}
	w, err := newWalker(src)
	if err != nil {
		return "", err
	}
	files, err := w.list(ctx)
	if err != nil {
		return "", err
	}
	if err := sum(ctx, src.Dir, files); err != nil {
		return "", err
	}
	h := sha256.New()
	field(h, hashVersion)
	field(h, src.Platform)
	for _, k := range slices.Sorted(maps.Keys(src.Args)) {
		field(h, "arg")
		field(h, k)
		field(h, src.Args[k])
	}
	if src.Target != "" {
		field(h, "target")
		field(h, src.Target)
	}
	for _, name := range slices.Sorted(slices.Values(src.Secrets)) { // their values are nobody's business
		field(h, "secret")
		field(h, name)
	}
	for _, id := range slices.Sorted(slices.Values(src.SSH)) {
		field(h, "ssh")
		field(h, id)
	}
	field(h, "dockerfile")
	field(h, string(dockerfile))
	for _, f := range files {
		if f.path == settings || strings.HasPrefix(f.path, "."+settings+".") { // the file, and it being written
			continue
		}
		field(h, "file")
		field(h, f.path)
		field(h, f.mode.String())
		field(h, f.content)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func noDockerfile(src Source, err error) error {
	f := &fail.Error{Class: fail.Usage, Cause: src.File() + " cannot be read", Evidence: err.Error(), Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		f.Cause, f.Evidence = "there is no "+src.File(), ""
		f.Remedy = "write a Dockerfile, name yours as dockerfile under [image] in berth.toml, or use an existing image with --image"
	}
	return f
}

// field adds one field with its length in front, so that no two lists of fields look the same.
func field(h hash.Hash, text string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(text)))
	h.Write(n[:])
	io.WriteString(h, text) //nolint:errcheck // a hash takes everything
}

// entry is one file, folder or symbolic link of a build context.
type entry struct {
	path    string // with slashes, relative to the context
	mode    fs.FileMode
	size    int64
	written time.Time
	content string // hash of a file's content, target of a link
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// sum fills in the content of all regular files, several at a time.
func sum(ctx context.Context, dir string, files []entry) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := max(2, runtime.GOMAXPROCS(0))
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(files); i += workers {
				if !files[i].mode.IsRegular() {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				var err error
				if files[i].content, err = sumFile(filepath.Join(dir, filepath.FromSlash(files[i].path))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// unreadable is a file of the build context that cannot be read.
func unreadable(err error) error {
	return &fail.Error{
		Class: fail.Usage, Cause: "a file in the build context cannot be read", Evidence: err.Error(),
		Remedy: "make it readable, or exclude it in .dockerignore", Err: err,
	}
}

func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", unreadable(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	h := sha256.New()
	// The struct hides os.File's WriterTo, which would not use the buffer.
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, *buf); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return string(h.Sum(nil)), nil
}
