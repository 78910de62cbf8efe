package advise

import (
	"fmt"
	"slices"
	"strings"

	"berth/compare/catalog"
	"berth/compare/price"
)

// relaxation is one change of the needs. It alters the case and says what it did, and what it costs beside.
type relaxation func(*change)

// change gathers what is changed to flip a verdict.
type change struct {
	Case
	prices *price.Table
	said   []string
	beside float64 // USD a month for what takes over
	unsure bool    // the price of what takes over is not known
	redis  bool    // a Redis takes over
	never  string  // why nothing helps
}

func (c *change) say(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// relaxations is what can be given up for each requirement.
var relaxations = map[string]relaxation{
	"account":  func(c *change) { c.never = c.Service.Account.OpenToNew.Note },
	"endpoint": func(c *change) { c.never = "that is how the service works" },
	"region": func(c *change) {
		near, km, ok := catalog.Regions().Nearest(c.Region, c.Service)
		if c.Service.Regions.Fly || !ok {
			c.never = "it is not in your region"
			return
		}
		c.Region = near.Code
		c.say("in %s (%s, %d km away)", near.Code, near.City, km)
	},
	"size":                 smaller,
	"quota":                withinQuota,
	"https_without_domain": func(c *change) { c.Needs.CustomDomain = true; c.say("with a domain of your own") },
	"told_https":           func(c *change) { c.Needs.CustomDomain = true; c.say("with a domain of your own") },
	"custom_domain":        func(c *change) { c.Needs.CustomDomain = false; c.say("without your own domain") },
	"websockets": func(c *change) {
		if c.Service.Protocol.LongPolling.Can == catalog.Yes && !c.Needs.WebSocketUploads {
			c.say("with long polling instead of WebSockets")
		} else if c.Service.Protocol.LongPolling.Can == catalog.Yes {
			c.say("with uploads over plain requests and long polling instead of WebSockets")
		} else {
			c.say("without WebSockets")
		}
		c.Needs.WebSockets, c.Needs.WebSocketUploads = false, false
		if c.Usage.Instances > 1 && c.Service.Protocol.LongPolling.Can == catalog.Yes && c.Service.Protocol.Sticky.Can != catalog.Yes {
			pubSubOverRedis(c) // the next poll may reach another instance
		}
	},
	"websocket_uploads": func(c *change) {
		if c.Needs.WebSocketUploads { // else it went with the WebSockets
			c.Needs.WebSocketUploads = false
			c.say("with uploads over plain requests")
		}
	},
	"clustering":      pubSubOverRedis,
	"sticky_sessions": func(c *change) { c.Needs.StickySessions = false; c.say("without sticky sessions") },
	"persistent_storage": func(c *change) {
		c.Needs.PersistentStorage = false
		c.say("with files in S3 or a database instead of on disk")
	},
	"grpc": func(c *change) {
		if c.Service.Protocol.GRPC.Can == catalog.Yes {
			c.Needs.CustomDomain = true
			c.say("with a domain of your own")
			return
		}
		c.Needs.GRPC = false
		c.say("without gRPC")
	},
	"arm64":                   func(c *change) { c.Needs.ARM64, c.Usage.Arch = false, "x86"; c.say("with an image for x86_64") },
	"longest_request_seconds": shorter,
	"scale_to_zero":           func(c *change) { c.Needs.ScaleToZero = false; c.say("without scaling to zero") },
	"release_command": func(c *change) {
		c.Needs.ReleaseCommand = false
		c.say("with migrations run when the container starts")
	},
	"shell":         func(c *change) { c.Needs.Shell = false; c.say("without a shell") },
	"secrets":       func(c *change) { c.Needs.Secrets = false; c.say("with plain environment values") },
	"no_http":       func(c *change) { c.never = "it runs only what is called over HTTP" },
	"uploads_to_s3": func(c *change) { c.Needs.UploadsToS3 = false; c.say("with keys of a user for S3") },
	"private_network": func(c *change) {
		c.Needs.PrivateNetwork, c.Usage.NATGateways = false, 0
		c.say("with public addresses")
	},
	"multi_az": func(c *change) { c.Needs.MultiAZ = false; c.say("in one zone") },
	"autoscaling": func(c *change) {
		c.Needs.Autoscaling, c.Usage = false, c.Usage.Steady()
		c.say("with a number of instances that you set")
	},
	"database":        func(c *change) {}, // the reason says how it is reached
	"cache":           func(c *change) {},
	"max_monthly_usd": func(c *change) {}, // told by itself: the money is in the answer
}

func smaller(c *change) {
	s := c.Service
	if n := s.Scaling.MaxInstances; n > 0 && c.Usage.Instances > n {
		c.Usage.Instances = n
		c.say("with at most %d instances", n)
	}
	if most := s.Storage.EphemeralMaxGB; most > 0 && c.Usage.EphemeralGB > most {
		c.Usage.EphemeralGB = most
		c.say("with at most %s GB of disk", num(most))
	} else if most == 0 && c.Usage.EphemeralGB > 0 {
		c.Usage.EphemeralGB = 0
		c.say("without a disk of a certain size")
	}
	if n := len(s.Sizes.List); n > 0 {
		if _, _, ok := s.Sizes.Fit(c.Usage.VCPU, c.Usage.MemoryGB); !ok {
			z := s.Sizes.List[n-1]
			gb := z.High
			if z.Step == 0 {
				gb = z.GB[len(z.GB)-1]
			}
			c.Usage.VCPU, c.Usage.MemoryGB = min(c.Usage.VCPU, z.VCPU), min(c.Usage.MemoryGB, gb)
			c.say("with at most %s vCPU and %s GB per instance", num(z.VCPU), num(gb))
		}
	}
	if mb, per := s.Sizes.LambdaMBMax, s.Sizes.LambdaMBPerVCPU; mb > 0 {
		c.Usage.VCPU, c.Usage.MemoryGB = min(c.Usage.VCPU, mb/per), min(c.Usage.MemoryGB, mb/1024)
		c.say("with at most %s GB per instance", num(mb/1024))
	}
}

func withinQuota(c *change) {
	z, _, _ := c.Service.Sizes.Fit(c.Usage.VCPU, c.Usage.MemoryGB)
	n := 0
	if z.VCPU > 0 {
		n = int(c.Service.Quotas.FargateVCPU / 2 / z.VCPU)
	}
	if n < 1 {
		c.never = "AWS must raise the account's Fargate quota first"
		return
	}
	c.Usage.Instances = min(c.Usage.Instances, n)
	c.say("with at most %d instances until AWS raises the quota", n)
}

// pubSubOverRedis drops clustering. What nodes tell each other then goes through a small Redis: the smallest of
// ElastiCache, and one of one's own where the containers reach no VPC.
func pubSubOverRedis(c *change) {
	c.Needs.Clustering = false
	if c.redis {
		return
	}
	c.redis = true
	redis, what := price.Item{SKU: "lightsail.container.nano_month", Quantity: 1}, "one more nano container service"
	if c.Service.ID != "lightsail" {
		redis = price.Item{SKU: "elasticache.redis." + defaultCache + "_hour", Quantity: price.HoursPerMonth}
		what = "a " + defaultCache + " of ElastiCache"
	}
	e, err := c.prices.Quote(c.Region, []price.Item{redis})
	if err != nil || len(e.Missing()) > 0 {
		c.unsure = true
		c.say("with PubSub over Redis between the nodes (%s, price not known here)", what)
		return
	}
	c.beside += e.MonthlyUSD
	c.say("with PubSub over Redis between the nodes (%s for %.2f USD)", what, e.MonthlyUSD)
}

func shorter(c *change) {
	l := c.Service.Limits
	limit := 0
	switch {
	case l.MaxRequest.Known && !l.MaxRequest.None:
		limit = l.MaxRequest.Seconds
	case l.IdleTimeout.Known:
		limit = l.IdleTimeout.Seconds
	}
	if cf := catalog.Default().CloudFront; behindCloudFront(&c.Case) && c.Needs.LongestRequestSeconds > cf.OriginResponseSeconds {
		c.Needs.CustomDomain = true
		c.say("with a domain of your own")
		if c.Service.Deployable {
			return
		}
	}
	if limit == 0 {
		c.Needs.LongestRequestSeconds = 0
		c.say("without long requests")
		return
	}
	c.Needs.LongestRequestSeconds = limit
	c.say("with no request silent for longer than %d s", limit)
}

// WouldChange says what flips the verdict of a service: the smallest change of the needs, what the service
// would cost then, and how that compares with the recommended one, which may be nil. What fits needs nothing.
func WouldChange(t *price.Table, j Judged, best *Judged) []string {
	if j.Verdict == Fits {
		return []string{}
	}
	out := []string{}
	if s := flip(t, j, best); s != "" {
		out = append(out, s)
	}
	if j.Service.ID == "app-runner" && !j.Needs.AppRunnerCustomer {
		// For those whose account has it, say what else stands in the way.
		j.Needs.AppRunnerCustomer = true
		j.Verdict, j.Reasons = Judge(j.Case)
		if j.Verdict == Fits {
			out = append(out, "If your account already uses App Runner it fits (--app-runner-customer)"+compared(j.Estimate, 0, false, best)+".")
		} else if s := flip(t, j, best); s != "" {
			out = append(out, "If your account already uses App Runner (--app-runner-customer): "+strings.ToLower(s[:1])+s[1:])
		}
	}
	return out
}

// flip relaxes just what stands in the way of the next better verdict. Every reason is relaxed by itself, so
// the set of them is the smallest; the result is judged again to be sure.
func flip(t *price.Table, j Judged, best *Judged) string {
	c := &change{Case: j.Case, prices: t}
	over := 0.0
	for _, r := range j.Reasons {
		if r.Verdict != j.Verdict {
			continue
		}
		if r.Requirement == "max_monthly_usd" {
			over = max(j.Estimate.MonthlyUSD, j.Estimate.MostUSD) - j.Needs.MaxMonthlyUSD
			c.Needs.MaxMonthlyUSD = 0
		}
		if f := relaxations[r.Requirement]; f != nil {
			f(c)
		}
		if c.never != "" && j.Verdict == No {
			return "Nothing about your needs would change it: " + c.never + "."
		}
		if c.never != "" {
			return "" // the reason says what it asks for
		}
	}
	e, err := t.Estimate(c.Service, c.Region, c.Usage, ShapeOf(c.Needs))
	if err != nil {
		return ""
	}
	c.Estimate = e
	v, _ := Judge(c.Case)
	if v.badness() >= j.Verdict.badness() {
		return "" // what was relaxed ran into another limit; better nothing than half a truth
	}
	how := "it would fit"
	if v == Changes {
		how = "it would work with changes"
	}
	if over > 0 {
		c.say("with %.2f USD a month more to spend", over)
	}
	if len(c.said) == 0 {
		return ""
	}
	said := strings.Join(slices.Compact(c.said), ", ")
	return strings.ToUpper(said[:1]) + said[1:] + " " + how + compared(e, c.beside, c.unsure, best) + "."
}

// compared says what it would cost, against what is recommended.
func compared(e price.Estimate, beside float64, unsure bool, best *Judged) string {
	if unsure || e.AtLeast() {
		return fmt.Sprintf(", for at least %.2f USD a month", e.MonthlyUSD+beside)
	}
	usd := e.MonthlyUSD + beside
	out := fmt.Sprintf(", for %.2f USD a month", usd)
	if best == nil || best.Estimate.AtLeast() {
		return out
	}
	switch d := best.Estimate.MonthlyUSD - usd; {
	case d >= 0.005:
		return out + fmt.Sprintf(": %.2f less than %s", d, best.Service.ID)
	case d <= -0.005:
		return out + fmt.Sprintf(": %.2f more than %s", -d, best.Service.ID)
	}
	return out + ", the same as " + best.Service.ID
}
