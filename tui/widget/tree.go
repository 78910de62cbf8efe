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
// does not change is only counted. When the room is short, more and more is only counted: see detail.
type Tree struct {
	Theme  *theme.Theme
	Snap   *view.Snapshot
	Now    time.Time // of the engine's clock
	Frame  int       // of the spinner
	Offset int
	Pinned bool            // Offset is the user's; else the tree follows what is at work
	Urgent map[string]bool // ids on the critical path, marked
}

// detail is how much of the tree is drawn, from all to the least.
type detail int

const (
	everything   detail = iota
	foldedGroups        // groups that are through have one line
	withoutDone         // of the others, done nodes are counted behind the group's name
	activeGroups        // groups in which nothing goes on have one line
	activeNodes         // of the others only what goes on or went wrong
	activeOnly          // and that without the name of its group
)

// row is one line of the tree: a group (node < 0), a node, or a task of a node.
type row struct {
	group string
	node  int
	task  int
	alone bool // the group has no other line
	last  bool
}

type groupState struct {
	name                                 string
	nodes, unchanged, done, active, open int // open: planned
	shown                                []int
	begun                                bool
	start, end                           time.Time
}

// Render draws the tree.
func (t Tree) Render(width, height int) string {
	rows, groups, level := t.rows(height)
	off := t.offset(rows, height)
	return Scroll{Theme: t.Theme, Count: len(rows), Offset: off, Line: func(i, w int) string {
		r := rows[i]
		switch {
		case r.node < 0:
			return t.groupLine(groups[r.group], r.alone, level, w)
		case r.task >= 0:
			return t.taskLine(&t.Snap.Nodes[r.node].Tasks[r.task], r.last, w)
		default:
			return t.nodeLine(&t.Snap.Nodes[r.node], w)
		}
	}}.Render(width, height)
}

// Rows is how many lines the tree has in a room of that height, and which is the first that it shows.
func (t Tree) Rows(height int) (count, offset int) {
	rows, _, _ := t.rows(height)
	return len(rows), t.offset(rows, height)
}

func (t Tree) offset(rows []row, height int) int {
	if t.Pinned {
		return ClampOffset(t.Offset, len(rows), height)
	}
	first, last := -1, -1
	for i, r := range rows {
		if r.node >= 0 && active(&t.Snap.Nodes[r.node]) {
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

// rows are the lines of the tree in as much detail as the height allows.
func (t Tree) rows(height int) ([]row, map[string]*groupState, detail) {
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
		if shown(n) {
			g.shown = append(g.shown, i)
		}
	}
	level := everything
	rows := t.build(make([]row, 0, len(order)+len(t.Snap.Nodes)), order, level)
	for len(rows) > height && level < activeOnly {
		level++
		rows = t.build(rows[:0], order, level)
	}
	return rows, groups, level
}

// build appends the lines to rows.
func (t Tree) build(rows []row, order []*groupState, level detail) []row {
	for _, g := range order {
		alone := g.nodes == 0 || level >= foldedGroups && g.done == g.nodes || level >= activeGroups && g.active == 0
		if alone || level < activeOnly {
			rows = append(rows, row{group: g.name, node: -1, task: -1, alone: alone})
		}
		if alone {
			continue
		}
		for _, i := range g.shown {
			n := &t.Snap.Nodes[i]
			if level >= withoutDone && n.State == view.Done || level >= activeNodes && !active(n) {
				continue
			}
			rows = append(rows, row{node: i, task: -1})
			for k := range taskRows(n) {
				rows = append(rows, row{node: i, task: k, last: k == len(n.Tasks)-1})
			}
		}
	}
	return rows
}

// active says whether a node is to be kept in view.
func active(n *view.Node) bool {
	return n.State == view.Running || n.State == view.Waiting || n.State == view.Failed
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
	switch {
	case n.State == view.Done:
		g.done++
	case active(n):
		g.active++
	case n.State == view.Planned:
		g.open++
	}
	if !n.Started.IsZero() && (!g.begun || n.Started.Before(g.start)) {
		g.start, g.begun = n.Started, true
	}
	if n.Ended.After(g.end) {
		g.end = n.Ended
	}
}

// groupLine is the line of a group: its name and what of it has no line of its own.
func (t Tree) groupLine(g *groupState, alone bool, level detail, width int) string {
	th := t.Theme
	l := NewLine(th, width)
	name := Title(g.name)
	if name == "" {
		name = "Steps"
	}
	glyph, ink := th.Glyphs.Planned, th.Quiet
	switch {
	case g.nodes == 0:
		glyph = th.Glyphs.Skipped
	case g.done == g.nodes:
		glyph, ink = th.Glyphs.Done, th.Good
	case g.done > 0 && g.active == 0 && g.open == 0:
		glyph = th.Glyphs.Skipped
	}
	var counts []string
	count := func(n int, word string) {
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if alone {
		l.Put(ink, glyph).Gap(1).Cell(th.Strong, name, t.nameWidth(width)).Gap(1)
	} else {
		l.Put(th.Strong, name).Gap(2)
	}
	if alone || level >= withoutDone {
		count(g.done, "done")
	}
	if alone && g.done < g.nodes || level >= activeNodes {
		count(g.open, "to do")
	}
	if alone {
		count(g.nodes-g.done-g.active-g.open, "skipped")
	}
	count(g.unchanged, "unchanged")
	if !alone {
		return l.Put(th.Quiet, strings.Join(counts, ", ")).String()
	}
	l.Cell(th.Quiet, strings.Join(counts, ", "), l.Left()-timeWidth(width)-1)
	if g.begun && g.done == g.nodes {
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
