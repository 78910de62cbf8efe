// Package advise holds the rules: what an app needs against what each service can do gives a verdict per
// service with one reason per need, a ranking, and what would change a verdict. It is pure: facts come from
// package catalog, money from package price, and the rules stand in rules.go and rank.go only.
package advise

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"berth/compare/catalog"
	"berth/compare/need"
	"berth/compare/price"
)

// Requirements is what an app needs, as the table of needs has it.
type Requirements = need.Requirements

// Verdict says whether a service can run the app.
type Verdict string

// The verdicts, from good to bad.
const (
	Fits    Verdict = "fits"    // as it is
	Changes Verdict = "changes" // when something is changed; the reason says what
	No      Verdict = "no"
)

// badness orders verdicts.
func (v Verdict) badness() int {
	switch v {
	case Fits:
		return 0
	case Changes:
		return 1
	case No:
	}
	return 2
}

// worse returns the worse of two verdicts.
func worse(a, b Verdict) Verdict {
	if b.badness() > a.badness() {
		return b
	}
	return a
}

// Reason is the judgement of one service against one requirement, with the fact that it rests on.
type Reason struct {
	// Requirement is the JSON name of the requirement, such as "websockets" or "max_monthly_usd", or one of
	// those that every app has: account, region, size, https_without_domain, endpoint, quota.
	Requirement string  `json:"requirement"`
	Verdict     Verdict `json:"verdict"`
	Text        string  `json:"text"`
	Unknown     bool    `json:"unknown,omitempty"` // nothing reliable is known: a risk to try out
	Builds      bool    `json:"berth_builds"`      // this version of berth builds it on this service; the facade says so
	Source      string  `json:"source"`
	AsOf        string  `json:"as_of"`
	Confidence  string  `json:"confidence"`
}

// weight orders reasons by how much they decide: an obstacle, something unknown, a change, what fits.
func (r Reason) weight() int {
	switch {
	case r.Verdict == No:
		return 3
	case r.Unknown:
		return 2
	case r.Verdict == Changes:
		return 1
	}
	return 0
}

// InputError says that what was asked for makes no sense. Its Field is the name of a flag without dashes.
type InputError = price.InputError

// Validate refuses needs that are absurd or contradict each other or the usage. The error is an *InputError.
// It does not look at the region; resolving that is the facade's.
func Validate(r Requirements, u price.Usage) error {
	if err := u.Validate(); err != nil {
		return err
	}
	switch {
	case r.LongestRequestSeconds < 0 || r.LongestRequestSeconds > 7*24*3600:
		return &InputError{Field: "longest-request", Text: fmt.Sprintf("longest-request is %d; it must be from 0 to 604800 seconds", r.LongestRequestSeconds)}
	case math.IsNaN(r.MaxMonthlyUSD) || r.MaxMonthlyUSD < 0 || r.MaxMonthlyUSD > 1e9:
		return &InputError{Field: "max-monthly", Text: fmt.Sprintf("max-monthly is %v; it must be from 0 to 1e9 USD", r.MaxMonthlyUSD)}
	case r.NoHTTP && (r.WebSockets || r.GRPC || r.CustomDomain || r.StickySessions || r.LongestRequestSeconds > 0 || r.StaticOnly):
		return &InputError{Field: "no-http", Text: "no-http is asked for together with something that visitors need: an app that nobody calls has no domain, no WebSockets and no requests"}
	case r.StaticOnly && (r.WebSockets || r.GRPC || r.Clustering || r.PersistentStorage || r.UploadsToS3 || r.ReleaseCommand || r.Shell):
		return &InputError{Field: "static-only", Text: "static-only is asked for together with something that only a running app needs"}
	case r.MultiAZ && u.Instances < 2:
		return &InputError{Field: "instances", Text: "multi-az is asked for with one instance: two zones need two"}
	case r.WebSocketUploads && !r.WebSockets:
		return &InputError{Field: "websocket-uploads", Text: "websocket-uploads is asked for without websockets: uploads over WebSockets need WebSockets"}
	case r.ARM64 && u.Arch == "x86":
		return &InputError{Field: "arch", Text: "arm64 is needed but the usage is priced for x86: say arch arm, or drop arm64"}
	}
	return nil
}

// Case is one service held against one app.
type Case struct {
	Service  *catalog.Service
	Region   string // resolved AWS region
	Needs    Requirements
	Usage    price.Usage
	Estimate price.Estimate
}

// ShapeOf is what the needs mean for the bill.
func ShapeOf(r Requirements) price.Shape {
	return price.Shape{
		OwnDomain: r.CustomDomain, Clustering: r.Clustering, Storage: r.PersistentStorage, NoHTTP: r.NoHTTP,
		MultiAZ: r.MultiAZ, Autoscaled: r.Autoscaling,
	}
}

// Judge gives the verdict, which is that of the worst reason, and one reason per requirement: those that decide come
// first, then in the order of the rules.
func Judge(c Case) (Verdict, []Reason) {
	v := Fits
	out := make([]Reason, 0, len(rules))
	for i := range rules {
		if !rules[i].applies(&c) {
			continue
		}
		j := rules[i].judge(&c)
		v = worse(v, j.verdict)
		out = append(out, Reason{
			Requirement: rules[i].requirement, Verdict: j.verdict, Text: j.text, Unknown: strings.HasPrefix(j.text, notKnown),
			Source: j.from.Source, AsOf: j.from.AsOf, Confidence: j.from.Confidence,
		})
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(b.weight(), a.weight()) })
	return v, out
}
