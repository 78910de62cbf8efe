package latency

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// far is a network in which every region is so far away.
type far map[string]time.Duration

func (f far) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	region := strings.Split(address, ".")[1]
	d, ok := f[region]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: address}
	}
	select {
	case <-time.After(d):
		here, there := net.Pipe()
		_ = there.Close()
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got := Measure(t.Context(), far{"eu-west-2": 12 * time.Millisecond, "us-east-1": 80 * time.Millisecond, "sa-east-1": time.Minute},
			[]string{"us-east-1", "eu-west-2", "sa-east-1", "mars-1"}, 2*time.Second, time.Now)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s: the deadline is for all together", took)
		}
		want := []struct {
			region  string
			connect time.Duration
			why     string
		}{{"us-east-1", 80 * time.Millisecond, "ok"}, {"eu-west-2", 12 * time.Millisecond, "ok"}, {"sa-east-1", 0, "too slow"}, {"mars-1", 0, "no name"}}
		for i, w := range want {
			if got[i].Region != w.region || got[i].Connect != w.connect || got[i].Why() != w.why {
				t.Errorf("%+v (%s), want %+v", got[i], got[i].Why(), w)
			}
		}
		if Offline(got) {
			t.Error("two regions answered")
		}
		if !Offline(Measure(t.Context(), far{}, []string{"us-east-1", "eu-west-2"}, time.Second, time.Now)) {
			t.Error("nothing answered")
		}
	})
}

func TestWhy(t *testing.T) {
	if got := (Result{Err: errors.New("refused")}).Why(); got != "no answer" {
		t.Error(got)
	}
}
