package sim

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// edgeTLS is the TLS of a request to a distribution.
func (st *state) edgeTLS(req *http.Request, cfg *cftypes.DistributionConfig, host, domain string, now time.Time) (*tls.ConnectionState, error) {
	if !encrypted(req) {
		return nil, nil
	}
	if v := cfg.ViewerCertificate; host != domain && v != nil && v.ACMCertificateArn != nil {
		return handshake(host, now, st.regionNamed("us-east-1").certificate(*v.ACMCertificateArn))
	}
	return handshake(host, now, &certificate{Names: []string{"*.cloudfront.net"}, Expires: now.Add(acmValid)})
}

func encrypted(req *http.Request) bool { return req.URL.Scheme == "https" || req.URL.Scheme == "wss" }

// handshake shows a host the certificate that is for it, or the first one. What a client makes of that is the error.
func handshake(host string, now time.Time, certs ...*certificate) (*tls.ConnectionState, error) {
	certs = slices.DeleteFunc(certs, func(k *certificate) bool { return k == nil })
	if len(certs) == 0 {
		return nil, &net.OpError{Op: "remote error", Err: tls.AlertError(40)} // handshake failure
	}
	k := certs[0]
	if i := slices.IndexFunc(certs, func(k *certificate) bool { return k.covers(host) }); i >= 0 {
		k = certs[i]
	}
	shown := &x509.Certificate{
		DNSNames: k.Names, Subject: pkix.Name{CommonName: k.Names[0]}, Issuer: pkix.Name{Organization: []string{"Amazon"}, CommonName: "Amazon ECDSA 256 M04"},
		NotBefore: k.Issued, NotAfter: k.Expires,
	}
	switch {
	case !k.covers(host):
		return nil, &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{shown}, Err: x509.HostnameError{Certificate: shown, Host: host}}
	case now.After(k.Expires):
		return nil, &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{shown}, Err: x509.CertificateInvalidError{Cert: shown, Reason: x509.Expired}}
	}
	return &tls.ConnectionState{
		Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: host, PeerCertificates: []*x509.Certificate{shown}, VerifiedChains: [][]*x509.Certificate{{shown}},
	}, nil
}

// balancerTLS is the TLS of a request to a load balancer.
func (r *region) balancerTLS(lb *loadBalancer, port int32, req *http.Request, host string, now time.Time) (*tls.ConnectionState, error) {
	l := find(lb.Listeners, func(l *listener) bool { return l.Port == port })
	if l == nil || !encrypted(req) {
		return nil, nil
	}
	if l.Protocol != string(elbtypes.ProtocolEnumHttps) {
		return nil, errors.New("tls: first record does not look like a TLS handshake")
	}
	var certs []*certificate
	for _, arn := range l.Certs {
		certs = append(certs, r.certificate(arn))
	}
	return handshake(host, now, certs...)
}
