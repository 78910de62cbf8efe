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

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// keyType is the kind of key of our certificates: elliptic curves, which every browser takes (engine/AWS.md, ACM).
const keyType = acmtypes.KeyAlgorithmEcPrime256v1

// Certificate is the certificate of ACM for the names of an app. One for other names, or that was never issued, stays
// until another one serves.
type Certificate struct {
	Owner    resource.Owner
	Names    []string  // the first is the main one
	Unneeded bool      // the app has no names: what an earlier deployment made is looked for, to remove it
	Plain    *Listener // on port 80, which has looked all listeners up: they say which certificate the app uses

	ARN    string // output
	Issued bool   // output: as observed; a run that waits for it does not change what it was planned with

	found  *acmtypes.CertificateDetail
	stale  []acmtypes.CertificateDetail // ours, for other names or good for nothing
	others map[string]bool              // names that certificates of somebody else are for
	tags   map[string]string            // of all of ours: which validation records an app made, by ARN
}

// Info implements Resource.
func (c *Certificate) Info() resource.Info {
	return resource.Info{
		ID: "certificate", Kind: "acm.Certificate", Name: strings.Join(c.names(), ", "), Label: "the certificate", Group: resource.GroupEndpoint,
		Usually: 10 * time.Second, Gone: 20 * time.Second,
	}
}

// Stands is how the certificate stands as observed, nil when there is none.
func (c *Certificate) Stands() *event.Certificate {
	if c.found == nil {
		return nil
	}
	out := &event.Certificate{Status: string(c.found.Status), Until: aws.ToTime(c.found.NotAfter)}
	if r := c.found.RenewalSummary; r != nil {
		out.Renewal = string(r.RenewalStatus)
	}
	return out
}

// names are those that are wanted, or else those of the one that there is.
func (c *Certificate) names() []string {
	if len(c.Names) == 0 && c.found != nil {
		return namesOf(c.found)
	}
	return c.Names
}

func (c *Certificate) main() string {
	if n := c.names(); len(n) > 0 {
		return n[0]
	}
	return ""
}

// everyName are the names of all certificates of ours.
func (c *Certificate) everyName() (names []string) {
	for _, d := range c.every() {
		names = append(names, namesOf(&d)...)
	}
	return names
}

// every is each certificate of ours.
func (c *Certificate) every() []acmtypes.CertificateDetail {
	if c.found == nil {
		return c.stale
	}
	return append([]acmtypes.CertificateDetail{*c.found}, c.stale...)
}

// namesOf are the names of a certificate, the main one first.
func namesOf(d *acmtypes.CertificateDetail) []string {
	names := []string{aws.ToString(d.DomainName)}
	for _, n := range d.SubjectAlternativeNames {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// Needs implements Resource.
func (c *Certificate) Needs() []resource.Need {
	if c.Unneeded && c.Plain != nil {
		return []resource.Need{{On: c.Plain, Observe: true, Loose: true}}
	}
	return nil
}

// Identifier implements Identified.
func (c *Certificate) Identifier() string { return c.ARN }

// Wanted implements Optional.
func (c *Certificate) Wanted() bool { return !c.Unneeded }

// Observe implements Resource: all certificates of this app, by their tags.
func (c *Certificate) Observe(ctx context.Context, s *resource.Scope) error {
	c.found, c.stale, c.ARN, c.Issued, c.others, c.tags = nil, nil, "", false, map[string]bool{}, map[string]string{}
	all, err := listed(ctx, s.Clients)
	if c.Unneeded && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.Unneeded && c.Plain != nil && len(all) > askedOneByOne {
		all = slices.DeleteFunc(all, c.ofOthers)
	}
	details := make([]*acmtypes.CertificateDetail, len(all))
	tags := make([]map[string]string, len(all))
	err = resource.Each(ctx, all, func(ctx context.Context, i int, one acmtypes.CertificateSummary) (err error) {
		if tags[i], err = certificateTags(ctx, s.Clients, aws.ToString(one.CertificateArn)); err != nil {
			return resource.UnlessGone(err)
		}
		if c.Owner.Stranger(tags[i]) != nil {
			return nil
		}
		details[i], err = describeCertificate(ctx, s, aws.ToString(one.CertificateArn))
		return resource.UnlessGone(err)
	})
	if c.Unneeded && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, d := range details {
		if d == nil {
			for _, n := range all[i].SubjectAlternativeNameSummaries {
				c.others[n] = true
			}
			continue
		}
		c.tags[aws.ToString(d.CertificateArn)] = tags[i][tagProved]
		c.take(d)
	}
	return nil
}

// askedOneByOne is how many certificates an app without names asks about, each by a call, before it leaves out those of
// others.
const askedOneByOne = 8

// ofOthers says whether something that is not the app's uses a certificate, so that nobody has to ask whose it is.
func (c *Certificate) ofOthers(one acmtypes.CertificateSummary) bool {
	for _, l := range c.Plain.all {
		for _, used := range l.Certificates {
			if aws.ToString(used.CertificateArn) == aws.ToString(one.CertificateArn) {
				return false
			}
		}
	}
	return aws.ToBool(one.InUse)
}

// take sorts one certificate of ours: the one to use, or one that is stale.
func (c *Certificate) take(d *acmtypes.CertificateDetail) {
	usable := d.Status == acmtypes.CertificateStatusIssued || d.Status == acmtypes.CertificateStatusPendingValidation
	same := len(c.Names) == 0 || resource.SameSet(namesOf(d), c.Names)
	issued := d.Status == acmtypes.CertificateStatusIssued
	if !usable || !same || c.found != nil && (c.Issued || !issued) {
		c.stale = append(c.stale, *d)
		return
	}
	if c.found != nil {
		c.stale = append(c.stale, *c.found)
	}
	c.found, c.ARN, c.Issued = d, aws.ToString(d.CertificateArn), issued
}

// listed are the certificates with keys as ours have them. Without naming the kind of key ACM leaves them out.
func listed(ctx context.Context, c *cloud.Clients) (all []acmtypes.CertificateSummary, err error) {
	p := acm.NewListCertificatesPaginator(c.ACM, &acm.ListCertificatesInput{
		Includes: &acmtypes.Filters{KeyTypes: []acmtypes.KeyAlgorithm{keyType}},
	})
	err = resource.Pages(ctx, p, func(out *acm.ListCertificatesOutput) error {
		all = append(all, out.CertificateSummaryList...)
		return nil
	})
	return all, err
}

func certificateTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.ACM.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.Tags, func(t acmtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

func describeCertificate(ctx context.Context, s *resource.Scope, arn string) (*acmtypes.CertificateDetail, error) {
	out, err := s.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, err
	}
	return out.Certificate, nil
}

// Exists implements Resource.
func (c *Certificate) Exists() bool { return c.found != nil || len(c.stale) > 0 }

// Diff implements Resource.
func (c *Certificate) Diff(*resource.Scope) resource.Diff {
	switch {
	case c.Unneeded:
		return resource.Unwanted(c)
	case c.found == nil && len(c.stale) == 0:
		return resource.Absent()
	case c.found == nil:
		last := c.stale[0]
		if resource.SameSet(namesOf(&last), c.Names) {
			return resource.Replaced(whyNotIssued(&last)+", so a new one is requested", resource.Field("status", words(string(last.Status)), "issued"))
		}
		return resource.Replaced("the names of the app change", resource.Field("names", resource.Listed(namesOf(&last)), resource.Listed(c.Names)))
	}
	return resource.None()
}

// words is a constant of AWS as words.
func words(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", " ")) }

// whyNotIssued says why ACM did not issue a certificate.
func whyNotIssued(d *acmtypes.CertificateDetail) string {
	switch {
	case d.Status == acmtypes.CertificateStatusValidationTimedOut:
		return "ACM waited 72 hours for the validation records, then gave up"
	case d.FailureReason == acmtypes.FailureReasonCaaError:
		return "CAA records of the domain do not allow Amazon to issue certificates for it"
	case d.Status == acmtypes.CertificateStatusExpired:
		return "it has expired"
	case d.FailureReason != "":
		return "ACM rejected it: " + words(string(d.FailureReason))
	}
	return "it is " + words(string(d.Status))
}

// Apply implements Resource: it asks for the certificate, and waits some seconds for the records that prove the domain.
func (c *Certificate) Apply(ctx context.Context, s *resource.Scope) error {
	if c.ARN == "" {
		if err := c.request(ctx, s); err != nil {
			return err
		}
	}
	return c.asks(ctx, s)
}

// asks waits until ACM says which records prove the domain.
func (c *Certificate) asks(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "ACM to say which records prove the domain", Every: 2 * time.Second, Deadline: 2 * time.Minute}
	return s.Poll(ctx, w, c.Info().Usually, func(ctx context.Context) (bool, string, error) {
		d, err := describeCertificate(ctx, s, c.ARN)
		if err != nil {
			return false, "", err
		}
		c.found = d
		if d.Status == acmtypes.CertificateStatusFailed {
			return false, "", c.refused(d)
		}
		return len(d.DomainValidationOptions) > 0 && !slices.ContainsFunc(d.DomainValidationOptions, func(v acmtypes.DomainValidation) bool { return v.ResourceRecord == nil }), "", nil
	})
}

// request asks for a certificate. For an hour the same token gives the same certificate, so that an answer which got
// lost makes no second one.
func (c *Certificate) request(ctx context.Context, s *resource.Scope) error {
	seed := c.Owner.Path() + " " + strings.Join(c.Names, " ")
	for _, d := range c.stale {
		seed += " " + aws.ToString(d.CertificateArn)
	}
	out, err := s.ACM.RequestCertificate(ctx, &acm.RequestCertificateInput{
		DomainName: &c.Names[0], SubjectAlternativeNames: c.Names, ValidationMethod: acmtypes.ValidationMethodDns,
		KeyAlgorithm: keyType, IdempotencyToken: aws.String(resource.Digest(seed)[:32]), Tags: c.Owner.ACMTags("certificate"),
	})
	if cloud.Is(err, "LimitExceededException") {
		return &fail.Error{
			Class: fail.Failed, Cause: "the account has reached its quota of certificates", Evidence: cloud.Message(err), Err: err,
			Remedy: resource.Raise("ACM certificates", "ACM", certificateQuota) + "; or delete unused certificates",
		}
	}
	if err != nil {
		return fmt.Errorf("request certificate: %w", err)
	}
	c.ARN = aws.ToString(out.CertificateArn)
	return nil
}

// refused is the failure of a certificate that ACM does not issue.
func (c *Certificate) refused(d *acmtypes.CertificateDetail) error {
	f := &fail.Error{
		Class: fail.Failed, Cause: "there is no certificate for " + strings.Join(namesOf(d), ", ") + ": " + whyNotIssued(d),
		Evidence: "ACM says " + string(d.Status) + " " + string(d.FailureReason), Setting: "network.domain",
		Remedy: "choose another network.domain, or look up in ACM why it failed: " + aws.ToString(d.CertificateArn),
	}
	switch {
	case d.FailureReason == acmtypes.FailureReasonCaaError:
		f.Remedy = "add a CAA record that allows amazon.com, or remove the ones that exclude it, then run the same command again"
	case d.Status == acmtypes.CertificateStatusValidationTimedOut:
		f.Remedy = "run the same command again: it requests a new certificate with the same records"
	}
	return f
}

// inUse is the error of a certificate that a listener had a moment ago.
var inUse = []cloud.Retryable{{Code: "ResourceInUseException", For: 20 * time.Minute}}

// removeStale deletes the certificates that another one has replaced. It leaves the list as it was observed: the
// validation reads it, maybe at this moment.
func (c *Certificate) removeStale(ctx context.Context, s *resource.Scope) error {
	for _, d := range c.stale {
		if err := deleteCertificate(ctx, s, d.CertificateArn); err != nil {
			return err
		}
	}
	return nil
}

func deleteCertificate(ctx context.Context, s *resource.Scope, arn *string) error {
	err := s.Retry(ctx, inUse, func(ctx context.Context) error {
		_, err := s.ACM.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: arn})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete certificate: %w", err)
	}
	return nil
}

// Delete implements Resource.
func (c *Certificate) Delete(ctx context.Context, s *resource.Scope) error {
	if c.found != nil {
		if err := deleteCertificate(ctx, s, c.found.CertificateArn); err != nil {
			return err
		}
	}
	return c.removeStale(ctx, s)
}

// Permissions implements Permissioned. Until there is one, nobody knows its ARN.
func (c *Certificate) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	without := ""
	if c.Unneeded {
		without = "the certificate of a domain that is no longer used would stay"
	}
	arn := s.ARN("acm", "certificate/*")
	list, look := resource.Anywhere("acm:ListCertificates"), resource.On(resource.Actions("acm:ListTagsForCertificate", "acm:DescribeCertificate"), arn)
	list.Without, look.Without = without, without
	need := []resource.Permission{list}
	if !c.Unneeded || c.Exists() {
		need = append(need, look)
	}
	remove := resource.Permission{Actions: resource.Actions("acm:DeleteCertificate"), Resources: []string{arn}, When: c.Owner.Tagged("aws:ResourceTag")}
	switch do {
	case event.Create, event.Replace:
		need = append(need, resource.Permission{
			Actions: resource.Actions("acm:RequestCertificate", "acm:AddTagsToCertificate"), Resources: []string{"*"}, When: c.Owner.Tagged("aws:RequestTag"),
		})
	case event.Delete:
		need = append(need, remove)
	case event.None, event.Update:
	}
	if do == event.Replace || len(c.stale) > 0 && do == event.None {
		need = append(need, remove)
	}
	return need
}
