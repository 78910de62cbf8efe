package widget

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Duration is d as people say it, at most six columns wide up to a hundred hours: 8s, 1m05s, 2h03m.
func Duration(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", max(0, s))
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
}

// Roughly is a duration without false precision: to five seconds below a minute, to a quarter of a minute
// below five, to a minute above.
func Roughly(d time.Duration) string {
	round := func(to time.Duration) time.Duration { return max(to, (d + to/2).Truncate(to)) }
	switch {
	case d < 55*time.Second:
		return Duration(round(5 * time.Second))
	case d < 5*time.Minute:
		r := round(15 * time.Second)
		if r%time.Minute == 0 {
			return fmt.Sprintf("%dm", r/time.Minute)
		}
		return Duration(r)
	default:
		return fmt.Sprintf("%dm", round(time.Minute)/time.Minute)
	}
}

// Ago is how long something is past, in one unit.
func Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour") + " ago"
	default:
		return plural(int(d/(24*time.Hour)), "day") + " ago"
	}
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Count is n things.
func Count(n int, thing string) string { return plural(n, thing) }

// USD is an amount of dollars with cents, such as $1,204.50.
func USD(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	if v > 0 && v < 0.005 {
		return sign + "<$0.01"
	}
	cents := int64(math.Round(v * 100))
	return fmt.Sprintf("%s$%s.%02d", sign, thousands(cents/100), cents%100)
}

// Range is what something costs: from the least to the most, where most is more. A most of zero is none.
func Range(least, most float64) string {
	if most <= least {
		return USD(least)
	}
	return USD(least) + " to " + USD(most)
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Amount is how far something is, in its unit: 3/12 steps, 34.2/120.0 MB.
func Amount(current, total int64, unit string) string {
	if unit != "bytes" {
		return strings.TrimSpace(fmt.Sprintf("%d/%d %s", current, total, unit))
	}
	div, name := 1e6, "MB"
	switch {
	case total < 1e6:
		div, name = 1e3, "kB"
	case total >= 1e9:
		div, name = 1e9, "GB"
	}
	return fmt.Sprintf("%.1f/%.1f %s", float64(current)/div, float64(total)/div, name)
}

// Sentence begins s with a capital letter, unless it begins with a name that has its own case: a file, a
// flag, a command, an app with its environment behind it.
func Sentence(s string) string {
	word, rest, _ := strings.Cut(s, " ")
	if word == "" || named(rest) || word == "berth" || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// named says that what follows a word is an environment, which makes that the name of an app: shop (production).
func named(rest string) bool {
	env, _, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")")
	return closed && strings.HasPrefix(rest, "(") && !strings.ContainsFunc(env, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// acronyms are words of resource ids that are written in their own way.
var acronyms = map[string]string{
	"vpc": "VPC", "ecr": "ECR", "ecs": "ECS", "iam": "IAM", "dns": "DNS", "tls": "TLS", "https": "HTTPS",
	"http": "HTTP", "url": "URL", "cloudfront": "CloudFront", "waf": "WAF", "efs": "EFS", "rds": "RDS",
	"ssm": "SSM", "alb": "ALB", "lb": "LB", "elb": "ELB", "id": "ID", "acm": "ACM", "cpu": "CPU",
}

// Title makes an id readable: "load-balancer" becomes "Load balancer", "vpc" becomes "VPC".
func Title(id string) string {
	var b strings.Builder
	b.Grow(len(id) + 2)
	for w := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '_' }) {
		first := b.Len() == 0
		if !first {
			b.WriteByte(' ')
		}
		switch a, ok := acronyms[strings.ToLower(w)]; {
		case ok:
			b.WriteString(a)
		case first:
			r, n := utf8.DecodeRuneInString(w)
			b.WriteRune(unicode.ToUpper(r))
			b.WriteString(w[n:])
		default:
			b.WriteString(w)
		}
	}
	if b.Len() == 0 {
		return id
	}
	return b.String()
}
