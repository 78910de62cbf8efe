package price

import (
	"fmt"
	"math"
	"strconv"

	"berth/compare/catalog"
)

// Shape is what the needs of an app mean for its bill.
type Shape struct {
	OwnDomain  bool // false: CloudFront stands in front where a service has no certificate of its own
	Clustering bool // peers are found by DNS
	Storage    bool // the app has persistent files; without it StorageGB is not billed
}

// zones is how many zones the load balancer stands in. It needs two; each costs a public address.
const zones = 2

// Estimate is the monthly bill of running the usage on a service in a region. A service that cannot run it
// (too large, not in the region) gives lines that are not known. The usage must be valid.
func (t *Table) Estimate(s *catalog.Service, region string, u Usage, shape Shape) (Estimate, error) {
	p, err := t.place(region)
	if err != nil {
		return Estimate{}, err
	}
	b := &bill{t: t, p: p, u: u, shape: shape, s: s, lines: make([]Line, 0, 16)}
	if err := b.all(); err != nil {
		return Estimate{}, err
	}
	e := Estimate{Lines: b.lines}
	e.sum()
	return e, nil
}

// Monthly is the total of Estimate without its lines, for tables of many; whole says that no price is missing.
func (t *Table) Monthly(s *catalog.Service, region string, u Usage, shape Shape) (usd float64, whole bool, err error) {
	p, err := t.place(region)
	if err != nil {
		return 0, false, err
	}
	b := &bill{t: t, p: p, u: u, shape: shape, s: s, silent: true}
	if err := b.all(); err != nil {
		return 0, false, err
	}
	return round(b.total), !b.gaps, nil
}

// all adds every line of the service.
func (b *bill) all() error {
	u := b.u
	if b.s.ID == "fly" {
		b.p = b.p.onFly()
	}
	switch b.s.ID {
	case "app-runner":
		b.appRunner()
	case "lightsail":
		b.lightsail()
	case "ecs-fargate", "ecs-express":
		b.fargate()
	case "ecs-ec2":
		b.machines(0.9, "")
		b.balancer()
	case "elastic-beanstalk", "ec2":
		b.machinePerInstance()
		b.balancer()
	case "eks":
		b.add("eks.cluster_hour", u.hours(), "control plane")
		b.machines(0.9, "medium")
		b.balancer()
	case "lambda":
		b.lambda()
	case "fly":
		b.fly()
	default:
		return fmt.Errorf("estimate %s: there is no cost model for it", b.s.ID)
	}
	if b.s.ID != "fly" {
		b.common()
	}
	return nil
}

// bill gathers the lines of one estimate.
type bill struct {
	t     *Table
	p     place
	u     Usage
	shape Shape
	s     *catalog.Service
	lines []Line

	silent bool    // only the total is wanted
	total  float64 // USD, when silent
	gaps   bool    // a price is missing, when silent
}

// add appends a line. A quantity of zero is no line.
func (b *bill) add(key string, q float64, format string, args ...any) {
	if q > 0 {
		b.always(key, q, format, args...)
	}
}

// always appends a line even when its quantity is zero, for what one expects to see on the bill.
func (b *bill) always(key string, q float64, format string, args ...any) {
	if b.silent {
		r, ok := b.t.find(b.p, key)
		b.total += round(max(0, q) * r.USD)
		b.gaps = b.gaps || !ok
		return
	}
	item := format
	if len(args) > 0 {
		item = fmt.Sprintf(format, args...)
	}
	b.lines = append(b.lines, b.t.line(b.p, Item{SKU: key, Item: item, Quantity: max(0, q)}))
}

// missing appends a line that cannot be priced.
func (b *bill) missing(key, format string, args ...any) {
	b.gaps = true
	if !b.silent {
		b.lines = append(b.lines, Line{SKU: key, Item: fmt.Sprintf(format, args...), Quantity: 1})
	}
}

// free is a free quantity of the table, zero when the table does not have it.
func (b *bill) free(key string) float64 {
	r, _ := b.t.find(b.p, key)
	return r.USD
}

// num writes a number short.
func num(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// fargate adds tasks and the load balancer in front of them.
func (b *bill) fargate() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		b.missing("fargate."+u.Arch+".vcpu_hour", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
	} else {
		n, hours := float64(u.Instances), u.running()
		when := ""
		if u.ActiveHoursPerDay < 24 {
			when = ", " + num(u.ActiveHoursPerDay) + " h a day by a schedule"
		}
		tasks := plural(u.Instances, "task")
		b.add("fargate."+u.Arch+".vcpu_hour", n*z.VCPU*hours, "%s x %s vCPU%s", tasks, num(z.VCPU), when)
		b.add("fargate."+u.Arch+".gb_hour", n*gb*hours, "%s x %s GB%s", tasks, num(gb), when)
		b.add("fargate.ephemeral_gb_hour", n*max(0, u.EphemeralGB-b.s.Storage.EphemeralGB)*hours,
			"%s x %s GB of disk beyond the free %s GB", tasks, num(u.EphemeralGB-b.s.Storage.EphemeralGB), num(b.s.Storage.EphemeralGB))
		if u.NATGateways == 0 {
			b.add("ipv4.public_hour", n*hours, "public IPv4 of %s", tasks)
		}
	}
	b.balancer()
}

// appRunner adds App Runner's split: memory all day, CPU while requests are served.
func (b *bill) appRunner() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		b.missing("apprunner.gb_hour", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
		b.egress()
		return
	}
	n := float64(u.Instances)
	b.add("apprunner.gb_hour", n*gb*u.hours(), "%s x %s GB, all day", plural(u.Instances, "instance"), num(gb))
	b.always("apprunner.vcpu_hour", n*z.VCPU*u.active(), "%s x %s vCPU, %s active hours a day", plural(u.Instances, "instance"), num(z.VCPU), num(u.ActiveHoursPerDay))
	b.egress()
}

// lightsail adds nodes at the flat monthly price. Its month has 744 hours, so the cap is reached only at the
// end of a long one; berth counts the whole price for any full month.
func (b *bill) lightsail() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		b.missing("lightsail.container.xlarge_month", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
	} else {
		key := "lightsail.container." + z.Name
		n := float64(u.Instances)
		if hours := u.hours(); hours >= HoursPerMonth-0.5 {
			b.add(key+"_month", n*math.Max(1, hours/744), "%s %s (%s vCPU, %s GB), flat", plural(u.Instances, "node"), z.Name, num(z.VCPU), num(gb))
		} else {
			b.add(key+"_hour", n*hours, "%s %s (%s vCPU, %s GB)", plural(u.Instances, "node"), z.Name, num(z.VCPU), num(gb))
		}
	}
	free := b.free("lightsail.container.transfer_allowance_gb")
	b.add("lightsail.transfer_overage_gb", u.EgressGB-free, "data out beyond the %s GB included", num(free))
}

// lambda adds requests and the time they take. Memory buys CPU.
func (b *bill) lambda() {
	u, z := b.u, b.s.Sizes
	mb := max(u.MemoryGB*1024, u.VCPU*z.LambdaMBPerVCPU, 128)
	if mb > z.LambdaMBMax {
		b.missing("lambda."+u.Arch+".gb_second", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
		b.egress()
		return
	}
	ms := u.RequestMS
	if ms == 0 {
		ms = 100
	}
	n := u.requests()
	gbs := n * ms / 1000 * mb / 1024
	b.always("lambda."+u.Arch+".gb_second", gbs-b.free("lambda.free_gb_seconds_month"),
		"%s million requests x %s ms x %s MB, beyond the free part", num(n/1e6), num(ms), num(math.Ceil(mb)))
	b.always("lambda.request", n-b.free("lambda.free_requests_month"), "requests beyond the free million")
	b.add("lambda.ephemeral_gb_second", n*ms/1000*max(0, u.EphemeralGB-b.s.Storage.EphemeralGB), "disk beyond 512 MB while requests run")
	if b.shape.Storage {
		b.add("efs.standard_gb_month", u.StorageGB, "EFS")
	}
	b.egress()
}

// balancer adds an application load balancer, its addresses, and the way out to the internet.
func (b *bill) balancer() {
	u := b.u
	shared := ""
	if b.s.Limits.SharedBalancer {
		shared = ", shared with your other Express services"
	}
	b.add("alb.hour", u.hours(), "load balancer%s", shared)
	lcu, why := u.LCU()
	b.add("alb.lcu_hour", lcu*u.active(), "%s LCU, set by %s", num(lcu), why)
	b.add("ipv4.public_hour", zones*u.hours(), "public IPv4 of the load balancer in %d zones", zones)
	if u.NATGateways > 0 {
		b.add("nat.hour", float64(u.NATGateways)*u.hours(), "%s for private subnets", plural(u.NATGateways, "NAT gateway"))
		b.add("ipv4.public_hour", float64(u.NATGateways)*u.hours(), "public IPv4 of %s", plural(u.NATGateways, "NAT gateway"))
		b.add("nat.gb", u.NATGB, "data through NAT")
	}
	if b.shape.OwnDomain || b.s.Domain.HTTPSWithoutDomain.Can == catalog.Yes {
		b.egress()
	} else {
		b.cloudFront()
	}
	if b.shape.Clustering && b.s.Network.DNSPeers > 0 {
		b.add("route53.zone_month", 1, "private DNS zone of Cloud Map, by which nodes find each other")
	}
	if b.shape.Storage && b.s.ID != "ec2" {
		b.add("efs.standard_gb_month", u.StorageGB, "EFS")
	}
}

// cloudFront adds the distribution. AWS takes nothing for the way from the load balancer to it.
func (b *bill) cloudFront() {
	b.tiers("cloudfront.gb", b.u.EgressGB, b.free("cloudfront.free_gb_month"),
		[]float64{10240, 40960, 102400, 358400, 536576, 4194304, math.Inf(1)}, "data out by CloudFront")
	b.add("cloudfront.https_10k", (b.u.requests()-b.free("cloudfront.free_requests_month"))/10000, "HTTPS requests beyond the free %s million, by 10,000", num(b.free("cloudfront.free_requests_month")/1e6))
}

// egress adds data out to the internet.
func (b *bill) egress() {
	b.tiers("egress.gb", b.u.EgressGB, b.free("egress.free_gb_month"), []float64{10240, 40960, 102400, math.Inf(1)}, "data out")
}

// tiers splits a quantity over the tiers key.tier1, key.tier2 and so on. The free part is taken off the
// first tiers and still counts towards their width.
func (b *bill) tiers(key string, q, free float64, widths []float64, item string) {
	for i, part := range split(q, free, widths) {
		b.add(key+".tier"+strconv.Itoa(i+1), part, "%s beyond the free %s GB", item, num(free))
	}
}

// split walks the tiers and returns what is billed in each.
func split(q, free float64, widths []float64) []float64 {
	out := make([]float64, len(widths))
	for i, w := range widths {
		in := min(q, w)
		q -= in
		gratis := min(in, free)
		free -= gratis
		out[i] = in - gratis
	}
	return out
}

// common adds what every AWS service is billed for beside itself.
func (b *bill) common() {
	u := b.u
	if b.s.ID != "lightsail" { // its logs and images are part of the price
		b.add("logs.ingest_gb", u.LogGB, "logs written")
		b.add("logs.store_gb_month", u.LogGB, "logs kept for a month")
		b.add("ecr.gb_month", u.ImageGB, "images kept")
	}
	if u.Database != "" {
		b.add("rds.postgres."+u.Database+"_hour", u.hours(), "PostgreSQL %s, one zone", u.Database)
		b.add("rds.gp3_gb_month", u.DatabaseGB, "database storage")
	}
	b.add("egress.crossaz_gb", 2*u.CrossZoneGB, "data between zones, billed in both directions")
	b.add("secretsmanager.secret_month", float64(u.Secrets), "secrets")
	b.add("codebuild.linux.general1.small_minute", u.BuildMinutes, "image builds")
}
