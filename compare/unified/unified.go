// Package unified writes the difference of two texts as a unified diff, for changes that are proposed to the user and
// never applied. It is pure.
package unified

import (
	"fmt"
	"strings"
)

// context is how many unchanged lines stand around a change.
const context = 3

// Diff is the unified diff of one file, with the a/ and b/ prefixes that git apply and patch -p1 expect. A file that
// is not there yet has an empty old text.
func Diff(name, old, next string) string {
	a, b := lines(old), lines(next)
	ops := edits(a, b)
	var out strings.Builder
	before := "a/" + name
	if old == "" {
		before = "/dev/null"
	}
	fmt.Fprintf(&out, "--- %s\n+++ b/%s\n", before, name)
	for from := 0; from < len(ops); {
		for from < len(ops) && ops[from].kind == ' ' {
			from++
		}
		if from == len(ops) {
			break
		}
		to, quiet := from, 0
		for i := from; i < len(ops) && quiet <= 2*context; i++ {
			if ops[i].kind == ' ' {
				quiet++
				continue
			}
			quiet, to = 0, i+1
		}
		hunk(&out, ops, max(0, from-context), min(len(ops), to+context))
		from = to
	}
	return out.String()
}

// op is one line of a diff: kept (' '), taken out ('-') or put in ('+').
type op struct {
	kind byte
	text string
	a, b int // how many lines of the old and the new text stand before it
}

func hunk(out *strings.Builder, ops []op, from, to int) {
	na, nb := 0, 0
	for _, o := range ops[from:to] {
		if o.kind != '+' {
			na++
		}
		if o.kind != '-' {
			nb++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(ops[from].a, na), span(ops[from].b, nb))
	for _, o := range ops[from:to] {
		text, ended := strings.CutSuffix(o.text, "\n")
		fmt.Fprintf(out, "%c%s\n", o.kind, text)
		if !ended {
			out.WriteString("\\ No newline at end of file\n")
		}
	}
}

// span is the place of a hunk: the first line, counted from 1, and how many. An empty one names the line
// before it.
func span(before, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprint(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}

// lines splits text behind every line break.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	out := strings.SplitAfter(s, "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// reach is how far ahead a walk looks for the place where two texts agree again. The changes made here are
// of a few lines.
const reach = 64

// edits is the operations that turn a into b. It walks both texts, and where they differ takes the fewest
// lines out and in until they agree again; the time grows with the length of the texts, not with its square.
func edits(a, b []string) []op {
	out := make([]op, 0, len(a)+reach)
	i, j := 0, 0
	put := func(kind byte, text string) {
		out = append(out, op{kind, text, i, j})
		if kind != '+' {
			i++
		}
		if kind != '-' {
			j++
		}
	}
	for i < len(a) || j < len(b) {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			put(' ', a[i])
			continue
		}
		gone, come := agree(a[i:], b[j:])
		for range gone {
			put('-', a[i])
		}
		for range come {
			put('+', b[j])
		}
	}
	return out
}

// agree returns how many lines of each text stand before the next line that both have: as few as possible
// together, all of them when there is none within reach.
func agree(a, b []string) (gone, come int) {
	for sum := 1; sum <= reach; sum++ {
		for gone := range sum + 1 {
			come := sum - gone
			if gone < len(a) && come < len(b) && a[gone] == b[come] {
				return gone, come
			}
		}
	}
	return len(a), len(b)
}
