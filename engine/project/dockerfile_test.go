package project

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"berth/engine/fail"
)

func TestReadDockerfile(t *testing.T) {
	d, err := ReadDockerfile("Dockerfile", strings.NewReader(`# escape=`+"`"+`
ARG TAG=1
FROM alpine:${TAG} AS Base
ARG PORTS="80 443/tcp"
ENV A=1 B="two words" C=$A
EXPOSE $PORTS 8000-8010
USER app
CMD ["base"]
VOLUME /one /two/${A}
ONBUILD EXPOSE 99
FROM base AS other
EXPOSE 5
FROM base
ENTRYPOINT ["/run"]
HEALTHCHECK NONE
`), map[string]string{"TAG": "2"})
	if err != nil {
		t.Fatal(err)
	}
	want := &Dockerfile{
		Name: "Dockerfile", Stages: 3, Names: []string{"Base", "other"}, From: Line{"FROM base", 13}, Base: "alpine:2",
		Env: map[string]Line{"A": {"1", 5}, "B": {"two words", 5}, "C": {"", 5}},
		Ports: []Port{
			{From: 80, To: 80, Protocol: "tcp", Line: 6},
			{From: 443, To: 443, Protocol: "tcp", Line: 6},
			{From: 8000, To: 8010, Protocol: "tcp", Line: 6},
		},
		Entry: &Command{Words: []string{"/run"}, Line: 14}, User: Line{"app", 7},
		Volumes: []Line{{"/one", 9}, {"/two/1", 9}}, WorkDir: "/", Build: Build{Bases: []Line{{"alpine:2", 13}, {"alpine:2", 3}}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

func TestReadBrokenDockerfile(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "Dockerfile: it is empty",
		"# nothing\n":                      "Dockerfile: it is empty",
		"ARG X=1\n":                        "Dockerfile: it has no FROM",
		"FORM scratch\nEXPOSE 80\n":        "Dockerfile:1: there is no instruction FORM",
		"FROM scratch\nEXPSE 80\n":         "Dockerfile:2: there is no instruction EXPSE",
		"RUN x\nFROM y\n":                  "Dockerfile:1: RUN stands before the first FROM",
		"FROM\n":                           "Dockerfile:1: FROM needs an image, and may name its stage: FROM image AS name",
		"FROM a b\n":                       "Dockerfile:1: FROM needs an image, and may name its stage: FROM image AS name",
		"FROM $NOTHING\n":                  "Dockerfile:1: FROM $NOTHING has no value",
		"FROM a\n\nEXPOSE http\n":          "Dockerfile:3: EXPOSE http is not a port",
		"FROM a\nEXPOSE 70000\n":           "Dockerfile:2: EXPOSE 70000 is not a port",
		"FROM a\nEXPOSE 90-80\n":           "Dockerfile:2: EXPOSE 90-80 is not a port",
		"FROM a\nEXPOSE 80/http\n":         "Dockerfile:2: EXPOSE 80/http is not a port",
		"FROM a\nEXPOSE\n":                 "Dockerfile:2: EXPOSE names no port",
		"FROM a\nENV X\n":                  "Dockerfile:2: ENV must have two arguments",
		"FROM a\nUSER ${X\n":               "Dockerfile:2: ",
		"FROM a\nRUN <<EOF\nx\n":           "Dockerfile:2: unterminated heredoc",
		"<?xml version=\"1.0\"?>\n<x></x>": "Dockerfile:1: there is no instruction <?xml",
		"FROM a\nENV " + strings.Repeat("x", 1<<17): "Dockerfile",
	} {
		_, err := ReadDockerfile("Dockerfile", strings.NewReader(text), nil)
		e := fail.From(err)
		if err == nil || e.Class != fail.Usage || !strings.HasPrefix(e.Cause, want) || e.Remedy == "" || strings.Contains(e.Cause, "\n") {
			t.Errorf("%.40q: %q, remedy %q; want %q", text, e.Cause, e.Remedy, want)
		}
	}
	_, err := ReadDockerfile("Dockerfile", strings.NewReader("FORM scratch"), nil)
	if got := fail.From(err).Remedy; got != "did you mean FROM?" {
		t.Errorf("remedy %q", got)
	}
	_, err = ReadDockerfile("Dockerfile", failing{}, nil)
	if err == nil {
		t.Error("a reader that fails")
	}
}

// A few lines whose values double each time must not fill the memory.
func TestReadDockerfileBomb(t *testing.T) {
	text := "FROM a\nENV A=0123456789\n" + strings.Repeat("ENV A=$A$A\n", 60)
	_, err := ReadDockerfile("Dockerfile", strings.NewReader(text), nil)
	if err == nil || !strings.Contains(err.Error(), errTooMuch.Error()) {
		t.Errorf("got %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fs.ErrPermission }
