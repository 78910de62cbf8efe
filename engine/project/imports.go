package project

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Import is one thing that the file of another platform says, and what became of it.
type Import struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"` // what stands there
	Key  string `json:"key"`  // the key of berth.toml that it becomes, "" when there is none like it
	// Value is that of Key as text; without a key it says what the line means here.
	Value string `json:"value"`
}

// Place is where it stands, such as fly.toml:12.
func (x Import) Place() string {
	if x.Line > 0 {
		return fmt.Sprintf("%s:%d", x.File, x.Line)
	}
	return x.File
}

// Lost says that there is no key for it.
func (x Import) Lost() bool { return x.Key == "" }

// platformFiles matches the files in which other platforms are told how to run an app.
var platformFiles = lazy(`^(?:fly\.toml|render\.yaml|railway\.(?:toml|json)|app\.json|Procfile|copilot/.+\.ya?ml|(?:(?:` + strings.Join(composeFolders, "|") + `)/)?(?:docker-)?compose[\w.-]*\.ya?ml)$`)

// listImports tells what was taken over of the files of other platforms, in their order, and what was not.
func (l *look) listImports() {
	at := map[string]bool{}   // places of which something became a key
	told := map[string]bool{} // places of which anything was said
	tell := func(x Import) {
		told[x.Place()] = true
		l.Imports = append(l.Imports, x)
	}
	for _, key := range sortedNames(l.Suggests) {
		o := l.from[key]
		if !platformFiles().MatchString(o.File) {
			continue
		}
		x := Import{File: o.File, Line: o.Line, Text: o.Text, Key: key, Value: valueText(l.Suggests[key])}
		switch name, isEnv := strings.CutPrefix(key, "env."); {
		case isEnv:
			x.Text = name // its value is not told
		case o.File == "fly.toml":
			x.Text = clip(firstOf(l.fly.lineText(o.Line), o.Text))
		}
		at[x.Place()] = true
		tell(x)
	}
	for _, x := range l.Findings.Findings {
		if x.Line == 0 || !platformFiles().MatchString(x.File) || at[x.At()] || x.Variable != nil {
			continue
		}
		i := Import{File: x.File, Line: x.Line, Text: x.Text, Value: x.Means}
		if n := portIn().FindString(x.Text); n != "" && n == fmt.Sprint(l.Suggests["service.port"]) && strings.Contains(x.Text, "port") {
			i.Key, i.Value = "service.port", n // another file says the same
		}
		tell(i)
	}
	rest := l.flyImports()
	for _, p := range l.platforms() {
		rest = append(rest, p.unread...)
	}
	for _, x := range rest {
		if !told[x.Place()] {
			tell(x)
		}
	}
	f := l.Findings
	slices.SortStableFunc(f.Imports, func(a, b Import) int {
		if c := strings.Compare(path.Base(a.File), path.Base(b.File)); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
}

var portIn = lazy(`\d{2,5}`)

// valueText is a value of berth.toml on one line.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []string:
		var all []string
		for _, s := range v {
			all = append(all, fmt.Sprintf("%q", s))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return fmt.Sprint(v)
}
