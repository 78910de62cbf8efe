// Package result is the screen after a run that went well: the address, how it was verified, what it costs,
// and what can be done next.
package result

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the result screen.
type Screen struct {
	s             *screen.Session
	width, height int
	of            screen.Result
	work          screen.Work
	note          string // what came of a key
	offset        int
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Result" }

// About says what the screen is for.
func (*Screen) About() string { return "The address of the app and how it was verified." }

// Enter takes in how the run went.
func (r *Screen) Enter(at screen.Place) tea.Cmd {
	if at, ok := at.(screen.Result); ok {
		r.of, r.note = at, ""
	}
	return nil
}

// Leave ends what is under way.
func (r *Screen) Leave() { r.work.End() }

// openedMsg is how opening the browser went.
type openedMsg struct{ err error }

// Update handles a message.
func (r *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case openedMsg:
		if r.note = "It opens in the browser."; msg.err != nil {
			r.note = "No browser could be opened: " + msg.err.Error()
		}
	case tea.KeyMsg:
		r.note = ""
		cmd, _ := keys.Press(r.Keys(), msg)
		return cmd
	}
	return nil
}

// open opens the address in the browser.
func (r *Screen) open() tea.Cmd {
	url, browse := r.of.Outcome.Endpoint, r.s.Browse
	r.work.Begin(r.s.Ctx)
	return r.work.Do(func(context.Context) tea.Msg { return openedMsg{browse(url)} })
}

func (r *Screen) copy() {
	r.s.Copy(r.of.Outcome.Endpoint)
	r.note = "The address is on the clipboard, if the terminal allows that."
}

// waiting is what the app waits for although all went well, nil when for nothing.
func (r *Screen) waiting() *event.Waiting {
	if r.of.Outcome.Snap == nil {
		return nil
	}
	return r.of.Outcome.Snap.Waiting
}

func (r *Screen) copyRecords() {
	r.s.Copy(r.waiting().ZoneFile())
	r.note = "The records are on the clipboard as lines of a zone file, if the terminal allows that."
}

func (r *Screen) scroll(by int) {
	r.offset = widget.ClampOffset(r.offset+by, len(r.lines()), r.height)
}

func (r *Screen) destroyed() bool { return r.of.Outcome.Verb == "destroy" }

// SetSize gives the screen its room.
func (r *Screen) SetSize(w, h int) { r.width, r.height = w, h }

// Keys are the keys of this moment.
func (r *Screen) Keys() []keys.Key {
	course := keys.Act("berth deploy", "l", "how it went", func() { r.s.Go(screen.Deploy{}) }).Say("the resources and the log of the run")
	moves := keys.Moves("scroll", r.scroll, r.height)
	moves[0] = moves[0].Hide(true)
	if r.destroyed() {
		return append(moves, keys.Way("q", "leave", r.s.Quit, "q", "esc", "enter"), course)
	}
	address := r.of.Outcome.Endpoint != ""
	log := keys.Act("berth logs", "g", "app's log", func() { r.s.Go(screen.Logs{}) }).Say("the app's log, followed").
		When(r.s.Watching() == nil) // else its account was not opened
	return append(moves,
		keys.Way("enter", "overview", func() { r.s.Go(screen.Overview{}) }),
		keys.Act("berth open", "o", "open", r.open).Say("open the address in the browser").
			When(address && r.s.Browse != nil && r.s.Engine.Simulated() == ""),
		keys.Act("berth status", "y", "copy address", r.copy).Say("copy the address").When(address && r.s.Copy != nil),
		keys.Act("berth status", "c", "copy records", r.copyRecords).Say("copy the DNS records that the app is waiting for").
			When(len(r.waiting().Left()) > 0 && r.s.Copy != nil),
		log, course, keys.Way("q", "leave", r.s.Quit, "q", "esc"))
}

// View draws the screen.
func (r *Screen) View() string {
	return widget.Static(r.s.Theme, r.lines(), r.offset, r.width, r.height)
}

const labelWidth = 11

func (r *Screen) lines() []string {
	th, w, o := r.s.Theme, r.width, r.of.Outcome
	app := cmp.Or(o.App, r.s.Home().App)
	head := widget.NewLine(th, w).Put(th.Good, th.Glyphs.Done).Gap(1)
	var lines []string
	if r.destroyed() {
		gone := app + " is gone"
		if r.kept() != "" {
			gone += ", its data is kept"
		}
		lines = []string{head.Put(th.Strong, gone).String(), ""}
	} else {
		what := app + " is live"
		if o.Endpoint == "" && r.s.Home().NoHTTP() {
			what = app + " runs"
		}
		if o.Verb == "rollback" {
			what = app + " is back at " + o.Revision
		}
		if o.Verb == "restart" {
			what = app + " runs in new tasks"
		}
		lines = []string{head.Put(th.Strong, what).String(), ""}
		if o.Endpoint != "" {
			lines = append(lines, widget.NewLine(th, w).Gap(2).URL(th.Title, o.Endpoint).String())
			lines = append(lines, widget.NewLine(th, w).Gap(2).Put(th.Quiet, r.note).String())
		}
	}
	for _, f := range r.facts() {
		for i, text := range widget.Wrap(f[1], w-labelWidth) {
			l := widget.NewLine(th, w)
			if i == 0 {
				l.Put(th.Quiet, f[0])
			}
			lines = append(lines, l.To(labelWidth).Put(th.Text, text).String())
		}
	}
	for i, text := range r.waiting().Text() {
		if i == 0 {
			lines = append(lines, "")
		}
		indent := len(text) - len(strings.TrimLeft(text, " "))
		for _, part := range widget.Wrap(strings.TrimLeft(text, " "), w-indent) {
			lines = append(lines, widget.NewLine(th, w).Gap(indent).Put(th.Text, part).String())
		}
	}
	lines = append(lines, "", th.Strong.Paint("Next"))
	for _, n := range r.next() {
		if widget.Width(n[0]) < nextWidth {
			lines = append(lines, widget.NewLine(th, w).Gap(2).Cell(th.Text, n[0], nextWidth).Put(th.Quiet, n[1]).String())
			continue
		}
		for _, part := range widget.Wrap(n[0], w-2) {
			lines = append(lines, widget.NewLine(th, w).Gap(2).Put(th.Text, part).String())
		}
		lines = append(lines, widget.NewLine(th, w).Gap(4).Put(th.Quiet, n[1]).String())
	}
	return lines
}

// kept is what a destruction left and what that goes on costing, empty when it left nothing.
func (r *Screen) kept() string {
	if !r.destroyed() || r.of.Plan == nil {
		return ""
	}
	_, kept := r.of.Plan.Data()
	if len(kept) == 0 {
		return ""
	}
	return strings.Join(kept, ", ") + "; " + widget.USD(r.of.Plan.KeptUSD) + " a month go on"
}

// facts are what is known about the run, label and text.
func (r *Screen) facts() [][2]string {
	o, p := r.of.Outcome, r.of.Plan
	var out [][2]string
	if kept := r.kept(); kept != "" {
		out = append(out, [2]string{"kept", kept})
	}
	if len(r.of.Moved) > 0 {
		out = append(out, [2]string{"moved", strings.Join(r.of.Moved, ", ") + " is gone"})
	}
	for _, todo := range r.of.Then {
		out = append(out, [2]string{"to do", r.s.Flags.In(todo)})
	}
	if o.Verified != "" {
		out = append(out, [2]string{"verified", o.Verified})
	}
	if s := o.Snap; s != nil {
		took := widget.Duration(s.Ended.Sub(s.Started) + r.of.Leaving)
		if calls := s.APICalls + r.of.LeavingCalls; calls > 0 {
			took += fmt.Sprintf(", %s to AWS", widget.Count(calls, "call"))
		}
		if len(r.of.Moved) > 0 {
			took += fmt.Sprintf(", of it %s to remove what was there before", widget.Duration(r.of.Leaving))
		}
		out = append(out, [2]string{"took", took})
	}
	if p != nil && o.Verb == "deploy" {
		cost := widget.Range(p.MonthlyUSD, p.MostUSD) + " a month"
		if !p.Complete {
			cost = "at least " + cost
		}
		if dated := price.Dated(p.PricesAsOf, p.PricesOld); dated != "" {
			cost += ", " + dated
		}
		out = append(out, [2]string{"costs", cost})
	}
	if s := o.Snap; p == nil && s != nil {
		out = append(out, [2]string{"where", fmt.Sprintf("%s of account %s", s.Region, s.Account)})
	}
	if p != nil {
		out = append(out, [2]string{"where", fmt.Sprintf("%s of account %s", p.Region, p.Account)})
	}
	return out
}

// nextWidth is how wide the commands of next are, unless flags make one longer: then what it does is said below it.
const nextWidth = 20

// back is berth with the flags that lead back to the app.
func (r *Screen) back() string {
	same := r.s.Flags.Same
	if r.s.Engine.Simulated() != "" && r.s.Tour() == nil && len(same) == 0 {
		same = []string{"--simulate"}
	}
	return strings.Join(append([]string{"berth"}, same...), " ")
}

// real is back for the same app on AWS.
func (r *Screen) real() string {
	same := slices.DeleteFunc(slices.Clone(r.s.Flags.Same), func(flag string) bool { return strings.HasPrefix(flag, "--sim") })
	return strings.Join(append([]string{"berth"}, same...), " ")
}

// next are the commands that make sense from here.
func (r *Screen) next() [][2]string {
	same := fail.Flags{Same: r.s.Flags.Same}
	if r.destroyed() {
		again := [2]string{r.back(), "deploy it again: berth.toml is still there"}
		if r.kept() != "" {
			return [][2]string{again, {same.In("berth destroy"), "delete the data, too"}}
		}
		return [][2]string{again}
	}
	switch {
	case r.s.Tour() != nil:
		return [][2]string{{"cd my-app && berth", "the same with your own app, on AWS"}}
	case r.s.Engine.Simulated() != "":
		return [][2]string{
			{r.back(), "come back: status, redeploy, settings, destroy"},
			{r.real(), "the same on AWS"},
		}
	}
	return [][2]string{
		{r.back(), "come back: status, redeploy, settings, destroy"},
		{same.In("berth deploy --yes"), "redeploy without questions, as in CI"},
		{same.In("berth status"), "what runs, as text or --json"},
		{same.In("berth destroy"), "delete all of it"},
	}
}
