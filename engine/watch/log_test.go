package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"

	"berth/engine/cloud"
)

// group is a log group that answers as CloudWatch does: the end of a window is part of it, a page can be empty
// and not the last, and a line comes into sight when it was ingested.
type group struct {
	events []event
	page   int // events a page; zero is all of them
	empty  int // empty pages before each page with events

	calls int
}

type event struct {
	id, stream, text string
	at, seen         time.Time
}

func (g *group) filter(in *cloudwatchlogs.FilterLogEventsInput) *cloudwatchlogs.FilterLogEventsOutput {
	g.calls++
	var fit []logstypes.FilteredLogEvent
	for _, e := range g.events {
		ms := e.at.UnixMilli()
		if e.seen.After(time.Now()) || ms < *in.StartTime || in.EndTime != nil && ms > *in.EndTime {
			continue
		}
		fit = append(fit, logstypes.FilteredLogEvent{EventId: &e.id, LogStreamName: &e.stream, Message: aws.String(e.text + "\n"), Timestamp: &ms})
	}
	slices.SortStableFunc(fit, func(a, b logstypes.FilteredLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
	size := g.page
	if size == 0 {
		size = max(1, len(fit))
	}
	n, _ := strconv.Atoi(aws.ToString(in.NextToken)) // pages so far, empty ones counted
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	full := n / (g.empty + 1)
	if n%(g.empty+1) == g.empty {
		out.Events = fit[min(full*size, len(fit)):min((full+1)*size, len(fit))]
		full++
	}
	if full*size < len(fit) || full == 0 && g.empty > 0 {
		out.NextToken = aws.String(strconv.Itoa(n + 1))
	}
	return out
}

type inputKey struct{}

// log is a Log that reads the group.
func (g *group) log() *Log {
	keep := middleware.InitializeMiddlewareFunc("input", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
	})
	answer := middleware.DeserializeMiddlewareFunc("answer", func(
		ctx context.Context, _ middleware.DeserializeInput, _ middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
		in, ok := middleware.GetStackValue(ctx, inputKey{}).(*cloudwatchlogs.FilterLogEventsInput)
		if !ok {
			return out, md, errors.New("another call than FilterLogEvents")
		}
		out.Result = g.filter(in)
		return out, md, nil
	})
	client := cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: "eu-west-2", Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
			return errors.Join(s.Initialize.Add(keep, middleware.After), s.Deserialize.Add(answer, middleware.Before))
		}},
	})
	return &Log{Clients: &cloud.Clients{Logs: client}, Group: "/berth/app/production"}
}

// add writes a line that comes into sight at once.
func (g *group) add(at time.Time, text string) { g.addLate(at, at, text) }

func (g *group) addLate(at, seen time.Time, text string) {
	g.events = append(g.events, event{id: fmt.Sprint("event ", len(g.events)), stream: "app/app/0123456789abcdef", text: text, at: at, seen: seen})
}

func texts(lines []Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return strings.Join(all, " ")
}

func read(t *testing.T, l *Log, after time.Time) []Line {
	t.Helper()
	lines, err := l.Read(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("not in order: %v", lines)
	}
	return lines
}

// The newest lines are looked for in the last minute, then further back, and no further than there are enough.
func TestNewestLines(t *testing.T) {
	for _, c := range []struct {
		name        string
		every       time.Duration // a line each
		most        int
		lines, call int
	}{
		{"busy", 100 * time.Millisecond, 900, 200, 1},
		{"calm", 4 * time.Second, 900, 200, 2},
		{"quiet", 5 * time.Minute, 900, 200, 3},
		{"hardly anything", time.Hour, 3, 3, 3},
		{"nothing", time.Hour, 0, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &group{}
				for n := range c.most {
					g.add(time.Now().Add(-time.Duration(c.most-1-n)*c.every-time.Second), strconv.Itoa(n))
				}
				lines := read(t, g.log(), time.Time{})
				if len(lines) != c.lines || g.calls != c.call {
					t.Fatalf("%d lines with %d calls, want %d with %d", len(lines), g.calls, c.lines, c.call)
				}
				for i, l := range lines {
					if want := strconv.Itoa(c.most - c.lines + i); l.Text != want || l.Task != "01234567" {
						t.Fatalf("line %d is %q of task %s, want %q", i, l.Text, l.Task, want)
					}
				}
			})
		})
	}
}

// Pages that are empty are read over, and what has too many pages is not read to its end.
func TestPagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{page: 10, empty: 1}
		for n := range 15 {
			g.add(time.Now().Add(-time.Duration(15-n)*time.Second), strconv.Itoa(n))
		}
		if got := texts(read(t, g.log(), time.Time{})); got != "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14" {
			t.Errorf("two pages behind empty ones: %s", got)
		}
		g.empty = 2 * most // CloudWatch gives such pages while it searches, and each look would begin with them anew
		if got := texts(read(t, g.log(), time.Now().Add(-6*time.Second))); got != "10 11 12 13 14" {
			t.Errorf("behind many empty pages: %q", got)
		}
		g.empty, g.calls = 1000, 0
		if lines := read(t, g.log(), time.Time{}); len(lines) != 0 || g.calls != tries*search {
			t.Errorf("endless empty pages: %d lines, %d calls", len(lines), g.calls)
		}

		flood := &group{page: 20}
		for n := range 6000 { // a hundred a second: the last minute has 300 pages
			flood.add(time.Now().Add(-time.Duration(6000-n)*10*time.Millisecond), strconv.Itoa(n))
		}
		lines := read(t, flood.log(), time.Time{})
		if len(lines) == 0 || lines[len(lines)-1].Text != "5999" || flood.calls > tries*most {
			t.Errorf("a flood: %d lines with %d calls, the last is %v", len(lines), flood.calls, lines[max(0, len(lines)-1):])
		}

		l := flood.log()
		after := time.Now().Add(-time.Minute)
		var all []Line
		for { // what does not fit into one look comes with the next
			more := read(t, l, after)
			if len(more) == 0 {
				break
			}
			all, after = append(all, more...), more[len(more)-1].Time
		}
		if len(all) != 5999 { // the first one is as old as the beginning
			t.Errorf("went on to %d of 5999 lines", len(all))
		}
	})
}

// No line is lost or comes twice: not those of one millisecond that come into sight one after the other, and not
// those that a task sends later than another one.
func TestLinesOfOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		l := g.log()
		moment := time.Now()
		g.add(moment, "a")
		g.addLate(moment, moment.Add(2*time.Second), "b")                   // the same millisecond, in sight later
		g.addLate(moment.Add(-time.Second), moment.Add(5*time.Second), "c") // older, in sight later still
		first := read(t, l, time.Time{})
		if texts(first) != "a" {
			t.Fatalf("first %q", texts(first))
		}
		time.Sleep(3 * time.Second)
		after := first[0].Time
		if got := read(t, l, after); len(got) != 0 {
			t.Errorf("a late line alone: %v", got) // its time would lead back
		}
		time.Sleep(3 * time.Second)
		g.add(time.Now(), "d")
		second := read(t, l, after)
		if texts(second) != "c b d" {
			t.Errorf("then %q", texts(second))
		}
		after = second[len(second)-1].Time
		if got := read(t, l, after); len(got) != 0 {
			t.Errorf("again: %v", got)
		}
		time.Sleep(time.Hour)
		g.add(time.Now(), "e")
		if got := texts(read(t, l, after)); got != "e" {
			t.Errorf("an hour later %q", got)
		}
		if len(l.told) > 1 {
			t.Errorf("%d lines are remembered", len(l.told))
		}
		if got := texts(read(t, l, after)); got != "e" {
			t.Errorf("who goes on from an earlier line misses it: %q", got)
		}
	})
}

// With a time to begin with, nothing from before it comes.
func TestLinesSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		now := time.Now()
		for n := range 10 {
			g.add(now.Add(time.Duration(n-10)*time.Second), strconv.Itoa(n))
		}
		l := g.log()
		lines := read(t, l, now.Add(-5*time.Second))
		if texts(lines) != "6 7 8 9" {
			t.Errorf("got %q", texts(lines))
		}
		if again := read(t, l, lines[len(lines)-1].Time); len(again) != 0 {
			t.Errorf("again %q", texts(again))
		}
	})
}

// Follow gives each line once, from the newest there are, until the context ends.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		begin := time.Now()
		for n := range 60 {
			g.add(begin.Add(time.Duration(n-10)*time.Second), strconv.Itoa(n))
			g.events[n].seen = g.events[n].at.Add(time.Duration(n%3) * 2 * time.Second)
		}
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		seen := map[string]int{}
		err := g.log().Follow(ctx, time.Time{}, func(lines []Line) error {
			for _, l := range lines {
				seen[l.Text]++
			}
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		for n := range 59 { // the last but one waits for the last, which is the latest
			if seen[strconv.Itoa(n)] != 1 {
				t.Errorf("line %d came %d times", n, seen[strconv.Itoa(n)])
			}
		}
		full := errors.New("the disk is full")
		if err := g.log().Follow(t.Context(), begin, func([]Line) error { return full }); !errors.Is(err, full) {
			t.Errorf("ended with %v", err)
		}
	})
}
