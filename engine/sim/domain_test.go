package sim

import (
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// estate is an account with a domain.
type estate struct {
	*rig
	acm  *acm.Client
	dns  *route53.Client
	zone string
}

func newEstate(t *testing.T, o Options) *estate {
	r := newRig(t, o)
	e := &estate{rig: r, acm: acm.NewFromConfig(r.cfg), dns: route53.NewFromConfig(r.cfg)}
	e.zone = *must(e.dns.CreateHostedZone(r.ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")}))(r).HostedZone.Id
	return e
}

func (e *estate) change(action r53types.ChangeAction, set r53types.ResourceRecordSet) error {
	_, err := e.dns.ChangeResourceRecordSets(e.ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &e.zone, ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	return err
}

func text(name string, kind r53types.RRType, value string) r53types.ResourceRecordSet {
	return r53types.ResourceRecordSet{Name: &name, Type: kind, TTL: aws.Int64(300), ResourceRecords: []r53types.ResourceRecord{{Value: &value}}}
}

// request asks for a certificate and gives its ARN.
func (e *estate) request(names ...string) string {
	e.Helper()
	return *must(e.acm.RequestCertificate(e.ctx, &acm.RequestCertificateInput{
		DomainName: &names[0], SubjectAlternativeNames: names, ValidationMethod: acmtypes.ValidationMethodDns, KeyAlgorithm: acmtypes.KeyAlgorithmEcPrime256v1,
	}))(e.rig).CertificateArn
}

func (e *estate) certificate(arn string) *acmtypes.CertificateDetail {
	e.Helper()
	return must(e.acm.DescribeCertificate(e.ctx, &acm.DescribeCertificateInput{CertificateArn: &arn}))(e.rig).Certificate
}

// prove sets the records that a certificate asks for.
func (e *estate) prove(arn string) {
	e.Helper()
	for _, v := range e.certificate(arn).DomainValidationOptions {
		must(0, e.change(r53types.ChangeActionUpsert, text(*v.ResourceRecord.Name, r53types.RRTypeCname, *v.ResourceRecord.Value)))(e.rig)
	}
}

// A domain of one's own: certificate, listener, record, until the app answers over it.
func TestDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, Options{})
		e.deploy()
		if got, _ := e.verdict(10 * time.Minute); got.Status != "SUCCESSFUL" {
			t.Fatalf("ended %s", got.Status)
		}
		if !e.a.Delegate("example.com") {
			t.Fatal("no such zone")
		}
		arn := e.request("www.example.com", "example.com")
		if v := e.certificate(arn).DomainValidationOptions[0]; v.ResourceRecord != nil {
			t.Error("the record to set is known at once")
		}
		e.sleep(10 * time.Second)
		e.prove(arn)
		listen := func() (string, error) {
			out, err := e.elb.CreateListener(e.ctx, &elb.CreateListenerInput{
				LoadBalancerArn: &e.lbARN, Port: aws.Int32(443), Protocol: elbtypes.ProtocolEnumHttps, Certificates: []elbtypes.Certificate{{CertificateArn: &arn}},
				DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &e.tgARN}},
			})
			if err != nil {
				return "", err
			}
			return *out.Listeners[0].ListenerArn, nil
		}
		if _, err := listen(); code(err) != "UnsupportedCertificate" {
			t.Errorf("a listener with a certificate that is not issued: %v", err)
		}
		e.sleep(4 * time.Minute)
		if k := e.certificate(arn); k.Status != acmtypes.CertificateStatusIssued || k.NotAfter.Sub(*k.NotBefore) != 198*24*time.Hour {
			t.Errorf("after 4 min %s until %v", k.Status, k.NotAfter)
		}
		must(e.ec2.AuthorizeSecurityGroupIngress(e.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &e.lbGroup, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		}}}))(e.rig)
		https := must(listen())(e.rig)
		lb := must(e.elb.DescribeLoadBalancers(e.ctx, &elb.DescribeLoadBalancersInput{}))(e.rig).LoadBalancers[0]
		alias := r53types.ResourceRecordSet{Name: aws.String("www.example.com"), Type: r53types.RRTypeA, AliasTarget: &r53types.AliasTarget{
			DNSName: lb.DNSName, HostedZoneId: aws.String(cloudFrontZone),
		}}
		if err := e.change(r53types.ChangeActionCreate, alias); code(err) != "InvalidChangeBatch" || !strings.Contains(err.Error(), "does not lie within the target zone") {
			t.Errorf("an alias into the wrong zone: %v", err)
		}
		alias.AliasTarget.HostedZoneId = lb.CanonicalHostedZoneId
		must(0, e.change(r53types.ChangeActionCreate, alias))(e.rig)
		get := func(url string) (*http.Response, error) { return (&http.Client{Transport: e.env.Transport}).Get(url) }
		if _, err := get("https://www.example.com/"); err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("before the change is in sync: %v", err)
		}
		e.sleep(time.Minute)
		res, err := get("https://www.example.com/")
		if err != nil || res.StatusCode != 200 || res.TLS.PeerCertificates[0].DNSNames[0] != "www.example.com" {
			t.Fatalf("%v %v", res, err)
		}
		var wrong x509.HostnameError
		if _, err := get("https://" + *lb.DNSName); !errors.As(err, &wrong) {
			t.Errorf("by the load balancer's own name: %v", err)
		}
		if _, err := e.acm.DeleteCertificate(e.ctx, &acm.DeleteCertificateInput{CertificateArn: &arn}); code(err) != "ResourceInUseException" {
			t.Errorf("a certificate in use was deleted: %v", err)
		}
		e.sleep(198 * 24 * time.Hour)
		if k := e.certificate(arn); k.Status != acmtypes.CertificateStatusIssued || !k.NotAfter.After(time.Now()) {
			t.Errorf("a certificate in use was not renewed: %s", k.Status)
		}
		must(e.elb.DeleteListener(e.ctx, &elb.DeleteListenerInput{ListenerArn: &https}))(e.rig)
		e.sleep(198 * 24 * time.Hour)
		if k := e.certificate(arn); k.Status != acmtypes.CertificateStatusExpired {
			t.Errorf("a certificate that nobody uses is %s", k.Status)
		}
		must(e.acm.DeleteCertificate(e.ctx, &acm.DeleteCertificateInput{CertificateArn: &arn}))(e.rig)
	})
}

// What becomes of a certificate whose names are not proven, or that CAA records forbid.
func TestCertificateNotIssued(t *testing.T) {
	for name, x := range map[string]struct {
		prepare func(e *estate, arn string)
		after   time.Duration
		want    acmtypes.CertificateStatus
		why     acmtypes.FailureReason
	}{
		"not delegated":  {after: time.Hour, want: acmtypes.CertificateStatusPendingValidation},
		"three days":     {after: 73 * time.Hour, want: acmtypes.CertificateStatusValidationTimedOut},
		"delegated late": {prepare: func(e *estate, _ string) { e.sleep(10 * time.Minute); e.a.Delegate("example.com") }, after: 5 * time.Minute, want: acmtypes.CertificateStatusIssued},
		"CAA": {prepare: func(e *estate, _ string) {
			e.a.Delegate("example.com")
			must(0, e.change(r53types.ChangeActionCreate, text("example.com", r53types.RRTypeCaa, `0 issue "letsencrypt.org"`)))(e.rig)
		}, after: 5 * time.Minute, want: acmtypes.CertificateStatusFailed, why: acmtypes.FailureReasonCaaError},
		"CAA for Amazon": {prepare: func(e *estate, _ string) {
			e.a.Delegate("example.com")
			must(0, e.change(r53types.ChangeActionCreate, text("example.com", r53types.RRTypeCaa, `0 issue "amazon.com"`)))(e.rig)
		}, after: 5 * time.Minute, want: acmtypes.CertificateStatusIssued},
		"DNS elsewhere": {prepare: func(e *estate, arn string) {
			for _, v := range e.certificate(arn).DomainValidationOptions {
				e.a.Publish(*v.ResourceRecord.Name, "CNAME", *v.ResourceRecord.Value)
			}
		}, after: 5 * time.Minute, want: acmtypes.CertificateStatusIssued},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEstate(t, Options{})
				arn := e.request("www.example.com")
				e.sleep(10 * time.Second)
				e.prove(arn)
				if x.prepare != nil {
					x.prepare(e, arn)
				}
				e.sleep(x.after)
				if k := e.certificate(arn); k.Status != x.want || k.FailureReason != x.why {
					t.Errorf("%s %s, want %s %s", k.Status, k.FailureReason, x.want, x.why)
				}
			})
		})
	}
}

// A batch of records happens as a whole or not at all, with Route 53's words for what is wrong.
func TestRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, Options{PageSize: 1})
		a := text("www.example.com", r53types.RRTypeA, "192.0.2.1")
		must(0, e.change(r53types.ChangeActionCreate, a))(e.rig)
		for want, err := range map[string]error{
			"but it already exists":                 e.change(r53types.ChangeActionCreate, a),
			"do not match the current values":       e.change(r53types.ChangeActionDelete, text("www.example.com", r53types.RRTypeA, "192.0.2.2")),
			"but it was not found":                  e.change(r53types.ChangeActionDelete, text("x.example.com", r53types.RRTypeA, "192.0.2.2")),
			"is not permitted at apex":              e.change(r53types.ChangeActionCreate, text("example.com", r53types.RRTypeCname, "x.com")),
			"is not permitted as it conflicts":      e.change(r53types.ChangeActionCreate, text("www.example.com", r53types.RRTypeCname, "x.com")),
			"is not permitted in zone example.com.": e.change(r53types.ChangeActionCreate, text("www.other.com", r53types.RRTypeA, "192.0.2.1")),
		} {
			if code(err) != "InvalidChangeBatch" || !strings.Contains(err.Error(), want) {
				t.Errorf("want %q: %v", want, err)
			}
		}
		must(0, e.change(r53types.ChangeActionCreate, text("*.example.com", r53types.RRTypeA, "192.0.2.9")))(e.rig)
		var names []string
		for p := route53.NewListResourceRecordSetsPaginator(e.dns, &route53.ListResourceRecordSetsInput{HostedZoneId: &e.zone}); p.HasMorePages(); {
			for _, s := range must(p.NextPage(e.ctx))(e.rig).ResourceRecordSets {
				names = append(names, string(s.Type)+" "+*s.Name)
			}
		}
		if got := strings.Join(names, ", "); got != `NS example.com., SOA example.com., A \052.example.com., A www.example.com.` {
			t.Errorf("records %s", got)
		}
		if _, err := e.dns.DeleteHostedZone(e.ctx, &route53.DeleteHostedZoneInput{Id: &e.zone}); code(err) != "HostedZoneNotEmpty" {
			t.Errorf("a zone with records was deleted: %v", err)
		}
		r := e.a.Resolver()
		if _, err := r.LookupNS(e.ctx, "example.com"); err == nil {
			t.Error("a zone that is not delegated has name servers")
		}
		e.a.Delegate("example.com")
		e.sleep(time.Minute)
		if ns, err := r.LookupNS(e.ctx, "example.com"); err != nil || len(ns) != 4 {
			t.Errorf("name servers %v, %v", ns, err)
		}
		if got, err := r.LookupHost(e.ctx, "any.example.com"); err != nil || got[0] != "192.0.2.9" {
			t.Errorf("by the wildcard %v, %v", got, err)
		}
		if got, err := r.LookupHost(e.ctx, "www.example.com"); err != nil || got[0] != "192.0.2.1" {
			t.Errorf("www is %v, %v", got, err)
		}
	})
}
