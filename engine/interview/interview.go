// Package interview makes one complete spec of an app out of what its source tree tells, its berth.toml, the flags
// of the command line and answers. Every host asks it, so that all see the same app: verbs without a screen, the
// questions line by line, and the screens.
package interview

import (
	"cmp"
	"context"
	"maps"
	"strconv"
	"strings"

	"berth/engine/project"
	"berth/engine/spec"
)

// YourAnswer is where answers come from.
var YourAnswer = spec.Origin{Kind: spec.Answer, Text: "your answer"}

// Sources is what an interview goes by beside berth.toml and the source tree.
type Sources struct {
	Dir string // of the app
	Env string // environment; empty means spec.DefaultEnv

	// Override sets what the command line said on a spec that was just loaded. Nil: it said nothing.
	Override func(*spec.Spec) error
	// Region is where to deploy when neither berth.toml nor the command line nor the source tree says so, and where
	// that comes from, such as "AWS_REGION". It is asked for only then. Nil, or an empty region: nobody says.
	Region func(context.Context) (region, from string, err error)
	// Builds says whether a key of berth.toml has an effect. Suggestions for one that has none are not taken, and
	// needs do not set it. Nil: every key has.
	Builds func(s *spec.Spec, key string) bool
	// Problems are what can be said against a spec before AWS is asked. Nil: nothing is.
	Problems func(*spec.Spec, ...string) []spec.Problem
	// Inspect reads the source tree of an app. Nil: project.Inspect.
	Inspect func(context.Context, *spec.Spec) (*project.Findings, error)
}

// Read reads berth.toml and the source tree, each once. A source tree that cannot be built is an error only where
// something shall be built; the draft of what was found all the same comes with it. There is no draft when
// berth.toml or the flags make no sense, or the folder cannot be read.
func Read(ctx context.Context, from Sources) (*Draft, error) {
	loaded, err := spec.Load(from.Dir, from.Env)
	if err != nil {
		return nil, err
	}
	if from.Override != nil {
		if err := from.Override(loaded); err != nil {
			return nil, err
		}
	}
	inspect := from.Inspect
	if inspect == nil {
		inspect = project.Inspect
	}
	found, treeErr := inspect(ctx, loaded)
	if loaded.Image.Ref != "" {
		treeErr = nil // nothing is built, so no Dockerfile is needed
	}
	if treeErr != nil && found == nil {
		return nil, treeErr
	}
	d, err := New(ctx, loaded, found, from)
	return d, cmp.Or(treeErr, err)
}

// Draft is the app as it is being answered. Three layers make it: what was said (berth.toml, flags, answers),
// what the source tree suggests, and defaults. Taking an answer back uncovers the layer below.
type Draft struct {
	Spec     *spec.Spec        // all layers together; read-only
	Findings *project.Findings // never nil

	said    *spec.Spec
	answers map[string]string // those that berth.toml has no key for, by the id of the need or of the usage
	builds  func(s *spec.Spec, key string) bool

	problems func(*spec.Spec, ...string) []spec.Problem
	region   string      // where nobody chose one
	from     spec.Origin // of that
	undo     []step
	agreed   agreed
}

// agreed is what somebody agreed to last, else what there was before the first answer: all of it, and what was said.
type agreed struct{ spec, said *spec.Spec }

type step struct {
	label   string
	said    *spec.Spec
	answers map[string]string
}

// New starts with a loaded spec, which it takes over, and with what was found, which may be nil.
func New(ctx context.Context, loaded *spec.Spec, found *project.Findings, from Sources) (*Draft, error) {
	d := &Draft{said: loaded, answers: map[string]string{}, Findings: found, builds: from.Builds, problems: from.Problems}
	if d.Findings == nil {
		d.Findings = &project.Findings{}
	}
	if _, suggested := d.Findings.Suggests["region"]; from.Region != nil && !loaded.Said("region") && !suggested {
		var err error
		if d.region, d.from.Text, err = from.Region(ctx); err != nil {
			return nil, err
		}
		d.from.Kind = spec.Default
	}
	err := d.complete()
	d.Agree()
	return d, err
}

// Given starts with settings that are complete, and with what was found, which may be nil.
func Given(s *spec.Spec, found *project.Findings) *Draft {
	if found == nil {
		found = &project.Findings{}
	}
	return &Draft{Spec: s, said: s.Clone(), answers: map[string]string{}, Findings: found, agreed: agreed{s, s.Clone()}}
}

// Agreed is the app as somebody agreed to it last, or as it was before the first answer: what can be running. Read-only.
func (d *Draft) Agreed() *spec.Spec { return d.agreed.spec }

// Agree says that somebody agreed to what the answers lead to.
func (d *Draft) Agree() { d.agreed = agreed{d.Spec, d.said.Clone()} }

// Unsaved are the keys of berth.toml whose answers nobody has agreed to yet, in their order.
func (d *Draft) Unsaved() []string { return spec.Differ(d.agreed.said, d.said) }

// Changed says whether anything was answered.
func (d *Draft) Changed() bool { return len(d.undo) > 0 }

// complete lays the layers over each other.
func (d *Draft) complete() error {
	s := d.said.Clone()
	if d.region != "" && !s.Said("region") {
		if err := s.Set("region", d.region, d.from); err != nil {
			return err
		}
	}
	suggests, from := d.proposals()
	if err := d.decideDoor(s, suggests, from); err != nil {
		return err
	}
	if err := s.Complete(suggests, from); err != nil {
		return err
	}
	d.Spec = s
	return nil
}

// has says whether a key of berth.toml has an effect.
func (d *Draft) has(key string) bool { return key != "" && (d.builds == nil || d.builds(d.said, key)) }

// Set answers a key of berth.toml with what was typed. An empty text takes the answer back. Whatever was
// there before, even a flag, gives way: the newest word counts.
func (d *Draft) Set(key, text string) error {
	before := step{label: key, said: d.said.Clone(), answers: maps.Clone(d.answers)}
	d.said.Unset(key)
	err := error(nil)
	if strings.TrimSpace(text) != "" {
		err = d.said.SetText(key, text, YourAnswer)
	}
	if err == nil {
		err = d.complete()
	}
	if err != nil {
		d.said = before.said
		return err
	}
	d.undo = append(d.undo, before)
	return nil
}

// Check says why a text cannot be a value of a key at all, without setting it. Whether the value makes sense
// beside the others is for Validate.
func (d *Draft) Check(key, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	trial := d.said.Clone()
	trial.Unset(key)
	return trial.SetText(key, text, YourAnswer)
}

// Off answers a key of text with nothing, where nothing means something else than what was found.
func (d *Draft) Off(key string) error {
	before := step{label: key, said: d.said.Clone(), answers: maps.Clone(d.answers)}
	d.said.Unset(key)
	if err := d.said.Set(key, "", YourAnswer); err != nil {
		d.said = before.said
		return err
	}
	d.undo = append(d.undo, before)
	return d.complete()
}

// Answers takes several answers at once that are no key of berth.toml, such as how much traffic there is.
func (d *Draft) Answers(label string, answers map[string]string) {
	d.keep(label)
	maps.Copy(d.answers, answers)
}

// keep remembers what there is, to be gone back to.
func (d *Draft) keep(label string) {
	d.undo = append(d.undo, step{label: label, said: d.said.Clone(), answers: maps.Clone(d.answers)})
}

// Resize sets the CPU size, with the memory that comes nearest to what there is and that it can have.
func (d *Draft) Resize(cpu float64) error {
	before := len(d.undo)
	if err := d.Set("service.cpu", strconv.FormatFloat(cpu, 'f', -1, 64)); err != nil {
		return err
	}
	sizes := spec.MemorySizes(cpu)
	if len(sizes) == 0 {
		return nil
	}
	memory := sizes[len(sizes)-1]
	for _, m := range sizes {
		if m >= d.Spec.Service.Memory {
			memory = m
			break
		}
	}
	if memory == d.Spec.Service.Memory {
		return nil
	}
	err := d.Set("service.memory", strconv.Itoa(memory))
	d.undo = d.undo[:min(len(d.undo), before+1)] // one step for both
	return err
}

// Undo takes the newest answer back and says which it was; empty when there is none.
func (d *Draft) Undo() string {
	if len(d.undo) == 0 {
		return ""
	}
	last := d.undo[len(d.undo)-1]
	d.undo = d.undo[:len(d.undo)-1]
	d.said, d.answers = last.said, last.answers
	if err := d.complete(); err != nil {
		return "" // it was complete before, so it is again
	}
	return last.label
}

// Drop takes back every answer that nobody has agreed to.
func (d *Draft) Drop() {
	for len(d.Unsaved()) > 0 && d.Undo() != "" { //nolint:revive // each step is one answer less
	}
}

// Answered is an answer that berth.toml has no key for, and whether it was given.
func (d *Draft) Answered(id string) (string, bool) {
	v, ok := d.answers[id]
	return v, ok
}
