package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"berth/compare/longpoll"
)

// longPolling reads the files of a Phoenix project that the advice on long polling is about. Folders that
// hold other people's code are passed over.
func longPolling(dir string) (*longpoll.Advice, error) {
	if _, err := os.Stat(filepath.Join(dir, "mix.exs")); err != nil {
		return nil, nil //nolint:nilerr // no Phoenix project, no advice
	}
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is not advised on
		}
		name := d.Name()
		if d.IsDir() {
			if path != dir && (name[0] == '.' || name == "node_modules" || name == "deps" || name == "_build" || name == "vendor") {
				return filepath.SkipDir
			}
			return nil
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator)))
		if !longpoll.Wants(rel) {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() <= 1<<20 {
			if text, err := os.ReadFile(path); err == nil {
				files[rel] = string(text)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	return longpoll.Advise(files), nil
}
