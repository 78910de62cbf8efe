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

// route53Records are the record sets of hosted zones. A batch of changes happens as a whole or not at all, and takes
// a while to reach the name servers.
func route53Records() awsService {
	return awsService{operations: []operation{op(r53ChangeResourceRecordSets), op(r53ListResourceRecordSets), op(r53GetChange)}}
}

// record is a record set of a zone.
type record struct {
	Set   r53types.ResourceRecordSet
	Since time.Time                   // from when the name servers have it
	Old   *r53types.ResourceRecordSet // what they have until then; nil for nothing
}

type zoneChange struct {
	ID     string
	At     time.Time
	InSync time.Time
}

// change notes a change of a zone that began now.
func (c *call) change() *r53types.ChangeInfo {
	id := "C" + lettersOf(c.st.fresh("change"), 20)
	x := &zoneChange{ID: id, At: c.now, InSync: c.now.Add(c.a.delay(latInSync, id))}
	s := c.st.route53()
	if s.Changes = append(s.Changes, x); len(s.Changes) > 100 {
		s.Changes = slices.Clone(s.Changes[50:])
	}
	return x.out(c.now)
}

func (x *zoneChange) out(now time.Time) *r53types.ChangeInfo {
	o := &r53types.ChangeInfo{Id: new("/change/" + x.ID), SubmittedAt: new(x.At), Status: r53types.ChangeStatusPending}
	if !now.Before(x.InSync) {
		o.Status = r53types.ChangeStatusInsync
	}
	return o
}

func r53GetChange(c *call, in *route53.GetChangeInput) (*route53.GetChangeOutput, error) {
	id := strings.TrimPrefix(str(in.Id), "/change/")
	x := find(c.st.route53().Changes, func(x *zoneChange) bool { return x.ID == id })
	if x == nil {
		return nil, &r53types.NoSuchChange{Message: msg("A change with the specified change ID does not exist: %s", id)}
	}
	return &route53.GetChangeOutput{ChangeInfo: x.out(c.now)}, nil
}

// sets gives a zone's record sets in Route 53's order, with those that every zone has.
func (z *zone) sets() []r53types.ResourceRecordSet {
	values := func(texts ...string) (out []r53types.ResourceRecord) {
		for _, t := range texts {
			out = append(out, r53types.ResourceRecord{Value: new(t)})
		}
		return out
	}
	servers := z.Servers
	if z.private() {
		servers = []string{"ns-1536.awsdns-00.co.uk", "ns-0.awsdns-00.com", "ns-1024.awsdns-00.org", "ns-512.awsdns-00.net"}
	}
	var ns []string
	for _, s := range servers {
		ns = append(ns, s+".")
	}
	out := []r53types.ResourceRecordSet{
		{Name: new(z.Name), Type: r53types.RRTypeNs, TTL: new(int64(172800)), ResourceRecords: values(ns...)},
		{Name: new(z.Name), Type: r53types.RRTypeSoa, TTL: new(int64(900)), ResourceRecords: values(ns[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")},
	}
	for _, r := range z.Records {
		out = append(out, clone(r.Set))
	}
	slices.SortStableFunc(out, func(a, b r53types.ResourceRecordSet) int {
		return cmp.Or(cmp.Compare(backward(str(a.Name)), backward(str(b.Name))), cmp.Compare(a.Type, b.Type), cmp.Compare(str(a.SetIdentifier), str(b.SetIdentifier)))
	})
	return out
}

// r53ListResourceRecordSets begins at a name and type, which need not be there.
func r53ListResourceRecordSets(c *call, in *route53.ListResourceRecordSetsInput) (*route53.ListResourceRecordSetsOutput, error) {
	return onZone(c, in.HostedZoneId, func(z *zone) (*route53.ListResourceRecordSetsOutput, error) {
		if in.StartRecordType != "" && in.StartRecordName == nil {
			return nil, &r53types.InvalidInput{Message: msg("A start record type needs a start record name.")}
		}
		n := c.pageOf(in.MaxItems, 300)
		out := &route53.ListResourceRecordSetsOutput{MaxItems: new(int32(n))}
		for _, s := range z.sets() {
			at := cmp.Or(cmp.Compare(backward(*s.Name), backward(fqdn(str(in.StartRecordName)))), cmp.Compare(s.Type, in.StartRecordType), cmp.Compare(str(s.SetIdentifier), str(in.StartRecordIdentifier)))
			if in.StartRecordName != nil && at < 0 {
				continue
			}
			if len(out.ResourceRecordSets) == n {
				out.IsTruncated, out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier = true, s.Name, s.Type, s.SetIdentifier
				break
			}
			out.ResourceRecordSets = append(out.ResourceRecordSets, s)
		}
		return out, nil
	})
}

func sameRecord(a, b r53types.ResourceRecordSet) bool {
	return str(a.Name) == str(b.Name) && a.Type == b.Type && str(a.SetIdentifier) == str(b.SetIdentifier)
}

func r53ChangeResourceRecordSets(c *call, in *route53.ChangeResourceRecordSetsInput) (*route53.ChangeResourceRecordSetsOutput, error) {
	return onZone(c, in.HostedZoneId, func(z *zone) (*route53.ChangeResourceRecordSetsOutput, error) {
		next := &zone{Name: z.Name, VPCs: z.VPCs, Servers: z.Servers, Records: slices.Clone(z.Records)}
		var wrong []string
		for _, x := range in.ChangeBatch.Changes {
			set := clone(*x.ResourceRecordSet)
			set.Name = new(strings.ReplaceAll(fqdn(str(set.Name)), "*", `\052`))
			if problem := c.apply(next, x.Action, set); problem != "" {
				wrong = append(wrong, problem)
			}
		}
		if len(wrong) > 0 {
			return nil, &r53types.InvalidChangeBatch{Message: msg("[%s]", strings.Join(wrong, ", ")), Messages: wrong}
		}
		z.Records = next.Records
		info := c.change()
		info.Comment = in.ChangeBatch.Comment
		return &route53.ChangeResourceRecordSetsOutput{ChangeInfo: info}, nil
	})
}

// apply makes one change to a zone, or says what is wrong with it.
func (c *call) apply(z *zone, action r53types.ChangeAction, set r53types.ResourceRecordSet) (problem string) {
	name := strings.ReplaceAll(*set.Name, `\052`, "*")
	if problem := c.checkSet(z, set, name); problem != "" && action != r53types.ChangeActionDelete {
		return problem
	}
	at := slices.IndexFunc(z.Records, func(r *record) bool { return sameRecord(r.Set, set) })
	r := &record{Set: set, Since: c.now.Add(c.a.delay(latInSync, name))}
	switch {
	case action == r53types.ChangeActionCreate && at >= 0:
		return fmt.Sprintf("Tried to create resource record set [name='%s', type='%s'] but it already exists", name, set.Type)
	case action == r53types.ChangeActionDelete && at < 0:
		return fmt.Sprintf("Tried to delete resource record set [name='%s', type='%s'] but it was not found", name, set.Type)
	case action == r53types.ChangeActionDelete && !equalJSON(z.Records[at].Set, set):
		return fmt.Sprintf("Tried to delete resource record set [name='%s', type='%s'] but the values provided do not match the current values", name, set.Type)
	case action == r53types.ChangeActionDelete:
		z.Records = slices.Delete(z.Records, at, at+1)
	case at >= 0:
		if r.Old = z.Records[at].at(c.now); equalJSON(z.Records[at].Set, set) {
			return "" // nothing changes
		}
		z.Records[at] = r
	default:
		z.Records = append(z.Records, r)
	}
	return ""
}

// at is what the name servers have of a record at a time.
func (r *record) at(now time.Time) *r53types.ResourceRecordSet {
	if now.Before(r.Since) {
		return r.Old
	}
	return &r.Set
}

// checkSet says why a record set cannot be in a zone.
func (c *call) checkSet(z *zone, set r53types.ResourceRecordSet, name string) string {
	switch {
	case name != z.Name && !strings.HasSuffix(name, "."+z.Name):
		return fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", name, z.Name)
	case set.AliasTarget == nil && (len(set.ResourceRecords) == 0 || set.TTL == nil):
		return fmt.Sprintf("Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=?, Name=%s, Type=%s, SetIdentifier=null]", name, set.Type)
	case set.Type == r53types.RRTypeCname && name == z.Name:
		return fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name, z.Name)
	}
	for _, r := range z.Records {
		if str(r.Set.Name) == *set.Name && r.Set.Type != set.Type && (r.Set.Type == r53types.RRTypeCname || set.Type == r53types.RRTypeCname) {
			return fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", set.Type, name, z.Name)
		}
	}
	if a := set.AliasTarget; a != nil {
		target := fqdn(str(a.DNSName))
		if want := c.st.aliasZone(target); want != "" && want != str(a.HostedZoneId) {
			return fmt.Sprintf("Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does not lie within the target zone", target, set.Type, str(a.HostedZoneId))
		}
		if own := c.st.zone(a.HostedZoneId); own != nil && !slices.ContainsFunc(z.Records, func(r *record) bool {
			return strings.ReplaceAll(str(r.Set.Name), `\052`, "*") == target && r.Set.Type == set.Type
		}) {
			return fmt.Sprintf("Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", target, set.Type, own.ID)
		}
	}
	return ""
}

// cloudFrontZone is the hosted zone of all distributions.
const cloudFrontZone = "Z2FDTNDATAQYW2"

// balancerZone is the hosted zone of a region's load balancers.
func balancerZone(region string) string {
	return "Z" + strings.ToUpper(stableID("hosted zone", region)[:12])
}

// aliasZone is the hosted zone in which the name of a load balancer or distribution is; empty for other names, and
// for those that are not there one that nobody can give.
func (st *state) aliasZone(name string) string {
	name = strings.TrimPrefix(strings.TrimSuffix(name, "."), "dualstack.")
	switch {
	case strings.HasSuffix(name, ".cloudfront.net"):
		return cloudFrontZone
	case strings.HasSuffix(name, ".elb.amazonaws.com"):
		if _, r := st.balancerByDNS(name); r != nil {
			return balancerZone(r.Name)
		}
		return "none"
	}
	return ""
}
