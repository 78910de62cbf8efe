package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/klauspost/compress/zstd"
)

// layerOf is a layer with one file, as plain tar.
func layerOf(t testing.TB, file string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(t, w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(size), Typeflag: tar.TypeReg}))
	_, err := w.Write(bytes.Repeat([]byte("x"), size))
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

type member struct {
	name, link string
	kind       byte
	data       []byte
}

func archiveOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if m.kind == 0 {
			m.kind = tar.TypeReg
		}
		must(t, w.WriteHeader(&tar.Header{Name: m.name, Linkname: m.link, Typeflag: m.kind, Size: int64(len(m.data)), Mode: 0o644}))
		_, err := w.Write(m.data)
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func configOf(t testing.TB, layers ...[]byte) []byte {
	t.Helper()
	cfg := v1.ConfigFile{OS: "linux", Architecture: "amd64", RootFS: v1.RootFS{Type: "layers"}}
	for _, l := range layers {
		h, _, err := v1.SHA256(bytes.NewReader(l))
		must(t, err)
		cfg.RootFS.DiffIDs = append(cfg.RootFS.DiffIDs, h)
	}
	b, err := json.Marshal(cfg)
	must(t, err)
	return b
}

func manifestOf(config string, layers ...string) []byte {
	b, err := json.Marshal([]map[string]any{{"Config": config, "RepoTags": []string{"x:1"}, "Layers": layers}})
	if err != nil {
		panic(err)
	}
	return b
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func TestReadArchive(t *testing.T) {
	one, two := layerOf(t, "one", 3000), layerOf(t, "{two", 10)
	zw, err := zstd.NewWriter(nil)
	must(t, err)
	tests := map[string][]byte{
		"old layout": archiveOf(t,
			member{name: "a/", kind: tar.TypeDir}, member{name: "a/VERSION", data: []byte("1.0")}, member{name: "a/json", data: []byte("{}")},
			member{name: "a/layer.tar", data: one}, member{name: "b/layer.tar", data: two},
			member{name: "c/layer.tar", kind: tar.TypeSymlink, link: "../a/layer.tar"},
			member{name: "cfg.json", data: configOf(t, one, two, one)}, member{name: "manifest.json", data: manifestOf("cfg.json", "a/layer.tar", "b/layer.tar", "c/layer.tar")}),
		"OCI layout, some compressed": archiveOf(t,
			member{name: "manifest.json", data: manifestOf("blobs/sha256/cc", "blobs/sha256/aa", "blobs/sha256/bb", "blobs/sha256/aa")},
			member{name: "blobs/sha256/cc", data: configOf(t, one, two, one)},
			member{name: "blobs/sha256/aa", data: gzipped(t, one)}, member{name: "blobs/sha256/bb", data: zw.EncodeAll(two, nil)},
			member{name: "index.json", data: []byte("{}")}, member{name: "oci-layout", data: []byte("{}")}),
	}
	for name, raw := range tests {
		t.Run(name, func(t *testing.T) {
			var s steps
			img, err := readArchive(t.Context(), bytes.NewReader(raw), t.TempDir(), int64(len(raw)), s.reporter())
			must(t, err)
			must(t, validate.Image(img))
			layers, err := img.Layers()
			must(t, err)
			for i, want := range [][]byte{one, two, one} {
				rc, err := layers[i].Uncompressed()
				must(t, err)
				got, err := io.ReadAll(rc)
				must(t, err)
				must(t, rc.Close())
				if !bytes.Equal(got, want) {
					t.Errorf("layer %d has %d bytes, want %d", i, len(got), len(want))
				}
			}
		})
	}
	// What go-containerregistry writes like Docker does is read back as the same image.
	img, err := random.Image(5000, 2)
	must(t, err)
	var b bytes.Buffer
	tag, err := name.NewTag("x:1")
	must(t, err)
	must(t, tarball.Write(tag, img, &b))
	back, err := readArchive(t.Context(), &b, t.TempDir(), 0, Reporter{})
	must(t, err)
	want, _ := img.ConfigName()
	got, err := back.ConfigName()
	if err != nil || got != want {
		t.Errorf("configuration %s, want %s: %v", got, want, err)
	}
	must(t, validate.Image(back))
}

func TestReadBrokenArchive(t *testing.T) {
	one, two := layerOf(t, "one", 3000), layerOf(t, "two", 10)
	good := []member{{name: "l", data: one}, {name: "c", data: configOf(t, one)}, {name: "manifest.json", data: manifestOf("c", "l")}}
	for want, raw := range map[string][]byte{
		"manifest.json":                 archiveOf(t),
		"does not name one image":       archiveOf(t, member{name: "manifest.json", data: []byte("[]")}),
		"configuration":                 archiveOf(t, member{name: "manifest.json", data: manifestOf("none", "l")}),
		"has no layer l":                archiveOf(t, good[1:]...),
		"layers, the archive":           archiveOf(t, good[0], good[1], member{name: "manifest.json", data: manifestOf("c", "l", "l")}),
		"is not what the configuration": archiveOf(t, member{name: "l", data: two}, good[1], good[2]),
		"unexpected EOF":                archiveOf(t, good...)[:2000],
		"loop":                          archiveOf(t, member{name: "l", kind: tar.TypeSymlink, link: "m"}, member{name: "m", kind: tar.TypeSymlink, link: "l"}, good[1], good[2]),
	} {
		_, err := readArchive(t.Context(), bytes.NewReader(raw), t.TempDir(), 0, Reporter{})
		if want == "loop" {
			want = "has no layer l"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readArchive(ctx, bytes.NewReader(archiveOf(t, good...)), t.TempDir(), 0, Reporter{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkReadArchive(b *testing.B) {
	layer := layerOf(b, "big", 32<<20)
	raw := archiveOf(b, member{name: "l", data: layer}, member{name: "c", data: configOf(b, layer)}, member{name: "manifest.json", data: manifestOf("c", "l")})
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := readArchive(b.Context(), bytes.NewReader(raw), b.TempDir(), 0, Reporter{}); err != nil {
			b.Fatal(err)
		}
	}
}
