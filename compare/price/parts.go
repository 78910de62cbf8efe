package price

import (
	"math"

	"berth/compare/catalog"
)

// Zones is how many zones a load balancer of berth stands in. It needs two; each costs a public address.
const Zones = 2

// Tasks is a number of equal Fargate tasks.
type Tasks struct {
	Count    int     `json:"count"`
	VCPU     float64 `json:"vcpu"` // of each; a size that Fargate has
	MemoryGB float64 `json:"memory_gb"`
	Arch     string  `json:"arch"`              // x86 or arm
	DiskGB   float64 `json:"disk_gb,omitempty"` // 0: what is free
	Private  bool    `json:"private,omitempty"` // without a public address
	Spot     int     `json:"spot,omitempty"`    // how many of them run on Fargate Spot
	Name     string  `json:"name,omitempty"`    // of the process, empty for the app itself

	// Of a process that scales: how many the scaling may start, and how many of those run on Fargate Spot.
	Most     int `json:"most,omitempty"`
	MostSpot int `json:"most_spot,omitempty"`
}

// SpotTasks is how many of count tasks run on Spot when a share of those beyond the first does.
func SpotTasks(count int, share float64) int {
	return int(math.Round(float64(max(0, count-1)) * share))
}

// Tasks adds Fargate tasks for the hours in which instances run.
func (b *Bill) Tasks(t Tasks) {
	hours, when := b.u.running(), ""
	if b.u.ActiveHoursPerDay < 24 {
		when = ", " + num(b.u.ActiveHoursPerDay) + " h a day by a schedule"
	}
	of := ""
	if t.Name != "" {
		of = " of " + t.Name
	}
	defer func(first int) {
		for i := first; i < len(b.lines); i++ {
			b.lines[i].Process = t.Name
		}
	}(len(b.lines))
	spot := min(t.Spot, t.Count)
	for _, part := range []struct {
		n            int
		prefix, noun string
	}{{t.Count - spot, "fargate.", "task"}, {spot, "fargate_spot.", "Spot task"}} {
		tasks, n := plural(part.n, part.noun)+of, float64(part.n)
		b.fixed(part.prefix+t.Arch+".vcpu_hour", n*t.VCPU*hours, "%s x %s vCPU%s", tasks, num(t.VCPU), when)
		b.fixed(part.prefix+t.Arch+".gb_hour", n*t.MemoryGB*hours, "%s x %s GB%s", tasks, num(t.MemoryGB), when)
	}
	tasks, n := plural(t.Count, "task")+of, float64(t.Count)
	free := catalog.Default().Service("ecs-fargate").Storage.EphemeralGB
	b.fixed("fargate.ephemeral_gb_hour", n*max(0, t.DiskGB-free)*hours,
		"%s x %s GB of disk beyond the free %s GB", tasks, num(t.DiskGB-free), num(free))
	if !t.Private {
		b.fixed("ipv4.public_hour", n*hours, "public IPv4 of %s", tasks)
	}
}

// LoadBalancer adds an application load balancer in a number of zones, with its addresses and its load. Note ends
// the name of the line, such as ", shared with your other services".
func (b *Bill) LoadBalancer(zones int, note string) {
	b.fixed("alb.hour", b.u.hours(), "load balancer%s", note)
	if zones > 0 {
		b.fixed("ipv4.public_hour", float64(zones)*b.u.hours(), "public IPv4 of the load balancer in %d zones", zones)
	}
	lcu, why := b.u.LCU()
	b.use("alb.lcu_hour", lcu*b.u.active(), "%s LCU, set by %s", num(lcu), why)
}

// NAT adds the gateways by which private subnets reach the internet.
func (b *Bill) NAT(gateways int) {
	b.fixed("nat.hour", float64(gateways)*b.u.hours(), "%s for private subnets", plural(gateways, "NAT gateway"))
	b.fixed("ipv4.public_hour", float64(gateways)*b.u.hours(), "public IPv4 of %s", plural(gateways, "NAT gateway"))
	if gateways > 0 {
		b.use("nat.gb", b.u.NATGB, "data through NAT")
	}
}

// Endpoints adds interface endpoints of a VPC, each in a number of zones.
func (b *Bill) Endpoints(n, zones int) {
	b.fixed("vpc.interface_endpoint_hour", float64(n*zones)*b.u.hours(), "%s in %d zones", plural(n, "interface endpoint"), zones)
}

// Distribution adds what goes out through CloudFront. AWS takes nothing for the way from the load balancer to it.
func (b *Bill) Distribution() {
	b.tiers("cloudfront.gb", b.u.EgressGB, b.free("cloudfront.free_gb_month"),
		[]float64{10240, 40960, 102400, 358400, 536576, 4194304, math.Inf(1)}, "data out by CloudFront")
	free := b.free("cloudfront.free_requests_month")
	b.use("cloudfront.https_10k", (b.u.requests()-free)/10000, "HTTPS requests beyond the free %s million, by 10,000", num(free/1e6))
}

// Egress adds data out to the internet.
func (b *Bill) Egress() {
	b.tiers("egress.gb", b.u.EgressGB, b.free("egress.free_gb_month"), []float64{10240, 40960, 102400, math.Inf(1)}, "data out")
}

// Firewall adds a web ACL of AWS WAF with a number of rules, and the requests that it looks at.
func (b *Bill) Firewall(rules int) {
	b.fixed("waf.web_acl_month", 1, "firewall (AWS WAF)")
	b.fixed("waf.rule_month", float64(rules), "%s of the firewall", plural(rules, "rule"))
	b.use("waf.requests_million", b.u.requests()/1e6, "requests through the firewall, by the million")
}

// Logs adds what is written to CloudWatch and kept for a month.
func (b *Bill) Logs() {
	free := b.free("logs.free_gb_month")
	b.use("logs.ingest_gb", b.u.LogGB-free, "logs written beyond the free %s GB", num(free))
	b.use("logs.store_gb_month", b.u.LogGB-free, "logs kept for a month beyond the free %s GB", num(free))
}

// Images adds the images that are kept.
func (b *Bill) Images() { b.use("ecr.gb_month", b.u.ImageGB, "images kept, %s GB", num(b.u.ImageGB)) }

// buildCacheGB is how large a cache of builds is taken to be: the layers of all stages of an image of a few hundred MB.
const buildCacheGB = 1

// BuildCache adds what the repository keeps of builds.
func (b *Bill) BuildCache() {
	b.use("ecr.gb_month", buildCacheGB, "build cache, %s GB", num(buildCacheGB))
}

// PrivateZone adds the zone by which nodes find each other.
func (b *Bill) PrivateZone() {
	b.fixed("route53.zone_month", 1, "private DNS zone of Cloud Map, by which nodes find each other")
}

// FileSystem adds files that outlive an instance, on EFS.
func (b *Bill) FileSystem() { b.use("efs.standard_gb_month", b.u.StorageGB, "files on EFS") }

// EngineName is what people call a database engine: postgres is PostgreSQL, and so is none.
func EngineName(engine string) string {
	switch engine {
	case "", "postgres":
		return "PostgreSQL"
	case "mysql":
		return "MySQL"
	}
	return engine
}

// Database adds a database (engine postgres or mysql), in one zone or in two.
func (b *Bill) Database(engine, class string, gb float64, multiAZ bool) {
	zones, where := "", "one zone"
	if multiAZ {
		zones, where = "_multiaz", "two zones"
	}
	b.fixed("rds."+engine+"."+class+zones+"_hour", b.u.hours(), "%s %s, %s", EngineName(engine), class, where)
	b.fixed("rds.gp3"+zones+"_gb_month", gb, "database storage, %s", where)
}

// Cache adds a node of ElastiCache, or two in two zones. The table has the prices of Redis; those of Valkey are lower.
func (b *Bill) Cache(node string, multiAZ bool) {
	n := 1
	if multiAZ {
		n = 2
	}
	b.fixed("elasticache.redis."+node+"_hour", float64(n)*b.u.hours(), "cache, %s x %s, at the price of Redis", plural(n, "node"), node)
}

// Bucket adds files in S3.
func (b *Bill) Bucket(gb float64) { b.use("s3.standard_gb_month", gb, "%s GB of files in S3", num(gb)) }

// Uploads adds what visitors upload, in S3.
func (b *Bill) Uploads() { b.Bucket(b.u.ObjectGB) }

// Alarms adds alarms of CloudWatch.
func (b *Bill) Alarms(n int) { b.fixed("cloudwatch.alarm_month", float64(n), "%s", plural(n, "alarm")) }

// WatchedMetrics adds metrics that alarms watch, by which CloudWatch bills them: an alarm over an expression reads several.
func (b *Bill) WatchedMetrics(n int) {
	b.fixed("cloudwatch.alarm_month", float64(n), "alarms that watch %s", plural(n, "metric"))
}

// Secrets adds secrets in Secrets Manager. Parameters of SSM cost nothing.
func (b *Bill) Secrets(n int) { b.fixed("secretsmanager.secret_month", float64(n), "secrets") }

// Builds adds image builds by CodeBuild.
func (b *Bill) Builds() {
	b.use("codebuild.linux.general1.small_minute", b.u.BuildMinutes, "image builds")
}

// BuildsInAWS adds image builds by CodeBuild, as many as were said, else twenty of three minutes. Those on ARM are
// counted at the price of x86, since the table has no other.
func (b *Bill) BuildsInAWS() {
	minutes := b.u.BuildMinutes
	if minutes == 0 {
		minutes = 60
	}
	b.use("codebuild.linux.general1.small_minute", minutes, "image builds, %s minutes in CodeBuild", num(minutes))
}
