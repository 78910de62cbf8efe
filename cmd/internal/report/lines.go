package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/view"
)

// Lines is the plain frontend: one calm line per change, aligned, with the time since the start of the run in
// front. What takes long is named again from time to time.
type Lines struct {
	Out   io.Writer     // the answer: the endpoint, as the last line
	Err   io.Writer     // the progress
	Clock clock.Clock   // the engine's clock
	Every time.Duration // wall time of silence after which is said what is waited for; zero means 15 s
}

// longNode is how long a node usually takes for its start to be worth a line.
const longNode = 10 * time.Second

// lines is one run being shown.
type lines struct {
	Lines
	snap   view.Snapshot
	left   view.Forecast
	listed bool              // the summary of the plan is out
	width  int               // of the widest name
	said   map[string]string // newest line of each node, so that nothing is said twice in a row
	spoke  time.Time         // when the last line was written, by the wall clock
}

// Follow shows a run until its last event. It returns the error of ctx when that ends first; the run goes on
// then.
func (l Lines) Follow(ctx context.Context, r *event.Reader) error {
	if l.Every <= 0 {
		l.Every = 15 * time.Second
	}
	p := &lines{Lines: l, said: map[string]string{}, spoke: time.Now()}
	for {
		// Not every event is worth a line: what counts is when the last line was written.
		pause, stop := context.WithDeadline(ctx, p.spoke.Add(l.Every))
		batch, err := r.Next(pause)
		stop()
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			p.still()
			p.spoke = time.Now()
			continue
		case err != nil:
			return err
		case len(batch) == 0:
			return nil
		}
		for _, e := range batch {
			p.snap.Apply(e)
			p.left.Update(&p.snap, e.Time)
			if err := p.show(e); err != nil {
				return err
			}
		}
	}
}

// show writes what e means for the reader, if it means anything.
func (p *lines) show(e event.Event) error {
	if e.Type != event.NodePlanned && e.Type != event.RunStarted && !p.listed {
		p.list()
	}
	n := p.snap.Node(e.Node)
	//exhaustive:enforce
	switch e.Type {
	case event.RunStarted:
		p.begin(e)
	case event.NodeStarted:
		if n.Action != event.None && n.Usually >= longNode && p.said[e.Node] == "" {
			p.node(e, "start", join(e.Text, p.usually(n, 0)))
		}
	case event.NodeWaiting:
		if len(n.Tasks) == 0 { // else the tasks tell more
			p.node(e, "wait", join(e.Text, p.usually(n, event.Duration(e.UsuallyS))))
		}
	case event.NodeTasks:
		p.node(e, "tasks", tasks(e.Tasks))
	case event.NodeLog:
		switch {
		case e.Stream == "aws":
			p.node(e, "aws", e.Text)
		case e.Stream == "berth" && e.Node != "":
			p.node(e, "berth", e.Text)
		case e.Stream == "berth":
			p.line(e.Time, "berth", "", e.Text)
		}
	case event.NodeDone:
		if n.Action != event.None {
			p.node(e, "done", join(firstOf(e.Text, past(n.Action)), after(n.Elapsed(e.Time))))
		}
	case event.NodeSkipped:
		p.node(e, "skip", e.Text)
	case event.NodeFailed:
		p.node(e, "FAIL", fail.From(asError(e.Error)).Cause)
	case event.EndpointUp:
		p.line(e.Time, "up", "endpoint", join(e.Endpoint, e.Text))
	case event.RunStopping:
		p.line(e.Time, "stop", "", e.Text)
	case event.RunFinished:
		return p.end(e)
	case event.NodePlanned, event.NodeProgress:
		// The plan is summed up once it is complete; progress is told by still.
	}
	return nil
}

// usually says how long a node usually takes, the first time that it is worth a line.
func (p *lines) usually(n *view.Node, told time.Duration) string {
	if p.said[n.ID] != "" {
		return ""
	}
	return usually(firstOf(told, n.Usually))
}

func (p *lines) begin(e event.Event) {
	verb := map[string]string{"deploy": "Deploying", "destroy": "Destroying", "rollback": "Rolling back", "restart": "Restarting", "ci": "Setting up the pipeline of"}[e.Verb]
	if verb == "" {
		verb = "Running"
	}
	head := fmt.Sprintf("%s %s (%s): %s in %s", verb, e.App, e.Env, target(e.Target), e.Region)
	if e.Account != "" {
		head += ", account " + e.Account
	}
	fmt.Fprintln(p.Err, head)
}

// list sums the plan up, once all of it is known.
func (p *lines) list() {
	if len(p.snap.Nodes) == 0 {
		return // what is told before the plan does not sum it up
	}
	p.listed = true
	p.width = len("endpoint")
	by := map[event.Action]int{}
	for i := range p.snap.Nodes {
		n := &p.snap.Nodes[i]
		by[n.Action]++
		if n.Action != event.None {
			p.width = max(p.width, len(n.ID))
		}
	}
	if len(p.snap.Nodes) > 0 {
		fmt.Fprintf(p.Err, "%s\n\n", tally(by))
	}
}

// still says what is being waited for after a time of silence, and how long the run still takes.
func (p *lines) still() {
	if !p.snap.Running() {
		return
	}
	now := p.Clock.Now()
	if wait := p.snap.SignIn; wait != nil {
		how := "fresh keys"
		if wait.Command != "" {
			how = "a sign-in (" + wait.Command + ")"
		}
		p.line(now, "", "", fmt.Sprintf("still waiting for %s, %s left", how, span(max(0, wait.Until.Sub(now)))))
		return
	}
	var waits []string
	for i := range p.snap.Nodes {
		n := &p.snap.Nodes[i]
		if n.State != view.Running && n.State != view.Waiting {
			continue
		}
		facts := []string{span(n.Elapsed(now))}
		if n.Unit != "" && n.Text != "" && n.State == view.Running { // what of it goes on
			facts = append(facts, brief(n.Text))
		}
		for _, fact := range []string{amount(n.Current, n.Total, n.Unit), usually(n.Usually)} {
			if fact != "" {
				facts = append(facts, fact)
			}
		}
		waits = append(waits, n.ID+", "+strings.Join(facts, ", "))
	}
	if len(waits) > 0 {
		p.line(now, "", "", "still waiting for "+strings.Join(waits, "; ")+p.remaining(now))
	}
}

// brief is the beginning of a text that may be long.
func brief(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// remaining is what is left of the run, when that is known.
func (p *lines) remaining(now time.Time) string {
	p.left.Update(&p.snap, now)
	switch left, late, known := p.left.Left(); {
	case !known:
		return ""
	case late:
		return "; the run takes longer than usual"
	default:
		return "; the run needs " + roughly(left) + " more"
	}
}

// node writes a line about the event's node, unless it is the same as the one before.
func (p *lines) node(e event.Event, word, text string) {
	if p.said[e.Node] == word+text || text == "" {
		return
	}
	p.said[e.Node] = word + text
	p.line(e.Time, word, e.Node, text)
}

func (p *lines) line(at time.Time, word, name, text string) {
	since := max(0, at.Sub(p.snap.Started))
	s := fmt.Sprintf("%7s  %-5s  %-*s  %s", stopwatch(since), word, p.width, name, text)
	fmt.Fprintln(p.Err, strings.TrimRight(s, " "))
	p.spoke = time.Now()
}

// end writes how the run ended, the failures in full, and the endpoint as the last line.
func (p *lines) end(e event.Event) error {
	fmt.Fprintln(p.Err)
	took := span(event.Duration(e.ElapsedS))
	calls := count(e.APICalls, "API call")
	if e.Outcome == event.Succeeded {
		fmt.Fprintf(p.Err, "%s in %s with %s.\n", p.succeeded(), took, calls)
		waiting(p.Err, e.Waiting)
		return url(p.Out, e)
	}
	for i := range p.snap.Nodes {
		n := &p.snap.Nodes[i]
		if n.Error != nil && (e.Error == nil || n.Error.Cause != e.Error.Cause) {
			problem(p.Err, n.ID+": ", n.Error)
		}
	}
	words := map[event.Outcome]string{
		event.Failed: "Failed", event.RolledBack: "Rolled back", event.Stopped: "Stopped", event.Refused: "Refused",
	}
	lead := fmt.Sprintf("%s after %s and %s", words[e.Outcome], took, calls)
	if e.Error == nil {
		fmt.Fprintln(p.Err, lead+".")
		return nil
	}
	problem(p.Err, lead+": ", e.Error)
	return nil
}

// succeeded is what a run that ended well has done.
func (p *lines) succeeded() string {
	changed := false
	for i := range p.snap.Nodes {
		changed = changed || p.snap.Nodes[i].Action != event.None
	}
	switch {
	case p.snap.Verb == "destroy" && changed:
		return "Destroyed"
	case p.snap.Verb == "destroy":
		return "Nothing was there to destroy, looked"
	case p.snap.Verb == "rollback":
		return "Rolled back"
	case p.snap.Verb == "restart":
		return "Restarted"
	case p.snap.Verb == "ci" && changed:
		return "The pipeline may deploy"
	case !changed:
		return "Nothing changed, checked"
	default:
		return "Deployed"
	}
}

// tally is a plan in one line: 14 to create, 2 to update, 5 unchanged.
func tally(by map[event.Action]int) string {
	var parts []string
	for _, a := range []event.Action{event.Create, event.Update, event.Replace, event.Delete} {
		if by[a] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", by[a], a))
		}
	}
	if by[event.None] > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", by[event.None]))
	}
	return strings.Join(parts, ", ")
}

// tasks sums the tasks of a rollout up: new: 1 running healthy, 1 pending; old: 2 running.
func tasks(all []event.Task) string {
	side := func(fresh bool) string {
		by, order := map[string]int{}, []string{}
		for _, t := range all {
			if t.New != fresh {
				continue
			}
			k := strings.TrimSpace(t.State + " " + t.Health)
			if t.Reason != "" {
				k += " (" + t.Reason + ")"
			}
			if by[k] == 0 {
				order = append(order, k)
			}
			by[k]++
		}
		for i, k := range order {
			order[i] = fmt.Sprintf("%d %s", by[k], k)
		}
		return strings.Join(order, ", ")
	}
	fresh, old := side(true), side(false)
	switch {
	case old == "":
		return fresh
	case fresh == "":
		return "old: " + old
	default:
		return "new: " + fresh + "; old: " + old
	}
}

// past is what was done to a node.
func past(a event.Action) string {
	switch a {
	case event.Create:
		return "created"
	case event.Update:
		return "updated"
	case event.Replace:
		return "replaced"
	case event.Delete:
		return "deleted"
	default:
		return string(a)
	}
}

func after(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return "took " + span(d)
}

func join(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, ", ")
}

func firstOf[T comparable](vs ...T) T {
	var zero T
	for _, v := range vs {
		if v != zero {
			return v
		}
	}
	return zero
}

// asError keeps a nil *fail.Error from becoming a non-nil error.
func asError(e *fail.Error) error {
	if e == nil {
		return errors.New("failed without saying why")
	}
	return e
}
