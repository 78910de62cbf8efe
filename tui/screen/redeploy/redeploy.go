// Package redeploy is the screen to come back to once an app is deployed: what runs and since when, the
// newest deployments, and the keys for everything that can be done with it.
package redeploy

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// How often the screen asks AWS again while nothing is pressed: soon while something changes, else seldom,
// because a look at everything that berth made takes some dozen calls.
const (
	refreshSoon = 10 * time.Second
	refreshIdle = 30 * time.Second
)

// Screen is the redeploy screen.
type Screen struct {
	s             *screen.Session
	width, height int

	gen     int // of the visit: what an earlier visit asked for is dropped
	asking  bool
	status  *screen.Status
	seen    time.Time // engine time of the status
	err     *fail.Error
	offset  int
	message string
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type statusMsg struct {
	gen    int
	status *screen.Status
	err    error
}

type refreshMsg struct{ gen int }

// Enter shows what is known and asks again.
func (h *Screen) Enter() tea.Cmd {
	h.gen++
	h.s.Destroying, h.message = false, ""
	if h.s.Status != nil && h.status != h.s.Status {
		h.status, h.seen, h.err = h.s.Status, h.s.Engine.Now(), nil
		return h.later()
	}
	return h.ask()
}

// Leave ends the refreshing: nothing is asked for a screen that is not shown.
func (h *Screen) Leave() { h.gen++ }

func (h *Screen) ask() tea.Cmd {
	h.asking = true
	gen, s, app := h.gen, h.s, h.s.Spec().Clone()
	return s.Do(func(ctx context.Context) tea.Msg {
		st, err := s.Engine.Status(ctx, app)
		return statusMsg{gen: gen, status: st, err: err}
	})
}

func (h *Screen) later() tea.Cmd {
	gen, wait := h.gen, refreshIdle
	if h.status != nil && (h.status.State == "deploying" || h.status.State == "degraded") {
		wait = refreshSoon
	}
	return tea.Tick(wait, func(time.Time) tea.Msg { return refreshMsg{gen: gen} })
}

// Update handles a message.
func (h *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case statusMsg:
		if msg.gen != h.gen {
			return nil
		}
		h.onStatus(msg)
		return h.later()
	case refreshMsg:
		if msg.gen == h.gen && !h.asking {
			return h.ask()
		}
	case tea.KeyMsg:
		return h.onKey(msg)
	}
	return nil
}

func (h *Screen) onStatus(m statusMsg) {
	h.asking = false
	if m.err != nil {
		h.err = fail.From(m.err) // what was known stays on the screen
		return
	}
	h.err, h.status, h.s.Status, h.seen = nil, m.status, m.status, h.s.Engine.Now()
}

func (h *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	switch k.String() {
	case "r", "enter":
		h.s.Destroying = false
		h.s.Go(screen.Review)
	case "s":
		h.s.Go(screen.Settings)
	case "n":
		h.s.Go(screen.Needs)
	case "d":
		if h.status != nil && h.status.State == "absent" {
			h.message = "There is nothing to destroy."
			return nil
		}
		h.s.Destroying = true
		h.s.Go(screen.Review)
	case "R", "ctrl+r":
		if !h.asking {
			h.gen++
			return h.ask()
		}
	case "q":
		h.s.Quit()
	case "esc":
		h.s.Back()
	case "up", "k":
		h.scroll(-1)
	case "down", "j":
		h.scroll(1)
	case "pgup":
		h.scroll(-h.height / 2)
	case "pgdown", " ":
		h.scroll(h.height / 2)
	}
	return nil
}

func (h *Screen) scroll(by int) {
	h.offset = widget.ClampOffset(h.offset+by, len(h.lines()), h.height)
}

// SetSize gives the screen its room.
func (h *Screen) SetSize(w, ht int) {
	h.width, h.height = w, ht
	h.scroll(0)
}

// Busy says that the spinner turns, which it does only before anything is known.
func (h *Screen) Busy() bool { return h.asking && h.status == nil }

// Keys are the keys of this moment.
func (h *Screen) Keys() []widget.Key {
	redeploy := widget.Key{Name: "r", Does: "redeploy", Long: "build, and see what would change before anything does"}
	if h.status != nil && (h.status.State == "partial" || h.status.State == "absent") {
		redeploy.Does = "continue"
		if h.status.State == "absent" {
			redeploy.Does = "deploy"
		}
	}
	return []widget.Key{
		redeploy,
		{Name: "s", Does: "settings", Long: "change the settings, then see what would change"},
		{Name: "n", Does: "needs", Long: "answer again what the app needs, and compare the services"},
		{Name: "d", Does: "destroy", Long: "see what would be removed; asks for the app's name"},
		{Name: "R", Does: "refresh", Long: "ask AWS now; it is asked every half a minute anyway"},
		{Name: "q", Does: "leave"},
	}
}

// View draws the screen.
func (h *Screen) View() string {
	return widget.Static(h.s.Theme, h.lines(), h.offset, h.width, h.height)
}

const labelWidth = 11

func (h *Screen) lines() []string {
	th, w := h.s.Theme, h.width
	if h.status == nil {
		if h.err != nil {
			return widget.Failure{Theme: th, Error: h.err}.Lines(w)
		}
		g := th.Glyphs.Spinner
		return []string{th.Accent.Paint(g[h.s.Frame%len(g)]) + " " + th.Text.Paint("Asking AWS what runs"+th.Glyphs.Ellipsis)}
	}
	lines := []string{h.headline(), ""}
	for _, f := range h.facts() {
		l := widget.NewLine(th, w).Cell(th.Quiet, f.label, labelWidth)
		lines = append(lines, l.URL(f.ink, f.text).String())
	}
	if h.err != nil {
		l := widget.NewLine(th, w).Put(th.Warn, "not refreshed: "+h.err.Cause)
		lines = append(lines, "", l.String())
	}
	if h.message != "" {
		lines = append(lines, "", th.Warn.Paint(h.message))
	}
	lines = append(lines, h.deployments()...)
	return lines
}

// look is how the state of the app is drawn and said.
func (h *Screen) look() (glyph string, ink theme.Ink, word string) {
	th, g, s := h.s.Theme, h.s.Theme.Glyphs, h.status
	switch s.State {
	case "running":
		return g.Done, th.Good, "runs"
	case "deploying":
		return g.Waiting, th.Accent, "is being deployed"
	case "degraded":
		return g.Update, th.Warn, "runs with fewer instances than wanted"
	case "stopped":
		return g.Skipped, th.Quiet, "is stopped"
	case "partial":
		return g.Update, th.Warn, "is deployed in part: continue, or destroy it"
	case "absent":
		return g.Planned, th.Quiet, "is not deployed"
	default:
		return g.Planned, th.Quiet, s.State
	}
}

func (h *Screen) headline() string {
	th, s := h.s.Theme, h.status
	glyph, ink, word := h.look()
	l := widget.NewLine(th, h.width).Put(ink, glyph).Gap(1).Put(th.Strong, s.App+" "+word)
	if s.Desired > 0 || s.Running > 0 {
		l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d of %s", s.Running, widget.Count(s.Desired, "instance")))
	}
	return l.String()
}

type fact struct {
	label, text string
	ink         theme.Ink
}

func (h *Screen) facts() []fact {
	th, s := h.s.Theme, h.status
	var out []fact
	add := func(label, text string, ink theme.Ink) {
		if text != "" {
			out = append(out, fact{label, text, ink})
		}
	}
	add("address", s.Endpoint, th.Title)
	add("revision", s.Revision, th.Text)
	if at := h.since(); !at.IsZero() {
		add("since", fmt.Sprintf("%s, %s", h.when(at), widget.Ago(h.seen.Sub(at))), th.Text)
	}
	add("image", shortImage(s.Image), th.Text)
	add("service", s.Target, th.Text)
	if n := len(s.Resources); n > 0 {
		add("made of", widget.Count(n, "resource"), th.Text)
	}
	return out
}

// since is when the newest deployment that went well started to be the one that runs.
func (h *Screen) since() time.Time {
	for _, d := range h.status.Deployments {
		if !d.Finished.IsZero() && !bad(d.State) {
			return d.Finished
		}
	}
	return time.Time{}
}

func (h *Screen) when(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func bad(state string) bool {
	return strings.Contains(state, "fail") || strings.Contains(state, "roll") || strings.Contains(state, "stop")
}

// shortImage leaves the registry out and cuts the digest to what people compare.
func shortImage(image string) string {
	name, digest, ok := strings.Cut(image, "@sha256:")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if ok && len(digest) > 12 {
		return name + "@" + digest[:12]
	}
	return name
}

const deploymentsShown = 10

func (h *Screen) deployments() []string {
	th, w := h.s.Theme, h.width
	d := h.status.Deployments
	if len(d) == 0 {
		return nil
	}
	lines := []string{"", th.Strong.Paint("Deployments")}
	for _, x := range d[:min(len(d), deploymentsShown)] {
		glyph, ink := th.Glyphs.Done, th.Good
		switch {
		case bad(x.State):
			glyph, ink = th.Glyphs.Failed, th.Bad
		case x.Finished.IsZero():
			glyph, ink = th.Glyphs.Waiting, th.Accent
		}
		l := widget.NewLine(th, w).Put(ink, glyph).Gap(1).Cell(th.Text, h.when(x.Started), 18)
		took := ""
		if !x.Finished.IsZero() && !x.Started.IsZero() {
			took = widget.Duration(x.Finished.Sub(x.Started))
		}
		l.CellRight(th.Quiet, took, 6).Gap(2)
		rev := x.Revision
		l.Cell(th.Text, rev[strings.LastIndexByte(rev, '/')+1:], max(14, w*3/10)).Gap(1)
		text := strings.ReplaceAll(x.State, "_", " ")
		if x.Reason != "" {
			text += ": " + x.Reason
		}
		lines = append(lines, l.Put(th.Quiet, text).String())
	}
	return lines
}
