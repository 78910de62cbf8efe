package sim

import (
	"hash/fnv"
	"math"
	"time"
)

// lat names one thing that takes time.
type lat string

// The things that take time in no service.
const (
	latRead      lat = "api.read"
	latWrite     lat = "api.write"
	latTraffic   lat = "app.answer"
	latTimeout   lat = "net.timeout"
	latBuildStep lat = "docker.step"
	latBuildRun  lat = "docker.run"
	latBuildFrom lat = "docker.from"
)

// baseLatencies are theirs; each service has its own. Where people measured a range, the value is in its
// middle; where nobody did, a comment says that it was assumed.
func baseLatencies() map[lat]time.Duration {
	return map[lat]time.Duration{
		latRead:      100 * time.Millisecond, // an API call, there and back
		latWrite:     100 * time.Millisecond,
		latTraffic:   120 * time.Millisecond, // assumed: a request through CloudFront
		latTimeout:   30 * time.Second,       // assumed: nobody answers
		latBuildStep: 500 * time.Millisecond, // assumed: a COPY or WORKDIR step of a docker build
		latBuildRun:  8 * time.Second,        // assumed: a RUN step, so that a build is among "local 1-5 min"
		latBuildFrom: 4 * time.Second,        // assumed: pulling a base image
	}
}

// uploadRate is the bytes a second of a push into the registry, assumed: 40 Mbit/s.
const uploadRate = 5e6

// delay is how long something takes, with the faults that slow it down. What identifies the occasion, so
// that random latencies stay the same however calls interleave.
func (a *Account) delay(l lat, what string) time.Duration {
	return a.scale(l, what, catalog().latencies[l])
}

// scale applies slow and jitter faults to a duration.
func (a *Account) scale(l lat, what string, d time.Duration) time.Duration {
	for _, f := range a.faults {
		switch f.kind {
		case faultSlow:
			if f.covers(string(l)) {
				d = time.Duration(float64(d) * f.factor)
			}
		case faultJitter:
			d = time.Duration(float64(d) * (1 - f.factor + 2*f.factor*chance(a.seed, string(l)+what)))
		}
	}
	return d
}

// chance is a number in [0,1) that depends on nothing but its arguments.
func chance(seed uint64, what string) float64 {
	h := fnv.New64a()
	for i := range 8 {
		_, _ = h.Write([]byte{byte(seed >> (8 * i))})
	}
	_, _ = h.Write([]byte(what))
	x := h.Sum64() // FNV mixes its last bytes badly: one round of a finaliser
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x) / math.Exp2(64)
}
