package theme

// Glyphs are the signs that stand for a state. Each is one code point and one cell wide, in both sets, so
// that the sets can be exchanged without moving anything.
type Glyphs struct {
	Done, Failed, Waiting, Planned, Skipped, Current string
	Create, Update, Replace, Delete                  string

	Cursor, Arrow, Back, Up, Down, Dot, Ellipsis string
	Rule, Bar, Track, Corner, Branch, Tick       string
	On, Off                                      string
	TopLeft, TopRight, BottomLeft, BottomRight   string
	Side, Caret                                  string

	Spinner []string
	Levels  []string // from empty to full, for sparklines
}

var unicodeGlyphs = Glyphs{
	Done: "✓", Failed: "✗", Waiting: "◌", Planned: "○", Skipped: "–", Current: "●",
	Create: "+", Update: "~", Replace: "±", Delete: "-",
	Cursor: "›", Arrow: "→", Back: "←", Up: "↑", Down: "↓", Dot: "·", Ellipsis: "…",
	Rule: "─", Bar: "━", Track: "─", Corner: "└", Branch: "├", Tick: "┆",
	On: "●", Off: "○",
	TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯", Side: "│", Caret: "▏",
	Spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
	Levels:  []string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
}

var asciiGlyphs = Glyphs{
	Done: "*", Failed: "x", Waiting: ":", Planned: ".", Skipped: "-", Current: "o",
	Create: "+", Update: "~", Replace: "!", Delete: "-",
	Cursor: ">", Arrow: ">", Back: "<", Up: "^", Down: "v", Dot: "-", Ellipsis: "~",
	Rule: "-", Bar: "#", Track: ".", Corner: "`", Branch: "|", Tick: ":",
	On: "*", Off: ".",
	TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+", Side: "|", Caret: "_",
	Spinner: []string{"|", "/", "-", "\\"},
	Levels:  []string{" ", ".", ":", "-", "=", "+", "*", "#", "@"},
}
