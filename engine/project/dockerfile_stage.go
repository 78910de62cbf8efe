package project

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stage is a stage while it is read.
type stage struct {
	Dockerfile
	r        *reader
	args     map[string]string // ARG values that are in force
	declared map[string]int    // lines of the ARGs without a value
	ownCmd   bool              // CMD was said in this stage, not inherited
	own      Build             // what this stage itself does
	uses     []int             // stages that it builds upon or takes files from, by index
}

// child is a new stage that builds upon s.
func (s *stage) child() *stage {
	c := &stage{Dockerfile: s.Dockerfile, r: s.r, args: maps.Clone(s.args), declared: maps.Clone(s.declared)}
	c.Env = maps.Clone(s.Env)
	c.Ports, c.Volumes = slices.Clone(s.Ports), slices.Clone(s.Volumes)
	return c
}

// platformArgs are the ARGs that BuildKit gives values, which are not known here: they expand to nothing
// that would be mistaken for a platform of the user's.
func platformArgs(globals map[string]string) map[string]string {
	all := map[string]string{}
	for _, side := range []string{"BUILD", "TARGET"} {
		for _, part := range []string{"PLATFORM", "OS", "ARCH", "VARIANT"} {
			all[side+part] = "$" + side + part
		}
	}
	maps.Copy(all, globals)
	return all
}

// expand puts in the values of variables.
func (r *reader) expand(text string, s *stage, n *parser.Node) (string, error) {
	out, _, err := r.lex.ProcessWord(text, s)
	if err == nil && r.left < 0 {
		err = errTooMuch
	}
	if err != nil {
		return "", broken(r.name, n.StartLine, fmt.Errorf("%s: %w", text, err), "")
	}
	return out, nil
}

var errTooMuch = errors.New("its variables are too long")

// Get gives the value of a variable to the shell's lexer: an ENV beats an ARG.
func (s *stage) Get(name string) (string, bool) {
	value, ok := s.args[name]
	if _, declared := s.declared[name]; declared && !ok {
		s.r.unset = append(s.r.unset, name)
	}
	if l, isEnv := s.Env[name]; isEnv {
		value, ok = l.Text, true
	}
	if s.r.left -= len(value); s.r.left < 0 {
		return "", ok // whoever asked the lexer sees that it was too much
	}
	return value, ok
}

// Keys gives the names of all variables to the shell's lexer.
func (s *stage) Keys() []string {
	names := slices.Collect(maps.Keys(s.args))
	return slices.AppendSeq(names, maps.Keys(s.Env))
}
