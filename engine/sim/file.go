package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// store keeps the state in a file. A lock file beside it lets several processes take turns, and each of them
// reads the file again when another one has written it. Every write replaces the file as a whole, so that a
// killed process leaves either the old state or the new one.
type store struct {
	path string
	seen os.FileInfo // the file as this process last read or wrote it
}

// lock waits for the lock and returns what frees it.
func (s *store) lock() (func(), error) {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return nil, fmt.Errorf("lock state file %s: %w", s.path, err)
	}
	f, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock state file %s: %w", s.path, err)
	}
	if err := flock(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock state file %s: %w", s.path, err)
	}
	return func() { _ = f.Close() }, nil // closing frees the lock
}

// load puts the file's state into *st when the file exists and this process has not seen it yet.
func (s *store) load(st **state) (fresh bool, err error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read state file %s: %w", s.path, err)
	}
	if s.seen != nil && os.SameFile(info, s.seen) && info.ModTime().Equal(s.seen.ModTime()) && info.Size() == s.seen.Size() {
		return false, nil
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return false, fmt.Errorf("read state file %s: %w", s.path, err)
	}
	var head struct{ Schema *int }
	if err := json.Unmarshal(data, &head); err != nil {
		return false, fmt.Errorf("state file %s is not the state of a simulated account (%w): remove it or name another one with --sim-state", s.path, err)
	}
	if head.Schema == nil || *head.Schema != schema {
		return false, fmt.Errorf("state file %s was written by another version (its schema is %d, this one needs %d): remove it or name another one with --sim-state",
			s.path, val(head.Schema, 0), schema)
	}
	loaded := &state{}
	if err := json.Unmarshal(data, loaded); err != nil {
		return false, fmt.Errorf("state file %s is damaged (%w): remove it or name another one with --sim-state", s.path, err)
	}
	if loaded.Regions == nil {
		loaded.Regions = map[string]*region{}
	}
	for _, r := range loaded.Regions {
		r.takeWritten()
	}
	*st, s.seen = loaded, info
	return true, nil
}

// save writes the state to a new file and puts it in the place of the old one.
func (s *store) save(st *state) error {
	data, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("encode simulated account: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*")
	if err != nil {
		return fmt.Errorf("save simulated account: %w", err)
	}
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("save simulated account: %w", err)
	}
	if s.seen, err = os.Stat(s.path); err != nil {
		return fmt.Errorf("save simulated account: %w", err)
	}
	return nil
}

// Peek opens a copy, in memory, of the account that the options' File keeps. Nothing is written, not even a lock:
// every write replaces the file as a whole, so what is read is whole.
func Peek(o Options) (*Account, error) {
	st, file := &state{}, store{path: o.File}
	found, err := file.load(&st)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("read state file %s: %w", o.File, fs.ErrNotExist)
	}
	return open(o, st, nil), nil
}
