package project

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestLanguagesAreWhole compiles every pattern.
func TestLanguagesAreWhole(t *testing.T) {
	for _, l := range spoken() {
		if l.ID == "" || len(l.Sources) == 0 && l.ID != "any" {
			t.Errorf("%q has no name or no sources", l.ID)
		}
		var all []pattern
		for _, r := range l.Required {
			all = append(all, r.re, r.with, r.before, r.unless, r.arg, r.in)
		}
		for _, s := range l.Servers {
			all = append(all, s.start, s.portFlag, s.host, s.hostMark, s.argument)
			if s.ID == "" || s.start == nil || s.Loopback && s.Set == "" {
				t.Errorf("%s: server %q is not whole", l.ID, s.ID)
			}
		}
		for _, p := range l.Ports {
			all = append(all, p.re)
		}
		for _, r := range l.Routes {
			all = append(all, r.re, r.file)
		}
		for _, m := range l.Migrations {
			all = append(all, m.re, m.done)
			if m.Command == "" || len(m.Files) == 0 {
				t.Errorf("%s: a migration is not whole: %+v", l.ID, m)
			}
		}
		for _, s := range l.Stacks {
			all = append(all, s.re)
		}
		for _, b := range l.Bases {
			all = append(all, b.re)
		}
		for _, p := range all {
			if p != nil {
				p()
			}
		}
	}
}

// TestNames reads files that read variables: the first line of each, "needs: NAME ...", names those without
// which the app does not start.
func TestNames(t *testing.T) {
	a, err := txtar.ParseFile("testdata/parts/names.txtar")
	must(t, err)
	for _, file := range a.Files {
		t.Run(file.Name, func(t *testing.T) {
			head, body, _ := strings.Cut(string(file.Data), "\n")
			_, list, _ := strings.Cut(head, "needs:")
			want := strings.Fields(strings.TrimSuffix(strings.TrimSuffix(list, "-->"), "*/"))
			dir, _ := unpack(t, &txtar.Archive{Files: []txtar.File{
				{Name: "Dockerfile", Data: []byte("FROM x\nCOPY . .\nCMD [\"a\"]\n")}, {Name: file.Name, Data: []byte(body)},
			}})
			f, err := inspectDir(t.Context(), dir)
			must(t, err)
			got := []string{}
			for _, x := range f.Findings {
				if x.Variable != nil {
					got = append(got, x.Variable.Name)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// zeros is a source of random bytes that are all the same.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestRandomText(t *testing.T) {
	text, err := Random{Prefix: "base64:", Length: 3, Alphabet: base64Digits, Suffix: "="}.Text(zeros{})
	if err != nil || text != "base64:AAA=" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := (Random{Length: 3, Alphabet: hexadecimal}).Text(failing{}); err == nil {
		t.Error("a source that fails")
	}
}

// TestRandomForm reads how the form of a secret is said, of those whose program takes no other.
func TestRandomForm(t *testing.T) {
	for _, c := range []struct{ name, stack, says string }{
		{"APP_KEY", "laravel", "which must be 43 random characters of Base64 behind base64:, with = at the end"},
		{"SECRET_KEY_BASE", "rails", "for which any random text of 128 hexadecimal digits will do"},
		{"SESSION_SECRET", "node", "for which any random text of 64 characters will do"},
	} {
		if got := randomFor(c.name, c.stack).form(); got != c.says {
			t.Errorf("%s of %s: %q, want %q", c.name, c.stack, got, c.says)
		}
	}
}
