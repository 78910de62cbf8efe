package assets

import "embed"

// Detectors are the marks by which the framework of a source tree and what it needs are recognised: one TOML file
// for each language, and any.toml for what is the same in all of them. Package engine/project decodes and applies
// them.
//
//go:embed detectors
var Detectors embed.FS
