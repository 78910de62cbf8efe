package interview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"berth/compare/advise"
	"berth/compare/need"
	"berth/compare/price"
	"berth/engine/project"
	"berth/engine/spec"
)

// Need is the answer to a need as it stands: "true" or "false", a number, a text, and empty for none.
func (d *Draft) Need(n need.Need) string {
	if d.has(n.Key) && (made[n.ID] == nil || d.Spec.Said(n.Key)) {
		return d.value(n)
	}
	if a, ok := d.answers[n.ID]; ok {
		return a
	}
	found := n.Group != need.Unsaid && d.Findings.Needs.Has(n.ID) // what is not asked for counts when it is said
	switch {
	case n.ID == "persistent_storage" && len(d.Spec.Storage) > 0:
		found = true
	case n.ID == "told_https":
		_, found = d.Findings.Breaking(project.CloudFront)
	case made[n.ID] != nil && !d.Spec.Said(n.Key):
		found = d.Findings.Needs.Has(n.ID) && !d.elsewhere(n.ID)
	case n.Key != "" && d.Spec.Said(n.Key):
		return d.value(n) // said in berth.toml, and refused
	}
	if n.Kind == need.YesNo {
		return strconv.FormatBool(found)
	}
	return ""
}

// made are the needs for which berth makes something that costs money, so that it is made where somebody says so and
// nowhere else. One that was found and is answered by nothing is counted as if it was said.
// Each says whether the settings ask for it.
var made = map[string]func(*spec.Spec) bool{
	"database": func(s *spec.Spec) bool { return s.Database != nil },
	"cache":    func(s *spec.Spec) bool { return s.Cache != nil },
}

// elsewhere says whether the app was given what it needs where that is already, under a name that it was found to
// look for.
func (d *Draft) elsewhere(need string) bool {
	return slices.ContainsFunc(d.lookFor(need), func(f project.Finding) bool { return !f.Open(d.Spec) })
}

// asked says whether a must asks already where the app gets it.
func (d *Draft) asked(need string) bool {
	return slices.ContainsFunc(d.lookFor(need), func(f project.Finding) bool { return f.Severity == project.Must && f.Open(d.Spec) })
}

// lookFor are the findings that the app looks under a name for a database or a cache.
func (d *Draft) lookFor(need string) []project.Finding {
	return slices.DeleteFunc(slices.Clone(d.Findings.Findings), func(f project.Finding) bool {
		v := f.Variable
		return v == nil || (need != "database" || !v.Database) && (need != "cache" || !v.Cache)
	})
}

// value is the value of the key of a need.
func (d *Draft) value(n need.Need) string {
	v, _ := d.Spec.Get(n.Key)
	text := ""
	switch v := v.(type) {
	case nil:
	case []string:
		text = strings.Join(v, ", ")
	case spec.Duration:
		text = strconv.Itoa(v.Seconds())
	default:
		text = strings.TrimSpace(fmt.Sprint(v))
	}
	switch {
	case n.Not:
		return strconv.FormatBool(text != "true")
	case n.Kind == need.YesNo && n.Yes != "":
		return strconv.FormatBool(text != "" && text != n.No)
	case n.Kind == need.Number && text == "0":
		return ""
	default:
		return text
	}
}

// WantsFolder says whether an answer asks for files that stay while no folder is named for them, so that the folder is the
// next question.
func (d *Draft) WantsFolder(n need.Need) bool {
	return n.ID == "persistent_storage" && d.has("storage") && d.On(n) && len(d.Spec.Storage) == 0
}

// CheckFolder says why folders, with commas between them, cannot be those whose files stay.
func (d *Draft) CheckFolder(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	trial := d.Spec.Clone()
	if err := trial.SetText("storage", text, YourAnswer); err != nil {
		return err
	}
	for _, p := range trial.Validate() {
		if strings.HasPrefix(p.Key, "storage") {
			return fmt.Errorf("%s; %s", p.Text, p.Want)
		}
	}
	return nil
}

// On says whether the app needs it.
func (d *Draft) On(n need.Need) bool {
	if n.Not {
		return d.Need(n) == "true"
	}
	return n.On(d.Requirements())
}

// Origin is where the answer to a need came from.
func (d *Draft) Origin(n need.Need) spec.Origin {
	if n.ID == "websocket_uploads" && !d.Spec.Network.WebSockets {
		return spec.Origin{Text: "there are no WebSockets"}
	}
	if d.has(n.Key) || n.Key != "" && d.Spec.Said(n.Key) {
		if o, ok := d.Spec.Origins[n.Key]; ok {
			return o
		}
		if process, ok := strings.CutSuffix(n.Key, ".skip"); ok && n.Not {
			return d.Spec.Origins[process+".command"]
		}
		return spec.Origin{Kind: spec.Default}
	}
	if _, ok := d.answers[n.ID]; ok {
		return YourAnswer
	}
	if n.ID == "persistent_storage" && len(d.Spec.Storage) > 0 {
		return d.Spec.Origins["storage[0].path"]
	}
	if o, ok := d.Findings.NeedOrigins()[n.ID]; ok {
		return o
	}
	return spec.Origin{Kind: spec.Default}
}

// Answer takes a typed or toggled answer to a need; yes and no are "true" and "false".
func (d *Draft) Answer(n need.Need, text string) error {
	text = strings.TrimSpace(text)
	switch {
	case !d.has(n.Key):
		d.keep(n.ID)
		d.answers[n.ID] = text
		return nil
	case n.Not && text == "true":
		return d.Set(n.Key, "")
	case n.Not:
		return d.Set(n.Key, "true")
	case n.Kind == need.YesNo && n.Yes != "" && text == "true":
		return d.Set(n.Key, n.Yes)
	case n.Kind == need.YesNo && n.Yes != "":
		return d.Off(n.Key)
	case n.Kind == need.Number && text != "" && kindOf(n.Key) == spec.Span:
		if err := n.Check(text); err != nil {
			return err
		}
		return d.Set(n.Key, text+"s")
	default:
		return d.Set(n.Key, text)
	}
}

func kindOf(key string) spec.Kind {
	k, _ := spec.KeyOf(key)
	return k.Kind
}

// instead is what to do about needs that berth builds nowhere.
var instead = map[string]string{
	"grpc":          "berth does not build gRPC: requests reach the container over HTTP/1.1; serve gRPC-Web, or run the gRPC service elsewhere",
	"scale_to_zero": "berth does not stop an app that is idle: its tasks run all the time; instances = 0 under [service] pauses it by hand",
}

// Open is what of an app is still to settle before it runs.
type Open struct {
	Musts   []project.Finding `json:"to_settle,omitempty"` // of its source, that the settings do not answer
	Unbuilt []string          `json:"not_built,omitempty"` // what it needs and nothing makes, in words
}

// Open is what of the app is still to settle, given its findings and settings.
func (d *Draft) Open() Open { return Open{Musts: d.Findings.Open(d.Spec), Unbuilt: d.Unbuilt()} }

// Unbuilt are the needs that change nothing of what berth would make, each with what to do instead.
func (d *Draft) Unbuilt() []string {
	var out []string
	for _, n := range need.All() {
		if !d.On(n) {
			continue
		}
		key, built := advise.Key(n.ID)
		what := strings.ToLower(n.Label[:1]) + n.Label[1:]
		switch {
		case n.ID == "persistent_storage" && d.has("storage") && len(d.Spec.Storage) == 0:
			out = append(out, `files must be kept, but no folder is set for them: add [[storage]] with path = "/app/uploads" to berth.toml, or they are lost with `+
				"the next deployment")
		case made[n.ID] != nil && !made[n.ID](d.Spec) && !d.elsewhere(n.ID):
			if d.asked(n.ID) { // by what looks for it
				continue
			}
			out = append(out, fmt.Sprintf("the app looks for %s, and no setting creates one: set %s to have one created, or store the address of an existing one as a secret", cmp.Or(n.Found, what), n.Key))
		case key == "" && !built && instead[n.ID] != "":
			out = append(out, instead[n.ID])
		case key != "" && !d.has(key):
			out = append(out, "this version of berth does not build "+what)
		}
	}
	return out
}

// Requirements is what the app needs from a service.
func (d *Draft) Requirements() need.Requirements {
	var r need.Requirements
	for _, n := range need.All() {
		// What cannot be such an answer was refused where it was given, and counts as none.
		_ = n.Set(&r, d.Need(n))
	}
	r.WebSocketUploads = r.WebSocketUploads && r.WebSockets
	r.NoHTTP = r.NoHTTP || d.Spec.NoHTTP()
	return r
}

// Usage is what the app uses in a month: size and number of instances as the settings have them, traffic as
// it was answered.
func (d *Draft) Usage() price.Usage {
	s := d.Spec
	u := price.DefaultUsage()
	u.Exact = true // so that the comparison's sum is that of the plan
	u.VCPU, u.MemoryGB, u.Instances = s.Service.CPU, float64(s.Service.Memory)/1024, s.Service.Instances
	if s.Image.Platform == spec.ARM64 {
		u.Arch = "arm"
	}
	u.Spot = s.Service.Spot
	if a := s.Service.Autoscale; a != nil {
		u.MostInstances, u.Alarms = a.Max, alarms(a)
	}
	u.PrivateTasks, u.PrivateFront = s.Network.Tasks == "private", s.Network.Front == "private"
	if u.PrivateTasks && s.Network.VPC == "" {
		u.NATGateways = 1
	}
	if s.Network.Firewall {
		u.FirewallRules = 1
		if s.Network.RateLimit > 0 {
			u.FirewallRules = 2
		}
	}
	if s.Origins["service.ephemeral_gb"].Kind != spec.Default { // what every task has anyway is no need
		u.EphemeralGB = float64(s.Service.EphemeralGB)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Wanted())) {
		if p := s.Processes[name]; p.Schedule == "" {
			t := price.Tasks{
				Count: p.Instances, VCPU: p.CPU, MemoryGB: float64(p.Memory) / 1024, Arch: u.Arch, DiskGB: u.EphemeralGB,
				Spot: price.SpotTasks(p.Instances, p.Spot), Name: name,
			}
			if a := p.Autoscale; a != nil {
				u.Alarms += alarms(a)
				t.Most, t.MostSpot = a.Max, price.SpotTasks(a.Max, p.Spot)
			}
			u.Processes = append(u.Processes, t)
		}
	}
	u.Alarms += s.AlarmMetrics()
	if s.Image.Ref == "" {
		u.BuildCache, u.BuildsInAWS = s.Image.Cache, s.Image.Builder == spec.InCloud
	}
	if s.Database != nil {
		u.Database, u.DatabaseEngine, u.DatabaseGB = s.Database.Class, s.Database.Engine, float64(s.Database.StorageGB)
		u.DatabaseMultiAZ = s.Database.MultiAZ
	}
	if s.Cache != nil {
		u.Cache, u.CacheMultiAZ = s.Cache.Node, s.Cache.MultiAZ
	}
	for id, to := range map[string]*float64{"egress_gb": &u.EgressGB, "requests_per_second": &u.RequestsPerSecond} {
		if text, ok := d.answers[id]; ok {
			*to, _ = strconv.ParseFloat(text, 64) // checked where it was typed; empty is none
		}
	}
	if d.Spec.Uploads != nil {
		u.ObjectGB = max(u.ObjectGB, u.StorageGB)
	}
	return u
}

// alarms is how many alarms watch for a scaling: two for each of its aims.
func alarms(a *spec.Autoscale) int {
	n := 0
	for _, aim := range []int{a.CPUPercent, a.MemoryPercent, a.RequestsPerInstance} {
		if aim > 0 {
			n += price.AlarmsOfScaling
		}
	}
	return n
}
