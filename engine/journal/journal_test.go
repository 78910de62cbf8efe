package journal

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/fail"
)

// kinds are all types of events but the last of a run.
var kinds = []event.Type{
	event.RunStarted, event.NodePlanned, event.NodeStarted, event.NodeProgress, event.NodeWaiting, event.NodeLog,
	event.NodeTasks, event.NodeDone, event.NodeSkipped, event.NodeFailed, event.EndpointUp, event.RunStopping,
}

var word = rapid.StringOfN(rapid.RuneFrom([]rune("ab \n\"\\{}äö…世界\t")), 0, 12, -1)

func drawError(t *rapid.T) *fail.Error {
	if rapid.Bool().Draw(t, "no error") {
		return nil
	}
	f := &fail.Error{
		Class: rapid.SampledFrom([]fail.Class{fail.Failed, fail.RolledBack, fail.Refused, fail.Stopped}).Draw(t, "class"),
		Cause: word.Draw(t, "cause"), Evidence: "AWS says: " + strings.ReplaceAll(word.Draw(t, "evidence"), "\n", ";"),
		Remedy: word.Draw(t, "remedy"), Setting: word.Draw(t, "setting"),
	}
	switch rapid.IntRange(0, 2).Draw(t, "suggest") {
	case 1:
		f.Suggest = rapid.Int().Draw(t, "number")
	case 2:
		f.Suggest = word.Draw(t, "text")
	}
	return f
}

func drawEvent(t *rapid.T) event.Event {
	e := event.Event{
		Type: rapid.SampledFrom(kinds).Draw(t, "type"), Node: word.Draw(t, "node"), Kind: word.Draw(t, "kind"), Text: word.Draw(t, "text"),
		Verb: word.Draw(t, "verb"), Action: event.Create, Needs: rapid.SliceOfN(word, 1, 3).Draw(t, "needs"),
		MonthlyUSD: rapid.Float64Range(0, 1e6).Draw(t, "usd"), UsuallyS: rapid.Float64Range(0, 1e6).Draw(t, "usually"),
		Current: rapid.Int64().Draw(t, "current"), Stream: rapid.SampledFrom([]string{"", "aws", "push", "berth"}).Draw(t, "stream"),
		Notable: rapid.Bool().Draw(t, "notable"), Error: drawError(t), Outcome: event.Outcome(word.Draw(t, "outcome")),
		Tasks: []event.Task{{ID: word.Draw(t, "task"), New: true, State: "running", Started: time.Unix(rapid.Int64Range(0, 1e9).Draw(t, "at"), 5).UTC()}},
	}
	return e
}

// tell emits events on a bus and returns what its readers get.
func tell(events ...event.Event) (*event.Bus, []event.Event) {
	b := event.NewBus("run-1", func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 7, time.UTC) })
	for _, e := range events {
		b.Emit(e)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	all, _ := b.Reader().Next(ctx) // an end at once is no error when there are events
	return b, all
}

func header() Header {
	return Mine(Header{Run: "run-1", Verb: "deploy", App: "shop", Env: "production", Dir: os.TempDir()}, clock.Clock{})
}

// watched reads what a watch tells until its end.
func watched(t testing.TB, w *Attached) []event.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var all []event.Event
	for r := w.Events(); ; {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if batch == nil {
			return all
		}
		all = append(all, batch...)
	}
}

// opened is the journal of a run, whether that goes on or not.
func opened(t testing.TB, folder, run string) (*Attached, error) {
	return open(t.Context(), file(folder, run), func(h Header) bool { return h.Run == run })
}

func find(t testing.TB, folder string) *Attached {
	t.Helper()
	w, err := opened(t, folder, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What is written is read again as it was, by two readers.
func TestEventsSurvive(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state", "runs")
	rapid.Check(t, func(rt *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawEvent), 0, 8).Draw(rt, "events")
		bus, want := tell(append(events, event.Event{Type: event.RunFinished, Outcome: event.Failed, Error: drawError(rt)})...)
		if err := Keep(folder, header(), bus.Reader()); err != nil {
			rt.Fatal(err)
		}
		one, two := find(t, folder), find(t, folder)
		if got := watched(t, one); !reflect.DeepEqual(got, want) {
			rt.Fatalf("read\n%+v\nwant\n%+v", got, want)
		}
		if got := watched(t, two); !reflect.DeepEqual(got, want) {
			rt.Fatalf("the second read\n%+v", got)
		}
		<-one.Done()
	})
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info.Mode(), err)
	}
	info, err = os.Stat(file(folder, "run-1"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info.Mode(), err)
	}
}

// A run that goes on is found by its folder, followed while it is written, and found no longer once it has
// ended.
func TestLive(t *testing.T) {
	folder, dir := t.TempDir(), t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	h := header()
	h.Dir, h.Simulated = Real(dir), "a sentence"
	bus, _ := tell(event.Event{Type: event.RunStarted, Verb: "deploy"})
	kept := make(chan error)
	go func() { kept <- Keep(folder, h, bus.Reader()) }()
	var w *Attached
	for w == nil {
		w = Live(t.Context(), folder, link, "production", true)
		time.Sleep(5 * time.Millisecond)
	}
	for _, other := range []*Attached{
		Live(t.Context(), folder, t.TempDir(), "production", true), Live(t.Context(), folder, dir, "staging", true),
		Live(t.Context(), folder, dir, "production", false),
	} {
		if other != nil {
			t.Errorf("found %+v", other.Header)
		}
	}
	r := w.Events()
	if batch, err := r.Next(t.Context()); err != nil || len(batch) != 1 {
		t.Fatalf("%v %v", batch, err)
	}
	bus.Emit(event.Event{Type: event.NodeTasks, Node: "service"})
	if batch, err := r.Next(t.Context()); err != nil || batch[0].Type != event.NodeTasks {
		t.Fatalf("%v %v", batch, err)
	}
	bus.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded})
	if err := <-kept; err != nil {
		t.Fatal(err)
	}
	if batch, err := r.Next(t.Context()); err != nil || batch[0].Outcome != event.Succeeded {
		t.Fatalf("%v %v", batch, err)
	}
	if Live(t.Context(), folder, dir, "production", true) != nil {
		t.Error("a run that has ended is live")
	}
}

// A writer that dies leaves a readable file, even when it dies in the middle of a line.
func TestTornLine(t *testing.T) {
	folder := t.TempDir()
	bus, want := tell(event.Event{Type: event.RunStarted}, event.Event{Type: event.NodeLog, Text: "whole"}, event.Event{Type: event.RunFinished})
	if err := Keep(folder, header(), bus.Reader()); err != nil {
		t.Fatal(err)
	}
	path := file(folder, "run-1")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndex(strings.TrimSpace(string(text)), "\n")
	if err := os.WriteFile(path, text[:last+20], 0o600); err != nil {
		t.Fatal(err)
	}
	got := watched(t, find(t, folder))
	if len(got) != 3 || !reflect.DeepEqual(got[:2], want[:2]) {
		t.Fatalf("read %+v", got)
	}
	if end := got[2]; end.Type != event.RunFinished || end.Outcome != event.Failed || !strings.Contains(end.Error.Cause, "the other berth ended before the deployment did") {
		t.Errorf("the end is %+v %+v", end, end.Error)
	}
}

// What the app and its build wrote is in no file, neither as a log line nor as evidence.
func TestNothingOfTheAppIsWritten(t *testing.T) {
	folder := t.TempDir()
	f := &fail.Error{
		Cause: "the app ended", Evidence: "exit code: 1\n" + fail.Quote + "token=s3cret\n" + fail.Quote + "bye\nAWS says: stopped",
	}
	bus, _ := tell(
		event.Event{Type: event.NodeLog, Stream: "app", Text: "token=s3cret"},
		event.Event{Type: event.NodeLog, Stream: "app", Text: "password=s3cret"},
		event.Event{Type: event.NodeLog, Stream: "build", Text: "fetching with token s3cret"},
		event.Event{Type: event.NodeLog, Stream: "build", Text: "done with s3cret"},
		event.Event{Type: event.NodeLog, Stream: "aws", Text: "has started 1 tasks"},
		event.Event{Type: event.NodeFailed, Error: f},
		event.Event{Type: event.RunFinished, Error: f},
	)
	if err := Keep(folder, header(), bus.Reader()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file(folder, "run-1"))
	if err != nil || strings.Contains(string(text), "s3cret") {
		t.Errorf("%v:\n%s", err, text)
	}
	got := watched(t, find(t, folder))
	if len(got) != 5 || got[0].Stream != "berth" || !strings.Contains(got[0].Text, "not saved to files") || got[1].Stream != "berth" {
		t.Fatalf("read %+v", got)
	}
	if e := got[4].Error.Evidence; !strings.HasPrefix(e, "exit code: 1\nAWS says: stopped\n") {
		t.Errorf("evidence %q", e)
	}
	for i, e := range got {
		if e.Seq != i+1 {
			t.Errorf("event %d has number %d", i, e.Seq)
		}
	}
	if !strings.Contains(f.Evidence, "s3cret") {
		t.Error("the run's own failure was changed")
	}
}

func TestOldJournalsGo(t *testing.T) {
	folder := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for i := range kept + 10 {
		path := filepath.Join(folder, "old-"+string(rune('A'+i))+suffix)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	oldest, err := os.Open(filepath.Join(folder, "old-A"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = oldest.Close() }()
	if err := lock(oldest); err != nil { // somebody writes it
		t.Fatal(err)
	}
	bus, _ := tell(event.Event{Type: event.RunFinished})
	if err := Keep(folder, header(), bus.Reader()); err != nil {
		t.Fatal(err)
	}
	left := list(folder)
	if len(left) != kept+1 || filepath.Base(left[0]) != "run-1"+suffix || filepath.Base(left[kept]) != "old-A"+suffix {
		t.Errorf("%d left: %v", len(left), left)
	}
}

// A folder that cannot be written is told, and nothing else happens.
func TestNowhereToWrite(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bus, _ := tell(event.Event{Type: event.RunFinished})
	if err := Keep(filepath.Join(taken, "runs"), header(), bus.Reader()); err == nil {
		t.Error("no error")
	}
	if Live(t.Context(), filepath.Join(taken, "runs"), t.TempDir(), "production", false) != nil {
		t.Error("found something in a folder that is not there")
	}
}

// The watching side's clock is the writer's, however fast that goes.
func TestClockOfAFastRun(t *testing.T) {
	h := Mine(Header{}, clock.At(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 100))
	h.Started = h.Started.Add(-time.Minute)
	if since := h.Now().Sub(h.Clock); since < 100*time.Minute || since > 110*time.Minute {
		t.Errorf("a minute at a hundred times the speed is %s", since)
	}
}

// A journal from the future, or something else, is left alone.
func TestOtherFiles(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"a": "", "b": "hello\n", "c": `{"berth_journal":2,"run":"c"}` + "\n", "d": `{"berth_journal":1,"run":"x"}` + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, name+suffix), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, folder, name); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// A writer that cannot go on takes its journal away; who watches is told so, and not that the process is gone.
func TestTheJournalGoesAway(t *testing.T) {
	folder := t.TempDir()
	bus, _ := tell(event.Event{Type: event.RunStarted})
	kept := make(chan error)
	go func() { kept <- Keep(folder, header(), bus.Reader()) }()
	var w *Attached
	for err := error(nil); w == nil; w, err = opened(t, folder, "run-1") {
		_ = err // not there yet
		time.Sleep(5 * time.Millisecond)
	}
	if err := os.Remove(file(folder, "run-1")); err != nil {
		t.Fatal(err)
	}
	got := watched(t, w)
	if end := got[len(got)-1]; end.Error == nil || !strings.Contains(end.Error.Cause, "stopped reporting") {
		t.Errorf("the end is %+v %+v", end, end.Error)
	}
	bus.Emit(event.Event{Type: event.RunFinished})
	if err := <-kept; err != nil {
		t.Error(err)
	}
}

// A journal that cannot be written on is taken away: what is left of it would look like a run that was killed.
func TestAJournalThatBreaksIsRemoved(t *testing.T) {
	folder := t.TempDir()
	bus, _ := tell(event.Event{Type: event.RunStarted}, event.Event{Type: event.RunFinished})
	f, err := create(folder, header())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil { // nothing can be written to it any more
		t.Fatal(err)
	}
	if err := copyTo(f, file(folder, "run-1"), bus.Reader()); err == nil {
		t.Error("no error")
	}
	if left := list(folder); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A journal on a disk that several machines share tells another machine's runs, too: those are not this one's.
func TestLiveIsOfThisMachine(t *testing.T) {
	folder, dir := t.TempDir(), t.TempDir()
	h := header()
	h.Dir, h.Host = Real(dir), "elsewhere"
	f, err := create(folder, h)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if w := Live(t.Context(), folder, dir, "production", false); w != nil {
		t.Errorf("found %+v", w.Header)
	}
}

// A disk that takes no more ends the journal and not the run.
func TestAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no device that is full here")
	}
	defer func() { _ = full.Close() }()
	if err := (&writer{}).write(full, []event.Event{{Type: event.RunStarted}}); err == nil {
		t.Error("no error")
	}
}
