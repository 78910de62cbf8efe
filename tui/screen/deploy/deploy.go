// Package deploy is the screen that carries a confirmed plan out and shows how: the tree of resources with
// what each waits for, the log, an overall estimate, and a failure as a card with the keys that go on.
package deploy

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/view"
	"berth/tui/feed"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/screen/settings"
	"berth/tui/widget"
)

// Screen is the deploy screen.
type Screen struct {
	s             *screen.Session
	width, height int

	of      screen.Deploy // what is carried out; without a plan the run is another terminal's
	run     screen.Run
	work    *screen.Work // the feed
	feed    *feed.Feed
	snap    view.Snapshot
	left    view.Forecast
	stops   int  // how often Ctrl-C was pressed
	logOnly bool // the log has the whole room
	onLog   bool // the keys that move are about the log, where both are shown
	offset  int
	pinned  bool // the user scrolls the tree
	back    int  // how far the log is scrolled back
	paused  bool // the log stands still
	find    form.Find
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, work: &screen.Work{}} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Deploy" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What is being done in AWS, what each resource waits for, how long it has taken and usually " +
		"takes. A bar at the left marks the longest way to the end."
}

// Enter starts the confirmed plan, if it was handed one.
func (d *Screen) Enter(at screen.Place) tea.Cmd {
	of, _ := at.(screen.Deploy)
	switch w := d.s.Watching(); {
	case of.Plan != nil:
		// Only Stop and Cancel end a run: the end of the program must not cut off a call that is under way.
		run := d.s.Engine.Apply(context.WithoutCancel(d.s.Ctx), of.Plan)
		d.s.Run, d.s.Outcome = run, screen.Outcome{App: of.Plan.App, Verb: verb(of.Plan), Revision: of.Plan.Revision}
		return d.follow(run, of)
	case w != nil && d.run == nil:
		return d.follow(w, of)
	}
	return nil
}

// follow shows a run from its beginning.
func (d *Screen) follow(run screen.Run, of screen.Deploy) tea.Cmd {
	*d = Screen{s: d.s, width: d.width, height: d.height, work: d.work, run: run, of: of}
	d.work.Begin(d.s.Ctx)
	d.feed = feed.New(d.work.Context(), run.ID(), run.Events())
	return d.feed.Next
}

// revision is the version that a rollback goes back to.
func (d *Screen) revision() string {
	switch w := d.s.Watching(); {
	case w != nil:
		return w.Revision
	case d.of.Plan != nil:
		return d.of.Plan.Revision
	}
	return ""
}

func verb(p *screen.Plan) string {
	switch {
	case p.Verb != "":
		return p.Verb
	case p.Destroy:
		return "destroy"
	}
	return "deploy"
}

// Update handles a message.
func (d *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case feed.Batch:
		if d.run != nil && msg.Run == d.run.ID() {
			return d.onBatch(msg)
		}
	case screen.Tick:
		d.left.Update(&d.snap, d.s.Now())
	case tea.KeyMsg:
		d.onKey(msg)
	}
	return nil
}

func (d *Screen) onBatch(b feed.Batch) tea.Cmd {
	for _, e := range b.Events {
		d.snap.Apply(e)
		if e.Type == event.NodeLog && (d.paused || d.back > 0) && widget.Holds(e.Text, d.find.Text) {
			d.back++ // a log that is paused or scrolled back stands still
		}
	}
	d.back = min(d.back, len(d.snap.Logs))
	d.left.Update(&d.snap, d.s.Now())
	if !b.End {
		return d.feed.Next
	}
	d.ended()
	return nil
}

// ended keeps what is told after the program, and shows the result of a run that went well.
func (d *Screen) ended() {
	s := &d.snap
	if s.Ended.IsZero() {
		return // the feed ended with the program, not with the run
	}
	snap := *s // of this run: the next one of a move is drawn by the same screen
	d.s.Outcome = screen.Outcome{
		Done: true, Outcome: string(s.Outcome), Endpoint: s.Endpoint, Verified: s.Verified, App: s.App, Verb: s.Verb,
		Revision: d.revision(), Error: s.Error, Snap: &snap,
	}
	if d.of.Left != nil && s.Outcome == event.Succeeded { // the move is over
		d.s.Outcome = d.of.Left.Live.Outcome
	}
	d.s.Status = nil // known no longer
	switch {
	case s.Outcome == event.Succeeded && d.leaves() != nil:
		d.s.Go(screen.Review{Destroy: true, Left: d.leaves()})
	case d.of.Alone:
		d.s.Quit()
	case s.Outcome == event.Succeeded:
		d.s.Go(d.result())
	}
}

func (d *Screen) onKey(k tea.KeyMsg) {
	if d.find.Open {
		d.find.Key(k)
		d.back = 0
		return
	}
	keys.Press(d.Keys(), k)
}

// pause holds the log still, or goes on with its newest lines.
func (d *Screen) pause() {
	if d.paused = !d.paused; !d.paused {
		d.back = 0
	}
}

// leave takes back what is shown differently, the newest first, then leads back.
func (d *Screen) leave() {
	switch {
	case d.find.Text != "":
		d.find = form.Find{}
	case d.logOnly:
		d.logOnly = false
	case d.over():
		d.s.Back()
	}
}

// newest follows what is at work, and the end of the log.
func (d *Screen) newest() { d.pinned, d.paused, d.back = false, false, 0 }

// leaves is where the app was that this run has moved, or the next such place; nil when there is none.
func (d *Screen) leaves() *screen.Left {
	switch p := d.of.Plan; {
	case d.of.Left != nil:
		return screen.Leave(d.of.Left.More, d.of.Left.Moved(&d.snap))
	case p != nil && p.Beside == engine.Move:
		return screen.Leave(p.Elsewhere, screen.Result{Outcome: d.s.Outcome, Plan: p})
	}
	return nil
}

// result is what is told of a run that went well. The end of a move tells of the new one.
func (d *Screen) result() screen.Place {
	if left := d.of.Left; left != nil {
		return left.Moved(&d.snap)
	}
	return screen.Result{Outcome: d.s.Outcome, Plan: d.of.Plan}
}

// again is where the same is tried once more.
func (d *Screen) again() screen.Place {
	switch {
	case d.of.Left != nil:
		return screen.Review{Destroy: true, Left: d.of.Left}
	case d.snap.Verb == "destroy":
		return screen.Review{Destroy: true, KeepData: d.of.Plan != nil && d.of.Plan.KeepData}
	case d.snap.Verb == "rollback" && d.s.Task() == nil:
		return screen.Overview{RollBack: d.revision()}
	case d.snap.Verb == "rollback":
		return screen.Review{Rollback: d.revision()}
	case d.snap.Verb == "restart" && d.s.Task() == nil:
		return screen.Overview{Restart: true}
	case d.snap.Verb == "restart":
		return screen.Review{Restart: true}
	}
	return screen.Review{}
}

// inLog says that the keys that move are about the log.
func (d *Screen) inLog() bool { return d.logOnly || d.onLog && d.hasLog() }

// hasLog says that there is a log beside or below the resources.
func (d *Screen) hasLog() bool {
	return d.wide() || d.failed() == nil && d.bodyHeight() >= roomForLog
}

// scroll moves through the log or the resources. At the end of the log it follows what comes.
func (d *Screen) scroll(by int) {
	if d.inLog() {
		if d.back = max(0, min(d.back-by, d.mostBack())); d.back == 0 && by > 1 {
			d.paused = false
		}
		return
	}
	h := d.treeHeight()
	count, off := d.tree().Rows(h)
	d.offset, d.pinned = widget.ClampOffset(off+by, count, h), true
}

// over says that the run has ended.
func (d *Screen) over() bool { return d.run == nil || !d.snap.Ended.IsZero() }

// Interrupt stops the run in three steps. When no run goes on, or one that belongs to another terminal, the
// program asks as everywhere.
func (d *Screen) Interrupt() (bool, tea.Cmd) {
	if d.over() || d.s.Watching() != nil {
		return false, nil
	}
	d.stops++
	switch d.stops {
	case 1:
		d.run.Stop()
	case 2:
		d.run.Cancel()
	default:
		d.s.End.Abandoned = true
		d.s.Quit()
	}
	return true, nil
}

// SetSize gives the screen its room.
func (d *Screen) SetSize(w, h int) { d.width, d.height = w, h }

// Busy says that the run goes on.
func (d *Screen) Busy() bool { return !d.over() }

// Typing says that letters are text just now.
func (d *Screen) Typing() bool { return d.find.Open }

// Keys are the keys of this moment.
func (d *Screen) Keys() []keys.Key {
	if d.find.Open {
		return d.find.Keys()
	}
	const verb = "berth logs"
	all := d.first()
	log := keys.Act(verb, "l", "log", func() { d.logOnly = true }).Say("the log alone, or beside the resources")
	if d.logOnly {
		log = keys.Act("berth deploy", "l", "resources", func() { d.logOnly = false }).Say("the log alone, or beside the resources")
	}
	pause := keys.Act(verb, "space", map[bool]string{true: "release log", false: "hold log"}[d.paused], d.pause, " ").
		Say("hold the log while the run continues; space again shows the newest lines").Hide(!d.logOnly && !d.hasLog())
	all = append(all, log, pause)
	all = append(all, keys.Moves("scroll", d.scroll, d.room())...)
	other := map[bool]string{true: "scroll resources", false: "scroll log"}[d.onLog]
	return append(all,
		keys.Act(verb, "/", "find", d.find.Begin).Say("show only log lines that contain a text; esc shows all"),
		keys.Way("tab", other, func() { d.onLog = !d.onLog }).When(!d.logOnly && d.hasLog()).
			Say("let the keys that scroll move the log, or the resources again"),
		keys.Act(verb, "f", "follow", d.newest).Say("follow what is at work and the newest lines again"),
		keys.Way("esc", "back", d.leave).Hide(!d.over() && d.find.Text == "" && !d.logOnly),
	)
}

// room is the lines of what the keys move.
func (d *Screen) room() int {
	switch {
	case !d.inLog():
		return d.treeHeight()
	case d.logOnly || d.wide():
		return d.bodyHeight()
	}
	return d.logHeight()
}

// first are the keys that are most needed: what stops a run, or goes on from one that has ended.
func (d *Screen) first() []keys.Key {
	settings := keys.Also(func() { d.s.Go(screen.Settings{}) }, "s").When(d.snap.Verb == "deploy")
	switch {
	case d.s.Watching() != nil && !d.over():
		return []keys.Key{keys.Shown("ctrl+c", "leave, it goes on").By("--plain")}
	case !d.over():
		return []keys.Key{keys.Shown("ctrl+c", []string{"stop", "cancel", "leave"}[min(d.stops, 2)]).By("Ctrl-C")}
	case d.snap.Outcome == event.Succeeded:
		return []keys.Key{keys.Way("enter", "result", func() { d.s.Go(d.result()) }), settings, keys.Also(d.s.Quit, "q")}
	}
	return d.onward()
}

// onward are the keys that go on from a failure.
func (d *Screen) onward() []keys.Key {
	var all []keys.Key
	if fix := d.remedy(); fix != nil {
		all = append(all, keys.Act("berth.toml", "f", what(fix), func() { d.s.Go(screen.Settings{Fix: fix}) }).
			Say(what(fix)+"; the settings are shown first, then what would change"))
	}
	again := "try again"
	if d.s.Watching() != nil {
		again = "look at AWS and go on"
	}
	return append(all,
		keys.Act("berth deploy", "r", again, func() { d.s.Go(d.again()) }).
			Say("look at AWS again, plan what is left, and continue from there"),
		keys.Act("berth.toml", "s", "settings", func() { d.s.Go(screen.Settings{}) }).When(d.snap.Verb == "deploy"),
		keys.Way("enter", "overview", func() { d.s.Go(screen.Overview{}) }),
		keys.Way("q", "leave", d.s.Quit))
}

// remedy is the setting that would remedy the failure, nil when there is none.
func (d *Screen) remedy() *screen.Fix {
	if d.snap.Verb != "deploy" {
		return nil
	}
	return d.s.FixFor(d.failed())
}

// what says what applying a remedy does.
func what(f *screen.Fix) string {
	label := settings.Label(f.Key)
	if len(label) > 1 && strings.ToUpper(label[1:]) != label[1:] { // CPU stays CPU
		label = strings.ToLower(label[:1]) + label[1:]
	}
	if len(f.Values) == 0 {
		return "open " + label + " in the settings"
	}
	return fmt.Sprintf("set %s to %s%s and deploy again", label, f.Values[len(f.Values)-1].Text, settings.Unit(f.Key))
}
