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
	"berth/engine/resource/access"
	"berth/engine/resource/alarm"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/data"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
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
	PricesOld  bool     `json:"prices_old"`   // a price is older than six months
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

// listings are what is looked at, one line a kind; all of it happens at the same time.
var listings = []resource.Listing{
	traffic.LoadBalancers,
	traffic.Distributions,
	traffic.VPCOrigins,
	traffic.Gateways,
	compute.Services,
	compute.Namespaces,
	artifact.Repositories,
	artifact.BuildProjects,
	compute.LogGroups,
	traffic.TargetGroups,
	traffic.Certificates,
	traffic.Firewalls,
	network.VPCs,
	network.Subnets,
	network.InternetGateways,
	network.RouteTables,
	network.NATGateways,
	network.Addresses,
	network.SecurityGroups,
	access.Roles,
	compute.TaskDefinitions,
	compute.Scalings,
	compute.ScheduleGroups,
	data.Databases,
	data.ParameterGroups,
	data.SubnetGroups,
	data.FileSystems,
	data.Buckets,
	data.Caches,
	data.CacheSubnetGroups,
	alarm.Topics,
	alarm.Found,
	alarm.Rules,
	alarm.Budgets,
	locks,
}

// app is one app while its resources are judged.
type app struct {
	*resource.App
	id    string // its identity, empty when none of its resources has one
	found []resource.Found
}

// Find looks through the clients' region, and through what is global for what belongs to it. A listing that is
// denied or that the endpoint does not know is told in the report; any other failure is an error.
func Find(ctx context.Context, c *cloud.Clients, prices *price.Table) (*Report, error) {
	surveys, refused, err := look(ctx, c, listings)
	if err != nil {
		return nil, err
	}
	r := &Report{Region: c.Region, Groups: []Group{}, Blind: []string{}}
	judged := true
	for i, err := range refused {
		if err != nil {
			r.Blind = append(r.Blind, blind(listings[i], err))
			judged = judged && !listings[i].Judges
		}
	}
	if judged {
		r.judge(surveys, prices)
	}
	r.PricesOld = r.PricesAsOf != "" && price.Old(r.PricesAsOf, c.Clock.Now())
	return r, nil
}

// look makes all listings at once, and returns what each found, or why it was refused.
func look(ctx context.Context, c *cloud.Clients, all []resource.Listing) (surveys []*resource.Survey, refused []error, err error) {
	surveys, refused = make([]*resource.Survey, len(all)), make([]error, len(all))
	g, ctx := errgroup.WithContext(ctx)
	for i, l := range all {
		surveys[i] = resource.NewSurvey(c)
		g.Go(func() error {
			err := l.List(ctx, surveys[i])
			if cloud.Denied(err) || cloud.Unknown(err) {
				refused[i] = err
				return nil
			}
			return cloud.Explain("look for "+l.What, err)
		})
	}
	return surveys, refused, g.Wait()
}

// blind is the sentence about a listing that was refused.
func blind(l resource.Listing, err error) string {
	text := l.What + ": this endpoint does not support " + cloud.Operation(err)
	if cloud.Denied(err) {
		action, _ := cloud.DeniedAction(err)
		text = l.What + ": the permission " + action + " is missing"
	}
	if l.Without != "" {
		text += ", " + l.Without
	}
	return text
}

// judge says of each app what is left over.
func (r *Report) judge(surveys []*resource.Survey, prices *price.Table) {
	apps := map[resource.Owner]*app{}
	of := func(o resource.Owner) *app {
		if apps[o] == nil {
			apps[o] = &app{App: resource.NewApp(o)}
		}
		return apps[o]
	}
	for _, s := range surveys {
		for o, a := range s.Apps {
			of(o).Merge(a)
		}
		for _, f := range s.Found {
			m := of(f.Owner)
			m.found, m.id = append(m.found, f), cmp.Or(m.id, f.ID)
		}
	}
	for _, a := range apps {
		if a.Busy {
			r.Blind = append(r.Blind, fmt.Sprintf("%s (%s): a run is in progress or has just ended, so its resources are not checked", a.Owner.App, a.Owner.Env))
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
	g := Group{App: a.Owner.App, Env: a.Owner.Env, Alive: a.Alive, Resources: []Resource{}}
	for _, f := range a.found {
		left, ok := judge(f, a, r.Region)
		if !ok {
			continue
		}
		r.price(&left, f.Like, prices)
		g.Resources = append(g.Resources, left)
		g.MonthlyUSD = cents(g.MonthlyUSD + left.MonthlyUSD)
	}
	slices.SortStableFunc(g.Resources, func(a, b Resource) int { return cmp.Compare(b.MonthlyUSD, a.MonthlyUSD) })
	return g
}

// judge says whether a resource is left over, why, and what removes it.
func judge(f resource.Found, a *app, region string) (Resource, bool) {
	left := Resource{Kind: f.Kind, Name: f.Name, ARN: f.ARN, Role: f.Role}
	command := func(verb string) string {
		id := ""
		if a.id != "" {
			id = " --id " + a.id
		}
		return fmt.Sprintf("berth %s --app %s --env %s%s --region %s", verb, a.Owner.App, a.Owner.Env, id, region)
	}
	switch {
	case !a.Alive:
		left.Why, left.Remove = cmp.Or(f.Why, "its app has no service"), command("destroy")
	case f.Unused != nil:
		left.Why, left.Remove = f.Unused(a.App), cmp.Or(f.Remove, command("deploy"))
	}
	return left, left.Why != ""
}

// endsWithApp is the usage that ends with the app: what nobody calls takes no load and writes no logs.
var endsWithApp = []string{"alb.lcu_hour", "logs.ingest_gb"}

// price fills in what the resource costs a month: for being there, and for what a light use of the app left in it.
func (r *Report) price(left *Resource, like resource.Resource, prices *price.Table) {
	coster, ok := like.(resource.Coster)
	if !ok {
		return
	}
	bill, err := prices.Bill(r.Region, price.DefaultUsage())
	if err != nil { // the table does not know the region
		left.Unpriced = true
		return
	}
	coster.Costs(bill)
	for _, l := range bill.Estimate().Lines {
		if slices.Contains(endsWithApp, l.SKU) {
			continue
		}
		left.MonthlyUSD += l.USD
		left.Unpriced = left.Unpriced || !l.Known
		if l.Known {
			r.PricesAsOf = price.Older(r.PricesAsOf, l.AsOf)
		}
	}
	left.MonthlyUSD = cents(left.MonthlyUSD)
}

func cents(usd float64) float64 { return math.Round(usd*100) / 100 }
