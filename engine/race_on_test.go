//go:build race

package engine_test

const (
	// raceFactor thins long matrices out when the race detector makes everything slow; make matrix does them whole.
	raceFactor = 31
	// raceStep does the same where a matrix is a sample already.
	raceStep = 7
)
