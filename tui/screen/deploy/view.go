package deploy

import (
	"fmt"
	"strings"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/view"
	"berth/tui/widget"
)

func (d *Screen) wide() bool { return d.width >= 120 }

const gutter = 3

// roomForLog is from how many lines on there is a log beside the tree, in one column.
const roomForLog = 14

func (d *Screen) treeWidth() int {
	if d.wide() {
		return (d.width - gutter) * 3 / 5
	}
	return d.width
}

// bodyHeight is the room below the two lines at the top.
func (d *Screen) bodyHeight() int { return max(1, d.height-2-len(d.banner())) }

func (d *Screen) treeHeight() int {
	switch body := d.bodyHeight(); {
	case d.wide():
		return body
	case d.failed() != nil:
		if h := body - d.cardHeight() - 1; h >= 4 {
			return h
		}
		return 0 // a tree of so few lines tells nothing
	case body < roomForLog:
		return body
	default:
		return body - d.logHeight() - 1
	}
}

func (d *Screen) logHeight() int { return max(3, d.bodyHeight()/4) }

func (d *Screen) cardHeight() int {
	full := len(d.card().Lines(d.width))
	if body := d.bodyHeight(); body < 14 {
		return min(full, body)
	} else {
		return min(full, body*2/3)
	}
}

// failed is the failure that the run ended with, if it did.
func (d *Screen) failed() *fail.Error {
	if d.snap.Ended.IsZero() || d.snap.Outcome == event.Succeeded {
		return nil
	}
	if d.snap.Error != nil {
		return d.snap.Error
	}
	return &fail.Error{Cause: "The run ended as " + string(d.snap.Outcome)}
}

func (d *Screen) card() widget.Failure {
	return d.s.Card(d.failed())
}

func (d *Screen) tree() widget.Tree {
	return widget.Tree{
		Theme: d.s.Theme, Snap: &d.snap, Now: d.s.Now(), Frame: d.s.Frame,
		Offset: d.offset, Pinned: d.pinned, Urgent: d.left.Urgent(),
	}
}

// View draws the screen.
func (d *Screen) View() string {
	if d.run == nil {
		return d.s.Theme.Quiet.Paint("Nothing was started.")
	}
	lines := []string{d.headline()}
	lines = append(lines, d.banner()...)
	lines = append(lines, "")
	return widget.Join(append(lines, d.body()...))
}

func (d *Screen) body() []string {
	th, body := d.s.Theme, d.bodyHeight()
	if d.logOnly {
		return widget.Lines(d.logs(d.width, body))
	}
	tree := ""
	if h := d.treeHeight(); h > 0 {
		tree = d.tree().Render(d.treeWidth(), h)
	}
	if d.wide() {
		right := d.width - d.treeWidth() - gutter
		side := d.logs(right, body)
		if d.failed() != nil {
			card := d.card().Render(right, body*2/3)
			room := body - len(widget.Lines(card)) - 1
			side = card + "\n\n" + d.logs(right, room)
		}
		return widget.Lines(widget.Beside(tree, side, d.treeWidth(), gutter))
	}
	lines := widget.Lines(tree)
	for len(lines) < d.treeHeight() {
		lines = append(lines, "")
	}
	switch {
	case d.failed() != nil:
		if d.treeHeight() > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, widget.Lines(d.card().Render(d.width, d.cardHeight()))...)
	case body >= roomForLog:
		rule := th.Quiet
		if d.onLog {
			rule = th.Accent
		}
		lines = append(lines, rule.Paint(strings.Repeat(th.Glyphs.Rule, d.width)))
		lines = append(lines, widget.Lines(d.logs(d.width, d.logHeight()))...)
	}
	return widget.Fit(lines, d.width, body)
}

// logs is the log, with what matters pinned above it, in at most that many lines.
func (d *Screen) logs(width, height int) string {
	if height <= 0 {
		return ""
	}
	th := d.s.Theme
	lines := d.notices(width, min(view.MaxNotices, max(0, height-2)))
	switch {
	case d.find.On():
		find := widget.NewLine(th, width)
		d.find.Put(th, find)
		lines = append(lines, find.String())
	case d.wide():
		head := th.Strong.Paint("Log")
		if d.onLog { // the keys that scroll are about it
			head = th.Accent.Paint(th.Glyphs.Cursor+" ") + th.Title.Paint("Log")
		}
		lines = append(lines, head)
	}
	return widget.Join(append(lines, d.pane().Render(width, height-len(lines))))
}

func (d *Screen) pane() widget.LogPane {
	return widget.LogPane{Theme: d.s.Theme, Logs: d.snap.Logs, Back: d.back, Find: d.find.Text, Paused: d.paused}
}

// mostBack is how far the log can be scrolled back.
func (d *Screen) mostBack() int {
	room := d.logHeight()
	if d.logOnly || d.wide() {
		room = d.bodyHeight()
	}
	if d.find.On() || d.wide() {
		room-- // the line above it
	}
	return d.pane().MaxBack(max(1, room-len(d.notices(d.width, view.MaxNotices))))
}

// headline says how far the run is as a whole.
func (d *Screen) headline() string {
	th, s := d.s.Theme, &d.snap
	l := widget.NewLine(th, d.width)
	done, all := d.progress()
	elapsed := widget.Duration(s.Elapsed(d.s.Now()))
	switch {
	case s.Started.IsZero():
		return l.Put(th.Strong, "Starting"+th.Glyphs.Ellipsis).String()
	case d.over():
		glyph, ink, word := th.Glyphs.Done, th.Good, "done"
		switch s.Outcome {
		case event.Succeeded:
		case event.Stopped:
			glyph, ink, word = th.Glyphs.Skipped, th.Warn, "stopped"
		default:
			glyph, ink, word = th.Glyphs.Failed, th.Bad, strings.ReplaceAll(string(s.Outcome), "_", " ")
		}
		l.Put(ink, glyph).Gap(1).Put(th.Strong, widget.Title(s.Verb)+" "+word)
		return l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d of %d, %s", done, all, elapsed)).String()
	}
	if s.SignIn != nil {
		return d.waitsForSignIn(l, elapsed)
	}
	what := doing(s.Verb) + " " + s.App
	if s.Verb == "rollback" {
		what += " to " + d.revision()[strings.LastIndexByte(d.revision(), ':')+1:]
	}
	l.Put(th.Strong, what)
	count := fmt.Sprintf("%d of %d", done, all)
	bar := min(24, d.width/6)
	l.Gap(2).CellRight(th.Text, count, 2*len(fmt.Sprint(all))+4).Gap(2)
	l.Raw(widget.Bar{Theme: th, Part: float64(done) / float64(max(1, all)), Ink: th.Accent}.Render(bar, 1), bar)
	l.Gap(2).CellRight(th.Text, elapsed, 6)
	if left, late, known := d.left.Left(); known {
		text := "about " + widget.Roughly(left) + " left"
		if late {
			text = "takes longer than usual"
		}
		if l.Left() >= widget.Width(text)+2 {
			l.Gap(2).Put(th.Quiet, text)
		}
	}
	return l.String()
}

// waitsForSignIn says that nothing goes on until somebody has signed in, how, and how long that is waited for.
func (d *Screen) waitsForSignIn(l *widget.Line, elapsed string) string {
	th, wait := d.s.Theme, d.snap.SignIn
	left := widget.Roughly(max(0, wait.Until.Sub(d.s.Now()))) + " left"
	what := "provide new credentials"
	if wait.Command != "" {
		what = wait.Command
	}
	label, rest := "Waits for your sign-in", widget.Width(left)+widget.Width(elapsed)+8
	if widget.Width(label)+widget.Width(what)+rest > l.Left() { // the command must be read in full
		label, elapsed, rest = "Sign in:", "", widget.Width(left)+6
	}
	l.Put(th.Warn, th.Glyphs.Waiting).Gap(1).Put(th.Strong, label).Gap(2)
	l.Cell(th.Title, what, min(widget.Width(what), max(0, l.Left()-rest)))
	return l.Gap(2).Put(th.Warn, left).Gap(2).Put(th.Quiet, elapsed).String()
}

func doing(verb string) string {
	switch verb {
	case "destroy":
		return "Destroying"
	case "rollback":
		return "Rolling back"
	case "restart":
		return "Restarting"
	default:
		return "Deploying"
	}
}

// progress counts the nodes that the plan changes.
func (d *Screen) progress() (done, all int) {
	for i := range d.snap.Nodes {
		n := &d.snap.Nodes[i]
		if n.Action == event.None {
			continue
		}
		all++
		if n.State == view.Done {
			done++
		}
	}
	return done, all
}

func (d *Screen) underWay() string {
	var names []string
	for i := range d.snap.Nodes {
		if n := &d.snap.Nodes[i]; n.State == view.Running || n.State == view.Waiting {
			names = append(names, widget.Title(n.ID))
		}
	}
	if len(names) == 0 {
		return "nothing that is known"
	}
	return strings.Join(names, ", ")
}
