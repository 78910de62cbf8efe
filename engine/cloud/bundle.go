package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"

	"berth/engine/fail"
)

// bundleOf is the content of the file of authorities that AWS_CA_BUNDLE or the profile names, as the AWS CLI reads
// them. Nil when none does.
func bundleOf(profile string) ([]byte, error) {
	file, from := os.Getenv("AWS_CA_BUNDLE"), "AWS_CA_BUNDLE"
	if file == "" {
		profile = chosenProfile(profile)
		file, from = sharedFiles()[profile]["ca_bundle"], "ca_bundle of the profile "+profile
	}
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, &fail.Error{
			Class: fail.Usage, Cause: from + " names a file that cannot be read", Evidence: err.Error(),
			Remedy: "correct the path, or remove the setting", Err: err,
		}
	}
	return b, nil
}

// trusting is the transport for registries and endpoints that trusts the authorities of the bundle, too: a proxy that
// looks into what is sent signs for all of them alike. Without a bundle it is Go's own.
func trusting(bundle []byte) http.RoundTripper {
	base, ok := http.DefaultTransport.(*http.Transport)
	if len(bundle) == 0 || !ok {
		return http.DefaultTransport
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(bundle)
	t := base.Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t
}
