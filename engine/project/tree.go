package project

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"unicode/utf16"
	"unicode/utf8"

	"berth/engine/fail"
)

// How much of a source tree is looked at, so that a look stays fast and cheap wherever it is started.
const (
	maxEntries  = 20_000    // files and folders seen
	maxFolder   = 5_000     // files and folders seen of one folder; a folder with more holds data
	maxDepth    = 12        // folders below the top
	maxFileSize = 512 << 10 // bytes of one file; larger ones are not source
	maxRead     = 32 << 20  // bytes of all files together
	usualSize   = 32 << 10  // bytes that nearly all files of source have less than
	maxOpened   = 8_000     // files that are opened; those near the top come first
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
	dir    string
	root   *os.Root
	files  []string        // regular files, with slashes, in lexical order a folder
	has    map[string]bool // the same
	cut    bool            // there is more than was looked at
	read   int64
	buffer []byte // for the start of a file
	opens  int
	cache  map[string]string
	codes  map[string]string // without comments

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
	t := &tree{dir: dir, root: root, has: map[string]bool{}, cache: map[string]string{}, codes: map[string]string{}}
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

// withoutWaiting opens a file that a pipe may have taken the place of, and spares the runtime from asking whether it
// may wait.
const withoutWaiting = os.O_RDONLY | syscall.O_NONBLOCK

// open opens a file of the tree. Going through the folder's own os.Root saves looking up each part of the
// path anew for each file.
func (t *tree) open(name string) (*os.File, error) {
	if !t.has[name] { // to open a pipe would wait for a writer
		if info, err := t.root.Stat(name); err != nil {
			return nil, err
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is no regular file", name)
		}
	}
	dir := path.Dir(name)
	if dir == "." {
		return t.root.OpenFile(name, withoutWaiting, 0)
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
	return t.folder.OpenFile(path.Base(name), withoutWaiting, 0)
}

// list walks the tree breadth first, so that the limit cuts the deep files and not the important ones.
func (t *tree) list(ctx context.Context) error {
	left := maxEntries
	folders := []string{"."}
	for depth := 0; depth < maxDepth && len(folders) > 0; depth++ {
		var deeper []string
		for _, dir := range folders {
			if err := ctx.Err(); err != nil {
				return err
			}
			list := t.entries(dir, min(left, maxFolder))
			left -= len(list)
			for _, d := range list {
				switch name := path.Join(dir, d.Name()); {
				case d.IsDir() && !skipFolder(d.Name()):
					deeper = append(deeper, name)
				case d.Type().IsRegular() && !secret(name):
					t.files = append(t.files, name)
					t.has[name] = true
				}
			}
		}
		folders = deeper
	}
	t.cut = t.cut || left <= 0
	t.probe()
	return nil
}

// entries are the entries of a folder in order, at most limit. A folder that we may not read tells nothing.
func (t *tree) entries(dir string, limit int) []fs.DirEntry {
	if limit <= 0 {
		return nil
	}
	f, err := t.root.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // it was only read
	list, err := f.ReadDir(limit + 1)
	if err != nil && !errors.Is(err, io.EOF) && len(list) == 0 {
		return nil
	}
	if len(list) > limit {
		t.cut, list = true, list[:limit]
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

// probe looks for the files that matter most by their names, when the top folder has more than was listed.
func (t *tree) probe() {
	if !t.cut {
		return
	}
	for _, name := range append([]string{"Dockerfile", "fly.toml", "compose.yaml", "compose.yml", "docker-compose.yml", "Procfile"}, manifests...) {
		if info, err := t.root.Lstat(name); err == nil && info.Mode().IsRegular() && !t.has[name] {
			t.files = append(t.files, name)
			t.has[name] = true
		}
	}
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
	if t.opens++; t.opens > maxOpened {
		t.cut = true
		return "", false
	}
	s, err := t.load(name)
	if err != nil {
		s = ""
	}
	t.cache[name] = s
	return s, s != ""
}

// code is text without the comments.
func (t *tree) code(name string) (string, bool) {
	if s, ok := t.codes[name]; ok {
		return s, s != ""
	}
	s, ok := t.text(name)
	if ok {
		s = code(name, s)
	}
	t.codes[name] = s
	return s, ok
}

func (t *tree) load(name string) (string, error) {
	f, err := t.open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := t.content(f)
	if err != nil {
		return "", err
	}
	s := decode(b)
	if strings.IndexByte(s[:min(len(s), 8000)], 0) >= 0 {
		return "", fmt.Errorf("%s is binary", name)
	}
	return s, nil
}

// content reads a file, and asks how long it is only when it does not end at once, as nearly all do.
func (t *tree) content(f *os.File) ([]byte, error) {
	if t.buffer == nil {
		t.buffer = make([]byte, usualSize)
	}
	n, err := io.ReadFull(f, t.buffer)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	b := t.buffer[:n]
	if err == nil {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() || info.Size() > maxFileSize {
			return nil, fmt.Errorf("%s is not a file that can be read", f.Name())
		}
		rest, err := io.ReadAll(io.LimitReader(f, maxFileSize-usualSize))
		if err != nil {
			return nil, err
		}
		b = append(bytes.Clone(b), rest...)
	}
	if t.read += int64(len(b)); t.read > maxRead {
		t.cut = true
		return nil, fmt.Errorf("%s is one file too many", f.Name())
	}
	return b, nil
}

// decode is the text of a file in UTF-8, or in UTF-16 with a byte order mark, with line ends as Unix has them.
func decode(b []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	}
	if order != nil {
		units := make([]uint16, 0, len(b)/2)
		for i := 2; i+1 < len(b); i += 2 {
			units = append(units, order.Uint16(b[i:]))
		}
		b = []byte(string(utf16.Decode(units)))
	}
	if bytes.IndexByte(b, '\r') >= 0 {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("?"))
	}
	return string(b)
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
