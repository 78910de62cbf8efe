package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"berth/engine/fail"
)

// walker lists the files of a build context that are not ignored.
type walker struct {
	dir     string
	matcher *patternmatcher.PatternMatcher // nil when nothing is ignored
	keep    []string                       // the literal starts of the patterns that bring files back ("!…")
	each    func(entry) error              // is given each entry instead of collecting it
}

// IgnoreFile returns the path of the ignore file that a build of src uses: where the builder follows it, the one
// beside the Dockerfile with its name (Dockerfile.dockerignore), before that of the folder; "" when there is none.
func IgnoreFile(src Source) string {
	names := []string{src.File() + ".dockerignore", filepath.Join(src.Dir, ".dockerignore")}
	if src.OneIgnoreFile {
		names = names[1:]
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return name
		}
	}
	return ""
}

func newWalker(src Source) (*walker, error) {
	w := &walker{dir: src.Dir}
	name := IgnoreFile(src)
	if name == "" {
		return w, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err == nil {
		w.matcher, err = patternmatcher.New(patterns)
	}
	if err != nil {
		return nil, &fail.Error{
			Class: fail.Usage, Cause: filepath.Base(name) + " has an invalid pattern", Evidence: err.Error(),
			Remedy: "mend the pattern", Err: err,
		}
	}
	for _, p := range w.matcher.Patterns() {
		if p.Exclusion() {
			literal, _, _ := strings.Cut(p.String(), "*")
			literal, _, _ = strings.Cut(literal, "?")
			literal, _, _ = strings.Cut(literal, "[")
			w.keep = append(w.keep, literal)
		}
	}
	return w, nil
}

// list returns everything that is not ignored, in the order of the walk, which is the same everywhere.
func (w *walker) list(ctx context.Context) ([]entry, error) {
	var files []entry
	err := w.folder(ctx, "", patternmatcher.MatchInfo{}, &files)
	var f *fail.Error
	if err != nil && ctx.Err() == nil && !errors.As(err, &f) {
		err = &fail.Error{Class: fail.Usage, Cause: "the build context cannot be read", Evidence: err.Error(), Err: err}
	}
	return files, err
}

// folder adds what is in one folder.
func (w *walker) folder(ctx context.Context, dir string, parent patternmatcher.MatchInfo, files *[]entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	list, err := os.ReadDir(filepath.Join(w.dir, filepath.FromSlash(dir)))
	if err != nil {
		return err
	}
	for _, d := range list {
		name := path.Join(dir, d.Name())
		ignored, info := false, patternmatcher.MatchInfo{}
		if w.matcher != nil {
			if ignored, info, err = w.matcher.MatchesUsingParentResults(name, parent); err != nil {
				return fmt.Errorf("match %s: %w", name, err)
			}
		}
		if ignored && (!d.IsDir() || !w.comesBack(name)) {
			continue
		}
		if !ignored {
			if err := w.add(name, d, files); err != nil {
				return err
			}
		}
		if d.IsDir() {
			if err := w.folder(ctx, name, info, files); err != nil {
				return err
			}
		}
	}
	return nil
}

// comesBack says whether something in an ignored folder may be brought back by a "!" pattern.
func (w *walker) comesBack(dir string) bool {
	for _, k := range w.keep {
		if strings.HasPrefix(k, dir+"/") || strings.HasPrefix(dir+"/", k) {
			return true
		}
	}
	return false
}

func (w *walker) add(name string, d fs.DirEntry, files *[]entry) error {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went away while we looked
	}
	if err != nil {
		return err
	}
	e := entry{path: name, mode: info.Mode() & (fs.ModeType | fs.ModePerm), size: info.Size(), written: info.ModTime()}
	switch {
	case e.mode&fs.ModeSymlink != 0:
		if e.content, err = os.Readlink(filepath.Join(w.dir, filepath.FromSlash(name))); err != nil {
			return err
		}
		e.mode = fs.ModeSymlink // the permissions of a link mean nothing
	case !e.mode.IsRegular() && !e.mode.IsDir():
		return nil // a socket, a pipe, a device: no builder takes them along
	}
	if w.each != nil {
		return w.each(e)
	}
	*files = append(*files, e)
	return nil
}
