package report

import (
	"fmt"
	"io"
	"sort"

	"berth/engine/project"
)

// Findings writes what a source tree tells for people: each finding with its place and what it means, then
// what berth.toml would get from it.
func Findings(w io.Writer, f *project.Findings) {
	fmt.Fprintf(w, "%s: %s", f.Dir, firstOf(f.Stack, "no framework recognised"))
	if f.Port != 0 {
		fmt.Fprintf(w, ", listens on port %d", f.Port)
	}
	fmt.Fprintln(w)
	for _, x := range f.Findings {
		fmt.Fprintf(w, "\n  %s  %s\n", place(x), x.Text)
		if x.Means != "" {
			fmt.Fprintf(w, "    %s\n", x.Means)
		}
	}
	if needs := needs(f.Needs); needs != "" {
		fmt.Fprintf(w, "\n  needs      %s\n", needs)
	}
	if len(f.Suggests) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  for berth.toml")
	keys := make([]string, 0, len(f.Suggests))
	width := 0
	for k := range f.Suggests {
		keys = append(keys, k)
		width = max(width, len(k))
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Fprintf(w, "    %-*s = %s\n", width, k, literal(f.Suggests[k]))
	}
}

func place(x project.Finding) string {
	switch {
	case x.File == "":
		return "-"
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

func needs(n project.Needs) string {
	var names []string
	for _, x := range []struct {
		name string
		is   bool
	}{
		{"WebSockets", n.WebSockets},
		{"uploads over WebSockets", n.WebSocketUploads},
		{"clustering", n.Clustering},
		{"persistent storage", n.PersistentStorage},
		{"gRPC", n.GRPC},
		{"arm64", n.ARM64},
		{"sticky sessions", n.StickySessions},
		{"a release command", n.ReleaseCommand},
		{"a database", n.Database},
	} {
		if x.is {
			names = append(names, x.name)
		}
	}
	return join(names...)
}
