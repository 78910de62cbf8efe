package app

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"berth/engine/event"
	"berth/tui/feed"
	"berth/tui/screen"
	"berth/tui/theme"
)

// busiest is the deploy screen of 300 resources in colour, half of them at work.
func busiest(b testing.TB) (*Model, *fakeRun) {
	b.Helper()
	e := fresh()
	p := *firstPlan()
	p.Changes = nil
	for i := range 300 {
		c := change(fmt.Sprintf("resource-%03d", i), []string{"network", "access", "image", "compute", "traffic"}[i*5/300], 1, time.Minute)
		if i > 3 {
			c.Needs = []string{fmt.Sprintf("resource-%03d", i-3)}
		}
		p.Changes = append(p.Changes, c)
	}
	e.plan = &p
	e.script = func(r *fakeRun) { <-r.cancel }
	s := screen.NewSession(b.Context(), screen.Options{
		Engine: e, Theme: theme.New(theme.Options{Profile: termenv.TrueColor}), Dir: b.TempDir(),
	})
	m := New(s)
	s.Go(screen.Deploy{Plan: &p})
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	run := e.runs[0]
	b.Cleanup(run.Cancel)
	run.begin(&p)
	for i := range 300 {
		id := fmt.Sprintf("resource-%03d", i)
		switch i % 2 {
		case 0:
			run.emit(event.NodeStarted, id, "creating it")
			run.emit(event.NodeWaiting, id, "waiting until it is ready to take traffic")
		default:
			run.emit(event.NodeStarted, id, "building")
			run.bus.Emit(event.Event{Type: event.NodeProgress, Node: id, Current: 3, Total: 14, Unit: "steps", Text: "RUN mix deps.compile"})
		}
	}
	for i := range 2000 {
		run.bus.Emit(event.Event{Type: event.NodeLog, Node: "resource-001", Stream: "build", Text: fmt.Sprint("line ", i, " of the build, as long as such lines are in real life, with \x1b[32mcolours\x1b[0m in it")})
	}
	r := run.bus.Reader()
	events, err := r.Next(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	m.Update(feed.Batch{Run: run.ID(), Events: events})
	return m, run
}

// BenchmarkView is the work of one frame of the busiest screen at 200x60.
func BenchmarkView(b *testing.B) {
	m, _ := busiest(b)
	if len(m.View()) < 5000 {
		b.Fatalf("that is not the busiest screen:\n%s", m.View())
	}
	b.ReportAllocs()
	for b.Loop() {
		m.View()
	}
}

// A frame of the busiest screen is drawn with few allocations: some ten a line, and a tenth more with the race detector.
func TestAFrameAllocatesLittle(t *testing.T) {
	m, _ := busiest(t)
	if n := testing.AllocsPerRun(20, func() { m.View() }); n > 1200 {
		t.Errorf("%.0f allocations", n)
	}
}

// BenchmarkUpdate is the work of one batch of ten events.
func BenchmarkUpdate(b *testing.B) {
	m, run := busiest(b)
	seq := 10_000
	b.ReportAllocs()
	for b.Loop() {
		events := make([]event.Event, 10)
		for i := range events {
			seq++
			events[i] = event.Event{Seq: seq, Type: event.NodeProgress, Node: fmt.Sprintf("resource-%03d", i*2+1), Current: int64(i), Total: 14, Unit: "steps", Time: time.Now()}
		}
		m.Update(feed.Batch{Run: run.ID(), Events: events})
	}
}

// BenchmarkTenThousandEventsASecond is what the screens do in the 80 ms between two batches when the engine emits
// 10,000 events a second about 300 resources: take 800 events in and draw. Where that takes less than the 80 ms
// there is no lag; busy-% is the part of them that it takes. Growth is what the heap has more at the end than after
// the first second, for each million events.
func BenchmarkTenThousandEventsASecond(b *testing.B) {
	const batch = 800
	m, run := busiest(b)
	seq, events := 10_000, make([]event.Event, batch)
	one := func() {
		now := time.Now()
		for i := range events {
			seq++
			e := event.Event{Seq: seq, Node: fmt.Sprintf("resource-%03d", seq%300), Time: now}
			switch i % 4 {
			case 0:
				e.Type, e.Current, e.Total, e.Unit = event.NodeProgress, int64(i), batch, "steps"
			case 1:
				e.Type, e.Text = event.NodeWaiting, "waiting until it is ready to take traffic"
			case 2:
				e.Type, e.Tasks = event.NodeTasks, []event.Task{{ID: "4f5d1c2ab098", New: true, State: "running", Health: "initial"}}
			default:
				e.Type, e.Stream, e.Text = event.NodeLog, "app", "[info] GET /rooms/4711 sent 200 in 12 ms"
			}
			events[i] = e
		}
		m.Update(feed.Batch{Run: run.ID(), Events: events})
		if len(m.View()) < 5000 {
			b.Fatal("nothing was drawn")
		}
	}
	for range time.Second / feed.Every {
		one()
	}
	before := heap()
	for b.Loop() {
		one()
	}
	grown := float64(heap()) - float64(before)
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/feed.Every.Seconds(), "busy-%")
	b.ReportMetric(grown/1024/(float64(b.N)*batch/1e6), "KiB-growth/M-events")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkTick is the work of one beat.
func BenchmarkTick(b *testing.B) {
	m, _ := busiest(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(beatMsg{})
	}
}
