package overview

import (
	"fmt"
	"math"
	"time"

	"berth/tui/theme"
	"berth/tui/widget"
)

// gauge is one line of the load: a series, how its numbers are written, and what a full column stands for.
type gauge struct {
	label  string
	values []float64
	say    func(float64) string
	full   float64 // zero: the largest value
	ink    theme.Ink
}

// loadLines show how busy the app was lately.
func (h *Screen) loadLines(w int) []string {
	th, m := h.s.Theme, h.load
	title := widget.NewLine(th, w).Put(th.Strong, "Load")
	switch {
	case h.loadErr != nil && m == nil:
		return []string{title.String(), widget.NewLine(th, w).Put(th.Warn, "not known: "+h.loadErr.Cause).String()}
	case m == nil:
		return []string{title.String(), widget.NewLine(th, w).Put(th.Quiet, "asking"+th.Glyphs.Ellipsis).String()}
	}
	span := m.Step * time.Duration(len(m.CPU))
	title.Gap(2).Put(th.Quiet, "the last "+hours(span))
	if h.loadErr != nil {
		title.Gap(2).Put(th.Warn, "not refreshed: "+h.loadErr.Cause)
	}
	percent := func(v float64) string { return fmt.Sprintf("%.0f%%", v) }
	perMinute := func(v float64) string { return fmt.Sprintf("%.3g/min", v) }
	gauges := []gauge{
		{"CPU", m.CPU, percent, 100, th.Accent},
		{"memory", m.Memory, percent, 100, th.Accent},
		{"requests", m.Requests, perMinute, 0, th.Accent},
		{"errors", m.Errors, perMinute, 0, th.Bad},
		{"answers in", m.Latency, seconds, 0, th.Accent},
	}
	lines := []string{title.String()}
	if h.status.NoHTTP {
		gauges = gauges[:2] // nobody sends requests
	}
	for _, g := range gauges {
		lines = append(lines, h.gauge(g, w))
	}
	return lines
}

// gauge is its newest number, its course, and its largest number.
func (h *Screen) gauge(g gauge, w int) string {
	const number, roomForMost = 9, 56
	th := h.s.Theme
	now, top := math.NaN(), math.NaN()
	for _, v := range g.values {
		if !math.IsNaN(v) {
			now = v
			if math.IsNaN(top) || v > top {
				top = v
			}
		}
	}
	l := widget.NewLine(th, w).Cell(th.Quiet, g.label, labelWidth)
	if math.IsNaN(now) {
		return l.CellRight(th.Quiet, "no data", number).String()
	}
	most := 0
	if w >= roomForMost {
		most = 16
	}
	course := max(0, min(len(g.values), w-labelWidth-number-2-most))
	l.CellRight(th.Text, g.say(now), number).Gap(2)
	l.Raw(widget.Spark{Theme: th, Values: coarser(g.values, course), Max: g.full, Ink: g.ink}.Render(course, 1), course)
	if most == 0 {
		return l.String()
	}
	return l.Gap(2).Put(th.Quiet, "most "+g.say(top)).String()
}

// coarser makes n values of many: the largest of those that fall together, so that no peak is lost.
func coarser(values []float64, n int) []float64 {
	if n <= 0 || len(values) <= n {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
		for _, v := range values[i*len(values)/n : (i+1)*len(values)/n] {
			if !math.IsNaN(v) && (math.IsNaN(out[i]) || v > out[i]) {
				out[i] = v
			}
		}
	}
	return out
}

// seconds writes a time that an answer takes.
func seconds(v float64) string {
	if v < 1 {
		return fmt.Sprintf("%.0f ms", v*1000)
	}
	return fmt.Sprintf("%.1f s", v)
}

func hours(d time.Duration) string {
	if n := int(d.Round(time.Hour) / time.Hour); n != 1 {
		return fmt.Sprintf("%d hours", n)
	}
	return "hour"
}

// logBelow is how many of the newest log lines are shown.
const logBelow = 6

// logLines are the newest lines of the app's log, in at most height lines with the heading.
func (h *Screen) logLines(w, height int) []string {
	th, t := h.s.Theme, &h.s.Tail
	title := widget.NewLine(th, w).Put(th.Strong, "Log")
	line := func(ink theme.Ink, text string) []string {
		return []string{title.String(), widget.NewLine(th, w).Put(ink, text).String()}
	}
	switch {
	case t.Err != nil && len(t.Lines) == 0:
		return line(th.Warn, "not known: "+t.Err.Cause)
	case !t.Known:
		return line(th.Quiet, "asking"+th.Glyphs.Ellipsis)
	case len(t.Lines) == 0:
		return line(th.Quiet, "the app has written nothing in the last 24 hours")
	}
	if t.Err == nil {
		title.Gap(2).Put(th.Quiet, "l shows and follows all of it")
	} else {
		title.Gap(2).Put(th.Warn, "not refreshed: "+t.Err.Cause)
	}
	pane := widget.LogPane{Theme: th, Logs: t.Lines, Timed: true}
	return append([]string{title.String()}, widget.Lines(pane.Render(w, height-1))...)
}
