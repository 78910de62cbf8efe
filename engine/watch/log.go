// Package watch reads what AWS tells about an app that runs: its metrics and its log. Each look makes few calls,
// because somebody who leaves a screen open looks for hours; the rest of what a status tells is read by the
// resources.
package watch

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"berth/engine/cloud"
)

// Line is one line that a task wrote. Its text is the app's own and may hold anything.
type Line struct {
	Time time.Time `json:"time"`
	Task string    `json:"task"` // short id
	// Process is which of the app's processes wrote it; empty for the app's own.
	Process string `json:"process,omitempty"`
	Text    string `json:"text"`

	id string // of the event in CloudWatch
}

const (
	// newest is how many lines a look without a beginning gives.
	newest = 200
	// late is how much later than those of other tasks the lines of a task may reach AWS: tasks send them in
	// batches.
	late = 10 * time.Second
	// most is how many pages with lines one look may read of one window, and search how many pages at all: while
	// CloudWatch searches, a page can be empty and not be the last one.
	most   = 5
	search = 50
	// tries is how many windows a look may open that turn out to hold too much.
	tries = 3
)

// windows are the ages up to which a look for the newest lines goes back, one after the other.
var windows = []time.Duration{time.Minute, 15 * time.Minute, 24 * time.Hour}

// Log reads the log group of an app. It is safe for concurrent use.
type Log struct {
	Clients *cloud.Clients
	Group   string

	mu   sync.Mutex
	told map[string]time.Time // the lines that were given out, by id, since floor
	// floor is the time since when told is complete. A line from before it is not given out any more.
	floor time.Time
	top   time.Time // of the newest line that was given out
}

// Read gives the lines that are later than after, oldest first, and before them those from the 10 s until after
// that reached AWS late. No line comes twice to who goes on with the time of its last line. At most as much as
// fits into five pages comes at once, empty ones not counted, and the rest with the next look. With a zero after it
// begins anew with the newest lines there are, 200 at most. Errors of the SDK come as they are.
func (l *Log) Read(ctx context.Context, after time.Time) ([]Line, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.IsZero() {
		return l.begin(ctx)
	}
	next := after.Add(time.Millisecond) // AWS counts in them
	if l.told == nil {
		l.told, l.floor, l.top = map[string]time.Time{}, next, after
	}
	from := next
	if early := after.Add(-late); early.After(l.floor) {
		from = early
	} else if l.floor.Before(next) {
		from = l.floor
	}
	newer := func(one Line) bool { return one.Time.After(after) }
	lines, whole, err := l.window(ctx, from, time.Time{})
	if err == nil && !whole && !slices.ContainsFunc(lines, newer) { // the late ones leave no room
		lines, _, err = l.window(ctx, next, time.Time{})
	}
	if err != nil || !slices.ContainsFunc(lines, newer) {
		return nil, err // late lines wait for a newer one, so that the last line is always the newest
	}
	lines = slices.DeleteFunc(lines, func(one Line) bool {
		_, told := l.told[one.id]
		return told && !newer(one)
	})
	l.tell(lines)
	return lines, nil
}

// begin is the look for the newest lines: it goes back window by window until there are enough.
func (l *Log) begin(ctx context.Context) ([]Line, error) {
	now := l.Clients.Clock.Now()
	var lines []Line
	since, end := now, time.Time{} // the first window has no end: clocks differ
	for _, age := range windows {
		older, start, whole, err := l.latest(ctx, now, now.Add(-age), end)
		if err != nil {
			return nil, err
		}
		older = slices.DeleteFunc(older, func(one Line) bool { // AWS may count the end as part of the window
			return slices.ContainsFunc(lines, func(o Line) bool { return o.id == one.id })
		})
		lines, since, end = append(older, lines...), start, start
		if !whole || len(lines) >= newest {
			break
		}
	}
	if len(lines) > newest {
		lines = lines[len(lines)-newest:]
		since = lines[0].Time
	}
	l.told, l.floor, l.top = map[string]time.Time{}, since, time.Time{}
	l.tell(lines)
	return lines, nil
}

// latest reads the lines from start to end; when that are too many for one look, it reads those of its last
// eighth, or of the last eighth of that, and says where that begins.
func (l *Log) latest(ctx context.Context, now, start, end time.Time) (lines []Line, from time.Time, whole bool, err error) {
	last := end
	if end.IsZero() {
		last = now
	}
	for try := range tries {
		lines, whole, err = l.window(ctx, start, end)
		if err != nil || whole {
			return lines, start, whole && try == 0, err
		}
		start = last.Add(-last.Sub(start) / 8)
	}
	return nil, last, false, nil
}

// tell notes lines that are given out, and forgets those that no look will come across again.
func (l *Log) tell(lines []Line) {
	for _, one := range lines {
		l.told[one.id] = one.Time
		if one.Time.After(l.top) {
			l.top = one.Time
		}
	}
	early := l.top.Add(-late)
	if !early.After(l.floor) {
		return
	}
	l.floor = early
	for id, at := range l.told {
		if at.Before(early) {
			delete(l.told, id)
		}
	}
}

// window reads the lines from start to before end, or to the present when that is zero, oldest first. whole is
// false when there are more.
func (l *Log) window(ctx context.Context, start, end time.Time) (lines []Line, whole bool, err error) {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &l.Group, StartTime: aws.Int64(start.UnixMilli())}
	if !end.IsZero() {
		in.EndTime = aws.Int64(end.UnixMilli())
	}
	for full, pages := 0, 0; full < most && pages < search; pages++ {
		out, err := l.Clients.Logs.FilterLogEvents(ctx, in)
		if err != nil {
			return nil, false, err
		}
		for _, e := range out.Events {
			lines = append(lines, line(e))
		}
		if len(out.Events) > 0 {
			full++
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			whole = true
			break
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines, whole, nil
}

// line reads an event. An emulator may give it no id.
func line(e logstypes.FilteredLogEvent) Line {
	stream := aws.ToString(e.LogStreamName)
	one := Line{
		Time: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Task: short(stream), Process: process(stream),
		Text: strings.TrimRight(aws.ToString(e.Message), "\r\n"), id: aws.ToString(e.EventId),
	}
	if one.id == "" {
		one.id = strings.Join([]string{stream, one.Time.String(), one.Text}, "\x00")
	}
	return one
}

// Who is the task that wrote the line, with its process before it.
func (l Line) Who() string {
	if l.Process == "" {
		return l.Task
	}
	return l.Process + "/" + l.Task
}

// process is the process that writes to a stream, empty for the app's own, which is called as its container.
func process(stream string) string {
	prefix, rest, _ := strings.Cut(stream, "/")
	if container, _, ok := strings.Cut(rest, "/"); !ok || prefix == container {
		return ""
	}
	return prefix
}

// short is the short id of the task that writes to a stream: prefix/container/task.
func short(stream string) string {
	id := stream[strings.LastIndex(stream, "/")+1:]
	return id[:min(8, len(id))]
}

// every is the time between two looks of Follow.
const every = 2 * time.Second

// Follow gives the lines after a time, or the newest lines first when that is zero, to each as they come, until
// ctx ends or each fails, whose error it then returns. Errors of the SDK come as they are.
func (l *Log) Follow(ctx context.Context, after time.Time, each func([]Line) error) error {
	const forever = 100 * 365 * 24 * time.Hour
	begun := !after.IsZero()
	return cloud.Poll(ctx, l.Clients.Clock, cloud.Wait{For: "more lines", Every: every, Deadline: forever},
		func(ctx context.Context) (bool, string, error) {
			lines, err := l.Read(ctx, after)
			if err != nil {
				return false, "", err
			}
			switch {
			case len(lines) > 0:
				after = lines[len(lines)-1].Time
			case !begun: // nothing yet: whatever comes from now on is new
				after = l.Clients.Clock.Now().Add(-late)
			}
			begun = true
			if len(lines) == 0 {
				return false, "", nil
			}
			return false, "", each(lines)
		})
}
