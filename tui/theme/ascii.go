package theme

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// plain are the letters and signs that have a one-column ASCII stand-in that reads the same.
var plain = map[rune]string{
	'…': "~", '→': ">", '←': "<", '↑': "^", '↓': "v", '·': "-", '–': "-", '—': "-", '×': "x",
	'‘': "'", '’': "'", '“': "\"", '”': "\"", '✓': "*", '✗': "x", '●': "o", '○': ".", '≈': "~", '•': "*",
	'ä': "a", 'ö': "o", 'ü': "u", 'é': "e", 'è': "e", 'ß': "s", '\u00a0': " ",
}

// ToASCII replaces what is not ASCII in s by signs of the same width, so that no column moves. Escape
// sequences stay. It goes by grapheme: a sign of several code points is as wide as the terminal draws it.
func ToASCII(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var state byte
	for len(s) > 0 {
		seq, width, n, next := ansi.DecodeSequence(s, state, nil)
		state, s = next, s[n:]
		switch {
		case isASCII(seq):
			b.WriteString(seq)
		case width == 1 && plain[firstRune(seq)] != "":
			b.WriteString(plain[firstRune(seq)])
		default:
			b.WriteString(strings.Repeat("?", width))
		}
	}
	return b.String()
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
