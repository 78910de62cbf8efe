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
