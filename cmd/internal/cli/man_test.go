package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/spec"

	"github.com/spf13/pflag"
)

// TestManPagesHaveEverything looks for each verb, argument, flag and example of the tree on its page.
func TestManPagesHaveEverything(t *testing.T) {
	root := (&app{}).root()
	m := manual{root: root, date: "2026-01-02"}
	if n := len(m.verbs()); n < 15 {
		t.Fatalf("only %d pages", n)
	}
	first := m.page(root)
	for _, c := range m.verbs() {
		page := m.page(c)
		wants := []string{".SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n", ".SH SEE ALSO\n", "2026-01-02", bold(c.CommandPath())}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" {
				wants = append(wants, bold("--"+f.Name))
			}
		})
		for _, word := range strings.Fields(c.Use)[1:] {
			if c != root {
				wants = append(wants, italic(word))
			}
		}
		if c.Example != "" {
			wants = append(wants, ".SH EXAMPLES\n", roff(strings.TrimSpace(strings.Split(c.Example, "\n")[0])))
		}
		if p := c.Parent(); p != nil && !strings.Contains(m.page(p), bold(pageName(c))+"(1)") {
			t.Errorf("the page of %s does not name %s", p.CommandPath(), c.CommandPath())
		}
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %s has no %q:\n%s", c.CommandPath(), want, page)
			}
		}
		for line := range strings.Lines(page) {
			if macro, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(line, ".") &&
				!strings.Contains(" .TH .SH .TP .PP .nf .fi .nh .ad .br .B ", " "+macro+" ") || strings.HasPrefix(line, "'") {
				t.Errorf("the page of %s takes text for markup: %q", c.CommandPath(), line)
			}
		}
	}
	for _, k := range spec.Keys() {
		if _, leaf := tomlPlace(k); !strings.Contains(m.tomlPage(), running(strings.ToUpper(k.Doc[:1])+k.Doc[1:]+".")) && !strings.Contains(m.tomlPage(), bold(leaf)) {
			t.Errorf("berth.toml(5) has no %s", k.Name)
		}
	}
	for _, want := range []string{".SH EXIT STATUS\n", ".SH ENVIRONMENT\n", ".SH FILES\n", bold("130"), bold("berth.toml"), bold("NO_COLOR")} {
		if !strings.Contains(first, want) {
			t.Errorf("berth(1) has no %q", want)
		}
	}
}

// TestManDate writes the pages twice, on a date that is given.
func TestManDate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	var pages [2]string
	for i := range pages {
		dir := filepath.Join(t.TempDir(), "man")
		var out, errs bytes.Buffer
		if code := Main(t.Context(), Process{Out: &out, Err: &errs}, []string{"man", dir}); code != 0 {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		for name := range strings.FieldsSeq(out.String()) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			pages[i] += string(text)
		}
	}
	if pages[0] != pages[1] || !strings.Contains(pages[0], `"1970-01-02"`) {
		t.Error("the pages differ, or have another date")
	}
	if _, err := manDate("today"); err == nil {
		t.Error("a date that is none")
	}
	if date, err := manDate(""); err != nil || len(date) != len("2006-01-02") {
		t.Errorf("date %q: %v", date, err)
	}
}
