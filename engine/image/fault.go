package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"berth/engine/fail"
	"berth/engine/spec"
)

const orImage = "or deploy an existing image with --image REF"

// orElsewhere is what to do without a builder on this machine.
const orElsewhere = "build in AWS with --builder codebuild, " + orImage

// programError makes the failure for a command of the program that did not work.
func programError(ctx context.Context, p program, stderr string, err error) error {
	if errors.Is(err, errSilent) && ctx.Err() == nil {
		return silent(p.name, err)
	}
	if p.kind == "docker" || errors.Is(err, exec.ErrNotFound) && p.kind == "" || ctx.Err() != nil {
		return dockerError(ctx, stderr, err)
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &fail.Error{
			Class: fail.Failed, Cause: "there is no " + p.command + " on this machine",
			Remedy: "install " + p.name + ", choose another builder with --builder, " + orImage, Err: err,
		}
	}
	if f := p.fault(stderr); f != nil {
		f.Err = err
		return f
	}
	return &fail.Error{
		Class: fail.Failed, Cause: p.name + " does not work", Evidence: cmp.Or(stderr, err.Error()),
		Remedy: fmt.Sprintf("see what `%s info` says, choose another builder with --builder, %s", p.command, orImage), Err: err,
	}
}

// localFault is a failure of this machine's own disk: doing names what was tried.
func localFault(doing string, err error) error {
	f := &fail.Error{Class: fail.Failed, Cause: "cannot " + doing, Evidence: err.Error(), Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		f.Cause += ": the disk is full"
		f.Remedy = "make room in " + os.TempDir() + ", or name another folder for temporary files with TMPDIR"
	case errors.Is(err, fs.ErrNotExist):
		f.Cause += ": the folder for temporary files is missing"
		f.Remedy = "make " + os.TempDir() + ", or name another one with TMPDIR"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f.Cause += ": nothing may be written there"
		f.Remedy = "make " + os.TempDir() + " writable, or name another folder for temporary files with TMPDIR"
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
	return f
}

// silent is an engine that hangs.
func silent(name string, err error) error {
	return &fail.Error{
		Class: fail.Failed, Cause: fmt.Sprintf("%s is there and has not answered for %s", name, answerTimeout), Err: err,
		Remedy: "restart " + name + ", choose another builder with --builder, " + orImage,
	}
}

// dockerError makes the failure for a docker command that did not work.
func dockerError(ctx context.Context, stderr string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("run docker: %w", ctx.Err())
	}
	if errors.Is(err, errSilent) {
		return silent("Docker", err)
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &fail.Error{
			Class: fail.Failed, Cause: "there is no docker command, and an image must be built",
			Remedy: "install Docker or Podman, " + orElsewhere, Err: err, Setting: "image.builder", Suggest: spec.InCloud,
		}
	}
	if f := dockerFault(stderr); f != nil {
		f.Err = err
		return f
	}
	f := &fail.Error{Class: fail.Failed, Cause: "docker does not work", Evidence: stderr, Err: err}
	if stderr == "" {
		f.Evidence = err.Error()
	}
	f.Remedy = "see what `docker version` says, " + orImage
	return f
}

// dockerFault recognises what is wrong with Docker itself, not with a build; nil when it is nothing known.
func dockerFault(output string) *fail.Error {
	has := func(s string) bool { return strings.Contains(output, s) }
	f := &fail.Error{Class: fail.Failed, Evidence: output}
	switch {
	case has("permission denied while trying to connect"):
		f.Cause = "this user may not use Docker"
		f.Remedy = "add the user to the group docker (sudo usermod -aG docker $USER, then log in again), " + orElsewhere
	case has("Cannot connect to the Docker daemon"), has("error during connect"), has("failed to connect to the docker API"):
		f.Cause = "Docker is installed but not running"
		f.Remedy = "start Docker, " + orElsewhere
		f.Setting, f.Suggest = "image.builder", spec.InCloud
	default:
		return program{name: "Docker", command: "docker", kind: "docker"}.full(output)
	}
	return f
}

// fault recognises what is wrong with the program itself, not with a build; nil when it is nothing known.
func (p program) fault(output string) *fail.Error {
	if p.kind == "docker" {
		return dockerFault(output)
	}
	return p.full(output)
}

// full is a disk without room, as programs and their engines tell of it; nil when that is not what they say.
func (p program) full(output string) *fail.Error {
	lower := strings.ToLower(output)
	quota := strings.Contains(lower, "disk quota exceeded")
	if !quota && !strings.Contains(lower, "no space left on device") {
		return nil
	}
	prune := p.command + " system prune"
	if p.kind == "buildah" {
		prune = p.command + " rmi --prune"
	}
	f := &fail.Error{
		Class: fail.Failed, Cause: "the disk that " + p.name + " uses is full", Evidence: output,
		Remedy: "free some space, for example with `" + prune + "`, which removes what no container uses",
	}
	if quota {
		f.Cause = "the disk quota of this user is used up: " + p.name + " cannot write its images"
	}
	if tmp := os.TempDir(); strings.Contains(output, tmp+"/") || strings.Contains(output, "/var/tmp/") {
		f.Remedy = "make room in the folder for temporary files, or name another one with TMPDIR; else free some space with `" + prune + "`"
	}
	return f
}

// buildRemedy says what to do about a build that failed, from what it said.
func (p program) buildRemedy(output string) string {
	has := func(s string) bool { return strings.Contains(output, s) }
	switch {
	case has("exec format error"):
		return "this machine cannot run programs of the image's platform: choose another platform under [image] in berth.toml, " +
			"or install emulators (docker run --privileged --rm tonistiigi/binfmt --install all)"
	case has("resolve image config for docker"), has("docker/dockerfile") && has("failed to resolve source metadata"):
		return "the first line of the Dockerfile, # syntax=…, has BuildKit fetch what reads the file, and that cannot be fetched: " +
			"check the network to that registry, or take the line out where BuildKit reads the file without it"
	case p.way == classicWay && speaksOfBuildKit(output):
		return "the Dockerfile needs BuildKit: " + p.wayOut()
	case p.way != podmanWay && speaksOfBuildKit(output):
		return "if it is not a typo, it needs a newer BuildKit: " + p.newerDialect()
	case has("error getting credentials"), has("docker-credential-"):
		return "the registry credential helper failed: sign in again with `docker login`, or remove it from " +
			"credsStore and credHelpers in ~/.docker/config.json"
	case has("toomanyrequests"), has("Too Many Requests"):
		return "the registry of a base image limits downloads: wait, or sign in with `docker login`"
	case has("pull access denied"), has("manifest unknown"), has("not found: manifest"), has("failed to resolve source metadata"):
		return "check the image names in the FROM lines; for a private one run `docker login`"
	case has("dial tcp"), has("no such host"), has("i/o timeout"), has("TLS handshake timeout"):
		return "a registry or server that the build needs cannot be reached: check the network"
	case has("no match for platform"), has("no matching manifest"):
		return "a base image does not exist for this platform: choose another platform under [image] in berth.toml, or another base image"
	case has("COPY failed"), has("ADD failed"), has("failed to calculate checksum"), has("failed to compute cache key"):
		return "a file that the Dockerfile copies is not in the build context: check its path and .dockerignore"
	case has("exit code: 137"), has("returned a non-zero code: 137"):
		return "the step was killed, most likely for lack of memory: give Docker more memory"
	default:
		return "fix the Dockerfile or what the step runs; `docker build .` shows the same error"
	}
}
