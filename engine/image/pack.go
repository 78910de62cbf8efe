package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/klauspost/compress/gzip"

	"berth/engine/fail"
)

// The names in what Pack writes.
const (
	PackedScript     = "build.sh"   // run in the folder above the others: it builds under the tag in BERTH_IMAGE
	PackedDockerfile = "Dockerfile" // wherever it was
	PackedContext    = "context"    // the build context, without what is ignored
)

// everything is an ignore file that ignores nothing: what is ignored was left out, and the context's own is not to be
// followed a second time, nor where one that belongs to the Dockerfile stood before it.
const everything = "# what is ignored was left out before\n"

// Pack writes all that another machine needs to build src as a compressed tar archive: a script for a shell with docker,
// the Dockerfile, and the files that the builder gets to see. Who owns a file, and when it was written, is not in it.
func Pack(ctx context.Context, src Source, o PackOptions, to io.Writer) error {
	dockerfile, err := os.ReadFile(src.File())
	if err != nil {
		return noDockerfile(src, err)
	}
	w, err := newWalker(src)
	if err != nil {
		return err
	}
	files, err := w.list(ctx)
	if err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zip)
	for name, text := range map[string]string{
		PackedScript: buildScript(src, o), PackedDockerfile: string(dockerfile), PackedDockerfile + ".dockerignore": everything,
	} {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatPAX}); err != nil {
			return err
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: PackedContext + "/", Mode: 0o755, Format: tar.FormatPAX}); err != nil {
		return err
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := packFile(out, src.Dir, f); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return zip.Close()
}

// PackFile is Pack into a temporary file, which is the caller's to close and remove.
func PackFile(ctx context.Context, src Source, o PackOptions) (*os.File, error) {
	f, err := os.CreateTemp("", "berth-source-*.tar.gz")
	if err != nil {
		return nil, localFault("make room for the packed source", err)
	}
	if err := Pack(ctx, src, o, f); err != nil {
		_, _ = f.Close(), os.Remove(f.Name())
		var told *fail.Error
		if ctx.Err() != nil || errors.As(err, &told) {
			return nil, err
		}
		return nil, localFault("pack the source", err)
	}
	return f, nil
}

// PackOptions is how what was packed is built.
type PackOptions struct {
	NoCache, Pull bool // as Machine has them
	Cache         bool // keep the steps of builds beside the image, under CacheTag
}

// packFile writes one file of a build context.
func packFile(out *tar.Writer, dir string, f entry) error {
	h := &tar.Header{Name: PackedContext + "/" + f.path, Mode: int64(f.mode.Perm()), Format: tar.FormatPAX}
	switch {
	case f.mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		return out.WriteHeader(h)
	case f.mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, f.content, 0o777
		return out.WriteHeader(h)
	}
	file, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.path)))
	if err != nil {
		return unreadable(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil {
		return unreadable(err)
	}
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	if n, err := io.Copy(out, io.LimitReader(file, h.Size)); err != nil || n < h.Size {
		if err == nil { // the check of the source after this would find it, too
			err = fmt.Errorf("%s got shorter while it was read", f.path)
		}
		return err
	}
	return nil
}

// buildScript is what builds src where it was unpacked.
func buildScript(src Source, o PackOptions) string {
	flags := buildFlags(src, PackedDockerfile, o.NoCache, o.Pull)
	with := func(program []string, more string) string {
		return shellescape.QuoteCommand(append(program, flags...)) + more + " --tag \"$BERTH_IMAGE\" " + PackedContext + "\n"
	}
	script := "set -eu\nexport DOCKER_BUILDKIT=1\n"
	if o.Cache {
		cache := ""
		for _, flag := range cacheFlags("${BERTH_IMAGE%:*}:"+CacheTag, o.NoCache || src.Fresh) {
			cache += ` "` + flag + `"` // the shell puts the repository in
		}
		// Only a builder beside Docker's own keeps a cache. Where its image cannot be fetched there is none.
		script += "if docker buildx create --name berth --driver docker-container --bootstrap --use; then\n  exec " +
			with([]string{"docker", "buildx", "build", "--load", "--provenance=false", "--progress=plain"}, cache) +
			"fi\necho \"no steps of builds are kept in ECR: Docker has no builder here that can\"\n"
	}
	return script + "exec " + with([]string{"docker", "build", "--progress=plain"}, "")
}

// buildFlags say what is built of a source, and what of it anew, in the same words to each program.
func buildFlags(src Source, dockerfile string, noCache, pull bool) []string {
	flags := []string{"--platform", src.Platform, "--file", dockerfile}
	if src.Target != "" {
		flags = append(flags, "--target", src.Target)
	}
	if noCache || src.Fresh {
		flags = append(flags, "--no-cache")
	}
	if pull || src.Fresh {
		flags = append(flags, "--pull")
	}
	for _, name := range slices.Sorted(maps.Keys(src.Args)) {
		flags = append(flags, "--build-arg", name+"="+src.Args[name])
	}
	return flags
}

// Output reads what a build prints elsewhere, as plain text of BuildKit, line by line.
type Output struct{ lines *numbered }

// NewOutput makes one that tells what it reads.
func NewOutput(report Reporter) *Output { return &Output{newNumbered(report)} }

// Line takes one line in, without its line end.
func (o *Output) Line(text string) { o.lines.line(strings.TrimRight(text, "\r\n \t")) }

// Failed is a build that failed: cause is the step that it failed at, when it told one.
func (o *Output) Failed(err error) error {
	step, evidence := o.lines.failed()
	return buildFailed(step, evidence, program{way: buildkitWay, name: "CodeBuild"}.buildRemedy(evidence), err)
}
