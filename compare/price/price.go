// Package price turns usage into a monthly estimate, line by line, from a dated price table. It is pure: it
// reads no file and no clock. A price that is missing is said to be missing; it is never silently zero.
package price

// Item asks for the price of a quantity of one SKU. SKUs are the keys of the price table, such as
// "fargate.x86.vcpu_hour"; the unit of Quantity is the table's unit for that SKU.
type Item struct {
	SKU      string
	Item     string // for people: what is counted, such as "2 tasks x 0.25 vCPU"
	Quantity float64
}

// Line is one priced item of an estimate.
type Line struct {
	SKU        string  `json:"sku"`
	Item       string  `json:"item"`
	Quantity   float64 `json:"quantity"`
	Unit       string  `json:"unit"`
	UnitUSD    float64 `json:"unit_usd"`
	USD        float64 `json:"usd"`
	AsOf       string  `json:"as_of"`
	Source     string  `json:"source"`
	Confidence string  `json:"confidence"` // high, medium, low, unverified; empty when unknown
	Known      bool    `json:"known"`      // false: the table has no price for this region, USD is zero
	Old        bool    `json:"old"`        // the price is older than MaxAge, seen from the day given to Aged
}

// Estimate is the sum of priced lines for one month.
type Estimate struct {
	MonthlyUSD float64 `json:"monthly_usd"`
	PricesAsOf string  `json:"prices_as_of"` // the oldest date among the prices used
	Confidence string  `json:"confidence"`   // the lowest confidence among the prices used
	Complete   bool    `json:"complete"`     // every line with a quantity has a price that is at least of low confidence
	Lines      []Line  `json:"lines"`
}

// Quote prices items in a region. A price that the table does not have gives a line with Known false and an
// estimate that is not Complete. An unknown SKU, an unknown region or a quantity that is negative or not a
// number is an error.
func (t *Table) Quote(region string, items []Item) (Estimate, error) { return Estimate{}, nil }

// Usage is what an app uses in one month. Zero Days means a month of 730 hours; zero ActiveHoursPerDay means
// all day. The other zero values mean none, except for VCPU, MemoryGB and Instances, which Normal fills.
type Usage struct {
	VCPU              float64 `json:"vcpu"`      // per instance
	MemoryGB          float64 `json:"memory_gb"` // per instance
	Instances         int     `json:"instances"`
	Arch              string  `json:"arch"` // x86 or arm
	ActiveHoursPerDay float64 `json:"active_hours_per_day"`
	Days              float64 `json:"days"`

	EphemeralGB float64 `json:"ephemeral_gb"` // per instance
	StorageGB   float64 `json:"storage_gb"`   // persistent, shared
	EgressGB    float64 `json:"egress_gb"`    // to the internet, a month
	LogGB       float64 `json:"log_gb"`       // ingested, a month
	ImageGB     float64 `json:"image_gb"`     // stored, all versions together

	RequestsPerSecond       float64 `json:"requests_per_second"` // average over the active hours
	NewConnectionsPerSecond float64 `json:"new_connections_per_second"`
	ConnectionMinutes       float64 `json:"connection_minutes"` // how long a connection lives
	KBPerSecond             float64 `json:"kb_per_second"`      // bytes in and out through the load balancer
	LBRules                 int     `json:"lb_rules"`

	Database   string  `json:"database"` // RDS class such as db.t4g.micro, empty for none
	DatabaseGB float64 `json:"database_gb"`
}
