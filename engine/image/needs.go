package image

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"berth/engine/fail"
)

// fits says whether the builder can build src at all. What it cannot is told before anything is built.
func (p program) fits(ctx context.Context, src Source) error {
	text, err := os.ReadFile(src.File())
	if err != nil {
		return noDockerfile(src, err)
	}
	if err := cmp.Or(p.secrets(src), p.ssh(src)); err != nil {
		return err
	}
	doc, parseErr := parser.Parse(bytes.NewReader(text))
	if parseErr != nil {
		return nil //nolint:nilerr // the builder says it better
	}
	if p.way != classicWay && (!p.early || namesDialect(text)) {
		return nil
	}
	line, what := needsNewer(doc.AST, p.way != classicWay)
	if what == "" {
		return nil
	}
	// A builder that was made beside Docker's own brings a BuildKit of its own.
	if p.way == buildxWay && p.driver(ctx) != "docker" {
		return nil
	}
	f := &fail.Error{
		Class: fail.Refused, Cause: "the Dockerfile needs BuildKit, but Docker here has only its classic builder",
		Evidence: fmt.Sprintf("%s:%d: %s", filepath.Base(src.File()), line, what), Remedy: p.wayOut(),
	}
	if p.way != classicWay {
		f.Cause, f.Remedy = "the Dockerfile needs a newer BuildKit than the one of this Docker", p.newerDialect()
	}
	return f
}

// namesDialect says whether a Dockerfile has BuildKit fetch what reads it.
func namesDialect(text []byte) bool {
	syntax, _, _, ok := parser.DetectSyntax(text)
	return ok && syntax != ""
}

// newerDialect says how an old BuildKit comes to read a newer Dockerfile.
func (p program) newerDialect() string {
	const fetch = `write "# syntax=docker/dockerfile:1" as the first line of the Dockerfile, which has BuildKit fetch what reads it; or `
	switch {
	case p.kind != "docker":
		return fetch + "bring " + p.name + " up to date"
	case p.way == buildxWay:
		return fetch + "bring Docker up to date, or make a builder with a newer BuildKit: docker buildx create --use"
	}
	return fetch + "bring Docker up to date, and install its buildx plugin: " + installBuildx()
}

// secrets says when the build's secrets cannot be handed over: the builder knows none, or the environment has them not.
func (p program) secrets(src Source) error {
	if len(src.Secrets) > 0 && p.way == classicWay {
		return &fail.Error{
			Class: fail.Refused, Cause: "image.secrets needs BuildKit, but Docker here has only its classic builder", Remedy: p.wayOut(),
		}
	}
	for _, name := range src.Secrets {
		if _, ok := os.LookupEnv(name); !ok {
			return &fail.Error{
				Class: fail.Refused, Cause: "the build reads the secret " + name + ", and the environment has no variable of that name",
				Remedy: "set " + name + " in the environment, or take it out of image.secrets in berth.toml", Setting: "image.secrets",
			}
		}
	}
	return nil
}

// ssh says when the build cannot sign in over SSH as it is to: the builder cannot hand that over, or there is no agent or key.
func (p program) ssh(src Source) error {
	if len(src.SSH) > 0 && p.way == classicWay {
		return &fail.Error{
			Class: fail.Refused, Cause: "image.ssh needs BuildKit, but Docker here has only its classic builder", Remedy: p.wayOut(),
		}
	}
	for _, id := range src.SSH {
		_, file, named := strings.Cut(id, "=")
		if named {
			if _, err := os.Stat(atHome(file)); err != nil {
				return &fail.Error{
					Class: fail.Refused, Cause: "the key that the build signs in with over SSH cannot be read", Evidence: err.Error(),
					Remedy: "name another file as image.ssh in berth.toml", Setting: "image.ssh",
				}
			}
		} else if os.Getenv("SSH_AUTH_SOCK") == "" {
			return &fail.Error{
				Class: fail.Refused, Cause: "the build signs in over SSH with your agent, and no SSH agent runs in this session",
				Remedy: "start one with eval $(ssh-agent) and ssh-add, or name a key: image.ssh = [\"default=~/.ssh/id_ed25519\"]", Setting: "image.ssh",
			}
		}
	}
	return nil
}

// atHome is a path with the home folder for a ~ at its start, which a shell would put there.
func atHome(file string) string {
	home, err := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(file, "~/"); ok && err == nil {
		return filepath.Join(home, rest)
	}
	return file
}

// modernFlags are the flags of instructions that only BuildKit knows, and earlyFlags those that it knew in Docker 20.10.
var (
	modernFlags = map[string][]string{
		command.Run:  {"mount", "network", "security", "device"},
		command.Copy: {"link", "parents", "chmod", "exclude"},
		command.Add:  {"link", "parents", "chmod", "exclude", "checksum", "keep-git-dir", "unpack"},
	}
	earlyFlags = map[string][]string{command.Run: {"mount"}, command.Copy: {"chmod"}, command.Add: {"chmod"}}
)

// needsNewer finds the first line that the classic builder, or an early BuildKit, does not understand.
func needsNewer(ast *parser.Node, early bool) (line int, what string) {
	for _, n := range ast.Children {
		verb := strings.ToLower(n.Value)
		if len(n.Heredocs) > 0 {
			return n.StartLine, "a here-document"
		}
		for _, flag := range n.Flags {
			name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
			if slices.Contains(modernFlags[verb], name) && (!early || !slices.Contains(earlyFlags[verb], name)) {
				return n.StartLine, strings.ToUpper(verb) + " --" + name
			}
		}
	}
	return 0, ""
}

// speaksOfBuildKit says whether a builder failed at something that only BuildKit, or a newer one, knows.
func speaksOfBuildKit(output string) bool {
	lower := strings.ToLower(output)
	return slices.ContainsFunc([]string{
		"requires buildkit", "the --mount option", "the --chmod option", "unknown flag: ", "unknown instruction: ",
	}, func(s string) bool { return strings.Contains(lower, s) })
}

// CheckPlatform says when the Dockerfile makes an image for another platform than the one that is wanted: a FROM line
// that decides it names another one. The error is a Refused fail.Error.
func CheckPlatform(src Source) error {
	text, err := os.ReadFile(src.File())
	if err != nil {
		return noDockerfile(src, err)
	}
	doc, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil //nolint:nilerr // the builder says it better
	}
	return fixedPlatform(src, doc.AST)
}

func fixedPlatform(src Source, ast *parser.Node) error {
	var last *parser.Node
	stages := map[string]*parser.Node{}
	for _, n := range ast.Children {
		if strings.EqualFold(n.Value, command.From) {
			last = n
			if as := n.Next; as != nil && as.Next != nil && as.Next.Next != nil {
				stages[strings.ToLower(as.Next.Next.Value)] = n
			}
		}
	}
	for range len(ast.Children) { // the stage that it is made of decides, unless it says so itself
		if last == nil || last.Next == nil {
			return nil
		}
		for _, flag := range last.Flags {
			p, ok := strings.CutPrefix(flag, "--platform=")
			if !ok || strings.Contains(p, "$") {
				continue
			}
			if samePlatform(p, src.Platform) {
				return nil
			}
			f := &fail.Error{
				Class:    fail.Refused,
				Cause:    fmt.Sprintf("the Dockerfile builds an image for %s, but the tasks run %s", p, src.Platform),
				Evidence: fmt.Sprintf("%s:%d: %s", filepath.Base(src.File()), last.StartLine, last.Original),
				Remedy:   "take --platform out of that line, or set image.platform in berth.toml to the platform of the image",
				Setting:  "image.platform",
			}
			if samePlatform(p, "linux/amd64") || samePlatform(p, "linux/arm64") {
				f.Suggest = strings.Join(strings.Split(normalPlatform(p), "/")[:2], "/")
			} else {
				f.Remedy, f.Setting = "take --platform out of that line: Fargate runs linux/amd64 and linux/arm64 only", ""
			}
			return f
		}
		base := strings.ToLower(last.Next.Value)
		if stages[base] == nil || stages[base] == last {
			return nil
		}
		last = stages[base]
	}
	return nil
}

// normalPlatform writes a platform in full: linux/amd64 for amd64 and x86_64.
func normalPlatform(p string) string {
	parts := strings.Split(strings.ToLower(strings.Trim(p, `"'`)), "/")
	if len(parts) == 1 {
		parts = []string{"linux", parts[0]}
	}
	switch parts[1] {
	case "x86_64", "x86-64":
		parts[1] = "amd64"
	case "aarch64":
		parts[1] = "arm64"
	}
	return strings.Join(parts, "/")
}

func samePlatform(a, b string) bool {
	x, y := strings.Split(normalPlatform(a), "/"), strings.Split(normalPlatform(b), "/")
	return len(x) > 1 && len(y) > 1 && x[0] == y[0] && x[1] == y[1]
}

// wayOut says how this machine comes to BuildKit.
func (p program) wayOut() string {
	if os.Getenv("DOCKER_BUILDKIT") != "" {
		if p.withoutEnv() {
			return "take DOCKER_BUILDKIT=0 out of the environment; " + orImage[3:]
		}
	}
	if _, err := exec.LookPath("podman"); err == nil && p.kind == "docker" {
		return "build with Podman, which is here and understands it: --builder podman; or install Docker's buildx plugin (" + installBuildx() + "), " + orImage
	}
	return "install Docker's buildx plugin, which brings BuildKit: " + installBuildx() + "; " + orImage
}

// withoutEnv says whether it is only the user's DOCKER_BUILDKIT=0 that keeps Docker from BuildKit.
func (p program) withoutEnv() bool {
	on := os.Getenv("DOCKER_BUILDKIT")
	return on == "0" || strings.EqualFold(on, "false")
}

// installBuildx is how the plugin is installed on this system.
func installBuildx() string {
	const byHand = "put the file for this machine from github.com/docker/buildx/releases as docker-buildx into ~/.docker/cli-plugins, and make it executable"
	switch runtime.GOOS {
	case "darwin":
		return "brew install docker-buildx"
	case "linux":
	default:
		return byHand
	}
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return byHand
	}
	return cmp.Or(packageOf(string(text)), byHand)
}

// packageOf is the command that installs the plugin on a Linux, by its os-release file; empty where no package of
// the system has it.
func packageOf(release string) string {
	value := func(key string) string {
		for line := range strings.Lines(release) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
				return strings.Trim(v, `"`)
			}
		}
		return ""
	}
	id, like := value("ID"), value("ID_LIKE")
	switch {
	case id == "debian" && major(value("VERSION_ID")) < 13: // bookworm and older have no such package
		return ""
	case id == "debian", id == "ubuntu", strings.Contains(like, "ubuntu"):
		return "sudo apt-get install docker-buildx"
	case id == "alpine":
		return "apk add docker-cli-buildx"
	case id == "arch":
		return "sudo pacman -S docker-buildx"
	case id == "fedora":
		return "sudo dnf install docker-buildx"
	}
	return ""
}
