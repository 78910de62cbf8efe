package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine"
	"berth/engine/preflight"
)

// check is what the doctor says by an id.
func (h *harbor) check(id string) (found preflight.Check) {
	h.t.Helper()
	report, err := h.engine.Doctor(h.t.Context(), engine.Request{Spec: h.spec})
	must(h.t, err)
	for _, c := range report.Checks {
		if c.ID == id {
			found = c
		}
	}
	return found
}

// TestNamesAreLookedAfter has the status and the doctor tell how the certificate stands and where the names lead: while all
// is well, once a record was bent, and once the certificate cannot be renewed.
func TestNamesAreLookedAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		zone := h.zone("example.com", true)
		h.must(h.deploy())
		s := h.status()
		if len(s.Names) != 2 || len(s.Misled()) > 0 || !s.Names[0].Here || s.Names[0].Zone != "example.com" {
			t.Errorf("the names are %+v", s.Names)
		}
		for _, id := range []string{"certificate", "records", "domain"} {
			if c := h.check(id); c.State != preflight.OK {
				t.Errorf("%s: %+v", id, c)
			}
		}
		h.record(zone, "www.example.com", r53types.RRTypeA, "192.0.2.1")
		if says := h.status().Misled(); len(says) != 1 || !strings.Contains(says[0], "www.example.com points elsewhere: 192.0.2.1 (in Route 53)") {
			t.Errorf("a bent record is told as %q", says)
		}
		h.spec.Network.TakeOver = []string{"www.example.com"}
		if c := h.check("records"); c.State != preflight.Warn || !strings.Contains(c.Text, "192.0.2.1") || c.Remedy == "" {
			t.Errorf("the doctor says %+v", c)
		}
		h.must(h.deploy())
		if says := h.status().Misled(); len(says) > 0 {
			t.Errorf("mended, and still %q", says)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		h.account.Publish("example.com", "NS", "ns1.registrar.example.")
		h.must(h.deploy())
		w := h.status().Waiting
		h.publish(w, "proves")
		time.Sleep(10 * time.Minute)
		h.publish(h.status().Waiting, "visitors")
		h.must(h.deploy())
		if s := h.status(); len(s.Names) != 2 || s.Names[0].Here || len(s.Misled()) > 0 {
			t.Errorf("the names are %+v", s.Names)
		}
		for _, r := range w.Records {
			if strings.Contains(r.Why, "proves") {
				h.account.Publish(r.Name, r.Type)
			}
		}
		time.Sleep(160 * 24 * time.Hour)
		if c := h.status().Certificate; c == nil || c.Renewal != "PENDING_VALIDATION" {
			t.Fatalf("the certificate is %+v", c)
		}
		if c := h.check("certificate"); c.State != preflight.Warn || !strings.Contains(c.Text, "cannot renew") {
			t.Errorf("the doctor says %+v", c)
		}
	})
}
