package compute

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
)

func TestWho(t *testing.T) {
	for identity, want := range map[string]string{
		"arn:aws:iam::123456789012:user/ada":                                             "ada",
		"arn:aws:iam::123456789012:user/team/ops/ada":                                    "ada",
		"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_ab/ada@example.com": "ada@example.com",
		"arn:aws:sts::123456789012:federated-user/ada":                                   "ada",
		"arn:aws:iam::123456789012:root":                                                 "root",
		"":                                                                               "",
		"nobody":                                                                         "",
	} {
		if got := who(identity); got != want {
			t.Errorf("%s: %q, want %q", identity, got, want)
		}
	}
}

func TestTagValue(t *testing.T) {
	for s, want := range map[string]string{
		"ada@example.com": "ada@example.com", "0123456+": "0123456+", " Ada Lovelace ": "Ada Lovelace", "Zoë": "Zoë",
		"a\nb\x1b[31m<c>": "a-b--31m-c-", "\xff": "-", "": "",
	} {
		if got := tagValue(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := tagValue(strings.Repeat("é", 300)); utf8.RuneCountInString(got) != tagLength {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}

// Who registers a revision and from which commit is no part of what makes a revision another one.
func TestOriginIsNoPartOfTheHash(t *testing.T) {
	made := func(identity, commit string) (hash, tags string) {
		s := testScope()
		s.Clients = &cloud.Clients{Region: "eu-west-2"}
		s.Identity.ARN = identity
		d := &TaskDefinition{
			Owner: s.Owner, Image: &artifact.Image{Ref: "r@sha256:1", Build: &artifact.Build{Commit: commit}}, LogGroup: &LogGroup{Owner: s.Owner},
			ExecutionRole: &access.Role{ARN: "e"}, TaskRole: &access.Role{ARN: "t"},
			Environment: func(*resource.Scope) (map[string]string, bool) { return nil, true },
			Secrets:     func(*resource.Scope) map[string]string { return nil },
			Versions:    func(*resource.Scope) (map[string]string, bool) { return nil, true },
		}
		in, ok := d.input(s)
		if !ok {
			t.Fatal("not everything is known")
		}
		for _, tag := range d.originTags(s) {
			tags += aws.ToString(tag.Key) + "=" + aws.ToString(tag.Value) + " "
		}
		return specHash(in), tags
	}
	adas, tags := made("arn:aws:iam::123456789012:user/ada", "0123456")
	if tags != "berth:by=ada berth:commit=0123456 " {
		t.Errorf("tags %q", tags)
	}
	others, tags := made("arn:aws:sts::123456789012:assumed-role/ci/build-7", "")
	if tags != "berth:by=build-7 " {
		t.Errorf("tags %q", tags)
	}
	if adas != others {
		t.Errorf("the hash is %s for one and %s for another", adas, others)
	}
}
