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

	"berth/engine/fail"
	"berth/engine/resource"
)

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
	asks := "the public DNS has no name servers for it"
	if len(servers) > 0 {
		asks = "the public DNS has " + strings.Join(servers, ", ")
	}
	return &fail.Error{
		Class: fail.Refused, Cause: "the hosted zone " + z.name + " in Route 53 does not serve " + name + ": the name is not delegated to it",
		Evidence: "hosted zone " + z.id + " has " + strings.Join(z.servers, ", ") + "; " + asks,
		Remedy: "set these name servers at the registrar of " + z.name + ": " + strings.Join(z.servers, ", ") +
			"; or, if its DNS is hosted elsewhere, delete the hosted zone",
		Setting: "network.domain",
	}
}

// onlyPrivate is the failure of a name that only machines inside a VPC know.
func onlyPrivate(name string, z hostedZone) error {
	return &fail.Error{
		Class: fail.Refused, Cause: "the hosted zone " + z.name + " is private, so nothing outside its VPC can resolve " + name,
		Evidence: "hosted zone " + z.id + " is private, and the public DNS does not resolve " + z.name,
		Remedy:   "create a public hosted zone for " + z.name + " and set its name servers at the registrar; or choose another network.domain",
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
		if resource.Unseen(err) {
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
			Class: fail.Refused, Cause: "the CAA records of " + at + " do not allow Amazon to issue a certificate for " + name,
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
