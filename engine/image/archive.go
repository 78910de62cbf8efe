package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxDocument is how large a JSON document in an archive may be, in bytes.
const maxDocument = 8 << 20

// archive is what `docker image save` writes, read once from front to back: JSON documents are kept in
// memory, layers go compressed into files.
type archive struct {
	dir       string
	documents map[string][]byte
	layers    map[string]*blob
	links     map[string]string
}

// blob is one compressed layer in a file.
type blob struct {
	file   string
	digest v1.Hash
	diffID v1.Hash // of the content before compression; empty when it came compressed
	size   int64
}

// readArchive reads the one image in a tar archive as `docker image save` writes it (the old layout with
// a folder a layer, and the OCI one) and keeps its layers in dir. Size is how large the layers are about,
// for the progress; 0 when that is not known.
func readArchive(ctx context.Context, r io.Reader, dir string, size int64, report Reporter) (v1.Image, error) {
	a := &archive{dir: dir, documents: map[string][]byte{}, layers: map[string]*blob{}, links: map[string]string{}}
	counted := &progressReader{r: &contextReader{ctx, bufio.NewReaderSize(r, 1<<20)}, size: size, report: report}
	tr := tar.NewReader(counted)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			err = a.add(name, h.Size, tr)
		case tar.TypeSymlink:
			a.links[name] = path.Join(path.Dir(name), h.Linkname)
		case tar.TypeLink:
			a.links[name] = path.Clean(h.Linkname)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := io.Copy(io.Discard, counted); err != nil { // the padding, so that docker can end
		return nil, err
	}
	return a.image()
}

// add takes in one file of the archive. What it is, its first bytes tell.
func (a *archive) add(name string, size int64, r io.Reader) error {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	isTar := len(head) == 512 && (string(head[257:262]) == "ustar" || bytes.Count(head, []byte{0}) == 512)
	switch {
	case isTar:
		a.layers[name], err = a.compress(br)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		a.layers[name], err = a.keep(br)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		a.layers[name], err = a.recompress(br)
	case len(head) > 0 && (head[0] == '{' || head[0] == '[') && size <= maxDocument:
		a.documents[name], err = io.ReadAll(br)
	default:
		_, err = io.Copy(io.Discard, br) // VERSION and the like
	}
	return err
}

// compress writes a layer that is a plain tar.
func (a *archive) compress(r io.Reader) (*blob, error) {
	diff := sha256.New()
	b, err := a.write(func(w io.Writer) error {
		zw, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if _, err := io.Copy(zw, io.TeeReader(r, diff)); err != nil {
			return err
		}
		return zw.Close()
	})
	if err != nil {
		return nil, err
	}
	b.diffID = sumOf(diff)
	return b, nil
}

// keep writes a layer that is compressed already.
func (a *archive) keep(r io.Reader) (*blob, error) {
	return a.write(func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// recompress writes a layer that came with Zstandard, which not every registry and runtime knows.
func (a *archive) recompress(r io.Reader) (*blob, error) {
	zr, err := zstd.NewReader(r)
	if err != nil {
		return nil, err
	}
	defer zr.Close()
	return a.compress(zr)
}

func (a *archive) write(fill func(io.Writer) error) (*blob, error) {
	f, err := os.Create(filepath.Join(a.dir, fmt.Sprintf("layer-%d", len(a.layers))))
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	err = errors.Join(fill(io.MultiWriter(f, digest)), f.Close())
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(f.Name())
	if err != nil {
		return nil, err
	}
	return &blob{file: f.Name(), digest: sumOf(digest), size: info.Size()}, nil
}

func sumOf(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// image puts the image together once all of the archive has been read.
func (a *archive) image() (v1.Image, error) {
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(a.documents["manifest.json"], &list); err != nil || len(list) != 1 {
		return nil, fmt.Errorf("manifest.json does not name one image: %w", errors.Join(err, errors.New("bad archive")))
	}
	config := a.documents[a.target(list[0].Config)]
	cfg, err := v1.ParseConfigFile(bytes.NewReader(config))
	if err != nil {
		return nil, fmt.Errorf("read the image's configuration: %w", err)
	}
	if len(cfg.RootFS.DiffIDs) != len(list[0].Layers) {
		return nil, fmt.Errorf("the configuration has %d layers, the archive %d", len(cfg.RootFS.DiffIDs), len(list[0].Layers))
	}
	digest, size, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	saved := &saved{config: config, blobs: map[v1.Hash]*blob{}}
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.DockerManifestSchema2,
		Config: v1.Descriptor{MediaType: types.DockerConfigJSON, Size: size, Digest: digest},
	}
	for i, name := range list[0].Layers {
		b := a.layers[a.target(name)]
		if b == nil {
			return nil, fmt.Errorf("the archive has no layer %s", name)
		}
		if b.diffID.Hex != "" && b.diffID != cfg.RootFS.DiffIDs[i] {
			return nil, fmt.Errorf("layer %s is not what the configuration says", name)
		}
		saved.blobs[b.digest] = b
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: types.DockerLayer, Size: b.size, Digest: b.digest})
	}
	if saved.manifest, err = json.Marshal(manifest); err != nil {
		return nil, err
	}
	return partial.CompressedToImage(saved)
}

// target follows the links of an archive, in which the same layer is there once.
func (a *archive) target(name string) string {
	name = path.Clean(strings.TrimPrefix(name, "/"))
	for range 10 {
		to, ok := a.links[name]
		if !ok {
			break
		}
		name = to
	}
	return name
}

// saved is an image whose layers are in files.
type saved struct {
	config, manifest []byte
	blobs            map[v1.Hash]*blob
}

var _ partial.CompressedImageCore = (*saved)(nil)

// RawConfigFile is the image's configuration, as JSON.
func (s *saved) RawConfigFile() ([]byte, error) { return s.config, nil }

// RawManifest is the image's manifest, as JSON.
func (s *saved) RawManifest() ([]byte, error) { return s.manifest, nil }

// MediaType is that of the manifest.
func (s *saved) MediaType() (types.MediaType, error) { return types.DockerManifestSchema2, nil }

// Digest is that of the compressed layer.
func (b *blob) Digest() (v1.Hash, error) { return b.digest, nil }

// Size is that of the compressed layer, in bytes.
func (b *blob) Size() (int64, error) { return b.size, nil }

// MediaType is that of the layer.
func (b *blob) MediaType() (types.MediaType, error) { return types.DockerLayer, nil }

// Compressed reads the layer as it is sent. The caller closes it.
func (b *blob) Compressed() (io.ReadCloser, error) { return os.Open(b.file) }

// LayerByDigest is the layer with that digest, which must be one of the image's.
func (s *saved) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if b, ok := s.blobs[h]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("the image has no layer %s", h)
}

// progressReader reports how much has been read.
type progressReader struct {
	r              io.Reader
	size           int64
	done, reported int64
	report         Reporter
}

// Read reads on, and tells how far it is.
func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.done += int64(n)
	if p.size > 0 && p.done-p.reported >= 4*reportEvery {
		p.reported = p.done
		p.report.progress("taking the image out of Docker", min(p.done, p.size), p.size, "bytes")
	}
	return n, err
}
