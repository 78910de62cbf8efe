package policy

import (
	"net/url"
	"strings"
	"testing"
)

// IAM gives documents back URL-encoded, with keys in any order and lists of one element as plain strings.
func TestSamePolicyComparesMeaning(t *testing.T) {
	ours := Of(Allow([]string{"ecr:GetAuthorizationToken"}, "*")).Text()
	for _, theirs := range []string{
		ours, url.PathEscape(ours),
		`{"Statement":[{"Resource":"*","Action":"ecr:GetAuthorizationToken","Effect":"Allow"}],"Version":"2012-10-17"}`,
		`{"Statement":{"Resource":"*","Action":"ecr:GetAuthorizationToken","Effect":"Allow"},"Version":"2012-10-17"}`,
	} {
		if !Same(ours, theirs) {
			t.Errorf("differs: %s", theirs)
		}
	}
	for _, other := range []string{
		"", "not json", strings.Replace(ours, "*", "arn:aws:ecr:::x", 1), strings.Replace(ours, "Allow", "Deny", 1),
	} {
		if Same(ours, other) {
			t.Errorf("the same: %s", other)
		}
	}
}
