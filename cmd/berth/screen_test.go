package main

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// screen is the part of a terminal that tests look at: a grid of characters that understands what Bubble Tea
// writes. Colours and modes are dropped.
type screen struct {
	width, height int
	rows          [][]string // a cell is one character; the second half of a wide one is empty
	x, y          int
	light         bool   // the background is
	rest          string // the beginning of a sequence whose end has not come yet
}

func newScreen(width, height int) *screen {
	s := &screen{width: width, height: height}
	s.clear()
	return s
}

func (s *screen) clear() {
	s.rows = make([][]string, s.height)
	for i := range s.rows {
		s.rows[i] = blank(s.width)
	}
}

func blank(width int) []string {
	row := make([]string, width)
	for i := range row {
		row[i] = " "
	}
	return row
}

// write takes output in, and returns what a terminal would answer to the questions in it.
func (s *screen) write(output string) (answer string) {
	text, torn := whole(s.rest + output)
	s.rest = ""
	defer func() { s.rest += torn }()
	for text != "" {
		seq, width, n, state := ansi.DecodeSequence(text, ansi.NormalState, nil)
		if state != ansi.NormalState || n == 0 || !utf8.FullRuneInString(text) {
			s.rest = text // the rest of the sequence comes with the next read
			return answer
		}
		text = text[n:]
		switch {
		case width > 0:
			s.put(seq, width)
		case strings.HasPrefix(seq, "\x1b["):
			answer += s.csi(seq[2:])
		case strings.HasPrefix(seq, "\x1b]11;?"):
			answer += map[bool]string{false: "\x1b]11;rgb:0000/0000/0000\x1b\\", true: "\x1b]11;rgb:fdfd/f6f6/e3e3\a"}[s.light]
		case strings.HasPrefix(seq, "\x1b]10;?"):
			answer += "\x1b]10;rgb:ffff/ffff/ffff\x1b\\"
		default:
			s.control(seq)
		}
	}
	return answer
}

// whole divides text before a character at its end that has not come as a whole yet.
func whole(text string) (chars, torn string) {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRuneInString(text[i:]) {
				return text[:i], text[i:]
			}
			break
		}
	}
	return text, ""
}

func (s *screen) put(char string, width int) {
	if s.x+width > s.width {
		s.x = 0
		s.down()
	}
	s.rows[s.y][s.x] = char
	for i := 1; i < width; i++ {
		s.rows[s.y][s.x+i] = ""
	}
	s.x += width
}

func (s *screen) down() {
	if s.y++; s.y == s.height {
		s.y--
		s.rows = append(s.rows[1:], blank(s.width))
	}
}

func (s *screen) control(c string) {
	switch c {
	case "\r":
		s.x = 0
	case "\n":
		s.down()
	case "\b":
		s.x = max(0, s.x-1)
	}
}

// csi carries a control sequence out, given without its introducer.
func (s *screen) csi(seq string) (answer string) {
	final, params := seq[len(seq)-1], seq[:len(seq)-1]
	if strings.HasPrefix(params, "?") {
		if params == "?1049" || params == "?47" { // the other screen, which starts empty
			s.clear()
			s.x, s.y = 0, 0
		}
		return ""
	}
	arg := func(i, absent int) int {
		parts := strings.Split(params, ";")
		if i >= len(parts) || parts[i] == "" {
			return absent
		}
		n, _ := strconv.Atoi(parts[i])
		return n
	}
	clamp := func(v, limit int) int { return min(max(v, 0), limit-1) }
	switch final {
	case 'A':
		s.y = clamp(s.y-arg(0, 1), s.height)
	case 'B':
		s.y = clamp(s.y+arg(0, 1), s.height)
	case 'C':
		s.x = clamp(s.x+arg(0, 1), s.width)
	case 'D':
		s.x = clamp(s.x-arg(0, 1), s.width)
	case 'G':
		s.x = clamp(arg(0, 1)-1, s.width)
	case 'H', 'f':
		s.y, s.x = clamp(arg(0, 1)-1, s.height), clamp(arg(1, 1)-1, s.width)
	case 'J':
		s.erase(arg(0, 0))
	case 'K':
		s.eraseLine(arg(0, 0))
	case 'n':
		if params == "6" {
			return "\x1b[" + strconv.Itoa(s.y+1) + ";" + strconv.Itoa(s.x+1) + "R"
		}
	case 'c':
		return "\x1b[?62;22c"
	}
	return ""
}

func (s *screen) erase(how int) {
	switch how {
	case 0:
		s.eraseLine(0)
		for y := s.y + 1; y < s.height; y++ {
			s.rows[y] = blank(s.width)
		}
	case 1:
		s.eraseLine(1)
		for y := range s.y {
			s.rows[y] = blank(s.width)
		}
	default:
		s.clear()
	}
}

func (s *screen) eraseLine(how int) {
	from, to := 0, s.width
	switch how {
	case 0:
		from = min(s.x, s.width)
	case 1:
		to = min(s.x+1, s.width)
	}
	for x := from; x < to; x++ {
		s.rows[s.y][x] = " "
	}
}

// String is what a person sees, without blanks at the ends of lines.
func (s *screen) String() string {
	lines := make([]string, len(s.rows))
	for i, row := range s.rows {
		lines[i] = strings.TrimRight(strings.Join(row, ""), " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// A read may end in the middle of a character that follows others.
func TestTornCharacters(t *testing.T) {
	s := newScreen(10, 1)
	for _, part := range []string{"──\xe2", "\x94", "\x80─世"} {
		s.write(part)
	}
	if got := s.String(); got != "────世" {
		t.Errorf("%q", got)
	}
}

func TestScreen(t *testing.T) {
	for _, c := range []struct{ name, in, want, answer string }{
		{"lines", "one\r\ntwo", "one\ntwo", ""},
		{"colours", "\x1b[31;1mred\x1b[0m!", "red!", ""},
		{"overwrite", "abc\rX", "Xbc", ""},
		{"up and erase", "a\r\nb\r\nc\x1b[2A\r\x1b[Knew\x1b[J", "new", ""},
		{"home", "abc\x1b[2;3Hx\x1b[HA", "Abc\n  x", ""},
		{"scroll", "1\r\n2\r\n3\r\n4\r\n5", "2\n3\n4\n5", ""},
		{"wrap", "abcdefghijKL", "abcdefghij\nKL", ""},
		{"wide", "世x", "世x", ""},
		{"other screen", "old\x1b[?1049hnew", "new", ""},
		{"questions", "\x1b]11;?\x1b\\a\x1b[6n", "a", "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[1;2R"},
	} {
		for _, inOne := range []bool{true, false} {
			s, answer := newScreen(10, 4), ""
			if inOne {
				answer = s.write(c.in)
			} else {
				for i := range len(c.in) { // in single bytes, as slow terminals may
					answer += s.write(c.in[i : i+1])
				}
			}
			if got := s.String(); got != c.want || answer != c.answer {
				t.Errorf("%s (in one %v): screen %q answer %q, want %q and %q", c.name, inOne, got, answer, c.want, c.answer)
			}
		}
	}
}
