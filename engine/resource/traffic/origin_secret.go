package traffic

import (
	"sync"

	"berth/engine/resource"
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
	// Rotate has Fresh take the place of the one there is. The rule lets both through until the distribution sends the
	// new one everywhere.
	Rotate bool

	mu           sync.Mutex
	rule         []string // as observed
	distribution string   // as observed
}

// value is the secret to use: the one the distribution sends already, since that is the slower to change.
func (o *OriginSecret) value() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wanted()
}

func (o *OriginSecret) wanted() string {
	switch {
	case o.Rotate:
		return o.Fresh
	case o.distribution != "":
		return o.distribution
	case len(o.rule) > 0:
		return o.rule[0]
	default:
		return o.Fresh
	}
}

// ruleKnows says whether the rule lets the right requests through.
func (o *OriginSecret) ruleKnows() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return resource.Subset(o.welcome(), o.rule)
}

// let are the secrets that the rule lets through: the one to use, and the one that the distribution still sends.
func (o *OriginSecret) let() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.welcome()
}

func (o *OriginSecret) welcome() []string {
	all := []string{o.wanted()}
	if o.distribution != "" && o.distribution != all[0] {
		all = append(all, o.distribution)
	}
	return all
}

// outlived says whether the rule lets a secret through that nobody sends any more.
func (o *OriginSecret) outlived() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.rule) > 1 && o.distribution == o.wanted()
}

// sent says whether the distribution sends the secret.
func (o *OriginSecret) sent() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.distribution != "" && o.distribution == o.wanted()
}

func (o *OriginSecret) seenInRule(secrets []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rule = secrets
}

func (o *OriginSecret) seenInDistribution(secret string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.distribution = secret
}
