package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"berth/engine"
)

func TestLog(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 7, 5e6, time.UTC)
	lines := []engine.LogLine{
		{Time: at, Task: "0123abcd", Text: "GET / 200"},
		{Time: at.Add(time.Second), Task: "4567ef01", Text: "\x1b[31mred\x1b[0m \x1b]0;title\x07and\ttab\r over \x9b2J"},
		{Time: at.Add(2 * time.Second), Task: "0123abcd", Text: ""},
	}
	local := func(d time.Duration) string { return at.Add(d).Local().Format("2006-01-02 15:04:05") }
	for _, c := range []struct {
		name string
		log  Log
		want string
	}{
		{"all", Log{}, local(0) + "  0123abcd  GET / 200\n" + local(time.Second) + "  4567ef01  red and\ttab over \n" + local(2*time.Second) + "  0123abcd\n"},
		{"a task", Log{Task: "0123"}, local(0) + "  0123abcd  GET / 200\n" + local(2*time.Second) + "  0123abcd\n"},
		{"a task by its whole id", Log{Task: "0123abcdffffffff", Text: "GET"}, local(0) + "  0123abcd  GET / 200\n"},
		{"a text", Log{Text: "200"}, local(0) + "  0123abcd  GET / 200\n"},
		{"nothing", Log{Text: "300"}, ""},
		{"JSON", Log{Text: "200", JSON: true}, `{"time":"2026-03-01T12:00:07.005Z","task":"0123abcd","text":"GET / 200"}` + "\n"},
	} {
		var out strings.Builder
		c.log.Out = &out
		if err := c.log.Write(lines); err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(c.want, " \n", "\n")
		if out.String() != want || c.log.Lines != strings.Count(want, "\n") {
			t.Errorf("%s: %d lines\n%q\nwant\n%q", c.name, c.log.Lines, out.String(), want)
		}
	}
	full := Log{Out: broken{}}
	if err := full.Write(lines); !errors.Is(err, errBroken) {
		t.Errorf("a writer that fails: %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestStatusTellsTheVersion(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	s := &engine.Status{
		App: "harbor", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", State: engine.Running,
		Revision: "berth-harbor-production:3", Commit: "0123456+", By: "ada", Since: now.Add(-72 * time.Hour), Running: 2, Desired: 2,
		Healthy: 1, Unhealthy: 1, HealthKnown: true, Denied: []string{"a:B", "c:D"},
		Deployments: []engine.Deployment{{State: "successful", Revision: "berth-harbor-production:3", By: "ada", Commit: "0123456+"}},
	}
	var out strings.Builder
	Status(&out, s, now)
	want := `harbor (production) on ECS on Fargate in eu-west-2: running
  revision   berth-harbor-production:3
  commit     0123456+
  by         ada
  since      ` + s.Since.Local().Format("2006-01-02 15:04") + `, 3 days ago
  tasks      2 of 2 running
  health     1 healthy, 1 unhealthy
  rollouts   successful, berth-harbor-production:3, commit 0123456+, by ada
  not seen   a:B, c:D
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
