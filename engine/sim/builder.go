package sim

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/gzip"
	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"berth/engine/image"
	"berth/engine/project"
)

// builder stands for Docker where there is none. It reads the real Dockerfile, takes its steps for as long
// as they may last, and makes an image whose configuration is what the Dockerfile says. Its layers are
// stand-ins: files of random bytes that depend on what would have gone into them, so that an edited file
// gives another digest and an untouched base does not. Steps that it has played before are cached, as long
// as the account lives.
type builder struct{ a *Account }

// Builder is a stand-in for Docker.
func (a *Account) Builder() image.Builder { return builder{a} }

// step is one numbered step of a build, as BuildKit counts them.
type step struct {
	name string // [build 2/9] RUN …
	verb string
	seed string // stands for all that its result depends on
	size int    // of the layer, in bytes; 0 when it makes none
}

// stageSteps is the steps of one stage.
type stageSteps struct {
	name  string
	below []*step // layers of the stage that it builds upon
	steps []*step // its own
}

// Sizes of the stand-in layers, small enough to be made quickly.
const (
	baseLayer = 3 << 20
	runLayer  = 1 << 20
	copyLayer = 512 << 10
)

// Local implements image.Builder: there is no local store.
func (builder) Local(context.Context, string) (image.Image, bool, error) {
	return nil, false, nil
}

// Build implements image.Builder.
func (b builder) Build(ctx context.Context, src image.Source, report image.Reporter) (image.Image, error) {
	contextHash, err := image.Hash(ctx, src) // also says so when there is no Dockerfile
	if err != nil {
		return nil, err
	}
	name := src.File()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read Dockerfile: %w", err)
	}
	doc, err := project.ReadDockerfile(filepath.Base(name), bytes.NewReader(text), src.Args)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parse Dockerfile: %w", err)
	}
	stages := readStages(parsed.AST, contextHash, src)
	if err := b.play(ctx, stages, report); err != nil {
		return nil, err
	}
	img, err := assemble(stages[len(stages)-1], doc, src.Platform)
	if err != nil {
		return nil, fmt.Errorf("make image: %w", err)
	}
	if src.Cache != nil {
		b.keep(ctx, src.Cache, img, report)
	}
	return image.Hold(img)
}

// keep writes the steps of a build into the account's registry. As with BuildKit, that this fails ends no build.
func (b builder) keep(ctx context.Context, c *image.Cache, steps v1.Image, report image.Reporter) {
	cache, _ := mutate.Annotations(steps, map[string]string{"kept": "steps"}).(v1.Image) // another image than that of the app
	held, err := image.Hold(cache)
	to := image.Repository{Name: c.Repository, Auth: c.Auth, Transport: &transport{a: b.a}, Enclosed: true}
	if err == nil {
		_, err = held.Push(ctx, to, image.CacheTag, image.Reporter{})
	}
	if err != nil && report.Log != nil {
		report.Log("warning: the cache was not written: " + err.Error())
	}
}

// readStages takes a Dockerfile apart into the steps that take time.
func readStages(ast *parser.Node, contextHash string, src image.Source) []*stageSteps {
	var stages []*stageSteps
	world := []string{src.Platform, fmt.Sprint(src.Args)} // what all steps depend on
	if src.Fresh {
		world = append(world, rand.Text()) // nothing is in the cache, and base images have moved on
	}
	seed := stableID(world...)
	for _, n := range ast.Children {
		verb, original := strings.ToLower(n.Value), strings.Join(strings.Fields(n.Original), " ")
		if verb == command.From {
			s, base := &stageSteps{}, n.Next.Value
			if as := n.Next.Next; as != nil && as.Next != nil {
				s.name = as.Next.Value
			}
			seed = stableID(append(slices.Clone(world), base)...)
			size := baseLayer
			if earlier := stageNamed(stages, base); earlier != nil {
				seed, size = earlier.last().seed, 0
				s.below = earlier.layers()
			} else if base == "scratch" {
				size = 0
			}
			s.steps = append(s.steps, &step{name: original, verb: verb, seed: seed, size: size})
			stages = append(stages, s)
			continue
		}
		if len(stages) == 0 {
			seed = stableID(seed, original)
			continue
		}
		s := stages[len(stages)-1]
		seed = stableID(s.last().seed, seed, original)
		switch verb {
		case command.Run:
			s.steps = append(s.steps, &step{name: original, verb: verb, seed: seed, size: runLayer})
		case command.Copy, command.Add:
			from := contextHash
			for _, f := range n.Flags {
				if other := stageNamed(stages, strings.TrimPrefix(f, "--from=")); strings.HasPrefix(f, "--from=") && other != nil {
					from = other.last().seed
				}
			}
			s.steps = append(s.steps, &step{name: original, verb: verb, seed: stableID(seed, from), size: copyLayer})
		case command.Workdir:
			s.steps = append(s.steps, &step{name: original, verb: verb, seed: seed})
		}
	}
	number(stages)
	return stages
}

func stageNamed(stages []*stageSteps, name string) *stageSteps {
	return find(stages, func(s *stageSteps) bool { return s.name != "" && strings.EqualFold(s.name, name) })
}

func (s *stageSteps) last() *step { return s.steps[len(s.steps)-1] }

// layers is the steps that make a layer, with those of the stage below.
func (s *stageSteps) layers() []*step {
	out := slices.Clone(s.below)
	for _, x := range s.steps {
		if x.size > 0 {
			out = append(out, x)
		}
	}
	return out
}

// number names the steps as BuildKit does.
func number(stages []*stageSteps) {
	for i, s := range stages {
		label := s.name
		if label == "" {
			label = fmt.Sprintf("stage-%d", i)
		}
		if len(stages) == 1 {
			label = ""
		}
		for j, x := range s.steps {
			x.name = fmt.Sprintf("[%s] %s", strings.TrimSpace(fmt.Sprintf("%s %d/%d", label, j+1, len(s.steps))), x.name)
		}
	}
}

// play lets the steps take their time.
func (b builder) play(ctx context.Context, stages []*stageSteps, report image.Reporter) error {
	var all []*step
	for _, s := range stages {
		all = append(all, s.steps...)
	}
	for i, x := range all {
		if report.Progress != nil {
			report.Progress(x.name, int64(i), int64(len(all)), "steps")
		}
		took, cached := b.took(x)
		if err := b.a.clk.Sleep(ctx, took); err != nil {
			return err
		}
		if report.Log != nil {
			if cached {
				report.Log(x.name + " (cached)")
			} else {
				report.Log(fmt.Sprintf("%s (%.1fs)", x.name, took.Seconds()))
			}
		}
		if !cached {
			if err := b.done(x); err != nil {
				return err
			}
		}
	}
	if report.Progress != nil {
		report.Progress("exporting the image", int64(len(all)), int64(len(all)), "steps")
	}
	return nil
}

// took is how long a step takes, nothing when it is in the cache.
func (b builder) took(x *step) (took time.Duration, cached bool) {
	b.a.mu.Lock()
	defer b.a.mu.Unlock()
	if slices.Contains(b.a.st.BuildCache, x.seed[:16]) {
		return 0, true
	}
	switch x.verb {
	case command.From:
		return b.a.delay(latBuildFrom, x.seed), false
	case command.Run:
		return b.a.delay(latBuildRun, x.seed), false
	}
	return b.a.delay(latBuildStep, x.seed), false
}

// cacheKept bounds the build cache.
const cacheKept = 200

// done puts a step into the cache.
func (b builder) done(x *step) error {
	return b.a.locked(func(st *state, _ time.Time) (bool, error) {
		st.BuildCache = append(st.BuildCache, x.seed[:16])
		if len(st.BuildCache) > cacheKept {
			st.BuildCache = slices.Clone(st.BuildCache[len(st.BuildCache)-cacheKept:])
		}
		return true, nil
	})
}

// assemble makes the image of a stage.
func assemble(s *stageSteps, doc *project.Dockerfile, platform string) (v1.Image, error) {
	img := empty.Image
	for _, x := range s.layers() {
		layer, err := standIn(x.seed, x.size)
		if err != nil {
			return nil, err
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			return nil, err
		}
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, _ = strings.Cut(platform, "/")
	for i, x := range s.layers() {
		cfg.History[i].CreatedBy = x.name
	}
	c := &cfg.Config
	for _, name := range slices.Sorted(maps.Keys(doc.Env)) {
		c.Env = append(c.Env, name+"="+doc.Env[name].Text)
	}
	for _, p := range doc.Ports {
		for n := p.From; n <= p.To; n++ {
			if c.ExposedPorts == nil {
				c.ExposedPorts = map[string]struct{}{}
			}
			c.ExposedPorts[fmt.Sprintf("%d/%s", n, p.Protocol)] = struct{}{}
		}
	}
	c.Cmd, c.Entrypoint, c.User = words(doc.Cmd), words(doc.Entry), doc.User.Text
	for _, v := range doc.Volumes {
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		c.Volumes[v.Text] = struct{}{}
	}
	return mutate.ConfigFile(img, cfg)
}

// words is a command as an image's configuration has it.
func words(c *project.Command) []string {
	switch {
	case c == nil:
		return nil
	case c.Shell:
		return append([]string{"/bin/sh", "-c"}, c.Words...)
	}
	return c.Words
}

// standIn is a layer with one file of random bytes, which depend on the seed alone.
func standIn(seed string, size int) (v1.Layer, error) {
	var key [32]byte
	copy(key[:], seed)
	data := make([]byte, size)
	if _, err := mathrand.NewChaCha8(key).Read(data); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "simulated/" + seed[:12], Mode: 0o644, Size: int64(size), Format: tar.FormatPAX}); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithCompressionLevel(gzip.NoCompression), tarball.WithCompressedCaching)
}
