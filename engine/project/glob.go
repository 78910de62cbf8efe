package project

import (
	"regexp"
	"strings"
)

// glob is a pattern for paths: * matches within a folder, ** any folders.
type glob struct {
	head, tail string // literal start and end, to be fast
	re         pattern

	ends  bool // of the form a/**/*b: start and end decide
	named bool // of the form a/**/b: start and the last parts decide
}

func newGlob(pattern string) glob {
	head, _, wild := strings.Cut(pattern, "*")
	if !wild {
		return glob{head: pattern}
	}
	g := glob{head: head, tail: pattern[strings.LastIndexByte(pattern, '*')+1:]}
	tail := g.tail
	switch middle := pattern[len(head) : len(pattern)-len(tail)]; {
	case middle == "**/*" && !strings.Contains(tail, "/"):
		g.ends = true
	case middle == "**" && strings.HasPrefix(tail, "/"):
		g.named = true
	}
	expr := regexp.QuoteMeta(pattern)
	expr = strings.ReplaceAll(expr, `\*\*/`, `(?:.*/)?`)
	expr = strings.ReplaceAll(expr, `\*`, `[^/]*`)
	g.re = lazy(`\A` + expr + `\z`)
	g.tail = strings.TrimPrefix(g.tail, "/") // **/x matches x, too
	return g
}

func newGlobs(patterns []string) []glob {
	out := make([]glob, len(patterns))
	for i, p := range patterns {
		out[i] = newGlob(p)
	}
	return out
}

func (g glob) match(name string) bool {
	if g.re == nil {
		return name == g.head
	}
	if len(name) < len(g.head)+len(g.tail) || !strings.HasPrefix(name, g.head) || !strings.HasSuffix(name, g.tail) {
		return false
	}
	switch {
	case g.ends:
		return true
	case g.named:
		before := name[:len(name)-len(g.tail)]
		return before == g.head || strings.HasSuffix(before, "/")
	}
	return g.re().MatchString(name)
}
