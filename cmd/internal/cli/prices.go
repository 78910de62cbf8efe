package cli

import "berth/compare/price"

// prices is the table to price with.
func (a *app) prices() *price.Table { return price.Default() }
