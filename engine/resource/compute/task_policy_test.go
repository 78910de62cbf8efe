package compute

import (
	"strings"
	"testing"

	"berth/engine/cloud"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/artifact"
)

func testScope() *resource.Scope {
	return &resource.Scope{
		Clients: &cloud.Clients{Region: "eu-west-2"}, Owner: resource.Owner{App: "app", Env: "prod"},
		Identity: cloud.Identity{Account: "123456789012", Partition: "aws"},
	}
}

func TestExecutionPolicyAllowsOnlyWhatATaskNeedsToStart(t *testing.T) {
	s := testScope()
	repo, logs := &artifact.Repository{Owner: s.Owner}, &LogGroup{Owner: s.Owner}
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
	if doc := ExecutionPolicy(s, []string{repo.ARN(s)}, logs, []policy.Statement{policy.Allow([]string{"ssm:GetParameters"}, secret)}); !strings.Contains(doc, secret) || strings.Contains(doc, `"ssm:*"`) {
		t.Errorf("secrets: %s", doc)
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
