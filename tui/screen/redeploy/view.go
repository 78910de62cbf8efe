package redeploy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"berth/tui/screen"
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

const labelWidth = 11

// lines is all there is to see, and where in it the selected deployment stands.
func (h *Screen) lines() (lines []string, first, last int) {
	th, w := h.s.Theme, h.width
	if h.status == nil {
		if h.err != nil {
			return widget.Failure{Theme: th, Error: h.err}.Lines(w), 0, 0
		}
		return []string{h.waiting("Asking AWS what runs")}, 0, 0
	}
	lines = []string{h.headline(), ""}
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
	below, first, last := h.deployments()
	return append(lines, below...), len(lines) + first, len(lines) + last
}

func (h *Screen) waiting(text string) string {
	th := h.s.Theme
	g := th.Glyphs.Spinner
	return th.Accent.Paint(g[h.s.Frame%len(g)]) + " " + th.Text.Paint(text+th.Glyphs.Ellipsis)
}

// sign is how the state of the app is drawn and said.
func (h *Screen) sign() (glyph string, ink theme.Ink, word string) {
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
	glyph, ink, word := h.sign()
	l := widget.NewLine(th, h.width).Put(ink, glyph).Gap(1).Put(th.Strong, s.App+" "+word)
	if s.Desired > 0 || s.Running > 0 {
		l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d of %s", s.Running, widget.Count(s.Desired, "instance")))
	}
	if h.scale > 0 {
		l.Gap(1).Put(th.Accent, fmt.Sprintf("%s %d", th.Glyphs.Arrow, h.scale))
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
	service := s.Target
	if n := len(s.Resources); n > 0 {
		service += ", " + widget.Count(n, "resource")
	}
	add("service", service, th.Text)
	text, ink := h.look.say(th, h.seen)
	add("to deploy", text, ink)
	if p := h.look.plan; p != nil {
		add("costs", monthly(p), th.Text)
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

// shown are the deployments that are listed, newest first.
func (h *Screen) shown() []screen.Deployment {
	if h.status == nil {
		return nil
	}
	d := h.status.Deployments
	return d[:min(len(d), deploymentsShown)]
}

// pickedAt is where the selected deployment stands, -1 when there is none.
func (h *Screen) pickedAt() int {
	return slices.IndexFunc(h.shown(), func(d screen.Deployment) bool { return h.picked != "" && d.ID == h.picked })
}

// roomForImages is from which width on the images of deployments are shown.
const roomForImages = 66

// deployments is the list of the newest ones, and the lines of it that the selected one takes.
func (h *Screen) deployments() (lines []string, first, last int) {
	th, w := h.s.Theme, h.width
	shown := h.shown()
	if len(shown) == 0 {
		return nil, 0, 0
	}
	lines = []string{"", th.Strong.Paint("Deployments")}
	runs := slices.IndexFunc(shown, h.runsNow)
	for i, x := range shown {
		glyph, ink := th.Glyphs.Done, th.Good
		switch {
		case bad(x.State):
			glyph, ink = th.Glyphs.Failed, th.Bad
		case x.Finished.IsZero():
			glyph, ink = th.Glyphs.Waiting, th.Accent
		}
		mark, text := " ", th.Text
		if i == h.pickedAt() {
			mark, text = th.Glyphs.Cursor, th.Strong
		}
		l := widget.NewLine(th, w).Put(th.Accent, mark).Gap(1).Put(ink, glyph).Gap(1).Cell(text, number(x.Revision), 5).Gap(1)
		took := ""
		if !x.Finished.IsZero() && !x.Started.IsZero() {
			took = widget.Duration(x.Finished.Sub(x.Started))
		}
		l.Cell(text, h.when(x.Started), 16).CellRight(th.Quiet, took, 8).Gap(2)
		if w >= roomForImages {
			l.Cell(th.Quiet, digest(x.Image), 14)
		}
		says := outcome(x.State)
		if i == runs {
			says = "runs now"
		}
		if x.Reason != "" && i != h.pickedAt() {
			says += ": " + x.Reason
		}
		if i == h.pickedAt() {
			first = len(lines)
		}
		lines = append(lines, l.Put(th.Quiet, says).String())
		if i == h.pickedAt() {
			lines = append(lines, h.about(x, i == runs)...)
			last = len(lines) - 1
		}
	}
	return lines, first, last
}

// about says more of the selected deployment: why it ended so, and what can be done with it.
func (h *Screen) about(x screen.Deployment, runs bool) []string {
	const indent = 10
	th, w := h.s.Theme, h.width
	text := "It runs now."
	if !runs {
		text = h.cannot(x)
	}
	if text == "" {
		text = "b goes back to it."
	}
	if x.Reason != "" {
		text = widget.Sentence(strings.TrimSuffix(x.Reason, ".")) + ". " + text
	}
	var out []string
	for _, l := range widget.Wrap(text, w-indent) {
		out = append(out, widget.NewLine(th, w).Gap(indent).Put(th.Quiet, l).String())
	}
	return out
}

// number is the number of a revision, with a colon, as AWS writes it behind the family.
func number(revision string) string {
	if i := strings.LastIndexByte(revision, ':'); i >= 0 {
		return revision[i:]
	}
	return revision
}

// digest is the beginning of an image's digest, which people compare; of an image without one it is the tag.
func digest(image string) string {
	if _, hex, ok := strings.Cut(image, "sha256:"); ok {
		return hex[:min(len(hex), 12)]
	}
	return image[strings.LastIndexAny(image, "/:")+1:]
}

// outcome is how a deployment ended, in words.
func outcome(state string) string {
	switch state {
	case "rollback_successful":
		return "rolled back"
	case "rollback_failed":
		return "failed, and so did going back"
	default:
		return strings.ReplaceAll(state, "_", " ")
	}
}
