package traffic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// tagProved is the tag of a certificate that says which validation records this app made: records carry no tags, and
// the account has the same ones for every certificate of a name.
const tagProved = "berth:records"

// recordTTL is how long resolvers keep the records that prove a domain, in seconds.
const recordTTL = 300

// Validation is the records that prove to ACM that the domain is ours, and the wait until it issues the certificate.
// They stay as long as the certificate does, which is renewed by them. Those of names whose DNS is elsewhere are told.
type Validation struct {
	Owner       resource.Owner
	Certificate *Certificate
	Domain      *Domain

	there  map[string]*r53types.ResourceRecordSet // as observed, by the record's name
	seen   map[string]string                      // elsewhere: the state of a record, by its name
	issued bool                                   // a run found it issued
}

// proof is one record that proves a name.
type proof struct{ host, name, value string }

// proofs are the records that a certificate asks for, each once: a name and its wildcard share one.
func proofs(d *acmtypes.CertificateDetail) (all []proof) {
	if d == nil {
		return nil
	}
	for _, v := range d.DomainValidationOptions {
		if v.ResourceRecord == nil {
			continue
		}
		p := proof{aws.ToString(v.DomainName), undotted(aws.ToString(v.ResourceRecord.Name)), undotted(aws.ToString(v.ResourceRecord.Value))}
		if !slices.ContainsFunc(all, func(o proof) bool { return o.name == p.name }) {
			all = append(all, p)
		}
	}
	return all
}

// every are the records of all certificates of ours.
func (v *Validation) every() (all []proof) {
	for _, d := range v.Certificate.every() {
		all = append(all, proofs(&d)...)
	}
	return all
}

// Info implements Resource.
func (v *Validation) Info() resource.Info {
	return resource.Info{
		ID: "validation", Kind: "route53.RecordSet", Name: v.Certificate.main(), Label: "the validation of the domain",
		Group: resource.GroupEndpoint, Usually: 120 * time.Second, Gone: 30 * time.Second,
	}
}

// Needs implements Resource.
func (v *Validation) Needs() []resource.Need {
	return []resource.Need{{On: v.Certificate, Observe: true}, {On: v.Domain, Observe: true}}
}

// Wanted implements Optional.
func (v *Validation) Wanted() bool { return v.Certificate.Wanted() }

// Observe implements Resource.
func (v *Validation) Observe(ctx context.Context, s *resource.Scope) error {
	v.there, v.seen = map[string]*r53types.ResourceRecordSet{}, map[string]string{}
	for _, p := range v.every() {
		zone := v.Domain.hosted(p.host)
		if zone == "" {
			if !v.Certificate.Issued {
				v.seen[p.name] = published(ctx, s, p)
			}
			continue
		}
		sets, err := setsOf(ctx, s, zone, p.name)
		if v.Certificate.Unneeded && resource.Unseen(err) {
			continue
		}
		if err != nil {
			return err
		}
		for i := range sets {
			if sets[i].Type == r53types.RRTypeCname {
				v.there[p.name] = &sets[i]
			}
		}
	}
	return ctx.Err()
}

// published is the state of a record at another DNS provider.
func published(ctx context.Context, s *resource.Scope, p proof) string {
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	at, err := s.Resolver.LookupCNAME(ctx, p.name)
	switch {
	case err != nil || sameHost(at, p.name):
		return event.RecordMissing
	case sameHost(at, p.value):
		return event.RecordSet
	}
	return event.RecordOther
}

// proves says whether a record is there with the value that ACM asks for.
func (v *Validation) proves(p proof) bool {
	set := v.there[p.name]
	return set != nil && slices.ContainsFunc(set.ResourceRecords, func(r r53types.ResourceRecord) bool { return sameHost(aws.ToString(r.Value), p.value) })
}

// mark stands for a record in the tag of its certificate.
func mark(p proof) string { return resource.Digest(p.name)[:8] }

// claimed says whether one of our certificates carries the mark of a record.
func (v *Validation) claimed(p proof) bool {
	for _, marks := range v.Certificate.tags {
		if slices.Contains(strings.Fields(marks), mark(p)) {
			return true
		}
	}
	return false
}

// Exists implements Resource.
func (v *Validation) Exists() bool {
	return slices.ContainsFunc(v.every(), func(p proof) bool { return v.claimed(p) && v.there[p.name] != nil })
}

// Diff implements Resource.
func (v *Validation) Diff(*resource.Scope) resource.Diff {
	if v.Certificate.Unneeded {
		return resource.Unwanted(v)
	}
	if len(proofs(v.Certificate.found)) == 0 { // nobody knows the records yet
		if slices.ContainsFunc(v.Domain.Names, func(n string) bool { return v.Domain.hosted(n) != "" }) {
			return resource.Absent()
		}
		return resource.None()
	}
	var missing []resource.FieldChange
	here := false
	for _, p := range proofs(v.Certificate.found) {
		if v.Domain.hosted(p.host) != "" && !v.proves(p) {
			old := ""
			if set := v.there[p.name]; set != nil && len(set.ResourceRecords) > 0 {
				old = undotted(aws.ToString(set.ResourceRecords[0].Value))
			}
			missing = append(missing, resource.Field(p.name+" CNAME", old, p.value))
		}
		here = here || v.there[p.name] != nil
	}
	switch {
	case len(missing) > 0 && here:
		return resource.Changed("a validation record is missing, so the certificate could not be renewed", missing...)
	case len(missing) > 0:
		return resource.Absent()
	}
	return resource.None()
}

// Apply implements Resource. The certificate says first which records are ours, and then they are made: a run that is
// cut short in between leaves nothing that nobody owns.
func (v *Validation) Apply(ctx context.Context, s *resource.Scope) error {
	if len(proofs(v.Certificate.found)) == 0 { // asked for a moment ago by a run that was cut short
		if err := v.Certificate.asks(ctx, s); err != nil {
			return err
		}
	}
	byZone, marks := map[string][]r53types.Change{}, []string{}
	for _, p := range proofs(v.Certificate.found) {
		zone := v.Domain.hosted(p.host)
		switch {
		case zone == "":
			continue
		case v.claimed(p):
			marks = append(marks, mark(p))
		}
		if v.proves(p) {
			continue
		}
		if !v.claimed(p) {
			marks = append(marks, mark(p))
		}
		byZone[zone] = append(byZone[zone], r53types.Change{Action: r53types.ChangeActionUpsert, ResourceRecordSet: &r53types.ResourceRecordSet{
			Name: aws.String(p.name + "."), Type: r53types.RRTypeCname, TTL: aws.Int64(recordTTL),
			ResourceRecords: []r53types.ResourceRecord{{Value: aws.String(p.value + ".")}},
		}})
	}
	if err := v.tag(ctx, s, marks); err != nil {
		return err
	}
	for zone, changes := range byZone {
		if _, err := changeZone(ctx, s, zone, changes); err != nil {
			return fmt.Errorf("set the validation records: %w", err)
		}
		for _, c := range changes {
			v.there[undotted(aws.ToString(c.ResourceRecordSet.Name))] = c.ResourceRecordSet
		}
	}
	return nil
}

func (v *Validation) tag(ctx context.Context, s *resource.Scope, marks []string) error {
	slices.Sort(marks)
	text := strings.Join(marks, " ")
	if text == v.Certificate.tags[v.Certificate.ARN] {
		return nil
	}
	_, err := s.ACM.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{
		CertificateArn: &v.Certificate.ARN, Tags: []acmtypes.Tag{{Key: aws.String(tagProved), Value: &text}},
	})
	if err != nil {
		return fmt.Errorf("tag the certificate with our records: %w", err)
	}
	v.Certificate.tags[v.Certificate.ARN] = text
	return nil
}

// Ready implements Waiter: ACM has issued the certificate. Records that somebody has to set by hand are not waited for.
func (v *Validation) Ready(ctx context.Context, s *resource.Scope) error {
	if v.Certificate.Issued {
		return nil
	}
	w := cloud.Wait{For: "ACM to see the records and issue the certificate", Every: 5 * time.Second, Deadline: 45 * time.Minute}
	return s.Poll(ctx, w, v.Info().Usually, func(ctx context.Context) (bool, string, error) {
		d, err := describeCertificate(ctx, s, v.Certificate.ARN)
		if err != nil {
			return false, "", err
		}
		v.Certificate.found = d
		switch d.Status {
		case acmtypes.CertificateStatusIssued:
			v.issued = true
			return true, "", nil
		case acmtypes.CertificateStatusPendingValidation:
			return v.Domain.Elsewhere(), "", nil
		}
		return false, "", v.Certificate.refused(d)
	})
}

// Cleanup implements Cleaner: it removes the records and certificates of names that the app had before.
func (v *Validation) Cleanup(ctx context.Context, s *resource.Scope) error {
	kept := map[string]bool{}
	for _, p := range proofs(v.Certificate.found) {
		kept[p.name] = true
	}
	if err := v.remove(ctx, s, func(p proof) bool { return !kept[p.name] }); err != nil {
		return err
	}
	if v.Certificate.Unneeded { // it goes by itself, maybe at this moment, and takes those that are stale along
		return nil
	}
	return v.Certificate.removeStale(ctx, s)
}

// Delete implements Resource.
func (v *Validation) Delete(ctx context.Context, s *resource.Scope) error {
	return v.remove(ctx, s, func(proof) bool { return true })
}

// remove removes records that this app made, save those by which the certificate of somebody else is renewed.
func (v *Validation) remove(ctx context.Context, s *resource.Scope, which func(proof) bool) error {
	for _, p := range v.every() {
		set := v.there[p.name]
		if set == nil || !which(p) || !v.claimed(p) || v.Certificate.others[p.host] || v.Certificate.others["*."+p.host] {
			continue
		}
		_, err := changeZone(ctx, s, v.Domain.hosted(p.host), []r53types.Change{{Action: r53types.ChangeActionDelete, ResourceRecordSet: set}})
		if err != nil && !gone(err) {
			return fmt.Errorf("remove a validation record: %w", err)
		}
		delete(v.there, p.name)
	}
	return nil
}

// gone says whether err means that a record, or its whole zone, is not there any more.
func gone(err error) bool {
	return cloud.NotFound(err) || cloud.Is(err, "InvalidChangeBatch") && strings.Contains(cloud.Message(err), "not found")
}

// Permissions implements Permissioned.
func (v *Validation) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if v.Certificate.Unneeded && len(v.every()) == 0 {
		return nil
	}
	need := zonePermissions(s, v.Domain, do)
	if do == event.Create || do == event.Update || do == event.Replace {
		need = append(need, resource.Permission{
			Actions: resource.Actions("acm:AddTagsToCertificate"), Resources: []string{s.ARN("acm", "certificate/*")},
			When: v.Owner.Tagged("aws:ResourceTag"),
		})
	}
	return need
}

// zonePermissions are those to look at and change records of the zones that the names are in.
func zonePermissions(s *resource.Scope, d *Domain, do event.Action) []resource.Permission {
	var zones []string
	for _, p := range d.places {
		if p.id != "" {
			zones = append(zones, zoneARN(s, p.id))
		}
	}
	if d.places == nil {
		zones = []string{zoneARN(s, "*")}
	}
	if len(zones) == 0 {
		return nil
	}
	slices.Sort(zones)
	zones = slices.Compact(zones)
	need := []resource.Permission{resource.On(resource.Actions("route53:ListResourceRecordSets"), zones...)}
	if do != "" && do != event.None {
		change := "arn:" + s.Identity.Partition + ":route53:::change/*"
		need = append(need, resource.On(resource.Actions("route53:ChangeResourceRecordSets"), zones...),
			resource.On(resource.Actions("route53:GetChange"), change))
	}
	return need
}

// validationTime is how long ACM waits for the records (engine/AWS.md, ACM).
const validationTime = 72 * time.Hour
