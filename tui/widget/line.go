// Package widget holds the parts that screens are drawn with. They only draw: each gets its data, and
// Render(width, height) returns at most height lines of at most width columns. No widget knows a message, a
// key or a clock, and none draws outside its room.
package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"berth/tui/theme"
)

// Line is one line under construction, never wider than its width. What does not fit ends in an ellipsis.
type Line struct {
	th    *theme.Theme
	width int
	used  int
	buf   strings.Builder
	full  bool
}

// NewLine starts a line of at most width columns.
func NewLine(th *theme.Theme, width int) *Line {
	l := &Line{th: th, width: max(0, width)}
	l.buf.Grow(l.width + 48) // and its inks
	return l
}

// Put appends s in an ink.
func (l *Line) Put(ink theme.Ink, s string) *Line {
	l.put(ink, s, l.width-l.used)
	return l
}

// Cell appends s in exactly w columns, at the left of them.
func (l *Line) Cell(ink theme.Ink, s string, w int) *Line {
	end := min(l.used+max(0, w), l.width)
	full := l.full
	l.put(ink, s, end-l.used)
	l.full = full // an ellipsis inside a cell does not end the line
	return l.To(end)
}

// CellRight appends s in exactly w columns, at the right of them.
func (l *Line) CellRight(ink theme.Ink, s string, w int) *Line {
	end := min(l.used+max(0, w), l.width)
	s = Clean(s)
	if gap := end - l.used - Width(s); gap > 0 {
		l.To(l.used + gap)
	}
	return l.Cell(ink, s, end-l.used)
}

// To fills with blanks up to column col, when the line is not there yet.
func (l *Line) To(col int) *Line {
	for l.used < min(col, l.width) {
		l.buf.WriteByte(' ')
		l.used++
	}
	return l
}

// Gap appends n blanks.
func (l *Line) Gap(n int) *Line { return l.To(l.used + n) }

// URL appends an address, as a link where the terminal can.
func (l *Line) URL(ink theme.Ink, url string) *Line {
	if w := Width(url); w <= l.Left() && Clean(url) == url {
		return l.Raw(l.th.Link(url, ink.Paint(url)), w)
	}
	return l.Put(ink, url)
}

// Raw appends text that is painted already and is w columns wide.
func (l *Line) Raw(s string, w int) *Line {
	if l.full || w > l.Left() {
		return l
	}
	l.buf.WriteString(s)
	l.used += w
	return l
}

// Left is how many columns are left.
func (l *Line) Left() int { return l.width - l.used }

// String is the line.
func (l *Line) String() string { return l.buf.String() }

func (l *Line) put(ink theme.Ink, s string, room int) {
	if l.full || s == "" {
		return
	}
	s = Clean(s)
	w := Width(s)
	if w > room {
		if room <= 0 {
			l.full = true
			return
		}
		s = cut(s, room, l.th.Glyphs.Ellipsis)
		w = Width(s)
		l.full = true
	}
	ink.Write(&l.buf, s)
	l.used += w
}

// cut brings a cleaned text that is too wide to that many columns, with a mark at its end.
func cut(s string, width int, mark string) string {
	end, at := width-Width(mark), 0
	for at < len(s) {
		n := 1
		if s[at] >= 0x7f {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[at:]); !narrow(r) {
				break // it may be wider, or join with what is before it
			}
		}
		if end--; end < 0 {
			return s[:at] + mark
		}
		at += n
	}
	return ansi.Truncate(s, width, mark)
}

// Width is how many columns s takes on the screen. Escape sequences take none.
//
// What the screens draw with is looked at by hand, which is ten times as fast as by grapheme; anything else
// is left to the library.
func Width(s string) int {
	w := 0
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= 0x20 && c < 0x7f:
			w++
			i++
		case c == 0x1b:
			end := colour(s, i)
			if end < 0 {
				return ansi.StringWidth(s)
			}
			i = end
		case c == 0xe2: // the glyphs: punctuation, arrows, boxes, blocks, circles, checks, braille
			r, n := utf8.DecodeRuneInString(s[i:])
			if !narrow(r) {
				return ansi.StringWidth(s)
			}
			w++
			i += n
		default:
			return ansi.StringWidth(s)
		}
	}
	return w
}

// narrow says whether r is surely one column wide and joins with nothing.
func narrow(r rune) bool {
	return r >= 0x2500 && r <= 0x25ab || r >= 0x2800 && r <= 0x28ff || r >= 0x2190 && r <= 0x2193 ||
		r == '…' || r == '✓' || r == '✗' || r == '●' || r == '○' || r == '◌' || r == '–' || r == '›'
}

// Clean makes text from outside fit to be drawn: escape sequences, control characters and signs that turn
// the writing direction go, a tab or a line end becomes a blank.
func Clean(s string) string {
	if isPrintable(s) {
		return s
	}
	if plain, ok := uncoloured(s); ok {
		return plain
	}
	s = ansi.Strip(strings.ToValidUTF8(s, "?"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unfit(r):
			return -1
		}
		return r
	}, s)
}

// uncoloured takes the colours out of a line of ASCII, as the lines of a build have them, in one pass: a frame cleans
// every line of the log that it shows. It is false where there is anything else in s.
func uncoloured(s string) (string, bool) {
	var plain strings.Builder
	plain.Grow(len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= 0x20 && c < 0x7f:
			plain.WriteByte(c)
			i++
		case c == 0x1b:
			if i = colour(s, i); i < 0 {
				return "", false
			}
		default:
			return "", false
		}
	}
	return plain.String(), true
}

// colour is where the escape sequence for a colour that begins at i ends, -1 when what begins there is none.
func colour(s string, i int) int {
	if i+1 >= len(s) || s[i+1] != '[' {
		return -1
	}
	for i += 2; i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == ';'); i++ {
	}
	if i >= len(s) || s[i] != 'm' {
		return -1
	}
	return i + 1
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return utf8.ValidString(s) && strings.IndexFunc(s, unfit) < 0
		}
	}
	return true
}

// unfit says whether a terminal might obey r instead of showing it, show what comes after it elsewhere, or give
// it another width than we do: what joins or colours an emoji is drawn as one sign by some terminals and as
// several by others, and signs that format text take no column in some and one in others.
func unfit(r rune) bool {
	const nonJoiner = 0x200c // takes no column anywhere, and words are written with it
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0: // control characters
		return true
	case r < 0xad:
		return false
	}
	return r != nonJoiner && unicode.Is(unicode.Cf, r) || // among them the writing direction
		r == 0x2028 || r == 0x2029 || r == 0xfe0f || r == 0xfe0e || // line ends, variants
		r >= 0x1f3fb && r <= 0x1f3ff // the colour of a skin
}

// Wrap breaks plain text into lines of at most width columns, at blanks only: a name such as eu-west-2 stays
// whole as long as it fits into a line.
func Wrap(s string, width int) []string {
	if width <= 0 {
		return nil
	}
	var out []string
	for _, para := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		para = Clean(para)
		if Width(para) <= width {
			out = append(out, strings.TrimRight(para, " "))
			continue
		}
		out = append(out, wrapped(para, width)...)
	}
	return out
}

// wrapped breaks a paragraph that is wider than width.
func wrapped(para string, width int) []string {
	var out []string
	line, used := "", 0
	flush := func() {
		if l := strings.TrimRight(line, " "); l != "" {
			out = append(out, l)
		}
		line, used = "", 0
	}
	for para != "" {
		n := len(para) - len(strings.TrimLeft(para, " "))
		if i := strings.IndexByte(para[n:], ' '); i >= 0 {
			n += i
		} else {
			n = len(para)
		}
		word := para[:n]
		para = para[n:]
		if used > 0 && used+Width(word) > width {
			flush()
			word = strings.TrimLeft(word, " ")
		}
		for Width(word) > width { // longer than a line
			head := ansi.Truncate(word, width, "")
			if head == "" { // a sign wider than the room
				return append(out, "")
			}
			out = append(out, head)
			word = word[len(head):]
		}
		line += word
		used += Width(word)
	}
	flush()
	return out
}

// Brief is text in one ink in at most so many lines, with a mark at its end when that is not all of it.
func Brief(th *theme.Theme, ink theme.Ink, s string, width, most int) []string {
	lines := Wrap(s, width)
	if len(lines) > most {
		lines = lines[:max(0, most)]
		if i := len(lines) - 1; i >= 0 {
			mark := th.Glyphs.Ellipsis
			lines[i] = strings.TrimRight(ansi.Truncate(lines[i], max(0, width-Width(mark)), ""), " ,;:") + mark
		}
	}
	for i, l := range lines {
		lines[i] = ink.Paint(l)
	}
	return lines
}

// Paragraph is wrapped text in one ink, as lines.
func Paragraph(ink theme.Ink, s string, width int) []string {
	lines := Wrap(s, width)
	for i, l := range lines {
		lines[i] = ink.Paint(l)
	}
	return lines
}

// Lines splits a rendered part into its lines; the empty string has none.
func Lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// Join is the reverse of Lines.
func Join(lines []string) string { return strings.Join(lines, "\n") }

// Fit brings rendered lines to at most height lines of at most width columns. It is the last guard of a
// screen, not its layout.
func Fit(lines []string, width, height int) []string {
	if len(lines) > max(0, height) {
		lines = lines[:max(0, height)]
	}
	for i, l := range lines {
		if Width(l) > width {
			lines[i] = ansi.Truncate(l, max(0, width), "")
		}
	}
	return lines
}

// Pad fills a rendered line with blanks up to width.
func Pad(s string, width int) string {
	if gap := width - Width(s); gap > 0 {
		return s + strings.Repeat(" ", gap)
	}
	return s
}

// Beside puts two rendered parts next to each other: left in leftWidth columns, then gap blanks, then right.
func Beside(left, right string, leftWidth, gap int) string {
	a, b := Lines(left), Lines(right)
	var out strings.Builder
	out.Grow(len(left) + len(right) + max(len(a), len(b))*(leftWidth+gap+1))
	for i := range max(len(a), len(b)) {
		if i > 0 {
			out.WriteByte('\n')
		}
		used := 0
		if i < len(a) {
			out.WriteString(a[i])
			used = Width(a[i])
		}
		if i < len(b) && b[i] != "" {
			for range max(0, leftWidth-used) + max(0, gap) {
				out.WriteByte(' ')
			}
			out.WriteString(b[i])
		}
	}
	return out.String()
}
