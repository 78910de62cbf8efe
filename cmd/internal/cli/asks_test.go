package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Questions line by line need a terminal, and nothing of what it can draw. Where nobody is asked, it is said why.
func TestWhoIsAsked(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nEXPOSE 8080\nCMD [\"/app\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		term, ci string
		piped    bool
		args     []string
		asks     bool
		says     string
	}{
		"dumb":                {term: "dumb", says: "TERM=dumb cannot show screens"},
		"dumb and accessible": {term: "dumb", args: []string{"--accessible"}, asks: true},
		"plain":               {term: "xterm", args: []string{"--plain"}, says: "berth --accessible asks the same line by line"},
		"plain, accessible":   {term: "xterm", args: []string{"--accessible", "--plain"}, asks: true},
		"CI":                  {term: "xterm", ci: "1", args: []string{"--accessible"}, says: "CI is set"},
		"JSON":                {term: "xterm", args: []string{"--json"}, says: "--json asks nothing"},
		"quiet":               {term: "xterm", args: []string{"--quiet"}, says: "--quiet asks nothing"},
		"a pipe":              {term: "xterm", piped: true, args: []string{"--accessible"}, says: "there is no terminal"},
		"destroy of a pipe":   {term: "xterm", piped: true, args: []string{"destroy"}, says: "--destroy, then add --yes"},
		"destroy on a dumb":   {term: "dumb", args: []string{"destroy"}, says: "TERM=dumb"},
		"rollback of a pipe":  {term: "xterm", piped: true, args: []string{"rollback"}, says: "--rollback previous, then add --yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", c.term)
			t.Setenv("CI", c.ci)
			t.Setenv("ACCESSIBLE", "")
			var out bytes.Buffer
			args := append(c.args, "-C", dir, "--simulate", "--sim-state", filepath.Join(t.TempDir(), "account"), "--region", "eu-west-2")
			code := Main(t.Context(), Process{In: strings.NewReader("quit\n"), Out: &out, Err: &out, Terminal: !c.piped}, args)
			asked := strings.Contains(out.String(), "Enter accepts, back goes")
			if asked != c.asks || !strings.Contains(out.String(), c.says) || !c.asks && code != 2 {
				t.Errorf("exit code %d, asked %v:\n%s", code, asked, out.String())
			}
			if !c.piped && strings.Contains(out.String(), "no terminal") {
				t.Errorf("there is a terminal:\n%s", out.String())
			}
		})
	}
}
