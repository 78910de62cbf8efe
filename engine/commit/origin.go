package commit

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Origin is where a source tree comes from.
type Origin struct {
	Root       string // folder of the repository
	Host       string // such as github.com
	Repository string // such as owner/name
	Branch     string // the one that others start from, else the one that is checked out
}

// OriginOf is where the source tree in dir comes from, as far as git knows: what it does not is empty.
func OriginOf(ctx context.Context, dir string) Origin {
	if !repository(dir) {
		return Origin{}
	}
	o := Origin{Root: ask(ctx, dir, "rev-parse", "--show-toplevel")}
	o.Host, o.Repository = address(ask(ctx, dir, "config", "--get", "remote.origin.url"))
	o.Branch = strings.TrimPrefix(ask(ctx, dir, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"), "origin/")
	if o.Branch == "" {
		o.Branch = ask(ctx, dir, "symbolic-ref", "--short", "HEAD")
	}
	if o.Root != "" {
		o.Root = filepath.FromSlash(o.Root)
	}
	return o
}

var (
	withScheme = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z+]+://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+)$`) })
	likeSCP    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:[^@/]+@)?([^/:]+):([^/].*)$`) })
)

// address takes the address of a remote apart. It may hold a password, of which nothing is kept.
func address(url string) (host, path string) {
	m := withScheme().FindStringSubmatch(url)
	if m == nil {
		m = likeSCP().FindStringSubmatch(url)
	}
	if m == nil {
		return "", ""
	}
	return m[1], strings.Trim(strings.TrimSuffix(strings.TrimSuffix(m[2], "/"), ".git"), "/")
}
