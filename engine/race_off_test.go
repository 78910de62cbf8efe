//go:build !race

package engine_test

// raceFactor thins long matrices out when the race detector makes everything slow.
const raceFactor = 1
