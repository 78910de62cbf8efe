package longpoll

import (
	"fmt"
	"strings"
)

// context is how many unchanged lines stand around a change.
const context = 3

// diff is the unified diff of one file, with the a/ and b/ prefixes that git apply and patch -p1 expect.
func diff(name, old, next string) string {
	a, b := lines(old), lines(next)
	ops := edits(a, b)
	var out strings.Builder
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", name, name)
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

// edits is the shortest list of operations between two texts that share their beginning and end, found by
// the longest common subsequence of what is left between.
func edits(a, b []string) []op {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	best := make([][]int, len(x)+1)
	for i := range best {
		best[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				best[i][j] = best[i+1][j+1] + 1
			} else {
				best[i][j] = max(best[i+1][j], best[i][j+1])
			}
		}
	}
	var out []op
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
	for n := range head {
		put(' ', a[n])
	}
	for i-head < len(x) || j-head < len(y) {
		p, q := i-head, j-head
		switch {
		case p < len(x) && q < len(y) && x[p] == y[q]:
			put(' ', x[p])
		case p < len(x) && (q == len(y) || best[p+1][q] >= best[p][q+1]):
			put('-', x[p])
		default:
			put('+', y[q])
		}
	}
	for n := range tail {
		put(' ', a[len(a)-tail+n])
	}
	return out
}
