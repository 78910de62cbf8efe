package project

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"berth/assets"
)

// language is what one file of assets.Detectors says about a language: by which marks it is told what a program
// in it needs. Patterns are regular expressions in which ^ and $ are the ends of a line; <name> stands for the
// name of an environment variable, <q> for a quote of any kind, and they see a file without its comments.
type language struct {
	Schema   int         `toml:"schema"`
	ID       string      `toml:"language"`
	Sources  []string    `toml:"sources"`  // how the names of its source files end, such as ".ex"
	Required []*required `toml:"required"` // environment variables without which a program does not start

	find *finder // of the literals of its patterns
}

// required is one way to read an environment variable that has no default: the program ends without it.
type required struct {
	Has     string   `toml:"has"`        // a literal that the file must have, so that few are searched
	Files   []string `toml:"files"`      // globs; the sources of the language when there are none
	With    string   `toml:"files_with"` // a pattern that the file must have somewhere, such as an import
	Pattern string   `toml:"pattern"`
	Name    string   `toml:"name"`       // the variable, when the pattern has no name in it
	Prefix  string   `toml:"prefix"`     // stands before the name in the environment
	Before  string   `toml:"before"`     // the text before it must not match this
	Unless  string   `toml:"unless"`     // the text behind it must not match this
	Arg     string   `toml:"unless_arg"` // the further arguments of the call must not match this
	In      string   `toml:"unless_in"`  // the match itself must not match this
	Then    string   `toml:"then"`       // must follow soon; <var> is the program's variable, <name_is> the name

	globs                             []glob
	re, with, before, unless, arg, in pattern
	literal                           int // index of Has in the finder
}

const nameShape = `[A-Z][A-Z0-9_]+`

// expr is a pattern of a file of detectors as Go's regexp has it.
func expr(text string) pattern {
	if text == "" {
		return nil
	}
	text = strings.ReplaceAll(text, "<q>", "[\"'`]")
	for n := 1; strings.Contains(text, "<name>"); n++ {
		text = strings.Replace(text, "<name>", fmt.Sprintf(`(?P<name_%d>%s)`, n, nameShape), 1) // each has a name of its own
	}
	return lazy(text)
}

func (r *required) prepare() {
	r.globs = newGlobs(r.Files)
	r.re, r.with, r.before = expr(r.Pattern), expr(r.With), behind(r.Before)
	r.unless, r.arg, r.in = expr(r.Unless), expr(r.Arg), expr(r.In)
}

// behind is a pattern that must match up to the end of the text it is given.
func behind(text string) pattern {
	if text == "" {
		return nil
	}
	return expr(strings.TrimSuffix(text, "$") + `\z`)
}

var languages = sync.OnceValues(func() ([]*language, error) {
	files, err := fs.ReadDir(assets.Detectors, "detectors")
	if err != nil {
		return nil, fmt.Errorf("list the detectors: %w", err)
	}
	var all []*language
	for _, file := range files {
		if file.Name() == "marks.toml" {
			continue
		}
		text, err := fs.ReadFile(assets.Detectors, path.Join("detectors", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the detectors: %w", err)
		}
		l, err := decodeLanguage(string(text))
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", file.Name(), err)
		}
		all = append(all, l)
	}
	return all, nil
})

func decodeLanguage(text string) (*language, error) {
	l := &language{}
	dec := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields()
	if err := dec.Decode(l); err != nil {
		return nil, err
	}
	var literals []string
	for _, r := range l.Required {
		if len(r.Has) < 2 || r.Pattern == "" {
			return nil, errors.New("a required without has or pattern")
		}
		r.prepare()
		r.literal = slices.Index(literals, r.Has)
		if r.literal < 0 {
			r.literal = len(literals)
			literals = append(literals, r.Has)
		}
	}
	l.find = newFinder(literals)
	return l, nil
}

// spoken are the languages that are part of the binary. That they decode is what a test is for.
func spoken() []*language {
	all, err := languages()
	if err != nil {
		panic("project: the detectors in this binary are broken: " + err.Error())
	}
	return all
}

// source says whether a file is written in the language.
func (l *language) source(name string) bool { return slices.Contains(l.Sources, path.Ext(name)) }

// reaches says whether a pattern is for a file.
func (r *required) reaches(l *language, name string) bool {
	if len(r.globs) == 0 {
		return l.source(name)
	}
	return slices.ContainsFunc(r.globs, func(g glob) bool { return g.match(name) })
}

// read is a place in the code that reads an environment variable and has no default for it.
type read struct {
	name string
	file string
	at   int // byte offset
	end  int
	line int
	text string
}

// reads are the places in a file that a pattern finds. raw is the file as it is, text is without comments.
func (r *required) reads(name, text string) []read {
	if r.with != nil && !r.with().MatchString(text) {
		return nil
	}
	var out []read
	re := r.re()
	for _, m := range re.FindAllStringSubmatchIndex(text, 200) {
		if !r.holds(text, m) {
			continue
		}
		for _, variable := range r.named(re, text, m) {
			at := m[0]
			for at < m[1] && strings.IndexByte(" \t\r\n", text[at]) >= 0 {
				at++
			}
			if r.Then != "" && !r.follows(text[m[1]:], group(re, text, m, "var"), variable) {
				continue
			}
			x := read{name: r.Prefix + variable, file: name, at: at, end: m[1]}
			x.line, x.text = lineOf(text, at)
			out = append(out, x)
		}
	}
	return out
}

// holds says whether a match has no default value around it.
func (r *required) holds(text string, m []int) bool {
	switch {
	case r.unless != nil && r.unless().MatchString(firstLine(text[m[1]:])),
		r.in != nil && r.in().MatchString(text[m[0]:m[1]]),
		r.before != nil && r.before().MatchString(text[max(0, m[0]-200):m[0]]),
		r.arg != nil && r.arg().MatchString(arguments(text[m[1]-1:])):
		return false
	}
	return true
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// arguments is what stands between the comma at the start of text and the bracket that closes the call.
func arguments(text string) string {
	depth := 1
	for i, c := range []byte(text[:min(len(text), 2000)]) {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return text[:i]
			}
		}
	}
	return firstLine(text)
}

// named are the variables that a match names.
func (r *required) named(re *regexp.Regexp, text string, m []int) []string {
	if r.Name != "" {
		return []string{r.Name}
	}
	if list := group(re, text, m, "names"); list != "" {
		return variableNames().FindAllString(list, -1)
	}
	if name := group(re, text, m, "name"); name != "" {
		return []string{name}
	}
	if connection := group(re, text, m, "connection"); connection != "" {
		return []string{"ConnectionStrings__" + connection}
	}
	if setting := group(re, text, m, "setting"); setting != "" {
		return []string{strings.ReplaceAll(setting, ":", "__")}
	}
	return nil
}

var variableNames = lazy(nameShape)

// group is the text of the first group with a name, or with a number behind it, that took part in a match.
func group(re *regexp.Regexp, text string, m []int, name string) string {
	for i, n := range re.SubexpNames() {
		if (n == name || strings.HasPrefix(n, name+"_")) && m[2*i] >= 0 {
			return text[m[2*i]:m[2*i+1]]
		}
	}
	return ""
}

// soon is how many bytes behind a read its check may stand.
const soon = 600

// follows says whether what makes the read a demand stands behind it.
func (r *required) follows(rest, variable, name string) bool {
	if variable == "" {
		variable = name
	}
	then := strings.NewReplacer("<var>", regexp.QuoteMeta(variable), "<name_is>", regexp.QuoteMeta(name)).Replace(r.Then)
	re, err := regexp.Compile("(?m)" + then)
	return err == nil && re.MatchString(rest[:min(len(rest), soon)])
}
