// Package apps is the screen of all apps of the account: what runs of each, where it answers and what it costs.
package apps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare/price"
	"berth/engine"
	"berth/engine/fail"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Place leads to the apps of the account.
type Place struct{}

// Name names the screen.
func (Place) Name() screen.Name { return "apps" }

// lister is what the screen needs of the engine.
type lister interface {
	Apps(ctx context.Context, r engine.AppsRequest) (*engine.Apps, error)
}

var _ lister = (*engine.Engine)(nil)

// Screen is the screen of all apps.
type Screen struct {
	s             *screen.Session
	width, height int

	visit  screen.Work // no call goes on for a screen that is not shown
	asking bool
	every  bool // all regions are looked at
	apps   *engine.Apps
	err    *fail.Error

	cursor, offset int
	note           string // what came of a key
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type (
	appsMsg struct {
		apps *engine.Apps
		err  error
	}
	openedMsg struct{ err error }
)

// Title is what the screen is called.
func (*Screen) Title() string { return "Apps" }

// About says what the screen is for.
func (*Screen) About() string {
	return "Every app and environment that berth has deployed in this account, from any folder. It changes nothing."
}

// Entry is the key of the overview that opens it.
func (a *Screen) Entry() (from screen.Name, key keys.Key) {
	return screen.Overview{}.Name(), keys.Act("berth apps", "a", "all apps", func() { a.s.Go(Place{}) }).
		Say("all apps of the account, with their state and cost")
}

// Enter asks AWS for the apps.
func (a *Screen) Enter(screen.Place) tea.Cmd {
	a.Leave()
	a.visit.Begin(a.s.Ctx)
	a.note = ""
	return a.ask()
}

// Leave gives up what is asked.
func (a *Screen) Leave() {
	a.asking = false
	a.visit.End()
}

func (a *Screen) ask() tea.Cmd {
	if a.asking {
		return nil
	}
	a.asking = true
	e, r := screen.As[lister](a.s.Engine), engine.AppsRequest{Region: a.s.Spec().Region, AllRegions: a.every}
	return a.visit.Do(func(ctx context.Context) tea.Msg {
		apps, err := e.Apps(ctx, r)
		return appsMsg{apps, err}
	})
}

// widen looks at all regions, or at one again.
func (a *Screen) widen() tea.Cmd {
	a.every = !a.every
	a.visit.Begin(a.s.Ctx)
	a.asking = false
	return a.ask()
}

// Update handles a message.
func (a *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case appsMsg:
		a.asking = false
		if msg.err != nil {
			a.err = fail.From(msg.err) // what was known stays on the screen
			return nil
		}
		a.take(msg.apps)
	case openedMsg:
		if a.note = "It opens in the browser."; msg.err != nil {
			a.note = "No browser could be opened: " + msg.err.Error()
		}
	case tea.KeyMsg:
		a.note = ""
		cmd, _ := keys.Press(a.Keys(), msg)
		return cmd
	}
	return nil
}

// take shows newer apps; the cursor stays with its app.
func (a *Screen) take(apps *engine.Apps) {
	old := a.selected()
	a.apps, a.err = apps, nil
	if i := slices.IndexFunc(apps.Apps, func(x engine.App) bool { return old != nil && same(x, *old) }); i >= 0 {
		a.cursor = i
	}
	a.move(0)
}

// same says that two are one app in one environment of one region.
func same(a, b engine.App) bool { return a.App == b.App && a.Env == b.Env && a.Region == b.Region }

// selected is the app with the cursor, nil when there is none.
func (a *Screen) selected() *engine.App {
	if a.apps == nil || a.cursor >= len(a.apps.Apps) {
		return nil
	}
	return &a.apps.Apps[a.cursor]
}

func (a *Screen) move(by int) {
	n := 0
	if a.apps != nil {
		n = len(a.apps.Apps)
	}
	a.cursor = max(0, min(n-1, a.cursor+by))
}

// open opens the selected address in the browser.
func (a *Screen) open() tea.Cmd {
	url, browse := a.selected().Endpoint, a.s.Browse
	return a.visit.Do(func(context.Context) tea.Msg { return openedMsg{browse(url)} })
}

func (a *Screen) copy() {
	a.s.Copy(a.selected().Endpoint)
	a.note = "The address is on the clipboard, if the terminal allows that."
}

// SetSize gives the screen its room.
func (a *Screen) SetSize(w, h int) { a.width, a.height = w, h }

// Busy says that AWS is asked.
func (a *Screen) Busy() bool { return a.asking }

// Keys are the keys of this moment.
func (a *Screen) Keys() []keys.Key {
	const verb = "berth apps"
	x := a.selected()
	address := x != nil && x.Endpoint != ""
	all := keys.Moves("select", a.move, a.rows())
	return append(all,
		keys.Act("berth open", "o", "open", a.open).Say("open the selected address in the browser").
			When(address && a.s.Browse != nil && a.s.Engine.Simulated() == ""),
		keys.Act(verb, "y", "copy address", a.copy).Say("copy the selected address").When(address && a.s.Copy != nil),
		keys.Act(verb, "w", map[bool]string{false: "all regions", true: "one region"}[a.every], a.widen).
			Say("look in every region of the account, or only in this one"),
		keys.Act(verb, "R", "refresh", a.ask, "R", "ctrl+r").Say("ask AWS now"),
		keys.Way("esc", "back", a.s.Back, "esc", "q", "a"),
	)
}

// View draws the screen.
func (a *Screen) View() string {
	th := a.s.Theme
	if a.apps == nil {
		if a.err != nil {
			return a.s.Card(a.err).Render(a.width, a.height)
		}
		return a.headline()
	}
	lines := []string{a.headline(), ""}
	lines = append(lines, a.list()...)
	lines = append(lines, a.below()...)
	return widget.Static(th, lines, 0, a.width, a.height)
}

// headline says how much there is and what it costs together, or what is waited for.
func (a *Screen) headline() string {
	th := a.s.Theme
	l := widget.NewLine(th, a.width)
	switch {
	case a.asking:
		spin, where := th.Glyphs.Spinner, "this region"
		if a.every {
			where = "all regions"
		}
		return l.Put(th.Accent, spin[a.s.Frame%len(spin)]).Gap(1).Put(th.Text, "Asking AWS what runs in "+where+th.Glyphs.Ellipsis).String()
	case a.err != nil:
		return l.Put(th.Warn, "not refreshed: "+a.err.Cause).String()
	}
	where := a.apps.Regions[0]
	if n := len(a.apps.Regions); n > 1 {
		where = widget.Count(n, "region")
	}
	l.Put(th.Strong, widget.Count(len(a.apps.Apps), "app")).Put(th.Quiet, " in "+where)
	if len(a.apps.Apps) > 0 {
		l.Gap(2).Put(th.Strong, a.total()).Put(th.Quiet, " a month in total")
		if dated := price.Dated(a.apps.PricesAsOf, false); widget.Width(dated)+2 <= l.Left() {
			l.Gap(2).Put(th.Quiet, dated)
		}
	}
	return l.String()
}

// total is what all apps cost a month; "at least" where a part has no price.
func (a *Screen) total() string {
	if slices.ContainsFunc(a.apps.Apps, func(x engine.App) bool { return x.Unpriced }) {
		return "at least " + widget.Range(a.apps.MonthlyUSD, a.apps.MostUSD)
	}
	return widget.Range(a.apps.MonthlyUSD, a.apps.MostUSD)
}

// The widths of the columns after the name.
const (
	regionWidth = 15
	tasksWidth  = 8
	costWidth   = 12
)

// rows is the lines for the list: what is told of the selected app stands below it.
func (a *Screen) rows() int { return max(3, a.height-2-len(a.below())) }

func (a *Screen) list() []string {
	th, apps := a.s.Theme, a.apps.Apps
	if len(apps) == 0 {
		text := "berth has not deployed any app here."
		if !a.every {
			text += " w looks in all regions."
		}
		return widget.Paragraph(th.Quiet, text, a.width)
	}
	h := min(len(apps), a.rows())
	a.offset = widget.Follow(a.offset, a.cursor, a.cursor, len(apps), h)
	return widget.Lines(widget.Scroll{Theme: th, Count: len(apps), Offset: a.offset, Line: a.row}.Render(a.width, h))
}

func (a *Screen) row(i, w int) string {
	th, x := a.s.Theme, a.apps.Apps[i]
	l := widget.NewLine(th, w)
	ink := th.Text
	if i == a.cursor {
		ink = th.Title
		l.Put(th.Accent, th.Glyphs.Cursor)
	}
	glyph, sign, _ := screen.Sign(th, x.State)
	l.To(2).Put(sign, glyph).Gap(1)
	region := 0 // where all are in one, the headline says it
	if len(a.apps.Regions) > 1 {
		region = regionWidth
	}
	l.Cell(ink, x.App+" ("+x.Env+")", max(8, w-4-region-tasksWidth-costWidth-2)).Gap(1).Cell(th.Quiet, x.Region, region)
	l.Cell(th.Text, fmt.Sprintf("%d of %d", x.Running, x.Desired), tasksWidth).CellRight(ink, widget.USD(x.MonthlyUSD), costWidth)
	if i == a.cursor {
		return widget.Selected(th, l.String(), w)
	}
	return l.String()
}

// below is what is told of the selected app, and what could not be looked at. Its height is the same for every app.
func (a *Screen) below() []string {
	if a.apps == nil {
		return nil
	}
	th := a.s.Theme
	var lines []string
	if x := a.selected(); x != nil {
		_, _, word := screen.Sign(th, x.State)
		address := x.Endpoint
		if address == "" {
			address = "no address"
		}
		lines = append(lines, "",
			widget.NewLine(th, a.width).Gap(2).Put(th.Strong, x.App).Put(th.Text, " "+word).Gap(2).Put(th.Quiet, a.cost(x)).String(),
			widget.NewLine(th, a.width).Gap(2).URL(th.Text, address).String(),
			widget.NewLine(th, a.width).Gap(2).Put(th.Quiet, a.note).String())
	}
	if len(a.apps.Blind) == 0 {
		return lines
	}
	lines = append(lines, "", widget.NewLine(th, a.width).Put(th.Warn, "could not look at").String())
	return append(lines, widget.Paragraph(th.Quiet, strings.Join(a.apps.Blind, "; "), a.width)...)
}

// cost says what an app costs: in any case, and with as many tasks as the scaling may start.
func (a *Screen) cost(x *engine.App) string {
	text := widget.USD(x.AlwaysUSD) + " a month in any case"
	if x.MostUSD > x.MonthlyUSD {
		text += ", at most " + widget.USD(x.MostUSD)
	}
	if x.Unpriced {
		text += ", a part has no price"
	}
	return text
}
