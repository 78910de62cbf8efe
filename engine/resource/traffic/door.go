package traffic

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// The ways by which visitors reach an app over HTTPS, as berth.toml has them under network.https.
const (
	ByDomain     = "domain"     // names of its own, with a certificate on the load balancer
	ByCloudFront = "cloudfront" // an address of CloudFront
	ByGateway    = "gateway"    // an address of an ECS gateway
	ByHTTP       = "none"       // the load balancer itself, without encryption

	// Nobody is the door of an app that answers no requests.
	Nobody = "nobody"
)

// Door is how visitors reach the app: what is wanted, and what of it is possible by what was observed. Where the DNS of
// a domain is elsewhere CloudFront stands in, until the names lead to the load balancer. A run does not change what its
// plan decided.
//
// All parts of all ways are made all the time: those of the way that the app had before are found by that, and leave
// once the new one serves.
type Door struct {
	Want         string // one of the ways; empty: whichever is found
	LoadBalancer *LoadBalancer
	Inner        Inner

	Certificate  *Certificate
	Domain       *Domain
	Validation   *Validation
	Records      *Records
	Listener     *Listener // on port 80
	Rule         *ListenerRule
	HTTPS        *Listener // on port 443
	HTTPSRule    *ListenerRule
	Distribution *Distribution
	Handover     *Handover // of CloudFront's requests, between the load balancers
	Firewall     *Firewall // at the load balancer
	EdgeFirewall *Firewall // at CloudFront
	Gateway      *Gateway

	proposed string // as in Ask
}

// Ask is what is wanted of a door.
type Ask struct {
	Owner    resource.Owner
	Region   string
	Want     string                    // one of the ways; empty: whichever is found
	Proposed string                    // why berth proposed that way, where nobody said it; empty: somebody did
	Names    []string                  // of the app's own, where it wants to be reached by a domain; the main one first
	TakeOver []string                  // names whose records of somebody else may be replaced
	Private  bool                      // the load balancer behind CloudFront has no public addresses
	Assets   []string                  // patterns of paths that CloudFront caches and compresses
	Firewall Filter                    // what keeps requests off
	Headers  Headers                   // what browsers are told beside what the app says
	Secret   string                    // a random one, should CloudFront need a new one; 32 characters at least
	Role     *access.Role              // by which ECS looks after a gateway
	Linked   *access.ServiceLinkedRole // by which CloudFront reaches into a network
}

// Inner is what stands behind CloudFront where the load balancer has no public addresses.
type Inner struct {
	LoadBalancer *LoadBalancer
	TargetGroup  *TargetGroup
	Listener     *Listener
	Rule         *ListenerRule
	Origin       *VPCOrigin
}

// Filter is which requests are kept off the app, wherever visitors come in.
type Filter struct {
	On        bool // by AWS WAF with AWS's core rules
	RateLimit int  // requests of one address in five minutes; 0: any number
}

// NewDoor makes the parts of a door before a load balancer and a target group, wired to each other, and those of one inside
// the network beside them.
func NewDoor(a Ask, lb *LoadBalancer, tg *TargetGroup) *Door {
	o, secret := a.Owner, &OriginSecret{Fresh: a.Secret}
	in, list := *lb, *tg
	in.Private, in.Network.Within, in.Unneeded, in.Tasks = true, true, !a.Private, &list
	list.Private, list.First, list.Unneeded = true, tg, !a.Private
	d := &Door{Want: a.Want, proposed: a.Proposed, LoadBalancer: lb, Inner: Inner{LoadBalancer: &in, TargetGroup: &list}}
	d.Certificate = &Certificate{Owner: o, Names: a.Names, Unneeded: len(a.Names) == 0}
	d.Domain = &Domain{Names: a.Names, Certificate: d.Certificate, LoadBalancer: lb}
	d.Validation = &Validation{Owner: o, Certificate: d.Certificate, Domain: d.Domain}
	d.Listener = &Listener{Owner: o, LoadBalancer: lb, Door: d}
	d.Rule = &ListenerRule{Owner: o, Listener: d.Listener, TargetGroup: tg, Door: d, Secret: secret}
	d.Certificate.Plain = d.Listener
	d.HTTPS = &Listener{Owner: o, LoadBalancer: lb, Door: d, Certificate: d.Certificate, First: d.Listener, Headers: a.Headers}
	d.HTTPSRule = &ListenerRule{Owner: o, Listener: d.HTTPS, TargetGroup: tg, Door: d}
	d.Inner.Listener = &Listener{Owner: o, LoadBalancer: &in, Door: d}
	d.Inner.Rule = &ListenerRule{Owner: o, Listener: d.Inner.Listener, TargetGroup: &list, Door: d, Secret: secret}
	d.Inner.Origin = &VPCOrigin{Owner: o, Region: a.Region, LoadBalancer: &in, LinkedRole: a.Linked}
	d.Distribution = &Distribution{Owner: o, Region: a.Region, Door: d, Assets: a.Assets, Headers: a.Headers, Secret: secret}
	d.Handover = &Handover{Distribution: d.Distribution}
	d.Firewall = &Firewall{Owner: o, Region: a.Region, Filter: a.Firewall, Door: d}
	d.EdgeFirewall = &Firewall{Owner: o, Region: a.Region, Edge: true, Filter: a.Firewall, Door: d}
	d.Gateway = &Gateway{Owner: o, Network: lb.Network, SecurityGroup: lb.SecurityGroup, Role: a.Role, Door: d}
	d.Records = &Records{Owner: o, Domain: d.Domain, Door: d, TakeOver: a.TakeOver}
	return d
}

// Rules are those that name the target group.
func (d *Door) Rules() []*ListenerRule { return []*ListenerRule{d.Rule, d.HTTPSRule, d.Inner.Rule} }

// Behind are the parts at the load balancer, in the order in which people see them.
func (d *Door) Behind() resource.Set {
	in := d.Inner
	return resource.Set{
		d.Certificate, d.Domain, d.Validation, d.Listener, d.Rule, d.HTTPS, d.HTTPSRule, d.Gateway, d.Firewall,
		in.LoadBalancer, in.TargetGroup, in.Listener, in.Rule, in.Origin,
	}
}

// Before are the parts that lead visitors to the load balancer.
func (d *Door) Before() resource.Set {
	return resource.Set{d.Distribution, d.Handover, d.EdgeFirewall, d.Records}
}

// Looks are what has to be looked up to know where visitors come in.
func (d *Door) Looks() resource.Set {
	if d.Own() {
		return resource.Set{d.LoadBalancer, d.Certificate, d.Domain, d.Distribution}
	}
	if d.ECS() {
		return resource.Set{d.Gateway}
	}
	return resource.Set{d.Distribution}
}

// Stands is where the app's door stands already.
func (d *Door) Stands(ctx context.Context, s *resource.Scope) (network.Standing, error) {
	at, err := d.LoadBalancer.Stands(ctx, s)
	if err != nil || at.VPC != "" {
		return at, err
	}
	if d.Private() {
		if at, err := d.Inner.LoadBalancer.Stands(ctx, s); err != nil || at.VPC != "" {
			return at, err
		}
	}
	return d.Gateway.Stands(ctx, s)
}

// Own says whether the app shall be reached by names of its own; for a look, whether it has some.
func (d *Door) Own() bool {
	return d.Want == ByDomain || d.Want == "" && d.Certificate.found != nil
}

// Interim says whether CloudFront stands in for the domain.
func (d *Door) Interim() bool { return d.Own() && d.Domain.Elsewhere() && !d.complete() }

// complete says whether all that others have to do for the domain is done.
func (d *Door) complete() bool { return d.Certificate.Issued && d.Domain.arrived() }

// TLS says whether the load balancer encrypts: the certificate is there, or a run can get it by itself.
func (d *Door) TLS() bool {
	return d.Own() && (!d.Domain.Elsewhere() || d.Certificate.Issued)
}

// CloudFront says whether visitors come by CloudFront.
func (d *Door) CloudFront() bool { return d.Want == ByCloudFront || d.Interim() }

// Private says whether the load balancer behind CloudFront has no public addresses.
func (d *Door) Private() bool { return d.Inner.LoadBalancer.Wanted() }

// front is the load balancer that visitors are led to, and the rule that lets them through.
func (d *Door) front() (*LoadBalancer, *ListenerRule) {
	if d.Private() {
		return d.Inner.LoadBalancer, d.Inner.Rule
	}
	return d.LoadBalancer, d.Rule
}

// Front is the load balancer that visitors are led to.
func (d *Door) Front() *LoadBalancer {
	lb, _ := d.front()
	return lb
}

// behind is the other load balancer.
func (d *Door) behind() *LoadBalancer {
	if d.Private() {
		return d.LoadBalancer
	}
	return d.Inner.LoadBalancer
}

// ECS says whether visitors come by a gateway of ECS, which has a load balancer of its own.
func (d *Door) ECS() bool { return d.Want == ByGateway }

// Stays says that visitors come by CloudFront already, where nobody but berth proposes another way: whether the app works
// there is known by now.
func (d *Door) Stays() bool {
	return d.ECS() && d.proposed != "" && d.Distribution.Exists() && !d.Gateway.Exists()
}

// Open says whether the load balancer answers everybody without encryption.
func (d *Door) Open() bool { return d.Want == ByHTTP }

// Anybody says whether the load balancer can be called by everybody, rather than by CloudFront alone.
func (d *Door) Anybody() bool { return d.TLS() || d.Open() }

// Host is the name that the app is called by, empty while AWS has not given it.
func (d *Door) Host() string {
	switch {
	case d.CloudFront(), d.Want == "" && d.Distribution.Host != "":
		return d.Distribution.Host
	case d.Own():
		return d.Domain.Main()
	case d.ECS(), d.Want == "" && d.Gateway.Route.Host != "":
		return d.Gateway.Route.Host
	case d.Open(), d.Want == "" && d.Rule.found != nil:
		return strings.ToLower(d.LoadBalancer.DNS)
	}
	return ""
}

// URL is what visitors call, without a path; empty while it is not known.
func (d *Door) URL() string {
	switch host := d.Host(); {
	case host == "":
		return ""
	case strings.HasSuffix(host, ".elb.amazonaws.com"):
		return "http://" + host
	default:
		return "https://" + host
	}
}

// Awaits is what the domain waits for, nil when it waits for nothing.
func (d *Door) Awaits() *event.Waiting {
	if !d.Own() || !d.Domain.Elsewhere() || d.complete() && d.Want != "" || d.Want == "" && d.Distribution.Host == "" {
		return nil
	}
	main := d.Domain.Main()
	w := &event.Waiting{
		For:  "records of " + strings.Join(d.elsewhere(), ", ") + " at the DNS provider of " + d.Domain.places[d.elsewhere()[0]].zone,
		Then: "run berth deploy again: it moves the app to https://" + main + "; until then the app stays at its current address",
	}
	if d.complete() {
		w.For = "the next deployment: all records of " + main + " are set"
	}
	issued := d.Certificate.Issued || d.Validation.issued
	w.Records = append(d.proving(issued), d.leading(issued)...)
	if c := d.Certificate.found; c != nil && c.CreatedAt != nil && !issued {
		w.Until = c.CreatedAt.Add(validationTime)
	}
	return w
}

// elsewhere are the names whose DNS is not in Route 53.
func (d *Door) elsewhere() (names []string) {
	for _, n := range d.Domain.names() {
		if d.Domain.hosted(n) == "" {
			names = append(names, n)
		}
	}
	return names
}

// proving are the records by which ACM sees that the domain is the app's.
func (d *Door) proving(issued bool) (all []event.Record) {
	const why = "proves to AWS that you own the name; keep it, ACM needs it to renew the certificate"
	found := proofs(d.Certificate.found)
	if len(found) == 0 {
		for _, n := range d.elsewhere() {
			found = append(found, proof{host: n, name: "(known after apply)." + n, value: resource.NotYet})
		}
	}
	for _, p := range found {
		if d.Domain.hosted(p.host) != "" {
			continue
		}
		r := d.record(p.host, p.name, p.value, why)
		if r.State = cmp.Or(d.Validation.seen[p.name], event.RecordMissing); issued {
			r.State = event.RecordSet
		}
		all = append(all, r)
	}
	return all
}

// leading are the records by which visitors find the load balancer.
func (d *Door) leading(issued bool) (all []event.Record) {
	for _, n := range d.elsewhere() {
		p := d.Domain.places[n]
		r := d.record(n, n, cmp.Or(strings.ToLower(d.LoadBalancer.DNS), resource.NotYet), "sends visitors to the app")
		if !issued {
			r.Note = "if the name is in use now, set this record after the certificate is issued"
		}
		if n == p.zone {
			r.Type, r.Line = "ALIAS", ""
			r.Note = "the zone apex cannot have a CNAME: use ALIAS or ANAME if the provider has it, or redirect the name to one such as www." + n
		}
		if p.leads {
			r.State = event.RecordSet
		}
		all = append(all, r)
	}
	return all
}

// record is one record to set by hand.
func (d *Door) record(host, name, value, why string) event.Record {
	zone := d.Domain.places[host].zone
	relative := "@"
	if name != zone {
		relative = strings.TrimSuffix(name, "."+zone)
	}
	r := event.Record{Zone: zone, Name: name, Relative: relative, Type: "CNAME", Value: value, Why: why, State: event.RecordMissing}
	if value != resource.NotYet {
		r.Line = fmt.Sprintf("%s. %d IN CNAME %s.", name, recordTTL, value)
	}
	return r
}
