package screen

import (
	"berth/compare/catalog"
	"berth/tui/form"
)

// Regions are the regions to choose from.
func (s *Session) Regions() []form.Option {
	var out []form.Option
	for _, r := range catalog.Regions().Regions {
		o := form.Option{Value: r.Code, Label: r.Name}
		if r.OptIn {
			o.Note = "must be enabled in the account first"
		}
		out = append(out, o)
	}
	return out
}

// RegionCodes are the codes of the regions.
func (s *Session) RegionCodes() []string {
	var out []string
	for _, r := range catalog.Regions().Regions {
		out = append(out, r.Code)
	}
	return out
}
