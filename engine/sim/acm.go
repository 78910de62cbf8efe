package sim

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// acmService is ACM: public certificates that are validated by DNS.
func acmService() awsService {
	return awsService{
		name:  "acm",
		state: []keeper{acmShelf},
		operations: []operation{
			op(acmRequestCertificate, tagging("acm:AddTagsToCertificate")), op(acmDescribeCertificate), op(acmListCertificates, pages("CertificateSummaryList", 1000, 1000)),
			op(acmDeleteCertificate), op(acmAddTagsToCertificate), op(acmRemoveTagsFromCertificate), op(acmListTagsForCertificate),
		},
		latencies: map[lat]time.Duration{
			latACMRecord: 4 * time.Second,  // the record to set shows some seconds after the request
			latACMIssue:  80 * time.Second, // validation: 1-2 min, tail 9
			latACMSpread: 3 * time.Second,  // assumed: until load balancers know a certificate that was issued
			latACMFree:   20 * time.Second, // assumed: it counts as in use for a while after it was
		},
		quotas: []quotaCode{{"acm", "L-F141DD1D", "ACM certificates", "acm", 2500}},
		list: func(v *inventory, r *region) {
			for _, k := range r.acm().Certificates {
				v.add("acm.Certificate", named(r, nil, k.Names...), false, map[string]any{"Key": k.Key, "Status": k.Status, "Tags": k.Tags}, k.ARN)
			}
		},
		due:   acmDue,
		sweep: acmSweep,
	}
}

type acmState struct{ Certificates []*certificate }

const acmShelf shelf[acmState] = "acm"

func (r *region) acm() *acmState { return acmShelf.in(&r.Kept) }

const (
	latACMRecord lat = "acm.record"
	latACMIssue  lat = "acm.issue"
	latACMSpread lat = "acm.spread"
	latACMFree   lat = "acm.free"
)

// What ACM holds to: how long it waits for records, how long a certificate is valid, and how long before its end it
// is renewed.
const (
	acmPatience = 72 * time.Hour
	acmValid    = 198 * 24 * time.Hour
	acmRenewal  = 45 * 24 * time.Hour
)

type certificate struct {
	ARN       string
	Names     []string // the first is the main one
	Key       string   // algorithm
	Token     string
	Status    acmtypes.CertificateStatus
	Failure   acmtypes.FailureReason
	Created   time.Time
	Validated time.Time // when all records were seen; zero before
	Issued    time.Time
	Expires   time.Time
	Next      time.Time // when ACM looks at it next
	Used      time.Time // when something used it last
	Managed   bool      // by another service, which takes it away
	Tags      tagMap
}

// proof is the record that proves that one owns a name: the same for an account, whichever certificate asks for it,
// and for a name with and without *.
func (st *state) proof(name string) (record, value string) {
	name = fqdn(strings.TrimPrefix(name, "*."))
	h := stableID("acm", st.Account, name)
	return "_" + h[:32] + "." + name, "_" + h[32:] + ".jkddzztszm.acm-validations.aws."
}

// proven says whether the public DNS has the record for a name.
func (st *state) proven(name string, now time.Time) bool {
	record, value := st.proof(name)
	values, _ := st.ask(record, "CNAME", now)
	return slices.ContainsFunc(values, func(v string) bool { return fqdn(v) == value })
}

// forbidden says whether CAA records of a name, or of what is above it, keep Amazon from issuing.
func (st *state) forbidden(name string, now time.Time) bool {
	for at := strings.TrimPrefix(name, "*."); strings.Contains(at, "."); _, at, _ = strings.Cut(at, ".") {
		values, _ := st.ask(at, "CAA", now)
		if len(values) == 0 {
			continue
		}
		return !slices.ContainsFunc(values, func(v string) bool {
			return strings.Contains(v, "amazon.com") || strings.Contains(v, "amazontrust.com") || strings.Contains(v, "awstrust.com") || strings.Contains(v, "amazonaws.com")
		})
	}
	return false
}

// acmDue is ACM's next look at a certificate.
func acmDue(w *world) (due time.Time, step func(time.Time)) {
	for _, k := range w.r.acm().Certificates {
		if !k.Next.IsZero() && (step == nil || k.Next.Before(due)) {
			due, step = k.Next, func(at time.Time) { w.stepCertificate(k, at) }
		}
	}
	return due, step
}

// stepCertificate is one look of ACM at a certificate: are the records there, is it time to renew, is it over.
func (w *world) stepCertificate(k *certificate, at time.Time) {
	k.Next = time.Time{}
	proven := !slices.ContainsFunc(k.Names, func(n string) bool { return !w.st.proven(n, at) })
	switch {
	case k.Status == acmtypes.CertificateStatusIssued && at.Before(k.Expires): // the time to renew
		if proven && len(w.used(k)) > 0 {
			w.issue(k, at)
			return
		}
		if k.Next = at.Add(24 * time.Hour); k.Next.After(k.Expires) {
			k.Next = k.Expires
		}
	case k.Status == acmtypes.CertificateStatusIssued:
		k.Status = acmtypes.CertificateStatusExpired
	case k.Status != acmtypes.CertificateStatusPendingValidation:
	case at.Sub(k.Created) >= acmPatience:
		k.Status = acmtypes.CertificateStatusValidationTimedOut
	case !proven:
		k.Next = at.Add(20 * time.Second)
		if at.Sub(k.Created) > time.Hour {
			k.Next = at.Add(15 * time.Minute)
		}
	case k.Validated.IsZero():
		k.Validated, k.Next = at, at.Add(w.a.delay(latACMIssue, k.ARN))
		if find(w.r.acm().Certificates, func(o *certificate) bool { return o != k && !o.Issued.IsZero() && slices.Equal(o.Names, k.Names) }) != nil {
			k.Next = at.Add(time.Second) // AWS knows the record already
		}
	case slices.ContainsFunc(k.Names, func(n string) bool { return w.st.forbidden(n, at) }):
		k.Status, k.Failure = acmtypes.CertificateStatusFailed, acmtypes.FailureReasonCaaError
	default:
		w.issue(k, at)
	}
}

func (w *world) issue(k *certificate, at time.Time) {
	k.Status, k.Issued, k.Expires = acmtypes.CertificateStatusIssued, at, at.Add(acmValid)
	k.Next = k.Expires.Add(-acmRenewal)
}

// acmSweep notes what is in use.
func acmSweep(w *world) {
	for _, k := range w.r.acm().Certificates {
		if len(w.used(k)) > 0 {
			k.Used = w.st.Now
		}
	}
}

// used gives the ARNs of what uses a certificate.
func (w *world) used(k *certificate) []string {
	var out []string
	for _, lb := range w.r.elb().LoadBalancers {
		if lb.exists() && slices.ContainsFunc(lb.Listeners, func(l *listener) bool { return slices.Contains(l.Certs, k.ARN) }) {
			out = append(out, lb.ARN)
		}
	}
	for _, d := range w.st.cloudFront().Distributions {
		if v := d.Config.ViewerCertificate; v != nil && str(v.ACMCertificateArn) == k.ARN {
			out = append(out, d.ARN)
		}
	}
	return out
}

func (r *region) certificate(arn string) *certificate {
	return find(r.acm().Certificates, func(k *certificate) bool { return k.ARN == arn })
}

// covers says whether a certificate is for a host.
func (k *certificate) covers(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return slices.ContainsFunc(k.Names, func(n string) bool {
		_, rest, _ := strings.Cut(host, ".")
		return n == host || n == "*."+rest
	})
}

// onCertificate looks a certificate up and passes it to fn. A new one shows only after some seconds.
func onCertificate[Out any](c *call, arn *string, fn func(*certificate) (*Out, error)) (*Out, error) {
	k := c.r.certificate(str(arn))
	if k == nil {
		return nil, &acmtypes.ResourceNotFoundException{Message: msg("Could not find certificate %s.", str(arn))}
	}
	return fn(k)
}

func acmTags(in []acmtypes.Tag) tagMap {
	return tagsFrom(in, func(t acmtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

var domainName = pattern(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func acmRequestCertificate(c *call, in *acm.RequestCertificateInput) (*acm.RequestCertificateOutput, error) {
	names := []string{strings.ToLower(str(in.DomainName))}
	for _, n := range in.SubjectAlternativeNames {
		if n = strings.ToLower(n); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, n := range names {
		if !domainName(n) || net.ParseIP(n) != nil {
			return nil, &acmtypes.InvalidDomainValidationOptionsException{Message: msg("The domain name %s is not valid.", n)}
		}
	}
	key := string(in.KeyAlgorithm)
	if key == "" {
		key = string(acmtypes.KeyAlgorithmRsa2048)
	}
	if len(names) > 10 {
		return nil, &acmtypes.LimitExceededException{Message: msg("The maximum number of domain names in a certificate is 10.")}
	}
	for _, k := range c.r.acm().Certificates {
		if token := str(in.IdempotencyToken); token != "" && k.Token == token && slices.Equal(k.Names, names) && c.now.Sub(k.Created) < time.Hour {
			return &acm.RequestCertificateOutput{CertificateArn: new(k.ARN)}, nil
		}
	}
	if n, ok := c.a.quota("acm"); ok && len(c.r.acm().Certificates) >= n {
		return nil, &acmtypes.LimitExceededException{Message: msg("Error: you have reached your limit of %d certificates.", n)}
	}
	k := &certificate{
		Names: names, Key: key, Token: str(in.IdempotencyToken), Status: acmtypes.CertificateStatusPendingValidation, Created: c.now, Tags: acmTags(in.Tags),
	}
	k.ARN = c.arn("acm", "certificate/%s", uuidOf(c.st.fresh(append([]string{c.r.Name, "certificate"}, names...)...)))
	k.Next = c.now.Add(c.a.delay(latACMRecord, k.ARN))
	if slices.ContainsFunc(names, func(n string) bool {
		return strings.HasSuffix(n, ".amazonaws.com") || strings.HasSuffix(n, ".cloudfront.net")
	}) {
		k.Status, k.Failure, k.Next = acmtypes.CertificateStatusFailed, acmtypes.FailureReasonDomainNotAllowed, time.Time{}
	}
	c.r.acm().Certificates = append(c.r.acm().Certificates, k)
	return &acm.RequestCertificateOutput{CertificateArn: new(k.ARN)}, nil
}

func acmDescribeCertificate(c *call, in *acm.DescribeCertificateInput) (*acm.DescribeCertificateOutput, error) {
	return onCertificate(c, in.CertificateArn, func(k *certificate) (*acm.DescribeCertificateOutput, error) {
		o := &acmtypes.CertificateDetail{
			CertificateArn: new(k.ARN), DomainName: new(k.Names[0]), SubjectAlternativeNames: slices.Clone(k.Names), KeyAlgorithm: acmtypes.KeyAlgorithm(k.Key),
			Status: k.Status, FailureReason: k.Failure, CreatedAt: new(k.Created), IssuedAt: timeOrNil(k.Issued), NotAfter: timeOrNil(k.Expires), NotBefore: timeOrNil(k.Issued),
			Type: acmtypes.CertificateTypeAmazonIssued, InUseBy: (&world{a: c.a, st: c.st, r: c.r}).used(k), RenewalEligibility: acmtypes.RenewalEligibilityIneligible,
		}
		if k.Status == acmtypes.CertificateStatusIssued {
			o.Issuer = new("Amazon")
			if len(o.InUseBy) > 0 {
				o.RenewalEligibility = acmtypes.RenewalEligibilityEligible
			}
			if !c.now.Before(k.Expires.Add(-acmRenewal)) && len(o.InUseBy) > 0 { // it would have been renewed, had the records been there
				o.RenewalSummary = &acmtypes.RenewalSummary{RenewalStatus: acmtypes.RenewalStatusPendingValidation, UpdatedAt: new(k.Expires.Add(-acmRenewal))}
			}
		}
		for _, n := range k.Names {
			v := acmtypes.DomainValidation{DomainName: new(n), ValidationDomain: new(n), ValidationMethod: acmtypes.ValidationMethodDns, ValidationStatus: acmtypes.DomainStatusPendingValidation}
			if !c.now.Before(k.Created.Add(c.a.delay(latACMRecord, k.ARN))) {
				name, value := c.st.proof(n)
				v.ResourceRecord = &acmtypes.ResourceRecord{Name: new(name), Type: acmtypes.RecordTypeCname, Value: new(value)}
			}
			switch {
			case k.Status == acmtypes.CertificateStatusFailed || k.Status == acmtypes.CertificateStatusValidationTimedOut:
				v.ValidationStatus = acmtypes.DomainStatusFailed
			case !k.Issued.IsZero():
				v.ValidationStatus = acmtypes.DomainStatusSuccess
			}
			o.DomainValidationOptions = append(o.DomainValidationOptions, v)
		}
		return &acm.DescribeCertificateOutput{Certificate: o}, nil
	})
}

// acmListCertificates leaves out elliptic curve keys unless they are asked for, as ACM does.
func acmListCertificates(c *call, in *acm.ListCertificatesInput) (*acm.ListCertificatesOutput, error) {
	keys := []acmtypes.KeyAlgorithm{acmtypes.KeyAlgorithmRsa1024, acmtypes.KeyAlgorithmRsa2048}
	if in.Includes != nil && len(in.Includes.KeyTypes) > 0 {
		keys = in.Includes.KeyTypes
	}
	out := &acm.ListCertificatesOutput{}
	for _, k := range c.r.acm().Certificates {
		if k.Managed && in.Includes != nil && in.Includes.ManagedBy != "" {
			continue // those are another service's than the one that is asked for
		}
		if !slices.Contains(keys, acmtypes.KeyAlgorithm(k.Key)) || len(in.CertificateStatuses) > 0 && !slices.Contains(in.CertificateStatuses, k.Status) {
			continue
		}
		out.CertificateSummaryList = append(out.CertificateSummaryList, acmtypes.CertificateSummary{
			CertificateArn: new(k.ARN), DomainName: new(k.Names[0]), SubjectAlternativeNameSummaries: slices.Clone(k.Names), KeyAlgorithm: acmtypes.KeyAlgorithm(k.Key),
			HasAdditionalSubjectAlternativeNames: new(false), Status: k.Status, Type: acmtypes.CertificateTypeAmazonIssued, CreatedAt: new(k.Created),
			InUse: new(len((&world{a: c.a, st: c.st, r: c.r}).used(k)) > 0), IssuedAt: timeOrNil(k.Issued), NotAfter: timeOrNil(k.Expires),
		})
	}
	return out, nil
}

func acmDeleteCertificate(c *call, in *acm.DeleteCertificateInput) (*acm.DeleteCertificateOutput, error) {
	return onCertificate(c, in.CertificateArn, func(k *certificate) (*acm.DeleteCertificateOutput, error) {
		used := (&world{a: c.a, st: c.st, r: c.r}).used(k)
		if len(used) > 0 || !k.Used.IsZero() && c.now.Sub(k.Used) < c.a.delay(latACMFree, k.ARN) {
			return nil, &acmtypes.ResourceInUseException{Message: msg("Certificate %s in account %s is in use.", k.ARN, c.st.Account)}
		}
		c.r.acm().Certificates = remove(c.r.acm().Certificates, k)
		return &acm.DeleteCertificateOutput{}, nil
	})
}

func acmAddTagsToCertificate(c *call, in *acm.AddTagsToCertificateInput) (*acm.AddTagsToCertificateOutput, error) {
	return onCertificate(c, in.CertificateArn, func(k *certificate) (*acm.AddTagsToCertificateOutput, error) {
		k.Tags = k.Tags.merge(acmTags(in.Tags))
		return &acm.AddTagsToCertificateOutput{}, nil
	})
}

func acmRemoveTagsFromCertificate(c *call, in *acm.RemoveTagsFromCertificateInput) (*acm.RemoveTagsFromCertificateOutput, error) {
	return onCertificate(c, in.CertificateArn, func(k *certificate) (*acm.RemoveTagsFromCertificateOutput, error) {
		k.Tags = k.Tags.without(acmTags(in.Tags).keys())
		return &acm.RemoveTagsFromCertificateOutput{}, nil
	})
}

func acmListTagsForCertificate(c *call, in *acm.ListTagsForCertificateInput) (*acm.ListTagsForCertificateOutput, error) {
	return onCertificate(c, in.CertificateArn, func(k *certificate) (*acm.ListTagsForCertificateOutput, error) {
		return &acm.ListTagsForCertificateOutput{Tags: tagsTo(k.Tags, func(key, v *string) acmtypes.Tag { return acmtypes.Tag{Key: key, Value: v} })}, nil
	})
}
