package sim

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// stint is the time in which a task's app ran. It is remembered for longer than the task, so that metrics and
// logs of the last day stay what they were.
type stint struct {
	Task    string // id
	Cluster string // name
	Group   string // service:name
	Targets []string
	Log     string // log group, empty when the app does not log to CloudWatch
	Stream  string
	Health  string // path of the health check
	Started time.Time
	Served  time.Time // when it first was healthy for its load balancer; zero when it never was
	Ended   time.Time // zero while it runs
	Errors  float64   `json:",omitempty"` // share of its requests that it answers with 500
}

const (
	// stintsKept bounds how many stints of tasks that are forgotten are remembered, and stintKept for how long.
	stintsKept = 200
	stintKept  = 24 * time.Hour
)

// stint gives a task's stint; ok is false when its app never ran.
func (r *region) stint(t *task) (s stint, ok bool) {
	if t.Started.IsZero() {
		return s, false
	}
	s = stint{Task: t.ID, Cluster: lastPart(t.Cluster), Group: t.Group, Started: t.Started, Served: t.Served, Ended: t.ExecStopped, Errors: t.Fate.Errors}
	for _, x := range t.Targets {
		s.Targets = append(s.Targets, x.Group)
		if g := r.targetGroup(x.Group); g != nil {
			s.Health = g.HealthPath
		}
	}
	if d := r.taskDef(t.TaskDef); d != nil {
		if k := d.main(); k.LogConfiguration != nil && k.LogConfiguration.Options["awslogs-region"] == r.Name {
			s.Log, s.Stream, _ = logStreamOf(k, t.ID)
		}
	}
	return s, true
}

// stints are those of all tasks of the last day, as far as they are remembered.
func (r *region) stints() []stint {
	all := slices.Clone(r.ecs().Stints)
	for _, t := range r.ecs().Tasks {
		if s, ok := r.stint(t); ok {
			all = append(all, s)
		}
	}
	return all
}

// retire remembers the stint of a task that is forgotten now.
func (r *region) retire(t *task, now time.Time) {
	s, ok := r.stint(t)
	if !ok {
		return
	}
	r.ecs().Stints = append(slices.DeleteFunc(r.ecs().Stints, func(s stint) bool { return now.Sub(s.Ended) > stintKept }), s)
	if len(r.ecs().Stints) > stintsKept {
		r.ecs().Stints = slices.Clone(r.ecs().Stints[len(r.ecs().Stints)-stintsKept:])
	}
}

// What an app writes while it serves: at most one line in each beat. The lines are made when somebody reads them,
// so that a long life takes no memory, and are the same whenever one looks.
const (
	beat      = 8 * time.Second
	beatsKept = 4000 // of a task; older lines are gone
)

// chatter gives the lines that an app wrote while it served, from a time (in milliseconds; nil is any) to now.
func (r *region) chatter(s stint, from *int64, now time.Time) []logLine {
	if s.Served.IsZero() {
		return nil
	}
	end := now
	if !s.Ended.IsZero() && s.Ended.Before(end) {
		end = s.Ended
	}
	last := int(end.Sub(s.Served) / beat)
	first := max(0, last-beatsKept)
	if from != nil {
		first = max(first, int(time.UnixMilli(*from).Sub(s.Served)/beat))
	}
	sockets := r.holdsSockets(s)
	var lines []logLine
	for n := first; n <= last; n++ {
		at := s.Served.Add(time.Duration(n) * beat).Add(time.Duration(chance(0, fmt.Sprint("when ", s.Task, n)) * float64(beat)))
		if text := s.says(n, at, sockets); text != "" && at.Before(end) {
			lines = append(lines, logLine{N: -1 - n, At: at, Text: text})
		}
	}
	return lines
}

// holdsSockets says whether the load balancer in front lets connections be silent for long, which apps with
// WebSockets need.
func (r *region) holdsSockets(s stint) bool {
	for _, g := range s.Targets {
		for _, lb := range r.usersOf(g) {
			if attr(lb.Attrs, lbAttrs, idleAttr) != lbAttrs[idleAttr] {
				return true
			}
		}
	}
	return false
}

const idleAttr = "idle_timeout.timeout_seconds"

// says is the line of a beat, empty when there is none.
func (s stint) says(n int, at time.Time, sockets bool) string {
	what, slow := chance(0, fmt.Sprint("what ", s.Task, n)), chance(0, fmt.Sprint("slow ", s.Task, n))
	ms := 4 + int(30*slow*slow)
	switch {
	case s.failing(at) && n%3 == 0:
		return fmt.Sprintf("GET / 500 in %dms", 8*ms)
	case what < 0.4:
		return ""
	case what < 0.65:
		return fmt.Sprintf("GET / 200 in %dms", ms)
	case what < 0.8 && s.Health != "" && s.Health != "/":
		return fmt.Sprintf("GET %s 200 in %dms", s.Health, ms)
	case what < 0.88 || !sockets:
		return fmt.Sprintf("GET / 304 in %dms", ms/2)
	default:
		return fmt.Sprintf("WebSocket opened, %d connected", 1+int(12*slow))
	}
}

// failing says whether the app answers some requests with an error at a time: three minutes long, some ten times a
// day, but not while it is new, when whoever deployed it looks.
func (s stint) failing(at time.Time) bool {
	return !s.Served.IsZero() && at.Sub(s.Served) > 30*time.Minute && chance(0, "failing "+at.UTC().Truncate(3*time.Minute).Format(time.RFC3339)) > 0.98
}

// lines gives what a stream holds from a time (in milliseconds; nil is any) on: what was written to it, and what
// the app in it wrote while it served.
func (r *region) lines(g *logGroup, s *logStream, stints []stint, from *int64, now time.Time) []logLine {
	all := slices.Clone(s.Lines)
	for _, t := range stints {
		if t.Log == g.Name && t.Stream == s.Name {
			all = append(all, r.chatter(t, from, now)...)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.Before(all[j].At) })
	return all
}

// servedBy says whether a stint got requests through a target group, by the end of its ARN.
func (s stint) servedBy(suffix string) bool {
	return slices.ContainsFunc(s.Targets, func(g string) bool { return strings.HasSuffix(g, suffix) })
}
