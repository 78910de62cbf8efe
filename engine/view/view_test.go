package view

import (
	"testing"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
)

func TestSnapshotOfARun(t *testing.T) {
	start := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	seq := 0
	var s Snapshot
	at := func(sec int, e event.Event) {
		seq++
		e.Seq, e.Time = seq, start.Add(time.Duration(sec)*time.Second)
		s.Apply(e)
	}
	at(0, event.Event{Type: event.RunStarted, Verb: "deploy", App: "a"})
	at(0, event.Event{Type: event.NodePlanned, Node: "lb", Name: "berth-a", Action: event.Create, UsuallyS: 150})
	at(0, event.Event{Type: event.NodePlanned, Node: "svc", Action: event.Create, Needs: []string{"lb"}})
	at(1, event.Event{Type: event.NodeStarted, Node: "lb", Text: "creating"})
	at(2, event.Event{Type: event.NodeWaiting, Node: "lb", Text: "waiting", DeadlineS: 600})
	if n := s.Node("lb"); n.State != Waiting || n.Usually != 150*time.Second || n.Elapsed(start.Add(11*time.Second)) != 10*time.Second ||
		n.Deadline != start.Add(602*time.Second) {
		t.Errorf("waiting: %+v", n)
	}
	at(141, event.Event{Type: event.NodeDone, Node: "lb", ID: "arn"})
	at(142, event.Event{Type: event.NodeLog, Node: "svc", Stream: "app", Text: "boom"})
	at(143, event.Event{Type: event.NodeFailed, Node: "svc", Error: &fail.Error{Cause: "it crashed"}})
	at(144, event.Event{Type: event.RunFinished, Outcome: event.Failed, Error: &fail.Error{Cause: "it crashed"}, APICalls: 7})

	if n := s.Node("lb"); n.State != Done || n.ARN != "arn" || n.Elapsed(time.Now()) != 140*time.Second {
		t.Errorf("done: %+v", n)
	}
	if n := s.Node("svc"); n.State != Failed || n.Text != "it crashed" {
		t.Errorf("failed: %+v", n)
	}
	if s.Running() || s.Outcome != event.Failed || s.APICalls != 7 || s.Elapsed(time.Now()) != 144*time.Second || len(s.Logs) != 1 {
		t.Errorf("run: %+v", s)
	}
	if s.Count(Done) != 1 || s.Count(Failed) != 1 || s.Node("nobody") != nil {
		t.Error("counts are wrong")
	}
	s.Apply(event.Event{Seq: 3, Type: event.NodePlanned, Node: "again"})
	if len(s.Nodes) != 2 {
		t.Error("an event was applied twice")
	}
}

// What was at work when a run ended is not at work any more.
func TestEndOfARunEndsItsNodes(t *testing.T) {
	var s Snapshot
	s.Apply(event.Event{Seq: 1, Type: event.RunStarted, Time: time.Unix(1, 0)})
	s.Apply(event.Event{Seq: 2, Type: event.NodeStarted, Node: "a", Time: time.Unix(2, 0)})
	s.Apply(event.Event{Seq: 3, Type: event.RunFinished, Outcome: event.Stopped, Time: time.Unix(5, 0)})
	if n := s.Node("a"); !n.State.Ended() || n.Elapsed(time.Now()) != 3*time.Second {
		t.Errorf("%+v", n)
	}
}

func TestLogsAreBounded(t *testing.T) {
	var s Snapshot
	for i := range 3 * maxLogs {
		s.Apply(event.Event{Seq: i + 1, Type: event.NodeLog, Text: "x"})
	}
	if len(s.Logs) < maxLogs || len(s.Logs) >= 2*maxLogs {
		t.Errorf("%d lines", len(s.Logs))
	}
}

// What matters stays in view until it is obsolete, and no more than three lines of it.
func TestNotices(t *testing.T) {
	var s Snapshot
	seq := 0
	apply := func(e event.Event) {
		seq++
		e.Seq = seq
		s.Apply(e)
	}
	note := func(node, text string) {
		stream := "aws"
		if node == "" {
			stream = "berth"
		}
		apply(event.Event{Type: event.NodeLog, Node: node, Stream: stream, Text: text, Notable: true})
	}
	want := func(texts ...string) {
		t.Helper()
		if len(s.Notices) != len(texts) {
			t.Fatalf("%d notices, want %v: %v", len(s.Notices), texts, s.Notices)
		}
		for i, text := range texts {
			if s.Notices[i].Text != text {
				t.Fatalf("notice %d is %q, want %q", i, s.Notices[i].Text, text)
			}
		}
	}
	note("", "somebody has the lock")
	want("somebody has the lock")
	apply(event.Event{Type: event.NodePlanned, Node: "service"})
	want()
	note("", "paused")
	note("service", "unable to place a task")
	note("service", "unable to place a task")
	apply(event.Event{Type: event.NodeLog, Node: "service", Stream: "aws", Text: "has started 2 tasks"})
	want("paused", "unable to place a task")
	apply(event.Event{Type: event.NodeLog, Stream: "berth", Text: "signed in again"})
	want("unable to place a task")
	note("lb", "b")
	note("lb", "c")
	note("service", "d")
	want("b", "c", "d")
	apply(event.Event{Type: event.NodeTasks, Node: "service", Tasks: []event.Task{{New: true, Health: "initial"}}})
	want("b", "c", "d")
	apply(event.Event{Type: event.NodeTasks, Node: "service", Tasks: []event.Task{{New: true, Health: "healthy"}, {Health: "draining"}}})
	want("b", "c")
	note("", "paused")
	note("lb", "f")
	note("lb", "g")
	want("paused", "f", "g")
	if one := s.Noticed(1); len(one) != 1 || one[0].Text != "paused" {
		t.Errorf("with room for one: %v", one)
	}
	apply(event.Event{Type: event.NodeDone, Node: "lb"})
	want("paused")
	apply(event.Event{Type: event.NodeLog, Stream: "berth", Text: "going on"})
	want()
	note("service", "e")
	apply(event.Event{Type: event.RunFinished})
	want()
	if len(s.Logs) != 14 {
		t.Errorf("%d log lines: a notice is in the log as well", len(s.Logs))
	}
}
