package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/pipeline"
	"berth/engine/sim"
	"berth/engine/spec"
)

// folder is the app of another folder on the same account, with an engine that gives identities.
func (h *harbor) folder(app, env string) *harbor {
	h.t.Helper()
	dir := h.t.TempDir()
	write(h.t, dir, "Dockerfile", dockerfile)
	write(h.t, dir, "server", app+" "+env)
	other := &harbor{t: h.t, account: h.account}
	other.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), Identify: true})
	other.spec = &spec.Spec{App: app, EnvName: env, Region: "eu-west-2", Dir: dir}
	other.spec.Service.Port = 4000
	must(h.t, other.spec.Complete(nil, nil))
	return other
}

// kept is the identity in the folder's berth.toml.
func (h *harbor) kept() string {
	h.t.Helper()
	s, err := spec.Load(h.spec.Dir, h.spec.EnvName)
	must(h.t, err)
	return s.ID
}

func (h *harbor) image() string {
	h.t.Helper()
	st, err := h.engine.Status(h.t.Context(), h.spec)
	must(h.t, err)
	return st.Image
}

func TestAFoldersNameIsNoIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := newHarbor(t, sim.Options{}, 0).folder("web", "production")
		beta := alpha.folder("web", "production")
		if p := alpha.plan(engine.Request{}); alpha.kept() != "" || !p.Changed() {
			t.Error("a plan alone has written an identity")
		}
		alpha.must(alpha.deploy())
		id, runs, before := alpha.kept(), alpha.image(), alpha.left()
		if id == "" || runs == "" {
			t.Fatalf("alpha has the identity %q and runs %q", id, runs)
		}
		time.Sleep(time.Minute)
		if p := alpha.plan(engine.Request{}); p.Changed() {
			t.Errorf("alpha again would %v", actions(p))
		}
		for _, destroy := range []bool{false, true} {
			_, err := beta.engine.Plan(t.Context(), engine.Request{Spec: beta.spec, Destroy: destroy})
			f := fail.From(err)
			if err == nil || f.Class != fail.Refused || !strings.Contains(f.Evidence, id) || !strings.Contains(f.Remedy, "--id "+id) {
				t.Errorf("beta's plan (destroy: %v) says %+v", destroy, f)
			}
		}
		if st, err := beta.engine.Status(t.Context(), beta.spec); err != nil || st.State != engine.Absent || st.Image != "" || len(st.Resources) > 0 {
			t.Errorf("beta's status is %+v, %v", st, err)
		}
		if _, err := beta.engine.SetSecret(t.Context(), beta.spec, "KEY", "value"); fail.From(err).Class != fail.Refused {
			t.Errorf("beta sets a secret of alpha: %v", err)
		}
		if after := alpha.left(); alpha.image() != runs || !slices.Equal(before, after) || beta.kept() != "" {
			t.Errorf("there was %v and there is %v; beta has %q", before, after, beta.kept())
		}

		// The same app in another checkout: berth.toml or --id says so.
		beta.spec.ID = id
		if p := beta.plan(engine.Request{}); slices.Contains(actions(p), "cluster:create") {
			t.Errorf("another checkout of alpha would %v", actions(p))
		}
		typed := alpha.folder("elsewhere", "production")
		must(t, typed.spec.SetText("app", "web", spec.Origin{Kind: spec.Flag, Text: "--app"}))
		if typed.image() != runs {
			t.Error("a name that is typed does not show whoever has it")
		}
		alpha.must(alpha.apply(alpha.plan(engine.Request{Destroy: true})))
		if left := alpha.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestNamesCannotCollide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newHarbor(t, sim.Options{}, 0).folder("shop", "eu-prod")
		other := one.folder("shop-eu", "prod")
		one.must(one.deploy())
		before := one.left()
		time.Sleep(time.Minute)
		if p := other.plan(engine.Request{Destroy: true}); p.Changed() {
			t.Errorf("destroying what was never deployed would %v", actions(p))
		}
		other.must(other.deploy())
		if one.image() == other.image() || one.image() == "" {
			t.Errorf("they run %q and %q", one.image(), other.image())
		}
		time.Sleep(time.Minute)
		other.must(other.apply(other.plan(engine.Request{Destroy: true})))
		if after := one.left(); !slices.Equal(before, after) {
			t.Errorf("there was %v and there is %v", before, after)
		}
		all, err := one.engine.Apps(t.Context(), engine.AppsRequest{Region: "eu-west-2"})
		must(t, err)
		if len(all.Apps) != 1 || all.Apps[0].Env != "eu-prod" || all.Apps[0].State != engine.Running {
			t.Errorf("the apps are %+v", all.Apps)
		}
		if text, err := os.ReadFile(filepath.Join(one.spec.Dir, "berth.toml")); err != nil || !strings.Contains(string(text), "[environments.eu-prod]\nid = ") {
			t.Errorf("berth.toml is %q, %v", text, err)
		}
	})
}

// What was deployed before there were identities goes on as it is, under the names that it has.
func TestOldDeploymentsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), Identify: true})
		time.Sleep(time.Minute)
		if p := h.plan(engine.Request{}); p.Changed() || p.Keep != nil {
			t.Errorf("it would %v", actions(p))
		}
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		if h.kept() != "" {
			t.Errorf("it got the identity %s", h.kept())
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}

		shop := h.folder("shop", "eu-prod")
		c := h.clients()
		_, err := c.IAM.CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})
		if err == nil {
			time.Sleep(time.Minute)
		}
		_, err = c.ECS.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("berth-shop-eu-prod"), Tags: []ecstypes.Tag{
			{Key: aws.String("berth:app"), Value: aws.String("shop")}, {Key: aws.String("berth:env"), Value: aws.String("eu-prod")},
		}})
		must(t, err)
		time.Sleep(time.Minute)
		for _, ch := range shop.plan(engine.Request{}).Changes {
			if ch.ID == "cluster" && ch.Action != "none" || ch.ID == "repository" && ch.Name != "berth-shop-eu-prod" {
				t.Errorf("the plan is to %s %s", ch.Action, ch.Name)
			}
		}
		shop.must(shop.apply(shop.plan(engine.Request{Destroy: true})))
	})
}

// Another checkout of the same source knows of no earlier run: what is to move is found by its identity, also in another
// region, and a move of nothing is refused.
func TestAMoveFromAnotherCheckout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0).folder("web", "production")
		open := func() *engine.Engine {
			return engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), Identify: true, Runs: t.TempDir()})
		}
		h.engine = open()
		h.must(h.deploy())
		for _, to := range []struct{ app, region string }{{"site", "eu-west-2"}, {"web", "eu-central-1"}} {
			h.engine = open()
			h.spec.App, h.spec.Region = to.app, to.region
			if st, err := h.engine.Status(t.Context(), h.spec); err != nil || to.region == "eu-west-2" && len(st.Elsewhere) != 1 {
				t.Errorf("the status of %s in %s: %+v, %v", to.app, to.region, st.Elsewhere, err)
			}
			p := h.plan(engine.Request{Move: true})
			p.Beside = engine.Move
			if len(p.Elsewhere) != 1 || p.Elsewhere[0].App != "web" || p.Elsewhere[0].Region != "eu-west-2" || p.Unmoved() != nil || p.Unsaid() != nil {
				t.Errorf("to %s in %s: it is told of %+v", to.app, to.region, p.Elsewhere)
			}
		}
		h.spec.ID = "0123456789abcdef0123"
		p := h.plan(engine.Request{Move: true})
		p.Beside = engine.Move
		if f := p.Unmoved(); f == nil || f.Class != fail.Refused {
			t.Errorf("another app of %v is moved: %v", p.Elsewhere, f)
		}
	})
}

// A region that changes in berth.toml is told as a second app, with what the first costs and how to remove it.
func TestTheSameAppElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0).folder("web", "production")
		h.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), Identify: true, Runs: t.TempDir()})
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); len(p.Elsewhere) > 0 {
			t.Errorf("at home: %v", p.Elsewhere)
		}
		h.must(h.apply(h.plan(pipelineOf(t, pipeline.GitHub))))
		_, err := h.engine.SetSecret(t.Context(), h.spec, "API_KEY", "hunter2")
		must(t, err)
		st, err := h.engine.Status(t.Context(), h.spec)
		must(t, err)
		was := st.Endpoint
		h.spec.Region = "eu-central-1"
		p := h.plan(engine.Request{})
		if len(p.Elsewhere) != 1 {
			t.Fatalf("it is told of %v", p.Elsewhere)
		}
		e := p.Elsewhere[0]
		if e.Region != "eu-west-2" || e.MonthlyUSD != st.MonthlyUSD || !strings.Contains(e.Remove, "--region eu-west-2 --id "+h.kept()) {
			t.Errorf("it is told of %+v, which costs %v", e, st.MonthlyUSD)
		}
		if f := p.Unsaid(); f == nil || f.Class != fail.Refused || !strings.Contains(f.Remedy, "--move") || !strings.Contains(f.Remedy, "--keep-both") {
			t.Errorf("nobody said what becomes of it: %+v", f)
		}
		moving := strings.Join(e.Moving, "\n")
		for _, want := range []string{"destroys web (production) in eu-west-2", was + " ends", "berth ci makes another", "(API_KEY)", "berth secrets unset --app web --env production --region eu-west-2"} {
			if !strings.Contains(moving, want) {
				t.Errorf("a move does not say %q:\n%s", want, moving)
			}
		}
		if st, err := h.engine.Status(t.Context(), h.spec); err != nil || len(st.Elsewhere) != 1 || st.Elsewhere[0].Region != "eu-west-2" {
			t.Errorf("the status of nothing: %+v, %v", st, err)
		}
		_, err = h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Destroy: true})
		if f := fail.From(err); f == nil || f.Class != fail.Refused || !strings.Contains(f.Remedy, e.Remove) {
			t.Errorf("nothing is destroyed in silence: %+v", f)
		}
		typed := h.spec.Clone()
		must(t, typed.SetText("region", "eu-central-1", spec.Origin{Kind: spec.Flag, Text: "--region"}))
		if p, err := h.engine.Plan(t.Context(), engine.Request{Spec: typed}); err != nil || len(p.Elsewhere) > 0 {
			t.Errorf("typed: %v, %v", p.Elsewhere, err)
		}
		p.Beside = engine.Move
		h.must(h.apply(p))
		gone, err := p.Elsewhere[0].Leave(t.Context())
		must(t, err)
		h.must(h.apply(gone))
		if st, err := h.engine.Status(t.Context(), h.spec); err != nil || st.State != engine.Running {
			t.Errorf("what it moved to: %+v, %v", st, err)
		}
		if p := h.plan(engine.Request{}); len(p.Elsewhere) > 0 {
			t.Errorf("what was destroyed: %v", p.Elsewhere)
		}
	})
}
