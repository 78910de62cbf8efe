package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"berth/engine/fail"
)

// Choice is a Dockerfile that the app may be built from.
type Choice struct {
	File    string `json:"file"`    // relative to Dir, with slashes
	Context string `json:"context"` // the folder that the build reads, "." for all of Dir
	Target  string `json:"target,omitempty"`
	Why     string `json:"why"`           // who says so
	Dir     string `json:"dir,omitempty"` // the folder of an app of its own, for which berth is to run there (-C)

	line int
	from string // the file that says so
}

var dockerfiles = newGlobs([]string{
	"**/Dockerfile", "**/Dockerfile.*", "**/Dockerfile-*", "**/*.Dockerfile", "**/*.dockerfile", "**/Containerfile", "**/dockerfile",
})

// chooseDockerfile finds the Dockerfile: the one of berth.toml, else that of the file that tells another platform how
// to build the app, else the one at the top, else the one that Compose builds.
func (l *look) chooseDockerfile() {
	var said []Choice
	if name := l.fly.text("build", "dockerfile"); name != "" {
		said = append(said, Choice{File: path.Clean(filepath.ToSlash(name)), Context: ".", Why: "the Dockerfile for Fly.io", from: l.fly.name, line: l.fly.line("dockerfile")})
	}
	for _, p := range l.platforms() {
		if p.choice.File != "" {
			said = append(said, p.choice)
		}
	}
	top := Choice{File: "Dockerfile", Context: ".", Why: "at the top"}
	if file, context, target, line := l.compose.dockerfile(); file != "" && l.t.has[file] {
		c := Choice{File: file, Context: context, Target: target, Why: l.compose.name + " builds it", from: l.compose.name, line: line}
		if l.t.has[top.File] && file != top.File && !prodCompose().MatchString(l.compose.name) {
			said = append(said, top)
		}
		if file != top.File && !forOthers().MatchString(strings.ToLower(path.Base(file))) {
			said = append(said, c)
		}
	}
	if !slices.ContainsFunc(said, func(c Choice) bool { return c.File == top.File }) {
		said = append(said, top)
	}
	for _, c := range said {
		if l.t.has[c.File] || c.File == "Dockerfile" && l.exists(c.File) {
			l.Dockerfiles = append(l.Dockerfiles, c)
		}
	}
	for _, name := range byLikelihood(l.t.match(dockerfiles)) {
		if slices.ContainsFunc(l.Dockerfiles, func(c Choice) bool { return c.File == name }) || strings.HasSuffix(name, ".dockerignore") || !ships(name) {
			continue
		}
		c := Choice{File: name, Context: ".", Why: "there, too"}
		if dir := path.Dir(name); dir != "." && path.Base(name) == "Dockerfile" && slices.ContainsFunc(manifests, func(m string) bool { return l.t.has[path.Join(dir, m)] }) {
			c.Dir, c.Why = dir, "an app of its own"
		}
		l.Dockerfiles = append(l.Dockerfiles, c)
	}
	l.take()
}

// take builds from the likeliest Dockerfile, unless berth.toml names one or the usual one is there.
func (l *look) take() {
	if l.spec.Image.Dockerfile != "" || len(l.Dockerfiles) == 0 || l.Dockerfiles[0].File == "Dockerfile" {
		return
	}
	c := l.Dockerfiles[0]
	if c.from == "" && (c.Dir != "" && !l.sourcesAbove(c) || forOthers().MatchString(strings.ToLower(path.Base(c.File)))) {
		return // an app of its own, for which berth is to run there, or one that is for something else
	}
	why := c.Why
	if c.from == "" {
		why = "the only Dockerfile"
		if n := len(l.Dockerfiles) - 1; n > 0 {
			why = fmt.Sprintf("the likeliest of %d Dockerfiles", n+1)
			l.add(Should, "dockerfile-choice", c.File, 0, c.File, "one of several Dockerfiles; the others are "+l.otherDockerfiles()+"; to build another, set dockerfile under [image] in berth.toml")
		}
	}
	l.spec.Image.Dockerfile = c.File
	l.suggest("image.dockerfile", c.File, c.from, c.line, why)
	if c.Context != "." && l.spec.Image.Context == "" {
		l.spec.Image.Context = c.Context
		l.suggest("image.context", c.Context, c.from, c.line, why)
	}
}

// otherDockerfiles names some that were not taken.
func (l *look) otherDockerfiles() string {
	var others []string
	for _, o := range l.Dockerfiles[1:min(len(l.Dockerfiles), 5)] {
		others = append(others, o.File)
	}
	return strings.Join(others, ", ")
}

// sourcesAbove says whether a Dockerfile in a folder below takes its files from the top of the tree: more of what it
// copies is there than in its own folder.
func (l *look) sourcesAbove(c Choice) bool {
	text, ok := l.t.text(c.File)
	if !ok {
		return false
	}
	d, err := ReadDockerfile(c.File, strings.NewReader(text), nil)
	if err != nil {
		return false
	}
	above, beside := 0, 0
	for _, copied := range d.Copies {
		if copied.From != "" {
			continue
		}
		for _, s := range copied.Sources {
			s = path.Clean("/" + s)[1:]
			if s == "" {
				continue
			}
			if l.exists(s) {
				above++
			}
			if l.exists(path.Join(path.Dir(c.File), s)) {
				beside++
			}
		}
	}
	return above > beside
}

func (l *look) exists(name string) bool {
	_, err := l.t.root.Lstat(name)
	return err == nil
}

// byLikelihood puts Dockerfiles for production first, and those that are for something else last.
func byLikelihood(names []string) []string {
	score := func(name string) int {
		s := strings.Count(name, "/")
		base := strings.ToLower(name)
		switch {
		case forOthers().MatchString(base):
			s += 100
		case strings.Contains(base, "prod"), strings.Contains(base, "deploy"), strings.Contains(base, "fly"):
			s -= 10
		case strings.Contains(base, "default"), strings.Contains(base, "stable"):
			s--
		case strings.Contains(base, "alpine"), strings.Contains(base, "edge"):
			s++
		}
		return s
	}
	out := slices.Clone(names)
	slices.SortStableFunc(out, func(a, b string) int { return score(a) - score(b) })
	return out
}

var forOthers = lazy(`dev|test|builder|\bbuild\b|base|\bci\b|debug|local|lint|docs|windows|bench|e2e|debian|\brpm\b|\bdeb\b|migrat|seed|sandbox`)

// stage is the build stage that is asked for, and who asks.
func (l *look) target() (name, file string, line int) {
	if v, ok := l.spec.Get("image.target"); ok {
		if s, _ := v.(string); s != "" {
			return s, "berth.toml", l.spec.Origins["image.target"].Line
		}
	}
	if s := l.fly.text("build", "build-target"); s != "" {
		return s, l.fly.name, l.fly.line("build-target")
	}
	for _, c := range l.Dockerfiles {
		if c.Target != "" && c.File == l.name() && (c.from != "" && (l.compose == nil || c.from != l.compose.name) || prodCompose().MatchString(c.from)) {
			return c.Target, c.from, c.line
		}
	}
	return "", "", 0
}

// name is the path of the Dockerfile, relative to the tree.
func (l *look) name() string {
	_, file := l.spec.BuildContext()
	if rel, err := filepath.Rel(l.t.dir, file); err == nil {
		return filepath.ToSlash(rel)
	}
	return file
}

// readDockerfile finds the Dockerfile and reads it.
func (l *look) readDockerfile() error {
	dir, file := l.spec.BuildContext()
	if rel, err := filepath.Rel(l.t.dir, dir); err == nil {
		l.context = path.Clean(filepath.ToSlash(rel))
	}
	name := l.name()
	text, err := readDockerfile(l.t, file, name)
	if err != nil {
		return err
	}
	args := map[string]string{}
	if given, ok := l.fly.value("build", "args").(map[string]any); ok {
		for k, v := range given {
			args[k] = fmt.Sprint(v)
		}
	}
	for k, v := range l.spec.Image.Args {
		args[k] = v
	}
	target, from, line := l.target()
	d, err := ReadStage(name, strings.NewReader(text), target, args)
	if better := l.betterStage(d, target); better != "" {
		if c, failed := ReadStage(name, strings.NewReader(text), better, args); failed == nil {
			d = c
		}
	}
	if none := (*noStageError)(nil); errors.As(err, &none) {
		l.add(Must, "dockerfile-no-stage", from, line, "stage "+target, fail.From(err).Cause+"; "+fail.From(err).Remedy)
		d, err = ReadStage(name, strings.NewReader(text), "", args)
	} else if err == nil && target != "" {
		means := "this stage is built, and not the last one"
		if !settable("image.target") {
			means += " of the Dockerfile: let the build target " + target + " be its last stage, because berth builds the last one"
		}
		l.add(Info, "dockerfile-target", from, line, "build target "+target, means)
		l.suggest("image.target", target, from, line, "build target")
	}
	if err != nil {
		return err
	}
	l.docker, l.Dockerfile = d, d
	if l.flyCommand, l.flyEntry = l.fly.command(); l.flyEntry != nil {
		d.Entry = l.flyEntry
		if l.flyCommand == nil {
			d.Cmd = nil
		}
	}
	return nil
}

var (
	sideStage = lazy(`(?i)test|\bdev|development|lint|\bci\b|artifact|debug|migrat|\bdocs?\b|storybook`)
	mainStage = lazy(`(?i)^(?:release|prod|production|final|runtime|runner|run|app|server|web|deploy|main)$`)
)

// betterStage is the stage that is for production where the last one, which would be built, is for something else.
func (l *look) betterStage(d *Dockerfile, asked string) string {
	if d == nil || asked != "" || l.spec.Said("image.target") || !sideStage().MatchString(d.Stage) {
		return ""
	}
	i := slices.IndexFunc(d.Names, func(n string) bool { return mainStage().MatchString(n) })
	if i < 0 {
		return ""
	}
	l.add(Should, "dockerfile-stage-choice", d.Name, d.From.Line, d.From.Text, "the last stage does not look like the one to run, so "+d.Names[i]+" is built: set target under [image] in berth.toml to build another")
	l.suggest("image.target", d.Names[i], d.Name, d.From.Line, "the stage for production")
	return d.Names[i]
}

// readDockerfile reads a Dockerfile in the tree, or elsewhere when berth.toml says so.
func readDockerfile(t *tree, file, name string) (string, error) {
	inside := filepath.IsLocal(name)
	info, err := os.Stat(file)
	if inside {
		info, err = t.root.Stat(name)
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err == nil {
		var in fs.File
		if inside {
			in, err = t.root.Open(name)
		} else {
			in, err = os.Open(file)
		}
		if err == nil {
			defer in.Close() //nolint:errcheck // it was only read
			var b []byte
			if b, err = io.ReadAll(io.LimitReader(in, maxFileSize+1)); err == nil && len(b) > maxFileSize {
				err = errors.New("it is too large")
			}
			if err == nil {
				return decode(b), nil
			}
		}
	}
	e := &fail.Error{Class: fail.Usage, Cause: name + " cannot be read", Evidence: err.Error(), Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Cause, e.Evidence = "there is no "+name+" in "+t.dir, ""
	}
	return "", e
}

// missing completes the error about a Dockerfile that is not there with what would help here.
func (l *look) missing(err error) error {
	var e *fail.Error
	if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(l.Dockerfiles) > 0 {
		c := l.Dockerfiles[0]
		e.Remedy = "there is " + c.File + ": write dockerfile = \"" + c.File + "\" under [image] in berth.toml"
		if c.Dir != "" {
			e.Remedy = "there is an app of its own in " + c.Dir + ": run berth in that folder, or with -C " + c.Dir
		}
		if len(l.Dockerfiles) > 1 {
			e.Remedy += "; others are " + l.otherDockerfiles()
		}
		return e
	}
	switch l.Stack {
	case "phoenix":
		e.Remedy = "`mix phx.gen.release --docker` writes one for a Phoenix app; "
	case "":
		e.Remedy = "run berth in the folder of the app, or write a Dockerfile; "
	default:
		e.Remedy = "write a Dockerfile that builds and starts the app; "
	}
	e.Remedy += "or deploy an image that exists with --image REF"
	return e
}
