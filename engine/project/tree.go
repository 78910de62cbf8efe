package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"berth/engine/fail"
)

// How much of a source tree is looked at, so that a look stays fast and cheap wherever it is started.
const (
	maxEntries  = 20_000    // files and folders seen
	maxDepth    = 12        // folders below the top
	maxFileSize = 512 << 10 // bytes of one file; larger ones are not source
	maxRead     = 32 << 20  // bytes of all files together
)

// skipped are folders that hold what others wrote, or what is built.
var skipped = map[string]bool{
	"node_modules": true, "deps": true, "_build": true, "vendor": true, "target": true, "dist": true, "venv": true,
	"__pycache__": true, "site-packages": true, "coverage": true, "tmp": true, "log": true, "bower_components": true,
	"testdata": true, "obj": true,
}

// tests are folders whose code does not run in production.
var tests = map[string]bool{"test": true, "tests": true, "spec": true, "__tests__": true, "features": true, "bench": true}

// tree is a source tree. All reading goes through an os.Root, so that no symbolic link leads out of it.
type tree struct {
	dir   string
	root  *os.Root
	files []string // regular files, with slashes, in lexical order a folder
	read  int64
	cache map[string]string

	folder *os.Root // the folder of the file that was read last, as files come folder by folder
	at     string   // its path
}

func openTree(ctx context.Context, dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		f := &fail.Error{Class: fail.Usage, Cause: "the folder " + dir + " cannot be read", Evidence: err.Error(), Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			f.Cause, f.Evidence = "there is no folder "+dir, ""
		}
		return nil, f
	}
	t := &tree{dir: dir, root: root, cache: map[string]string{}}
	if err := t.list(ctx); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *tree) close() {
	t.root.Close() //nolint:errcheck // it was only read
	if t.folder != nil {
		t.folder.Close() //nolint:errcheck // it was only read
	}
}

// open opens a file of the tree. Going through the folder's own os.Root saves looking up each part of the
// path anew for each file.
func (t *tree) open(name string) (*os.File, error) {
	dir := path.Dir(name)
	if dir == "." {
		return t.root.Open(name)
	}
	if t.folder == nil || t.at != dir {
		folder, err := t.root.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		if t.folder != nil {
			t.folder.Close() //nolint:errcheck // it was only read
		}
		t.folder, t.at = folder, dir
	}
	return t.folder.Open(path.Base(name))
}

// list walks the tree breadth first, so that the limit cuts the deep files and not the important ones.
func (t *tree) list(ctx context.Context) error {
	seen := 0
	folders := []string{"."}
	for depth := 0; depth < maxDepth && len(folders) > 0; depth++ {
		var deeper []string
		for _, dir := range folders {
			if err := ctx.Err(); err != nil {
				return err
			}
			list, err := fs.ReadDir(t.root.FS(), dir)
			if err != nil {
				continue // a folder that we may not read tells nothing
			}
			for _, d := range list {
				if seen++; seen > maxEntries {
					return nil
				}
				switch name := path.Join(dir, d.Name()); {
				case d.IsDir() && !skipFolder(d.Name()):
					deeper = append(deeper, name)
				case d.Type().IsRegular() && !secret(name):
					t.files = append(t.files, name)
				}
			}
		}
		folders = deeper
	}
	return nil
}

func skipFolder(name string) bool {
	return skipped[name] || tests[name] || strings.HasPrefix(name, ".") && name != ".meteor"
}

// secret says whether a file is there to hold secrets. Such files are not even opened.
func secret(name string) bool {
	base := strings.ToLower(path.Base(name))
	switch path.Ext(base) {
	case ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".tfstate", ".tfvars":
		return true
	}
	if envExample().MatchString(base) {
		return false
	}
	return strings.HasPrefix(base, ".env") || strings.HasPrefix(base, "credentials") || strings.HasPrefix(base, "secrets") ||
		slices.Contains([]string{"id_rsa", "id_ed25519", ".npmrc", ".netrc", ".pgpass", "prod.secret.exs"}, base)
}

// envExample matches files that show which variables there are, without their values.
var envExample = lazy(`^(?:\.?env|sample|example)[.\-_](?:example|sample|template|dist|env|tpl)(?:\.txt)?$|^\.env\.\w+\.(?:example|sample|template|dist)$`)

// text returns the content of a file; not of one that is missing, too large, binary or leads out of the tree.
func (t *tree) text(name string) (string, bool) {
	if s, ok := t.cache[name]; ok {
		return s, s != ""
	}
	s, err := t.load(name)
	if err != nil {
		s = ""
	}
	t.cache[name] = s
	return s, s != ""
}

func (t *tree) load(name string) (string, error) {
	f, err := t.open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileSize || t.read+info.Size() > maxRead {
		return "", fmt.Errorf("%s is not a file that can be read", name)
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return "", err
	}
	t.read += int64(len(b))
	if bytes.IndexByte(b[:min(len(b), 8000)], 0) >= 0 {
		return "", fmt.Errorf("%s is binary", name)
	}
	return string(b), nil
}

// match returns the files that any of the patterns matches, in order, each once.
func (t *tree) match(patterns []glob) []string {
	var out []string
	for _, name := range t.files {
		if slices.ContainsFunc(patterns, func(g glob) bool { return g.match(name) }) {
			out = append(out, name)
		}
	}
	return out
}

// lineOf is the 1-based line of a byte offset, and that line without the white space around it.
func lineOf(text string, at int) (number int, line string) {
	number = 1 + strings.Count(text[:at], "\n")
	start := strings.LastIndexByte(text[:at], '\n') + 1
	end := strings.IndexByte(text[at:], '\n')
	if end < 0 {
		end = len(text) - at
	}
	return number, strings.TrimSpace(text[start : at+end])
}

// clip makes any text one short line without control characters.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.In(r, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 120 {
		text = string(r[:119]) + "…"
	}
	return text
}
