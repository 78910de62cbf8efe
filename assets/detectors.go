package assets

import _ "embed"

// Detectors are the marks by which the framework of a source tree and what it needs are recognised, each
// with source, date and confidence. Package engine/project decodes and applies them.
//
//go:embed detectors.toml
var Detectors string
