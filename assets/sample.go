package assets

import "embed"

// Sample is the sample app of berth demo, in the folder "sample".
//
//go:embed sample
var Sample embed.FS
