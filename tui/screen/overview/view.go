package overview

import (
	"fmt"
	"strings"
	"time"

	"berth/tui/screen"
	"berth/tui/screen/settings"
	"berth/tui/theme"
	"berth/tui/widget"
)

// View draws the screen.
func (h *Screen) View() string {
	lines, _, _ := h.lines()
	text := widget.Static(h.s.Theme, lines, h.offset, h.width, h.height)
	if h.back == nil {
		return text
	}
	frame := widget.Lines(text)
	for len(frame) < h.height {
		frame = append(frame, "")
	}
	return widget.Join(widget.Over(frame, h.question(), h.width))
}

const (
	labelWidth = 11
	// twoColumns is from which width on load and log stand beside what runs, and gutter what is between them.
	twoColumns = 112
	gutter     = 4
)

// columns are the widths of what runs and of what stands beside it, zero where that comes below.
func (h *Screen) columns() (left, right int) {
	if h.width < twoColumns || !h.runs() {
		return h.width, 0
	}
	right = min((h.width-gutter)*9/20, 96)
	return h.width - gutter - right, right
}

// lines is all there is to see, and where in it the selected deployment stands.
func (h *Screen) lines() (lines []string, first, last int) {
	th := h.s.Theme
	if h.status == nil {
		if h.err != nil {
			return h.s.Card(h.err).Lines(h.width), 0, 0
		}
		return []string{h.waiting("Asking AWS what runs")}, 0, 0
	}
	w, right := h.columns()
	lines = []string{h.headline(w), h.told(w)}
	for _, f := range h.facts() {
		l := widget.NewLine(th, w).Cell(th.Quiet, f.label, labelWidth)
		lines = append(lines, l.URL(f.ink, f.text).String())
	}
	if right == 0 && h.runs() {
		lines = append(append(lines, ""), h.loadLines(w)...)
	}
	below, first, last := h.deployments(w)
	first, last = len(lines)+first, len(lines)+last
	lines = append(lines, below...)
	if !h.runs() {
		return lines, first, last
	}
	if right == 0 {
		return append(append(lines, ""), h.logLines(w, logBelow)...), first, last
	}
	side := append(h.loadLines(right), "")
	side = append(side, h.logLines(right, max(logBelow, max(h.height, len(lines))-len(side)))...)
	return widget.Lines(widget.Beside(widget.Join(lines), widget.Join(side), w, gutter)), first, last
}

// told is the answer to the last key, else why nothing new is known, in the line below the headline: nothing moves
// when it comes and goes.
func (h *Screen) told(w int) string {
	text := h.message
	if text == "" && h.err != nil {
		text = "not refreshed: " + h.err.Cause
	}
	return widget.NewLine(h.s.Theme, w).Put(h.s.Theme.Warn, text).String()
}

func (h *Screen) waiting(text string) string {
	th := h.s.Theme
	g := th.Glyphs.Spinner
	return th.Accent.Paint(g[h.s.Frame%len(g)]) + " " + th.Text.Paint(text+th.Glyphs.Ellipsis)
}

func (h *Screen) headline(w int) string {
	th, s := h.s.Theme, h.status
	glyph, ink, word := screen.Sign(th, s.State)
	failed := s.LastFailed() != nil
	if failed && ink != th.Bad {
		glyph, ink = th.Glyphs.Update, th.Warn
	}
	fewer := s.State == "degraded" && s.Running < s.Desired
	if fewer {
		word = fmt.Sprintf("runs %d of the %s wanted", s.Running, widget.Count(s.Desired, "instance"))
	}
	l := widget.NewLine(th, w).Put(ink, glyph).Gap(1).Put(th.Strong, s.App+" "+word)
	if failed {
		l.Put(th.Bad, ", the last deployment failed")
	}
	if !fewer && (s.Desired > 0 || s.Running > 0) {
		l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d of %s", s.Running, widget.Count(s.Desired, "instance")))
	}
	switch {
	case h.scale > 0:
		l.Gap(1).Put(th.Accent, fmt.Sprintf("%s %d", th.Glyphs.Arrow, h.scale))
	case s.Unhealthy > 0:
		l.Put(th.Warn, fmt.Sprintf(", %d not healthy", s.Unhealthy))
	case s.Healthy > 0:
		l.Put(th.Quiet, fmt.Sprintf(", %d healthy", s.Healthy))
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
	if b := h.busy; b != nil && b.Alive(h.seen) {
		add("at work", fmt.Sprintf("a %s by %s, since %s", b.Verb, b.Who(), h.when(b.Started)), th.Accent)
	} else if b != nil {
		add("at work", fmt.Sprintf("the %s by %s ended before it was finished", b.Verb, b.Who()), th.Warn)
	}
	if s.Paused() != "" {
		add("paused", "it still costs "+widget.USD(s.MonthlyUSD)+" a month: + and enter resume it", th.Warn)
	}
	add("address", s.Endpoint, th.Title)
	if s.NoHTTP {
		add("address", "none: it answers no HTTP", th.Quiet)
	}
	if s.Ended != nil {
		add("ended", "a task "+s.Ended.SaysEnd(h.seen, widget.Ago), th.Warn)
	}
	h.doorFacts(add)
	w, _ := h.columns()
	// pair is two things in one line where there is room, else in a line each; rest is what joins the second then.
	pair := func(label, text, label2, text2, rest string) {
		if joined := text + ", " + text2 + rest; text != "" && text2 != "" && labelWidth+widget.Width(joined) <= w {
			text, text2 = joined, ""
		}
		add(label, text, th.Text)
		add(label2, text2, th.Text)
	}
	pair("revision", s.Revision, "made", made(s.Commit, s.By), "")
	if at := s.Since; !at.IsZero() {
		add("since", fmt.Sprintf("%s, %s", h.when(at), widget.Ago(h.seen.Sub(at))), th.Text)
	}
	add("image", shortImage(s.Image), th.Text)
	h.processFacts(add)
	service := s.Target
	if n := len(s.Resources); n > 0 {
		service += ", " + widget.Count(n, "resource")
	}
	add("service", service, th.Text)
	add("not saved", unsaved(h.s.Unsaved()), th.Warn)
	text, ink := h.look.say(th, h.seen)
	add("to deploy", text, ink)
	if s.MonthlyUSD > 0 {
		pair("costs", monthly(s.Sum), "so far", soFar(s.Sum, s.Created, h.seen), " so far")
	}
	if n := len(s.Denied); n > 0 {
		add("not seen", "no permission for "+strings.Join(s.Denied, ", "), th.Warn)
	}
	return out
}

// doorFacts are those of the certificate, the names, and the records that are waited for.
func (h *Screen) doorFacts(add func(label, text string, ink theme.Ink)) {
	th, s := h.s.Theme, h.status
	if c := s.Certificate; c != nil {
		text, wrong := c.Says(h.seen)
		ink := th.Text
		if wrong {
			ink = th.Warn
		}
		add("https", "certificate "+text, ink)
	}
	if wrong := s.Misled(); len(wrong) > 0 && s.Waiting == nil { // else that says it
		add("dns", strings.Join(wrong, "; "), th.Warn)
	} else if n := len(s.Names); n > 0 && len(wrong) == 0 {
		text := s.Names[0].Says()
		if n > 1 {
			text = fmt.Sprintf("%s and %d more point to the app", s.Names[0].Name, n-1)
		}
		add("dns", text, th.Text)
	}
	if s.Waiting != nil {
		text := "for " + s.Waiting.For
		if n := len(s.Waiting.Left()); n > 0 {
			text += " (" + widget.Count(n, "record") + " to set: berth status shows them)"
		}
		add("waits", text, th.Warn)
	}
}

// processFacts are those of the processes beside the app, and of the alarms.
func (h *Screen) processFacts(add func(label, text string, ink theme.Ink)) {
	th, s := h.s.Theme, h.status
	for _, p := range s.Processes {
		ink := th.Text
		if p.State == "degraded" {
			ink = th.Warn
		}
		add(p.Name, p.Says(h.seen, widget.Ago), ink)
	}
	for i, l := range s.Alarms.Lines(h.seen, widget.Ago) {
		label, ink := "", th.Text
		if i == 0 {
			label = "alarms"
		}
		if l.Wrong {
			ink = th.Warn
		}
		add(label, l.Text, ink)
	}
}

// unsaved says which answers nobody has agreed to yet, empty when there is none.
func unsaved(all []string) string {
	if len(all) == 0 {
		return ""
	}
	names := make([]string, len(all))
	for i, key := range all {
		names[i] = settings.Label(key)
	}
	return strings.Join(names, ", ") + ": r shows what would change, u drops it"
}

// made says by whom something is and of which commit, as far as that is known.
func made(commit, by string) string {
	switch {
	case by == "" && commit == "":
		return ""
	case by == "":
		return "from commit " + commit
	case commit == "":
		return "by " + by
	}
	return "by " + by + " from commit " + commit
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
