package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// route53Service is Route 53: hosted zones here, their records in a file of their own. It is global. Who asks the
// public DNS finds a public zone only when its name is delegated to it (see dns.go).
func route53Service() awsService {
	return awsService{
		name: "route53", protocol: speaksQuery,
		state: []keeper{route53Shelf, dnsShelf},
		operations: []operation{
			op(r53CreateHostedZone), op(r53GetHostedZone), op(r53ListHostedZones, pages("HostedZones", 100, 100)), op(r53ListHostedZonesByName),
			op(r53ListHostedZonesByVPC, pages("HostedZoneSummaries", 100, 100), also("ec2:DescribeVpcs")), op(r53DeleteHostedZone),
			op(r53ChangeTagsForResource), op(r53ListTagsForResource),
		},
		latencies:  map[lat]time.Duration{latInSync: 30 * time.Second}, // a change: 10-60 s
		quotas:     []quotaCode{{"route53", "L-4EA4796A", "Hosted zones", "zones", 500}},
		listGlobal: listZones,
		parts:      []awsService{route53Records()},
	}
}

type route53State struct {
	Zones   []*zone
	Changes []*zoneChange
}

const route53Shelf shelf[route53State] = "route53"

func (st *state) route53() *route53State { return route53Shelf.in(&st.Kept) }

const latInSync lat = "route53.insync"

type zone struct {
	ID        string // without /hostedzone/
	Name      string // in lower case, with a dot at its end
	Reference string
	Comment   string
	VPCs      []r53types.VPC // of a private zone
	Servers   []string       // of a public one
	Records   []*record      // without NS and SOA of the zone itself
	Tags      tagMap
}

func (z *zone) private() bool { return len(z.VPCs) > 0 }

func listZones(v *inventory) {
	for _, z := range v.st.route53().Zones {
		v.add("route53.HostedZone", z.Name, false, map[string]any{"Private": z.private(), "Comment": z.Comment, "Tags": z.Tags}, z.ID)
		for _, r := range z.Records {
			v.add("route53.RecordSet", z.Name+" "+str(r.Set.Name)+" "+string(r.Set.Type)+" "+str(r.Set.SetIdentifier), false, r.Set)
		}
	}
}

// fqdn is a name as Route 53 writes it.
func fqdn(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, ".")) + "."
}

func (st *state) zone(id *string) *zone {
	name := strings.TrimPrefix(str(id), "/hostedzone/")
	return find(st.route53().Zones, func(z *zone) bool { return z.ID == name })
}

// onZone looks a zone up and passes it to fn.
func onZone[Out any](c *call, id *string, fn func(*zone) (*Out, error)) (*Out, error) {
	z := c.st.zone(id)
	if z == nil {
		return nil, &r53types.NoSuchHostedZone{Message: msg("No hosted zone found with ID: %s", strings.TrimPrefix(str(id), "/hostedzone/"))}
	}
	return fn(z)
}

func r53CreateHostedZone(c *call, in *route53.CreateHostedZoneInput) (*route53.CreateHostedZoneOutput, error) {
	zones := c.st.route53().Zones
	n, lowered := c.a.quota("zones")
	switch {
	case find(zones, func(z *zone) bool { return z.Reference == str(in.CallerReference) }) != nil:
		return nil, &r53types.HostedZoneAlreadyExists{Message: msg("A hosted zone has already been created with the specified caller reference.")}
	case !strings.Contains(strings.TrimSuffix(str(in.Name), "."), "."):
		return nil, &r53types.InvalidDomainName{Message: msg("The domain name is not valid: %s", str(in.Name))}
	case lowered && len(zones) >= n:
		return nil, &r53types.TooManyHostedZones{Message: msg("You have reached the maximum number of hosted zones.")}
	}
	key := c.st.fresh("zone", fqdn(str(in.Name)), str(in.CallerReference))
	z := &zone{ID: "Z" + lettersOf(key, 20), Name: fqdn(str(in.Name)), Reference: str(in.CallerReference)}
	if in.HostedZoneConfig != nil {
		z.Comment = str(in.HostedZoneConfig.Comment)
	}
	if in.VPC != nil {
		r := c.st.Regions[string(in.VPC.VPCRegion)]
		if r == nil || r.vpc(str(in.VPC.VPCId)) == nil {
			return nil, &r53types.InvalidVPCId{Message: msg("The VPC: %s that you provided is not authorized to make the association.", str(in.VPC.VPCId))}
		}
		if find(zones, func(o *zone) bool {
			return o.Name == z.Name && slices.ContainsFunc(o.VPCs, func(v r53types.VPC) bool { return str(v.VPCId) == str(in.VPC.VPCId) })
		}) != nil {
			return nil, &r53types.ConflictingDomainExists{Message: msg("The VPC %s in region %s has already been associated with the hosted zone of the same name.", str(in.VPC.VPCId), in.VPC.VPCRegion)}
		}
		z.VPCs = []r53types.VPC{clone(*in.VPC)}
	} else {
		for i, end := range []string{"com", "net", "org", "co.uk"} {
			z.Servers = append(z.Servers, fmt.Sprintf("ns-%s.awsdns-%s.%s", digitsOf(key[i*8:], 4), digitsOf(key[i*8+4:], 2), end))
		}
	}
	c.st.route53().Zones = append(zones, z)
	o := c.zoneOut(z)
	out := &route53.CreateHostedZoneOutput{HostedZone: &o, ChangeInfo: c.change(), Location: new("https://route53.amazonaws.com/2013-04-01/hostedzone/" + z.ID)}
	if z.private() {
		out.VPC = new(clone(z.VPCs[0]))
	} else {
		out.DelegationSet = &r53types.DelegationSet{NameServers: slices.Clone(z.Servers)}
	}
	return out, nil
}

func (c *call) zoneOut(z *zone) r53types.HostedZone {
	o := r53types.HostedZone{
		Id: new("/hostedzone/" + z.ID), Name: new(z.Name), CallerReference: new(z.Reference), ResourceRecordSetCount: new(int64(len(z.sets()))),
		Config: &r53types.HostedZoneConfig{PrivateZone: z.private()},
	}
	if z.Comment != "" {
		o.Config.Comment = new(z.Comment)
	}
	return o
}

func r53GetHostedZone(c *call, in *route53.GetHostedZoneInput) (*route53.GetHostedZoneOutput, error) {
	return onZone(c, in.Id, func(z *zone) (*route53.GetHostedZoneOutput, error) {
		out := &route53.GetHostedZoneOutput{HostedZone: new(c.zoneOut(z)), VPCs: clone(z.VPCs)}
		if !z.private() {
			out.DelegationSet = &r53types.DelegationSet{NameServers: slices.Clone(z.Servers)}
		}
		return out, nil
	})
}

func r53ListHostedZones(c *call, _ *route53.ListHostedZonesInput) (*route53.ListHostedZonesOutput, error) {
	out := &route53.ListHostedZonesOutput{}
	for _, z := range c.st.route53().Zones {
		out.HostedZones = append(out.HostedZones, c.zoneOut(z))
	}
	return out, nil
}

// backward is the order in which Route 53 lists names: by labels from the end.
func backward(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// pageOf is how many items a page has: what was asked for, at most so many, and fewer when the account says so.
func (c *call) pageOf(asked *int32, most int) int {
	n := min(int(val(asked, int32(most))), most)
	if c.a.opts.PageSize > 0 {
		n = min(n, c.a.opts.PageSize)
	}
	return n
}

// r53ListHostedZonesByName begins at a name, which need not be there.
func r53ListHostedZonesByName(c *call, in *route53.ListHostedZonesByNameInput) (*route53.ListHostedZonesByNameOutput, error) {
	zones := slices.Clone(c.st.route53().Zones)
	order := func(a, b *zone) int {
		return cmp.Or(cmp.Compare(backward(a.Name), backward(b.Name)), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(zones, order)
	if in.DNSName != nil {
		from := &zone{Name: fqdn(*in.DNSName), ID: strings.TrimPrefix(str(in.HostedZoneId), "/hostedzone/")}
		zones = slices.DeleteFunc(zones, func(z *zone) bool { return order(z, from) < 0 })
	}
	n := c.pageOf(in.MaxItems, 100)
	out := &route53.ListHostedZonesByNameOutput{DNSName: in.DNSName, HostedZoneId: in.HostedZoneId, MaxItems: new(int32(n))}
	for i, z := range zones {
		if i == n {
			out.IsTruncated, out.NextDNSName, out.NextHostedZoneId = true, new(z.Name), new(z.ID)
			break
		}
		out.HostedZones = append(out.HostedZones, c.zoneOut(z))
	}
	return out, nil
}

func r53ListHostedZonesByVPC(c *call, in *route53.ListHostedZonesByVPCInput) (*route53.ListHostedZonesByVPCOutput, error) {
	out := &route53.ListHostedZonesByVPCOutput{}
	for _, z := range c.st.route53().Zones {
		if slices.ContainsFunc(z.VPCs, func(v r53types.VPC) bool { return str(v.VPCId) == str(in.VPCId) && v.VPCRegion == in.VPCRegion }) {
			out.HostedZoneSummaries = append(out.HostedZoneSummaries, r53types.HostedZoneSummary{
				HostedZoneId: new(z.ID), Name: new(z.Name), Owner: &r53types.HostedZoneOwner{OwningAccount: new(c.st.Account)},
			})
		}
	}
	return out, nil
}

func r53DeleteHostedZone(c *call, in *route53.DeleteHostedZoneInput) (*route53.DeleteHostedZoneOutput, error) {
	return onZone(c, in.Id, func(z *zone) (*route53.DeleteHostedZoneOutput, error) {
		if len(z.Records) > 0 {
			return nil, &r53types.HostedZoneNotEmpty{Message: msg("The specified hosted zone contains non-required resource record sets and so cannot be deleted.")}
		}
		c.st.route53().Zones = remove(c.st.route53().Zones, z)
		return &route53.DeleteHostedZoneOutput{ChangeInfo: c.change()}, nil
	})
}

func r53ChangeTagsForResource(c *call, in *route53.ChangeTagsForResourceInput) (*route53.ChangeTagsForResourceOutput, error) {
	return onZone(c, in.ResourceId, func(z *zone) (*route53.ChangeTagsForResourceOutput, error) {
		z.Tags = z.Tags.without(in.RemoveTagKeys).merge(tagsFrom(in.AddTags, func(t r53types.Tag) (*string, *string) { return t.Key, t.Value }))
		return &route53.ChangeTagsForResourceOutput{}, nil
	})
}

func r53ListTagsForResource(c *call, in *route53.ListTagsForResourceInput) (*route53.ListTagsForResourceOutput, error) {
	return onZone(c, in.ResourceId, func(z *zone) (*route53.ListTagsForResourceOutput, error) {
		return &route53.ListTagsForResourceOutput{ResourceTagSet: &r53types.ResourceTagSet{
			ResourceId: new(z.ID), ResourceType: in.ResourceType, Tags: tagsTo(z.Tags, func(k, v *string) r53types.Tag { return r53types.Tag{Key: k, Value: v} }),
		}}, nil
	})
}
