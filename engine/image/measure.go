package image

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"
)

// Context is what a build context has in it.
type Context struct {
	Files   int
	Bytes   int64
	More    bool     // counting ended at the limit: there is more
	Secrets []string // files that look like they hold secrets, with slashes, at most 10
}

var errEnough = errors.New("enough")

// Measure counts the files that a build of src would read, up to a limit.
func Measure(ctx context.Context, src Source, limit int) (Context, error) {
	w, err := newWalker(src)
	if err != nil {
		return Context{}, err
	}
	var c Context
	w.each = func(e entry) error {
		if !e.mode.IsRegular() {
			return nil
		}
		if c.Files >= limit {
			c.More = true
			return errEnough
		}
		c.Files++
		c.Bytes += e.size
		if len(c.Secrets) < 10 && looksSecret(e.path) {
			c.Secrets = append(c.Secrets, e.path)
		}
		return nil
	}
	if _, err := w.list(ctx); err != nil && !c.More {
		return Context{}, err
	}
	return c, nil
}

// looksSecret says whether a file is one that people keep secrets in.
func looksSecret(name string) bool {
	base := path.Base(name)
	switch {
	case base == ".env" || strings.HasPrefix(base, ".env.") && !strings.Contains(base, "example") && !strings.Contains(base, "sample"):
		return true
	case base == "id_rsa" || base == "id_ed25519" || base == "master.key":
		return true
	}
	return false
}

// Newer names files of the build context that were written after a moment, at most three.
func Newer(ctx context.Context, src Source, than time.Time) ([]string, error) {
	w, err := newWalker(src)
	if err != nil {
		return nil, err
	}
	var names []string
	w.each = func(e entry) error {
		if !e.written.After(than) || e.mode.IsDir() {
			return nil
		}
		if names = append(names, e.path); len(names) == 3 {
			return errEnough
		}
		return nil
	}
	if _, err := w.list(ctx); err != nil && len(names) < 3 {
		return nil, err
	}
	return names, nil
}
