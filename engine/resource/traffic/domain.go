package traffic

import (
	"context"
	"slices"
	"strings"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// Domain is the names of its own that an app has, and where their DNS is. It is looked up and never made.
type Domain struct {
	Names        []string // wanted, the first is the one that the app calls itself; none: only those of the certificate
	Certificate  *Certificate
	LoadBalancer *LoadBalancer

	places map[string]place // by name
	blind  string           // why the hosted zones could not be looked at
}

// place is where the DNS of a name is.
type place struct {
	id      string // of the hosted zone that the public DNS asks; empty when its DNS is elsewhere
	zone    string // the zone's name, without a dot at its end
	servers []string
	bar     error // why it cannot be used
	leads   bool  // elsewhere: the name leads to the load balancer
}

// Info implements Resource.
func (d *Domain) Info() resource.Info {
	return resource.Info{ID: "domain", Kind: "dns.Domain", Name: d.Main(), Label: "the DNS of the domain", Group: resource.GroupEndpoint}
}

// Needs implements Resource.
func (d *Domain) Needs() []resource.Need {
	return []resource.Need{{On: d.Certificate, Observe: true, Loose: true}, {On: d.LoadBalancer, Observe: true, Loose: true}}
}

// Main is the name that the app calls itself, empty when it has none of its own.
func (d *Domain) Main() string {
	if len(d.Names) > 0 {
		return d.Names[0]
	}
	return d.Certificate.main()
}

// names are those that are wanted, or else those of the certificate that there is.
func (d *Domain) names() []string {
	if len(d.Names) > 0 {
		return d.Names
	}
	return d.Certificate.names()
}

// all are the wanted names and those of certificates that are there.
func (d *Domain) all() []string {
	names := append(slices.Clone(d.Names), d.Certificate.everyName()...)
	slices.Sort(names)
	return slices.Compact(names)
}

// Observe implements Resource. Names in a hosted zone are asked of Route 53 alone: a resolver would remember for many
// minutes that a name which is about to be made is not there.
func (d *Domain) Observe(ctx context.Context, s *resource.Scope) error {
	d.places, d.blind = map[string]place{}, ""
	names := d.all()
	if len(names) == 0 {
		return nil
	}
	zones, err := hostedZones(ctx, s, names)
	switch {
	case resource.Unseen(err):
		d.blind = cloud.WhyNot(err)
	case err != nil:
		return err
	}
	for _, name := range names {
		p, err := placeOf(ctx, s, name, zones)
		if err != nil {
			return err
		}
		if p.id != "" && slices.Contains(d.Names, name) {
			if p.bar, err = forbids(ctx, s, name, p); err != nil {
				return err
			}
		}
		if p.id == "" && p.bar == nil {
			p.leads = d.LoadBalancer.DNS != "" && leadsTo(ctx, s, name, d.LoadBalancer.DNS)
		}
		d.places[name] = p
	}
	return nil
}

// hosted is the hosted zone of a name, empty when its DNS is elsewhere.
func (d *Domain) hosted(name string) string { return d.places[name].id }

// Elsewhere says whether the DNS of a wanted name is not in Route 53, as observed.
func (d *Domain) Elsewhere() bool {
	return slices.ContainsFunc(d.names(), func(n string) bool { return d.hosted(n) == "" })
}

// arrived says whether all names whose DNS is elsewhere lead to the load balancer.
func (d *Domain) arrived() bool {
	return !slices.ContainsFunc(d.names(), func(n string) bool { return d.hosted(n) == "" && !d.places[n].leads })
}

// Bar implements Barred.
func (d *Domain) Bar() error {
	for _, n := range d.Names {
		if err := d.places[n].bar; err != nil {
			return err
		}
	}
	return nil
}

// Exists implements Resource.
func (d *Domain) Exists() bool { return false }

// Diff implements Resource: there is nothing to do about it.
func (d *Domain) Diff(*resource.Scope) resource.Diff { return resource.Diff{} }

// Apply implements Resource.
func (d *Domain) Apply(context.Context, *resource.Scope) error { return nil }

// Delete implements Resource.
func (d *Domain) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (d *Domain) Permissions(s *resource.Scope, _ event.Action) []resource.Permission {
	if len(d.all()) == 0 {
		return nil
	}
	list := resource.Anywhere("route53:ListHostedZones")
	get := resource.On(resource.Actions("route53:GetHostedZone"), zoneARN(s, "*"))
	list.Without = "the records of the domain are shown to be set by hand"
	get.Without = list.Without
	caa := resource.On(resource.Actions("route53:ListResourceRecordSets"), zoneARN(s, "*"))
	caa.Without = "CAA records that forbid Amazon are told by ACM alone"
	return []resource.Permission{list, get, caa}
}

// Checks implements Checked: where the DNS of the names is.
func (d *Domain) Checks(event.Action) []resource.Probe {
	if len(d.Names) == 0 {
		return nil
	}
	return []resource.Probe{{ID: "domain", Title: "domain", Look: d.check}}
}

func (d *Domain) check(ctx context.Context, s *resource.Scope) resource.Finding {
	if d.places == nil {
		if err := d.Observe(ctx, s); err != nil {
			return resource.Finding{Verdict: resource.Unknown, Text: "could not find out where the DNS of " + d.Main() + " is hosted: " + cloud.WhyNot(err)}
		}
	}
	if f := fail.From(d.Bar()); f != nil {
		return resource.Finding{Verdict: resource.Fail, Text: f.Cause, Remedy: f.Remedy}
	}
	var here, elsewhere []string
	for _, n := range d.Names {
		if p := d.places[n]; p.id != "" {
			here = append(here, n)
		} else {
			elsewhere = append(elsewhere, n)
		}
	}
	if len(elsewhere) == 0 {
		return resource.Finding{Verdict: resource.OK, Text: "the DNS of " + strings.Join(here, ", ") + " is hosted in Route 53, and the name is delegated to it"}
	}
	text := "the DNS of " + strings.Join(elsewhere, ", ") + " is not hosted in Route 53 in this account"
	if d.blind != "" {
		text = "the hosted zones of this account cannot be listed (" + d.blind + "), so you have to set the records of " + strings.Join(elsewhere, ", ") + " yourself"
	}
	if d.arrived() {
		return resource.Finding{Verdict: resource.OK, Text: text + ", but points to the load balancer"}
	}
	return resource.Finding{
		Verdict: resource.Warn, Text: text + ": you have to set the records there yourself",
		Remedy: "berth plan and berth status show the records",
	}
}

// registered is a guess at the part of a name that was registered, where the public DNS does not tell.
func registered(name string) string {
	labels := strings.Split(name, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

func within(name, zone string) bool { return name == zone || strings.HasSuffix(name, "."+zone) }

func undotted(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func sameHost(a, b string) bool {
	return strings.TrimPrefix(undotted(a), "dualstack.") == strings.TrimPrefix(undotted(b), "dualstack.")
}

func lower(names []string) (out []string) {
	for _, n := range names {
		out = append(out, undotted(n))
	}
	return out
}

func sharesOne(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}
