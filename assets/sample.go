package assets

import "embed"

// Sample is the sample app of berth demo, in the folder "sample": a Phoenix LiveView app that moves here from
// Fly.io.
//
//go:embed all:sample
var Sample embed.FS
