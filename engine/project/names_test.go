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
		if l.ID == "" || len(l.Sources) == 0 {
			t.Errorf("a language without name or sources: %+v", l)
		}
		for _, r := range l.Required {
			for _, p := range []pattern{r.re, r.with, r.before, r.unless, r.arg, r.in} {
				if p != nil {
					p()
				}
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
			f, err := Inspect(t.Context(), dir)
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
