package form

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/keys"
	"berth/tui/theme"
	"berth/tui/widget"
)

// Option is one of many values to choose from.
type Option struct {
	Value string
	Label string // what it means, such as "Europe (London)"
	Note  string // what to know about it, such as "must be enabled first"
}

// Choice is a long list to choose one value from by typing a part of it. Everything typed goes to the
// search, so there is no mode in which a key means something else.
type Choice struct {
	th     *theme.Theme
	all    []Option
	found  []int
	query  Input
	page   int // rows that move by one page
	cursor int // index into found
	off    int
	state  State
}

// NewChoice makes a list with the cursor at the option whose value is current.
func NewChoice(th *theme.Theme, options []Option, current string) *Choice {
	c := &Choice{th: th, all: options, query: NewInput(""), page: 1}
	c.search()
	for i, o := range options {
		if o.Value == current {
			c.cursor = i
		}
	}
	return c
}

// State says whether the list is still asking.
func (c *Choice) State() State { return c.state }

// Value is the chosen value, once the state is Done.
func (c *Choice) Value() string {
	if c.cursor < len(c.found) {
		return c.all[c.found[c.cursor]].Value
	}
	return ""
}

// Key handles one key.
func (c *Choice) Key(k tea.KeyMsg) {
	if c.state != Asking {
		return
	}
	switch k.Type {
	case tea.KeyEnter:
		if len(c.found) > 0 {
			c.state = Done
		}
	case tea.KeyEsc:
		c.state = Cancelled
	case tea.KeyUp, tea.KeyShiftTab, tea.KeyCtrlP:
		c.move(-1)
	case tea.KeyDown, tea.KeyTab, tea.KeyCtrlN:
		c.move(1)
	case tea.KeyPgUp:
		c.move(-c.page)
	case tea.KeyPgDown:
		c.move(c.page)
	case tea.KeyHome:
		c.move(-len(c.found))
	case tea.KeyEnd:
		c.move(len(c.found))
	default:
		before := c.query.Value()
		if c.query.Key(k); c.query.Value() != before {
			c.search()
		}
	}
}

func (c *Choice) move(by int) {
	c.cursor = max(0, min(len(c.found)-1, c.cursor+by))
}

// search keeps the options that hold every word of the query.
func (c *Choice) search() {
	words := strings.Fields(strings.ToLower(c.query.Value()))
	c.found, c.cursor = c.found[:0], 0
	for i, o := range c.all {
		text := strings.ToLower(o.Value + " " + o.Label)
		holds := true
		for _, w := range words {
			holds = holds && strings.Contains(text, w)
		}
		if holds {
			c.found = append(c.found, i)
		}
	}
}

// Lines is the list in a room: the search line, then the options.
func (c *Choice) Lines(width, height int) []string {
	th := c.th
	query := c.query.Edit(th)
	l := widget.NewLine(th, width).Put(th.Quiet, "search ")
	l.Put(th.Strong, query.Left).Put(th.Accent, th.Glyphs.Caret).Put(th.Strong, query.Right)
	if c.query.Value() == "" {
		l.Put(th.Quiet, "type a part of the name")
	}
	lines := []string{l.String()}
	if len(c.found) == 0 {
		return append(lines, th.Quiet.Paint("  nothing matches"))
	}
	value := 0
	for _, o := range c.all {
		value = max(value, widget.Width(o.Value))
	}
	room := max(1, height-1)
	c.page = keys.Page(room)
	c.off = widget.Follow(c.off, c.cursor, c.cursor, len(c.found), room)
	list := widget.Scroll{Theme: th, Count: len(c.found), Offset: c.off, Line: func(i, w int) string {
		o, l := c.all[c.found[i]], widget.NewLine(th, w)
		if i == c.cursor {
			l.Put(th.Accent, th.Glyphs.Cursor+" ").Cell(th.Strong, o.Value, value)
		} else {
			l.Gap(2).Cell(th.Text, o.Value, value)
		}
		text := l.Gap(2).Put(th.Text, o.Label).Gap(2).Put(th.Quiet, o.Note).String()
		if i == c.cursor {
			return widget.Selected(th, text, w)
		}
		return text
	}}.Render(width, room)
	return append(lines, widget.Lines(list)...)
}
