package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
)

// A change of the port succeeds, leaves nothing of the old one, and the app answers nearly all the time.
func TestPortChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		url := h.plan(engine.Request{}).Endpoint
		h.spec.Service.Port = 5000
		write(t, h.spec.Dir, "Dockerfile", strings.Replace(dockerfile, "4000", "5000", 1))
		p := h.plan(engine.Request{})
		run := h.engine.Apply(t.Context(), p)
		client := &http.Client{Transport: h.account.Environment().Transport}
		asked, down := 0, 0
		for ended := false; !ended; {
			select {
			case <-run.Done():
				ended = true
			case <-time.After(time.Second):
				asked++
				if !answers(t, client, url) {
					down++
				}
			}
		}
		res, err := run.Wait(t.Context())
		if err != nil || res.Err != nil {
			t.Fatalf("port change: %v %v", err, res.Err)
		}
		t.Logf("asked %d times, a second apart, %d times without an answer", asked, down)
		if down > 6 {
			t.Errorf("down %d of %d times", down, asked)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("left to do: %v", actions(p))
		}
		for _, item := range h.inventory() {
			if strings.HasPrefix(item, "elasticloadbalancing.TargetGroup") && strings.Contains(item, "4000") {
				t.Errorf("left: %s", item)
			}
		}
	})
}

func answers(t *testing.T, client *http.Client, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}
