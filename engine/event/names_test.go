package event

import (
	"strings"
	"testing"
	"time"
)

func TestCertificateSays(t *testing.T) {
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		c     Certificate
		want  string
		wrong bool
	}{
		{Certificate{Status: "ISSUED", Until: now.AddDate(0, 6, 0)}, "until 2027-05-28, renewed by AWS", false},
		{Certificate{Status: "ISSUED", Until: now.AddDate(0, 0, 44)}, "until 2027-01-11, and not renewed yet", true},
		{Certificate{Status: "ISSUED", Until: now}, "expired on 2026-11-28", true},
		{Certificate{Status: "ISSUED", Until: now.AddDate(0, 2, 0), Renewal: "PENDING_VALIDATION"}, "until 2027-01-28, and AWS cannot renew it", true},
		{Certificate{Status: "PENDING_VALIDATION"}, "not issued yet", true},
		{Certificate{Status: "VALIDATION_TIMED_OUT"}, "validation timed out", true},
	} {
		if got, wrong := x.c.Says(now); !strings.HasPrefix(got, x.want) || wrong != x.wrong {
			t.Errorf("%+v: %q, %v", x.c, got, wrong)
		}
	}
}
