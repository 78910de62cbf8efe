package screen

import (
	"strings"

	"berth/compare/advise"
	"berth/tui/theme"
)

// VerdictWord is a verdict as people read it.
func VerdictWord(v advise.Verdict) string {
	switch v {
	case advise.Fits:
		return "fits"
	case advise.Changes:
		return "app must change"
	default:
		return "no"
	}
}

// ShortName is the name of a service without what all names have in common, for narrow columns.
func ShortName(name string) string {
	name, _, _ = strings.Cut(name, " (")
	for _, cut := range []string{"Amazon ", "AWS ", " container service", " with a container image", " instances"} {
		name = strings.ReplaceAll(name, cut, "")
	}
	return name
}

// VerdictGlyph is the sign of a verdict and its ink.
func VerdictGlyph(th *theme.Theme, v advise.Verdict) (string, theme.Ink) {
	switch v {
	case advise.Fits:
		return th.Glyphs.Done, th.Good
	case advise.Changes:
		return th.Glyphs.Update, th.Warn
	default:
		return th.Glyphs.Failed, th.Bad
	}
}
