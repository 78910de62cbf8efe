package widget

import (
	"fmt"
	"strings"
	"time"

	"berth/engine/event"
	"berth/engine/view"
	"berth/tui/theme"
)

// Tree is the run as a list of resources under their groups: state, name, what goes on, for how long. What
// does not change is only counted. When the room is short, groups that are through fold to one line, and of
// the others only what is not done has a line.
type Tree struct {
	Theme  *theme.Theme
	Snap   *view.Snapshot
	Now    time.Time // of the engine's clock
	Frame  int       // of the spinner
	Offset int
	Pinned bool            // Offset is the user's; else the tree follows what is at work
	Urgent map[string]bool // ids on the critical path, marked
}

// row is one line of the tree: a group (node < 0), a node, or a task of a node.
type row struct {
	group string
	node  int
	task  int
	fold  bool // the group has this one line only
	hides bool // the group's done nodes are only counted
	last  bool
}

type groupState struct {
	name                        string
	nodes, unchanged, done, bad int
	begun                       bool
	start, end                  time.Time
}

func (g *groupState) through() bool { return g.done == g.nodes && g.bad == 0 }

// Render draws the tree.
func (t Tree) Render(width, height int) string {
	rows, groups := t.rows(height)
	off := t.offset(rows, height)
	return Scroll{Theme: t.Theme, Count: len(rows), Offset: off, Line: func(i, w int) string {
		r := rows[i]
		switch {
		case r.node < 0:
			return t.groupLine(groups[r.group], r, w)
		case r.task >= 0:
			return t.taskLine(&t.Snap.Nodes[r.node].Tasks[r.task], r.last, w)
		default:
			return t.nodeLine(&t.Snap.Nodes[r.node], w)
		}
	}}.Render(width, height)
}

// Rows is how many lines the tree has in a room of that height, and which is the first that it shows.
func (t Tree) Rows(height int) (count, offset int) {
	rows, _ := t.rows(height)
	return len(rows), t.offset(rows, height)
}

func (t Tree) offset(rows []row, height int) int {
	if t.Pinned {
		return ClampOffset(t.Offset, len(rows), height)
	}
	first, last := -1, -1
	for i, r := range rows {
		if r.node >= 0 && t.matters(&t.Snap.Nodes[r.node]) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return ClampOffset(t.Offset, len(rows), height)
	}
	if first > 0 && rows[first-1].node < 0 {
		first-- // its heading comes with it
	}
	off := Follow(t.Offset, first, last, len(rows), height)
	return Follow(off, first, first, len(rows), height)
}

// matters says whether a node is to be kept in view.
func (t Tree) matters(n *view.Node) bool {
	return n.State == view.Running || n.State == view.Waiting || n.State == view.Failed
}

func (t Tree) rows(height int) ([]row, map[string]*groupState) {
	groups := map[string]*groupState{}
	var order []*groupState
	for i := range t.Snap.Nodes {
		n := &t.Snap.Nodes[i]
		g := groups[n.Group]
		if g == nil {
			g = &groupState{name: n.Group}
			groups[n.Group] = g
			order = append(order, g)
		}
		g.count(n)
	}
	total := len(order)
	for i := range t.Snap.Nodes {
		if shown(&t.Snap.Nodes[i]) {
			total += 1 + taskRows(&t.Snap.Nodes[i])
		}
	}
	rows := make([]row, 0, total)
	for _, g := range order {
		short := total > height
		fold := g.nodes == 0 || short && g.through()
		rows = append(rows, row{group: g.name, node: -1, task: -1, fold: fold, hides: short})
		if fold {
			continue
		}
		for i := range t.Snap.Nodes {
			n := &t.Snap.Nodes[i]
			if n.Group != g.name || !shown(n) || short && n.State == view.Done {
				continue
			}
			rows = append(rows, row{node: i, task: -1})
			for k := range taskRows(n) {
				rows = append(rows, row{node: i, task: k, last: k == len(n.Tasks)-1})
			}
		}
	}
	return rows, groups
}

// shown says whether a node has a line of its own: what the plan leaves as it is has not.
func shown(n *view.Node) bool { return n.Action != event.None || n.State == view.Failed }

// taskRows is how many tasks are shown under a node: those of a rollout that goes on or went wrong.
func taskRows(n *view.Node) int {
	if n.State == view.Done {
		return 0
	}
	return len(n.Tasks)
}

func (g *groupState) count(n *view.Node) {
	if !shown(n) {
		g.unchanged++
		return
	}
	g.nodes++
	switch n.State {
	case view.Done:
		g.done++
	case view.Failed, view.Skipped:
		g.bad++
	}
	if !n.Started.IsZero() && (!g.begun || n.Started.Before(g.start)) {
		g.start, g.begun = n.Started, true
	}
	if n.Ended.After(g.end) {
		g.end = n.Ended
	}
}

func (t Tree) groupLine(g *groupState, r row, width int) string {
	th := t.Theme
	l := NewLine(th, width)
	name := Title(g.name)
	if name == "" {
		name = "Steps"
	}
	if !r.fold {
		l.Put(th.Strong, name).Gap(1)
		if g.done > 0 && r.hides {
			l.Gap(1).Put(th.Good, th.Glyphs.Done).Gap(1).Put(th.Quiet, fmt.Sprintf("%d done", g.done))
		}
		if g.unchanged > 0 {
			l.Gap(1).Put(th.Quiet, fmt.Sprintf("%d unchanged", g.unchanged))
		}
		return l.String()
	}
	glyph, ink := th.Glyphs.Done, th.Good
	text := Count(g.nodes, "resource") + " done"
	if g.nodes == 0 {
		glyph, ink, text = th.Glyphs.Skipped, th.Quiet, Count(g.unchanged, "resource")+" unchanged"
	}
	l.Put(ink, glyph).Gap(1).Cell(th.Strong, name, t.nameWidth(width)).Gap(1)
	l.Cell(th.Quiet, text, l.Left()-timeWidth(width)-1)
	if g.begun {
		l.Gap(1).CellRight(th.Quiet, Duration(g.end.Sub(g.start)), elapsedWidth)
	}
	return l.String()
}

const (
	elapsedWidth = 6
	usualWidth   = 7
)

// timeWidth is the room for elapsed and usual time at the right of a line.
func timeWidth(width int) int {
	if width >= 72 {
		return elapsedWidth + 1 + usualWidth
	}
	return elapsedWidth
}

func (t Tree) nameWidth(width int) int { return max(16, min(28, width*3/10)) }

func (t Tree) nodeLine(n *view.Node, width int) string {
	th := t.Theme
	l := NewLine(th, width)
	glyph, ink, name := t.look(n)
	if t.Urgent[n.ID] && !n.State.Ended() {
		l.Put(th.Accent, th.Glyphs.Caret)
	}
	l.To(1).Put(ink, glyph).Gap(1).Cell(name, Title(n.ID), t.nameWidth(width)-1).Gap(1)
	times := timeWidth(width)
	t.text(l, n, l.Left()-times-1)
	l.Gap(1)
	elapsed := ""
	if !n.Started.IsZero() {
		elapsed = Duration(n.Elapsed(t.Now))
	}
	l.CellRight(th.Quiet, elapsed, elapsedWidth)
	if times > elapsedWidth && n.Usually > 0 && !n.State.Ended() {
		l.Gap(1).CellRight(th.Quiet, "~"+Roughly(n.Usually), usualWidth)
	}
	return l.String()
}

// look is how a state is drawn: glyph, its ink, and the ink of the name.
func (t Tree) look(n *view.Node) (glyph string, ink, name theme.Ink) {
	th, g := t.Theme, t.Theme.Glyphs
	switch n.State {
	case view.Running:
		return g.Spinner[t.Frame%len(g.Spinner)], th.Accent, th.Strong
	case view.Waiting:
		return g.Spinner[t.Frame%len(g.Spinner)], th.Quiet, th.Text
	case view.Done:
		return g.Done, th.Good, th.Text
	case view.Failed:
		return g.Failed, th.Alarm, th.Strong
	case view.Skipped:
		return g.Skipped, th.Quiet, th.Quiet
	default:
		return g.Planned, th.Quiet, th.Quiet
	}
}

const barWidth = 12

func (t Tree) text(l *Line, n *view.Node, room int) {
	th := t.Theme
	end := l.used + room
	switch n.State {
	case view.Planned:
		l.Cell(th.Quiet, t.after(n), room)
	case view.Failed:
		l.Cell(th.Bad, n.Text, room)
	case view.Running, view.Waiting:
		if n.Total <= 0 {
			l.Cell(th.Text, n.Text, room)
			return
		}
		amount := Amount(n.Current, n.Total, n.Unit)
		if room > barWidth+Width(amount)+2 {
			part := float64(n.Current) / float64(n.Total)
			l.Raw(Bar{Theme: th, Part: part, Ink: th.Accent}.Render(barWidth, 1), barWidth).Gap(1)
		}
		l.Cell(th.Text, amount+"  "+n.Text, end-l.used)
	default:
		l.Cell(th.Quiet, n.Text, room)
	}
	l.To(end)
}

// after says what a planned node still waits for.
func (t Tree) after(n *view.Node) string {
	var open []string
	for _, id := range n.Needs {
		if need := t.Snap.Node(id); need != nil && !need.State.Ended() {
			open = append(open, Title(id))
		}
	}
	if len(open) == 0 {
		return ""
	}
	return "after " + strings.Join(open, ", ")
}

func (t Tree) taskLine(task *event.Task, last bool, width int) string {
	th, g := t.Theme, t.Theme.Glyphs
	l := NewLine(th, width)
	branch := g.Branch
	if last {
		branch = g.Corner
	}
	age, ink := "old", th.Quiet
	if task.New {
		age, ink = "new", th.Text
	}
	id := task.ID
	if len(id) > 8 {
		id = id[:8]
	}
	l.Gap(2).Put(th.Quiet, branch).Gap(1).Cell(th.Quiet, id, 9).Cell(ink, age, 4).Cell(ink, task.State, 13)
	health := th.Quiet
	switch task.Health {
	case "healthy":
		health = th.Good
	case "unhealthy":
		health = th.Bad
	case "draining":
		health = th.Warn
	}
	l.Cell(health, task.Health, 10)
	return l.Put(th.Bad, task.Reason).String()
}
