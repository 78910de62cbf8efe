package commit

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func TestAddress(t *testing.T) {
	for url, want := range map[string][2]string{
		"git@github.com:acme/shop.git":                   {"github.com", "acme/shop"},
		"https://github.com/acme/shop":                   {"github.com", "acme/shop"},
		"https://user:secret@github.com/acme/shop.git":   {"github.com", "acme/shop"},
		"ssh://git@gitlab.example.com:2222/a/b/shop.git": {"gitlab.example.com", "a/b/shop"},
		"/srv/git/shop.git":                              {"", ""},
		"":                                               {"", ""},
	} {
		if host, path := address(url); host != want[0] || path != want[1] {
			t.Errorf("%q is %q and %q, want %q", url, host, path, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q", "-b", "trunk"}, {"remote", "add", "origin", "git@github.com:acme/shop.git"}} {
		if out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := OriginOf(t.Context(), dir), (Origin{Root: root, Host: "github.com", Repository: "acme/shop", Branch: "trunk"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := OriginOf(t.Context(), t.TempDir()); got != (Origin{}) {
		t.Errorf("a folder without git comes from %+v", got)
	}
}
