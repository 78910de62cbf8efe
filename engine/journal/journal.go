// Package journal keeps what each run tells in a file of its own, so that another terminal on the same machine
// can watch the run and later runs know how long each step takes. A file holds a header and then the events, one
// line of JSON each; it is readable at any moment, however its writer ends.
//
// The writer holds a lock on its file as long as it lives, which the system takes back from a dead process:
// that is how a run that goes on is told from one whose process was killed.
//
// What an app or a command of its build writes may hold a secret, so that no line of it is written here: neither
// the log lines of the streams app and build nor the lines of evidence that quote them.
package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/fail"
)

// Header is the first line of a journal: whose run it is, and how its clock goes.
type Header struct {
	Format  int    `json:"berth_journal"` // of the file: 1
	Run     string `json:"run"`
	Verb    string `json:"verb"` // deploy, destroy, rollback
	App     string `json:"app"`
	Env     string `json:"env"`
	Region  string `json:"region"`
	Account string `json:"account"`
	// Revision is the one that a rollback goes back to, family:number.
	Revision string `json:"revision,omitempty"`
	Dir      string `json:"dir"` // of the app, absolute and without links
	// Given are the settings that the command line gave, by the keys of berth.toml.
	Given     map[string]string `json:"given,omitempty"`
	Simulated string            `json:"simulated,omitempty"` // the sentence about a simulated account

	Host string `json:"host"`
	User string `json:"user"`
	PID  int    `json:"pid"`

	Started time.Time `json:"started"` // by the wall clock
	Clock   time.Time `json:"clock"`   // what the engine's clock showed at Started
	Speed   float64   `json:"speed"`   // seconds of the engine's clock in one second of the wall clock
}

// format is what this version writes and reads.
const format = 1

// kept is how many journals are kept in a folder.
const kept = 50

// suffix of a journal's file.
const suffix = ".ndjson"

// Mine completes a header with what is true of this process and of the moment, by clk.
func Mine(h Header, clk clock.Clock) Header {
	h.Format, h.PID, h.Dir = format, os.Getpid(), Real(h.Dir)
	h.Started, h.Clock, h.Speed = time.Now().Round(0).UTC(), clk.Now().Round(0).UTC(), clk.Speed()
	h.Host = host()
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	return h
}

// host is the name of this machine. One without a name is like any other without one.
func host() string {
	name, _ := os.Hostname()
	return name
}

// Now is what the engine's clock of the run shows, as far as it still goes.
func (h Header) Now() time.Time {
	return h.Clock.Add(time.Duration(float64(time.Since(h.Started)) * h.Speed))
}

// Real is a folder's absolute path without links, so that two names of one folder are one.
func Real(dir string) string {
	if dir == "" {
		return ""
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if path, err := filepath.EvalSymlinks(dir); err == nil {
		dir = path
	}
	return dir
}

// Keep writes what r tells into a new file of the folder, which it makes, until the run has ended. An error
// means that the journal is not there or not whole; the run is not concerned.
func Keep(folder string, h Header, r *event.Reader) (err error) {
	f, err := create(folder, h)
	if err != nil {
		return fmt.Errorf("keep a journal of run %s: %w", h.Run, err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
	}()
	if err := copyTo(f, file(folder, h.Run), r); err != nil {
		return fmt.Errorf("keep a journal of run %s: %w", h.Run, err)
	}
	return nil
}

// copyTo writes what r tells to f until the run has ended. When that fails it removes the file, whose path is not
// the name that it was opened with.
func copyTo(f *os.File, path string, r *event.Reader) error {
	w := writer{}
	for {
		events, err := r.Next(context.Background())
		if err != nil || len(events) == 0 {
			return err
		}
		if err := w.write(f, events); err != nil {
			_ = os.Remove(path) // a journal with a hole would tell a run that never was
			return err
		}
	}
}

// create makes the file with its header, locked from the first moment that it can be found.
func create(folder string, h Header) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return nil, err
	}
	prune(folder)
	f, err := os.CreateTemp(folder, ".run-*")
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(h)
	if err == nil {
		err = lock(f)
	}
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err == nil {
		err = os.Rename(f.Name(), file(folder, h.Run))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

func file(folder, run string) string { return filepath.Join(folder, filepath.Base(run)+suffix) }

// prune removes the oldest journals, to make room for one more. Those of runs that go on stay.
func prune(folder string) {
	files := list(folder)
	for _, old := range files[min(len(files), kept-1):] {
		if !held(old) {
			_ = os.Remove(old) // the next run tries again
		}
	}
}

// list is the journals of a folder, the newest first.
func list(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), suffix) && info.Mode().IsRegular() {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	var paths []string
	for _, info := range infos {
		paths = append(paths, filepath.Join(folder, info.Name()))
	}
	return paths
}

// writer turns events into lines.
type writer struct {
	silenced map[string]bool // streams of which it was said that their lines are left out
	buf      bytes.Buffer
}

// unwritten are the streams whose lines are not kept, and whose lines those are.
var unwritten = map[string]string{"app": "the app's own log lines are", "build": "what the build writes is"}

// write writes all events at once, without what the app and its build said.
func (w *writer) write(f *os.File, events []event.Event) error {
	w.buf.Reset()
	for _, e := range events {
		if whose, left := unwritten[e.Stream]; left && e.Type == event.NodeLog {
			if w.silenced[e.Stream] {
				continue
			}
			if w.silenced == nil {
				w.silenced = map[string]bool{}
			}
			w.silenced[e.Stream] = true
			e.Stream, e.Text = "berth", whose+" not saved to files; see it where the run was started"
		}
		e.Error = unquoted(e.Error)
		line, err := event.Encode(e)
		if err != nil {
			continue // a line that cannot be written is left out
		}
		w.buf.Write(line)
		w.buf.WriteByte('\n')
	}
	_, err := f.Write(w.buf.Bytes())
	return err
}

// unquoted is a failure without the lines of evidence that quote the app.
func unquoted(f *fail.Error) *fail.Error {
	if f == nil || !strings.Contains("\n"+f.Evidence, "\n"+fail.Quote) {
		return f
	}
	var lines []string
	for line := range strings.SplitSeq(f.Evidence, "\n") {
		if !strings.HasPrefix(line, fail.Quote) {
			lines = append(lines, line)
		}
	}
	c := *f
	c.Evidence = strings.Join(append(lines, "its output is only shown where the run was started"), "\n")
	return &c
}
