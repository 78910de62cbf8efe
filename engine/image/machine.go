package image

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"berth/engine/fail"
	"berth/engine/spec"
)

// Programs are the names of the programs that can build images here, in the order in which they are looked for.
var Programs = []string{"docker", "podman", "finch", "nerdctl", "buildah"}

// Machine builds with what this machine has for it: Docker (through BuildKit where it can), Podman, Finch, nerdctl or
// Buildah. The zero Machine takes the first of them that works, and is ready for use.
type Machine struct {
	// Program is the one of Programs to use, or a path to it; empty takes the first that works.
	Program string
	NoCache bool // build every step anew
	Pull    bool // look for newer base images
}

var _ Builder = Machine{}

// way is how a program builds.
type way int

// The ways, and what they follow.
const (
	classicWay  way = iota // Docker's builder of before BuildKit
	buildxWay              // BuildKit through the plugin
	buildkitWay            // BuildKit through a client that has it built in: docker before 23, nerdctl, finch
	podmanWay              // Podman and Buildah
)

// program is a program that builds, with what was found out about it.
type program struct {
	command string
	name    string // as people call it
	kind    string // one of Programs
	way     way
	json    bool   // buildx tells its progress as JSON, which it can since 0.13
	attests bool   // buildx knows --provenance, which it does since 0.10
	api     string // version of the daemon's API, when there is one
	arch    string // of the machine that runs the steps, as Go names it; empty when it is not known
	remote  bool   // the engine is on another machine, as far as can be told
	early   bool   // Docker's own BuildKit is one of before Docker 23
}

// Check says whether this machine can build: nil, or a Refused fail.Error, which names --image.
func (m Machine) Check(ctx context.Context) error {
	_, err := m.find(ctx)
	return refused(err)
}

// Fits says whether this machine can build src: what the Dockerfile needs and the builder does not have is told
// before the build. The error is a Refused fail.Error.
func (m Machine) Fits(ctx context.Context, src Source) error {
	p, err := m.find(ctx)
	if err != nil {
		return refused(onlyHere(src, err))
	}
	return p.fits(ctx, src)
}

// Adapt returns src as the builder of this machine reads it: whether it follows Dockerfile.dockerignore. It asks
// the builder only when there is such a file.
func (m Machine) Adapt(ctx context.Context, src Source) Source {
	if _, err := os.Stat(src.File() + ".dockerignore"); err != nil {
		return src
	}
	if p, err := m.find(ctx); err == nil {
		src.OneIgnoreFile = p.way == classicWay || p.way == podmanWay
	}
	return src
}

// Describe is what this machine builds with, as people call it; empty when it cannot build.
func (m Machine) Describe(ctx context.Context) string {
	p, err := m.find(ctx)
	if err != nil {
		return ""
	}
	return p.describe()
}

// Arch is the kind of processor, as Go names it, of the machine that builds: of the engine, where that is known.
func (m Machine) Arch(ctx context.Context) string {
	p, err := m.find(ctx)
	if err != nil || p.arch == "" {
		return runtime.GOARCH
	}
	_, arch, _ := strings.Cut(normalPlatform(p.arch), "/")
	return arch
}

func (p program) describe() string {
	switch p.way {
	case buildxWay, buildkitWay:
		return p.name + " with BuildKit"
	case classicWay:
		return p.name + " with the classic builder"
	}
	return p.name
}

func refused(err error) error {
	var f *fail.Error
	if errors.As(err, &f) {
		f.Class = fail.Refused
	}
	return err
}

// find finds the program to build with. Of several that are there the first that works is taken; when none does, the
// error is that of the first.
func (m Machine) find(ctx context.Context) (program, error) {
	if m.Program == spec.InCloud {
		return program{}, &fail.Error{
			Class: fail.Usage, Cause: "CodeBuild builds in AWS, and this needs an image on this machine",
			Remedy: "choose a builder of this machine with --builder: " + strings.Join(Programs, ", "),
		}
	}
	if m.Program != "" {
		kind := kindOf(m.Program)
		if kind == "" {
			return program{}, &fail.Error{
				Class: fail.Usage, Cause: fmt.Sprintf("%q is not a builder that berth knows", m.Program),
				Remedy: "choose one of " + strings.Join(Programs, ", "),
			}
		}
		return look(ctx, m.Program, kind)
	}
	var first error
	for _, name := range Programs {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		p, err := look(ctx, name, name)
		if err == nil || ctx.Err() != nil {
			return p, err
		}
		first = cmp.Or(first, err)
	}
	if first == nil {
		first = dockerError(ctx, "", exec.ErrNotFound)
	}
	return program{}, first
}

func kindOf(command string) string {
	base := strings.TrimSuffix(strings.ToLower(filepath.Base(command)), ".exe")
	if slices.Contains(Programs, base) {
		return base
	}
	return ""
}

var titles = map[string]string{"docker": "Docker", "podman": "Podman", "finch": "Finch", "nerdctl": "nerdctl", "buildah": "Buildah"}

// look finds out what a program can do, and whether it works.
func look(ctx context.Context, command, kind string) (program, error) {
	p := program{command: command, name: titles[kind], kind: kind, way: podmanWay, arch: runtime.GOARCH}
	if kind == "docker" {
		// The command may be Podman's, under Docker's name.
		if out, _, err := p.output(ctx, "--version"); err == nil && strings.HasPrefix(out, "podman") {
			p.name, p.kind = titles["podman"], "podman"
		}
	}
	switch p.kind {
	case "docker":
		return p, p.lookDocker(ctx)
	case "finch", "nerdctl":
		p.way = buildkitWay
		_, errs, err := p.output(ctx, "info")
		return p, p.broken(ctx, errs, err)
	case "podman":
		out, errs, err := p.output(ctx, "info", "--format", "{{.Host.Arch}} {{.Host.ServiceIsRemote}}")
		arch, remote, _ := strings.Cut(out, " ")
		p.arch, p.remote = cmp.Or(arch, p.arch), remote == "true"
		return p, p.broken(ctx, errs, err)
	}
	_, errs, err := p.output(ctx, "version")
	return p, p.broken(ctx, errs, err)
}

// broken makes the failure of a program that does not work.
func (p program) broken(ctx context.Context, stderr string, err error) error {
	if err == nil {
		return nil
	}
	return programError(ctx, p, stderr, err)
}

// lookDocker finds out how Docker builds here. What the user's own DOCKER_BUILDKIT says is done.
func (p *program) lookDocker(ctx context.Context) error {
	plugin := make(chan string, 1) // starting the plugin takes as long as asking the daemon
	go func() {
		out, _, err := p.output(ctx, "buildx", "version")
		if err != nil {
			out = ""
		}
		plugin <- out
	}()
	out, errs, err := p.output(ctx, "version", "--format", "{{json .}}")
	buildx := <-plugin
	if err != nil {
		return dockerError(ctx, errs, err)
	}
	var v struct {
		Client struct{ Version string }
		Server struct{ Arch, Version, APIVersion string }
	}
	_ = json.Unmarshal([]byte(out), &v) // what is not known is taken for new
	p.arch, p.api = cmp.Or(v.Server.Arch, p.arch), v.Server.APIVersion
	host := os.Getenv("DOCKER_HOST")
	p.remote = host != "" && !strings.HasPrefix(host, "unix://")
	wanted := os.Getenv("DOCKER_BUILDKIT")
	if on, err := strconv.ParseBool(wanted); err == nil && !on {
		p.way = classicWay
		return nil
	}
	p.early = major(v.Server.Version) < 23
	if p.lookBuildx(buildx) {
		return nil
	}
	// Clients before 23 have BuildKit built in; later ones want the plugin.
	if n := major(v.Client.Version); n >= 19 && n < 23 && major(v.Server.Version) >= 19 {
		p.way = buildkitWay
		return nil
	}
	p.way = classicWay
	return nil
}

var buildxVersion = pattern(`\bv(\d+)\.(\d+)`)

// lookBuildx says whether the buildx plugin is there, and what it can, by what it says is its version.
func (p *program) lookBuildx(version string) bool {
	if version == "" {
		return false
	}
	p.way, p.attests = buildxWay, true
	if m := buildxVersion().FindStringSubmatch(version); m != nil {
		major, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		p.json = major > 0 || minor >= 13
		p.attests = major > 0 || minor >= 10
	}
	return true
}

var driverLine = pattern(`(?m)^Driver:\s+(\S+)`)

// driver is where the builder runs that buildx uses: "docker" for the one in Docker's daemon; empty when it does not say.
func (p program) driver(ctx context.Context) string {
	out, _, err := p.output(ctx, "buildx", "inspect")
	if m := driverLine().FindStringSubmatch(out); err == nil && m != nil {
		return m[1]
	}
	return ""
}

// major is the first number of a version, a large one when it has none.
func major(version string) int {
	head, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(strings.TrimPrefix(head, "v"))
	if err != nil {
		return 1 << 20
	}
	return n
}
