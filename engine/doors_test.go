package engine_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// doors are the ways by which visitors can reach an app, as settings.
var doors = map[string]func(*spec.Spec){
	"cloudfront": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Also = "auto", "", nil
		s.Network.Front = "public"
	},
	"domain": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Also = "auto", "www.example.com", []string{"example.com"}
		s.Network.Front = "public"
	},
	"gateway": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Also = "gateway", "", nil
		s.Network.Front = "public"
	},
	"private": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Also, s.Network.Front = "auto", "", nil, "private"
	},
	"none": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Also = "none", "", nil
		s.Network.Front = "public"
	},
	"cloudfront with firewall": func(s *spec.Spec) {
		s.Network.Firewall, s.Network.RateLimit = true, 2000
	},
	"domain with firewall": func(s *spec.Spec) {
		s.Network.HTTPS, s.Network.Domain, s.Network.Firewall = "auto", "www.example.com", true
	},
}

// moves are all ways from one door to another.
func moves() (all [][2]string) {
	for _, from := range []string{"cloudfront", "domain", "gateway", "none", "private"} {
		for _, to := range []string{"cloudfront", "domain", "gateway", "none", "private"} {
			if from != to {
				all = append(all, [2]string{from, to})
			}
		}
	}
	return all
}

// sampled are all of these moves, and with the race detector some.
func sampled(moves [][2]string) (some [][2]string) {
	for i := 0; i < len(moves); i += raceStep {
		some = append(some, moves[i])
	}
	return some
}

// ground is the account that a move takes place in: what is private stands in a network of the app's own.
func ground(m [2]string) sim.Options {
	return sim.Options{NoDefaultVPC: slices.Contains(m[:], "private")}
}

// Moving from any door to any other: the old address answers until the new one is verified, nothing of the old door stays,
// and a destroy leaves the account as it was.
func TestDoorsMove(t *testing.T) {
	for _, m := range sampled(moves()) {
		t.Run(m[0]+" to "+m[1], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, ground(m), 0)
				h.zone("example.com", true)
				before := h.left()
				doors[m[1]](h.spec)
				h.must(h.deploy())
				time.Sleep(settles)
				fresh := kinds(h.left())
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))

				doors[m[0]](h.spec)
				res, events := h.deploy()
				h.must(res, events)
				old := res.Endpoint
				doors[m[1]](h.spec)
				p := h.plan(engine.Request{})
				t.Logf("%s a month: %v", fmt.Sprintf("$%.2f", p.MonthlyUSD), actions(p))
				start, verified := time.Now(), time.Time{}
				out := h.outage(old + "/")
				run := h.engine.Apply(t.Context(), p)
				for reader := run.Events(); verified.IsZero(); {
					batch, err := reader.Next(t.Context())
					must(t, err)
					for _, e := range batch {
						if e.Type == "endpoint.ready" || e.Type == "run.finished" {
							verified = e.Time
						}
					}
				}
				gap := out(verified)
				res, err := run.Wait(t.Context())
				must(t, err)
				if res.Err != nil {
					t.Fatal(res.Err)
				}
				t.Logf("%s to %s took %s, verified after %s, longest time without an answer %s", old, res.Endpoint,
					time.Since(start).Round(time.Second), verified.Sub(start).Round(time.Second), gap)
				if gap > 0 {
					t.Errorf("%s was out for %s before %s was verified", old, gap, res.Endpoint)
				}
				stays := slices.Contains(m[:], "cloudfront") && slices.Contains(m[:], "private") // CloudFront's address
				if (res.Endpoint == old) != stays || p.Endpoint != "" && res.Endpoint != p.Endpoint {
					t.Errorf("moved from %s to %s, planned %s", old, res.Endpoint, p.Endpoint)
				}
				time.Sleep(settles)
				if got := kinds(h.left()); !slices.Equal(got, fresh) {
					t.Errorf("moved:\n%v\nmade anew:\n%v", got, fresh)
				}
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Errorf("unchanged app: plan does %v", got)
				}
				if s := h.status(); s.Endpoint != res.Endpoint {
					t.Errorf("status says %s", s.Endpoint)
				}
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); !slices.Equal(left, before) {
					t.Errorf("before %v, left %v", before, left)
				}
			})
		})
	}
}

// settles is how long AWS clears up by itself what a load balancer of a gateway stood on.
const settles = 5 * time.Minute

// kinds counts what is there by kind.
func kinds(left []string) (out []string) {
	n := map[string]int{}
	for _, l := range left {
		if kind, _, _ := strings.Cut(l, " "); kind != "ecs.TaskDefinition" { // each revision is one
			n[kind]++
		}
	}
	for k, c := range n {
		out = append(out, fmt.Sprintf("%s %d", k, c))
	}
	slices.Sort(out)
	return out
}

// privateStep is how many calls lie between the cuts of a move to or from a private front: all of them take minutes.
const privateStep = 11

// A move that is cut short at any call goes on with the same command, to the same account as without the cut.
func TestDoorsMoveCut(t *testing.T) {
	tried := slices.DeleteFunc(moves(), func(m [2]string) bool { // these come and go in the same way, whichever door is the other one
		return (slices.Contains(m[:], "gateway") || slices.Contains(m[:], "private")) && !slices.Contains(m[:], "cloudfront")
	})
	for _, m := range sampled(tried) {
		step := 0
		if slices.Contains(m[:], "private") {
			step = privateStep
		}
		t.Run(m[0]+" to "+m[1], func(t *testing.T) {
			small := func(t *testing.T, dir string) *harbor { return newSmallHarborIn(t, dir, ground(m)) }
			scenario{name: "move", app: small, step: step, before: func(h *harbor) {
				h.zone("example.com", true)
				doors[m[0]](h.spec)
				h.must(h.deploy())
				time.Sleep(time.Hour)
				doors[m[1]](h.spec)
			}}.matrix(t)
		})
	}
}

// A firewall goes with the door: it stands where visitors come in, is gone where they no longer do, and leaves without a trace.
func TestFirewallMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.zone("example.com", true)
		before := h.left()
		for _, step := range []struct {
			door string
			on   bool
			want []string // of the inventory's web ACLs
		}{
			{"cloudfront", true, []string{"CLOUDFRONT"}},
			{"domain", true, []string{"REGIONAL"}},
			{"domain", false, nil},
			{"none", true, []string{"REGIONAL"}},
			{"cloudfront", true, []string{"CLOUDFRONT"}},
			{"cloudfront", false, nil},
			{"domain", true, []string{"REGIONAL"}},
			{"cloudfront", false, nil},
			{"cloudfront", true, []string{"CLOUDFRONT"}},
		} {
			h.spec.Network.Firewall, h.spec.Network.RateLimit = step.on, 0
			doors[step.door](h.spec)
			h.must(h.deploy())
			var have []string
			for _, i := range h.account.Inventory() {
				if i.Kind == "wafv2.WebACL" {
					have = append(have, strings.Fields(i.String())[2])
				}
			}
			if !slices.Equal(have, step.want) {
				t.Errorf("%s, firewall %v: there is %v, want %v", step.door, step.on, have, step.want)
			}
			if got := actions(h.plan(engine.Request{})); len(got) > 0 {
				t.Errorf("%s, firewall %v, unchanged: plan does %v", step.door, step.on, got)
			}
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); !slices.Equal(left, before) {
			t.Errorf("before %v, left %v", before, left)
		}
	})
}

// A firewall that is put up, or taken away, and cut short at any call is finished by the same command.
func TestFirewallCut(t *testing.T) {
	for name, on := range map[string]bool{"up": true, "away": false} {
		t.Run(name, func(t *testing.T) {
			scenario{name: "firewall " + name, app: newSmallHarbor, before: func(h *harbor) {
				h.spec.Network.Firewall = !on
				h.must(h.deploy())
				time.Sleep(time.Hour)
				h.spec.Network.Firewall = on
			}}.matrix(t)
		})
	}
}

// newSmallHarbor is an app with its files in dir, in the default VPC.
func newSmallHarbor(t *testing.T, dir string) *harbor { return newSmallHarborIn(t, dir, sim.Options{}) }

// newSmallHarborIn is newSmallHarbor in some other account.
func newSmallHarborIn(t *testing.T, dir string, o sim.Options) *harbor {
	t.Helper()
	h := newHarbor(t, o, slowPoll)
	write(t, dir, "Dockerfile", dockerfile)
	write(t, dir, "server", "version 1")
	h.spec.Dir = dir
	return h
}

// Assets are cached by CloudFront and nothing else is; taking them out again leaves nothing. Behaviours of somebody else
// stay.
func TestAssetsAreCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.spec.Network.Assets = []string{"/assets/*"}
		p := h.plan(engine.Request{})
		if got := actions(p); !slices.Equal(got, []string{"distribution:update"}) {
			t.Errorf("the plan does %v", got)
		}
		res, events := h.apply(p)
		h.must(res, events)
		client := &http.Client{Transport: h.account.Environment().Transport}
		status := func(method, path string) int {
			req, err := http.NewRequestWithContext(t.Context(), method, res.Endpoint+path, nil)
			must(t, err)
			resp, err := client.Do(req)
			must(t, err)
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		if got := status("GET", "/assets/app.js"); got != 200 {
			t.Errorf("an asset answers %d", got)
		}
		if got := status("POST", "/assets/app.js"); got != 403 {
			t.Errorf("an asset that is written to answers %d", got)
		}
		if got := status("POST", "/login"); got != 200 {
			t.Errorf("a form answers %d", got)
		}
		h.spec.Network.Assets = nil
		h.must(h.deploy())
		if got := status("POST", "/assets/app.js"); got != 200 {
			t.Errorf("it is still cached: %d", got)
		}
	})
}
