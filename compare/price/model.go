package price

import (
	"cmp"
	"fmt"
	"math"

	"berth/compare/catalog"
)

// Shape is what the needs of an app mean for its bill.
type Shape struct {
	OwnDomain  bool // false: CloudFront stands in front where a service has no certificate of its own
	Clustering bool // peers are found by DNS
	Storage    bool // the app has persistent files; without it StorageGB is not billed
	NoHTTP     bool // nobody calls it: no load balancer and no name
	MultiAZ    bool // database and cache stand in two zones
	Autoscaled bool // the number of instances follows the load
}

// Estimate is the monthly bill of running the usage on a service in a region. A service that cannot run it
// (too large, not in the region) gives lines that are not known. The usage must be valid.
func (t *Table) Estimate(s *catalog.Service, region string, u Usage, shape Shape) (Estimate, error) {
	of, err := t.Bill(region, u)
	if err != nil {
		return Estimate{}, err
	}
	b := bill{Bill: of, shape: shape, s: s}
	if err := b.all(); err != nil {
		return Estimate{}, err
	}
	e := b.Estimate()
	if most, grows := u.AtMost(); grows && s.Scaling.Auto.Can == catalog.Yes {
		usd, _, err := t.Monthly(s, region, most, shape)
		if err != nil {
			return Estimate{}, err
		}
		if usd > e.MonthlyUSD+0.005 { // some bill by the request, however many instances serve them
			e.MostUSD = usd
		}
	}
	return e, nil
}

// Monthly is the total of Estimate without its lines, for tables of many; whole says that no price is missing.
func (t *Table) Monthly(s *catalog.Service, region string, u Usage, shape Shape) (usd float64, whole bool, err error) {
	p, err := t.place(region)
	if err != nil {
		return 0, false, err
	}
	b := bill{Bill: &Bill{t: t, p: p, u: u, silent: true}, shape: shape, s: s}
	if err := b.all(); err != nil {
		return 0, false, err
	}
	return round(b.total), !b.gaps, nil
}

// bill is the bill of one service.
type bill struct {
	*Bill
	shape Shape
	s     *catalog.Service
	own   int // instances of the app's own process
}

// all adds every line of the service.
func (b *bill) all() error {
	if b.s.ID == "fly" {
		b.p = b.p.onFly()
	}
	b.own = b.u.Instances
	if b.s.ID != "ecs-fargate" && b.s.ID != "ecs-express" { // where a process is one more instance of the app's size
		for _, p := range b.u.Processes {
			b.u.Instances += p.Count
		}
	}
	u := b.u
	switch b.s.ID {
	case "app-runner":
		b.appRunner()
	case "lightsail":
		b.lightsail()
	case "ecs-fargate", "ecs-express":
		b.fargate()
	case "ecs-ec2":
		b.machines(0.9, "")
		b.front()
	case "elastic-beanstalk", "ec2":
		b.machinePerInstance()
		if b.single() {
			b.name()
		} else {
			b.front()
		}
	case "eks":
		b.fixed("eks.cluster_hour", u.hours(), "control plane")
		b.machines(0.9, "medium")
		b.front()
	case "lambda":
		b.lambda()
	case "fly":
		b.fly()
	default:
		return fmt.Errorf("estimate %s: there is no cost model for it", b.s.ID)
	}
	b.common()
	return nil
}

// fargate adds tasks and what stands in front of them.
func (b *bill) fargate() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		b.missing("fargate."+u.Arch+".vcpu_hour", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
	} else {
		b.Tasks(Tasks{
			Count: u.Instances, VCPU: z.VCPU, MemoryGB: gb, Arch: u.Arch, DiskGB: u.EphemeralGB, Private: u.PrivateTasks || u.NATGateways > 0,
			Spot: SpotTasks(u.Instances, u.Spot),
		})
	}
	for _, p := range u.Processes {
		b.Tasks(p)
	}
	b.front()
}

// appRunner adds App Runner's split: memory all day, CPU while requests are served.
func (b *bill) appRunner() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	if !ok {
		b.missing("apprunner.gb_hour", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
		b.Egress()
		return
	}
	n := float64(u.Instances)
	b.fixed("apprunner.gb_hour", n*gb*u.hours(), "%s x %s GB, all day", plural(u.Instances, "instance"), num(gb))
	b.always(true, "apprunner.vcpu_hour", n*z.VCPU*u.active(), "%s x %s vCPU, %s active hours a day", plural(u.Instances, "instance"), num(z.VCPU), num(u.ActiveHoursPerDay))
	b.Egress()
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
			b.fixed(key+"_month", n*math.Max(1, hours/744), "%s %s (%s vCPU, %s GB), flat", plural(u.Instances, "node"), z.Name, num(z.VCPU), num(gb))
		} else {
			b.fixed(key+"_hour", n*hours, "%s %s (%s vCPU, %s GB)", plural(u.Instances, "node"), z.Name, num(z.VCPU), num(gb))
		}
	}
	free := b.free("lightsail.container.transfer_allowance_gb")
	b.use("lightsail.transfer_overage_gb", u.EgressGB-free, "data out beyond the %s GB included", num(free))
}

// lambda adds requests and the time they take. Memory buys CPU.
func (b *bill) lambda() {
	u, z := b.u, b.s.Sizes
	mb := max(u.MemoryGB*1024, u.VCPU*z.LambdaMBPerVCPU, 128)
	if mb > z.LambdaMBMax {
		b.missing("lambda."+u.Arch+".gb_second", "no size holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
		b.Egress()
		return
	}
	ms := u.RequestMS
	if ms == 0 {
		ms = 100
	}
	n := u.requests()
	gbs := n * ms / 1000 * mb / 1024
	b.always(true, "lambda."+u.Arch+".gb_second", gbs-b.free("lambda.free_gb_seconds_month"),
		"%s million requests x %s ms x %s MB, beyond the free part", num(n/1e6), num(ms), num(math.Ceil(mb)))
	b.always(true, "lambda.request", n-b.free("lambda.free_requests_month"), "requests beyond the free million")
	b.use("lambda.ephemeral_gb_second", n*ms/1000*max(0, u.EphemeralGB-b.s.Storage.EphemeralGB), "disk beyond 512 MB while requests run")
	b.Egress()
}

// front adds what stands between visitors and the app, and the way out to the internet.
func (b *bill) front() {
	if b.shape.NoHTTP {
		b.Egress()
		return
	}
	note, zones := "", Zones
	if b.s.Limits.SharedBalancer {
		note = ", shared with your other Express services"
	}
	if r, ok := catalog.Regions().Region(b.p.region); ok && b.s.EveryZone {
		zones = r.Zones
	}
	if b.u.LBZones > 0 {
		zones = b.u.LBZones
	}
	if b.u.PrivateFront && b.s.ID == "ecs-fargate" {
		zones = 0
	}
	b.LoadBalancer(zones, note)
	b.name()
	if b.u.FirewallRules > 0 {
		b.Firewall(b.u.FirewallRules)
	}
}

// name adds the way by which the app has an https:// name: a distribution, or the app's own data out.
func (b *bill) name() {
	if b.shape.OwnDomain || b.s.Domain.HTTPSWithoutDomain.Can == catalog.Yes {
		b.Egress()
	} else {
		b.Distribution()
	}
}

// single says that one instance does without a load balancer: it is reached by itself, behind CloudFront or with a
// certificate of its own.
func (b *bill) single() bool { return b.own == 1 && !b.shape.NoHTTP }

// common adds what every service is billed for beside itself: what the app keeps, and the AWS parts around it.
func (b *bill) common() {
	u, fly := b.u, b.s.ID == "fly"
	if fly {
		b.flyData()
	} else {
		b.data()
	}
	b.Bucket(u.ObjectGB)
	if b.s.ID != "lightsail" && !fly { // their logs and images are part of the price, and so is the way out
		b.NAT(u.NATGateways)
		b.Logs()
		b.Images()
	}
	if u.BuildCache && b.s.ID == "ecs-fargate" {
		b.BuildCache()
	}
	if fly {
		return
	}
	if b.shape.Clustering && b.s.Network.DNSPeers > 0 {
		b.PrivateZone()
	}
	alarms := b.s.Alarms
	if b.shape.Autoscaled && alarms == 0 && b.s.Scaling.Auto.Can == catalog.Yes && b.s.ID != "lambda" && b.s.ID != "app-runner" {
		alarms = AlarmsOfScaling
	}
	if u.Exact && b.s.ID == "ecs-fargate" {
		alarms = u.Alarms
	}
	b.Alarms(alarms)
	b.use("egress.crossaz_gb", 2*u.CrossZoneGB, "data between zones, billed in both directions")
	b.Secrets(u.Secrets)
	if u.BuildsInAWS && b.s.ID == "ecs-fargate" {
		b.BuildsInAWS()
	} else {
		b.Builds()
	}
}

// AlarmsOfScaling is how many alarms a policy that follows a target makes: one to add, one to take away.
const AlarmsOfScaling = 2

// data adds files, database and cache on AWS. A service that keeps no files is counted with them in S3, as what
// takes over.
func (b *bill) data() {
	u := b.u
	if b.shape.Storage {
		switch {
		case b.s.Storage.Persistent.Can == catalog.No:
			b.Bucket(u.StorageGB)
		case b.s.ID != "ec2": // whose disk is counted with the instance
			b.FileSystem()
		}
	}
	if u.Database != "" {
		b.Database(cmp.Or(u.DatabaseEngine, "postgres"), u.Database, u.DatabaseGB, b.shape.MultiAZ || u.DatabaseMultiAZ)
	}
	if u.Cache != "" {
		b.Cache(u.Cache, b.shape.MultiAZ || u.CacheMultiAZ)
	}
}

// Static is what static files cost a month without any of the services: a bucket behind a distribution.
func (t *Table) Static(region string, u Usage) (Estimate, error) {
	b, err := t.Bill(region, u)
	if err != nil {
		return Estimate{}, err
	}
	b.Bucket(max(1, u.ObjectGB, u.StorageGB))
	b.Distribution()
	b.fixed("route53.zone_month", 1, "DNS zone, when the name is yours")
	return b.Estimate(), nil
}
