package report

import (
	"bytes"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Wrapped is a writer for people in front of a terminal of so many columns: lines that are longer go on in the next one at
// a word, below the column in which their text began. A text without a newline at its end, such as a question, stays as
// it is.
func Wrapped(w io.Writer, columns int) io.Writer { return &wrapped{w, columns} }

type wrapped struct {
	io.Writer
	columns int
}

// Write implements io.Writer.
func (w *wrapped) Write(p []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(p) {
		text, whole := strings.CutSuffix(string(line), "\n")
		if !whole || ansi.StringWidth(text) <= w.columns {
			out.Write(line)
			continue
		}
		for i, part := range wrapLine(text, w.columns) {
			if i > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(part)
		}
		out.WriteByte('\n')
	}
	if _, err := w.Writer.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// wrapLine breaks a line at words. What cannot be broken, such as an address, stays whole.
func wrapLine(text string, columns int) (lines []string) {
	indent := textAt(text, columns)
	room := columns
	for ansi.StringWidth(text) > room {
		at := breakAt(text, room)
		if len(lines) == 0 && at <= indent { // nothing of the text would be left beside its label
			at = breakAt(text[indent:], room)
			if at > 0 {
				at += indent
			}
		}
		if at <= 0 {
			break
		}
		lines = append(lines, lead(len(lines), indent)+strings.TrimRight(text[:at], " "))
		text, room = strings.TrimLeft(text[at:], " "), columns-indent
	}
	return append(lines, lead(len(lines), indent)+text)
}

func lead(line, indent int) string {
	if line == 0 {
		return ""
	}
	return strings.Repeat(" ", indent)
}

// breakAt is where the last blank stands that lets so many columns stay, else the first one that there is; zero for none.
func breakAt(text string, columns int) int {
	at := 0
	for i, r := range text {
		if r != ' ' || strings.TrimSpace(text[:i]) == "" {
			continue
		}
		if at > 0 && ansi.StringWidth(text[:i]) > columns {
			break
		}
		at = i
	}
	return at
}

// textAt is the column in which the text of a line begins: behind its last wide gap in the left half, else behind its
// indent.
func textAt(text string, columns int) int {
	half := text[:min(len(text), columns/2)]
	if i := strings.LastIndex(half, "  "); i >= 0 && strings.TrimSpace(half[i:]) != "" {
		return i + 2
	}
	return len(text) - len(strings.TrimLeft(text, " "))
}
