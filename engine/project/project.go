// Package project reads a source tree: its Dockerfile, fly.toml and the marks of frameworks, and says what
// they mean for running the app on AWS. It reads files only; it runs nothing and makes no network call.
//
// It never reads a file that is there to hold secrets, and no value of an environment variable becomes part
// of a finding's text.
//
// What is known of languages and frameworks is data: a file for each language in assets/detectors, whose tables
// language.go explains. A file NAME.go beside it holds what patterns cannot tell.
package project

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"berth/engine/spec"
)

// Findings is what a source tree tells. It marshals to the JSON of the command line contract.
type Findings struct {
	Dir      string         `json:"dir"`
	Stack    string         `json:"stack"` // phoenix, rails, node, go, …, empty when unknown
	Port     int            `json:"port"`  // the port that the app listens on, zero when unknown
	Findings []Finding      `json:"findings"`
	Suggests map[string]any `json:"suggests"` // berth.toml keys, such as "service.port": 4000
	Needs    Needs          `json:"needs"`

	// Database is the database that the app uses, nil when it uses none. It is no suggestion, because a database
	// costs money and may be there already: the user is to be asked.
	Database *Database `json:"database,omitempty"`
	// Dockerfiles are those that the app may be built from, the likeliest first.
	Dockerfiles []Choice `json:"dockerfiles,omitempty"`

	// Imports are what the files of other platforms say, and what became of it.
	Imports []Import `json:"imports,omitempty"`

	Dockerfile *Dockerfile `json:"-"` // nil when there is none that can be read

	from    map[string]spec.Origin
	because map[string]spec.Origin // why Needs has what it has, by the names in its JSON
}

// Database is the database that an app uses.
type Database struct {
	Engine   string `json:"engine"`             // postgres, mysql, sqlserver, mongodb, …
	Variable string `json:"variable,omitempty"` // by which the app finds it, such as DATABASE_URL; empty when unknown
	File     string `json:"file"`
	Line     int    `json:"line"`
	Text     string `json:"text"`
}

// Origins says where each of Suggests was read, by the same keys, for spec.Complete.
func (f *Findings) Origins() map[string]spec.Origin { return f.from }

// NeedOrigins says for each of Needs that is set which finding made it so, by the names in its JSON, such as
// "websockets".
func (f *Findings) NeedOrigins() map[string]spec.Origin { return f.because }

// Need says that the app needs something, by its name in the JSON of Needs, and why; the first reason stays. An
// unknown name is ignored.
func (f *Findings) Need(name string, why spec.Origin) {
	need := f.Needs.by(name)
	if need == nil {
		return
	}
	*need = true
	if _, ok := f.because[name]; ok {
		return
	}
	if f.because == nil {
		f.because = map[string]spec.Origin{}
	}
	why.Kind = spec.Detected
	f.because[name] = why
}

// needSettings are the settings that follow from a need alone.
var needSettings = []struct {
	need, key string
	value     any
}{
	{"websockets", "network.websockets", true},
	{"clustering", "network.clustering", "dns"},
	{"sticky_sessions", "service.sticky_sessions", true},
}

// suggestNeeds proposes the settings of what the app needs, unless a finding proposed something more fitting.
func (f *Findings) suggestNeeds() {
	for _, x := range needSettings {
		if *f.Needs.by(x.need) {
			f.Suggest(x.key, x.value, f.because[x.need])
		}
	}
}

// Needs is what the app seems to need from a service that runs it.
type Needs struct {
	WebSockets        bool `json:"websockets"`
	WebSocketUploads  bool `json:"websocket_uploads"`
	Clustering        bool `json:"clustering"`
	PersistentStorage bool `json:"persistent_storage"`
	GRPC              bool `json:"grpc"`
	ARM64             bool `json:"arm64"`
	StickySessions    bool `json:"sticky_sessions"`
	ReleaseCommand    bool `json:"release_command"`
	Database          bool `json:"database"`
	Cache             bool `json:"cache"`
}

// Has says whether the app seems to have the need with that name in the JSON.
func (n Needs) Has(name string) bool {
	p := n.by(name)
	return p != nil && *p
}

// by returns the need with that name in the JSON, nil for an unknown name.
func (n *Needs) by(name string) *bool {
	return map[string]*bool{
		"websockets": &n.WebSockets, "websocket_uploads": &n.WebSocketUploads, "clustering": &n.Clustering,
		"persistent_storage": &n.PersistentStorage, "grpc": &n.GRPC, "arm64": &n.ARM64,
		"sticky_sessions": &n.StickySessions, "release_command": &n.ReleaseCommand, "database": &n.Database,
		"cache": &n.Cache,
	}[name]
}

// Inspect reads the source tree of an app. A missing or broken Dockerfile is a Usage fail.Error; the findings that could
// be made all the same come with it. The Dockerfile, its context and the build arguments are those of berth.toml when it
// names others.
func Inspect(ctx context.Context, s *spec.Spec) (*Findings, error) {
	dir := s.Dir
	t, err := openTree(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	l := &look{
		Findings: &Findings{Dir: dir, Findings: []Finding{}, Suggests: map[string]any{}},
		ctx:      ctx, t: t, spec: s.Clone(), cancelled: map[string]bool{}, scanned: map[string][]sourceFile{}, seen: map[string]bool{},
	}
	dockerErr, err := l.read()
	if err != nil {
		return nil, err
	}
	l.conclude()
	l.order()
	return l.Findings, l.missing(dockerErr)
}

// read makes the findings, each part upon what the parts before it have learnt. It returns what is wrong with the
// Dockerfile beside the error that ends the look.
func (l *look) read() (dockerErr, err error) {
	l.fly, l.compose = readFly(l.t), readCompose(l.t)
	l.chooseDockerfile()
	dockerErr = l.readDockerfile()
	l.readProcfile()
	l.started()
	l.narrow()
	l.readDependencies()
	l.findLanguage()
	l.findStack()
	l.readContainer()
	l.readFlyToml()
	l.readCompose()
	l.readPlatforms()
	l.tellBroken()
	l.applyProcfile()
	if err := l.readNames(); err != nil {
		return nil, err
	}
	if err := l.detect(); err != nil {
		return nil, err
	}
	l.readStart()
	l.readCode()
	l.migrations()
	l.elixir()
	if dockerErr == nil {
		l.lookAtContext()
	}
	return dockerErr, l.ctx.Err()
}

// conclude draws from all that was found what is proposed.
func (l *look) conclude() {
	if l.t.cut {
		l.add(Info, "tree-large", "", 0, fmt.Sprintf("more than %d files", len(l.t.files)), "the deepest folders were not looked at")
	}
	l.choosePort()
	l.chooseHealth()
	l.suggestStorage()
	l.suggestAssets()
	l.suggestNeeds()
	l.nameDatabase()
	l.advise()
	l.nameApp()
	l.listImports()
}

// nameDatabase adds the variable by which the app finds its database, when the app names it.
func (l *look) nameDatabase() {
	for _, x := range l.Findings.Findings {
		if x.Variable != nil && x.Variable.Database {
			if l.Database == nil {
				l.database("postgres", x.File, x.Line, x.Text)
			}
			l.Database.Variable = firstOf(l.Database.Variable, x.Variable.Name)
		}
	}
}

func (f *Findings) add(severity Severity, id, file string, line int, text, means string) {
	f.addFinding(Finding{ID: id, Severity: severity, File: file, Line: line, Text: text, Means: means})
}

func (f *Findings) addFinding(x Finding) {
	x.Text = clip(x.Text)
	f.Findings = append(f.Findings, x)
}

// order puts the gravest findings first, and leaves the order of those that are alike.
func (f *Findings) order() {
	rank := map[Severity]int{Must: 0, Should: 1, Info: 2}
	slices.SortStableFunc(f.Findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
}

// Suggest proposes a value for a key of berth.toml, and says why; the first proposal for a key stays. A key that
// berth.toml does not have is ignored.
func (f *Findings) Suggest(key string, value any, why spec.Origin) {
	if _, ok := f.Suggests[key]; ok || !settable(key) {
		return
	}
	if f.Suggests == nil {
		f.Suggests = map[string]any{}
	}
	if f.from == nil {
		f.from = map[string]spec.Origin{}
	}
	why.Kind = spec.Detected
	f.Suggests[key], f.from[key] = value, why
}

// suggest is Suggest with the place of a finding.
func (f *Findings) suggest(key string, value any, file string, line int, why string) {
	f.Suggest(key, value, origin(file, line, why))
}

// origin is the place of a finding as the origin of what follows from it.
func origin(file string, line int, text string) spec.Origin {
	return spec.Origin{Kind: spec.Detected, File: file, Line: line, Text: clip(text)}
}

// nameApp proposes a name for the app: the one that it has on Fly.io, else the folder's.
func (l *look) nameApp() {
	if name, line := l.fly.text("app"), l.fly.line("app"); spec.Slug(name) != "" {
		l.suggest("app", spec.Slug(name), l.fly.name, line, "its name on Fly.io")
		return
	}
	if abs, err := filepath.Abs(l.t.dir); err == nil {
		if name := spec.Slug(filepath.Base(abs)); name != "" {
			l.suggest("app", name, "", 0, "name of the folder")
		}
	}
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
