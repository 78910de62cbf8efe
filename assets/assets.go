// Package assets carries the files that are part of the binary: the facts about the services, the price
// snapshot, the region table. It holds no logic; package compare decodes them.
package assets

import _ "embed"

// Prices is the price snapshot in the text form that package compare/price reads and writes: every row has
// a source, a date and a confidence.
//
//go:embed prices.txt
var Prices string

// Services is the catalogue of facts about each service, each group with source, date and confidence.
//
//go:embed services.toml
var Services string

// Regions is the table of AWS regions and the Fly.io regions they stand in for.
//
//go:embed regions.toml
var Regions string
