package project

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"berth/engine/fail"
	"berth/engine/spec"
)

// Dockerfile is what the last stage of a Dockerfile says about the container, with what it inherits from
// earlier stages that it builds upon. What the base image says is not in it.
type Dockerfile struct {
	Name     string          // as in errors, such as "Dockerfile"
	Stage    string          // name of the last stage, empty when it has none
	Stages   int             // how many stages there are
	Names    []string        // the stages that have a name, by it
	From     Line            // the FROM line of the last stage; Text is the line
	Base     string          // image that the last stage goes back to, with ARGs put in
	Platform Line            // --platform of the last stage; Text is the platform, "" when there is none
	Env      map[string]Line // ENV; Text is the value
	Ports    []Port          // EXPOSE, in order
	Cmd      *Command        // nil when there is none
	Entry    *Command        // ENTRYPOINT, nil when there is none
	User     Line            // USER; Text is the user, "" when there is none
	Volumes  []Line          // VOLUME; Text is the path
	Health   *Command        // HEALTHCHECK CMD, nil when there is none or it is NONE
	WorkDir  string          // WORKDIR, "/" when there is none

	Build // how it comes into being
}

// Line is a value with its line in the file, which is 1-based; zero means that there is no such line.
type Line struct {
	Text string
	Line int
}

// Port is one EXPOSE of a port or a range.
type Port struct {
	From, To int    // the same for a single port
	Protocol string // tcp, udp or sctp
	Line     int

	Published bool // written with a port of the host before it, which means nothing here
}

// holds says whether a folder is the one that the image has the app's own files in: what is copied goes there, or it is
// the WORKDIR and something is copied below it. One that is declared as a volume is meant to be laid over.
func (d *Dockerfile) holds(folder string) bool {
	if d == nil || slices.ContainsFunc(d.Volumes, func(v Line) bool { return path.Clean(v.Text) == folder }) {
		return false
	}
	if len(d.OwnCopy) == 0 {
		return d.WorkDir == folder && folder != "/data"
	}
	return slices.ContainsFunc(d.OwnCopy, func(c Copy) bool {
		dest := path.Clean(firstOf(c.Dest, "/"))
		return dest == folder || d.WorkDir == folder && within(dest, folder)
	})
}

// Command is a CMD, ENTRYPOINT or HEALTHCHECK.
type Command struct {
	Words []string // of the exec form; of the shell form one text
	Shell bool     // written without [ ]: a shell runs it
	Line  int
}

// String is the command as one line.
func (c *Command) String() string { return strings.Join(c.Words, " ") }

// maxExpanded is how many bytes of variables' values a Dockerfile may put in, all together. Values that hold
// each other twice would grow without end.
const maxExpanded = 1 << 20

// reader reads a Dockerfile.
type reader struct {
	name    string
	lex     *shell.Lex
	build   map[string]string // --build-arg
	globals map[string]string // ARG before the first FROM
	asked   []string          // those of them without a value
	stages  []*stage
	left    int      // how many bytes of values may still be put in
	unset   []string // ARGs without a value that the last expansion asked for
}

// ReadDockerfile reads a Dockerfile, with the given build arguments. One that Docker would refuse is a Usage
// fail.Error with name and line; name is only used there.
func ReadDockerfile(name string, text io.Reader, args map[string]string) (*Dockerfile, error) {
	return ReadStage(name, text, "", args)
}

// ReadStage is ReadDockerfile for the stage that is built, by its name or number; "" is the last one. That there
// is no such stage is a Usage fail.Error, too.
func ReadStage(name string, text io.Reader, target string, args map[string]string) (d *Dockerfile, err error) {
	defer func() {
		if p := recover(); p != nil { // the parser is made for builders that live in containers of their own
			d, err = nil, broken(name, 0, fmt.Errorf("it cannot be read (%v)", p), "")
		}
	}()
	result, err := parser.Parse(text)
	if err != nil {
		line := 0
		var at *parser.LocationError
		if errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
			line = at.Locations[0][0].Start.Line
		}
		if line <= 1 && strings.Contains(err.Error(), "no instructions") {
			return nil, broken(name, 0, errors.New("it is empty"), "begin with a line such as FROM debian:12")
		}
		return nil, broken(name, line, err, "")
	}
	r := &reader{name: name, lex: shell.NewLex(result.EscapeToken), build: args, globals: map[string]string{}, left: maxExpanded}
	for _, n := range result.AST.Children {
		if err := r.instruction(n); err != nil {
			return nil, err
		}
	}
	if len(r.stages) == 0 {
		return nil, broken(name, 0, errors.New("it has no FROM"), "begin with a line such as FROM debian:12")
	}
	chosen := len(r.stages) - 1
	if target != "" {
		if chosen = r.stage(target, len(r.stages)); chosen < 0 {
			return nil, r.noStage(target)
		}
	}
	out := r.stages[chosen].Dockerfile
	out.Name, out.Stages, out.Build = name, len(r.stages), r.gather(chosen)
	for _, s := range r.stages {
		if s.Stage != "" {
			out.Names = append(out.Names, s.Stage)
		}
	}
	if out.WorkDir == "" {
		out.WorkDir = "/"
	}
	return &out, nil
}

// broken is the failure for a Dockerfile that Docker would refuse.
func broken(name string, line int, err error, remedy string) error {
	at := name
	if line > 0 {
		at = fmt.Sprintf("%s:%d", name, line)
	}
	if remedy == "" {
		remedy = "fix that line; `docker build .` refuses it, too"
	}
	return &fail.Error{Class: fail.Usage, Cause: at + ": " + clip(err.Error()), Remedy: remedy, Err: err}
}

func (r *reader) instruction(n *parser.Node) error {
	name := strings.ToLower(n.Value)
	if _, ok := command.Commands[name]; !ok {
		remedy := ""
		if near := spec.Nearest(name, slices.Sorted(maps.Keys(command.Commands))); near != "" {
			remedy = "did you mean " + strings.ToUpper(near) + "?"
		}
		return broken(r.name, n.StartLine, fmt.Errorf("there is no instruction %s", n.Value), remedy)
	}
	r.unset = nil
	if name == command.From {
		return r.from(n)
	}
	if len(r.stages) == 0 {
		if name != command.Arg {
			return broken(r.name, n.StartLine, fmt.Errorf("%s stands before the first FROM", strings.ToUpper(name)), "begin with FROM")
		}
		for w := n.Next; w != nil; w = w.Next {
			r.asked = append(r.asked, w.Value)
		}
		return r.arg(n, r.globals, nil)
	}
	s := r.stages[len(r.stages)-1]
	switch name {
	case command.Arg:
		s.declare(n)
		return r.arg(n, s.args, r.globals)
	case command.Copy, command.Add:
		return r.copy(n, s)
	case command.Run:
		r.run(n, s)
	case command.Workdir:
		return r.workdir(n, s)
	case command.Env:
		return r.env(n, s)
	case command.Expose:
		return r.expose(n, s)
	case command.Cmd:
		s.Cmd, s.ownCmd = commandOf(n.Next, n), true
	case command.Entrypoint:
		s.Entry = commandOf(n.Next, n)
		if !s.ownCmd {
			s.Cmd = nil // Docker forgets the inherited CMD
		}
	case command.User:
		user, err := r.expand(word(n.Next), s, n)
		s.User = Line{user, n.StartLine}
		return err
	case command.Volume:
		for w := n.Next; w != nil; w = w.Next {
			path, err := r.expand(w.Value, s, n)
			if err != nil {
				return err
			}
			if path == "" {
				path = w.Value // its variable is one of the base image
			}
			s.Volumes = append(s.Volumes, Line{path, n.StartLine})
		}
	case command.Healthcheck:
		s.Health = nil
		if n.Next != nil && strings.EqualFold(n.Next.Value, "cmd") {
			s.Health = commandOf(n.Next.Next, n)
		}
	}
	return nil
}

// from begins a stage.
func (r *reader) from(n *parser.Node) error {
	var words []string
	for w := n.Next; w != nil; w = w.Next {
		words = append(words, w.Value)
	}
	if len(words) != 1 && (len(words) != 3 || !strings.EqualFold(words[1], "as")) {
		return broken(r.name, n.StartLine, errors.New("FROM needs an image, and may name its stage: FROM image AS name"), "")
	}
	global := &stage{r: r, args: platformArgs(r.globals)}
	base, err := r.expand(words[0], global, n)
	if err != nil {
		return err
	}
	s := &stage{r: r, args: map[string]string{}, declared: map[string]int{}}
	s.Base, s.Env = base, map[string]Line{}
	if at := r.stage(base, len(r.stages)); at >= 0 && !number(base) {
		s = r.stages[at].child()
		s.uses = []int{at}
	}
	s.own.Bases = []Line{{s.Base, n.StartLine}}
	if name := strings.Trim(words[0], "${}"); base == "" && slices.Contains(r.asked, name) {
		s.own.NoBase = []Line{{name, n.StartLine}}
	} else if base == "" {
		return broken(r.name, n.StartLine, fmt.Errorf("FROM %s has no value", words[0]), "name the image, or declare the ARG before FROM")
	}
	s.Stage, s.From = "", Line{strings.TrimSpace(n.Original), n.StartLine}
	if len(words) == 3 {
		s.Stage = words[2]
	}
	for _, flag := range n.Flags {
		if p, ok := strings.CutPrefix(flag, "--platform="); ok {
			if p, err = r.expand(p, global, n); err != nil {
				return err
			}
			s.Platform = Line{p, n.StartLine}
		}
	}
	r.stages = append(r.stages, s)
	return nil
}

// arg reads ARG name, ARG name=value and several of them. A build argument beats the default, a name
// without a value takes that of the ARG before FROM.
func (r *reader) arg(n *parser.Node, into, outer map[string]string) error {
	for w := n.Next; w != nil; w = w.Next {
		name, value, has := strings.Cut(w.Value, "=")
		value, err := r.expand(value, &stage{r: r, args: into}, n)
		if err != nil {
			return err
		}
		if v, ok := outer[name]; ok && !has {
			value, has = v, true
		}
		if v, ok := r.build[name]; ok {
			value, has = v, true
		}
		if has {
			into[name] = value
		}
	}
	return nil
}

// env reads ENV name=value …, for which the parser gives name, value and separator in turn.
func (r *reader) env(n *parser.Node, s *stage) error {
	set := map[string]Line{}
	for w := n.Next; w != nil && w.Next != nil; w = w.Next.Next.Next {
		value, err := r.expand(w.Next.Value, s, n)
		if err != nil {
			return err
		}
		set[w.Value] = Line{value, n.StartLine}
		if w.Next.Next == nil {
			break
		}
	}
	maps.Copy(s.Env, set) // at once: within one ENV the old values count
	return nil
}

func (r *reader) expose(n *parser.Node, s *stage) error {
	if n.Next == nil {
		return broken(r.name, n.StartLine, errors.New("EXPOSE names no port"), "")
	}
	for w := n.Next; w != nil; w = w.Next {
		words, err := r.lex.ProcessWords(w.Value, s)
		if err == nil && r.left < 0 {
			err = errTooMuch
		}
		if err != nil {
			return broken(r.name, n.StartLine, fmt.Errorf("EXPOSE %s: %w", w.Value, err), "")
		}
		for _, text := range words {
			p, err := parsePort(text)
			if err != nil {
				return broken(r.name, n.StartLine, err, "write EXPOSE with a number, such as EXPOSE 4000")
			}
			p.Line = n.StartLine
			s.Ports = append(s.Ports, p)
		}
	}
	return nil
}

// parsePort reads 80, 80/tcp, 53/udp and 8000-8010/tcp, and forms that publish a port of the host, such as
// 8080:80 and 127.0.0.1:8080:80/tcp, of which the last number is the port of the container.
func parsePort(text string) (Port, error) {
	numbers, protocol, _ := strings.Cut(text, "/")
	p := Port{Protocol: strings.ToLower(protocol)}
	if p.Protocol == "" {
		p.Protocol = "tcp"
	}
	inner := numbers[strings.LastIndexByte(numbers, ':')+1:]
	p.Published = inner != numbers
	first, last, isRange := strings.Cut(inner, "-")
	if !isRange {
		last = first
	}
	var err1, err2 error
	p.From, err1 = strconv.Atoi(first)
	p.To, err2 = strconv.Atoi(last)
	if err1 != nil || err2 != nil || p.From < 1 || p.To > 65535 || p.From > p.To ||
		!slices.Contains([]string{"tcp", "udp", "sctp"}, p.Protocol) {
		return Port{}, fmt.Errorf("EXPOSE %s is not a port", text)
	}
	return p, nil
}

func commandOf(words, n *parser.Node) *Command {
	c := &Command{Line: n.StartLine, Shell: !n.Attributes["json"]}
	for w := words; w != nil; w = w.Next {
		c.Words = append(c.Words, w.Value)
	}
	if len(c.Words) == 0 {
		return nil // CMD [] takes back what was inherited
	}
	return c
}

func word(n *parser.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}
