package target

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLinesOfAlarms(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	age := func(d time.Duration) string { return d.String() + " ago" }
	for _, tt := range []struct {
		name string
		a    *Alarms
		want string
	}{
		{"none", nil, ""},
		{"all well", &Alarms{List: []Alarm{{Title: "a", State: Quiet}, {Title: "b", State: Quiet}}, Told: []Told{{"ops@example.com", true}}}, "2 ok; sent to ops@example.com"},
		{
			"trouble", &Alarms{
				List: []Alarm{{Title: "requests fail", State: Ringing, Since: now.Add(-time.Hour)}, {Title: "b", State: NoData}, {Title: "c", State: Quiet}},
				Told: []Told{{"ops@example.com", false}}, Budget: &Budget{120, 100}, Events: []string{"runs that failed"},
			},
			"! ALARM: requests fail, 1h0m0s ago; 1 in alarm, 1 ok, 1 without data; ! not confirmed yet, so nothing is sent: ops@example.com; " +
				"also told: runs that failed; ! the account has spent $120.00 of $100.00 this month",
		},
		{"forgotten", &Alarms{List: []Alarm{{State: Quiet}}}, "1 ok; ! nobody is told: nobody confirmed in time; `berth deploy` asks again"},
	} {
		var got []string
		for _, l := range tt.a.Lines(now, age) {
			got = append(got, fmt.Sprintf("%s%s", map[bool]string{true: "! "}[l.Wrong], l.Text))
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, s, tt.want)
		}
	}
}
