package deploy

import (
	"fmt"

	"berth/tui/widget"
)

// banner is what stands above everything else: whose run this is, what a stop means for AWS while one is under
// way, that the app is live already, and where no log is shown the newest of what matters.
func (d *Screen) banner() []string {
	if d.over() {
		return nil
	}
	lines := append(d.watching(), d.stopping()...)
	if d.stops == 0 && d.snap.Endpoint != "" {
		lines = append(lines, d.live())
	}
	if n := len(d.snap.Notices); n > 0 && !d.wide() && d.height-2-len(lines) < roomForLog {
		lines = append(lines, d.notices(d.width, 1)...)
	}
	return lines
}

// watching says that the run is another terminal's.
func (d *Screen) watching() []string {
	w := d.s.Watching()
	if w == nil {
		return nil
	}
	text := fmt.Sprintf("Watching the %s in another terminal (process %d). Ctrl-C leaves; the run continues.", w.What, w.PID)
	if widget.Width(text) > d.width {
		text = fmt.Sprintf("Watching process %d. Ctrl-C stops watching; it continues.", w.PID)
	}
	if d.snap.Stopping != "" {
		text = fmt.Sprintf("The %s is being stopped in its own terminal (process %d).", w.What, w.PID)
	}
	return widget.Paragraph(d.s.Theme.Quiet, text, d.width)
}

func (d *Screen) stopping() []string {
	var text string
	switch {
	case d.stops == 0:
		return nil
	case d.stops == 1 && d.snap.Stopping != "":
		text = d.snap.Stopping + ". Ctrl-C again cancels the calls in progress."
	case d.stops == 1:
		text = "Stopping: calls in progress finish, nothing new starts. Ctrl-C again cancels the calls in progress."
	default:
		text = "Cancelled: no more calls are made. AWS continues with what it was asked for: " + d.underWay() +
			". Start berth again to continue from there. Ctrl-C once more leaves now."
	}
	return widget.Paragraph(d.s.Theme.Warn, text, d.width)
}

func (d *Screen) live() string {
	th := d.s.Theme
	l := widget.NewLine(th, d.width).Put(th.Good, th.Glyphs.Done+" Live").Gap(2).URL(th.Title, d.snap.Endpoint)
	return l.Gap(2).Put(th.Quiet, "what is left goes on quietly").String()
}

// notices are the log lines that matter, at most as many as there is room for.
func (d *Screen) notices(width, room int) []string {
	th := d.s.Theme
	var lines []string
	for _, n := range d.snap.Noticed(room) {
		l := widget.NewLine(th, width).Put(th.Warn, th.Glyphs.Update).Gap(1)
		lines = append(lines, l.Put(th.Strong, widget.Clean(n.Text)).String())
	}
	return lines
}
