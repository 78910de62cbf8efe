package preflight

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"berth/engine/cloud"
	"berth/engine/policy"
	"berth/engine/resource"
)

// iamStub answers as IAM does over HTTP: decide says how an action on a resource is decided.
type iamStub struct {
	mu     sync.Mutex
	asked  []url.Values
	role   string // ARN of the role that GetRole finds; empty denies the call
	decide func(action, resource string) string
}

func (s *iamStub) Do(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, form)
	s.mu.Unlock()
	status, body := http.StatusOK, ""
	switch form.Get("Action") {
	case "GetRole":
		body = fmt.Sprintf(`<GetRoleResponse><GetRoleResult><Role><Path>/</Path><Arn>%s</Arn><RoleName>r</RoleName><RoleId>x</RoleId>`+
			`<CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>`, s.role)
		if s.role == "" {
			status, body = http.StatusForbidden, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
		}
	case "SimulatePrincipalPolicy":
		var results strings.Builder
		for _, a := range members(form, "ActionNames") {
			for _, res := range members(form, "ResourceArns") {
				fmt.Fprintf(&results, `<member><EvalActionName>%s</EvalActionName><EvalResourceName>%s</EvalResourceName><EvalDecision>%s</EvalDecision></member>`,
					a, res, s.decide(a, res))
			}
		}
		body = `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>` +
			results.String() + `</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// members are the values of a list parameter of the query protocol.
func members(form url.Values, list string) []string {
	var out []string
	for i := 1; form.Has(fmt.Sprintf("%s.member.%d", list, i)); i++ {
		out = append(out, form.Get(fmt.Sprintf("%s.member.%d", list, i)))
	}
	return out
}

// scope is a scope of a caller whose IAM is the stub.
// circumstancesIn are the context keys that a question tells.
func circumstancesIn(form url.Values) map[string]string {
	told := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", i)); i++ {
		at := fmt.Sprintf("ContextEntries.member.%d.", i)
		told[form.Get(at+"ContextKeyName")] = form.Get(at + "ContextKeyValues.member.1")
	}
	return told
}

func (s *iamStub) scope(t *testing.T, caller string, cred aws.Credentials) *resource.Scope {
	t.Helper()
	env := cloud.Environment{Config: func(context.Context, cloud.Settings) (aws.Config, error) {
		provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return cred, nil })
		return aws.Config{Region: "eu-west-2", HTTPClient: s, Credentials: provider}, nil
	}}
	c, err := env.Connect(t.Context(), cloud.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return &resource.Scope{
		Clients: c, Owner: resource.Owner{App: "a", Env: "b"},
		Identity: cloud.Identity{Account: "123456789012", ARN: caller, Partition: "aws"},
	}
}

var keys = aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}

// Who may do everything is asked about once for each hundred actions; who may do it on these resources only, a
// second time, on these.
func TestAsksOnTheVeryResourcesWhatIsNotAllowedEverywhere(t *testing.T) {
	repo := "arn:aws:ecr:eu-west-2:123456789012:repository/berth-a-b"
	need := []resource.Permission{{Actions: []string{"ecr:PutImage"}, Resources: []string{repo}}, {
		Actions: []string{"iam:PassRole"}, Resources: []string{"arn:aws:iam::123456789012:role/x"},
		When: policy.Condition{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}},
	}}
	for i := range 150 {
		need = append(need, resource.Permission{Actions: []string{fmt.Sprintf("ec2:Describe%d", i)}, Resources: []string{"*"}})
	}
	stub := &iamStub{decide: func(action, res string) string {
		if action == "ecr:PutImage" && res == "*" || action == "iam:PassRole" {
			return "implicitDeny"
		}
		return "allowed"
	}}
	c := permissions(t.Context(), stub.scope(t, "arn:aws:iam::123456789012:user/me", keys), need)
	if c.State != Fail || !slices.Equal(c.Missing, []string{"iam:PassRole"}) {
		t.Errorf("%+v", c)
	}
	if got := c.Policy.Actions(); !slices.Equal(got, []string{"iam:PassRole"}) || c.Policy.Statement[0].Condition == nil {
		t.Errorf("policy of what is missing: %v %v", got, c.Policy.Statement)
	}
	if len(stub.asked) != 5 {
		t.Errorf("%d questions, want 3 for all (two regions, not more than 100 actions each) and 2 for what was not allowed", len(stub.asked))
	}
	for _, form := range stub.asked {
		n := len(members(form, "ActionNames"))
		t.Logf("%d actions on %v", n, members(form, "ResourceArns"))
		if n > perCall {
			t.Errorf("%d actions in one question", n)
		}
	}
	for _, form := range stub.asked {
		told, action := circumstancesIn(form), members(form, "ActionNames")[0]
		region := map[bool]string{true: "us-east-1", false: "eu-west-2"}[strings.HasPrefix(action, "iam:")]
		if told["aws:RequestedRegion"] != region || told["aws:SecureTransport"] != "true" {
			t.Errorf("%s: %v", action, told)
		}
		if action == "iam:PassRole" && told["iam:PassedToService"] != "ecs-tasks.amazonaws.com" {
			t.Errorf("without its condition: %v", told)
		}
	}
}

func TestPrincipal(t *testing.T) {
	const sso = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-2/Admin"
	for _, c := range []struct{ caller, role, want, why string }{
		{"arn:aws:iam::123456789012:user/me", "", "arn:aws:iam::123456789012:user/me", ""},
		{"arn:aws:iam::123456789012:root", "", "", ""},
		{"arn:aws:sts::123456789012:assumed-role/Admin/me", sso, sso, ""},
		{"arn:aws:sts::123456789012:assumed-role/ci/build", "", "arn:aws:iam::123456789012:role/ci", ""},
		{"arn:aws:sts::123456789012:federated-user/me", "", "", "for users and roles only"},
	} {
		stub := &iamStub{role: c.role}
		who, why := principal(t.Context(), stub.scope(t, c.caller, keys))
		if who != c.want || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, %q", c.caller, who, why)
		}
	}
	root := permissions(t.Context(), (&iamStub{}).scope(t, "arn:aws:iam::123456789012:root", keys), nil)
	if root.State != OK {
		t.Errorf("root: %+v", root)
	}
}

// A permission that a policy denies is not had by allowing it; one that a run can do without is no reason to stop.
func TestHowAPermissionIsMissing(t *testing.T) {
	need := []resource.Permission{
		{Actions: []string{"ecs:CreateService"}, Resources: []string{"*"}},
		{Actions: []string{"logs:GetLogEvents"}, Resources: []string{"*"}, Without: "no lines are shown"},
	}
	for _, c := range []struct {
		action, decision, text string
		state                  State
	}{
		{"ecs:CreateService", "explicitDeny", "a policy denies it", Fail},
		{"ecs:CreateService", "implicitDeny", "the permission ecs:CreateService is missing", Fail},
		{"logs:GetLogEvents", "implicitDeny", "no lines are shown", Warn},
		{"none", "", "all 2 permissions are granted, as far as IAM can see", OK},
	} {
		stub := &iamStub{decide: func(action, _ string) string {
			if action == c.action {
				return c.decision
			}
			return "allowed"
		}}
		got := permissions(t.Context(), stub.scope(t, "arn:aws:iam::123456789012:user/me", keys), need)
		if got.State != c.state || !strings.Contains(got.Text, c.text) {
			t.Errorf("%s %s: %+v", c.action, c.decision, got)
		}
	}
}

func TestCredentialsThatEndTooEarly(t *testing.T) {
	for _, c := range []struct {
		cred  aws.Credentials
		state State
		text  string
	}{
		{keys, OK, "do not expire"},
		{aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}, Unknown, "without an expiry time"},
		{aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(time.Hour + time.Second)}, OK, "valid for 60 min"},
		{aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(2*time.Minute + time.Second)}, Warn, "expire in 2 min"},
	} {
		got := expiry(t.Context(), (&iamStub{}).scope(t, "x", c.cred), 5*time.Minute)
		if got.State != c.state || !strings.Contains(got.Text, c.text) {
			t.Errorf("%+v", got)
		}
	}
}

// What is joined into one statement grants no more than the parts: resources of one type under different names
// stay apart.
func TestPolicyJoinsOnlyWhatGrantsNoMore(t *testing.T) {
	p := Policy([]resource.Permission{
		{Actions: []string{"ecs:DeleteCluster"}, Resources: []string{"arn:aws:ecs:r:1:cluster/a"}},
		{Actions: []string{"ecs:DeleteService"}, Resources: []string{"arn:aws:ecs:r:1:service/a/b"}},
		{Actions: []string{"logs:DeleteLogGroup"}, Resources: []string{"arn:aws:logs:r:1:log-group:/a"}},
		{Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{"arn:aws:logs:r:1:log-group:*"}},
		{Actions: []string{"ecs:ListTasks"}, Resources: []string{"*"}},
		{Actions: []string{"sts:GetCallerIdentity"}, Resources: []string{"*"}},
	})
	var got []string
	for _, s := range p.Statement {
		got = append(got, strings.Join(s.Action, "+")+" on "+strings.Join(s.Resource, "+"))
	}
	want := []string{
		"ecs:ListTasks+sts:GetCallerIdentity on *",
		"ecs:DeleteCluster+ecs:DeleteService on arn:aws:ecs:r:1:cluster/a+arn:aws:ecs:r:1:service/a/b",
		"logs:DescribeLogGroups on arn:aws:logs:r:1:log-group:*",
		"logs:DeleteLogGroup on arn:aws:logs:r:1:log-group:/a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
