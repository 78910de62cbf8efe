package sim

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"berth/engine/image"
	"berth/engine/project"
	"berth/engine/spec"
)

// kit is what a build unpacks.
type kit struct {
	dockerfile []byte
	args       []string // of docker build
	files      map[string]bool
	hash       string // of the context
}

func unpack(archive []byte) (*kit, error) {
	if archive == nil {
		return nil, errors.New("key does not exist")
	}
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	k, sum := &kit{files: map[string]bool{}}, sha256.New()
	for in := tar.NewReader(zip); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(in, 64<<20))
		if err != nil {
			return nil, err
		}
		switch name, inside := strings.CutPrefix(h.Name, image.PackedContext+"/"); {
		case inside:
			k.files[path.Clean(name)] = true
			fmt.Fprintf(sum, "%s %s %x\n", name, h.Linkname, sha256.Sum256(data))
		case h.Name == image.PackedDockerfile:
			k.dockerfile = data
		case h.Name == image.PackedScript:
			for line := range strings.Lines(string(data)) {
				if rest, ok := strings.CutPrefix(line, "exec "); ok {
					if k.args, err = spec.Words(strings.TrimSpace(rest)); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	k.hash = hex.EncodeToString(sum.Sum(nil))
	return k, nil
}

// flag is all values that docker build is given for a flag.
func (k *kit) flag(name string) (all []string) {
	for i, a := range k.args[:max(len(k.args)-1, 0)] {
		if a == name {
			all = append(all, k.args[i+1])
		}
	}
	return all
}

// build is what docker build prints, and what it makes.
func (k *kit) build(a *Account) (made *madeImage, lines []codeLine, broken bool) {
	fails := func(format string, args ...any) (*madeImage, []codeLine, bool) {
		return nil, append(lines, codeLine{After: time.Second, Text: "ERROR: " + fmt.Sprintf(format, args...)}), true
	}
	src := image.Source{Args: map[string]string{}, Platform: "linux/amd64"}
	for _, p := range k.flag("--platform") {
		src.Platform = p
	}
	for _, arg := range k.flag("--build-arg") {
		name, value, _ := strings.Cut(arg, "=")
		src.Args[name] = value
	}
	doc, err := project.ReadDockerfile(image.PackedDockerfile, bytes.NewReader(k.dockerfile), src.Args)
	if err != nil {
		return fails("failed to solve: %v", err)
	}
	parsed, err := parser.Parse(bytes.NewReader(k.dockerfile))
	if err != nil {
		return fails("failed to solve: %v", err)
	}
	stages := readStages(parsed.AST, k.hash, src)
	last := stages[len(stages)-1]
	for _, name := range k.flag("--target") {
		if last = stageNamed(stages, name); last == nil {
			return fails("failed to solve: target stage %q could not be found", name)
		}
	}
	n := 0
	for _, s := range stages {
		for _, x := range s.steps {
			n++
			lines = append(lines, codeLine{After: a.delay(latBuildStep, x.seed), Text: fmt.Sprintf("#%d %s", n, x.name)})
			if gone := k.lacks(x); gone != "" {
				return fails("failed to solve: failed to compute cache key: failed to calculate checksum of ref: \"/%s\": not found", gone)
			}
			if what := x.name[strings.Index(x.name, "] ")+2:]; what == "RUN false" {
				return fails("process \"/bin/sh -c false\" did not complete successfully: exit code: 1")
			}
			if x.verb == command.Run {
				lines = append(lines, codeLine{After: a.delay(latBuildRun, x.seed), Text: fmt.Sprintf("#%d DONE", n)})
			}
		}
	}
	img, err := assemble(last, doc, src.Platform)
	if err != nil {
		return fails("failed to export: %v", err)
	}
	made, err = ofImage(img)
	if err != nil {
		return fails("failed to export: %v", err)
	}
	return made, append(lines, codeLine{After: time.Second, Text: fmt.Sprintf("#%d exporting to image", n+1)}), false
}

// lacks is the first file that a step copies and the context does not have.
func (k *kit) lacks(x *step) string {
	if x.verb != command.Copy {
		return ""
	}
	words := strings.Fields(x.name)
	at := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, command.Copy) })
	for _, w := range words[at+1 : len(words)-1] {
		switch clean := path.Clean(strings.TrimPrefix(w, "/")); {
		case strings.HasPrefix(w, "--from"), strings.HasPrefix(w, "["), strings.HasPrefix(w, "<<"):
			return ""
		case strings.HasPrefix(w, "--"), strings.ContainsAny(w, "*?$"), clean == ".", clean == "":
		case !k.files[clean]:
			return clean
		}
	}
	return ""
}

func ofImage(img v1.Image) (*madeImage, error) {
	m := &madeImage{Layers: map[string]int64{}}
	var err error
	if m.Manifest, err = img.RawManifest(); err != nil {
		return nil, err
	}
	if m.Config, err = img.RawConfigFile(); err != nil {
		return nil, err
	}
	media, err := img.MediaType()
	if err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	for _, l := range manifest.Layers {
		m.Layers[l.Digest.String()] = l.Size
	}
	m.MediaType = string(media)
	return m, nil
}
