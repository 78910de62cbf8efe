package screen

import (
	"maps"
	"strconv"
	"strings"

	"berth/compare/advise"
	"berth/compare/price"
	"berth/engine/spec"
)

// Draft is the app as it is being answered. Three layers make it: what was said (berth.toml, flags, answers),
// what the source tree suggests, and defaults. Taking an answer back uncovers the layer below.
type Draft struct {
	Spec *spec.Spec // all layers together; read-only

	said     *spec.Spec
	needs    map[string]string // answers that berth.toml has no key for, by the name of the requirement
	findings *Findings
	region   spec.Origin
	fallback string // the region that nobody chose
	undo     []step
}

type step struct {
	label string
	said  *spec.Spec
	needs map[string]string
}

// NewDraft starts with a loaded spec, which it takes over, and with what was found, which may be nil.
func NewDraft(loaded *spec.Spec, f *Findings, o Options) (*Draft, error) {
	d := &Draft{said: loaded, needs: map[string]string{}, findings: f, fallback: o.Region}
	if d.findings == nil {
		d.findings = &Findings{}
	}
	d.region = spec.Origin{Kind: spec.Default, Text: o.RegionFrom}
	d.said.Dir = o.Dir
	if o.Env != "" {
		d.said.EnvName = o.Env
	}
	if o.Override != nil {
		if err := o.Override(d.said); err != nil {
			return nil, err
		}
	}
	return d, d.complete()
}

// Given starts with settings that are complete, and with what was found, which may be nil.
func Given(s *spec.Spec, f *Findings) *Draft {
	if f == nil {
		f = &Findings{}
	}
	return &Draft{Spec: s, said: s.Clone(), needs: map[string]string{}, findings: f}
}

// Changed says whether anything was answered.
func (d *Draft) Changed() bool { return len(d.undo) > 0 }

// complete lays the layers over each other.
func (d *Draft) complete() error {
	s := d.said.Clone()
	if d.fallback != "" && !s.Said("region") {
		if err := s.Set("region", d.fallback, d.region); err != nil {
			return err
		}
	}
	if err := s.Complete(d.findings.Suggests, d.findings.Origins()); err != nil {
		return err
	}
	d.Spec = s
	return nil
}

// Set answers a key of berth.toml with what was typed. An empty text takes the answer back. Whatever was
// there before, even a flag, gives way: the newest word counts.
func (d *Draft) Set(key, text string) error {
	before := step{label: key, said: d.said.Clone(), needs: maps.Clone(d.needs)}
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
	before := step{label: key, said: d.said.Clone(), needs: maps.Clone(d.needs)}
	d.said.Unset(key)
	if err := d.said.Set(key, "", YourAnswer); err != nil {
		d.said = before.said
		return err
	}
	d.undo = append(d.undo, before)
	return d.complete()
}

// Answer answers a need that berth.toml has no key for.
func (d *Draft) Answer(id, text string) {
	d.undo = append(d.undo, step{label: id, said: d.said.Clone(), needs: maps.Clone(d.needs)})
	d.needs[id] = text
}

// Answers answers several such needs at once.
func (d *Draft) Answers(answers map[string]string) {
	d.undo = append(d.undo, step{said: d.said.Clone(), needs: maps.Clone(d.needs), label: "traffic"})
	maps.Copy(d.needs, answers)
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
	d.said, d.needs = last.said, last.needs
	if err := d.complete(); err != nil {
		return "" // it was complete before, so it is again
	}
	return last.label
}

// Answered is an answer that berth.toml has no key for, and whether it was given.
func (d *Draft) Answered(id string) (string, bool) {
	v, ok := d.needs[id]
	return v, ok
}

func (d *Draft) truth(id string, found bool) bool {
	if v, ok := d.needs[id]; ok {
		return v == "true"
	}
	return found
}

func (d *Draft) number(id string) float64 {
	v, err := strconv.ParseFloat(d.needs[id], 64)
	if err != nil {
		return 0
	}
	return v
}

// Requirements is what the app needs from a service.
func (d *Draft) Requirements() advise.Requirements {
	s, n := d.Spec, d.findings.Needs
	return advise.Requirements{
		WebSockets:            s.Network.WebSockets,
		WebSocketUploads:      s.Network.WebSockets && d.truth("websocket_uploads", n.WebSocketUploads),
		Clustering:            s.Network.Clustering != "",
		StickySessions:        d.truth("sticky_sessions", n.StickySessions),
		PersistentStorage:     d.truth("persistent_storage", n.PersistentStorage || len(s.Storage) > 0),
		GRPC:                  d.truth("grpc", n.GRPC),
		ARM64:                 s.Image.Platform == spec.ARM64,
		ScaleToZero:           d.truth("scale_to_zero", false),
		CustomDomain:          s.Network.Domain != "",
		ReleaseCommand:        s.Service.ReleaseCommand != "",
		Shell:                 d.truth("shell", false),
		Secrets:               len(s.Secrets.FromSSM) > 0,
		LongestRequestSeconds: int(d.number("longest_request_seconds")),
		Region:                s.Region,
		MaxMonthlyUSD:         d.number("max_monthly_usd"),
		AppRunnerCustomer:     d.truth("app_runner_customer", false),
	}
}

// Usage is what the app uses in a month: size and number of instances as the settings have them, traffic as
// it was answered.
func (d *Draft) Usage() price.Usage {
	s := d.Spec
	u := price.DefaultUsage()
	u.VCPU, u.MemoryGB, u.Instances = s.Service.CPU, float64(s.Service.Memory)/1024, s.Service.Instances
	if s.Image.Platform == spec.ARM64 {
		u.Arch = "arm"
	}
	if s.Database != nil {
		u.Database, u.DatabaseGB = s.Database.Class, float64(s.Database.StorageGB)
	}
	for id, to := range map[string]*float64{"egress_gb": &u.EgressGB, "requests_per_second": &u.RequestsPerSecond} {
		if _, ok := d.Answered(id); ok {
			*to = d.number(id)
		}
	}
	return u
}
