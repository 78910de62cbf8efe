//go:build race

package main

// raced says whether this test was built with the race detector; the binary under test then is, too, so that
// the compiled packages are shared.
const raced = true
