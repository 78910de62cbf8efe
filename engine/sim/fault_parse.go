package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a rule such as "throttle=0.3". The error says what was expected.
func ParseFault(rule string) (Fault, error) {
	name, arg, hasArg := strings.Cut(strings.TrimSpace(rule), "=")
	f := Fault{Rule: strings.TrimSpace(rule), kind: faultKind(name)}
	want := ""
	switch f.kind {
	case faultThrottle, faultJitter, faultErrors:
		want = f.share(arg)
	case faultLost, faultSilent, faultGarbled, faultBusy:
		if strings.Contains(arg, ":") {
			f.target = arg
		} else if f.share(arg) != "" {
			want = "an action like ecs:CreateService or a number from 0 to 1"
		}
	case faultDeny:
		action, _, _ := strings.Cut(arg, "/")
		if f.target = action; !strings.Contains(action, ":") {
			want = "an action like iam:CreateRole"
		} else {
			want = f.until(arg)
		}
	case faultLacks:
		if f.target = arg; !slices.ContainsFunc(services(), func(s awsService) bool { return s.actionPrefix() == arg }) {
			want = "a service by its name in IAM actions, like elasticfilesystem"
		}
	case faultDemands:
		want = f.text(arg, "the key of a tag")
	case faultGuard:
		kind, action, _ := strings.Cut(arg, "/")
		f.target = arg
		if _, known := guards[kind]; !known && (kind != "organization" && kind != "boundary" || !strings.Contains(action, ":")) {
			want = "region, tls, mfa, organization/ACTION or boundary/ACTION"
		}
	case faultCut:
		n, _, _ := strings.Cut(arg, "/")
		if want = f.number(n, 1, 1<<31-1, "the number of a call, from 1"); want == "" {
			want = f.until(arg)
		}
	case faultCutAfter:
		want = f.number(arg, 1, 1<<31-1, "the number of a call, from 1")
	case faultCrash, faultPort, faultUnhealthy:
		if f.kind == faultCrash {
			arg, f.target, _ = strings.Cut(arg, "/")
			hasArg = arg != ""
		}
		f.n = map[faultKind]int{faultCrash: 1, faultPort: 9999, faultUnhealthy: 404}[f.kind]
		if hasArg {
			want = f.number(arg, 0, 65535, "a number, or nothing")
		}
	case faultForceSSL:
		if f.target = "X-Forwarded-Proto"; hasArg {
			f.target = arg
		}
	case faultSlow:
		want = f.slow(arg)
	case faultExpire:
		want = f.expiry(arg)
	case faultEventual:
		f.d = 3 * time.Second
		if hasArg {
			want = f.duration(arg, &f.d, "a duration like 3s, or nothing")
		}
	case faultQuota:
		var count string
		f.target, count, _ = strings.Cut(arg, ":")
		expected := "a quota (" + strings.Join(lowerable(), ", ") + "), a colon and a number"
		if want = f.number(count, 0, 1<<31-1, expected); !slices.Contains(lowerable(), f.target) {
			want = expected
		}
	case faultOOM:
		if hasArg {
			want = f.number(arg, 512, 1<<31-1, "MiB from 512 on, or nothing")
		}
	case faultDeaf, faultImageGone, faultNoRoute, faultNoCF, faultNoELB:
		if hasArg {
			want = "nothing"
		}
	default:
		return Fault{}, fmt.Errorf("fault %q is not known: one of %s", rule, faultNames())
	}
	if want != "" {
		return Fault{}, fmt.Errorf("fault %q: behind %s= stands %s", rule, name, want)
	}
	return f, nil
}

// The readers of arguments give what would have been right, empty when it is.

func (f *Fault) text(arg, want string) string {
	if f.target = arg; arg == "" {
		return want
	}
	return ""
}

func (f *Fault) share(arg string) string {
	v, err := strconv.ParseFloat(arg, 64)
	if f.factor = v; err != nil || !(v >= 0 && v <= 1) {
		return "a number from 0 to 1"
	}
	return ""
}

func (f *Fault) number(arg string, least, most int, want string) string {
	v, err := strconv.Atoi(arg)
	if f.n = v; err != nil || v < least || v > most {
		return want
	}
	return ""
}

func (f *Fault) duration(arg string, into *time.Duration, want string) string {
	v, err := time.ParseDuration(arg)
	if *into = v; err != nil || v < 0 {
		return want
	}
	return ""
}

// until reads the time behind a slash, after which a fault is over. There need not be one.
func (f *Fault) until(arg string) string {
	_, after, ends := strings.Cut(arg, "/")
	if !ends {
		return ""
	}
	return f.duration(after, &f.d, "no time, or one like 60s behind a slash")
}

func (f *Fault) slow(arg string) string {
	service, times, _ := strings.Cut(arg, ":")
	v, err := strconv.ParseFloat(strings.TrimSuffix(times, "x"), 64)
	if f.target, f.factor = service, v; err != nil || !(v > 0 && v <= 1000) || !slices.Contains(slowables(), service) {
		return "a service (" + strings.Join(slowables(), ", ") + "), a colon and a factor like 4x"
	}
	return ""
}

func (f *Fault) expiry(arg string) string {
	after, again, both := strings.Cut(arg, "/")
	want := f.duration(after, &f.d, "a duration like 90s, or two like 90s/60s")
	if both && want == "" {
		want = f.duration(again, &f.d2, "two durations like 90s/60s")
	}
	return want
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

// slowables is what a slow fault can be about: what stands before the dot of a latency's name.
func slowables() []string {
	var names []string
	for l := range catalog().latencies {
		name, _, _ := strings.Cut(string(l), ".")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lowerable is what a quota fault can be about.
func lowerable() []string {
	var names []string
	for _, q := range quotaCodes() {
		if q.fault != "" {
			names = append(names, q.fault)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
