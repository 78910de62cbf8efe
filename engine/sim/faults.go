package sim

import (
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
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
	faultGuard     faultKind = "guard"
	faultForceSSL  faultKind = "force-ssl"
	faultDeaf      faultKind = "ignores-command"
	faultLacks     faultKind = "lacks"
	faultDemands   faultKind = "demands"
	faultErrors    faultKind = "errors"
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
		{"silent=ecs:CreateCluster", "the first such call takes effect and is never answered, while its connection stays open"},
		{"garbled=0.05", "the answers to that share of all calls are cut short (garbled=ecs:CreateCluster: to the first such call)"},
		{"busy=ec2:CreateVpc", "the first such call takes effect, and a gateway answers it in AWS's place with 502, 503 or 504"},
		{"deny=iam:CreateRole", "that IAM action is denied, * stands for any text (deny=iam:CreateRole/60s: allowed 60 s after it was missed)"},
		{"cut=57", "the connection breaks before the 57th call and stays broken (cut=57/60s: for 60 s)"},
		{"cut-after=57", "the 57th call takes effect, then the connection breaks and stays broken"},
		{"crash-task", "every task that starts ends with exit code 1 soon after (crash-task=139: another code; crash-task=1/_worker: of task definitions whose family ends so)"},
		{"wrong-port", "the app listens on another port than the task definition says (wrong-port=9999: that one)"},
		{"unhealthy=404", "the app answers every request with that status"},
		{"errors=0.5", "the app answers that share of requests with 500, but is well at its health path"},
		{"oom", "every task runs out of memory and is killed (oom=1024: those that have less than 1024 MiB)"},
		{"image-gone", "the image cannot be found when a task pulls it"},
		{"force-ssl", "the app redirects to https unless X-Forwarded-Proto says so, but at its health path (force-ssl=HEADER: another header)"},
		{"ignores-command", "the image's ENTRYPOINT starts the server, whatever command a task is given"},
		{"no-route", "tasks have no way to the registry"},
		{"slow=elb:4x", "one service takes that many times longer: " + strings.Join(slowables(), ", ")},
		{"jitter=0.5", "every latency differs at random by up to that share"},
		{"expire=90s", "the credentials expire after that time (expire=90s/60s: fresh ones are there 60 s later)"},
		{"eventual", "reads may miss what was written in the last 3 s (eventual=10s: another span)"},
		{"quota=fargate:0", "a lower quota: " + strings.Join(lowerable(), ", ") + " (fargate counts vCPUs)"},
		{"no-cloudfront", "the account is not verified for CloudFront yet"},
		{"guard=region", "the caller may act only in its region; also tls, mfa, and organization/ACTION or boundary/ACTION, which IAM says forbid it"},
		{"lacks=rds", "it knows nothing of that service, as an emulator of AWS may"},
		{"demands=cost-center", "the organization lets nothing be made that does not carry that tag from the start"},
		{"no-elb", "the account may not create load balancers yet"},
	}
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
		for i, f := range a.faults {
			if f.kind == faultDeny && f.matches(act) && !a.over(i) {
				return act
			}
		}
	}
	return ""
}

// untagged says whether the request makes something without a tag that an organization's policy demands. Writing over a
// parameter makes none, and rules of a security group are not what such policies are about.
func (a *Account) untagged(o operation, in any) bool {
	f, ok := a.fault(faultDemands)
	if !ok || !o.tags || strings.HasPrefix(o.name, "Authorize") {
		return false
	}
	if p, is := in.(*ssm.PutParameterInput); is && val(p.Overwrite, false) {
		return false
	}
	text, err := json.Marshal(in)
	return err == nil && !strings.Contains(string(text), strconv.Quote(f.target))
}

// over says whether the fault, which just struck, has an end that is past. Its time runs from when it struck
// first.
func (a *Account) over(i int) bool {
	since, struck := a.struck[i]
	if !struck {
		a.struck[i] = a.now()
		return false
	}
	d := a.faults[i].d
	return d > 0 && a.now().Sub(since) >= d
}

// broken says whether the connection is broken for the nth call before it has any effect.
func (a *Account) broken(n int) error {
	n -= a.unheard
	for i, f := range a.faults {
		if f.kind == faultCut && n >= f.n && !a.over(i) || f.kind == faultCutAfter && n > f.n {
			return &cutError{after: f.n}
		}
	}
	return nil
}

// before says what goes wrong with a call before it has any effect.
func (a *Account) before(rec *Call, service string, actions []string, st *state) error {
	if a.armed != nil && rec.Mutating {
		a.set(a.armed)
		a.opened, a.unheard = rec.Start, rec.N-1
	}
	what := fmt.Sprintf("%s#%d", rec.Action(), a.nth[rec.Action()])
	if err := a.broken(rec.N); err != nil {
		return err
	}
	for _, f := range a.faults {
		switch f.kind {
		case faultLacks:
			if f.target == rec.Service {
				return apiErr("UnknownOperationException", "")
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
		if strings.HasPrefix(rec.Operation, "Head") { // its answer has no body to say more
			return apiErr("Forbidden", "Forbidden")
		}
		return deniedError(service, act, st.principal())
	}
	return nil
}

// after says whether the answer of a call that took effect gets lost.
func (a *Account) after(rec *Call) error {
	for i, f := range a.faults {
		switch f.kind {
		case faultCutAfter:
			if rec.N-a.unheard >= f.n {
				return &cutError{after: f.n}
			}
		case faultSilent, faultGarbled, faultBusy:
			if err := a.answered(i, f, rec); err != nil {
				return err
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
