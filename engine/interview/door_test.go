package interview

import (
	"strings"
	"testing"

	"berth/compare/need"
	"berth/engine/project"
	"berth/engine/spec"
)

// broken is a source tree that redirects to https by itself, and has assets that can be cached.
func broken() *project.Findings {
	return &project.Findings{
		Findings: []project.Finding{{ID: "phoenix-force-ssl", Severity: project.Must, File: "config/prod.exs", Line: 12, Key: "network.domain", Breaks: project.CloudFront}},
		Suggests: map[string]any{"network.assets": []string{"/assets/*"}},
	}
}

// TestDoorIsProposed chooses the way for visitors to come of an app that breaks behind CloudFront.
func TestDoorIsProposed(t *testing.T) {
	for name, c := range map[string]struct {
		toml, https string
		assets      int
		open        bool
		found       *project.Findings
	}{
		"nobody says":           {https: "gateway"},
		"auto":                  {toml: "[network]\nhttps = \"auto\"\n", https: "gateway"},
		"CloudFront is wanted":  {toml: "[network]\nhttps = \"cloudfront\"\n", https: "cloudfront", assets: 1, open: true},
		"none is wanted":        {toml: "[network]\nhttps = \"none\"\n", https: "none", open: true},
		"a domain":              {toml: "[network]\ndomain = \"www.example.com\"\n", https: "auto"},
		"a worker":              {toml: "[service]\nport = 0\n", https: "auto", assets: 1, open: true},
		"the gateway is no way": {toml: "[service]\nsticky_sessions = true\n", https: "auto", assets: 1, open: true},
		"nothing breaks": {https: "auto", assets: 1, found: &project.Findings{
			Suggests: map[string]any{"network.assets": []string{"/assets/*"}},
		}},
	} {
		s, err := spec.Parse([]byte("app = \"shop\"\nregion = \"eu-west-1\"\n"+c.toml), "")
		if err != nil {
			t.Fatal(err)
		}
		s.Dir = t.TempDir()
		if c.found == nil {
			c.found = broken()
		}
		d, err := New(t.Context(), s, c.found, Sources{Problems: func(s *spec.Spec, _ ...string) []spec.Problem {
			if s.Network.HTTPS == "gateway" && s.Service.StickySessions {
				return []spec.Problem{{Key: "service.sticky_sessions"}}
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if d.Spec.Network.HTTPS != c.https || len(d.Spec.Network.Assets) != c.assets || (len(c.found.Open(d.Spec)) > 0) != c.open {
			t.Errorf("%s: https is %s, assets %v, open %v", name, d.Spec.Network.HTTPS, d.Spec.Network.Assets, c.found.Open(d.Spec))
		}
		if from := d.Spec.Origins["network.https"]; c.https == "gateway" && (from.Place() != "config/prod.exs:12" || !strings.Contains(from.Text, "told http")) {
			t.Errorf("%s: from %+v", name, from)
		}
		if n, _ := need.Of("told_https"); d.On(n) != (name != "nothing breaks") {
			t.Errorf("%s: the comparison does not know", name)
		}
	}
}

// TestProposedDoorGivesWay takes the user's own answer, and proposes again when that is taken back.
func TestProposedDoorGivesWay(t *testing.T) {
	d := draft(t, "app = \"shop\"\nregion = \"eu-west-1\"\n", broken())
	for _, c := range [][2]string{{"cloudfront", "cloudfront"}, {"auto", "gateway"}, {"none", "none"}, {"", "gateway"}} {
		if err := d.Set("network.https", c[0]); err != nil || d.Spec.Network.HTTPS != c[1] {
			t.Errorf("%q gives %s: %v", c[0], d.Spec.Network.HTTPS, err)
		}
	}
	if err := d.Set("network.domain", "www.example.com"); err != nil || d.Spec.Network.HTTPS != "auto" {
		t.Errorf("with a domain https is %s: %v", d.Spec.Network.HTTPS, err)
	}
}
