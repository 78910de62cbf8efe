package screen

import "berth/engine/spec"

// From says in a few words where a value came from.
func From(o spec.Origin) string {
	text := o.String()
	switch {
	case o.Kind == spec.Detected && text == string(spec.Detected):
		return "the source tree"
	case o.Kind == spec.Default && o.Text != "":
		return "default: " + o.Text
	default:
		return text
	}
}

// LineOf is the file and line that a value was read from, as From begins with; empty when it is from no file of
// the source tree.
func LineOf(o spec.Origin) string {
	if o.Kind != spec.Detected {
		return ""
	}
	return o.Place()
}
