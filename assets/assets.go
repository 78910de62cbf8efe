// Package assets carries the files that are part of the binary: the facts about the services, the price
// snapshot, the region table. It holds no logic; package compare decodes them.
package assets
