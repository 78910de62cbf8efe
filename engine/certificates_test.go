package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine"
	"berth/engine/sim"
)

// crowd puts a load balancer of somebody else into the account, with so many certificates.
func (h *harbor) crowd(n int) {
	h.t.Helper()
	c, ctx, zone := h.clients(), h.t.Context(), h.zone("example.net", true)
	subnets, err := c.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	must(h.t, err)
	lb, err := c.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String("others"), Subnets: []string{*subnets.Subnets[0].SubnetId, *subnets.Subnets[1].SubnetId},
	})
	must(h.t, err)
	for i := range n {
		made, err := c.ACM.RequestCertificate(ctx, &acm.RequestCertificateInput{
			DomainName: aws.String(fmt.Sprintf("n%d.example.net", i)), ValidationMethod: acmtypes.ValidationMethodDns, KeyAlgorithm: acmtypes.KeyAlgorithmEcPrime256v1,
		})
		must(h.t, err)
		time.Sleep(time.Minute)
		k, err := c.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: made.CertificateArn})
		must(h.t, err)
		proof := k.Certificate.DomainValidationOptions[0].ResourceRecord
		h.record(zone, *proof.Name, r53types.RRTypeCname, *proof.Value)
		time.Sleep(20 * time.Minute)
		_, err = c.ELB.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(int32(8000 + i)), Protocol: elbtypes.ProtocolEnumHttps,
			Certificates: []elbtypes.Certificate{{CertificateArn: made.CertificateArn}},
			DefaultActions: []elbtypes.Action{{
				Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")},
			}},
		})
		must(h.t, err)
	}
}

// An app without a domain asks about no certificate that somebody else uses, however many there are, and still finds its own.
func TestCertificatesOfOthersCostNoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.crowd(12)
		h.zone("example.com", true)
		asked := func() (n int) {
			from := len(h.account.Calls())
			h.plan(engine.Request{})
			for _, c := range h.account.Calls()[from:] {
				if c.Operation == "ListTagsForCertificate" {
					n++
				}
			}
			return n
		}
		if n := asked(); n != 0 {
			t.Errorf("%d calls about certificates of others", n)
		}
		doors["domain"](h.spec)
		h.must(h.deploy())
		doors["cloudfront"](h.spec)
		if n := asked(); n != 1 {
			t.Errorf("%d calls, with one certificate of its own", n)
		}
		h.must(h.deploy())
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the move: plan does %v", got)
		}
	})
}
