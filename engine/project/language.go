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
// name of an environment variable, <q> for a quote of any kind, <health> for a path that tells whether an app is
// well; and they see a file without its comments.
type language struct {
	Schema     int          `toml:"schema"`
	ID         string       `toml:"language"`
	Source     string       `toml:"source"` // where the facts come from, unless an entry says otherwise
	AsOf       string       `toml:"as_of"`
	Sources    []string     `toml:"sources"`   // how the names of its source files end, such as ".ex"
	Stacks     []*stack     `toml:"stack"`     // the kinds of programs, the most special first
	Bases      []*base      `toml:"base"`      // what is known of base images
	Servers    []*server    `toml:"server"`    // programs that are started and listen
	Ports      []*portMark  `toml:"port"`      // where settings and code name a port
	Routes     []*route     `toml:"route"`     // where code answers whether the app is well
	Migrations []*migration `toml:"migration"` // what has to run before a new version
	Required   []*required  `toml:"required"`  // environment variables without which a program does not start
	Demands    []*demand    `toml:"demand"`    // variables without which a framework itself does not start
	Marks      []*mark      `toml:"mark"`      // everything else that is told by a library or a pattern

	find *finder // of the literals of its patterns
}

// stack is a kind of program.
type stack struct {
	ID      string   `toml:"id"`
	Files   []string `toml:"files"`   // one of these is there
	Deps    []string `toml:"deps"`    // and one of these libraries, when there are any
	Pattern string   `toml:"pattern"` // and it has this, when there is a pattern
	Port    int      `toml:"port"`    // what such programs listen on when nobody says otherwise

	globs []glob
	re    pattern
}

// base is what is known of a base image.
type base struct {
	Image    string `toml:"image"`
	Port     int    `toml:"port"`     // it listens there by itself
	Language string `toml:"language"` // what is written in it
	Starts   string `toml:"starts"`   // what it starts when the Dockerfile says nothing

	// What an image that is an app in itself needs.
	Needs  []string `toml:"needs"`
	Engine string   `toml:"engine"` // the kind of its database
	Stores []string `toml:"stores"` // folders in which it keeps what must outlive the container

	re pattern
}

// server is a program that is started and listens.
type server struct {
	ID       string   `toml:"id"`
	Start    string   `toml:"start"`     // in the command
	Port     int      `toml:"port"`      // it listens there by itself
	PortFlag string   `toml:"port_flag"` // the argument with another, as a group
	PortEnv  []string `toml:"port_env"`  // variables with another
	Loopback bool     `toml:"loopback"`  // by itself it listens on 127.0.0.1
	Host     string   `toml:"host"`      // the argument, or a mark in the command, that makes it listen everywhere
	HostEnv  []string `toml:"host_env"`  // variables that do
	HostIn   []string `toml:"host_in"`   // files that may say so
	HostMark string   `toml:"host_mark"` // how they say so
	Set      string   `toml:"set"`       // what to write, in words
	Suggest  string   `toml:"suggest"`   // a variable that makes it listen everywhere, as NAME=VALUE
	FastCGI  bool     `toml:"fastcgi"`
	Argument string   `toml:"argument"` // it needs an argument that matches this, and ends without

	start, portFlag, host, hostMark, argument pattern
	hostFiles                                 []glob
}

// portMark is where settings or code name the port: a number in a group port, a variable in a group name.
type portMark struct {
	Has     string   `toml:"has"`
	Files   []string `toml:"files"`
	Pattern string   `toml:"pattern"`
	Code    bool     `toml:"code"` // in code, and not in settings

	globs   []glob
	re      pattern
	literal int // index of Has in the finder, -1 when it is for other files than sources
}

// route is where code answers whether the app is well: a path in a group path, or the folder of the file.
type route struct {
	Has     string   `toml:"has"`
	Files   []string `toml:"files"`
	Deps    []string `toml:"deps"`
	Pattern string   `toml:"pattern"`
	Path    string   `toml:"path"` // the path, when the library decides it
	File    string   `toml:"file"` // the path is a group of the file's own path

	globs    []glob
	re, file pattern
	literal  int // index of Has in the finder, -1 when it is for other files than sources
}

// migration is what has to run before a new version.
type migration struct {
	Files   []string `toml:"files"` // one of these is there
	Pattern string   `toml:"pattern"`
	Deps    []string `toml:"deps"` // and one of these libraries, when there are any
	Command string   `toml:"command"`
	InDir   bool     `toml:"in_dir"` // the command is a file of the app's folder in the container
	Done    string   `toml:"done"`   // the start command does it already

	globs    []glob
	re, done pattern
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

// healthShape is the form of paths by which apps tell whether they are well.
const healthShape = `(?:[\w.~-]+/)*(?:_?health(?:z|y|check|[-_]?checks?)?|up|ping|status|live(?:z|ness)?|ready(?:z)?|readiness|alive|is_?alive|heartbeat|__heartbeat__|lbheartbeat)(?:/(?:live|ready|check|status|liveness|readiness))?`

const nameShape = `[A-Z][A-Z0-9_]+`

// expr is a pattern of a file of detectors as Go's regexp has it.
func expr(text string) pattern {
	if text == "" {
		return nil
	}
	text = strings.ReplaceAll(text, "<q>", "[\"'`]")
	text = strings.ReplaceAll(text, "<health>", "(?:"+healthShape+")")
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
	f := &finder{starts: map[[2]byte][]int{}}
	for _, r := range l.Required {
		if len(r.Has) < 2 || r.Pattern == "" {
			return nil, errors.New("a required without has or pattern")
		}
		r.prepare()
		r.literal = f.add(r.Has)
	}
	for _, x := range l.Marks {
		x.prepare()
		if x.literal = -1; x.Has != "" && len(x.Files) == 0 {
			x.literal = f.add(x.Has)
		}
	}
	for _, p := range l.Ports {
		if p.literal = -1; len(p.Has) > 1 && len(p.Files) == 0 {
			p.literal = f.add(p.Has)
		}
	}
	for _, r := range l.Routes {
		if r.literal = -1; len(r.Has) > 1 && len(r.Files) == 0 {
			r.literal = f.add(r.Has)
		}
	}
	for _, s := range l.Stacks {
		s.globs, s.re = newGlobs(s.Files), expr(s.Pattern)
	}
	for _, b := range l.Bases {
		b.re = expr(b.Image)
	}
	for _, s := range l.Servers {
		s.start, s.portFlag, s.host, s.hostMark, s.argument = expr(s.Start), expr(s.PortFlag), expr(s.Host), expr(s.HostMark), expr(s.Argument)
		s.hostFiles = newGlobs(s.HostIn)
	}
	for _, p := range l.Ports {
		p.globs, p.re = newGlobs(p.Files), expr(p.Pattern)
	}
	for _, r := range l.Routes {
		r.globs, r.re, r.file = newGlobs(r.Files), expr(r.Pattern), expr(r.File)
	}
	for _, m := range l.Migrations {
		m.globs, m.re, m.done = newGlobs(m.Files), expr(m.Pattern), expr(m.Done)
	}
	for _, d := range l.Demands {
		d.unless, d.set = expr(d.Unless), expr(d.Set)
	}
	l.find = f
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

	random   bool   // any random text will do
	property string // the setting that the variable is one way to give, such as payment.token

	engine string // the kind of database that it is known to lead to, "" for none
	local  bool   // the code has an address on the same machine for it
	thrown bool   // the code ends without it
}

// reads are the places in a file that a pattern finds. raw is the file as it is, text is without comments.
func (r *required) reads(name, text string) []read {
	var out []read
	re := r.re()
	found := matches(re, text, r.Has, 200)
	if len(found) == 0 || r.with != nil && !r.with().MatchString(text) {
		return nil
	}
	for _, m := range found {
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
			if x.line, x.text = lineOf(text, at); len(variableNames().FindAllString(x.text, 4)) > 3 {
				x.text = strings.TrimSpace(text[at:m[1]]) // the line is about others, too
			}
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
	if field := group(re, text, m, "field"); field != "" {
		return []string{strings.ToUpper(field)}
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
