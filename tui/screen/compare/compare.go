// Package compare is the screen that shows which AWS service fits, why, and what each costs a month, and what
// would be otherwise with more instances, a larger size or more traffic.
package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// tab is what is told about the service at the cursor.
type tab int

const (
	reasons tab = iota
	costs
	chart
	regions
	matrix
	tabs
)

var tabNames = [tabs]string{"Reasons", "Cost", "Instances", "Regions", "All needs"}

// jumps are the keys that go to a view at once; they stand before its name.
var jumps = [tabs]string{"w", "c", "i", "r", "x"}

// Screen is the comparison.
type Screen struct {
	s             *screen.Session
	width, height int

	result *compare.Result
	err    *fail.Error
	cursor int
	tab    tab
	offset int // of the details
	note   string
	good   bool     // the note is good news
	doubts []string // what will not work with the service that was chosen; a second yes is asked for

	// What was computed for the tabs, by what it was computed for; see about.
	known map[string]any
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, cursor: -1} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Compare" }

// About says what the screen is for.
func (*Screen) About() string {
	return "Which AWS service can run the app, why, and what each costs a month. berth deploys to ECS on " +
		"Fargate; the others are only compared."
}

// Enter judges anew: the answers may have changed. The cursor stays on the service that it was on.
func (c *Screen) Enter(screen.Place) tea.Cmd {
	c.tab, c.doubts = reasons, nil
	c.judge(c.s.Spec().Target)
	return nil
}

// judge compares with the cursor at the service that has that id.
func (c *Screen) judge(at string) {
	if c.result != nil && c.cursor >= 0 && c.cursor < len(c.result.Services) {
		at = c.result.Services[c.cursor].ID
	}
	c.note, c.offset, c.err, c.known = "", 0, nil, map[string]any{}
	r, err := c.s.Compare()
	if err != nil {
		c.err, c.result = fail.From(err), nil
		return
	}
	c.result, c.cursor = r, 0
	if i := slices.IndexFunc(r.Services, func(s compare.Service) bool { return s.ID == at }); i >= 0 {
		c.cursor = i
	}
}

// Update handles a message.
func (c *Screen) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok {
		keys.Press(c.Keys(), k)
	}
	return nil
}

func (c *Screen) move(by int) {
	c.cursor = max(0, min(len(c.result.Services)-1, c.cursor+by))
	c.note, c.offset = "", 0
}

func (c *Screen) turn(by int) { c.show((c.tab + tab(by) + tabs) % tabs) }

func (c *Screen) show(t tab) { c.tab, c.offset, c.note = t, 0, "" }

func (c *Screen) scroll(by int) {
	if c.result != nil {
		c.offset = widget.ClampOffset(c.offset+by, len(c.details()), c.detailHeight())
	}
}

// choose goes on with the service at the cursor, when berth can deploy to it.
func (c *Screen) choose() {
	s := c.service()
	if !s.Deployable {
		text := fmt.Sprintf("berth cannot deploy to %s", screen.ShortName(s.Name))
		if able := c.deployable(); able != "" {
			text += "; choose " + able
		}
		c.say(false, text+".")
		return
	}
	if c.doubts = screen.Against(*s); len(c.doubts) > 0 {
		return
	}
	c.take()
}

// take goes on with the service at the cursor.
func (c *Screen) take() {
	c.doubts = nil
	s := c.service()
	if c.s.Spec().Target != s.ID {
		if err := c.s.Draft.Set("target", s.ID); err != nil {
			c.say(false, err.Error())
			return
		}
	}
	c.s.Go(screen.Settings{})
}

// deployable names the services that berth deploys to.
func (c *Screen) deployable() string {
	var names []string
	for _, s := range c.result.Services {
		if s.Deployable {
			names = append(names, screen.ShortName(s.Name))
		}
	}
	return strings.Join(names, " or ")
}

func (c *Screen) say(good bool, text string) { c.note, c.good = text, good }

func (c *Screen) service() *compare.Service { return &c.result.Services[c.cursor] }

// copy puts the comparison on the clipboard as Markdown.
func (c *Screen) copy() {
	r, err := c.s.Advisor.Report(c.s.Draft.Requirements(), c.s.Draft.Usage())
	switch {
	case err != nil:
		c.say(false, err.Error())
	case c.s.Copy == nil:
		c.say(false, "There is no clipboard here; berth compare --markdown prints it.")
	default:
		c.s.Copy(r.Markdown())
		c.say(true, "Copied as Markdown, if the terminal allows that.")
	}
}

// traffic are the steps of the traffic slider: gigabytes out a month and requests a second. They are
// examples to try, not measurements.
var traffic = [][2]float64{{0, 0}, {10, 0.5}, {50, 2}, {200, 10}, {1000, 50}, {5000, 200}}

// slide moves one of the sliders: instances, size, traffic. Everything is computed anew at once.
func (c *Screen) slide(move func() error) func() {
	return func() {
		if err := move(); err != nil {
			c.say(false, err.Error())
			return
		}
		t := c.tab
		c.judge("")
		c.tab = t
	}
}

// instances takes so many more instances.
func (c *Screen) instances(more int) func() {
	return c.slide(func() error {
		n := c.s.Spec().Service.Instances + more
		return c.s.Draft.Set("service.instances", strconv.Itoa(max(1, min(1000, n))))
	})
}

func (c *Screen) undo() {
	back := c.s.Draft.Undo()
	if back == "" {
		return
	}
	c.slide(func() error { return nil })()
	if c.err == nil {
		c.say(true, "Undone: "+called(back))
	}
}

// called is what an undo took back, for people.
func called(what string) string {
	switch what {
	case "service.instances":
		return "the number of instances"
	case "service.cpu", "service.memory":
		return "the size"
	case "traffic":
		return "the traffic"
	}
	return what
}

// resize takes the next larger or smaller CPU size, with the least memory that it can have.
func (c *Screen) resize(by int) func() {
	return c.slide(func() error {
		sizes := spec.CPUSizes()
		i := slices.Index(sizes, c.s.Spec().Service.CPU) + by
		if i < 0 || i >= len(sizes) {
			return nil
		}
		return c.s.Draft.Resize(sizes[i])
	})
}

// moreTraffic takes the next step of the traffic.
func (c *Screen) moreTraffic(by int) func() {
	return c.slide(func() error { c.traffic(by); return nil })
}

func (c *Screen) traffic(by int) {
	u := c.s.Draft.Usage()
	at := 0
	for i, t := range traffic {
		if u.EgressGB >= t[0] {
			at = i
		}
	}
	t := traffic[max(0, min(len(traffic)-1, at+by))]
	c.s.Draft.Answers("traffic", map[string]string{
		"egress_gb": strconv.FormatFloat(t[0], 'f', -1, 64), "requests_per_second": strconv.FormatFloat(t[1], 'f', -1, 64),
	})
}

// SetSize gives the screen its room.
func (c *Screen) SetSize(w, h int) {
	c.width, c.height = w, h
	c.scroll(0)
}

// Keys are the keys of this moment.
func (c *Screen) Keys() []keys.Key {
	back := keys.Way("esc", "back", c.s.Back)
	if c.result == nil || len(c.result.Services) == 0 {
		return []keys.Key{back}
	}
	if len(c.doubts) > 0 {
		return []keys.Key{
			keys.Act("berth.toml", "y", "choose it anyway", c.take),
			keys.Way("esc", "leave it", func() { c.doubts = nil }, "esc", "n"),
		}
	}
	const verb = "berth compare"
	all := []keys.Key{keys.Act("berth.toml", "enter", "choose", c.choose).Say("go on with the service at the cursor")}
	all = append(all, keys.Steps("service", c.move)...)
	all = append(all,
		keys.Act(verb, "←→", "view", func() { c.turn(-1) }, "left", "h").
			Say("reasons, cost, cost by instances, regions, all needs; the letter before a name goes there at once; Cost says what the marks * ~ ? behind an amount mean"),
		keys.Also(func() { c.turn(1) }, "right", "l", "tab"),
		keys.Also(func() { c.show(costs) }, "c"), keys.Also(c.wouldChange, "w"),
		keys.Also(func() { c.show(chart) }, "i"), keys.Also(func() { c.show(regions) }, "r"), keys.Also(func() { c.show(matrix) }, "x"),
		keys.Act(verb, "+-", "instances", c.instances(1), "+", "=").Say("one instance more or less"),
		keys.Also(c.instances(-1), "-"),
		keys.Act(verb, "[]", "size", c.resize(-1), "[").Say("a smaller or larger size"), keys.Also(c.resize(1), "]"),
		keys.Act(verb, "<>", "traffic", c.moreTraffic(-1), "<", ",").Say("less or more traffic, in steps to try"),
		keys.Also(c.moreTraffic(1), ">", "."),
		keys.Act("berth compare --markdown", "m", "copy", c.copy).Say("copy the comparison as Markdown"),
		keys.Way("space", "scroll", func() { c.scroll(keys.Page(c.detailHeight())) }, " ").
			Say("scroll what is told, as pgup and pgdown do; home and end go to both ends"),
	)
	all = append(all, keys.Pages(c.scroll, c.detailHeight())...)
	return append(all, keys.Act("--accessible", "u", "undo", c.undo).Say("undo the last change"), back)
}

// wouldChange goes to what would change the verdict, which stands at the end of the reasons.
func (c *Screen) wouldChange() {
	c.show(reasons)
	c.scroll(1 << 20)
}
