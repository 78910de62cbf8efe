package project

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"berth/engine/spec"
)

// TestAppsWithoutHTTP reads apps that answer no requests, and some that only look like it.
func TestAppsWithoutHTTP(t *testing.T) {
	a, err := txtar.ParseFile("testdata/parts/nohttp.txtar")
	must(t, err)
	for _, tree := range trees(a) {
		want := strings.TrimSpace(string(tree.files[len(tree.files)-1].Data))
		tree.files = tree.files[:len(tree.files)-1]
		f, err := inspectDir(t.Context(), tree.write(t))
		must(t, err)
		if got := fmt.Sprintf("%v %s", f.Suggests["service.port"], f.Origins()["service.port"].Place()); got != want {
			t.Errorf("%s: the port is %s, want %s", tree.name, got, want)
		}
		told := slices.ContainsFunc(f.Findings, func(x Finding) bool { return x.ID == "no-http" })
		if told != f.NoHTTP() || told != strings.HasPrefix(want, "0 ") {
			t.Errorf("%s: it is told %v, and said %v, that it answers no HTTP", tree.name, told, f.NoHTTP())
		}
		if len(f.Musts()) > 0 {
			t.Errorf("%s: it must %v", tree.name, f.Musts())
		}
	}
}

// TestPortThatIsLeftOut reads an app that listens, and whose berth.toml says that it answers no requests.
func TestPortThatIsLeftOut(t *testing.T) {
	dir := corpusTree{files: []txtar.File{{Name: "Dockerfile", Data: []byte("FROM scratch\nEXPOSE 4000\nCMD [\"/server\"]\n")}}}.write(t)
	for toml, want := range map[string]bool{"[service]\nport = 0\n": true, "[service]\nport = 4000\n": false, "": false} {
		s, err := spec.Parse([]byte(toml), "")
		must(t, err)
		s.Dir = dir
		f, err := Inspect(t.Context(), s)
		must(t, err)
		if got := slices.ContainsFunc(f.Findings, func(x Finding) bool { return x.ID == "port-left-out" && x.At() == "Dockerfile:2" }); got != want {
			t.Errorf("%q: it is told %v that the port is left out", toml, got)
		}
	}
}
