// Package orphan finds what earlier runs left behind in a region: resources of apps that have no service any
// more (or not yet), and single ones that a living app no longer uses. It goes by the tags, names and comments
// that all of berth's resources carry, needs no berth.toml, and changes nothing.
//
// An app's secrets are no leftovers: people put them there, often before the first deployment.
package orphan

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/resource"
)

// Report is what is left over in a region. It marshals to the JSON of the command line contract.
type Report struct {
	Region string `json:"region"`
	// Groups are the apps with leftovers, by app and environment. Empty means that there are none.
	Groups []Group `json:"groups"`
	// Blind tells what could not be looked at, one sentence each: there may be more leftovers behind it.
	Blind      []string `json:"could_not_look"`
	MonthlyUSD float64  `json:"monthly_usd"`
	PricesAsOf string   `json:"prices_as_of"` // of the oldest price in it, empty when nothing costs anything
}

// Group is what is left over of one app in one environment.
type Group struct {
	App string `json:"app"`
	Env string `json:"env"`
	// Alive says that the app has a service; then the resources are single ones that it does not use.
	Alive      bool       `json:"alive"`
	MonthlyUSD float64    `json:"monthly_usd"`
	Resources  []Resource `json:"resources"` // what costs most first
}

// Resource is one leftover.
type Resource struct {
	Kind       string  `json:"kind"` // as in plans: elbv2.LoadBalancer
	Name       string  `json:"name"`
	ARN        string  `json:"arn"` // or id, as AWS has it
	Role       string  `json:"role"`
	MonthlyUSD float64 `json:"monthly_usd"`        // while nothing uses it; what is stored, as in plans
	Unpriced   bool    `json:"unpriced,omitempty"` // it costs money, and no price for the region is known
	Why        string  `json:"why"`                // it counts as left over
	Remove     string  `json:"remove"`             // the command that removes it
}

// found is one resource of berth's that exists.
type found struct {
	Resource
	owner resource.Owner
	usage []price.Item
	// unused says why an app that lives does not use it; empty means that it does. Nil means that every living
	// app does. It is called once for each resource, in the order of the listing.
	unused func(*app) string
	// remove is what removes it from a living app; empty means that the next deployment does.
	remove string
}

// app is what is known of one app while its resources are judged.
type app struct {
	resource.Owner
	alive, busy   bool
	targets       map[string]bool // ARNs of the target groups that its services use
	discovered    bool            // a service of it is listed in DNS
	distributions int             // seen so far
	found         []found
}

// survey collects what the looks find. Each look has its own survey; they are put together afterwards.
type survey struct {
	*cloud.Clients
	found []found
	apps  map[resource.Owner]*app // what the look learned of apps
}

func (s *survey) add(f found) { s.found = append(s.found, f) }

// app is what this look knows of the owner's app.
func (s *survey) app(o resource.Owner) *app {
	if s.apps[o] == nil {
		s.apps[o] = &app{Owner: o, targets: map[string]bool{}}
	}
	return s.apps[o]
}

// look is one kind of listing; all looks happen at the same time.
type look struct {
	what string // "load balancers"
	do   func(*survey, context.Context) error
	// without says what cannot be told when the look was refused.
	without string
}

// services is the look without which nothing can be called left over.
const services = "services"

var looks = []look{
	{what: "load balancers", do: (*survey).loadBalancers},
	{what: "distributions", do: (*survey).distributions},
	{what: services, do: (*survey).services, without: "so nothing can be called left over"},
	{what: "private DNS zones", do: (*survey).namespaces},
	{what: "image repositories", do: (*survey).repositories},
	{what: "log groups", do: (*survey).logGroups},
	{what: "target groups", do: (*survey).targetGroups},
	{what: "networks", do: (*survey).vpcs},
	{what: "subnets", do: (*survey).subnets},
	{what: "internet gateways", do: (*survey).gateways},
	{what: "route tables", do: (*survey).routeTables},
	{what: "security groups", do: (*survey).securityGroups},
	{what: "roles", do: (*survey).roles},
	{what: "task definitions", do: (*survey).taskDefinitions},
	{what: "scaling", do: (*survey).scaling},
	{what: "locks", do: (*survey).locks, without: "so an app that is being deployed right now may be listed"},
}

// Find looks through the clients' region, and through what is global for what belongs to it. A listing that is
// denied or that the endpoint does not know is told in the report; any other failure is an error.
func Find(ctx context.Context, c *cloud.Clients, prices *price.Table) (*Report, error) {
	surveys := make([]*survey, len(looks))
	refused := make([]error, len(looks))
	g, ctx := errgroup.WithContext(ctx)
	for i, l := range looks {
		surveys[i] = &survey{Clients: c, apps: map[resource.Owner]*app{}}
		g.Go(func() error {
			err := l.do(surveys[i], ctx)
			if cloud.Denied(err) || cloud.Unknown(err) {
				refused[i] = err
				return nil
			}
			return cloud.Explain("look for "+l.what, err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	r := &Report{Region: c.Region, Groups: []Group{}, Blind: []string{}}
	judged := true
	for i, err := range refused {
		if err != nil {
			r.Blind = append(r.Blind, blind(looks[i], err))
			judged = judged && looks[i].what != services
		}
	}
	if judged {
		r.judge(surveys, prices)
	}
	return r, nil
}

// blind is the sentence about a look that was refused.
func blind(l look, err error) string {
	text := l.what + ": this endpoint does not know " + cloud.Operation(err)
	if cloud.Denied(err) {
		action, _ := cloud.DeniedAction(err)
		text = l.what + ": the permission " + action + " is missing"
	}
	if l.without != "" {
		text += ", " + l.without
	}
	return text
}

// judge says of each app what is left over.
func (r *Report) judge(surveys []*survey, prices *price.Table) {
	all := &survey{apps: map[resource.Owner]*app{}}
	for _, s := range surveys {
		for o, a := range s.apps {
			m := all.app(o)
			m.alive, m.busy, m.discovered = m.alive || a.alive, m.busy || a.busy, m.discovered || a.discovered
			for t := range a.targets {
				m.targets[t] = true
			}
		}
		for _, f := range s.found {
			m := all.app(f.owner)
			m.found = append(m.found, f)
		}
	}
	for _, a := range all.apps {
		if a.busy {
			r.Blind = append(r.Blind, fmt.Sprintf("%s (%s): a run is going on or ended a moment ago, so nothing of it is judged", a.App, a.Env))
			continue
		}
		if g := r.group(a, prices); len(g.Resources) > 0 {
			r.Groups = append(r.Groups, g)
			r.MonthlyUSD = cents(r.MonthlyUSD + g.MonthlyUSD)
		}
	}
	slices.SortFunc(r.Groups, func(a, b Group) int { return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Env, b.Env)) })
	slices.Sort(r.Blind)
}

// group is what is left over of one app.
func (r *Report) group(a *app, prices *price.Table) Group {
	g := Group{App: a.App, Env: a.Env, Alive: a.alive, Resources: []Resource{}}
	for _, f := range a.found {
		if !f.judge(a, r.Region) {
			continue
		}
		r.price(&f, prices)
		g.Resources = append(g.Resources, f.Resource)
		g.MonthlyUSD = cents(g.MonthlyUSD + f.MonthlyUSD)
	}
	slices.SortStableFunc(g.Resources, func(a, b Resource) int { return cmp.Compare(b.MonthlyUSD, a.MonthlyUSD) })
	return g
}

// noService is why the resources of an app count as left over.
const noService = "its app has no service"

// judge says whether the resource is left over, and fills in why and what removes it.
func (f *found) judge(a *app, region string) bool {
	command := func(verb string) string {
		return fmt.Sprintf("berth %s --app %s --env %s --region %s", verb, a.App, a.Env, region)
	}
	if !a.alive {
		f.Why, f.Remove = cmp.Or(f.Why, noService), command("destroy")
		return true
	}
	if f.unused == nil {
		return false
	}
	f.Why, f.Remove = f.unused(a), cmp.Or(f.remove, command("deploy"))
	return f.Why != ""
}

// usage is what a resource of a kind is billed for in a month: for being there, and for what a light use of
// the app leaves in it.
func usage(kind any) []price.Item {
	var items []price.Item
	if c, ok := kind.(resource.FixedCoster); ok {
		items = c.FixedCosts()
	}
	if c, ok := kind.(resource.UsageCoster); ok {
		items = append(items, c.UsageCosts()...)
	}
	return items
}

// endsWithApp is the usage that ends with the app: what nobody calls takes no load and writes no logs.
var endsWithApp = []string{"alb.lcu_hour", "logs.ingest_gb"}

// price fills in what the resource costs a month.
func (r *Report) price(f *found, prices *price.Table) {
	items := slices.DeleteFunc(slices.Clone(f.usage), func(i price.Item) bool { return slices.Contains(endsWithApp, i.SKU) })
	if len(items) == 0 {
		return
	}
	est, err := prices.Quote(r.Region, items)
	if err != nil { // the table does not know the region
		f.Unpriced = true
		return
	}
	f.MonthlyUSD = cents(est.MonthlyUSD)
	for _, l := range est.Lines {
		if !l.Known {
			f.Unpriced = true
		} else if r.PricesAsOf == "" || l.AsOf < r.PricesAsOf {
			r.PricesAsOf = l.AsOf
		}
	}
}

func cents(usd float64) float64 { return math.Round(usd*100) / 100 }
