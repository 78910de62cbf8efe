package traffic

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"berth/engine/event"
	"berth/engine/resource"
)

// certificateQuota is the code of "ACM certificates" (engine/AWS.md, ACM).
const certificateQuota = "L-F141DD1D"

// Checks implements Checked: how the certificate stands, or room for one more.
func (c *Certificate) Checks(do event.Action) []resource.Probe {
	if do != event.Create && do != event.Replace {
		if c.found == nil || !c.Wanted() {
			return nil
		}
		return []resource.Probe{{ID: "certificate", Title: "certificate of " + c.main(), Look: c.look}}
	}
	return resource.OneMore{
		ID: "quota-certificate", Title: "certificates",
		What: "certificates", Name: "ACM certificates", Service: "acm", Code: certificateQuota,
		Count: func(ctx context.Context, s *resource.Scope) (n int, err error) {
			p := acm.NewListCertificatesPaginator(s.ACM, &acm.ListCertificatesInput{
				Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
			})
			err = resource.Pages(ctx, p, func(out *acm.ListCertificatesOutput) error {
				n += len(out.CertificateSummaryList)
				return nil
			})
			return n, err
		},
	}.Probes()
}

// look is how the certificate stands, as observed.
func (c *Certificate) look(_ context.Context, s *resource.Scope) resource.Finding {
	text, wrong := c.Stands().Says(s.Clock.Now())
	f := resource.Finding{Verdict: resource.OK, Text: "the certificate of " + strings.Join(c.names(), ", ") + " is " + text}
	if c.Issued {
		f.Text = "the certificate of " + strings.Join(c.names(), ", ") + " is valid " + text
	}
	if wrong {
		f.Verdict, f.Remedy = resource.Warn, "berth status shows the records; berth deploy sets those in Route 53"
	}
	return f
}

// Certificates lists the certificates of all apps.
var Certificates = resource.Listing{What: "certificates", List: listCertificates}

func listCertificates(ctx context.Context, s *resource.Survey) error {
	found, err := listed(ctx, s.Clients)
	if err != nil {
		return err
	}
	var all []resource.Found
	for _, c := range found {
		arn := aws.ToString(c.CertificateArn)
		all = append(all, resource.Found{
			Kind: "acm.Certificate", Name: aws.ToString(c.DomainName), ARN: arn,
			Unused: func(a *resource.App) string {
				if aws.ToBool(c.InUse) || c.Status == acmtypes.CertificateStatusPendingValidation {
					return ""
				}
				return "nothing uses it"
			},
			Remove: "aws acm delete-certificate --certificate-arn " + arn,
		})
	}
	return s.AddByARN(ctx, all, certificateTags)
}
