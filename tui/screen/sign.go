package screen

import "berth/tui/theme"

// Sign is how the state of an app (as in a Status) is drawn, and said after its name.
func Sign(th *theme.Theme, state string) (glyph string, ink theme.Ink, word string) {
	g := th.Glyphs
	switch state {
	case "running":
		return g.Done, th.Good, "runs"
	case "deploying":
		return g.Waiting, th.Accent, "is being deployed"
	case "degraded":
		return g.Update, th.Warn, "runs with fewer tasks than wanted"
	case "stopped":
		return g.Skipped, th.Quiet, "is paused"
	case "partial":
		return g.Update, th.Warn, "is partly deployed: continue, or destroy it"
	case "absent":
		return g.Planned, th.Quiet, "is not deployed"
	default:
		return g.Planned, th.Quiet, state
	}
}
