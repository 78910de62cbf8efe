package traffic

import (
	"sync"
)

// OriginHeader is the header by which the load balancer knows requests that came through our CloudFront
// distribution.
const OriginHeader = "x-origin-verify"

// OriginSecret is the value of OriginHeader. AWS keeps it, in the listener rule and in the distribution; it is
// read from there and never shown. Both must hold the same. The two resources share it while they are made
// side by side.
type OriginSecret struct {
	// Fresh is a new random value of at least 32 characters for the case that AWS has none yet.
	Fresh string

	mu                 sync.Mutex
	rule, distribution string // as observed
}

// value is the secret to use: the one the distribution sends already, since that is the slower to change.
func (o *OriginSecret) value() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wanted()
}

func (o *OriginSecret) wanted() string {
	switch {
	case o.distribution != "":
		return o.distribution
	case o.rule != "":
		return o.rule
	default:
		return o.Fresh
	}
}

// ruleKnows says whether the rule lets the right requests through.
func (o *OriginSecret) ruleKnows() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rule == o.wanted()
}

// sent says whether the distribution sends a secret.
func (o *OriginSecret) sent() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.distribution != ""
}

func (o *OriginSecret) seenInRule(secret string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rule = secret
}

func (o *OriginSecret) seenInDistribution(secret string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.distribution = secret
}
