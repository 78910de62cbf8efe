package price

import (
	"math"
	"strings"

	"berth/compare/catalog"
)

// rootGB is the disk that an instance starts from. It is a choice of this model, not a fact.
const rootGB = 8

// machines adds the cheapest set of equal EC2 instances that holds all tasks. A share of each instance's
// memory is left to the system and the agent. With more than one task there are two instances at least, so
// that a zone may fail. Smallest names the least size, such as "medium", empty for any.
func (b *bill) machines(share float64, smallest string) {
	u := b.u
	best, count, usd := catalog.Machine{}, 0, math.Inf(1)
	each := b.beside()
	for _, m := range catalog.Default().Machines.Types {
		if m.Arch != u.Arch || tooSmall(m.Type, smallest) {
			continue
		}
		fits := int(min(math.Floor(m.VCPU/u.VCPU+1e-9), math.Floor(m.GB*share/u.MemoryGB+1e-9)))
		hour, priced, _ := b.unit("ec2." + m.Type + "_hour")
		if fits < 1 || !priced {
			continue
		}
		n := max((u.Instances+fits-1)/fits, min(u.Instances, 2))
		if cost := float64(n) * (hour*u.hours() + each); cost < usd {
			best, count, usd = m, n, cost
		}
	}
	b.instances(best, count)
}

// machinePerInstance adds one EC2 instance per instance of the app.
func (b *bill) machinePerInstance() {
	u := b.u
	best, usd := catalog.Machine{}, math.Inf(1)
	for _, m := range catalog.Default().Machines.Types {
		if m.Arch != u.Arch || m.VCPU < u.VCPU || m.GB < u.MemoryGB {
			continue
		}
		if hour, priced, _ := b.unit("ec2." + m.Type + "_hour"); priced && hour < usd {
			best, usd = m, hour
		}
	}
	b.instances(best, u.Instances)
}

// beside is what one instance costs a month beside itself: its disk and its address.
func (b *bill) beside() float64 {
	disk, _, _ := b.unit("ebs.gp3_gb_month")
	address, _, _ := b.unit("ipv4.public_hour")
	return max(rootGB, b.u.EphemeralGB)*disk + b.u.hours()*address
}

func tooSmall(kind, smallest string) bool {
	if smallest != "medium" {
		return false
	}
	_, size, _ := strings.Cut(kind, ".")
	return size == "nano" || size == "micro" || size == "small"
}

func (b *bill) instances(m catalog.Machine, n int) {
	u := b.u
	if m.Type == "" || n == 0 {
		b.missing("ec2.instance_hour", "no priced instance type holds %s vCPU and %s GB here", num(u.VCPU), num(u.MemoryGB))
		return
	}
	b.fixed("ec2."+m.Type+"_hour", float64(n)*u.hours(), "%s %s (%s vCPU, %s GB)", plural(n, "instance"), m.Type, num(m.VCPU), num(m.GB))
	disk := float64(n) * max(rootGB, u.EphemeralGB)
	if b.shape.Storage && b.s.ID == "ec2" {
		disk += u.StorageGB
	}
	b.fixed("ebs.gp3_gb_month", disk, "disks of the instances")
	b.fixed("ipv4.public_hour", float64(n)*u.hours(), "public IPv4 of %s", plural(n, "instance"))
}

// flyBase is the machines of Fly.io whose base price is known, by size and included memory in GB.
var flyBase = []struct {
	size string
	gb   float64
	key  string
}{
	{"shared-cpu-1x", 0.25, "fly.shared-cpu-1x.256mb_month"},
	{"shared-cpu-1x", 0.5, "fly.shared-cpu-1x.512mb_month"},
	{"shared-cpu-1x", 1, "fly.shared-cpu-1x.1gb_month"},
	{"shared-cpu-2x", 0.5, "fly.shared-cpu-2x.512mb_month"},
	{"shared-cpu-2x", 1, "fly.shared-cpu-2x.1gb_month"},
	{"performance-1x", 2, "fly.performance-1x.2gb_month"},
	{"performance-2x", 4, "fly.performance-2x.4gb_month"},
}

// fly adds machines, which stop outside the active hours, and what goes with them.
func (b *bill) fly() {
	u := b.u
	z, gb, ok := b.s.Sizes.Fit(u.VCPU, u.MemoryGB)
	n := float64(u.Instances)
	on := u.running() / HoursPerMonth
	key, extra := "", 0.0
	if ok {
		for _, f := range flyBase {
			// The largest base that does not exceed the memory; more memory is bought by the GB.
			if f.size == z.Name && f.gb <= gb {
				key, extra = f.key, gb-f.gb
			}
		}
	}
	if key == "" {
		b.missing("fly.machine_month", "no machine with a known price holds %s vCPU and %s GB", num(u.VCPU), num(u.MemoryGB))
	} else {
		b.fixed(key, n*on, "%s %s, %s GB", plural(u.Instances, "machine"), z.Name, num(gb))
		b.fixed("fly.extra_ram_gb_month", n*on*extra, "memory beyond the machine's base")
		b.fixed("fly.stopped_rootfs_gb_month", n*u.ImageGB*max(0, u.hours()-u.running())/HoursPerMonth, "images of stopped machines")
	}
	b.use("fly.egress_gb", u.EgressGB, "data out")
}

// flyData adds what an app keeps on Fly.io. Its Redis partner's prices are not in the table; a machine with Redis on
// it stands for the cache. It manages PostgreSQL only; a machine with MySQL and a volume stand for that.
func (b *bill) flyData() {
	u := b.u
	if b.shape.Storage {
		b.use("fly.volume_gb_month", u.StorageGB, "volumes")
	}
	switch {
	case u.Database != "" && u.DatabaseEngine == "mysql": // of which Fly.io manages none
		b.fixed("fly.shared-cpu-1x.1gb_month", 1, "a machine with MySQL, shared-cpu-1x, 1 GB")
		b.fixed("fly.volume_gb_month", u.DatabaseGB, "volume of the database")
	case u.Database != "":
		b.fixed("fly.mpg.basic_month", 1, "managed Postgres, smallest plan")
		b.fixed("fly.mpg.storage_gb_month", u.DatabaseGB, "database storage")
	}
	if u.Cache != "" {
		b.fixed("fly.shared-cpu-1x.512mb_month", 1, "a machine with Redis, shared-cpu-1x, 0.5 GB")
	}
}
