package sim

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Fault is one way in which the account misbehaves. ParseFault makes one from its rule.
type Fault struct {
	Rule   string // as it was written, such as "throttle=0.3"
	kind   faultKind
	target string        // an IAM action, a service or a quota, with * for any; empty for all
	factor float64       // a probability or a factor
	n      int           // a call number, exit code, port, HTTP status or quota
	d      time.Duration // how long
	d2     time.Duration // how long until it is over, where that can be
}

type faultKind string

const (
	faultThrottle  faultKind = "throttle"
	faultLost      faultKind = "lost"
	faultDeny      faultKind = "deny"
	faultCut       faultKind = "cut"
	faultCutAfter  faultKind = "cut-after"
	faultCrash     faultKind = "crash-task"
	faultPort      faultKind = "wrong-port"
	faultUnhealthy faultKind = "unhealthy"
	faultOOM       faultKind = "oom"
	faultImageGone faultKind = "image-gone"
	faultNoRoute   faultKind = "no-route"
	faultSlow      faultKind = "slow"
	faultJitter    faultKind = "jitter"
	faultExpire    faultKind = "expire"
	faultEventual  faultKind = "eventual"
	faultQuota     faultKind = "quota"
	faultNoCF      faultKind = "no-cloudfront"
	faultNoELB     faultKind = "no-elb"
)

// FaultRule describes one kind of fault for people.
type FaultRule struct {
	Rule string // an example that ParseFault accepts
	Text string // what happens
}

// FaultHelp lists every kind of fault.
func FaultHelp() []FaultRule {
	return []FaultRule{
		{"throttle=0.3", "that share of all calls is refused for calling too often"},
		{"lost=ecs:CreateService", "the first such call takes effect, but its answer gets lost"},
		{"lost=0.05", "the same for that share of all changing calls"},
		{"deny=iam:CreateRole", "that IAM action is denied (* stands for any text)"},
		{"cut=57", "the connection breaks before the 57th call and stays broken"},
		{"cut-after=57", "the 57th call takes effect, then the connection breaks and stays broken"},
		{"crash-task", "every task that starts ends with exit code 1 soon after (crash-task=139: another code)"},
		{"wrong-port", "the app listens on another port than the task definition says (wrong-port=9999: that one)"},
		{"unhealthy=404", "the app answers every request with that status"},
		{"oom", "every task runs out of memory and is killed"},
		{"image-gone", "the image cannot be found when a task pulls it"},
		{"no-route", "tasks have no way to the registry"},
		{"slow=elb:4x", "one service takes that many times longer: elb, cloudfront, ecs, iam, app, api, docker"},
		{"jitter=0.5", "every latency differs at random by up to that share"},
		{"expire=90s", "the credentials expire after that time (expire=90s/60s: fresh ones are there 60 s later)"},
		{"eventual", "reads may miss what was written in the last 3 s (eventual=10s: another span)"},
		{"quota=fargate:0", "a lower quota: fargate (vCPUs), vpc, elb"},
		{"no-cloudfront", "the account is not verified for CloudFront yet"},
		{"no-elb", "the account may not create load balancers yet"},
	}
}

// ParseFault reads a rule such as "throttle=0.3". The error says what was expected.
func ParseFault(rule string) (Fault, error) {
	name, arg, hasArg := strings.Cut(strings.TrimSpace(rule), "=")
	f := Fault{Rule: strings.TrimSpace(rule), kind: faultKind(name)}
	bad := func(want string) (Fault, error) {
		return Fault{}, fmt.Errorf("fault %q: want %s", rule, want)
	}
	var err error
	switch f.kind {
	case faultThrottle, faultJitter:
		if f.factor, err = strconv.ParseFloat(arg, 64); err != nil || f.factor < 0 || f.factor > 1 {
			return bad(name + "= and a number from 0 to 1")
		}
	case faultLost:
		if f.factor, err = strconv.ParseFloat(arg, 64); err != nil {
			f.factor, f.target = 0, arg
			if !strings.Contains(arg, ":") {
				return bad("lost= and an action like ecs:CreateService or a number from 0 to 1")
			}
		} else if f.factor < 0 || f.factor > 1 {
			return bad("lost= and a number from 0 to 1")
		}
	case faultDeny:
		if f.target = arg; !strings.Contains(arg, ":") {
			return bad("deny= and an action like iam:CreateRole")
		}
	case faultCut, faultCutAfter:
		if f.n, err = strconv.Atoi(arg); err != nil || f.n < 1 {
			return bad(name + "= and the number of a call, from 1")
		}
	case faultCrash, faultPort, faultUnhealthy:
		f.n = map[faultKind]int{faultCrash: 1, faultPort: 9999, faultUnhealthy: 404}[f.kind]
		if hasArg {
			if f.n, err = strconv.Atoi(arg); err != nil || f.n < 0 || f.n > 65535 {
				return bad(name + " or " + name + "= and a number")
			}
		}
	case faultSlow:
		service, times, ok := strings.Cut(arg, ":")
		f.target = service
		f.factor, err = strconv.ParseFloat(strings.TrimSuffix(times, "x"), 64)
		if !ok || err != nil || f.factor <= 0 || !slowable(service) {
			return bad("slow= with a service (elb, cloudfront, ecs, iam, app, api, docker), a colon and a factor like 4x")
		}
	case faultExpire:
		after, again, both := strings.Cut(arg, "/")
		if f.d, err = time.ParseDuration(after); err != nil {
			return bad("expire= and a duration like 90s")
		}
		if both {
			if f.d2, err = time.ParseDuration(again); err != nil {
				return bad("expire= and two durations like 90s/60s")
			}
		}
	case faultEventual:
		f.d = 3 * time.Second
		if hasArg {
			if f.d, err = time.ParseDuration(arg); err != nil {
				return bad("eventual or eventual= and a duration like 3s")
			}
		}
	case faultQuota:
		what, count, ok := strings.Cut(arg, ":")
		f.target = what
		f.n, err = strconv.Atoi(count)
		if !ok || err != nil || f.n < 0 || (what != "fargate" && what != "vpc" && what != "elb") {
			return bad("quota= with fargate, vpc or elb, a colon and a number")
		}
	case faultOOM, faultImageGone, faultNoRoute, faultNoCF, faultNoELB:
		if hasArg {
			return bad(name + " alone")
		}
	default:
		return Fault{}, fmt.Errorf("fault %q is not known: one of %s", rule, faultNames())
	}
	return f, nil
}

func faultNames() string {
	var names []string
	for _, h := range FaultHelp() {
		name, _, _ := strings.Cut(h.Rule, "=")
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func slowable(service string) bool {
	for l := range latencies {
		if strings.HasPrefix(string(l), service+".") {
			return true
		}
	}
	return false
}

// covers says whether a slow fault is about that latency.
func (f Fault) covers(l string) bool { return strings.HasPrefix(l, f.target+".") }

// matches says whether the fault's target stands for that action.
func (f Fault) matches(action string) bool {
	ok, err := path.Match(strings.ToLower(f.target), strings.ToLower(action))
	return err == nil && ok
}

// fault gives the account's first fault of a kind.
func (a *Account) fault(k faultKind) (Fault, bool) {
	for _, f := range a.faults {
		if f.kind == k {
			return f, true
		}
	}
	return Fault{}, false
}

// denied gives the first of the actions that a fault denies, empty when none.
func (a *Account) denied(actions []string) string {
	for _, act := range actions {
		for _, f := range a.faults {
			if f.kind == faultDeny && f.matches(act) {
				return act
			}
		}
	}
	return ""
}

// before says what goes wrong with a call before it has any effect.
func (a *Account) before(rec *Call, service string, actions []string, st *state) error {
	what := fmt.Sprintf("%s#%d", rec.Action(), a.nth[rec.Action()])
	for _, f := range a.faults {
		switch f.kind {
		case faultCut:
			if rec.N >= f.n {
				return &cutError{after: f.n}
			}
		case faultCutAfter:
			if rec.N > f.n {
				return &cutError{after: f.n}
			}
		case faultExpire:
			age := rec.Start.Sub(a.opened)
			if age >= f.d && (f.d2 == 0 || age < f.d+f.d2) && !a.renewed {
				return expiredError(service)
			}
		case faultThrottle:
			if chance(a.seed, "throttle "+what) < f.factor {
				return throttledError(service)
			}
		}
	}
	if act := a.denied(actions); act != "" {
		return deniedError(service, act, st.principal())
	}
	return nil
}

// after says whether the answer of a call that took effect gets lost.
func (a *Account) after(rec *Call) error {
	for i, f := range a.faults {
		switch f.kind {
		case faultCutAfter:
			if rec.N >= f.n {
				return &cutError{after: f.n}
			}
		case faultLost:
			if f.target != "" {
				if !a.spent[i] && f.matches(rec.Action()) {
					a.spent[i] = true
					return lostResponse()
				}
			} else if rec.Mutating && chance(a.seed, fmt.Sprintf("lost %s#%d", rec.Action(), a.nth[rec.Action()])) < f.factor {
				return lostResponse()
			}
		}
	}
	return nil
}
