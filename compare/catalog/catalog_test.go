package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/assets"
)

// origins lists every group of facts with a name for the message.
func origins(c *Catalog) map[string]From {
	out := map[string]From{
		"cloudfront": c.CloudFront.From, "vpc_origin": c.VPCOrigin.From, "gateway": c.Gateway.From, "credits": c.Credits.From,
		"machines": c.Machines.From,
	}
	for _, s := range c.Services {
		for name, f := range map[string]From{
			"account": s.Account.From, "protocol": s.Protocol.From,
			"limits": s.Limits.From, "network": s.Network.From, "storage": s.Storage.From, "sizes": s.Sizes.From,
			"scaling": s.Scaling.From, "domain": s.Domain.From, "operations": s.Operations.From,
			"image": s.Image.From, "regions": s.Regions.From,
		} {
			out[s.ID+"."+name] = f
		}
		for i, h := range s.Hints {
			out[fmt.Sprintf("%s.hints[%d]", s.ID, i)] = h.From
		}
		if s.Quotas.Text != "" || s.Quotas.FargateVCPU > 0 {
			out[s.ID+".quotas"] = s.Quotas.From
		}
	}
	a := Regions()
	out["regions.aws"], out["regions.opt_in"], out["regions.zones"], out["regions.fly"] = a.AWS, a.OptIn, a.Zones, a.Fly
	return out
}

var date = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d)?)?$`)

func TestEveryFactHasSourceDateAndConfidence(t *testing.T) {
	c := Default()
	all := origins(c)
	if len(all) < 10*11 {
		t.Fatalf("only %d groups of facts were looked at", len(all))
	}
	for name, f := range all {
		if f.Source == "" {
			t.Errorf("%s has no source", name)
		}
		if !date.MatchString(f.AsOf) {
			t.Errorf("%s has the date %q", name, f.AsOf)
		}
		if !slices.Contains([]string{"high", "medium", "low", Unconfirmed}, f.Confidence) {
			t.Errorf("%s has the confidence %q", name, f.Confidence)
		}
		if f.AsOf > c.Compiled {
			t.Errorf("%s is dated %s, after the catalogue of %s", name, f.AsOf, c.Compiled)
		}
	}
	if _, err := time.Parse(time.DateOnly, c.Compiled); err != nil {
		t.Errorf("compiled: %v", err)
	}
}

// Every fact has a source that a reader can open, or says that it has none. The list of those without is printed.
func TestSourcesOpen(t *testing.T) {
	open, closed := 0, []string{}
	for name, f := range origins(Default()) {
		if f.Opens() == (f.Confidence == Unconfirmed) {
			t.Errorf("%s: %q with confidence %s", name, f.Source, f.Confidence)
		}
		if f.Opens() {
			open++
		} else {
			closed = append(closed, name+": "+f.Source)
		}
		for _, no := range []string{"ledger", "public note", "general knowledge; "} {
			if strings.Contains(f.Source, no) {
				t.Errorf("%s: %q is no source", name, f.Source)
			}
		}
	}
	slices.Sort(closed)
	t.Logf("%d groups of facts have a source to open, %d are unconfirmed:\n%s", open, len(closed), strings.Join(closed, "\n"))
	if len(closed) > 25 {
		t.Errorf("%d unconfirmed groups", len(closed))
	}
}

func TestTheTenServices(t *testing.T) {
	want := []string{
		"app-runner", "lightsail", "ecs-fargate", "ecs-express", "ecs-ec2", "eks", "ec2", "lambda",
		"elastic-beanstalk", "fly",
	}
	if got := Default().IDs(); !slices.Equal(got, want) {
		t.Fatalf("services %v, want %v", got, want)
	}
	for _, s := range Default().Services {
		if s.Deployable != (s.ID == "ecs-fargate") {
			t.Errorf("%s: deployable %v", s.ID, s.Deployable)
		}
		if s.Baseline != (s.ID == "fly") {
			t.Errorf("%s: baseline %v", s.ID, s.Baseline)
		}
		if len(s.Sizes.List) == 0 && !s.Sizes.Machines && s.Sizes.LambdaMBMax == 0 {
			t.Errorf("%s has no sizes", s.ID)
		}
	}
}

func TestRegionsOfServicesExist(t *testing.T) {
	a := Regions()
	for _, s := range Default().Services {
		if len(s.Regions.Codes) == 0 && !s.Regions.Fly {
			t.Errorf("%s is nowhere", s.ID)
		}
		for _, c := range s.Regions.Codes {
			if _, ok := a.Region(c); !ok {
				t.Errorf("%s is in %s, which is no region of the table", s.ID, c)
			}
		}
	}
	current := 0
	for _, f := range a.FlyMap {
		for _, c := range []string{f.AWS, f.Lightsail, f.AppRunner} {
			if _, ok := a.Region(c); !ok {
				t.Errorf("Fly.io's %s points to %s, which is no region of the table", f.Code, c)
			}
		}
		if f.Retired == "" {
			current++
		}
	}
	if len(a.Regions) != 34 || current != 18 || len(a.FlyMap) != 35 {
		t.Errorf("%d AWS regions, %d Fly.io regions in use of %d", len(a.Regions), current, len(a.FlyMap))
	}
}

// The map of regions is checked against distances that were computed elsewhere (kilometres in the Fly.io map
// are between the same cities when the Fly.io city is the AWS city).
func TestNearest(t *testing.T) {
	c, a := Default(), Regions()
	for _, tt := range []struct{ service, from, want string }{
		{"app-runner", "sa-east-1", "us-east-1"},
		{"app-runner", "eu-north-1", "eu-central-1"},
		{"app-runner", "af-south-1", "eu-west-2"}, // by network, not by the map
		{"app-runner", "ap-northeast-2", "ap-northeast-1"},
		{"app-runner", "ca-central-1", "us-east-1"},
		{"app-runner", "us-west-1", "us-west-2"},
		{"lightsail", "us-west-1", "us-west-2"},
		{"lightsail", "eu-south-1", "eu-central-1"},
		{"lightsail", "sa-east-1", "sa-east-1"},
		{"elastic-beanstalk", "ap-east-2", "ap-northeast-2"},
	} {
		got, km, ok := a.Nearest(tt.from, c.Service(tt.service))
		if !ok || got.Code != tt.want {
			t.Errorf("nearest %s to %s: %s (%d km), want %s", tt.service, tt.from, got.Code, km, tt.want)
		}
	}
	if f, km, _ := a.NearestFly("eu-west-2"); f.Code != "lhr" || km != 0 {
		t.Errorf("nearest Fly.io region to London: %s, %d km", f.Code, km)
	}
}

func TestResolve(t *testing.T) {
	a := Regions()
	for in, want := range map[string]string{
		"eu-west-2": "eu-west-2", " EU-West-2 ": "eu-west-2", "lhr": "eu-west-2",
		"gru": "sa-east-1", "mad": "eu-south-2",
	} {
		r, _, err := a.Resolve(in)
		if err != nil || r.Code != want {
			t.Errorf("%q: %v, %v", in, r.Code, err)
		}
	}
	for in, want := range map[string]string{
		"eu-west-9": `"eu-west-9" is no region of AWS or Fly.io; did you mean eu-west-1?`,
		"mars":      `"mars" is no region of AWS or Fly.io`,
		"":          "no region is given",
	} {
		if _, _, err := a.Resolve(in); err == nil || err.Error() != want {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestFit(t *testing.T) {
	c := Default()
	for _, tt := range []struct {
		service  string
		vcpu, gb float64
		want     Size
		gbWant   float64
		ok       bool
	}{
		{"ecs-fargate", 0.25, 0.5, Size{VCPU: 0.25}, 0.5, true},
		{"ecs-fargate", 0.25, 3, Size{VCPU: 0.5}, 3, true},
		{"ecs-fargate", 0.3, 0.4, Size{VCPU: 0.5}, 1, true},
		{"ecs-fargate", 4, 30.5, Size{VCPU: 8}, 32, true},
		{"ecs-fargate", 32, 244, Size{VCPU: 32}, 244, true},
		{"ecs-fargate", 33, 1, Size{}, 0, false},
		{"ecs-express", 1, 8, Size{VCPU: 1}, 8, true},
		{"app-runner", 0.5, 2, Size{VCPU: 1}, 2, true},
		{"lightsail", 0.25, 0.75, Size{Name: "micro", VCPU: 0.25}, 1, true},
		{"lightsail", 4, 16, Size{}, 0, false},
	} {
		z, gb, ok := c.Service(tt.service).Sizes.Fit(tt.vcpu, tt.gb)
		if ok != tt.ok || gb != tt.gbWant || z.VCPU != tt.want.VCPU || (tt.want.Name != "" && z.Name != tt.want.Name) {
			t.Errorf("%s for %v vCPU, %v GB: %s %v vCPU, %v GB, %v", tt.service, tt.vcpu, tt.gb, z.Name, z.VCPU, gb, ok)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a word that is no answer": "[[service]]\nid='x'\n[service.protocol]\nwebsockets='maybe'",
		"steps without steps":      "[[service]]\nid='x'\n[service.protocol]\nwebsockets='steps'",
		"a limit that is none":     "[[service]]\nid='x'\n[service.limits]\nmax_request='long'",
		"a list of nobody":         "[[service]]\nid='x'\n[service.sizes]\nlist_of='y'",
		"regions of nobody":        "[[service]]\nid='x'\n[service.regions]\ncodes_of='y'",
		"no TOML":                  "[[service",
	} {
		if _, err := Decode(text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	var a Ability
	if (Service{}).Protocol.WebSockets != a || a.Can != Unknown {
		t.Error("a fact that is left out must be unknown")
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(assets.Services); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeRegions(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeAtlas(assets.Regions); err != nil {
			b.Fatal(err)
		}
	}
}
