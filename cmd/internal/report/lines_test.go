package report

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/fail"

	"github.com/google/go-cmp/cmp"
)

// begin opens a run with three planned nodes on a bus with the wall clock, which is virtual in these tests.
func begin() *event.Bus {
	b := event.NewBus("r1", time.Now)
	b.Emit(event.Event{
		Type: event.RunStarted, Verb: "deploy", App: "hello", Env: "production",
		Target: "ecs-fargate", Region: "eu-west-2", Account: "123456789012", Hash: "abc",
	})
	b.Emit(event.Event{Type: event.NodePlanned, Node: "cluster", Action: event.Create, UsuallyS: 1})
	b.Emit(event.Event{Type: event.NodePlanned, Node: "load-balancer", Action: event.Create, UsuallyS: 150})
	b.Emit(event.Event{Type: event.NodePlanned, Node: "log-group", Action: event.None, Text: "is there"})
	return b
}

// show follows what play emits and returns what was written to stdout and stderr.
func show(t *testing.T, play func(b *event.Bus)) (out, errs string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := begin()
		go play(b)
		var o, e bytes.Buffer
		if err := (Lines{Out: &o, Err: &e}).Follow(t.Context(), b.Reader()); err != nil {
			t.Fatal(err)
		}
		out, errs = o.String(), e.String()
	})
	return out, errs
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
		t.Errorf("want (-) and got (+) differ:\n%s", diff)
	}
}

func TestLinesOfASuccess(t *testing.T) {
	out, errs := show(t, func(b *event.Bus) {
		b.Emit(event.Event{Type: event.NodeStarted, Node: "cluster", Text: "creating"})
		b.Emit(event.Event{Type: event.NodeStarted, Node: "load-balancer", Text: "creating"})
		time.Sleep(500 * time.Millisecond)
		b.Emit(event.Event{Type: event.NodeDone, Node: "log-group"})
		b.Emit(event.Event{Type: event.NodeDone, Node: "cluster"})
		b.Emit(event.Event{Type: event.NodeWaiting, Node: "load-balancer", Text: "AWS provisions it", UsuallyS: 150})
		b.Emit(event.Event{Type: event.NodeWaiting, Node: "load-balancer", Text: "AWS provisions it", UsuallyS: 150})
		b.Emit(event.Event{Type: event.NodeProgress, Node: "load-balancer", Current: 1, Total: 2, Unit: "steps"})
		time.Sleep(35 * time.Second)
		b.Emit(event.Event{Type: event.NodeDone, Node: "load-balancer", ID: "arn:x"})
		b.Emit(event.Event{Type: event.EndpointUp, Endpoint: "https://a.example", Text: "answered 200"})
		b.Emit(event.Event{
			Type: event.RunFinished, Outcome: event.Succeeded, Endpoint: "https://a.example",
			ElapsedS: 35.5, APICalls: 12,
		})
	})
	same(t, out, "https://a.example\n")
	same(t, errs, `
Deploying hello (production): ECS on Fargate in eu-west-2, account 123456789012
2 to create, 1 unchanged

   0:00  start  load-balancer  creating, usually 2-3 min
   0:01  done   cluster        created
   0:01  wait   load-balancer  AWS provisions it
   0:16                        still waiting for load-balancer, 16s, 1 of 2 steps, usually 2-3 min; the run needs 2 min more
   0:31                        still waiting for load-balancer, 31s, 1 of 2 steps, usually 2-3 min; the run needs 1-2 min more
   0:36  done   load-balancer  created, took 36s
   0:36  up     endpoint       https://a.example, answered 200

Deployed in 36s with 12 API calls.
`)
}

func TestLinesOfAFailure(t *testing.T) {
	boom := &fail.Error{
		Cause: "the task stopped with exit code 1", Evidence: "line one\nline two",
		Remedy: "set DATABASE_URL", Doc: "https://docs.example",
	}
	out, errs := show(t, func(b *event.Bus) {
		b.Emit(event.Event{Type: event.NodeStarted, Node: "cluster"})
		b.Emit(event.Event{Type: event.NodeFailed, Node: "cluster", Error: boom})
		b.Emit(event.Event{Type: event.NodeSkipped, Node: "load-balancer", Text: "cluster failed"})
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Failed, ElapsedS: 133, APICalls: 1, Error: boom})
	})
	same(t, out, "")
	same(t, errs, `
Deploying hello (production): ECS on Fargate in eu-west-2, account 123456789012
2 to create, 1 unchanged

   0:00  FAIL   cluster        the task stopped with exit code 1
   0:00  skip   load-balancer  cluster failed

Failed after 2m13s and 1 API call: the task stopped with exit code 1
  evidence  line one
            line two
  remedy    set DATABASE_URL
  see       https://docs.example
`)
}

// A second failure must not get lost behind the one that the run ends with.
func TestLinesTellEveryFailure(t *testing.T) {
	_, errs := show(t, func(b *event.Bus) {
		b.Emit(event.Event{Type: event.NodeFailed, Node: "cluster", Error: &fail.Error{Cause: "denied", Remedy: "ask"}})
		last := &fail.Error{Cause: "quota", Remedy: "wait"}
		b.Emit(event.Event{Type: event.NodeFailed, Node: "load-balancer", Error: last})
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Failed, Error: last})
	})
	if !strings.Contains(errs, "\ncluster: denied\n  remedy    ask\n") || !strings.Contains(errs, ": quota\n  remedy    wait\n") {
		t.Errorf("not both failures are told:\n%s", errs)
	}
}

func TestLinesOfARollout(t *testing.T) {
	_, errs := show(t, func(b *event.Bus) {
		for _, tasks := range [][]event.Task{
			{{ID: "1", New: true, State: "pending"}},
			{{ID: "1", New: true, State: "pending"}},
			{{ID: "1", New: true, State: "running", Health: "healthy"}, {ID: "0", State: "running", Health: "draining"}},
		} {
			b.Emit(event.Event{Type: event.NodeTasks, Node: "cluster", Tasks: tasks})
		}
		b.Emit(event.Event{Type: event.NodeWaiting, Node: "cluster", Text: "waiting for 1 of 2 tasks"})
		b.Emit(event.Event{Type: event.NodeLog, Node: "cluster", Stream: "build", Text: "noise"})
		b.Emit(event.Event{Type: event.NodeLog, Node: "cluster", Stream: "aws", Text: "has reached a steady state"})
		b.Emit(event.Event{Type: event.RunStopping, Text: "the service goes on rolling out"})
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Stopped})
	})
	_, body, _ := strings.Cut(errs, "\n\n")
	same(t, body, `
   0:00  tasks  cluster        1 pending
   0:00  tasks  cluster        new: 1 running healthy; old: 1 running draining
   0:00  aws    cluster        has reached a steady state
   0:00  stop                  the service goes on rolling out

Stopped after 0.0s and 0 API calls.
`)
}

func TestLinesOfNoChange(t *testing.T) {
	for verb, want := range map[string]string{
		"deploy":  "Nothing changed, checked in 1s with 10 API calls.\n",
		"destroy": "Nothing was there to destroy, looked in 1s with 10 API calls.\n",
	} {
		b := event.NewBus("r1", time.Now)
		b.Emit(event.Event{Type: event.RunStarted, Verb: verb})
		b.Emit(event.Event{Type: event.NodePlanned, Node: "vpc", Action: event.None})
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded, ElapsedS: 1, APICalls: 10})
		var e bytes.Buffer
		if err := (Lines{Out: &e, Err: &e}).Follow(t.Context(), b.Reader()); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(e.String(), want) {
			t.Errorf("%s: %s", verb, e.String())
		}
	}
}

// The pause between reminders is wall time; what they say is the engine's time.
func TestLinesOnAFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.At(time.Now(), 20)
		b := event.NewBus("r1", c.Now)
		b.Emit(event.Event{Type: event.RunStarted, Verb: "destroy"})
		b.Emit(event.Event{Type: event.NodePlanned, Node: "x", Action: event.Delete})
		b.Emit(event.Event{Type: event.NodeStarted, Node: "x"})
		var e bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 31*time.Second)
		defer cancel()
		err := (Lines{Out: &e, Err: &e, Clock: c, Every: 30 * time.Second}).Follow(ctx, b.Reader())
		if err == nil {
			t.Error("no error although the context ended")
		}
		if got := strings.Count(e.String(), "still waiting for x, 10m"); got != 1 {
			t.Errorf("told %d times:\n%s", got, e.String())
		}
	})
}

func TestNDJSONIsTheEvents(t *testing.T) {
	b := begin()
	b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Refused, Error: &fail.Error{Cause: "a < b"}})
	var out bytes.Buffer
	if err := NDJSON(t.Context(), b.Reader(), &out); err != nil {
		t.Fatal(err)
	}
	var got []event.Event
	for line := range strings.Lines(out.String()) {
		var e event.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, e)
	}
	want, err := b.Reader().Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Once the work has begun each line says how long the run still takes, and the last does not.
func TestNDJSONSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin()
		b.Emit(event.Event{Type: event.NodeStarted, Node: "load-balancer"})
		time.Sleep(100 * time.Second)
		b.Emit(event.Event{Type: event.NodeWaiting, Node: "load-balancer", Text: "AWS provisions it"})
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded})
		var out bytes.Buffer
		if err := NDJSON(t.Context(), b.Reader(), &out); err != nil {
			t.Fatal(err)
		}
		left := map[event.Type]float64{}
		for line := range strings.Lines(out.String()) {
			var e event.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			left[e.Type] = e.LeftS
		}
		want := map[event.Type]float64{
			event.RunStarted: 0, event.NodePlanned: 0, event.NodeStarted: 150, event.NodeWaiting: 50, event.RunFinished: 0,
		}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Error(diff)
		}
	})
}

// A build that says nothing for minutes does not make the pipeline that waits for it silent: the events stay what they are,
// and the silence is told beside them.
func TestNDJSONIsNeverSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := event.NewBus("r1", time.Now)
		b.Emit(event.Event{Type: event.RunStarted, Verb: "deploy"})
		b.Emit(event.Event{Type: event.NodePlanned, Node: "build", Action: event.Create})
		b.Emit(event.Event{Type: event.NodeStarted, Node: "build"})
		time.AfterFunc(12*time.Minute, func() {
			b.Emit(event.Event{Type: event.NodeDone, Node: "build"})
			b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded})
		})
		var out, errs bytes.Buffer
		if err := (Lines{Out: &out, Err: &errs, Clock: clock.At(time.Now(), 1), Every: 30 * time.Second}).NDJSON(t.Context(), b.Reader()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(errs.String(), "still waiting for build"); got < 23 {
			t.Errorf("told %d times in 12 minutes:\n%s", got, errs.String())
		}
		if got := strings.Count(out.String(), "\n"); got != 5 {
			t.Errorf("%d events, want 5:\n%s", got, out.String())
		}
	})
}

func TestQuiet(t *testing.T) {
	for _, c := range []struct {
		name, out, errs string
		end             event.Event
	}{
		{"success", "https://a.example\n", "", event.Event{Outcome: event.Succeeded, Endpoint: "https://a.example"}},
		{"failure", "", "berth: no\n", event.Event{
			Outcome: event.Failed, Endpoint: "https://old.example",
			Error: &fail.Error{Cause: "no"},
		}},
	} {
		b := begin()
		c.end.Type = event.RunFinished
		b.Emit(c.end)
		var out, errs bytes.Buffer
		if err := Quiet(t.Context(), b.Reader(), &out, &errs); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.out || errs.String() != c.errs {
			t.Errorf("%s: out %q, errs %q", c.name, out.String(), errs.String())
		}
	}
}

// A build that prints all the time is no sign of life of its own: its step is told from time to time.
func TestLinesOfAChattyBuild(t *testing.T) {
	_, errs := show(t, func(b *event.Bus) {
		b.Emit(event.Event{Type: event.NodeStarted, Node: "cluster"})
		b.Emit(event.Event{Type: event.NodeProgress, Node: "cluster", Text: "RUN make " + strings.Repeat("x", 100), Current: 3, Total: 5, Unit: "steps"})
		for range 60 {
			time.Sleep(time.Second)
			b.Emit(event.Event{Type: event.NodeLog, Node: "cluster", Stream: "build", Text: "compiling"})
		}
		b.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded, ElapsedS: 60})
	})
	if n := strings.Count(errs, "still waiting for cluster, "); n < 3 || !strings.Contains(errs, "s, RUN make xxx") || !strings.Contains(errs, "…, 3 of 5 steps") {
		t.Errorf("told %d times:\n%s", n, errs)
	}
}
