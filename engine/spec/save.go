package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"berth/engine/fail"
)

// Save writes s to berth.toml in s.Dir and says whether the file changed.
//
// A new file gets every value that s has, with defaults and what was detected, so that the app stays as it
// was confirmed when those change. In a file that exists only the answers of the user are changed or added
// and what was Unset is removed; all other lines, comments and their order stay as they are. A flag is for
// one command: it never changes a file, and an image given by flag is not written into a new one, either.
//
// The write is atomic: the file is the old or the new one, whatever happens.
func (s *Spec) Save() (changed bool, err error) {
	file := filepath.Join(s.Dir, FileName)
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	old, err := os.ReadFile(file)
	old = bytes.TrimPrefix(old, []byte(byteOrderMark))
	mode := fs.FileMode(0o644)
	var text []byte
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = s.tidy()
		if _, err := Parse(text, s.EnvName); err != nil {
			return false, fmt.Errorf("write %s: %w", FileName, err)
		}
	case err != nil:
		return false, &fail.Error{Class: fail.Usage, Cause: "berth.toml cannot be read", Evidence: err.Error(), Err: err}
	default:
		if info, err := os.Stat(file); err == nil {
			mode = info.Mode().Perm()
		}
		if text, err = s.update(old); err != nil {
			return false, err
		}
		if bytes.Equal(text, old) {
			return false, nil
		}
	}
	if err := writeFile(file, text, mode); err != nil {
		return false, &fail.Error{
			Class: fail.Refused, Cause: "berth.toml cannot be written", Evidence: err.Error(),
			Remedy: "make the folder writable", Err: err,
		}
	}
	return true, nil
}

// writeFile replaces a file by way of a new one beside it.
func writeFile(name string, text []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+FileName+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// update returns old with what s wants otherwise. What is said for an environment other than the default one is
// written into its own table, because the rest of the file is for all of them.
func (s *Spec) update(old []byte) ([]byte, error) {
	before, err := Parse(old, s.EnvName)
	if err != nil {
		return nil, err
	}
	text := old
	want := before.Clone()
	for _, k := range allKeys(s, before) {
		switch {
		case k.Name == "id" && s.ID == "": // it may have got one since it was read, and nothing but an editor takes it away
		case k.Kind == Table:
			text, err = s.updateTable(text, k, before, want)
		case k.Name == "storage":
			text, err = s.updateStorage(text, before, want)
		default:
			text, err = s.updateValue(text, k, before, want)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, t := range optional(before) {
		if t.has(before) && !t.has(s) {
			t.drop(want)
			if text, err = s.drop(text, t.table, (*document).removeTable); err != nil {
				return nil, err
			}
		}
	}
	return text, verify(text, want)
}

// KeepID writes the identity that an app got into the berth.toml in dir: for one environment alone where it is not the
// default one. A file that does not say the app's name, or is not there, says it from now on.
func KeepID(dir, env, app, id string) error {
	file := filepath.Join(dir, FileName)
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	text, err := os.ReadFile(file)
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	mode := fs.FileMode(0o644)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = []byte("# How this app runs on AWS. berth reads this file and keeps your changes and comments.\n")
	case err != nil:
		return &fail.Error{Class: fail.Refused, Cause: "berth.toml cannot be read", Evidence: err.Error(), Err: err}
	default:
		if info, err := os.Stat(file); err == nil {
			mode = info.Mode().Perm()
		}
	}
	said, err := Parse(text, env)
	if err != nil {
		return err
	}
	if said.App == "" {
		if text, err = edit(text, func(d *document) []byte { return d.set("", "app", literal(app)) }); err != nil {
			return err
		}
		said.App = app
	}
	text, err = edit(text, func(d *document) []byte {
		table, leaf := Key{Name: said.place(d, "id")}.table()
		return d.set(table, leaf, literal(id))
	})
	if err != nil {
		return err
	}
	said.ID = id
	if err := verify(text, said); err != nil {
		return err
	}
	if err := writeFile(file, text, mode); err != nil {
		return &fail.Error{
			Class: fail.Refused, Cause: "berth.toml cannot be written, and the app needs its identity kept there", Evidence: err.Error(),
			Remedy: "make the folder writable, or give an identity with --id, the same one each time", Err: err,
		}
	}
	return nil
}

// allKeys are the keys that one of two specs can have a value for.
func allKeys(a, b *Spec) []Key {
	all := a.Keys()
	for _, k := range b.Keys() {
		if !slices.ContainsFunc(all, func(x Key) bool { return x.Name == k.Name }) {
			all = append(all, k)
		}
	}
	return all
}

// place is the name under which a value that s has is written: in the table of its environment when that is not
// the default one, or has the key already.
func (s *Spec) place(d *document, name string) string {
	own := nameIn(s.EnvName, name)
	if s.EnvName != DefaultEnv || d.find(own) != nil {
		return own
	}
	return name
}

// drop removes a key or table. For an environment alone that cannot be said of what the file says for all.
func (s *Spec) drop(text []byte, name string, remove func(d *document, name string) []byte) ([]byte, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("edit berth.toml: %w", err)
	}
	own := nameIn(s.EnvName, name)
	if s.EnvName != DefaultEnv && d.says(name) || d.says(own) && d.says(name) {
		return nil, &fail.Error{
			Class: fail.Usage, Cause: fmt.Sprintf("%s says %s for all environments, so it cannot be left out in %s alone", FileName, name, s.EnvName),
			Remedy: "give it another value, or move it into [" + nameIn(DefaultEnv, "") + "] with an editor",
		}
	}
	if d.says(own) {
		name = own
	}
	return remove(d, name), nil
}

// says says whether the document has the key or anything in the table.
func (d *document) says(name string) bool {
	return slices.ContainsFunc(d.entries, func(e entry) bool { return e.name == name || parentOf(e.name) == name })
}

// verify makes sure that an edited text says what it should, because a file is never made worse.
func verify(text []byte, want *Spec) error {
	got, err := Parse(text, want.EnvName)
	if err == nil && !sameValues(got, want) {
		err = errors.New("the edited text says something else")
	}
	if err == nil {
		return nil
	}
	return &fail.Error{
		Class: fail.Usage, Cause: "berth cannot change berth.toml without rewriting it", Evidence: err.Error(),
		Remedy: "change it with an editor, or move it away and let berth write a new one", Err: err,
	}
}

func sameValues(a, b *Spec) bool { return len(Differ(a, b)) == 0 }

// Differ are the names of the keys whose values differ, in the order of a tidy berth.toml. Neither may be nil.
func Differ(a, b *Spec) []string {
	var names []string
	for _, k := range allKeys(a, b) {
		va, oka := a.Get(k.Name)
		vb, okb := b.Get(k.Name)
		same := reflect.DeepEqual(va, vb) || zero(va) && zero(vb)
		if oka != okb || !same {
			names = append(names, k.Name)
		}
	}
	return names
}

// writes says whether the value of a key belongs into a file that exists already.
func (s *Spec) writes(name string) bool {
	o, ok := s.Origins[name]
	return !ok || o.Kind == Answer
}

func (s *Spec) updateValue(text []byte, k Key, before, want *Spec) ([]byte, error) {
	v, _ := s.Get(k.Name)
	was, _ := before.Get(k.Name)
	_, inFile := before.Origins[k.Name]
	switch {
	case !s.writes(k.Name) || reflect.DeepEqual(v, was):
		return text, nil
	case !s.Said(k.Name) && inFile:
		want.Unset(k.Name)
		return s.drop(text, k.Name, (*document).remove)
	case !s.Said(k.Name):
		return text, nil
	}
	if err := assign(k.at(want, true), v); err != nil {
		return nil, fmt.Errorf("save %s: %w", k.Name, err)
	}
	return edit(text, func(d *document) []byte {
		table, leaf := Key{Name: s.place(d, k.Name)}.table()
		return d.set(table, leaf, literal(v))
	})
}

func (s *Spec) updateTable(text []byte, k Key, before, want *Spec) ([]byte, error) {
	now, was := *k.at(s, false).(*map[string]string), *k.at(before, false).(*map[string]string)
	wanted := k.at(want, false).(*map[string]string)
	names := map[string]bool{}
	for n := range now {
		names[n] = true
	}
	for n := range was {
		names[n] = true
	}
	var err error
	for _, n := range slices.Sorted(maps.Keys(names)) {
		v, has := now[n]
		old, had := was[n]
		switch {
		case !s.writes(k.Name+"."+n) || has == had && v == old:
			continue
		case !has:
			delete(*wanted, n)
			text, err = s.drop(text, k.Name+"."+n, (*document).remove)
		default:
			if *wanted == nil {
				*wanted = map[string]string{}
			}
			(*wanted)[n] = v
			text, err = edit(text, func(d *document) []byte { return d.set(parentOf(s.place(d, k.Name+"."+n)), n, literal(v)) })
		}
		if err != nil {
			return nil, err
		}
	}
	return text, nil
}

func (s *Spec) updateStorage(text []byte, before, want *Spec) ([]byte, error) {
	if !s.writes("storage") || slices.Equal(s.Storage, before.Storage) {
		return text, nil
	}
	want.Storage = slices.Clone(s.Storage)
	name := "storage"
	if s.EnvName != DefaultEnv {
		name = nameIn(s.EnvName, name)
	}
	return editStorage(text, name, s.Storage)
}

// edit parses text and applies one change to it.
func edit(text []byte, change func(*document) []byte) ([]byte, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("edit berth.toml: %w", err)
	}
	return change(d), nil
}
