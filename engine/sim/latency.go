package sim

import (
	"hash/fnv"
	"math"
	"time"
)

// lat names one thing that takes time.
type lat string

// The things that take time in the account.
const (
	latRead      lat = "api.read"
	latWrite     lat = "api.write"
	latIAM       lat = "iam.propagation"
	latSLR       lat = "iam.slr"
	latVPC       lat = "ec2.vpc"
	latLBActive  lat = "elb.active"
	latLBGone    lat = "elb.gone"
	latCFCreate  lat = "cloudfront.create"
	latCFUpdate  lat = "cloudfront.update"
	latCFDisable lat = "cloudfront.disable"
	latCluster   lat = "ecs.cluster"
	latSchedule  lat = "ecs.schedule"
	latENI       lat = "ecs.eni"
	latPull      lat = "ecs.pull"
	latActivate  lat = "ecs.activate"
	latBoot      lat = "app.boot"
	latNoRoute   lat = "ecs.noroute"
	latInitFail  lat = "ecs.initfail"
	latStop      lat = "app.stop"
	latRelease   lat = "ecs.deprovision"
	latInactive  lat = "ecs.inactive"
	latSettle    lat = "ecs.settle"
	latNoChecks  lat = "ecs.nochecks"
	latTraffic   lat = "app.answer"
	latTimeout   lat = "net.timeout"
	latBuildStep lat = "docker.step"
	latBuildRun  lat = "docker.run"
	latBuildFrom lat = "docker.from"

	latNamespace     lat = "servicediscovery.namespace"
	latNamespaceGone lat = "servicediscovery.namespace.gone"
)

// latencies is the table. The durations follow aws/ecs-provisioning.md section 2.1; where that has a range,
// the value is in its middle; where it has none, the comment says what was assumed.
var latencies = map[lat]time.Duration{
	latRead:      100 * time.Millisecond, // an API call, there and back
	latWrite:     100 * time.Millisecond,
	latIAM:       8 * time.Second,        // "IAM role usable everywhere: 5-15 s"
	latSLR:       5 * time.Second,        // section 3.7: first call fails, a retry succeeds
	latVPC:       time.Second,            // "available in ~1 s"
	latLBActive:  140 * time.Second,      // "ALB create to active": nine logs, 2m02 to 3m07
	latLBGone:    90 * time.Second,       // "ALB delete + ENI release: 0.5-3 min"
	latCFCreate:  180 * time.Second,      // "CloudFront create to Deployed": 2m58 to 3m07
	latCFUpdate:  120 * time.Second,      // "1-4 min"
	latCFDisable: 180 * time.Second,      // "disable+delete: 3-5 min"
	latCluster:   10 * time.Second,       // "ECS cluster with capacity providers: 10 s"
	latSchedule:  2 * time.Second,        // assumed: the service scheduler's reaction
	latENI:       10 * time.Second,       // "ENI several seconds" of Fargate's 30-60 s
	latPull:      20 * time.Second,       // the rest of it, plus the image's size (pullRate)
	latActivate:  4 * time.Second,        // assumed: registering with the target group
	latBoot:      3 * time.Second,        // assumed: until the app listens
	latNoRoute:   60 * time.Second,       // assumed: dial timeouts with retries
	latInitFail:  5 * time.Second,        // assumed: a refused or missing thing, with retries
	latStop:      2 * time.Second,        // assumed: an app that heeds SIGTERM
	latRelease:   12 * time.Second,       // assumed: the network interface is detached and deleted
	latInactive:  10 * time.Second,       // "service delete: deregistration delay + stopTimeout + 10-30 s"
	latSettle:    4 * time.Second,        // assumed: from the last healthy task to the deployment's verdict
	latNoChecks:  40 * time.Second,       // "without LB and checks ECS waits a flat 40 s"
	latTraffic:   120 * time.Millisecond, // assumed: a request through CloudFront
	latTimeout:   30 * time.Second,       // assumed: nobody answers
	latBuildStep: 500 * time.Millisecond, // assumed: a COPY or WORKDIR step of a docker build
	latBuildRun:  8 * time.Second,        // assumed: a RUN step, so that a build is among "local 1-5 min"
	latBuildFrom: 4 * time.Second,        // assumed: pulling a base image

	latNamespace:     60 * time.Second, // "Cloud Map private namespace: 30-90 s"
	latNamespaceGone: 30 * time.Second, // assumed
}

const (
	pullRate   = 60e6 // bytes a second that a task pulls, assumed
	uploadRate = 5e6  // bytes a second of a push into the registry, assumed: 40 Mbit/s
)

// taskKept is how long a stopped task stays visible: "at least 1 h" (section 4.17).
const taskKept = time.Hour

// delay is how long something takes, with the faults that slow it down. What identifies the occasion, so
// that random latencies stay the same however calls interleave.
func (a *Account) delay(l lat, what string) time.Duration {
	return a.scale(l, what, latencies[l])
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
