package image

import (
	"errors"
	"testing"

	"berth/engine/image/registry"
)

// What engines say of a registry that may be there again in a moment is told from what stays.
func TestMayPass(t *testing.T) {
	for said, want := range map[string]bool{
		`Get "https://1.dkr.ecr.eu-west-2.amazonaws.com/v2/": dial tcp 1.2.3.4:443: connect: connection refused`: true,
		"received unexpected HTTP status: 503 Service Unavailable":                                               true,
		"unknown: unexpected status code 429 Too Many Requests":                                                  true,
		"toomanyrequests: Rate exceeded":                                                                         true,
		"unavailable: later":                                                                                     true,
		"unexpected EOF":                                                                                         true,
		"net/http: TLS handshake timeout":                                                                        true,
		"denied: User: arn:aws:iam::1:user/me is not authorized to perform: ecr:InitiateLayerUpload":             false,
		"no basic auth credentials":                                                                              false,
		"name unknown: The repository with name 'shop' does not exist":                                           false,
		"An image does not exist locally with the tag":                                                           false,
		"unexpected status code 403 Forbidden":                                                                   false,
	} {
		if got := registry.Passing(mayPass(said, errors.New("exit status 1"))); got != want {
			t.Errorf("%q: %v", said, got)
		}
	}
	if mayPass("", nil) != nil {
		t.Error("a push that worked is tried again")
	}
}
