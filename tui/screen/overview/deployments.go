package overview

import (
	"slices"
	"strings"

	"berth/tui/screen"
	"berth/tui/widget"
)

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

// roomForImages is from which width on the commits of deployments, or else their images, are shown.
const roomForImages = 66

// deployments is the list of the newest ones, and the lines of it that the selected one takes.
func (h *Screen) deployments(w int) (lines []string, first, last int) {
	th := h.s.Theme
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
			version := x.Commit
			if version == "" {
				version = digest(x.Image)
			}
			l.Cell(th.Quiet, version, 14)
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
		row := l.Put(th.Quiet, says).String()
		if i == h.pickedAt() {
			row = widget.Selected(th, row, w)
		}
		lines = append(lines, row)
		if i == h.pickedAt() {
			lines = append(lines, h.about(x, i == runs, w)...)
			last = len(lines) - 1
		}
	}
	return lines, first, last
}

// about says more of the selected deployment: why it ended so, and what can be done with it.
func (h *Screen) about(x screen.Deployment, runs bool, w int) []string {
	const indent = 10
	th := h.s.Theme
	text := "It runs now."
	if !runs {
		text = h.cannot(x)
	}
	if text == "" {
		text = "b rolls back to it."
	}
	if x.Reason != "" {
		text = widget.Sentence(strings.TrimSuffix(x.Reason, ".")) + ". " + text
	}
	if who := made(x.Commit, x.By); who != "" {
		text = "Made " + who + ". " + text
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
		return "failed, and so did the rollback"
	default:
		return strings.ReplaceAll(state, "_", " ")
	}
}
