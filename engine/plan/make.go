package plan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/graph"
	"berth/engine/resource"
)

// Input is what a plan is made of.
type Input struct {
	Resources resource.Set    // in the order in which people should see them
	Scope     *resource.Scope // who we are is filled in by Make
	Target    string
	Account   string // the only one that may be changed; empty for any
	Destroy   bool
	KeepData  bool   // a destroy leaves what holds data, and what that needs
	Verb      string // deploy, destroy or rollback
	Prices
	// Took says how long a step took in earlier runs, which is a better guess than what is usual. Nil: nobody
	// knows.
	Took func(id string, a event.Action) (time.Duration, bool)
}

// usual is how long a step usually takes.
func (in Input) usual(i resource.Info, a event.Action) time.Duration {
	if in.Took != nil {
		if d, ok := in.Took(i.ID, a); ok {
			return d
		}
	}
	if a == event.Delete {
		return i.Gone
	}
	return i.Usually
}

// Make looks at AWS, all at once as far as one look does not need another's answer, and compares. It
// changes nothing.
func Make(ctx context.Context, in Input) (*Plan, error) {
	if err := Observe(ctx, in.Resources, in.Scope); err != nil {
		return nil, err
	}
	if err := in.guard(); err != nil {
		return nil, err
	}
	if err := strangers(in); err != nil {
		return nil, err
	}
	order, err := Order(in.Resources)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		App: in.Scope.Owner.App, Env: in.Scope.Owner.Env, Target: in.Target, Region: in.Scope.Region,
		Account: in.Scope.Identity.Account, Destroy: in.Destroy, KeepData: in.KeepData, Verb: in.Verb, Sum: Sum{Complete: true}, Usage: in.Usage, Resources: in.Resources,
		Scope: in.Scope, made: in.Scope.Clock.Now(),
	}
	kept := in.kept()
	diffs, actions := map[string]resource.Diff{}, map[string]event.Action{}
	for _, r := range order {
		d := diff(r, in)
		if why := kept[r.Info().ID]; why != "" && r.Exists() {
			d = resource.Diff{Action: event.None, Why: why}
		}
		diffs[r.Info().ID], actions[r.Info().ID] = d, d.Action
	}
	if in.Verb != "deploy" { // the others price what runs, not what the settings want
		if _, err := Standing(ctx, in.Resources, in.Scope, Prices{}); err != nil {
			return nil, err
		}
	}
	if p.WasUSD, err = in.before(ctx, diffs); err != nil {
		return nil, err
	}
	p.Steps = steps(in, actions)
	p.Usually = p.Steps.length()
	for _, r := range in.Resources {
		if d := diffs[r.Info().ID]; d.Action != "" {
			if err := p.add(r, d, in); err != nil {
				return nil, err
			}
		}
	}
	if !in.Destroy {
		p.Waiting = in.Resources.Awaits()
	}
	p.Hash = p.hash()
	return p, nil
}

// guard refuses every account but the one that berth.toml names.
func (in Input) guard() error {
	if is := in.Scope.Identity.Account; in.Account != "" && in.Account != is {
		return WrongAccount(in.Account, is)
	}
	return nil
}

// WrongAccount is the refusal of an account that berth.toml does not name.
func WrongAccount(named, is string) error {
	return &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("these credentials are for account %s, but berth.toml allows only account %s", is, named),
		Remedy: "use credentials for " + named + " (--profile, AWS_PROFILE), or change account in berth.toml",
	}
}

// strangers refuses a run that would change what is somebody else's: another app of this name, whatever is done to it,
// and a deployment where something else stands, or that cannot be. A destroy leaves that where it is.
func strangers(in Input) error {
	for _, r := range in.Resources {
		if b, ok := r.(resource.Barred); ok && !in.Destroy {
			if err := b.Bar(); err != nil {
				return err
			}
		}
		c, ok := r.(resource.Claimed)
		if !ok || !in.Destroy && !resource.Wanted(r) {
			continue
		}
		other, i := c.Stranger(), r.Info()
		switch {
		case other == nil:
			continue
		case other.Owner.Same(in.Scope.Owner):
			return namesake(in, other.Owner, i)
		case in.Destroy:
			continue
		}
		return &fail.Error{
			Class: fail.Refused, Cause: fmt.Sprintf("something else already exists where %s would be", i.Label),
			Evidence: fmt.Sprintf("%s %s: %s", i.Kind, i.Name, other),
			Remedy:   "give the app another name (app in berth.toml), or remove it if nobody needs it",
		}
	}
	return nil
}

// namesake refuses to take another app of this name for this one.
func namesake(in Input, other resource.Owner, i resource.Info) error {
	o := in.Scope.Owner
	evidence := fmt.Sprintf("%s %s is tagged with the identity %q, but berth.toml has ", i.Kind, i.Name, other.ID)
	if o.ID == "" {
		evidence += "none"
	} else {
		evidence += strconv.Quote(o.ID)
	}
	return &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("a different app is already named %s (%s) in %s", o.App, o.Env, in.Scope.Region),
		Evidence: evidence,
		Remedy: fmt.Sprintf("if it is the same app, write id = %q in its berth.toml, or give --id %s; otherwise give this app another name: "+
			"app in berth.toml, or --app", other.ID, other.ID),
	}
}

// diff is what is done to r. A resource that is gone or was never ours has no part in a destroy.
func diff(r resource.Resource, in Input) resource.Diff {
	if !in.Destroy {
		return r.Diff(in.Scope)
	}
	if !r.Exists() {
		return resource.Diff{}
	}
	return resource.Diff{Action: event.Delete, Why: cmp.Or(r.Info().Keeps, r.Info().Ends)}
}

// kept are the resources that a destroy leaves, by id, each with the reason: what holds data, and what that needs.
func (in Input) kept() map[string]string {
	why := map[string]string{}
	if !in.Destroy || !in.KeepData {
		return why
	}
	var needed func(resource.Resource)
	needed = func(r resource.Resource) {
		for _, n := range in.Resources.Needs(r) {
			if id := n.On.Info().ID; why[id] == "" {
				why[id] = "stays: " + r.Info().Label + " needs it"
				needed(n.On)
			}
		}
	}
	for _, r := range in.Resources {
		if _, ok := r.(resource.Keeping); ok && r.Exists() {
			needed(r)
		}
	}
	for _, r := range in.Resources {
		if k, ok := r.(resource.Keeping); ok && r.Exists() {
			why[r.Info().ID] = "stays: " + k.Data()
		}
	}
	return why
}

// add makes the change of r.
func (p *Plan) add(r resource.Resource, d resource.Diff, in Input) error {
	i := r.Info()
	c := Change{
		ID: i.ID, Kind: i.Kind, Name: i.Name, Action: d.Action, Why: d.Why, Diff: d.Fields, Group: i.Group,
		Usually: in.usual(i, d.Action), Needs: p.Steps.needs(i.ID), Steps: p.Steps.of(i.ID),
	}
	if c.Action == event.Delete {
		c.Keeps, c.Ends = i.Keeps, i.Ends
	}
	_, c.Versioned = r.(resource.Versioned)
	if x, ok := r.(resource.Exposed); ok {
		c.Exposes = x.Exposes(c.Action)
	}
	cost, err := in.of(r, p.Region)
	if err != nil {
		return err
	}
	c.MonthlyUSD, c.Unknown = cost.MonthlyUSD, !cost.Complete
	if k, ok := r.(resource.Keeping); ok && p.Destroy {
		c.Data = k.Data()
		if c.Action == event.None {
			p.KeptUSD += c.MonthlyUSD
		}
	}
	p.Sum.add(cost)
	p.Changes = append(p.Changes, c)
	return nil
}

// Observe asks AWS who we are and looks all resources up, at once, each as soon as what it needs for that is
// known. Who we are is known afterwards, and to resources of an account.
func Observe(ctx context.Context, rs resource.Set, scope *resource.Scope) error {
	var g graph.Graph
	looks := map[string]func(context.Context, *resource.Scope) error{whoAmI: identify}
	g.Add(whoAmI)
	spare := map[string]bool{}                        // the looks at what the app does without
	labels := map[string]string{whoAmI: "who we are"} // taken now: a look may change how a resource is called
	for _, r := range rs {
		name := r.Info().ID
		looks[name], labels[name], spare[name] = r.Observe, r.Info().Label, !resource.Wanted(r)
		g.Add(name)
		if _, ok := r.(resource.OfAccount); ok {
			g.Add(name, whoAmI)
		}
		for _, n := range rs.Needs(r) {
			if n.Observe {
				g.Add(name, n.On.Info().ID)
			}
		}
		if d, ok := r.(resource.Detailer); ok {
			looks[name+"/detail"], labels[name+"/detail"], spare[name+"/detail"] = d.Detail, r.Info().Label, !resource.Wanted(r)
			g.Add(name+"/detail", name)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed, err := g.Walk(ctx, graph.Walker{Visit: func(ctx context.Context, step string) error {
		err := looks[step](ctx, scope)
		if cloud.Unknown(err) && spare[step] { // where the whole service is missing, nothing of it is left over
			return nil
		}
		if err != nil {
			err = cloud.Explain("look up "+labels[step], err)
			cancel(err)
			return err
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return context.Cause(ctx)
	}
	return ctx.Err()
}

// whoAmI is the step that asks for the identity.
const whoAmI = "identity"

func identify(ctx context.Context, s *resource.Scope) (err error) {
	s.Identity, err = s.WhoAmI(ctx)
	return err
}

// Order returns the resources so that each stands behind all of its needs. A cycle is an error.
func Order(rs resource.Set) (resource.Set, error) {
	var g graph.Graph
	byID := map[string]resource.Resource{}
	for _, r := range rs {
		name := r.Info().ID
		byID[name] = r
		g.Add(name)
		for _, n := range rs.Needs(r) {
			g.Add(name, n.On.Info().ID)
		}
	}
	sorted, err := g.Sort()
	if err != nil {
		return nil, err
	}
	var out resource.Set
	for _, name := range sorted {
		out = append(out, byID[name])
	}
	return out, nil
}

// Printer is a Resource with settings of its own that a confirmation must be bound to, beyond its action
// and reason.
type Printer interface {
	// Fingerprint changes when the settings do. It tells none of them.
	Fingerprint() string
}

// hash stands for everything that the user is shown and agrees to.
func (p *Plan) hash() string {
	type part struct {
		ID, Kind, Name, Action, Why, Print string
		Diff                               []resource.FieldChange `json:",omitempty"`
	}
	parts := []part{{ID: p.App, Kind: p.Env, Name: p.Target, Action: p.Region, Why: p.Account}}
	for _, c := range p.Changes {
		parts = append(parts, part{ID: c.ID, Kind: c.Kind, Name: c.Name, Action: string(c.Action), Why: c.Why, Diff: c.Diff})
	}
	for _, r := range p.Resources {
		if f, ok := r.(Printer); ok {
			parts = append(parts, part{ID: r.Info().ID, Print: f.Fingerprint()})
		}
	}
	b, err := json.Marshal(parts)
	if err != nil {
		panic("marshal plain texts: " + err.Error()) // cannot happen
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:12]
}

// Within says whether p does nothing that confirmed does not do as well: the same app with the same settings,
// and no change that confirmed does not have. AWS may have got further meanwhile.
func (p *Plan) Within(confirmed *Plan) bool {
	if p.Hash == confirmed.Hash {
		return true
	}
	if p.Account != confirmed.Account || p.Region != confirmed.Region || p.prints() != confirmed.prints() {
		return false
	}
	agreed := map[string]event.Action{}
	for _, c := range confirmed.Changes {
		agreed[c.ID] = c.Action
	}
	for _, c := range p.Changes {
		was := agreed[c.ID]
		less := c.Action == event.None || c.Action == was || c.Action == event.Update && was == event.Create
		if !less {
			return false
		}
	}
	return true
}

// prints are the fingerprints of the settings, one after the other.
func (p *Plan) prints() string {
	var all string
	for _, r := range p.Resources {
		if f, ok := r.(Printer); ok {
			all += f.Fingerprint() + ";"
		}
	}
	return all
}

// Changed says whether the plan does anything at all.
func (p *Plan) Changed() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action != event.None })
}

// Age is how long ago AWS was looked at, in the engine's time.
func (p *Plan) Age(now time.Time) time.Duration { return now.Sub(p.made) }

// unsure says whether a price should be looked at twice before it is believed.
func unsure(l price.Line) bool {
	return l.Known && (l.Confidence == "low" || l.Confidence == "unverified" || l.Confidence == "")
}
