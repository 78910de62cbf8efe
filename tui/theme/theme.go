// Package theme turns a few tokens into everything that has a colour or a glyph: inks for the own widgets,
// the theme of huh forms, the styles of the footer, and the glyph sets. There is one accent colour and there are three text weights;
// green, amber and red mean done, careful and failed, and always stand beside a glyph or a word.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

// Options choose a theme. The zero value is a dark terminal without colours and with the full glyph set.
type Options struct {
	Light   bool            // the terminal's background is light
	Profile termenv.Profile // how many colours there are; termenv.Ascii means none
	ASCII   bool            // glyphs from ASCII only
	Links   bool            // the terminal can make a link of a text, or at least ignores the try
	Plain   bool            // no escape sequence at all, not even bold; for tests and dumb terminals
}

// Theme is what all drawing is done with. Only SetLight changes it.
type Theme struct {
	Glyphs Glyphs
	ASCII  bool

	Strong Ink // the one thing to read first
	Text   Ink // what is read
	Quiet  Ink // what explains it
	Accent Ink // where the focus is
	Title  Ink // Accent and strong
	Good   Ink
	Warn   Ink
	Bad    Ink
	Alarm  Ink // Bad and strong
	Badge  Ink // a word on the accent colour
	Row    Ink // the ground of the row with the cursor; empty where there are too few colours

	Huh  *huh.Theme
	Help help.Styles // of the footer

	links   bool
	options Options
}

// Ink paints text. The zero Ink paints nothing on.
type Ink struct{ open string }

const reset = "\x1b[0m"

// Paint returns s in this ink. Painted text must not be painted again.
func (i Ink) Paint(s string) string {
	if i.open == "" || s == "" {
		return s
	}
	return i.open + s + reset
}

// Write is Paint for those who build a line piece by piece.
func (i Ink) Write(to *strings.Builder, s string) {
	if i.open == "" || s == "" {
		to.WriteString(s)
		return
	}
	to.WriteString(i.open)
	to.WriteString(s)
	to.WriteString(reset)
}

// Repeat is Write of n times s.
func (i Ink) Repeat(to *strings.Builder, s string, n int) {
	if n <= 0 {
		return
	}
	to.WriteString(i.open)
	for range n {
		to.WriteString(s)
	}
	if i.open != "" {
		to.WriteString(reset)
	}
}

// Under lays the ink, a ground, under a line that is painted already.
func (i Ink) Under(painted string) string {
	if i.open == "" {
		return painted
	}
	return i.open + strings.ReplaceAll(painted, reset, reset+i.open) + reset
}

// Link makes painted text a link to url, where the terminal can.
func (t *Theme) Link(url, painted string) string {
	if !t.links || !strings.HasPrefix(url, "https://") || strings.ContainsFunc(url, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return painted
	}
	return ansi.SetHyperlink(url) + painted + ansi.ResetHyperlink()
}

// tone is one colour at the three depths that terminals have.
type tone struct{ full, ansi256, ansi16 string }

type tones struct{ accent, good, warn, bad, quiet, onAccent, row tone }

var dark = tones{
	accent:   tone{"#8aa8ff", "111", "12"},
	good:     tone{"#86c98b", "114", "2"},
	warn:     tone{"#e3b76a", "179", "3"},
	bad:      tone{"#f08a8a", "210", "9"},
	quiet:    tone{"#8b90a0", "245", ""},
	onAccent: tone{"#10131c", "233", "0"},
	row:      tone{"#222838", "236", ""},
}

var light = tones{
	accent:   tone{"#2f4fc4", "26", "4"},
	good:     tone{"#2c7a3f", "29", "2"},
	warn:     tone{"#8a5a00", "94", "3"},
	bad:      tone{"#b3261e", "124", "1"},
	quiet:    tone{"#676c7a", "242", ""},
	onAccent: tone{"#ffffff", "231", "15"},
	row:      tone{"#e8ecfa", "254", ""},
}

// New makes the theme for a terminal.
func New(o Options) *Theme {
	t := &Theme{Glyphs: unicodeGlyphs, ASCII: o.ASCII, links: o.Links && !o.Plain, options: o}
	if o.ASCII {
		t.Glyphs = asciiGlyphs
	}
	if !o.Plain {
		c := dark
		if o.Light {
			c = light
		}
		t.ink(o.Profile, c)
	}
	t.Huh = huhTheme(t, o)
	// The inks are sequences and no styles: lipgloss leaves out even what is bold where there are no colours.
	t.Help.ShortKey = lipgloss.NewStyle().Transform(t.Strong.Paint)
	t.Help.ShortDesc = lipgloss.NewStyle().Transform(t.Quiet.Paint)
	return t
}

// SetLight is for when it turns out late whether the background is light. Everything that draws with t has the
// other tones from then on.
func (t *Theme) SetLight(light bool) {
	if t.options.Light == light {
		return
	}
	t.options.Light = light
	now := New(t.options)
	*t.Huh, now.Huh = *now.Huh, t.Huh // forms that are open keep theirs
	*t = *now
}

func (t *Theme) ink(p termenv.Profile, c tones) {
	accent, quiet := c.accent.sequence(p, false), c.quiet.sequence(p, false)
	if quiet == "" {
		quiet = "2" // without a grey of its own, the terminal's faint
	}
	t.Strong = ink("1")
	t.Quiet = ink(quiet)
	t.Accent = ink(accent)
	t.Title = ink("1", accent)
	t.Good = ink(c.good.sequence(p, false))
	t.Warn = ink(c.warn.sequence(p, false))
	t.Bad = ink(c.bad.sequence(p, false))
	t.Alarm = ink("1", c.bad.sequence(p, false))
	t.Row = ink(c.row.sequence(p, true))
	t.Badge = ink("1", "7")
	if accent != "" {
		t.Badge = ink("1", c.onAccent.sequence(p, false), c.accent.sequence(p, true))
	}
}

func ink(codes ...string) Ink {
	var set []string
	for _, c := range codes {
		if c != "" {
			set = append(set, c)
		}
	}
	if len(set) == 0 {
		return Ink{}
	}
	return Ink{open: "\x1b[" + strings.Join(set, ";") + "m"}
}

// sequence is the SGR code of the tone, empty where the terminal has no colours.
func (c tone) sequence(p termenv.Profile, background bool) string {
	value := c.pick(p)
	if value == "" {
		return ""
	}
	return p.Color(value).Sequence(background)
}

func (c tone) pick(p termenv.Profile) string {
	switch p {
	case termenv.TrueColor:
		return c.full
	case termenv.ANSI256:
		return c.ansi256
	case termenv.ANSI:
		return c.ansi16
	default:
		return ""
	}
}

// huhTheme dresses huh fields like the rest. The styles are built on a renderer of their own, so that no
// style ever asks the terminal anything.
func huhTheme(t *Theme, o Options) *huh.Theme {
	profile := o.Profile
	if o.Plain {
		profile = termenv.Ascii
	}
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(profile)
	r.SetHasDarkBackground(!o.Light)
	c := dark
	if o.Light {
		c = light
	}
	style := func(c tone) lipgloss.Style {
		if v := c.pick(profile); v != "" {
			return r.NewStyle().Foreground(lipgloss.Color(v))
		}
		return r.NewStyle()
	}
	h := huh.ThemeBase()
	h.FieldSeparator = r.NewStyle().SetString("\n")
	f := &h.Focused
	f.Base = r.NewStyle()
	f.Card = f.Base
	f.Title = r.NewStyle().Bold(true)
	f.Description = style(c.quiet)
	f.ErrorIndicator = style(c.bad).SetString(" " + t.Glyphs.Failed)
	f.ErrorMessage = style(c.bad)
	f.SelectSelector = style(c.accent).SetString(t.Glyphs.Cursor + " ")
	f.Option = r.NewStyle()
	f.SelectedOption = style(c.accent)
	f.NextIndicator = style(c.quiet).MarginLeft(1).SetString(t.Glyphs.Arrow)
	f.PrevIndicator = style(c.quiet).MarginRight(1).SetString(t.Glyphs.Back)
	f.TextInput.Prompt = style(c.accent)
	f.TextInput.Placeholder = style(c.quiet)
	f.TextInput.Cursor = style(c.accent)
	if profile == termenv.Ascii { // where nothing can be drawn reversed
		f.TextInput.Cursor = r.NewStyle().Transform(func(under string) string { return t.Glyphs.Caret + under })
	}
	h.Blurred = h.Focused
	h.Blurred.Title = style(c.quiet)
	h.Blurred.SelectSelector = r.NewStyle().SetString("  ")
	return h
}
