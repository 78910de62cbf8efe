package advise

import (
	"fmt"
	"slices"
	"strconv"

	"berth/compare/catalog"
	"berth/compare/price"
)

// judgement is what a rule says, and the fact it says it by.
type judgement struct {
	verdict Verdict
	text    string
	from    catalog.From
}

// rule judges one requirement. It is asked only when the requirement applies.
type rule struct {
	requirement string
	applies     func(*Case) bool
	judge       func(*Case) judgement
}

func always(*Case) bool { return true }

// rules is every rule, in the order in which reasons are told. Beside what its own function says, a rule
// holds to this: a fact that is not known gives Changes, never Fits. Adding a need may only make a verdict
// worse.
var rules = []rule{
	{"account", always, account},
	{"region", always, region},
	{"endpoint", always, func(c *Case) judgement {
		return ability(c.Service.Image.Endpoint, c.Service.Image.From, "turns an image into an endpoint", "turn an image into an endpoint")
	}},
	{"size", always, size},
	{"no_http", func(c *Case) bool { return c.Needs.NoHTTP }, func(c *Case) judgement {
		return ability(c.Service.Protocol.Worker, c.Service.Protocol.From, "runs an app that nobody calls", "run an app that nobody calls")
	}},
	{"https_without_domain", func(c *Case) bool { return !c.Needs.CustomDomain && !c.Needs.NoHTTP }, httpsWithoutDomain},
	{"told_https", func(c *Case) bool { return c.Needs.ToldHTTPS && bare(c) }, toldHTTPS},
	{"custom_domain", func(c *Case) bool { return c.Needs.CustomDomain && !c.Needs.NoHTTP }, func(c *Case) judgement {
		return ability(c.Service.Domain.Custom, c.Service.Domain.From, "takes your own domain", "take your own domain")
	}},
	{"websockets", func(c *Case) bool { return c.Needs.WebSockets }, webSockets},
	{"websocket_uploads", func(c *Case) bool { return c.Needs.WebSocketUploads }, webSocketUploads},
	{"clustering", func(c *Case) bool { return c.Needs.Clustering }, clustering},
	{"sticky_sessions", func(c *Case) bool { return c.Needs.StickySessions }, func(c *Case) judgement {
		return ability(c.Service.Protocol.Sticky, c.Service.Protocol.From, "keeps a visitor on one instance", "keep a visitor on one instance")
	}},
	{"persistent_storage", func(c *Case) bool { return c.Needs.PersistentStorage }, func(c *Case) judgement {
		return ability(c.Service.Storage.Persistent, c.Service.Storage.From, "keeps files", "keep files")
	}},
	{"uploads_to_s3", func(c *Case) bool { return c.Needs.UploadsToS3 }, func(c *Case) judgement {
		return ability(c.Service.Operations.AppRole, c.Service.Operations.From, "lets the app into S3 without keys", "let the app into S3 without keys")
	}},
	{"database", func(c *Case) bool { return c.Needs.Database }, func(c *Case) judgement {
		return ability(c.Service.Network.Reach, c.Service.Network.From, "reaches a database", "reach a database")
	}},
	{"cache", func(c *Case) bool { return c.Needs.Cache }, func(c *Case) judgement {
		return ability(c.Service.Network.Reach, c.Service.Network.From, "reaches a Redis", "reach a Redis")
	}},
	{"private_network", func(c *Case) bool { return c.Needs.PrivateNetwork }, func(c *Case) judgement {
		return ability(c.Service.Network.Private, c.Service.Network.From, "keeps instances without public addresses", "keep instances without public addresses")
	}},
	{"multi_az", func(c *Case) bool { return c.Needs.MultiAZ }, func(c *Case) judgement {
		return ability(c.Service.Network.Zones, c.Service.Network.From, "outlives a zone", "outlive a zone")
	}},
	{"autoscaling", func(c *Case) bool { return c.Needs.Autoscaling }, func(c *Case) judgement {
		return ability(c.Service.Scaling.Auto, c.Service.Scaling.From, "follows the load", "follow the load")
	}},
	{"grpc", func(c *Case) bool { return c.Needs.GRPC }, grpc},
	{"arm64", func(c *Case) bool { return c.Needs.ARM64 }, func(c *Case) judgement {
		return ability(c.Service.Image.ARM64, c.Service.Image.From, "runs arm64 images", "run arm64 images")
	}},
	{"longest_request_seconds", func(c *Case) bool { return c.Needs.LongestRequestSeconds > 0 }, longestRequest},
	{"scale_to_zero", func(c *Case) bool { return c.Needs.ScaleToZero }, func(c *Case) judgement {
		return ability(c.Service.Scaling.ScaleToZero, c.Service.Scaling.From, "scales to zero", "scale to zero")
	}},
	{"release_command", func(c *Case) bool { return c.Needs.ReleaseCommand }, releaseCommand},
	{"shell", func(c *Case) bool { return c.Needs.Shell }, func(c *Case) judgement {
		return ability(c.Service.Operations.Shell, c.Service.Operations.From, "gives a shell in a running container", "give a shell in a running container")
	}},
	{"secrets", func(c *Case) bool { return c.Needs.Secrets }, func(c *Case) judgement {
		return ability(c.Service.Operations.Secrets, c.Service.Operations.From, "hands secrets to the container", "hand secrets to the container")
	}},
	{"quota", func(c *Case) bool { return c.Service.Quotas.Text != "" }, quota},
	{"max_monthly_usd", func(c *Case) bool { return c.Needs.MaxMonthlyUSD > 0 }, budget},
}

// notKnown opens the text of a reason about which nothing reliable is known.
const notKnown = "not known"

// ability turns a fact into a judgement. Does and do complete "it …" and "it does not …".
func ability(a catalog.Ability, from catalog.From, does, do string) judgement {
	note := ""
	if a.Note != "" {
		note = ": " + a.Note
	}
	switch a.Can {
	case catalog.Yes:
		return judgement{Fits, does + note, from}
	case catalog.Steps:
		return judgement{Changes, does + ", after steps of yours" + note, from}
	case catalog.No:
		return judgement{No, "does not " + do + note, from}
	case catalog.Unknown:
	}
	return judgement{Changes, notKnown + " whether it " + does + "; try it before you rely on it" + note, from}
}

func account(c *Case) judgement {
	a := c.Service.Account
	switch {
	case a.OpenToNew.Can == catalog.Yes:
		return judgement{Fits, "open to every account", a.From}
	case a.OpenToNew.Can == catalog.No && c.Service.ID == "app-runner" && c.Needs.AppRunnerCustomer:
		return judgement{Fits, "open to you as an existing customer; " + a.OpenToNew.Note, a.From}
	case a.OpenToNew.Can == catalog.No:
		return judgement{No, a.OpenToNew.Note, a.From}
	}
	return judgement{Changes, notKnown + " whether it is open to new accounts", a.From}
}

// nearby is how far, in km, another provider's region may be and still stand for an AWS region: some 10 ms
// there and back.
const nearby = 1000

func region(c *Case) judgement {
	atlas := catalog.Regions()
	from := c.Service.Regions.From
	r, _ := atlas.Region(c.Region)
	if c.Service.Regions.Fly {
		f, km, _ := atlas.NearestFly(c.Region)
		switch {
		case km == 0:
			return judgement{Fits, f.Code + ", " + f.City, from}
		case km <= nearby:
			return judgement{Fits, fmt.Sprintf("%s, %s, %d km from %s", f.Code, f.City, km, r.City), from}
		}
		return judgement{Changes, fmt.Sprintf("nothing in %s; the nearest is %s, %s, %d km away", r.City, f.Code, f.City, km), from}
	}
	if slices.Contains(c.Service.Regions.Codes, c.Region) {
		text := "in " + c.Region + ", " + r.Name
		if r.OptIn {
			text += "; this region must be enabled in the account first"
		}
		return judgement{Fits, text, from}
	}
	near, km, ok := atlas.Nearest(c.Region, c.Service)
	if !ok {
		return judgement{No, "not in " + c.Region, from}
	}
	return judgement{No, fmt.Sprintf("not in %s; the nearest region that has it is %s, %s, %d km away", c.Region, near.Code, near.City, km), from}
}

// size looks at CPU and memory, then at disk and at how many instances there may be; the worst counts.
func size(c *Case) judgement {
	s, u := c.Service, c.Usage
	want := num(u.VCPU) + " vCPU and " + num(u.MemoryGB) + " GB"
	if n := s.Scaling.MaxInstances; n > 0 && u.Instances > n {
		return judgement{No, fmt.Sprintf("at most %d instances, not %d", n, u.Instances), s.Scaling.From}
	}
	if most := s.Storage.EphemeralMaxGB; most > 0 && u.EphemeralGB > most {
		return judgement{No, fmt.Sprintf("at most %s GB of disk per instance, not %s", num(most), num(u.EphemeralGB)), s.Storage.From}
	}
	out := judgement{Fits, "holds " + want, s.Sizes.From}
	switch {
	case s.Sizes.Machines:
		if s.Sizes.MaxVCPU > 0 && u.VCPU > s.Sizes.MaxVCPU {
			return judgement{No, "at most " + num(s.Sizes.MaxVCPU) + " vCPU per task, not " + num(u.VCPU), s.Sizes.From}
		}
		out.text += " on an EC2 instance type of your choice"
		return out
	case s.Sizes.LambdaMBMax > 0:
		if max(u.MemoryGB*1024, u.VCPU*s.Sizes.LambdaMBPerVCPU) > s.Sizes.LambdaMBMax {
			return judgement{No, fmt.Sprintf("at most %s MB, where %s MB stand for a vCPU; that is less than %s", num(s.Sizes.LambdaMBMax), num(s.Sizes.LambdaMBPerVCPU), want), s.Sizes.From}
		}
		return out
	}
	z, gb, ok := s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		return judgement{No, "no size holds " + want, s.Sizes.From}
	}
	name := num(z.VCPU) + " vCPU and " + num(gb) + " GB"
	if z.Name != "" {
		name = z.Name + " with " + name
	}
	switch {
	case z.VCPU == u.VCPU && gb == u.MemoryGB:
		out.text = "has the size " + name
	default:
		out.text = "the next size for " + want + " is " + name
	}
	if s.Storage.EphemeralMaxGB == 0 && u.EphemeralGB > 0 {
		return judgement{Changes, notKnown + " how much disk an instance has; try it before you rely on " + num(u.EphemeralGB) + " GB", s.Storage.From}
	}
	return out
}

// bare says whether there is no own domain, and the service itself has no certificate.
func bare(c *Case) bool {
	return !c.Needs.CustomDomain && !c.Needs.NoHTTP && c.Service.Domain.HTTPSWithoutDomain.Can == catalog.Steps
}

// behindCloudFront says whether the app would be reached through CloudFront.
func behindCloudFront(c *Case) bool { return bare(c) && !proposesGateway(c) }

// proposesGateway says whether berth puts an ECS gateway in front, because the app would break behind CloudFront.
func proposesGateway(c *Case) bool {
	return bare(c) && c.Needs.ToldHTTPS && c.Service.Deployable && c.Service.Domain.Gateway
}

// behindGateway says whether the app would be reached through an ECS gateway, because there is no own domain.
func behindGateway(c *Case) bool {
	return !c.Needs.CustomDomain && c.Service.Domain.Gateway && c.Service.Domain.HTTPSWithoutDomain.Can == catalog.Yes || proposesGateway(c)
}

func httpsWithoutDomain(c *Case) judgement {
	d := c.Service.Domain
	switch {
	case !c.Service.Deployable || d.HTTPSWithoutDomain.Can != catalog.Steps:
	case proposesGateway(c):
		return judgement{Fits, "berth puts an ECS gateway in front, with an https:// name of its own: behind CloudFront this app would break", catalog.Default().Gateway.From}
	default:
		return judgement{Fits, "berth puts a CloudFront distribution in front: https://<id>.cloudfront.net; an ECS gateway would do, too", d.From}
	}
	return ability(d.HTTPSWithoutDomain, d.From, "has an https:// URL without an own domain", "have an https:// URL without an own domain")
}

// toldHTTPS is about what the app hears from CloudFront, which speaks http to the load balancer.
func toldHTTPS(c *Case) judgement {
	if proposesGateway(c) {
		return judgement{
			Fits, "tells the app that visitors came by https, through the ECS gateway or at a domain of your own; gateways are new, and berth's use of them is unverified",
			catalog.Default().Gateway.From,
		}
	}
	return judgement{
		Changes, "CloudFront in front speaks http to the load balancer, so that the app is told http: use a domain of your own, or have the app believe CloudFront-Forwarded-Proto",
		catalog.Default().CloudFront.From,
	}
}

// webSockets: a service without them can still run an app that uses them for updates only, when the app falls
// back to long polling. With several nodes long polling needs the nodes to share their state, by clustering
// or by sticky sessions, and a service without WebSockets that has neither is out for a clustered app.
func webSockets(c *Case) judgement {
	p := c.Service.Protocol
	if p.WebSockets.Can != catalog.No {
		out := ability(p.WebSockets, p.From, "carries WebSockets", "carry WebSockets")
		switch {
		case out.verdict == Fits && !c.Service.Limits.IdleTimeout.Known:
			return judgement{Changes, notKnown + " how long a silent WebSocket stays open; send something at least every 30 s and try it (" + p.WebSockets.Note + ")", p.From}
		case out.verdict == Fits && behindGateway(c):
			out.text += fmt.Sprintf("; behind an ECS gateway one is closed after %d s of silence", catalog.Default().Gateway.IdleSeconds)
		case out.verdict == Fits && behindCloudFront(c):
			out.text += fmt.Sprintf("; through CloudFront one is closed after %d minutes of silence", catalog.Default().CloudFront.WebSocketIdleSeconds/60)
		}
		return out
	}
	note := "no WebSockets: " + p.WebSockets.Note
	switch {
	case p.LongPolling.Can == catalog.No:
		return judgement{No, note + "; long polling is no way out: " + p.LongPolling.Note, p.From}
	case c.Needs.WebSocketUploads:
		return judgement{No, note + "; long polling is no way out, because uploads travel over the WebSocket", p.From}
	case c.Needs.Clustering:
		return judgement{No, note + "; long polling is no way out for a cluster, because nodes neither reach each other nor keep their visitors", p.From}
	case c.Usage.Instances > 1 && p.Sticky.Can != catalog.Yes:
		return judgement{Changes, note + "; long polling works for updates, with one instance or with PubSub over Redis", p.From}
	}
	return judgement{Changes, note + "; long polling works for updates", p.From}
}

func webSocketUploads(c *Case) judgement {
	p := c.Service.Protocol
	if p.WebSockets.Can == catalog.No {
		return judgement{No, "uploads travel over the WebSocket, and it has none", p.From}
	}
	return ability(catalog.Ability{Can: p.WebSockets.Can, Note: p.WebSockets.Note}, p.From, "carries uploads over WebSockets", "carry uploads over WebSockets")
}

func clustering(c *Case) judgement {
	n := c.Service.Network
	out := ability(n.Clustering, n.From, "lets nodes talk to each other", "let nodes talk to each other")
	if out.verdict == Fits && n.DNSPeers > 0 && c.Usage.Instances > n.DNSPeers {
		return judgement{Changes, fmt.Sprintf("lets nodes talk to each other, but a DNS answer names at most %d of %d; find peers by the ECS API", n.DNSPeers, c.Usage.Instances), n.From}
	}
	return out
}

func grpc(c *Case) judgement {
	p := c.Service.Protocol
	if p.GRPC.Can == catalog.Yes && behindCloudFront(c) {
		return judgement{Changes, "carries gRPC, but only with an own domain: CloudFront in front speaks HTTP/1.1 to the load balancer", catalog.Default().CloudFront.From}
	}
	if p.GRPC.Can == catalog.Yes && proposesGateway(c) {
		return judgement{Changes, notKnown + " whether an ECS gateway in front carries gRPC; use a domain of your own", catalog.Default().Gateway.From}
	}
	return ability(p.GRPC, p.From, "carries gRPC and HTTP/2 to the container", "carry gRPC and HTTP/2 to the container")
}

// longestRequest looks at the hard limit, then at how long a connection may be silent, then at CloudFront.
func longestRequest(c *Case) judgement {
	l, want := c.Service.Limits, c.Needs.LongestRequestSeconds
	seconds := strconv.Itoa(want) + " s"
	switch {
	case !l.MaxRequest.Known:
		return judgement{Changes, notKnown + " how long a request may take; try " + seconds + " before you rely on it", l.From}
	case !l.MaxRequest.None && want > l.MaxRequest.Seconds:
		return judgement{No, fmt.Sprintf("a request is cut after %d s, sooner than %s", l.MaxRequest.Seconds, seconds), l.From}
	}
	if cf := catalog.Default().CloudFront; behindCloudFront(c) && want > cf.OriginResponseSeconds {
		return judgement{Changes, fmt.Sprintf("CloudFront waits %d s for an answer to begin (%d s at most), sooner than %s; %s", cf.OriginResponseSeconds, cf.OriginResponseSecondsMax, seconds, instead(c)), cf.From}
	}
	if g := catalog.Default().Gateway; behindGateway(c) && want > g.IdleSeconds {
		return judgement{Changes, fmt.Sprintf("an ECS gateway closes a connection after %d s of silence, sooner than %s; send something on the way, or use a domain of your own", g.IdleSeconds, seconds), g.From}
	}
	switch {
	case l.IdleTimeout.Known && want <= l.IdleTimeout.Seconds:
		return judgement{Fits, "lets a request take " + seconds, l.From}
	case !l.IdleTimeoutMax.Known:
		return judgement{Changes, fmt.Sprintf("closes a connection after %d s of silence; raise that in its settings", l.IdleTimeout.Seconds), l.From}
	case want > l.IdleTimeoutMax.Seconds:
		return judgement{Changes, fmt.Sprintf("closes a connection after %d s of silence at most; send something on the way, or let the visitor poll", l.IdleTimeoutMax.Seconds), l.From}
	case l.SharedBalancer:
		return judgement{Changes, fmt.Sprintf("closes a connection after %d s of silence; raise that on the load balancer, for all services that share it", l.IdleTimeout.Seconds), l.From}
	case c.Service.Deployable:
		return judgement{Fits, fmt.Sprintf("lets a request take %s once the load balancer's idle timeout is raised (up to %d s)", seconds, l.IdleTimeoutMax.Seconds), l.From}
	}
	return judgement{Changes, fmt.Sprintf("closes a connection after %d s of silence; raise the load balancer's idle timeout (up to %d s)", l.IdleTimeout.Seconds, l.IdleTimeoutMax.Seconds), l.From}
}

// instead is what answers a request that is too long for CloudFront.
func instead(c *Case) string {
	out := "use a domain of your own, or answer at once and let the visitor poll"
	if c.Service.Domain.Gateway {
		out = fmt.Sprintf("an ECS gateway waits as long as something is sent every %d s, a domain of your own up to %d s in silence",
			catalog.Default().Gateway.IdleSeconds, c.Service.Limits.IdleTimeoutMax.Seconds)
	}
	return out
}

func releaseCommand(c *Case) judgement {
	o := c.Service.Operations
	if o.ReleaseCommand.Can == catalog.No {
		return judgement{Changes, "no release command: " + o.ReleaseCommand.Note + "; run migrations when the container starts, behind a lock when there are several", o.From}
	}
	return ability(o.ReleaseCommand, o.From, "runs a release command", "run a release command")
}

func quota(c *Case) judgement {
	q := c.Service.Quotas
	if q.FargateVCPU > 0 {
		z, _, ok := c.Service.Sizes.Fit(c.Usage.VCPU, c.Usage.MemoryGB)
		if need := 2 * z.VCPU * float64(c.Usage.Instances); ok && need > q.FargateVCPU {
			return judgement{Changes, fmt.Sprintf("a rollout takes %s vCPU at once; ask AWS to raise the quota first. %s", num(need), q.Text), q.From}
		}
	}
	return judgement{Fits, q.Text, q.From}
}

func budget(c *Case) judgement {
	e, most := c.Estimate, c.Needs.MaxMonthlyUSD
	from := catalog.From{Source: "the estimate, line by line", AsOf: e.PricesAsOf, Confidence: e.Confidence}
	switch {
	case e.KnownUSD() > most:
		return judgement{No, fmt.Sprintf("%.2f USD a month, more than %.2f", e.KnownUSD(), most), from}
	case len(e.Missing()) > 0:
		return judgement{Changes, fmt.Sprintf(notKnown+" whether it stays under %.2f USD a month: prices are missing here; by those of other regions it is %s", most, span(e)), from}
	}
	if e.MostUSD > most {
		return judgement{Changes, fmt.Sprintf("%.2f USD a month, within %.2f; with as many instances as the scaling may start %.2f, which is more: let it start fewer",
			e.MonthlyUSD, most, e.MostUSD), from}
	}
	return judgement{Fits, fmt.Sprintf("%.2f USD a month, within %.2f", max(e.MonthlyUSD, e.MostUSD), most), from}
}

// span is what an estimate with missing prices comes to by those of other regions.
func span(e price.Estimate) string {
	if e.HighUSD-e.MonthlyUSD < 0.005 {
		return fmt.Sprintf("%.2f", e.MonthlyUSD)
	}
	return fmt.Sprintf("%.2f to %.2f", e.MonthlyUSD, e.HighUSD)
}

// num writes a number short.
func num(x float64) string {
	return strconv.FormatFloat(float64(int64(x*100+0.5))/100, 'f', -1, 64)
}
