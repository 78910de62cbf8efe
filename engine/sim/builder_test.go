package sim

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"berth/engine/image"
)

const twoStages = `ARG BASE=debian:12
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN go build -o /out/server .

FROM ${BASE} AS run
ENV PORT=4000
COPY --from=build /out/server /app/server
USER nobody
EXPOSE ${PORT}
ENTRYPOINT ["/app/server"]
CMD ["--listen"]
`

func TestBuilder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for name, text := range map[string]string{"Dockerfile": twoStages, "main.go": "package main"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var log []string
		build := func() (v1.Image, time.Duration) {
			t.Helper()
			log = nil
			start := time.Now()
			made, err := a.Builder().Build(context.Background(), image.Source{Dir: dir, Platform: "linux/arm64"},
				image.Reporter{Log: func(l string) { log = append(log, l) }})
			if err != nil {
				t.Fatal(err)
			}
			return made.(image.InMemory).Content, time.Since(start)
		}
		img, took := build()
		if took < 10*time.Second {
			t.Errorf("a first build took %s", took)
		}
		if want := "[build 4/4] RUN go build -o /out/server ."; !slices.ContainsFunc(log, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("no line %q in %q", want, log)
		}
		layers, _ := img.Layers()
		for _, l := range layers {
			if err := validate.Layer(l); err != nil {
				t.Errorf("not a sound layer: %v", err)
			}
		}
		cfg, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		c := cfg.Config
		_, exposed := c.ExposedPorts["4000/tcp"]
		if cfg.Architecture != "arm64" || !exposed || c.User != "nobody" || !slices.Equal(c.Entrypoint, []string{"/app/server"}) ||
			!slices.Equal(c.Cmd, []string{"--listen"}) || !slices.Contains(c.Env, "PORT=4000") {
			t.Errorf("configuration %s %+v", cfg.Architecture, c)
		}
		digest, _ := img.Digest()

		same, took := build()
		if d, _ := same.Digest(); d != digest || took != 0 {
			t.Errorf("an unchanged build took %s and gave %s, not %s", took, d, digest)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main // edited"), 0o600); err != nil {
			t.Fatal(err)
		}
		edited, _ := build()
		if d, _ := edited.Digest(); d == digest {
			t.Error("an edited file gave the same digest")
		}
		before, _ := img.Layers()
		after, _ := edited.Layers()
		if len(before) != 2 || len(after) != 2 {
			t.Fatalf("%d and %d layers, want the base and the copy", len(before), len(after))
		}
		b0, _ := before[0].Digest()
		a0, _ := after[0].Digest()
		if b0 != a0 {
			t.Error("the layer of the base image changed with an edited file")
		}
		rc, err := after[1].Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := io.Copy(io.Discard, rc); n < copyLayer {
			t.Errorf("the layer has %d bytes, want incompressible %d", n, copyLayer)
		}
	})
}
