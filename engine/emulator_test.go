package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
)

// An emulator of AWS that lacks the services which an app does not use is good enough for its whole life.
func TestServicesThatAnAppDoesNotUseMayBeMissing(t *testing.T) {
	var lacks []sim.Fault
	for _, service := range []string{
		"rds", "elasticache", "s3", "elasticfilesystem", "wafv2", "scheduler", "servicediscovery", "acm", "route53",
		"application-autoscaling", "secretsmanager", "kms", "servicequotas", "cloudwatch",
	} {
		lacks = append(lacks, fault(t, "lacks="+service))
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		before := len(h.left())
		h.account.SetFaults(lacks...)
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("a second deployment would change %v", actions(p))
		}
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		time.Sleep(time.Hour)
		h.status()
		h.must(h.apply(h.plan(engine.Request{Rollback: engine.Previous})))
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) != before {
			t.Errorf("left %v", left)
		}
	})
}
