package sim

import (
	"slices"

	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbCertificates are the certificates, TLS policies and attributes of listeners.
func elbCertificates() awsService {
	return awsService{operations: []operation{
		op(elbDescribeSSLPolicies, pages("SslPolicies", 400, 400)), op(elbAddListenerCertificates), op(elbRemoveListenerCertificates),
		op(elbDescribeListenerCertificates, pages("Certificates", 400, 400)), op(elbDescribeListenerAttributes), op(elbModifyListenerAttributes),
	}}
}

// The security policies of HTTPS listeners that the account knows.
var sslPolicies = []string{
	"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
}

// The attributes of a new listener, with their defaults.
var listenerAttrs = map[string]string{
	"routing.http.response.server.enabled": "true", "routing.http.response.strict_transport_security.header_value": "",
	"routing.http.response.x_content_type_options.header_value": "", "routing.http.response.x_frame_options.header_value": "",
}

// onListener looks a listener up and passes it to fn.
func onListener[Out any](c *call, arn *string, fn func(*listener) (*Out, error)) (*Out, error) {
	_, l := c.r.listener(str(arn))
	if l == nil {
		return nil, noListener(str(arn))
	}
	return fn(l)
}

func elbDescribeSSLPolicies(_ *call, in *elb.DescribeSSLPoliciesInput) (*elb.DescribeSSLPoliciesOutput, error) {
	out := &elb.DescribeSSLPoliciesOutput{}
	for _, n := range in.Names {
		if !slices.Contains(sslPolicies, n) {
			return nil, &elbtypes.SSLPolicyNotFoundException{Message: msg("SSL policy '%s' not found", n)}
		}
	}
	for _, n := range sslPolicies {
		if len(in.Names) == 0 || slices.Contains(in.Names, n) {
			out.SslPolicies = append(out.SslPolicies, elbtypes.SslPolicy{Name: new(n), SupportedLoadBalancerTypes: []string{"application", "network"}})
		}
	}
	return out, nil
}

// elbAddListenerCertificates adds certificates for SNI; the default one is the first of the list.
func elbAddListenerCertificates(c *call, in *elb.AddListenerCertificatesInput) (*elb.AddListenerCertificatesOutput, error) {
	return onListener(c, in.ListenerArn, func(l *listener) (*elb.AddListenerCertificatesOutput, error) {
		if err := c.checkCertificates(in.Certificates); err != nil {
			return nil, err
		}
		for _, x := range in.Certificates {
			if arn := str(x.CertificateArn); !slices.Contains(l.Certs, arn) {
				l.Certs = append(l.Certs, arn)
			}
		}
		return &elb.AddListenerCertificatesOutput{Certificates: in.Certificates}, nil
	})
}

func elbRemoveListenerCertificates(c *call, in *elb.RemoveListenerCertificatesInput) (*elb.RemoveListenerCertificatesOutput, error) {
	return onListener(c, in.ListenerArn, func(l *listener) (*elb.RemoveListenerCertificatesOutput, error) {
		for _, x := range in.Certificates {
			if i := slices.Index(l.Certs, str(x.CertificateArn)); i > 0 { // the default one stays
				l.Certs = slices.Delete(slices.Clone(l.Certs), i, i+1)
			}
		}
		return &elb.RemoveListenerCertificatesOutput{}, nil
	})
}

func elbDescribeListenerCertificates(c *call, in *elb.DescribeListenerCertificatesInput) (*elb.DescribeListenerCertificatesOutput, error) {
	return onListener(c, in.ListenerArn, func(l *listener) (*elb.DescribeListenerCertificatesOutput, error) {
		out := &elb.DescribeListenerCertificatesOutput{}
		for i, arn := range l.Certs {
			out.Certificates = append(out.Certificates, elbtypes.Certificate{CertificateArn: new(arn), IsDefault: new(i == 0)})
		}
		return out, nil
	})
}

// checkTLS checks the certificates and the policy of a listener.
func (c *call) checkTLS(protocol string, certs []elbtypes.Certificate, policy *string) error {
	if protocol != string(elbtypes.ProtocolEnumHttps) {
		if len(certs) > 0 {
			return validation("Certificates cannot be specified for %s listeners", protocol)
		}
		return nil
	}
	if len(certs) != 1 {
		return &elbtypes.CertificateNotFoundException{Message: msg("Exactly one certificate must be specified for HTTPS listeners")}
	}
	if policy != nil && !slices.Contains(sslPolicies, *policy) {
		return &elbtypes.SSLPolicyNotFoundException{Message: msg("SSL policy '%s' not found", *policy)}
	}
	return c.checkCertificates(certs)
}

// checkCertificates checks that certificates are there and issued.
func (c *call) checkCertificates(certs []elbtypes.Certificate) error {
	for _, x := range certs {
		k := c.r.certificate(str(x.CertificateArn))
		switch {
		case k == nil || !k.Issued.IsZero() && c.now.Before(k.Issued.Add(c.a.delay(latACMSpread, k.ARN))):
			return &elbtypes.CertificateNotFoundException{Message: msg("Certificate '%s' not found", str(x.CertificateArn))}
		case k.Status != acmtypes.CertificateStatusIssued:
			return apiErr("UnsupportedCertificate", "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size.", k.ARN)
		}
	}
	return nil
}

func (l *listener) attrsOut() []elbtypes.ListenerAttribute {
	var out []elbtypes.ListenerAttribute
	for _, k := range tagMap(listenerAttrs).keys() {
		out = append(out, elbtypes.ListenerAttribute{Key: new(k), Value: new(attr(l.Attrs, listenerAttrs, k))})
	}
	return out
}

func elbDescribeListenerAttributes(c *call, in *elb.DescribeListenerAttributesInput) (*elb.DescribeListenerAttributesOutput, error) {
	return onListener(c, in.ListenerArn, func(l *listener) (*elb.DescribeListenerAttributesOutput, error) {
		return &elb.DescribeListenerAttributesOutput{Attributes: l.attrsOut()}, nil
	})
}

func elbModifyListenerAttributes(c *call, in *elb.ModifyListenerAttributesInput) (*elb.ModifyListenerAttributesOutput, error) {
	return onListener(c, in.ListenerArn, func(l *listener) (*elb.ModifyListenerAttributesOutput, error) {
		for _, a := range in.Attributes {
			if err := checkAttr(listenerAttrs, str(a.Key), str(a.Value)); err != nil {
				return nil, err
			}
		}
		for _, a := range in.Attributes {
			if l.Attrs == nil {
				l.Attrs = map[string]string{}
			}
			l.Attrs[str(a.Key)] = str(a.Value)
		}
		return &elb.ModifyListenerAttributesOutput{Attributes: l.attrsOut()}, nil
	})
}
