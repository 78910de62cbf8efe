package project

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"berth/assets"
)

// detectors is assets.Detectors, decoded.
type detectors struct {
	Schema    int         `toml:"schema"`
	Stacks    []*stackDef `toml:"stack"`
	Bases     []*baseDef  `toml:"base"`
	Detectors []*detector `toml:"detector"`
}

// proof is where a fact comes from.
type proof struct {
	Source     string `toml:"source"`
	AsOf       string `toml:"as_of"`
	Confidence string `toml:"confidence"`
}

type stackDef struct {
	proof
	ID      string   `toml:"id"`
	Files   []string `toml:"files"`
	Pattern string   `toml:"pattern"`
	Port    int      `toml:"port"`

	globs []glob
	re    *regexp.Regexp
}

type baseDef struct {
	proof
	Image string `toml:"image"`
	Port  int    `toml:"port"`

	re *regexp.Regexp
}

type detector struct {
	proof
	ID          string            `toml:"id"`
	Stack       string            `toml:"stack"`
	Files       []string          `toml:"files"`
	Pattern     string            `toml:"pattern"`
	Section     string            `toml:"section"`
	Names       []string          `toml:"names"`
	Exclude     string            `toml:"exclude"`
	AlsoFiles   []string          `toml:"also_files"`
	AlsoPattern string            `toml:"also_pattern"`
	Needs       []string          `toml:"needs"`
	Cancels     []string          `toml:"cancels"`
	Weak        bool              `toml:"weak"`
	Severity    Severity          `toml:"severity"`
	Port        int               `toml:"port"`
	Text        string            `toml:"text"`
	Means       string            `toml:"means"`
	Suggests    map[string]string `toml:"suggests"`

	globs, also         []glob
	re, exclude, alsoRE *regexp.Regexp
}

var embedded = sync.OnceValues(func() (*detectors, error) { return decodeMarks() })

func decodeMarks() (*detectors, error) {
	text, err := fs.ReadFile(assets.Detectors, "detectors/marks.toml")
	if err != nil {
		return nil, fmt.Errorf("read the detectors: %w", err)
	}
	return decodeDetectors(string(text))
}

// known are the detectors that are part of the binary. That they decode is what a test is for.
func known() *detectors {
	d, err := embedded()
	if err != nil {
		panic("project: the detectors in this binary are broken: " + err.Error())
	}
	return d
}

func decodeDetectors(text string) (*detectors, error) {
	var d detectors
	dec := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("decode detectors: %w", err)
	}
	var failed error
	compile := func(expr string) *regexp.Regexp {
		if expr == "" {
			return nil
		}
		re, err := regexp.Compile("(?m)" + expr)
		if err != nil && failed == nil {
			failed = fmt.Errorf("decode detectors: %w", err)
		}
		return re
	}
	for _, s := range d.Stacks {
		s.globs, s.re = newGlobs(s.Files), compile(s.Pattern)
	}
	for _, b := range d.Bases {
		b.re = compile(b.Image)
	}
	for _, x := range d.Detectors {
		x.globs, x.also = newGlobs(x.Files), newGlobs(x.AlsoFiles)
		x.re, x.exclude, x.alsoRE = compile(x.Pattern), compile(x.Exclude), compile(x.AlsoPattern)
	}
	return &d, failed
}

// hit is a place where a mark stands.
type hit struct {
	file string
	line int
	text string
}

// detect finds the stack and what its marks mean.
func (f *Findings) detect(ctx context.Context, t *tree) error {
	d := known()
	f.findStack(t, d)
	cancelled := map[string]bool{}
	var found []*detector
	hits := map[*detector]hit{}
	for _, x := range d.Detectors {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, ok := x.find(t)
		if !ok {
			continue
		}
		found = append(found, x)
		hits[x] = h
		for _, c := range x.Cancels {
			cancelled[c] = true
		}
	}
	for _, x := range found {
		f.apply(x, hits[x], cancelled)
	}
	f.uploads(t)
	return nil
}

func (f *Findings) findStack(t *tree, d *detectors) {
	for _, s := range d.Stacks {
		for _, name := range t.match(s.globs) {
			text, ok := t.text(name)
			if !ok || s.re != nil && !s.re.MatchString(text) {
				continue
			}
			f.Stack = s.ID
			if s.Port > 0 && len(f.ports) == 0 {
				f.ports = append(f.ports, candidate{s.Port, "", 0, "usual for " + s.ID})
				f.add(Should, "usual-port", name, 0, name, fmt.Sprintf("nothing names a port; apps like this usually listen on %d", s.Port))
			}
			return
		}
	}
}

// apply makes a finding of a mark that was found.
func (f *Findings) apply(x *detector, h hit, cancelled map[string]bool) {
	means := x.Means
	for _, n := range x.Needs {
		if cancelled[n] {
			means += "; another finding says that this app does without"
			continue
		}
		if !x.Weak {
			f.Need(n, origin(h.file, h.line, h.text))
		}
	}
	severity := x.Severity
	if severity == "" {
		severity = Info
	}
	f.add(severity, x.ID, h.file, h.line, h.text, means)
	for key, value := range x.Suggests {
		if cancelled["clustering"] && (key == "network.clustering" || strings.Contains(value, "${namespace}")) {
			continue
		}
		f.suggest(key, value, h.file, h.line, h.text)
	}
	if x.Port > 0 && len(f.ports) > 0 && f.ports[0].file == "" {
		f.ports[0] = candidate{x.Port, h.file, h.line, "usual for " + x.ID}
	}
}

// find looks for the mark in the tree.
func (x *detector) find(t *tree) (hit, bool) {
	for _, name := range t.match(x.globs) {
		text, ok := t.text(name)
		if !ok {
			continue
		}
		at := x.at(text)
		if at < 0 || !x.confirmed(t) {
			continue
		}
		h := hit{file: name}
		h.line, h.text = lineOf(text, at)
		if x.Text != "" {
			h.text = x.Text
		}
		return h, true
	}
	return hit{}, false
}

// at is the offset of the mark in a file, -1 when it is not there.
func (x *detector) at(text string) int {
	if x.Section != "" {
		return dependency(text, x.Section, x.Names)
	}
	for _, m := range x.re.FindAllStringIndex(text, 50) {
		at := m[0] + len(text[m[0]:m[1]]) - len(strings.TrimLeft(text[m[0]:m[1]], " \t\r\n"))
		_, line := lineOf(text, at)
		if comment(line) || x.exclude != nil && x.exclude.MatchString(line) {
			continue
		}
		return at
	}
	return -1
}

// confirmed says whether the second mark is there, when there must be one.
func (x *detector) confirmed(t *tree) bool {
	if x.alsoRE == nil {
		return true
	}
	return slices.ContainsFunc(t.match(x.also), func(name string) bool {
		text, ok := t.text(name)
		return ok && x.alsoRE.MatchString(text)
	})
}

func comment(line string) bool {
	for _, c := range []string{"#", "//", "*", "--", "<!--", ";"} {
		if strings.HasPrefix(line, c) {
			return true
		}
	}
	return false
}

// dependency is the offset of the first of names in an object of a JSON file, -1 when none is there.
func dependency(text, section string, names []string) int {
	var doc map[string]json.RawMessage
	var deps map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &doc) != nil || json.Unmarshal(doc[section], &deps) != nil {
		return -1
	}
	for _, n := range names {
		if _, ok := deps[n]; !ok {
			continue
		}
		// The same name may stand in other objects before this one.
		from := max(0, strings.Index(text, `"`+section+`"`))
		if at := strings.Index(text[from:], `"`+n+`"`); at >= 0 {
			return from + at
		}
		return 0
	}
	return -1
}

var allowUpload = regexp.MustCompile(`(?m)^[^#\n]*\ballow_upload\(`)

// uploads finds file uploads of LiveView, which go over the WebSocket unless they are external.
func (f *Findings) uploads(t *tree) {
	for _, name := range t.match(liveViews) {
		text, ok := t.text(name)
		if !ok {
			continue
		}
		for _, m := range allowUpload.FindAllStringIndex(text, 20) {
			line, shown := lineOf(text, m[1]-1)
			if strings.Contains(call(text[m[1]-1:]), "external:") {
				f.add(Info, "phoenix-external-uploads", name, line, shown, "the browser sends these files straight to a store such as S3, not through the app")
				continue
			}
			f.add(Info, "phoenix-websocket-uploads", name, line, shown,
				"files are uploaded over the WebSocket: a service without WebSockets breaks this, and long polling is no way out")
			f.Need("websocket_uploads", origin(name, line, shown))
			f.Need("websockets", origin(name, line, shown))
			return
		}
	}
}

var liveViews = newGlobs([]string{"lib/**/*.ex"})

// call is the text of a call from its opening parenthesis to the closing one.
func call(text string) string {
	depth := 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[:i]
			}
		}
		if i > 4000 {
			break
		}
	}
	return text[:min(len(text), 400)]
}

// basePort is the port that a base image listens on, 0 when it is not known.
func basePort(image string) int {
	for _, b := range known().Bases {
		if b.re.MatchString(image) {
			return b.Port
		}
	}
	return 0
}
