package commit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, file string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOf(t *testing.T) {
	dir := t.TempDir()
	app := filepath.Join(dir, "apps", "web")
	write(t, filepath.Join(app, "server"))
	is := func(what, want string) {
		t.Helper()
		if got := Of(t.Context(), app); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	is("no repository", "")
	git(t, dir, "init", "-q")
	is("nothing was committed", "")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "first")
	hash := git(t, dir, "rev-parse", "HEAD")[:7]
	is("as committed", hash)
	write(t, filepath.Join(dir, "apps", "other", "server"))
	is("a change beside the app", hash)
	write(t, filepath.Join(app, "new"))
	is("a file that is not in it", hash+"+")
	git(t, dir, "add", ".")
	is("a change that is not committed", hash+"+")
	t.Setenv("GIT_DIR", filepath.Join(dir, "elsewhere")) // as a hook of git has it
	is("from a hook", hash+"+")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got := Of(ctx, app); got != "" {
		t.Errorf("nobody waits: %q", got)
	}
	t.Setenv("PATH", t.TempDir())
	is("no git", "")
}

func TestParse(t *testing.T) {
	for _, c := range [][2]string{
		{"# branch.oid 0123456789abcdef\n# branch.head main\n", "0123456"},
		{"# branch.oid 0123456789abcdef\n# branch.head main\n? new\n", "0123456+"},
		{"# branch.oid (initial)\n# branch.head main\n? new\n", ""},
		{"", ""},
	} {
		if got := parse(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
	var h head
	for range 100 {
		if n, err := h.Write([]byte(strings.Repeat("? file\n", 100))); n != 700 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(h.b) != enough {
		t.Errorf("%d bytes are kept", len(h.b))
	}
}
