package traffic

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// addressTypes are the records by which a name leads anywhere. A viewer may ask for either kind of address, so that
// both are set: a record of the other kind that leads elsewhere would take a part of the visitors there.
var addressTypes = []r53types.RRType{r53types.RRTypeA, r53types.RRTypeAaaa}

// Records are the alias records in Route 53 by which the names of the app lead to the load balancer.
type Records struct {
	Owner    resource.Owner
	Domain   *Domain
	Door     *Door
	TakeOver []string // names whose records of somebody else may be replaced

	ours, foreign map[string][]r53types.ResourceRecordSet // as observed, by name
	changes       []string                                // made by this run, for Ready
}

// Info implements Resource.
func (r *Records) Info() resource.Info {
	return resource.Info{
		ID: "records", Kind: "route53.RecordSet", Name: strings.Join(r.Domain.Names, ", "), Label: "the records of the domain",
		Group: resource.GroupEndpoint, Usually: 35 * time.Second, Gone: 2 * time.Second,
	}
}

// Needs implements Resource.
func (r *Records) Needs() []resource.Need {
	return []resource.Need{{On: r.Domain, Observe: true}, {On: r.Door.LoadBalancer, Observe: true}}
}

// Wanted implements Optional.
func (r *Records) Wanted() bool { return r.Door.Own() }

// Observe implements Resource.
func (r *Records) Observe(ctx context.Context, s *resource.Scope) error {
	r.ours, r.foreign = map[string][]r53types.ResourceRecordSet{}, map[string][]r53types.ResourceRecordSet{}
	for _, name := range r.Domain.all() {
		zone := r.Domain.hosted(name)
		if zone == "" {
			continue
		}
		sets, err := setsOf(ctx, s, zone, name)
		if !r.Wanted() && resource.Unseen(err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, set := range sets {
			switch set.Type {
			case r53types.RRTypeA, r53types.RRTypeAaaa, r53types.RRTypeCname:
				if r.isOurs(set) {
					r.ours[name] = append(r.ours[name], set)
				} else {
					r.foreign[name] = append(r.foreign[name], set)
				}
			}
		}
	}
	return nil
}

// isOurs says whether a record leads to a load balancer of this app, be it one that is gone.
func (r *Records) isOurs(set r53types.ResourceRecordSet) bool {
	if set.AliasTarget == nil {
		return false
	}
	to := strings.TrimPrefix(undotted(aws.ToString(set.AliasTarget.DNSName)), "dualstack.")
	named := regexp.MustCompile(`^` + regexp.QuoteMeta(strings.ToLower(r.Door.LoadBalancer.Name())) + `-[0-9a-z]+\.[a-z0-9.-]*elb\.`)
	return sameHost(to, r.Door.LoadBalancer.DNS) || named.MatchString(to)
}

// here are the wanted names whose records are set in Route 53.
func (r *Records) here() (names []string) {
	if !r.Door.TLS() {
		return nil
	}
	for _, n := range r.Domain.Names {
		if r.Domain.hosted(n) != "" {
			names = append(names, n)
		}
	}
	return names
}

// Bar implements Barred: records of somebody else are not replaced without a yes.
func (r *Records) Bar() error {
	var found, names []string
	for _, n := range r.Domain.Names {
		if !r.Door.Own() || len(r.foreign[n]) == 0 || slices.Contains(r.TakeOver, n) {
			continue
		}
		names = append(names, n)
		for _, set := range r.foreign[n] {
			found = append(found, n+" "+string(set.Type)+" "+leads(set))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &fail.Error{
		Class: fail.Refused, Cause: strings.Join(names, ", ") + " already points elsewhere, by records that berth did not create",
		Evidence: strings.Join(found, "\n"),
		Remedy: "if these records may be replaced, set take_over = [\"" + strings.Join(names, `", "`) +
			"\"] under [network] in berth.toml (--take-over " + strings.Join(names, ",") + "); if not, choose another network.domain",
		Setting: "network.take_over", Suggest: strings.Join(names, ", "),
	}
}

// leads says where a record leads.
func leads(set r53types.ResourceRecordSet) string {
	if a := set.AliasTarget; a != nil {
		return "alias of " + undotted(aws.ToString(a.DNSName))
	}
	var all []string
	for _, v := range set.ResourceRecords {
		all = append(all, undotted(aws.ToString(v.Value)))
	}
	return strings.Join(all, ", ")
}

// right says whether a name has the records that it should have, and no other.
func (r *Records) right(name string) bool {
	if len(r.foreign[name]) > 0 || r.Door.LoadBalancer.DNS == "" {
		return false
	}
	var kinds []r53types.RRType
	for _, set := range r.ours[name] {
		if !sameHost(aws.ToString(set.AliasTarget.DNSName), r.Door.LoadBalancer.DNS) || set.SetIdentifier != nil {
			return false
		}
		kinds = append(kinds, set.Type)
	}
	slices.Sort(kinds)
	return slices.Equal(kinds, addressTypes)
}

// surplus are names with records of ours that the app has no longer.
func (r *Records) surplus() (names []string) {
	wanted := r.here()
	for n := range r.ours {
		if !slices.Contains(wanted, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// Exists implements Resource.
func (r *Records) Exists() bool { return len(r.ours) > 0 }

// Diff implements Resource.
func (r *Records) Diff(*resource.Scope) resource.Diff {
	names := r.here()
	if len(names) == 0 {
		return resource.Unwanted(r)
	}
	to := resource.NotYet
	if dns := r.Door.LoadBalancer.DNS; dns != "" {
		to = "alias of " + undotted(dns)
	}
	var fields []resource.FieldChange
	taken := false
	for _, n := range names {
		if r.right(n) {
			continue
		}
		for _, t := range addressTypes {
			fields = append(fields, resource.Field(n+" "+string(t), r.was(n, t), to))
		}
		for _, set := range r.foreign[n] {
			if taken = true; set.Type == r53types.RRTypeCname {
				fields = append(fields, resource.Field(n+" CNAME", leads(set), ""))
			}
		}
	}
	for _, n := range r.surplus() {
		fields = append(fields, resource.Field(n, leads(r.ours[n][0]), ""))
	}
	fields = slices.DeleteFunc(fields, func(f resource.FieldChange) bool { return f.Old == f.New })
	switch {
	case len(fields) == 0:
		return resource.None()
	case len(r.ours) == 0 && !taken:
		return resource.Absent()
	case taken:
		return resource.Changed("replaces existing records, as network.take_over allows", fields...)
	}
	return resource.Changed("the names point elsewhere", fields...)
}

// was is where a name leads by one kind of record.
func (r *Records) was(name string, t r53types.RRType) string {
	var all []string
	for _, set := range slices.Concat(r.ours[name], r.foreign[name]) {
		if set.Type == t {
			all = append(all, leads(set))
		}
	}
	return strings.Join(all, "; ")
}

// Apply implements Resource: each zone changes as a whole or not at all.
func (r *Records) Apply(ctx context.Context, s *resource.Scope) error {
	byZone := map[string][]r53types.Change{}
	for _, n := range r.here() {
		if r.right(n) {
			continue
		}
		zone := r.Domain.hosted(n)
		for _, set := range slices.Concat(r.foreign[n], r.ours[n]) {
			if set.Type == r53types.RRTypeCname || set.SetIdentifier != nil { // an UPSERT would not replace it
				byZone[zone] = append(byZone[zone], r53types.Change{Action: r53types.ChangeActionDelete, ResourceRecordSet: &set})
			}
		}
		for _, t := range addressTypes {
			byZone[zone] = append(byZone[zone], r53types.Change{Action: r53types.ChangeActionUpsert, ResourceRecordSet: r.alias(n, t)})
		}
	}
	for zone, changes := range byZone {
		id, err := changeZone(ctx, s, zone, changes)
		if err != nil {
			return fmt.Errorf("set the records of the domain: %w", err)
		}
		r.changes = append(r.changes, id)
	}
	for _, n := range r.here() {
		r.ours[n] = []r53types.ResourceRecordSet{*r.alias(n, addressTypes[0]), *r.alias(n, addressTypes[1])}
		delete(r.foreign, n)
	}
	return nil
}

// alias is a record that leads to the load balancer, whatever addresses it has. Nobody is billed for asking it.
func (r *Records) alias(name string, t r53types.RRType) *r53types.ResourceRecordSet {
	lb := r.Door.LoadBalancer
	return &r53types.ResourceRecordSet{Name: aws.String(name + "."), Type: t, AliasTarget: &r53types.AliasTarget{
		DNSName: aws.String(lb.DNS + "."), HostedZoneId: &lb.Zone, EvaluateTargetHealth: false,
	}}
}

// Ready implements Waiter: all name servers know the records.
func (r *Records) Ready(ctx context.Context, s *resource.Scope) error {
	return inSync(ctx, s, r.changes, r.Info().Usually)
}

// Cleanup implements Cleaner: it removes the records of names that the app had before.
func (r *Records) Cleanup(ctx context.Context, s *resource.Scope) error {
	return r.remove(ctx, s, r.surplus())
}

// Delete implements Resource.
func (r *Records) Delete(ctx context.Context, s *resource.Scope) error {
	var names []string
	for n := range r.ours {
		names = append(names, n)
	}
	return r.remove(ctx, s, names)
}

func (r *Records) remove(ctx context.Context, s *resource.Scope, names []string) error {
	for _, n := range names {
		var changes []r53types.Change
		for _, set := range r.ours[n] {
			changes = append(changes, r53types.Change{Action: r53types.ChangeActionDelete, ResourceRecordSet: &set})
		}
		if _, err := changeZone(ctx, s, r.Domain.hosted(n), changes); err != nil && !gone(err) {
			return fmt.Errorf("remove the records of %s: %w", n, err)
		}
		delete(r.ours, n)
	}
	return nil
}

// Permissions implements Permissioned.
func (r *Records) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if len(r.Domain.all()) == 0 {
		return nil
	}
	return zonePermissions(s, r.Domain, do)
}

// Exposes implements Exposed.
func (r *Records) Exposes(do event.Action) string {
	if !resource.Makes(do) && do != event.Update {
		return ""
	}
	if len(r.here()) == 0 {
		return ""
	}
	return strings.Join(r.here(), ", ") + " point to the load balancer, which is open to the internet"
}

// Awaits implements Awaiting.
func (r *Records) Awaits() *event.Waiting { return r.Door.Awaits() }
