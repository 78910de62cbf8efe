package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/pipeline"
	"berth/engine/policy"
	"berth/engine/sim"
)

// pipelineOf is a pipeline of the test's app.
func pipelineOf(t *testing.T, service string) engine.Request {
	t.Helper()
	p, err := pipeline.New(service, "", "acme/shop", "main")
	must(t, err)
	return engine.Request{Pipeline: &p}
}

// written is the policy in the role of the pipeline.
func (h *harbor) written() (d policy.Document) {
	h.t.Helper()
	must(h.t, json.Unmarshal([]byte(h.role("-ci").Inline["berth"]), &d))
	return d
}

// The role of a pipeline may do exactly what a redeploy does, with all that an app can have: a version that comes up, one
// that goes back, and no more.
func TestPipelineMayExactlyRedeploy(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *harbor{
		"plain app": func(t *testing.T) *harbor { return newHarbor(t, sim.Options{}, 0) },
		"processes": func(t *testing.T) *harbor { return newShop(t, sim.Options{}) },
		"fullest":   func(t *testing.T) *harbor { return newFullHarbor(t, t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t)
				h.must(h.deploy())
				time.Sleep(time.Hour)
				h.must(h.apply(h.plan(pipelineOf(t, pipeline.GitHub))))
				d := h.written()
				if d.Size() > policy.InlineSize {
					t.Errorf("the policy has %d characters", d.Size())
				}
				h = h.fork(t)       // which has seen no call yet
				for n := range 12 { // until the oldest revision is retired
					write(t, h.spec.Dir, "server", fmt.Sprintf("version %d", n+2))
					h.must(h.deploy())
				}
				used, allowed := h.account.ActionsUsed(), d.Actions()
				for _, a := range used {
					if !slices.Contains(allowed, a) {
						t.Errorf("a redeploy calls %s, which the role may not", a)
					}
				}
				h.account.SetFaults(fault(t, "crash-task=3/production"))
				write(t, h.spec.Dir, "server", "a version that crashes")
				if res, _ := h.deploy(); res.Outcome == event.Succeeded {
					t.Error("a version that crashes was deployed")
				}
				used = h.account.ActionsUsed()
				for _, a := range allowed {
					if !slices.Contains(used, a) && a != "ecs:StopTask" { // for a release that is forgotten
						t.Errorf("the role may %s, which no redeploy calls", a)
					}
				}
			})
		})
	}
}

// What a pipeline needs is made once, found again, bound to repository and branch, and gone with the app. A provider that
// others use stays, whoever made it.
func TestPipelineLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(time.Minute)
		r := pipelineOf(t, pipeline.GitHub)
		if got := actions(h.plan(r)); !slices.Equal(got, []string{"oidc-provider:create", "ci-role:create"}) {
			t.Errorf("the plan does %v", got)
		}
		h.must(h.apply(h.plan(r)))
		time.Sleep(time.Minute)
		if got := actions(h.plan(r)); len(got) > 0 {
			t.Errorf("the second plan does %v", got)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("a deployment does %v", got)
		}
		trust := h.trust("-ci")
		for _, want := range []string{"repo:acme/shop:ref:refs/heads/main", "repo:acme@*/shop@*:ref:refs/heads/main", "sts.amazonaws.com", "AssumeRoleWithWebIdentity"} {
			if !strings.Contains(trust, want) {
				t.Errorf("the trust policy does not say %s: %s", want, trust)
			}
		}
		r.Pipeline.Branch = "release"
		if got := actions(h.plan(r)); !slices.Equal(got, []string{"ci-role:update"}) {
			t.Errorf("another branch does %v", got)
		}
		h.must(h.apply(h.plan(r)))

		other := *h
		other.spec = h.spec.Clone()
		other.spec.App = "other"
		if got := actions(other.plan(r)); !slices.Equal(got, []string{"ci-role:create"}) {
			t.Errorf("the pipeline of another app does %v", got)
		}
		other.must(other.apply(other.plan(r)))
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if got := h.kinds("iam.OIDCProvider"); got != 1 {
			t.Errorf("the provider of two apps is gone with the first: there are %d", got)
		}
		time.Sleep(time.Minute)
		other.must(other.apply(other.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

func TestPipelineUsesTheProviderOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		_, err := h.clients().IAM.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
			Url: aws.String("https://gitlab.com"), ClientIDList: []string{"somebody"},
		})
		must(t, err)
		time.Sleep(time.Minute)
		r := pipelineOf(t, pipeline.GitLab)
		if got := actions(h.plan(r)); !slices.Equal(got, []string{"oidc-provider:update", "ci-role:create"}) {
			t.Errorf("the plan does %v", got)
		}
		h.must(h.apply(h.plan(r)))
		if trust := h.trust("-ci"); !strings.Contains(trust, "project_path:acme/shop:ref_type:branch:ref:main") {
			t.Errorf("the trust policy is %s", trust)
		}
		time.Sleep(time.Minute)
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) != 1 || !strings.Contains(left[0], "gitlab.com") {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// A run that is cut at any call converges, and destroy leaves nothing.
func TestCutMatrixOfPipelines(t *testing.T) {
	for _, s := range []scenario{
		{name: "set up", before: func(*harbor) {}, run: pipelineOf(t, pipeline.GitHub)},
		{name: "destroy", before: func(h *harbor) {
			h.must(h.apply(h.plan(pipelineOf(h.t, pipeline.GitHub))))
			time.Sleep(time.Hour)
		}, run: engine.Request{Destroy: true}},
	} {
		t.Run(s.name, func(t *testing.T) { s.sample(t, 4) })
	}
}

// trust is the trust policy of a role.
func (h *harbor) trust(end string) string {
	h.t.Helper()
	for _, i := range h.account.Inventory() {
		if i.Kind == "iam.Role" && strings.HasSuffix(i.Key, end) {
			return i.Detail
		}
	}
	h.t.Fatalf("there is no role that ends in %s", end)
	return ""
}

// kinds is how many of a kind there are.
func (h *harbor) kinds(kind string) (n int) {
	for _, i := range h.account.Inventory() {
		if i.Kind == kind {
			n++
		}
	}
	return n
}
