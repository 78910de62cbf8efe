package project

import (
	"regexp"
	"strings"
)

// glob is a pattern for paths: * matches within a folder, ** any folders.
type glob struct {
	head, tail string // literal start and end, to be fast
	re         pattern
}

func newGlob(pattern string) glob {
	head, _, wild := strings.Cut(pattern, "*")
	if !wild {
		return glob{head: pattern}
	}
	g := glob{head: head, tail: pattern[strings.LastIndexByte(pattern, '*')+1:]}
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
	return strings.HasPrefix(name, g.head) && strings.HasSuffix(name, g.tail) && g.re().MatchString(name)
}
