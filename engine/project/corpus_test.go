package project

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"berth/engine/fail"
)

// TestCorpus reads the trees of testdata/corpus, half of which are traps: what is in a comment, in a test, for
// development, of a client or has a default must not be found. It prints precision and recall of each field.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	must(t, err)
	score := map[string]*[3]int{} // right, found but wrong, right but not found
	count := 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		must(t, err)
		for _, tree := range trees(a) {
			count++
			name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + tree.name
			f, err := inspectDir(t.Context(), tree.write(t))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			compareWith(t, name, tree.expect, found(f), score)
			said := strings.ToLower(fmt.Sprint(f.Findings, f.Suggests))
			for word := range strings.FieldsSeq(tree.expect["mentions"]) {
				if !strings.Contains(said, strings.ToLower(word)) {
					t.Errorf("%s: no word on %s", name, word)
				}
			}
			for word := range strings.FieldsSeq(tree.expect["silent"]) {
				if strings.Contains(said, strings.ToLower(word)) {
					t.Errorf("%s: says %s", name, word)
				}
			}
			for key := range strings.FieldsSeq(tree.expect["suggests"]) {
				if _, ok := f.Suggests[key]; !ok {
					t.Errorf("%s: %s is not suggested: %v", name, key, f.Suggests)
				}
			}
		}
	}
	if count < 400 {
		t.Errorf("only %d trees", count)
	}
	if s := score["stack"]; s == nil || s[0] < count/2 {
		t.Errorf("the fields of few trees were compared: stack %v of %d trees", s, count)
	}
	t.Logf("%d trees", count)
	for _, field := range slices.Sorted(maps.Keys(score)) {
		s := score[field]
		precision, recall := ratio(s[0], s[1]), ratio(s[0], s[2])
		t.Logf("%-18s precision %.2f, recall %.2f (%d)", field, precision, recall, s[0]+s[2])
		if precision < 1 || recall < 1 {
			t.Errorf("%s is below 1.00", field)
		}
	}
}

func ratio(right, wrong int) float64 {
	if right+wrong == 0 {
		return 1
	}
	return float64(right) / float64(right+wrong)
}

// corpusFields are the fields that are compared: all that a tree should say of them stands in its file "expect".
var corpusFields = []string{"stack", "port", "needs", "clustering", "health", "release", "storage", "names", "musts", "processes"}

func compareWith(t *testing.T, name string, want, got map[string]string, score map[string]*[3]int) {
	fields := corpusFields
	if only := strings.Fields(want["only"]); len(only) > 0 {
		fields = only
	}
	for _, field := range fields {
		values := func(text string) []string {
			if field == "release" {
				return slices.DeleteFunc([]string{text}, func(s string) bool { return s == "" })
			}
			return strings.Fields(text)
		}
		w, g := values(want[field]), values(got[field])
		if field == "stack" && len(g) == 1 && slices.Contains(w, g[0]) {
			w = g // any of several words for it
		}
		all := append(slices.Clone(w), g...)
		slices.Sort(all)
		for _, v := range slices.Compact(all) {
			key := field
			if field == "needs" {
				key = "needs " + v
			}
			if score[key] == nil {
				score[key] = &[3]int{}
			}
			switch inW, inG := slices.Contains(w, v), slices.Contains(g, v); {
			case inW && inG:
				score[key][0]++
			case inG:
				score[key][1]++
				t.Errorf("%s: %s %s is wrong, want %q", name, field, v, w)
			default:
				score[key][2]++
				t.Errorf("%s: %s %s is missing, got %q", name, field, v, g)
			}
		}
	}
}

// found is what was found, in the form of the files "expect".
func found(f *Findings) map[string]string {
	out := map[string]string{"stack": f.Stack}
	if f.Port > 0 {
		out["port"] = fmt.Sprint(f.Port)
	}
	b, _ := json.Marshal(f.Needs)
	var needs map[string]bool
	if json.Unmarshal(b, &needs) == nil {
		for _, n := range slices.Sorted(maps.Keys(needs)) {
			if needs[n] {
				out["needs"] += " " + n
			}
		}
	}
	text := func(key string) string {
		s, _ := f.Suggests[key].(string)
		return s
	}
	out["clustering"], out["health"], out["release"] = text("network.clustering"), text("service.health_path"), text("service.release_command")
	if list, ok := f.Suggests["storage"].([]string); ok {
		out["storage"] = strings.Join(list, " ")
	}
	for _, key := range sortedNames(f.Suggests) {
		if process, ok := strings.CutSuffix(strings.TrimPrefix(key, "processes."), ".command"); ok && strings.HasPrefix(key, "processes.") {
			out["processes"] += " " + process
		}
	}
	for _, x := range f.Findings {
		switch {
		case x.Variable != nil && x.Severity == Must:
			out["names"] += " " + x.Variable.Name
		case x.Severity == Must && !slices.Contains(strings.Fields(out["musts"]), x.ID):
			out["musts"] += " " + x.ID
		}
	}
	return out
}

// corpusTree is one source tree.
type corpusTree struct {
	name   string
	files  []txtar.File
	expect map[string]string
}

// trees are the folders of an archive.
func trees(a *txtar.Archive) []corpusTree {
	var out []corpusTree
	for _, f := range a.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, corpusTree{name: name, expect: map[string]string{}})
		}
		tree := &out[len(out)-1]
		if file != "expect" {
			tree.files = append(tree.files, txtar.File{Name: file, Data: f.Data})
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			tree.expect[key] = value
		}
	}
	return out
}

func (tree corpusTree) write(t *testing.T) string {
	t.Helper()
	dir, _ := unpack(t, &txtar.Archive{Files: tree.files})
	return dir
}

// TestCases reads small trees that were told wrongly once, from testdata/cases.json: what must be found, and what
// must not, as the field "expect" of each says.
func TestCases(t *testing.T) {
	b, err := os.ReadFile("testdata/cases.json")
	must(t, err)
	var cases []struct {
		Name   string
		Files  map[string]string
		Expect struct {
			Port           *int
			Stack          []string
			Needs          []string
			NotNeeds       []string `json:"not_needs"`
			Suggests       map[string]any
			SuggestsKeys   []string `json:"suggests_keys"`
			SuggestsAbsent []string `json:"suggests_absent"`
			Storage        []string
			Secrets        []string
			Mentions       []string
			Silent         []string
			ErrorNames     []string `json:"error_names"`
			ErrorFirst     string   `json:"error_first"`
		}
	}
	must(t, json.Unmarshal(b, &cases))
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			a := &txtar.Archive{}
			for name, text := range c.Files {
				a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
			}
			dir, _ := unpack(t, a)
			f, err := inspectDir(t.Context(), dir)
			x := c.Expect
			words, all := "", ""
			for _, w := range f.Findings {
				words += " | " + w.Text + " : " + w.Means
			}
			suggests, _ := json.Marshal(f.Suggests)
			words = strings.ToLower(words)
			all = words + strings.ToLower(string(suggests))
			if x.Port != nil && f.Port != *x.Port {
				t.Errorf("port %d, want %d", f.Port, *x.Port)
			}
			if x.Stack != nil && !slices.ContainsFunc(x.Stack, func(s string) bool { return strings.Contains(f.Stack, s) }) {
				t.Errorf("stack %s, want %s", f.Stack, x.Stack)
			}
			for _, n := range x.Needs {
				if !*f.Needs.by(n) {
					t.Errorf("no need of %s", n)
				}
			}
			for _, n := range x.NotNeeds {
				if *f.Needs.by(n) {
					t.Errorf("needs %s", n)
				}
			}
			for key, want := range x.Suggests {
				if got := f.Suggests[key]; fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("suggests %s = %v, want %v", key, got, want)
				}
			}
			for _, key := range x.SuggestsKeys {
				if _, ok := f.Suggests[key]; !ok {
					t.Errorf("does not suggest %s", key)
				}
			}
			for _, key := range x.SuggestsAbsent {
				if _, ok := f.Suggests[key]; ok {
					t.Errorf("suggests %s", key)
				}
			}
			for _, w := range slices.Concat(x.Secrets, x.Mentions, x.Storage) {
				if !strings.Contains(all, strings.ToLower(w)) {
					t.Errorf("no word on %s", w)
				}
			}
			for _, w := range x.Silent {
				if strings.Contains(words, strings.ToLower(w)) {
					t.Errorf("says %s", w)
				}
			}
			said := fmt.Sprint(err) + string(suggests)
			if err != nil {
				said += remedy(err)
			}
			for _, w := range x.ErrorNames {
				if !strings.Contains(said, w) {
					t.Errorf("the error does not name %s: %s", w, said)
				}
			}
		})
	}
}

func remedy(err error) string { return fail.From(err).Remedy }
