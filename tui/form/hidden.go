package form

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/theme"
	"berth/tui/widget"
)

// Hidden is an editor of one line that nobody may read: a dot stands for each character.
type Hidden struct {
	*Text
	th *theme.Theme
}

// NewHidden makes an editor without a value; validate says why a text cannot be, without repeating it.
func NewHidden(th *theme.Theme, validate func(string) error) *Hidden {
	return &Hidden{Text: NewText(th, "", validate), th: th}
}

// Key handles one key. A text of several lines is refused as a whole: as one line it would be another secret.
func (h *Hidden) Key(k tea.KeyMsg) {
	if text := strings.TrimRight(string(k.Runes), "\r\n"); k.Paste && strings.ContainsAny(text, "\r\n") {
		h.problem = "it has several lines: leave this open and pass it to berth secrets set from a file"
		return
	}
	h.Text.Key(k)
}

// Lines is the editor in a room.
func (h *Hidden) Lines(width, height int) []string {
	e := h.Edit(h.th)
	dot := h.th.Glyphs.Dot
	e.Left, e.Right = strings.Repeat(dot, len([]rune(e.Left))), strings.Repeat(dot, len([]rune(e.Right)))
	lines := []string{h.th.Accent.Paint(h.th.Glyphs.Cursor) + " " + e.Render(width-2, 1)}
	lines = append(lines, problem(h.th, h.problem, width)...)
	return widget.Fit(lines, width, min(height, len(lines)))
}
