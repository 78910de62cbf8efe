package resource

import (
	"net/url"
	"strings"
	"testing"

	"berth/engine/cloud"
)

func testScope() *Scope {
	return &Scope{
		Clients: &cloud.Clients{Region: "eu-west-2"}, Owner: Owner{App: "app", Env: "prod"},
		Identity: cloud.Identity{Account: "123456789012", Partition: "aws"},
	}
}

// IAM gives documents back URL-encoded, with keys in any order and lists of one element as plain strings.
func TestSamePolicyComparesMeaning(t *testing.T) {
	ours := document(allow([]string{"ecr:GetAuthorizationToken"}, "*"))
	for _, theirs := range []string{
		ours, url.PathEscape(ours),
		`{"Statement":[{"Resource":"*","Action":"ecr:GetAuthorizationToken","Effect":"Allow"}],"Version":"2012-10-17"}`,
		`{"Statement":{"Resource":"*","Action":"ecr:GetAuthorizationToken","Effect":"Allow"},"Version":"2012-10-17"}`,
	} {
		if !samePolicy(ours, theirs) {
			t.Errorf("differs: %s", theirs)
		}
	}
	for _, other := range []string{
		"", "not json", strings.Replace(ours, "*", "arn:aws:ecr:::x", 1), strings.Replace(ours, "Allow", "Deny", 1),
	} {
		if samePolicy(ours, other) {
			t.Errorf("the same: %s", other)
		}
	}
}

func TestExecutionPolicyAllowsOnlyWhatATaskNeedsToStart(t *testing.T) {
	s := testScope()
	repo, logs := &Repository{Owner: s.Owner}, &LogGroup{Owner: s.Owner}
	doc := ExecutionPolicy(s, []string{repo.ARN(s)}, logs, nil)
	for _, want := range []string{
		"arn:aws:ecr:eu-west-2:123456789012:repository/berth-app-prod",
		"arn:aws:logs:eu-west-2:123456789012:log-group:/berth/app/prod:*",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in %s", want, doc)
		}
	}
	if strings.Contains(doc, "ssm:") {
		t.Error("reads parameters although there are no secrets")
	}
	secret := "arn:aws:ssm:eu-west-2:123456789012:parameter/berth/app/prod/KEY"
	if doc := ExecutionPolicy(s, []string{repo.ARN(s)}, logs, []string{secret}); !strings.Contains(doc, secret) || strings.Contains(doc, `"ssm:*"`) {
		t.Errorf("secrets: %s", doc)
	}
}

// Names keep to the lengths that AWS allows (ecs-provisioning 3.2), for the longest app and environment.
func TestNamesFit(t *testing.T) {
	long := Owner{App: strings.Repeat("a", 32), Env: strings.Repeat("e", 32)}
	role := NewRole(long, "ap-southeast-7", "execution", "", nil)
	group := &TargetGroup{Owner: long, Port: 65535}
	for _, c := range []struct {
		name string
		max  int
	}{{role.name, 64}, {long.Short(), 32}, {group.name(), 32}} {
		if len(c.name) > c.max || strings.Contains(c.name, "--") || strings.HasSuffix(c.name, "-") {
			t.Errorf("%s has %d characters, %d at most", c.name, len(c.name), c.max)
		}
	}
	here, there := NewRole(long, "eu-west-1", "task", "", nil), NewRole(long, "eu-west-2", "task", "", nil)
	if here.name == there.name {
		t.Error("two regions share a role")
	}
}

// The hash of a revision tells no value, and does not change with fields that are not said.
func TestSpecHash(t *testing.T) {
	if withoutNull(map[string]any{"a": nil, "b": []any{}, "c": map[string]any{"d": nil}, "e": ""}) != nil {
		t.Error("what is not said stays")
	}
	v, _ := withoutNull(map[string]any{"a": "x", "b": []any{map[string]any{"c": nil, "d": "y"}}}).(map[string]any)
	if v["a"] != "x" || len(v) != 2 {
		t.Errorf("what is said goes: %v", v)
	}
}
