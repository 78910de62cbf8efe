package prices

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Folder is a price list that was downloaded before, in the layout of AWS's host:
// offers/v1.0/aws/<offer>/current/region_index.json and the files that it names. The first three folders may be left
// out. An offer that is not there counts as not offered.
type Folder string

// Get opens one file. What lies outside of the folder is not read.
func (f Folder) Get(_ context.Context, path string) (io.ReadCloser, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, fmt.Errorf("open price list: %w", err)
	}
	defer func() { _ = root.Close() }()
	name := filepath.FromSlash(strings.TrimPrefix(path, "/"))
	file, err := root.Open(name)
	if short, ok := strings.CutPrefix(name, filepath.FromSlash("offers/v1.0/aws/")); ok && os.IsNotExist(err) {
		file, err = root.Open(short)
	}
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	return file, nil
}
