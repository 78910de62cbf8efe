package widget

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"berth/tui/theme"
)

// pieces are what lines are made of, and what tries to break them.
var pieces = []string{
	"plain", " ", "✓", "✗", "●", "○", "◌", "…", "→", "·", "–", "›", "±", "━━", "──", "│", "╭", "⠋", "▁█", "\x1b[1;38;5;111m",
	"\x1b[0m", "日本", "é", "e\u0301", "👩‍👩‍👧", "⚠️", "\u0301", "✓\ufe0f", "○\u20dd", "\u200d", "\u00a0", "ＡＢ", "\x1b[", "\x1b]8;;x\a", "\x07", "\x9b1m",
}

func TestWidthIsTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "")
		if got, want := Width(s), ansi.StringWidth(s); got != want {
			t.Fatalf("Width(%q) = %d, the library says %d", s, got, want)
		}
	})
}

func TestALineIsNeverWiderThanItsRoom(t *testing.T) {
	th := theme.New(theme.Options{})
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(0, 60).Draw(t, "width")
		l := NewLine(th, w)
		for range rapid.IntRange(0, 8).Draw(t, "parts") {
			s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(t, "pieces"), "")
			n := rapid.IntRange(-3, 30).Draw(t, "n")
			switch rapid.IntRange(0, 4).Draw(t, "how") {
			case 0:
				l.Put(th.Strong, s)
			case 1:
				l.Cell(th.Quiet, s, n)
			case 2:
				l.CellRight(th.Text, s, n)
			case 3:
				l.Gap(n)
			default:
				l.To(n)
			}
			if got := Width(l.String()); got > w || got != w-l.Left() {
				t.Fatalf("%q is %d wide, says %d, room is %d", l.String(), got, w-l.Left(), w)
			}
		}
	})
}

func TestCleanLeavesNothingToObey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Clean(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "") + rapid.String().Draw(t, "more"))
		for _, r := range s {
			if unfit(r) {
				t.Fatalf("%q holds %U", s, r)
			}
		}
	})
}

func TestWrapKeepsTheWordsAndTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zà-ü日]{1,12}`), 0, 20).Draw(t, "words")
		w := rapid.IntRange(2, 50).Draw(t, "width")
		lines := Wrap(strings.Join(words, " "), w)
		for _, l := range lines {
			if Width(l) > w {
				t.Fatalf("%q is wider than %d", l, w)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.Join(words, "") {
			t.Fatalf("wrapped to %q, words %q", lines, words)
		}
	})
}

func TestFollowKeepsTheCursorInView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 100).Draw(t, "count")
		height := rapid.IntRange(3, 40).Draw(t, "height")
		off := rapid.IntRange(-5, 120).Draw(t, "offset")
		at := rapid.IntRange(0, count-1).Draw(t, "cursor")
		off = Follow(off, at, at, count, height)
		first, last := off, off+height-1
		if off > 0 {
			first++ // the mark
		}
		if last < count-1 {
			last--
		}
		if at < first || at > last {
			t.Fatalf("%d is not between %d and %d (offset %d of %d in %d)", at, first, last, off, count, height)
		}
	})
}

// Cutting by hand, which is fast, is the same as cutting by grapheme.
func TestCutIsAsTheLibraryCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "b ", "…", "✓", "日本", "e\u0301", "é", "👍", "─", "\u0301"})
		s := strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "pieces"), "")
		mark := rapid.SampledFrom([]string{"…", "~", ""}).Draw(t, "mark")
		width := rapid.IntRange(1, 25).Draw(t, "width")
		if Width(s) <= width {
			return
		}
		if got, want := cut(s, width, mark), ansi.Truncate(s, width, mark); got != want {
			t.Fatalf("%q in %d columns: %q, want %q", s, width, got, want)
		}
	})
}

// What terminals give different widths does not come through: a family of four is four signs of two columns each,
// on a terminal that joins them and on one that does not.
func TestCleanKeepsWhatHasOneWidthEverywhere(t *testing.T) {
	for in, want := range map[string]string{
		"👩\u200d👩\u200d👧": "👩👩👧", "👍\U0001f3fd": "👍", "soft\u00adhyphen": "softhyphen", "a\u200e\u200f\u061cb": "ab",
		"می\u200cخواهم": "می\u200cخواهم", "e\u0301": "e\u0301", "\U000e0067": "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
