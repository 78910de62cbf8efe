package tui

import (
	"bytes"
	"image/color"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// bright says from COLORFGBG, which some terminals set, whether the background is light. The last number in it
// is the background's, of the sixteen colours: 7 and those above 8 are light.
func bright(colorfgbg string) bool {
	n, err := strconv.Atoi(colorfgbg[strings.LastIndexByte(colorfgbg, ';')+1:])
	return err == nil && (n == 7 || n > 8 && n < 16)
}

// asker is the terminal as input, which answers the question for its background colour among the keys. The
// question is asked once the program has the terminal; whether and when the answer comes holds nothing up, and
// the answer is taken out of what is typed. It also tells when nothing more comes, which Bubble Tea keeps to
// itself. Reads and what is told are of one goroutine.
type asker struct {
	*os.File
	answered func(light bool) // called once, if ever
	broke    func(r any)      // called with what answered panics with
	ended    func()           // called once when nothing more comes; nil: nobody wants to know
	waits    bool             // for the answer: else nothing is looked for
	held     []byte           // the beginning of what may be an answer
}

// asks says whether the terminal on in is to be asked: not when colours are of no use, and not the console of
// the Linux kernel, which has one background and prints what it does not understand.
func asks(in *os.File, p termenv.Profile) bool {
	return p != termenv.Ascii && os.Getenv("TERM") != "linux" && term.IsTerminal(int(in.Fd()))
}

// input is what the program reads, and the asker in it, nil where that is no file.
func (d Deps) input(p termenv.Profile) (io.Reader, *asker) {
	in := d.Input
	if in == nil {
		in = os.Stdin
	}
	if f, ok := in.(*os.File); ok {
		a := &asker{File: f, waits: asks(f, p)}
		return a, a
	}
	return in, nil
}

const (
	question = ansi.RequestBackgroundColor
	opening  = "\x1b]11;"
	// longest is how long an answer may be: rgba with four digits each, and its end.
	longest = 64
)

// Read reads what was typed. What is kept back of it fits into p with what comes next: p must hold more than
// longest, as Bubble Tea's does.
func (a *asker) Read(p []byte) (n int, err error) {
	n, err = a.File.Read(p[:len(p)-len(a.held)])
	defer a.guard(&n, err)
	if !a.waits && len(a.held) == 0 {
		return n, err
	}
	full := n == len(p)-len(a.held)
	keys, held := a.split(append(a.held, p[:n]...), full)
	if err != nil {
		keys, held = append(keys, held...), nil // nothing comes after this
	}
	a.held = append([]byte(nil), held...)
	return copy(p, keys), err
}

// guard catches a panic while keys are looked at, which would leave a terminal that nobody reads; what was typed
// is lost with it. It tells when there is nothing more to read.
func (a *asker) guard(n *int, err error) {
	if r := recover(); r != nil {
		a.waits, a.held, *n = false, nil, 0
		a.broke(r)
	}
	if err != nil && a.ended != nil {
		a.ended()
		a.ended = nil
	}
}

// split takes the answer out of what came and returns the rest: what is to be passed on now, and what may be
// the beginning of the answer. Full says that more was there to be read.
func (a *asker) split(b []byte, full bool) (keys, held []byte) {
	start := bytes.Index(b, []byte(opening))
	if start < 0 {
		i := len(b) - beginning(b, full)
		return b[:i:i], b[i:]
	}
	end, size := terminator(b[start:])
	switch {
	case end < 0 && len(b)-start < longest:
		return b[:start:start], b[start:]
	case end < 0:
		a.waits = false // no terminal answers like that
		return b, nil
	}
	c := ansi.XParseColor(string(b[start+len(opening) : start+end]))
	a.waits = false
	if c != nil {
		a.answered(light(c))
	}
	return append(b[:start:start], b[start+end+size:]...), nil
}

// beginning is how many of the last bytes may be the beginning of an answer. A lone escape is the key, unless
// there was more to be read.
func beginning(b []byte, full bool) int {
	for n := min(len(opening)-1, len(b)); n > 0; n-- {
		if strings.HasPrefix(opening, string(b[len(b)-n:])) && (n > 1 || full) {
			return n
		}
	}
	return 0
}

// terminator finds the end of an answer, -1 when it has not come yet, and how long that end is.
func terminator(b []byte) (at, size int) {
	if i := bytes.IndexByte(b, '\a'); i >= 0 {
		return i, 1
	}
	return bytes.Index(b, []byte("\x1b\\")), 2
}

// light says whether dark text reads better on c, by its luma (Rec. 601).
func light(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return (299*r+587*g+114*b)/1000 > 0x8000
}
