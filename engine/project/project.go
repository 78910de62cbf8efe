// Package project reads a source tree: its Dockerfile, fly.toml and the marks of frameworks, and says what
// they mean for running the app on AWS. It reads files only; it runs nothing and makes no network call.
//
// It never reads a file that is there to hold secrets, and no value of an environment variable becomes part
// of a finding's text.
package project

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"berth/engine/fail"
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

	Dockerfile *Dockerfile `json:"-"` // nil when there is none that can be read

	from    map[string]spec.Origin
	because map[string]spec.Origin // why Needs has what it has, by the names in its JSON
	ports   []candidate            // where the app may listen, the surest first
	portEnv int                    // line of fly.toml that sets PORT, zero when none does

	portNames []read // variables that the app takes its port from and does not start without
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

// by returns the need with that name in the JSON, nil for an unknown name.
func (n *Needs) by(name string) *bool {
	return map[string]*bool{
		"websockets": &n.WebSockets, "websocket_uploads": &n.WebSocketUploads, "clustering": &n.Clustering,
		"persistent_storage": &n.PersistentStorage, "grpc": &n.GRPC, "arm64": &n.ARM64,
		"sticky_sessions": &n.StickySessions, "release_command": &n.ReleaseCommand, "database": &n.Database,
		"cache": &n.Cache,
	}[name]
}

// Inspect reads the source tree in dir. A missing or broken Dockerfile is a Usage fail.Error; the findings
// that could be made all the same come with it. The Dockerfile, its context and the build arguments are
// those of berth.toml when it names others.
func Inspect(ctx context.Context, dir string) (*Findings, error) {
	f := &Findings{
		Dir: dir, Findings: []Finding{}, Suggests: map[string]any{},
	}
	t, err := openTree(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	s, err := spec.Load(dir, "")
	if err != nil {
		s = &spec.Spec{Dir: dir} // whoever wants the settings loads them and sees the error
	}
	fly := readFly(t)
	dockerErr := f.readDockerfile(t, s, fly)
	f.readFlyToml(fly)
	if err := f.detect(ctx, t); err != nil {
		return nil, err
	}
	if dockerErr == nil {
		f.lookAtContext(ctx, s)
	}
	if err := f.readNames(ctx, t); err != nil {
		return nil, err
	}
	f.choosePort()
	f.suggestNeeds()
	f.nameApp(t, fly)
	f.order()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f, f.missing(t, dockerErr)
}

func (f *Findings) add(severity Severity, id, file string, line int, text, means string) {
	f.Findings = append(f.Findings, Finding{ID: id, Severity: severity, File: file, Line: line, Text: clip(text), Means: means})
}

// order puts the gravest findings first, and leaves the order of those that are alike.
func (f *Findings) order() {
	rank := map[Severity]int{Must: 0, Should: 1, Info: 2}
	slices.SortStableFunc(f.Findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
}

// Suggest proposes a value for a key of berth.toml, and says why; the first proposal for a key stays.
func (f *Findings) Suggest(key string, value any, why spec.Origin) {
	if _, ok := f.Suggests[key]; ok {
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
func (f *Findings) nameApp(t *tree, fly *flyToml) {
	if name, line := fly.text("app"), fly.line("app"); spec.Slug(name) != "" {
		f.suggest("app", spec.Slug(name), fly.name, line, "its name on Fly.io")
		return
	}
	if abs, err := filepath.Abs(t.dir); err == nil {
		if name := spec.Slug(filepath.Base(abs)); name != "" {
			f.suggest("app", name, "", 0, "name of the folder")
		}
	}
}

// missing completes the error about a Dockerfile that is not there with what would help here.
func (f *Findings) missing(t *tree, err error) error {
	var e *fail.Error
	if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if others := t.match(otherDockerfiles); len(others) > 0 {
		e.Remedy = "there is " + others[0] + ": write dockerfile = \"" + others[0] + "\" under [image] in berth.toml"
		return e
	}
	switch f.Stack {
	case "phoenix":
		e.Remedy = "`mix phx.gen.release --docker` writes one for a Phoenix app; "
	case "":
		e.Remedy = "run berth in the folder of the app, or write a Dockerfile; "
	default:
		e.Remedy = "write a Dockerfile that builds and starts the app; "
	}
	e.Remedy += "or deploy an image that exists with --image REF"
	return e
}
