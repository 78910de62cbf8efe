package traffic

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

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
	case cloud.Denied(err), cloud.Unknown(err):
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

// hostedZone is a zone of the account that a name is in.
type hostedZone struct {
	id, name string
	private  bool
	servers  []string
}

// hostedZones are the zones of the account that one of the names is in.
func hostedZones(ctx context.Context, s *resource.Scope, names []string) (zones []hostedZone, err error) {
	p := route53.NewListHostedZonesPaginator(s.Route53, &route53.ListHostedZonesInput{})
	err = resource.Pages(ctx, p, func(out *route53.ListHostedZonesOutput) error {
		for _, z := range out.HostedZones {
			one := hostedZone{
				id: strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"), name: undotted(aws.ToString(z.Name)),
				private: z.Config != nil && z.Config.PrivateZone,
			}
			if slices.ContainsFunc(names, func(n string) bool { return within(n, one.name) }) {
				zones = append(zones, one)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range zones {
		if zones[i].private {
			continue
		}
		out, err := s.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zones[i].id})
		if err != nil {
			return nil, err
		}
		if out.DelegationSet != nil {
			zones[i].servers = lower(out.DelegationSet.NameServers)
		}
	}
	return zones, nil
}

// dnsPatience is how long one question to the public DNS may take.
const dnsPatience = 5 * time.Second

// authority is the zone that the public DNS asks for a name, and its name servers. It is empty where there is none,
// and unknown where nobody could be asked.
func authority(ctx context.Context, s *resource.Scope, name string) (zone string, servers []string, unknown bool) {
	for at := name; strings.Contains(at, "."); _, at, _ = strings.Cut(at, ".") {
		ask, cancel := context.WithTimeout(ctx, dnsPatience)
		found, err := s.Resolver.LookupNS(ask, at)
		cancel()
		var none *net.DNSError
		switch {
		case err == nil && len(found) > 0:
			for _, ns := range found {
				servers = append(servers, undotted(ns.Host))
			}
			return at, lower(servers), false
		case err != nil && (!errors.As(err, &none) || !none.IsNotFound):
			unknown = true
		}
	}
	return "", nil, unknown
}

// placeOf says where the DNS of a name is.
func placeOf(ctx context.Context, s *resource.Scope, name string, zones []hostedZone) (place, error) {
	zone, servers, unknown := authority(ctx, s, name)
	if ctx.Err() != nil {
		return place{}, ctx.Err()
	}
	var public, private []hostedZone
	for _, z := range zones {
		switch {
		case !within(name, z.name):
		case z.private:
			private = append(private, z)
		default:
			public = append(public, z)
		}
	}
	longest := func(a, b hostedZone) int { return cmp.Compare(len(b.name), len(a.name)) }
	slices.SortStableFunc(public, longest)
	slices.SortStableFunc(private, longest)
	for _, z := range public {
		if z.name == zone && sharesOne(z.servers, servers) || zone == "" && unknown {
			return place{id: z.id, zone: z.name, servers: z.servers}, nil
		}
	}
	p := place{zone: cmp.Or(zone, registered(name)), servers: servers}
	switch {
	case len(public) > 0 && len(public[0].name) >= len(zone):
		p.bar = undelegated(name, public[0], servers)
	case len(private) > 0 && zone == "" && !unknown:
		p.bar = onlyPrivate(name, private[0])
	}
	return p, nil
}

// undelegated is the failure of a hosted zone that the public DNS does not ask.
func undelegated(name string, z hostedZone, servers []string) error {
	asks := "the public DNS knows no name servers for it"
	if len(servers) > 0 {
		asks = "the public DNS asks " + strings.Join(servers, ", ")
	}
	return &fail.Error{
		Class: fail.Refused, Cause: "the hosted zone " + z.name + " of Route 53 is not asked for " + name + ": its name is not delegated to it",
		Evidence: "hosted zone " + z.id + " has " + strings.Join(z.servers, ", ") + "; " + asks,
		Remedy: "set these name servers where " + z.name + " was registered: " + strings.Join(z.servers, ", ") +
			"; or, if its DNS stays elsewhere, remove the hosted zone",
		Setting: "network.domain",
	}
}

// onlyPrivate is the failure of a name that only machines inside a VPC know.
func onlyPrivate(name string, z hostedZone) error {
	return &fail.Error{
		Class: fail.Refused, Cause: "the hosted zone " + z.name + " is private, so that nobody outside of its VPC finds " + name,
		Evidence: "hosted zone " + z.id + " is private, and the public DNS does not know " + z.name,
		Remedy:   "make a public hosted zone of " + z.name + " and set its name servers where the name was registered; or choose another network.domain",
		Setting:  "network.domain",
	}
}

// issuers are how CAA records name Amazon (engine/AWS.md, ACM).
var issuers = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// forbids is the failure of a name whose CAA records leave Amazon out. The records of the nearest name above count;
// those above the zone are looked at by ACM alone.
func forbids(ctx context.Context, s *resource.Scope, name string, p place) (bar, err error) {
	for at := name; within(at, p.zone); _, at, _ = strings.Cut(at, ".") {
		sets, err := setsOf(ctx, s, p.id, at)
		if cloud.Denied(err) || cloud.Unknown(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var says []string
		for _, set := range sets {
			for _, v := range set.ResourceRecords {
				if set.Type == r53types.RRTypeCaa {
					says = append(says, aws.ToString(v.Value))
				}
			}
		}
		text := strings.Join(says, "; ")
		if len(says) == 0 {
			continue
		}
		if slices.ContainsFunc(issuers, func(i string) bool { return strings.Contains(text, i) }) || !strings.Contains(text, "issue") {
			return nil, nil
		}
		return &fail.Error{
			Class: fail.Refused, Cause: "the CAA records of " + at + " forbid Amazon to issue a certificate for " + name,
			Evidence: at + " CAA " + text, Setting: "network.domain",
			Remedy: "add the CAA record 0 issue \"amazon.com\" to " + at + ", then run the same command again",
		}, nil
	}
	return nil, nil
}

// leadsTo says whether the public DNS sends a name to a load balancer, by its name or by its addresses.
func leadsTo(ctx context.Context, s *resource.Scope, name, balancer string) bool {
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	if at, err := s.Resolver.LookupCNAME(ctx, name); err == nil && sameHost(at, balancer) {
		return true
	}
	have, err := s.Resolver.LookupHost(ctx, name)
	if err != nil {
		return false
	}
	want, err := s.Resolver.LookupHost(ctx, balancer)
	return err == nil && sharesOne(have, want)
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
			return resource.Finding{Verdict: resource.Unknown, Text: "could not look where the DNS of " + d.Main() + " is: " + cloud.WhyNot(err)}
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
		return resource.Finding{Verdict: resource.OK, Text: "the DNS of " + strings.Join(here, ", ") + " is in Route 53, which the public DNS asks"}
	}
	text := "the DNS of " + strings.Join(elsewhere, ", ") + " is not in Route 53 of this account"
	if d.blind != "" {
		text = "the hosted zones of this account cannot be looked at (" + d.blind + "), so that records of " + strings.Join(elsewhere, ", ") + " are yours to set"
	}
	if d.arrived() {
		return resource.Finding{Verdict: resource.OK, Text: text + ", and leads to the load balancer"}
	}
	return resource.Finding{
		Verdict: resource.Warn, Text: text + ": records have to be set there by hand",
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

// zoneARN is the ARN of a hosted zone, which names no account.
func zoneARN(s *resource.Scope, id string) string {
	return "arn:" + s.Identity.Partition + ":route53:::hostedzone/" + id
}

// setsOf are the record sets of a name in a hosted zone.
func setsOf(ctx context.Context, s *resource.Scope, zone, name string) (sets []r53types.ResourceRecordSet, err error) {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String(name + ".")}
	for {
		out, err := s.Route53.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, set := range out.ResourceRecordSets {
			if undotted(aws.ToString(set.Name)) != name {
				return sets, nil
			}
			sets = append(sets, set)
		}
		if !out.IsTruncated {
			return sets, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
}

// busyZone is the error of a zone that takes another change just now.
var busyZone = []cloud.Retryable{{Code: "PriorRequestNotComplete", For: 5 * time.Minute}}

// changeZone makes changes of a hosted zone, all of them or none, and returns the id of the change.
func changeZone(ctx context.Context, s *resource.Scope, zone string, changes []r53types.Change) (id string, err error) {
	err = s.Retry(ctx, busyZone, func(ctx context.Context) error {
		out, err := s.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{Comment: aws.String("berth"), Changes: changes},
		})
		if err == nil && out.ChangeInfo != nil {
			id = aws.ToString(out.ChangeInfo.Id)
		}
		return err
	})
	return id, err
}

// inSync waits until all name servers of Route 53 know changes.
func inSync(ctx context.Context, s *resource.Scope, changes []string, usually time.Duration) error {
	for _, id := range changes {
		w := cloud.Wait{For: "all name servers of Route 53 to know the records", Deadline: 10 * time.Minute}
		err := s.Poll(ctx, w, usually, func(ctx context.Context) (bool, string, error) {
			out, err := s.Route53.GetChange(ctx, &route53.GetChangeInput{Id: &id})
			if err != nil {
				return false, "", err
			}
			return out.ChangeInfo.Status == r53types.ChangeStatusInsync, "", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
