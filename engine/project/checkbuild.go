package project

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/spec"
)

// CheckBuild says what is known to stop a build of the app before it is started: a Dockerfile that Docker refuses, a
// stage that is not there, files that COPY does not find, build arguments without a value. What only BuildKit
// understands comes along as findings of severity Info, with the id "dockerfile-buildkit".
func CheckBuild(ctx context.Context, s *spec.Spec) ([]Finding, error) {
	t, err := openTree(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	l := &look{Findings: &Findings{Dir: s.Dir}, ctx: ctx, t: t, spec: s.Clone()}
	if err := l.readDockerfile(); err != nil {
		e := fail.From(err)
		return []Finding{{ID: "dockerfile-broken", Severity: Must, File: l.name(), Text: clip(e.Cause), Means: firstOf(e.Remedy, "the image cannot be built")}}, nil
	}
	l.checkBuild()
	return l.Findings.Findings, ctx.Err()
}

// noBase is the id of a FROM without an image.
const noBase = "dockerfile-no-base"

// checkBuild adds what CheckBuild finds in a Dockerfile that could be read.
func (l *look) checkBuild() {
	d := l.docker
	for _, a := range d.NoBase {
		l.addFinding(Finding{
			ID: noBase, Severity: Must, File: d.Name, Line: a.Line, Text: "FROM " + a.Text, Key: "image.args." + a.Text,
			Means: "the ARG that names this image has no value: give it a default, or " + a.Text + " a value under [image.args] in berth.toml",
		})
	}
	for _, a := range d.Unset {
		key := "image.args." + a.Text
		l.addFinding(Finding{
			ID: "dockerfile-arg", Severity: Must, File: d.Name, Line: a.Line, Text: "ARG " + a.Text, Key: key,
			Means: "this build argument has no default and the build needs it: set it under [image.args] in berth.toml",
		})
	}
	if len(d.BuildKit) > 0 {
		var what []string
		for _, f := range d.BuildKit {
			if !slices.Contains(what, f.Text) {
				what = append(what, f.Text)
			}
		}
		l.add(Info, "dockerfile-buildkit", d.Name, d.BuildKit[0].Line, strings.Join(what, ", "), "this needs BuildKit: Docker uses it when buildx is installed")
	}
	for _, secret := range d.Secrets {
		if slices.Contains(l.spec.Image.Secrets, secret.Text) {
			continue
		}
		l.addFinding(Finding{
			ID: "dockerfile-build-secret", Severity: Should, File: d.Name, Line: secret.Line, Text: "secret " + secret.Text, Key: "image.secrets",
			Means: "the build needs this secret: list it in secrets under [image], and berth takes its value from the environment variable of that name",
		})
	}
	if len(d.SSH) > 0 && len(l.spec.Image.SSH) == 0 {
		l.addFinding(Finding{
			ID: "dockerfile-build-ssh", Severity: Should, File: d.Name, Line: d.SSH[0].Line, Text: "--mount=type=ssh", Key: "image.ssh",
			Means: "the build needs SSH, for example to fetch a private dependency: ssh = [\"default\"] under [image] gives it your SSH agent",
		})
	}
	l.missingSources()
}

// missingSources tells of files that COPY and ADD name and the build context does not have, or leaves out.
func (l *look) missingSources() {
	dir, file := l.spec.BuildContext()
	ignored := ignores(image.Machine{}.Adapt(l.ctx, image.Source{Dir: dir, Dockerfile: file}))
	told := map[string]bool{}
	for _, c := range l.docker.Copies {
		if c.From != "" || c.Unset {
			continue
		}
		for _, s := range c.Sources {
			rel := path.Clean("/" + s)[1:]
			if rel == "" || told[rel] || strings.ContainsAny(s, "*?[$") || strings.Contains(s, "://") || strings.HasPrefix(s, "git@") {
				continue
			}
			told[rel] = true
			_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(rel)))
			switch {
			case err != nil && (built().MatchString(rel) || l.startsFile(rel)):
				l.add(Must, "copy-not-built", l.docker.Name, c.Line, "COPY "+s,
					rel+" does not exist; it looks like a build output: build it first, or build it in a stage of the Dockerfile")
			case err != nil && l.oneUp(dir, rel):
				l.add(Must, "copy-missing", l.docker.Name, c.Line, "COPY "+s, rel+" is outside the build context, in a parent folder: deploy that folder instead, with this Dockerfile as dockerfile under [image] and context = \".\"")
			case err != nil:
				l.add(Must, "copy-missing", l.docker.Name, c.Line, "COPY "+s, rel+" is not in the build context, so the build fails: add it, or remove it from this line")
			case ignored != nil && ignored(rel):
				l.add(Must, "copy-ignored", l.docker.Name, c.Line, "COPY "+s, rel+" is excluded from the build context by .dockerignore, so the build fails: add the line !"+rel+" at its end")
			}
		}
	}
}

// startsFile says whether the image starts a program of that name, which is none of a language that is read as it stands.
func (l *look) startsFile(rel string) bool {
	return path.Ext(rel) == "" && slices.ContainsFunc(l.start, func(s step) bool {
		words := strings.Fields(s.text)
		return len(words) > 0 && path.Base(words[0]) == path.Base(rel)
	})
}

// oneUp says whether a path is in one of the two folders above the context, within the same project.
func (l *look) oneUp(dir, rel string) bool {
	abs, err := filepath.Abs(dir)
	for range 2 {
		if err != nil {
			return false
		}
		if _, git := os.Lstat(filepath.Join(abs, ".git")); git == nil {
			return false // the project ends here
		}
		abs = filepath.Dir(abs)
		if _, is := os.Lstat(filepath.Join(abs, filepath.FromSlash(rel))); is == nil {
			return true
		}
	}
	return false
}

// built matches paths under which tools put what they build.
var built = lazy(`(?i)^(?:.*/)?(?:build|target|dist|out|bin|_build|publish|release|rel|artifacts?|\.next|\.output)(?:/|$)|\.(?:jar|war|dll|exe|whl|tar\.gz|tgz|zip)$`)

// ignores says whether the ignore file of a build leaves a path out, nil when it has none.
func ignores(src image.Source) func(string) bool {
	name := image.IgnoreFile(src)
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxFileSize {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // it was only read
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		return nil
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		return nil
	}
	back := slices.ContainsFunc(m.Patterns(), func(p *patternmatcher.Pattern) bool { return p.Exclusion() })
	return func(rel string) bool {
		out, err := m.MatchesOrParentMatches(rel)
		if err != nil || !out {
			return false
		}
		if !back {
			return true
		}
		// A pattern may bring back something within a folder that is left out.
		for _, p := range m.Patterns() {
			if p.Exclusion() && (strings.HasPrefix(p.String(), rel+"/") || strings.ContainsAny(p.String(), "*?[")) {
				return false
			}
		}
		return true
	}
}

// asked is the path and the port that a health check asks, "" and 0 where that cannot be told. Variables are those
// of the Dockerfile; a script of the project is looked into.
func (l *look) asked(command string) (p string, port int) {
	text := l.expanded(command)
	if p, port = askedIn(text); p != "" || port != 0 {
		return p, port
	}
	for _, word := range strings.Fields(text) {
		word = strings.Trim(word, `"'()`)
		if !strings.ContainsAny(word, "./") {
			continue
		}
		base := path.Base(word)
		for _, name := range l.t.files {
			if path.Base(name) != base {
				continue
			}
			if body, ok := l.t.code(name); ok {
				if p, port = askedIn(l.expanded(body)); p != "" || port != 0 {
					return p, port
				}
			}
		}
	}
	return "", 0
}

// expanded is a command with the Dockerfile's variables put in and without its quotes.
func (l *look) expanded(text string) string {
	out := variableUse().ReplaceAllStringFunc(text, func(v string) string {
		m := variableUse().FindStringSubmatch(v)
		if name := m[1] + m[3]; l.docker != nil && l.docker.Env[name].Text != "" {
			return l.docker.Env[name].Text
		}
		return m[2]
	})
	return strings.NewReplacer(`"`, "", `'`, "", "`", "").Replace(out)
}

var variableUse = lazy(`\$(?:\{(\w+)(?::?[-=]([^}]*))?\}|(\w+))`)

var (
	localURL   = lazy(`(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|::1|\$\(hostname(?: -i)?\)|host)(?::(?:(\d*)|\{\w+\}))?(?:\{[\w.]+\})*(/[A-Za-z0-9_./~%-]*)?`)
	askPath    = lazy(`\bpath:\s*(/[A-Za-z0-9_./~-]*)`)
	askPort    = lazy(`\bport:\s*(?:process\.env\.\w+\s*(?:\|\||\?\?)\s*)?(\d{2,5})`)
	askConnect = lazy(`\bnc\s+(?:-\w+\s+)*(?:localhost|127\.0\.0\.1)\s+(\d{2,5})`)
)

func askedIn(text string) (p string, port int) {
	all := localURL().FindAllStringSubmatch(text, 10)
	slices.SortStableFunc(all, func(a, b []string) int { // one with a path says more
		return min(len(b[2]), 2) - min(len(a[2]), 2)
	})
	for _, m := range all {
		if m[1] == "" && m[2] == "" {
			continue
		}
		fmt.Sscanf(m[1], "%d", &port) //nolint:errcheck // no number is no port
		if p = m[2]; p == "" && strings.Contains(m[0], "://") {
			p = "/"
		}
		return strings.ReplaceAll(p, "//", "/"), port
	}
	if m := askPath().FindStringSubmatch(text); m != nil {
		p = m[1]
	}
	if m := askPort().FindStringSubmatch(text); m != nil {
		fmt.Sscanf(m[1], "%d", &port) //nolint:errcheck // it is a number
	}
	if m := askConnect().FindStringSubmatch(text); m != nil && port == 0 {
		fmt.Sscanf(m[1], "%d", &port) //nolint:errcheck // it is a number
	}
	return p, port
}
