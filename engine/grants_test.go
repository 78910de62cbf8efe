package engine_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/pipeline"
	"berth/engine/sim"
	"berth/engine/spec"
)

// made makes a policy of the customer's and returns its ARN.
func (h *harbor) made(name string) string {
	h.t.Helper()
	out, err := h.clients().IAM.CreatePolicy(h.t.Context(), &iam.CreatePolicyInput{
		PolicyName: &name, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	})
	must(h.t, err)
	return aws.ToString(out.Policy.Arn)
}

// role is a role of the app as the inventory has it, in JSON.
func (h *harbor) role(end string) (r struct {
	Path, Boundary string
	Inline         map[string]string
	Attached       []string
	Tags           map[string]string
},
) {
	h.t.Helper()
	for _, i := range h.account.Inventory() {
		if i.Kind == "iam.Role" && strings.HasSuffix(i.Key, end) {
			must(h.t, json.Unmarshal([]byte(i.Detail), &r))
			return r
		}
	}
	h.t.Fatalf("there is no role that ends in %s", end)
	return r
}

const readOnly = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

// What berth.toml lets the app do is told, given to the task role alone, and taken back when it is not named any more.
// What others attached stays.
func TestPermissionsOfTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		own := h.made("own")
		h.spec.Permissions = spec.Permissions{
			Policies: []string{readOnly, own},
			Allow:    []spec.Grant{{Actions: []string{"s3:PutObject"}, Resources: []string{"arn:aws:s3:::uploads/*"}}, {Actions: []string{"sqs:*"}, Resources: []string{"*"}}},
		}
		p := h.plan(engine.Request{})
		rep, err := h.engine.Preflight(t.Context(), p)
		must(t, err)
		notes := strings.Join(rep.Notes(), "\n")
		for _, want := range []string{"s3:PutObject on arn:aws:s3:::uploads/*", "everything that AmazonS3ReadOnlyAccess allows", "Wide open: sqs:*"} {
			if !strings.Contains(notes, want) {
				t.Errorf("not told: %s in %s", want, notes)
			}
		}
		h.must(h.apply(p))
		r := h.role("-task")
		if !slices.Equal(r.Attached, []string{readOnly, own}) || !strings.Contains(r.Inline["berth"], "s3:PutObject") {
			t.Errorf("the task role has %v and %v", r.Attached, r.Inline)
		}
		if r := h.role("-execution"); len(r.Attached) > 0 || strings.Contains(r.Inline["berth"], "s3:PutObject") {
			t.Errorf("the execution role has %v and %v", r.Attached, r.Inline)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}

		others := "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
		for _, c := range h.plan(engine.Request{}).Changes {
			if c.ID == "task-role" {
				_, err := h.clients().IAM.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &c.Name, PolicyArn: &others})
				must(t, err)
			}
		}
		h.spec.Permissions = spec.Permissions{Policies: []string{own}}
		p = h.plan(engine.Request{})
		if got := actions(p); !slices.Equal(got, []string{"task-role:update"}) {
			t.Errorf("plan does %v", got)
		}
		h.must(h.apply(p))
		if r := h.role("-task"); !slices.Equal(r.Attached, []string{own, others}) || strings.Contains(r.Inline["berth"], "s3:PutObject") {
			t.Errorf("the task role has %v and %v", r.Attached, r.Inline)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// A policy that does not exist refuses the run before anything is made.
func TestPolicyThatDoesNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Permissions.Policies = []string{"arn:aws:iam::123456789012:policy/none"}
		res, _ := h.deploy()
		if res.Err == nil || fail.ExitCode(res.Err) != 4 || !strings.Contains(res.Err.Error(), "policy/none does not exist") {
			t.Errorf("ended %s: %v", res.Outcome, res.Err)
		}
		if left := h.left(); len(left) > 0 {
			t.Errorf("made %v", left)
		}
	})
}

// All that is made carries the tags of the organization, and each role its boundary and path.
func TestAccountRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.spec.AccountRules = spec.AccountRules{
			PermissionsBoundary: h.made("boundary"), RolePath: "/teams/web/", Tags: map[string]string{"cost-center": "42"},
		}
		h.account.SetFaults(fault(t, "demands=cost-center"))
		h.must(h.deploy())
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
		for _, end := range []string{"-task", "-execution"} {
			if r := h.role(end); r.Path != "/teams/web/" || r.Boundary != h.spec.AccountRules.PermissionsBoundary || r.Tags["cost-center"] != "42" {
				t.Errorf("role %s: %+v", end, r)
			}
		}
		for _, i := range h.account.Inventory() {
			if !i.Kept && strings.Contains(i.Detail, "berth:app") && !strings.Contains(i.Detail, "cost-center") {
				t.Errorf("%s has no tag of the organization: %s", i, i.Detail)
			}
		}
		h.spec.AccountRules.RolePath = "/other/"
		if res, _ := h.deploy(); res.Err == nil || fail.ExitCode(res.Err) != 4 || !strings.Contains(res.Err.Error(), "cannot move it") {
			t.Errorf("another path: ended %s: %v", res.Outcome, res.Err)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// What a pipeline deploys with keeps to the rules of the organization, too, and so does what it deploys.
func TestAccountRulesOfAPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.AccountRules = spec.AccountRules{
			PermissionsBoundary: h.made("boundary"), RolePath: "/teams/web/", Tags: map[string]string{"cost-center": "42"},
		}
		h.account.SetFaults(fault(t, "demands=cost-center"))
		h.must(h.deploy())
		h.must(h.apply(h.plan(pipelineOf(t, pipeline.GitHub))))
		if r := h.role("-ci"); r.Path != "/teams/web/" || r.Boundary != h.spec.AccountRules.PermissionsBoundary || r.Tags["cost-center"] != "42" {
			t.Errorf("role of the pipeline: %+v", r)
		}
		for _, i := range h.account.Inventory() {
			if strings.Contains(i.Detail, "berth:") && !strings.Contains(i.Detail, "cost-center") {
				t.Errorf("%s has no tag of the organization: %s", i, i.Detail)
			}
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// Where nobody said which tags the organization demands, its refusal is told before anything is made.
func TestDemandedTagsThatNobodyNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "demands=cost-center")}}, 0)
		res, _ := h.deploy()
		if left := h.left(); res.Err == nil || len(left) > 0 || !strings.Contains(res.Err.Error(), "ssm:PutParameter") {
			t.Errorf("ended %s: %v; there is %v", res.Outcome, res.Err, left)
		}
	})
}

// No account but the one that berth.toml names is looked at for a change, or given a secret.
func TestAccountGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Account = "999999999999"
		refused := func(what string, err error) {
			if fail.ExitCode(err) != 4 || !strings.Contains(err.Error(), "only account 999999999999") {
				t.Errorf("%s: %v", what, err)
			}
		}
		for _, r := range []engine.Request{{Spec: h.spec}, {Spec: h.spec, Destroy: true}} {
			_, err := h.engine.Plan(context.Background(), r)
			refused("plan", err)
		}
		_, err := h.engine.SetSecret(t.Context(), h.spec, "TOKEN", "value")
		refused("set", err)
		refused("unset", h.engine.UnsetSecret(t.Context(), h.spec, "TOKEN"))
		for _, c := range h.account.Calls() {
			if c.Mutating {
				t.Errorf("called %s", c.Operation)
			}
		}
		h.spec.Account = "123456789012"
		h.must(h.deploy())
	})
}
