package advise

import (
	"cmp"
	"slices"
	"strings"

	"berth/compare/price"
)

// Judged is one service with what was said about it.
type Judged struct {
	Case
	Verdict Verdict
	Reasons []Reason
}

// effort orders services by how much there is to learn and to keep up, least first. It decides only between
// services that cost about the same.
var effort = []string{
	"ecs-fargate", "lightsail", "app-runner", "ecs-express", "lambda", "elastic-beanstalk",
	"ecs-ec2", "ec2", "eks", "fly",
}

// ownServers is the services on which instances are yours to size, to patch and to pay for whole.
var ownServers = []string{"elastic-beanstalk", "ecs-ec2", "ec2", "eks"}

// Two estimates are about the same when they differ by less than a tenth, or by less than two dollars.
const (
	sameShare = 0.10
	sameUSD   = 2.0
)

// Rank puts the best service first:
//
//  1. What fits comes before what needs changes, before what cannot.
//  2. Of what needs changes, fewer changes come first; of what cannot, fewer obstacles. Building or running the
//     app in another way (the endpoint) counts for two: it is more than a setting. What is not known counts
//     for three: a way that is known is better than one that is only hoped for.
//  3. The baseline that people come from stands behind AWS's services.
//  4. Services without servers of your own come before those with them: berth is for people who want an
//     endpoint, not machines.
//  5. What has a price for its compute, here or elsewhere, comes before what has none and only looks cheap.
//     Prices that are missing beside it, such as of disks or requests, do not turn the order.
//  6. The cheaper comes first. Where a price is missing, the middle of what other regions pay for it counts: a
//     price that nobody has written down neither wins nor loses.
//  7. Among those that cost about the same, the simpler comes first: what berth deploys by itself is the
//     simplest (see effort).
func Rank(list []Judged) {
	slices.SortStableFunc(list, func(a, b Judged) int {
		return cmp.Or(group(a, b), cmp.Compare(a.Estimate.MiddleUSD(), b.Estimate.MiddleUSD()))
	})
	// Rule 7. Ties are counted from the cheapest of each run, so that the order does not hang on chance.
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && group(list[from], list[to]) == 0 && same(list[from].Estimate.MiddleUSD(), list[to].Estimate.MiddleUSD()) {
			to++
		}
		slices.SortStableFunc(list[from:to], func(a, b Judged) int {
			return slices.Index(effort, a.Service.ID) - slices.Index(effort, b.Service.ID)
		})
		from = to
	}
}

func same(a, b float64) bool { return b-a < max(sameUSD, sameShare*a) }

// group compares by rules 1 to 5.
func group(a, b Judged) int {
	return cmp.Or(
		cmp.Compare(a.Verdict.badness(), b.Verdict.badness()),
		cmp.Compare(obstacles(a), obstacles(b)),
		cmp.Compare(truth(a.Service.Baseline), truth(b.Service.Baseline)),
		cmp.Compare(truth(slices.Contains(ownServers, a.Service.ID)), truth(slices.Contains(ownServers, b.Service.ID))),
		cmp.Compare(truth(unpriced(a)), truth(unpriced(b))),
	)
}

// obstacles counts the reasons that made the verdict what it is, when it is not Fits.
func obstacles(j Judged) int {
	n := 0
	for _, r := range j.Reasons {
		if j.Verdict == Fits || r.Verdict != j.Verdict {
			continue
		}
		n++
		switch {
		case r.Unknown:
			n += 2
		case r.Requirement == "endpoint":
			n++
		}
	}
	return n
}

// beside is the SKUs whose missing price does not make an estimate useless.
var beside = []string{"ebs.", "efs.", "ecr.", "logs.", "egress.", "cloudfront.", "route53.", "codebuild.", "secretsmanager.", "rds."}

// unpriced says whether the price of compute or of the load balancer is missing, and no region has one.
func unpriced(j Judged) bool {
	return slices.ContainsFunc(j.Estimate.Lines, func(l price.Line) bool {
		return !l.Known && l.HighUSD == 0 && !slices.ContainsFunc(beside, func(p string) bool { return strings.HasPrefix(l.SKU, p) })
	})
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Recommend returns the first service of a ranking that fits; when none does, the first that needs changes;
// nil when neither exists. The baseline is never recommended.
func Recommend(ranked []Judged) *Judged {
	for _, v := range []Verdict{Fits, Changes} {
		for i := range ranked {
			if ranked[i].Verdict == v && !ranked[i].Service.Baseline {
				return &ranked[i]
			}
		}
	}
	return nil
}
