package widget

import "berth/tui/theme"

// Selected is a line as the row with the cursor: the ground of the whole row says so where there are colours.
// Elsewhere the sign at its beginning has to do.
func Selected(th *theme.Theme, line string, width int) string {
	if th.Row == (theme.Ink{}) {
		return line
	}
	return th.Row.Under(Pad(line, width))
}
