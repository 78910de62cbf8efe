package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"berth/compare/need"
	"berth/engine/project"
)

// Findings writes what a source tree tells for people: each finding with its place and what it means, then
// what berth.toml would get from it.
func Findings(w io.Writer, f *project.Findings) {
	fmt.Fprintf(w, "%s: %s", f.Dir, firstOf(f.Stack, "no framework recognised"))
	switch {
	case f.NoHTTP():
		fmt.Fprint(w, ", answers no HTTP")
	case f.Port != 0:
		fmt.Fprintf(w, ", listens on port %d", f.Port)
	}
	fmt.Fprintln(w)
	for _, g := range []struct {
		severity project.Severity
		head     string
	}{
		{project.Must, "to be answered before the first deployment"}, {project.Should, "worth a change"}, {project.Info, "what was read"},
	} {
		group(w, g.head, f.Findings, g.severity)
	}
	if needs := needs(f); len(needs) > 0 {
		fmt.Fprintln(w, "\n  needs")
		places(w, needs)
	}
	if imports := imports(f); len(imports) > 0 {
		fmt.Fprintln(w, "\n  from other platforms")
		places(w, imports)
	}
	if len(f.Suggests) > 0 {
		fmt.Fprintln(w, "\n  for berth.toml")
		places(w, suggests(f))
	}
}

// group writes the findings of one severity, with how many there are.
func group(w io.Writer, head string, all []project.Finding, severity project.Severity) {
	var own []project.Finding
	for _, x := range all {
		if x.Severity == severity {
			own = append(own, x)
		}
	}
	if len(own) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s (%d)\n", head, len(own))
	for _, x := range own {
		fmt.Fprintf(w, "\n  %s\n", strings.TrimLeft(place(x)+"  "+x.Text, " "))
		if x.Means != "" {
			fmt.Fprintf(w, "    %s\n", x.Means)
		}
		for line := range strings.Lines(x.Diff) {
			fmt.Fprintf(w, "      %s\n", strings.TrimRight(line, "\n"))
		}
	}
}

// places writes lines of two columns: what follows from the source tree, and where it was read.
func places(w io.Writer, lines [][2]string) {
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l[0]))
	}
	for _, l := range lines {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("    %-*s  %s", width, l[0], l[1]), " "))
	}
}

// suggests are the values for berth.toml as they would stand there.
func suggests(f *project.Findings) [][2]string {
	keys := slices.Sorted(maps.Keys(f.Suggests))
	width := 0
	for _, k := range keys {
		width = max(width, len(k))
	}
	var lines [][2]string
	for _, k := range keys {
		o := f.Origins()[k]
		from := o.Place()
		if from == "" {
			from = o.Text
		}
		lines = append(lines, [2]string{fmt.Sprintf("%-*s = %s", width, k, literal(f.Suggests[k])), from})
	}
	return lines
}

// imports are the lines of other platforms' files, each with what becomes of it.
func imports(f *project.Findings) [][2]string {
	var lines [][2]string
	for _, x := range f.Imports {
		becomes := x.Key + " = " + x.Value
		if x.Lost() {
			becomes = "no key for it: " + x.Value
		}
		lines = append(lines, [2]string{x.Place() + "  " + x.Text, becomes})
	}
	return lines
}

func place(x project.Finding) string {
	switch {
	case x.File == "":
		return ""
	case x.Line == 0:
		return x.File
	default:
		return fmt.Sprintf("%s:%d", x.File, x.Line)
	}
}

func literal(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

// needs are the needs by name, each with the place of what made it so.
func needs(f *project.Findings) [][2]string {
	var lines [][2]string
	for _, n := range need.All() {
		if f.Needs.Has(n.ID) {
			lines = append(lines, [2]string{n.Found, f.NeedOrigins()[n.ID].Place()})
		}
	}
	return lines
}
