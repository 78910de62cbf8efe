package project

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Build is what the stages do that an image is made of: the built one, those it builds upon and those it takes
// files from.
type Build struct {
	Bases    []Line // images that the stages begin with, that of the built stage first
	Copies   []Copy // COPY and ADD, in order
	OwnCopy  []Copy // those of the built stage itself
	Runs     []Line // RUN; Text is the command
	OwnRuns  []Line // those of the built stage itself
	Unset    []Line // ARGs without a value that paths or checks depend on; Text is the name
	NoBase   []Line // FROMs whose image is an ARG without a value; Text is its name
	BuildKit []Line // what only BuildKit understands; Text says what
	Secrets  []Line // secrets that RUN mounts; Text is the id
	SSH      []Line // keys for SSH that RUN mounts; Text is the id
}

// Copy is one COPY or ADD.
type Copy struct {
	Sources []string // as written, with variables put in
	From    string   // stage or image that they are in, "" for the build context
	Dest    string
	Line    int
	Unset   bool // a variable in it has no value
}

// stage is the index of the last stage before limit with a name or number, -1 when there is none.
func (r *reader) stage(name string, limit int) int {
	for i := min(limit, len(r.stages)) - 1; i >= 0; i-- {
		if r.stages[i].Stage != "" && strings.EqualFold(r.stages[i].Stage, name) {
			return i
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < min(limit, len(r.stages)) {
		return n
	}
	return -1
}

func number(text string) bool { _, err := strconv.Atoi(text); return err == nil }

// noStageError says that there is no such stage.
type noStageError struct{ stage string }

// Error implements error.
func (e *noStageError) Error() string { return "it has no stage " + e.stage }

// noStage is the failure for a stage that is not there.
func (r *reader) noStage(target string) error {
	var names []string
	for _, s := range r.stages {
		if s.Stage != "" {
			names = append(names, s.Stage)
		}
	}
	remedy := "its stages have no names; leave target out to build the last one"
	if len(names) > 0 {
		remedy = "its stages are " + strings.Join(names, ", ")
	}
	return broken(r.name, 0, &noStageError{target}, remedy)
}

// gather is what the stages do that the chosen one needs, in the order of the file.
func (r *reader) gather(chosen int) Build {
	needed := map[int]bool{}
	var visit func(int)
	visit = func(i int) {
		if !needed[i] {
			needed[i] = true
			for _, u := range r.stages[i].uses {
				visit(u)
			}
		}
	}
	visit(chosen)
	b := Build{Bases: slices.Clone(r.stages[chosen].own.Bases), OwnCopy: slices.Clone(r.stages[chosen].own.Copies), OwnRuns: slices.Clone(r.stages[chosen].own.Runs)}
	for i, s := range r.stages {
		if !needed[i] {
			continue
		}
		b.Copies = append(b.Copies, s.own.Copies...)
		b.Runs = append(b.Runs, s.own.Runs...)
		b.Unset = append(b.Unset, s.own.Unset...)
		b.NoBase = append(b.NoBase, s.own.NoBase...)
		b.BuildKit = append(b.BuildKit, s.own.BuildKit...)
		b.Secrets = append(b.Secrets, s.own.Secrets...)
		b.SSH = append(b.SSH, s.own.SSH...)
	}
	for i, s := range slices.Backward(r.stages) {
		if needed[i] && i != chosen {
			b.Bases = append(b.Bases, s.own.Bases...)
		}
	}
	return b
}

// declare notes the ARGs of an instruction, for when one is used that has no value.
func (s *stage) declare(n *parser.Node) {
	for w := n.Next; w != nil; w = w.Next {
		name, _, has := strings.Cut(w.Value, "=")
		if !has && !predefined(name) {
			s.declared[name] = n.StartLine
		}
	}
}

// predefined says whether Docker gives an ARG a value by itself.
func predefined(name string) bool {
	for _, p := range []string{"TARGET", "BUILD"} {
		for _, part := range []string{"PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"} {
			if name == p+part {
				return true
			}
		}
	}
	return strings.HasPrefix(name, "BUILDKIT_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") || name == "SOURCE_DATE_EPOCH" || name == "TARGETSTAGE"
}

// missed notes the variables without a value that the last expansion asked for.
func (s *stage) missed() bool {
	for _, name := range s.r.unset {
		s.needs(name)
	}
	return len(s.r.unset) > 0
}

func (s *stage) needs(name string) {
	line := s.declared[name]
	if !slices.ContainsFunc(s.own.Unset, func(l Line) bool { return l.Text == name }) {
		s.own.Unset = append(s.own.Unset, Line{name, line})
	}
}

func (s *stage) onlyBuildKit(text string, line int) {
	s.own.BuildKit = append(s.own.BuildKit, Line{text, line})
}

// copy reads COPY and ADD.
func (r *reader) copy(n *parser.Node, s *stage) error {
	c := Copy{Line: n.StartLine}
	name := strings.ToUpper(n.Value)
	for _, flag := range n.Flags {
		key, value, _ := strings.Cut(flag, "=")
		switch key {
		case "--from":
			from, err := r.expand(value, s, n)
			if err != nil {
				return err
			}
			c.From = from
			if at := r.stage(from, len(r.stages)-1); at >= 0 {
				s.uses = append(s.uses, at)
			}
		case "--chown":
		default:
			s.onlyBuildKit(name+" "+key, n.StartLine)
		}
	}
	heredocs := map[string]bool{}
	for _, h := range n.Heredocs {
		heredocs[h.Name] = true
		s.onlyBuildKit(name+" with a text behind <<", n.StartLine)
	}
	var words []string
	for w := n.Next; w != nil; w = w.Next {
		r.unset = nil
		text, err := r.expand(w.Value, s, n)
		if err != nil {
			return err
		}
		c.Unset = s.missed() || c.Unset
		words = append(words, text)
	}
	if len(words) < 2 {
		return nil
	}
	if c.Dest = words[len(words)-1]; !path.IsAbs(c.Dest) && !strings.HasPrefix(c.Dest, "$") {
		c.Dest = path.Join(firstOf(s.WorkDir, "/"), c.Dest)
	}
	for _, w := range words[:len(words)-1] {
		if !strings.HasPrefix(w, "<<") {
			c.Sources = append(c.Sources, w)
		}
	}
	s.own.Copies = append(s.own.Copies, c)
	return nil
}

// checks matches a test in RUN that ends the build when a variable has no value.
var checks = lazy(`(?:^|&&|;)\s*(?:test\s+-n|\[\s+-n)\s+"?\$\{?(\w+)\}?"?|\$\{(\w+):?\?|(?:test\s+-z|\[\s+-z)\s+"?\$\{?(\w+)\}?"?[^\n]*\bexit\s+[1-9]`)

// run reads RUN as far as it matters here: mounts, and ARGs that it checks.
func (r *reader) run(n *parser.Node, s *stage) {
	_, text, _ := strings.Cut(n.Original, " ")
	for _, h := range n.Heredocs {
		text += "\n" + h.Content
		s.onlyBuildKit("RUN with a text behind <<", n.StartLine)
	}
	for _, flag := range n.Flags {
		key, value, _ := strings.Cut(flag, "=")
		s.onlyBuildKit("RUN "+key, n.StartLine)
		s.mounted(value, n.StartLine)
		for part := range strings.SplitSeq(value, ",") {
			if from, ok := strings.CutPrefix(part, "from="); ok {
				if at := r.stage(from, len(r.stages)-1); at >= 0 {
					s.uses = append(s.uses, at)
				}
			}
		}
	}
	s.own.Runs = append(s.own.Runs, Line{text, n.StartLine})
	for _, m := range checks().FindAllStringSubmatch(text, 20) {
		name := m[1] + m[2] + m[3]
		if _, has := s.args[name]; has || s.Env[name].Text != "" {
			continue
		}
		if _, declared := s.declared[name]; declared {
			s.needs(name)
		}
	}
}

// mounted notes the secret or the key that a mount gives to RUN.
func (s *stage) mounted(mount string, line int) {
	kind, id := "", ""
	for part := range strings.SplitSeq(mount, ",") {
		key, value, _ := strings.Cut(part, "=")
		if key == "type" {
			kind = value
		}
		if key == "id" || id == "" && (key == "target" || key == "dst") {
			id = path.Base(value)
		}
	}
	if kind == "ssh" {
		s.own.SSH = append(s.own.SSH, Line{firstOf(id, "default"), line})
	}
	if kind == "secret" && id != "" && !slices.ContainsFunc(s.own.Secrets, func(l Line) bool { return l.Text == id }) {
		s.own.Secrets = append(s.own.Secrets, Line{id, line})
	}
}

// workdir reads WORKDIR, which goes on from the one before when it is relative.
func (r *reader) workdir(n *parser.Node, s *stage) error {
	dir, err := r.expand(word(n.Next), s, n)
	if err != nil {
		return err
	}
	s.missed()
	if !path.IsAbs(dir) {
		dir = path.Join("/", s.WorkDir, dir)
	}
	s.WorkDir = path.Clean(dir)
	return nil
}
