package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// second is what somebody changes of an app that runs, one thing for each of the twelve apps.
var second = []struct {
	app, what string
	change    func(*spec.Spec)
}{
	{"static-site", "another health path", func(s *spec.Spec) { s.Service.HealthPath = "/up" }},
	{"json-api", "twice the memory and a variable", func(s *spec.Spec) {
		s.Service.Memory *= 2
		s.Env = map[string]string{"LOG_LEVEL": "debug"}
	}},
	{"liveview-uploads", "a further container", func(s *spec.Spec) { s.Service.Instances++ }},
	{"liveview-updates", "the nodes form a cluster", func(s *spec.Spec) { s.Network.Clustering = "dns" }},
	{"socketio-redis", "sticky sessions", func(s *spec.Spec) { s.Service.StickySessions = true }},
	{"rails-action-cable", "a secret", func(s *spec.Spec) { s.Secrets.FromSSM = []string{"SECRET_KEY_BASE"} }},
	{"sqlite-volume", "a second folder", func(s *spec.Spec) { s.Storage = append(s.Storage, spec.Storage{Path: "/backup"}) }},
	{"grpc", "another port", func(s *spec.Spec) { s.Service.Port = 5000 }},
	{"rare-worker", "a process beside it", func(s *spec.Spec) {
		s.Processes = map[string]*spec.Process{"mailer": {Command: []string{"/mailer"}, CPU: 0.25, Memory: 512, Instances: 1}}
	}},
	{"brazil", "containers by the load", func(s *spec.Spec) { s.Service.Autoscale = &spec.Autoscale{Max: 6, CPUPercent: 60} }},
	{"arm64-image", "a longer silence of connections", func(s *spec.Spec) { s.Network.IdleTimeout = spec.Duration(5 * time.Minute) }},
	{"ten-minute-report", "twice the size, and a new version", func(s *spec.Spec) { s.Service.CPU, s.Service.Memory = 0.5, 1024 }},
}

// made matches what AWS and the builder make up: the digest of an image, the end of an identifier.
var made = regexp.MustCompile(`(sha256:|targetgroup/[\w-]+/)[0-9a-f]+`)

// TestPlansOfChanges brings each of the twelve apps up, changes one thing, and holds what the plan says of it to a golden
// file: each update and replacement with its old and new values, secrets by name, and the sum before and after. All
// plans, the one to destroy too, are as the schema of plan --json has them.
func TestPlansOfChanges(t *testing.T) {
	schema := planSchema(t)
	apps := goldenApps(t)
	for i, c := range second {
		if apps[i].Name != c.app {
			t.Fatalf("%s is where %s was", apps[i].Name, c.app)
		}
		var b strings.Builder
		t.Run(c.app, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apps[i].settings(t)
				s.Network.Domain = "" // whose records only people can make
				account, err := sim.Open(sim.Options{Region: s.Region})
				must(t, err)
				h := &harbor{t: t, account: account, spec: s, engine: engine.Open(engine.Options{Environment: account.Environment(), Builder: account.Builder()})}
				first := h.plan(engine.Request{})
				valid(t, schema, first)
				h.must(h.apply(first))

				c.change(h.spec)
				var given []engine.Given
				if len(h.spec.Secrets.FromSSM) > 0 {
					given = append(given, give(t, "SECRET_KEY_BASE", "not-to-be-told", true))
				}
				if c.app == "ten-minute-report" {
					write(t, h.spec.Dir, "server", "version 2")
				}
				p := h.plan(engine.Request{Given: given})
				valid(t, schema, p)
				fmt.Fprintf(&b, "%s\n", c.what)
				for _, x := range p.Changes {
					if x.Action == event.None {
						continue
					}
					fmt.Fprintf(&b, "%-8s %s (%s)\n", x.Action, x.ID, x.Kind)
					for _, d := range x.Diff {
						fmt.Fprintf(&b, "           %s\n", made.ReplaceAllString(d.String(), "$1…"))
					}
				}
				fmt.Fprintf(&b, "a month: %.2f -> %.2f\n", first.MonthlyUSD, p.MonthlyUSD)
				if p.WasUSD == nil {
					fmt.Fprintln(&b, "         what it was is not said")
				} else if math.Abs(*p.WasUSD-first.MonthlyUSD) > 0.005 {
					t.Errorf("what runs costs %.2f, and the plan says %.2f", first.MonthlyUSD, *p.WasUSD)
				}
				h.must(h.apply(p))
				valid(t, schema, h.plan(engine.Request{}))
				valid(t, schema, h.plan(engine.Request{Destroy: true}))
			})
			if strings.Contains(b.String(), "not-to-be-told") {
				t.Error("the plan tells a secret")
			}
			compareGolden(t, b.String())
		})
	}
}

func planSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/plan.schema.json")
	must(t, err)
	return schema
}

// valid says whether a plan is, as JSON, what the schema has.
func valid(t *testing.T, schema *jsonschema.Schema, p *engine.Plan) {
	t.Helper()
	text, err := json.Marshal(p)
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	must(t, err)
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestPlansSayWhatRunsNow takes things up and away again: each plan knows what the app costs before it, or says nothing.
func TestPlansSayWhatRunsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		for _, c := range []struct {
			what   string
			change func(*spec.Spec)
		}{
			{"a database and a cache", func(s *spec.Spec) {
				s.Database = &spec.Database{Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20, Snapshot: "none"}
				s.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro", Variable: "VALKEY_URL"}
			}},
			{"a larger size", func(s *spec.Spec) { s.Service.CPU, s.Service.Memory, s.Service.Instances = 1, 2048, 3 }},
			{"fewer, with more memory", func(s *spec.Spec) { s.Service.Instances, s.Service.Memory = 1, 3072 }},
			{"the load decides", func(s *spec.Spec) { s.Service.Autoscale = &spec.Autoscale{Max: 6, CPUPercent: 60} }},
			{"it does not", func(s *spec.Spec) { s.Service.Autoscale = nil }},
		} {
			before := h.plan(engine.Request{})
			c.change(h.spec)
			p := h.plan(engine.Request{})
			if p.WasUSD == nil {
				t.Errorf("%s: nothing is said", c.what)
			} else if math.Abs(*p.WasUSD-before.MonthlyUSD) > 0.005 {
				t.Errorf("%s: what runs costs %.2f, and the plan says %.2f", c.what, before.MonthlyUSD, *p.WasUSD)
			}
			t.Logf("%s: %s", c.what, p.CostChange())
			h.must(h.apply(p))
			if p := h.plan(engine.Request{}); p.WasUSD != nil || p.Changed() {
				t.Errorf("%s: then nothing changes, and %v is said; to do: %v", c.what, p.WasUSD, actions(p))
			}
		}
	})
}
