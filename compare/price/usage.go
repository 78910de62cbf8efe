package price

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// HoursPerMonth is the month that AWS calculates with, except for Lightsail.
const HoursPerMonth = 730

// InputError says that something that a user gave makes no sense.
type InputError struct {
	Field string // the flag's name without dashes, or a SKU
	Text  string // one sentence
}

// Error is the sentence.
func (e *InputError) Error() string { return e.Text }

// Usage is what an app uses in one month. Start from DefaultUsage: the zero value runs nothing and is
// refused.
type Usage struct {
	VCPU              float64 `json:"vcpu"`      // per instance
	MemoryGB          float64 `json:"memory_gb"` // per instance
	Instances         int     `json:"instances"`
	Arch              string  `json:"arch"`                 // x86 or arm
	ActiveHoursPerDay float64 `json:"active_hours_per_day"` // hours in which instances run, or serve requests on App Runner
	Days              float64 `json:"days"`                 // 730/24 is the usual month

	EphemeralGB float64 `json:"ephemeral_gb"` // disk per instance
	StorageGB   float64 `json:"storage_gb"`   // persistent, shared
	EgressGB    float64 `json:"egress_gb"`    // to the internet, a month
	LogGB       float64 `json:"log_gb"`       // written, a month
	ImageGB     float64 `json:"image_gb"`     // stored, all versions together

	RequestsPerSecond       float64 `json:"requests_per_second"` // on average over the active hours
	NewConnectionsPerSecond float64 `json:"new_connections_per_second"`
	ConnectionMinutes       float64 `json:"connection_minutes"` // how long a connection lives
	KBPerSecond             float64 `json:"kb_per_second"`      // through the load balancer, both directions
	LBRules                 int     `json:"lb_rules"`

	Database string `json:"database"` // RDS class such as db.t4g.micro, empty for none
	// DatabaseEngine is postgres or mysql; empty: postgres.
	DatabaseEngine string  `json:"database_engine,omitempty"`
	DatabaseGB     float64 `json:"database_gb"`
	Cache          string  `json:"cache,omitempty"`     // ElastiCache node type such as cache.t4g.micro, empty for none
	ObjectGB       float64 `json:"object_gb,omitempty"` // of files in S3

	FirewallRules int `json:"firewall_rules,omitempty"` // of AWS WAF in front of it; 0: no firewall

	// MostInstances is how many the scaling may start when the load is high; 0, or no more than Instances: it does not scale.
	MostInstances int `json:"most_instances,omitempty"`

	Spot      float64 `json:"spot,omitempty"`      // share of the instances beyond the first on Fargate Spot
	Processes []Tasks `json:"processes,omitempty"` // beside the app's own, each as so many tasks

	// Exact says that the rest is all that there is: a need that is said without its size has nothing of a usual size
	// counted for it.
	Exact  bool `json:"exact,omitempty"`
	Alarms int  `json:"alarms,omitempty"` // in CloudWatch, of a usage that is exact, on ECS on Fargate
	// Whether database and cache stand in two zones, where not everything of the app has to.
	DatabaseMultiAZ bool `json:"database_multi_az,omitempty"`
	CacheMultiAZ    bool `json:"cache_multi_az,omitempty"`

	// What the command line has no flag for; the blueprint or the wizard knows it.
	RequestMS    float64 `json:"request_ms,omitempty"`    // how long a request keeps Lambda busy, zero means 100
	PrivateTasks bool    `json:"private_tasks,omitempty"` // instances have no public addresses
	PrivateFront bool    `json:"private_front,omitempty"` // the load balancer has none either
	NATGateways  int     `json:"nat_gateways,omitempty"`  // by which private subnets reach the internet
	NATGB        float64 `json:"nat_gb,omitempty"`        // through them, a month
	LBZones      int     `json:"lb_zones,omitempty"`      // zones of the VPC that the load balancer stands in; zero: as the service has it
	CrossZoneGB  float64 `json:"cross_zone_gb,omitempty"` // between zones, a month
	Secrets      int     `json:"secrets,omitempty"`       // in Secrets Manager
	BuildMinutes float64 `json:"build_minutes,omitempty"` // in CodeBuild
	BuildsInAWS  bool    `json:"builds_in_aws,omitempty"` // what builds the image is CodeBuild, on ECS on Fargate
	BuildCache   bool    `json:"build_cache,omitempty"`   // what builds have done is kept beside the images, on ECS on Fargate
}

// DefaultUsage is two of the smallest instances, all month, with light use: some 20,000 requests a day, 10 GB out,
// 1 GB of logs, and three versions of an image of 200 MB.
func DefaultUsage() Usage {
	return Usage{
		VCPU: 0.25, MemoryGB: 0.5, Instances: 2, Arch: "x86", ActiveHoursPerDay: 24, Days: HoursPerMonth / 24.0,
		RequestsPerSecond: 0.25, NewConnectionsPerSecond: 0.05, ConnectionMinutes: 1, EgressGB: 10, LogGB: 1, ImageGB: 0.6,
	}
}

// Light says whether the app is used as DefaultUsage has it.
func (u Usage) Light() bool {
	d := DefaultUsage()
	return u.RequestsPerSecond == d.RequestsPerSecond && u.NewConnectionsPerSecond == d.NewConnectionsPerSecond &&
		u.ConnectionMinutes == d.ConnectionMinutes && u.KBPerSecond == d.KBPerSecond && u.EgressGB == d.EgressGB &&
		u.LogGB == d.LogGB && u.ImageGB == d.ImageGB && u.NATGB == d.NATGB && u.CrossZoneGB == d.CrossZoneGB &&
		u.BuildMinutes == d.BuildMinutes
}

// Kind names the use that a sum counts with: "light use", or "this use" when something else was said.
func (u Usage) Kind() string {
	if u.Light() {
		return "light use"
	}
	return "this use"
}

var databaseClass = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^db\.[a-z0-9]+\.[a-z0-9]+$`) })

func cacheNode(s string) bool {
	class, ok := strings.CutPrefix(s, "cache.")
	return ok && databaseClass().MatchString("db."+class)
}

// Validate refuses what is negative, not a number, or beyond anything that one app can use. The error is an
// *InputError.
func (u Usage) Validate() error {
	for _, f := range []struct {
		name     string
		v, lo, h float64
	}{
		{"vcpu", u.VCPU, 0.001, 1024},
		{"memory-gb", u.MemoryGB, 0.001, 65536},
		{"instances", float64(u.Instances), 1, 5000},
		{"most-instances", float64(u.MostInstances), 0, 5000},
		{"active-hours-per-day", u.ActiveHoursPerDay, 0, 24},
		{"days", u.Days, 1.0 / 1440, 366},
		{"ephemeral-gb", u.EphemeralGB, 0, 1e6},
		{"storage-gb", u.StorageGB, 0, 1e9},
		{"egress-gb", u.EgressGB, 0, 1e9},
		{"log-gb", u.LogGB, 0, 1e9},
		{"image-gb", u.ImageGB, 0, 1e6},
		{"requests-per-second", u.RequestsPerSecond, 0, 1e7},
		{"new-connections-per-second", u.NewConnectionsPerSecond, 0, 1e7},
		{"connection-minutes", u.ConnectionMinutes, 0, 1e5},
		{"kb-per-second", u.KBPerSecond, 0, 1e9},
		{"lb-rules", float64(u.LBRules), 0, 1000},
		{"database-gb", u.DatabaseGB, 0, 65536},
		{"object-gb", u.ObjectGB, 0, 1e9},
		{"request-ms", u.RequestMS, 0, 900_000},
		{"nat-gateways", float64(u.NATGateways), 0, 100},
		{"nat-gb", u.NATGB, 0, 1e9},
		{"lb-zones", float64(u.LBZones), 0, 26},
		{"cross-zone-gb", u.CrossZoneGB, 0, 1e9},
		{"secrets", float64(u.Secrets), 0, 1e6},
		{"build-minutes", u.BuildMinutes, 0, 1e6},
	} {
		if math.IsNaN(f.v) || f.v < f.lo || f.v > f.h {
			return &InputError{f.name, fmt.Sprintf("%s is %v; it must be from %s to %s", f.name, f.v, limit(f.lo), limit(f.h))}
		}
	}
	switch {
	case u.Arch != "x86" && u.Arch != "arm":
		return &InputError{"arch", fmt.Sprintf("arch is %q; it must be x86 or arm", u.Arch)}
	case u.Database != "" && !databaseClass().MatchString(u.Database):
		return &InputError{"database", fmt.Sprintf("database is %q; it must be an RDS class such as db.t4g.micro", u.Database)}
	case u.Cache != "" && !cacheNode(u.Cache):
		return &InputError{"cache", fmt.Sprintf("cache is %q; it must be a node type such as cache.t4g.micro", u.Cache)}
	case u.Database == "" && u.DatabaseGB > 0:
		return &InputError{"database", "database-gb is given without a database; add its class, such as db.t4g.micro"}
	}
	return nil
}

// limit writes a bound of an input as people would type it.
func limit(x float64) string {
	if x >= 1 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// Traffic returns the usage with everything that visitors cause multiplied: requests, connections, bytes,
// logs.
func (u Usage) Traffic(factor float64) Usage {
	for _, f := range []*float64{
		&u.RequestsPerSecond, &u.NewConnectionsPerSecond, &u.KBPerSecond, &u.EgressGB, &u.LogGB,
		&u.NATGB, &u.CrossZoneGB,
	} {
		*f *= factor
	}
	return u
}

// AtMost is the usage with as many instances, of the app and of its processes, as the scaling may start; false where
// nothing scales.
func (u Usage) AtMost() (Usage, bool) {
	grows := u.MostInstances > u.Instances
	u.Instances = max(u.Instances, u.MostInstances)
	u.Processes = slices.Clone(u.Processes)
	for i, p := range u.Processes {
		if p.Most > p.Count {
			grows = true
			u.Processes[i].Count, u.Processes[i].Spot = p.Most, p.MostSpot
		}
	}
	return u, grows
}

// Steady is the usage with the instances that run in any case, and no scaling.
func (u Usage) Steady() Usage {
	u.MostInstances = 0
	u.Processes = slices.Clone(u.Processes)
	for i := range u.Processes {
		u.Processes[i].Most, u.Processes[i].MostSpot = 0, 0
	}
	return u
}

// hours is how long the month is, active how much of it is active, running how much instances that are
// started once a day and billed by the second are billed for: one minute at least.
func (u Usage) hours() float64  { return u.Days * 24 }
func (u Usage) active() float64 { return u.Days * u.ActiveHoursPerDay }
func (u Usage) running() float64 {
	if u.ActiveHoursPerDay == 0 {
		return 0
	}
	return max(u.active(), u.Days/60)
}

// requests is how many requests there are in the month.
func (u Usage) requests() float64 { return u.RequestsPerSecond * u.active() * 3600 }

// LCU is how many load balancer capacity units the usage takes in an active hour: the largest of four
// dimensions, as AWS bills it. One unit holds 25 new connections a second, 3,000 active connections, 1 GB an
// hour, or 1,000 rule evaluations a second, of which the first ten rules are free. The second result names
// the dimension.
func (u Usage) LCU() (float64, string) {
	gbPerHour := u.KBPerSecond * 3600 / 1e6
	if a := u.active(); a > 0 {
		gbPerHour = max(gbPerHour, u.EgressGB/a) // what goes out has come through it
	}
	best, name := 0.0, "nothing"
	for _, d := range []struct {
		name string
		v    float64
	}{
		{"new connections", u.NewConnectionsPerSecond / 25},
		{"active connections", u.NewConnectionsPerSecond * u.ConnectionMinutes * 60 / 3000},
		{"bytes", gbPerHour},
		{"rule evaluations", float64(max(0, u.LBRules-10)) * u.RequestsPerSecond / 1000},
	} {
		if d.v > best {
			best, name = d.v, d.name
		}
	}
	return best, name
}
