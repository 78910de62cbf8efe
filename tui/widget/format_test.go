package widget

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		d              time.Duration
		exact, roughly string
	}{
		{-time.Second, "0s", "5s"},
		{0, "0s", "5s"},
		{7400 * time.Millisecond, "7s", "5s"},
		{59*time.Second + 600*time.Millisecond, "1m00s", "1m"},
		{65 * time.Second, "1m05s", "1m"},
		{100 * time.Second, "1m40s", "1m45s"},
		{150 * time.Second, "2m30s", "2m30s"},
		{299 * time.Second, "4m59s", "5m"},
		{450 * time.Second, "7m30s", "8m"},
		{2*time.Hour + 3*time.Minute, "2h03m", "123m"},
	} {
		if got := Duration(c.d); got != c.exact {
			t.Errorf("Duration(%s) = %s, want %s", c.d, got, c.exact)
		}
		if got := Roughly(c.d); got != c.roughly {
			t.Errorf("Roughly(%s) = %s, want %s", c.d, got, c.roughly)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "47 hours ago", 72 * time.Hour: "3 days ago",
	} {
		if got := Ago(d); got != want {
			t.Errorf("Ago(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestUSD(t *testing.T) {
	for v, want := range map[float64]string{
		0: "$0.00", 0.001: "<$0.01", 0.005: "$0.01", 36.4: "$36.40", 1204.5: "$1,204.50", 1234567.891: "$1,234,567.89", -3: "-$3.00",
	} {
		if got := USD(v); got != want {
			t.Errorf("USD(%g) = %s, want %s", v, got, want)
		}
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		current, total int64
		unit, want     string
	}{
		{3, 12, "steps", "3/12 steps"},
		{1, 2, "", "1/2"},
		{500, 2000, "bytes", "0.5/2.0 kB"},
		{34_200_000, 120_000_000, "bytes", "34.2/120.0 MB"},
		{1e9, 2e9, "bytes", "1.0/2.0 GB"},
	} {
		if got := Amount(c.current, c.total, c.unit); got != c.want {
			t.Errorf("Amount(%d, %d, %s) = %s, want %s", c.current, c.total, c.unit, got, c.want)
		}
	}
}

func TestSentence(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "the app ended": "The app ended", "berth.toml has a mistake": "berth.toml has a mistake",
		"berth made it": "berth made it", "dom (production) in eu-west-2": "dom (production) in eu-west-2", "files (EFS) stay": "Files (EFS) stay", "--image is missing": "--image is missing", "AWS says": "AWS says",
	} {
		if got := Sentence(s); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	for id, want := range map[string]string{
		"load-balancer": "Load balancer", "vpc": "VPC", "tasks-lb": "Tasks LB", "": "", "ecs_service": "ECS service",
		"über-uns": "Über uns", "日本-語": "日本 語", "--": "--",
	} {
		if got := Title(id); got != want {
			t.Errorf("Title(%q) = %q, want %q", id, got, want)
		}
	}
}
