// Package prices keeps the price table true: it reads AWS's public bulk price list, which needs no
// credentials, refuses what looks broken or implausible, and keeps the result in a cache file that is laid
// over the table in the binary. Parsing is in offer.go, which rows are wanted in wanted.go, and the way of a
// refresh in refresh.go; only http.go touches the network, and the disk only this file and folder.go, which reads a list that was downloaded.
package prices

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"berth/compare/price"
)

// FileName is the name of the cache file in its folder.
const FileName = "prices.txt"

// Loaded is a price table and where it came from.
type Loaded struct {
	Table *price.Table
	Cache string // path of the cache file, empty when there is none in use
	AsOf  string // day of the cache, empty without one
	Rows  int    // how many prices of the cache are newer than the ones in the binary
	Err   error  // why a cache that is there was not used; the table in the binary was
}

// Load lays the cache in dir over the table in the binary. A price of the cache counts only when it is newer,
// so that a new version of berth is not held back by an old cache. A cache that does not parse is not used,
// and Err says why.
func Load(dir string) Loaded {
	l := Loaded{Table: price.Default()}
	file := filepath.Join(dir, FileName)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l
	}
	if err != nil {
		l.Err = fmt.Errorf("read price cache: %w", err)
		return l
	}
	cached, err := price.Decode(string(text))
	if err != nil {
		l.Err = fmt.Errorf("read price cache %s: %w", file, err)
		return l
	}
	var newer []price.Row
	for _, r := range cached.Rows() {
		old, ok := l.Table.Exact(r.SKU, r.Region)
		if !ok || later(r.AsOf, old.AsOf) {
			newer = append(newer, r)
		}
	}
	t, err := l.Table.With(cached.AsOf(), newer)
	if err != nil {
		l.Err = fmt.Errorf("use price cache %s: %w", file, err)
		return l
	}
	l.Table, l.Cache, l.AsOf, l.Rows = t, file, cached.AsOf(), len(newer)
	return l
}

// later says whether date a is after date b. An unknown date is before every other.
func later(a, b string) bool {
	x, ok := price.Date(a)
	y, known := price.Date(b)
	return ok && (!known || x.After(y))
}

// Save writes rows to the cache in dir, beside those that are there already and are not replaced. The file
// changes at once or not at all.
func Save(dir, today string, rows []price.Row) error {
	base, err := price.New(today, nil)
	if err != nil {
		return err
	}
	if text, err := os.ReadFile(filepath.Join(dir, FileName)); err == nil {
		if old, err := price.Decode(string(text)); err == nil {
			base = old
		}
	}
	t, err := base.With(today, rows)
	if err != nil {
		return fmt.Errorf("write price cache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write price cache: %w", err)
	}
	tmp, err := os.CreateTemp(dir, FileName+".*")
	if err != nil {
		return fmt.Errorf("write price cache: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // nothing is left of it after the rename
	if _, err := tmp.WriteString(t.Encode()); err != nil {
		_ = tmp.Close()
		return fmt.Errorf("write price cache: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("write price cache: %w", err)
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, FileName)); err != nil {
		return fmt.Errorf("write price cache: %w", err)
	}
	return nil
}
