// Package price turns usage into a monthly estimate, line by line, from a dated price table. It is pure: it
// reads no file and no clock. A price that is missing is said to be missing; it is never silently zero.
package price

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"berth/compare/catalog"
)

// MaxAge is the age from which a sum says that prices in it are old.
const MaxAge = 180 * 24 * time.Hour

// Item asks for the price of a quantity of one SKU. SKUs are the keys of the price table, such as
// "fargate.x86.vcpu_hour"; the unit of Quantity is the table's unit for that SKU.
type Item struct {
	SKU      string
	Item     string // for people: what is counted, such as "2 tasks x 0.25 vCPU"; empty means the table's unit
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
	AsOf       string  `json:"as_of"` // YYYY, YYYY-MM, YYYY-MM-DD or "unknown"; empty when there is no price
	Source     string  `json:"source"`
	Confidence string  `json:"confidence"`         // high, medium, low, unverified; empty when there is no price
	Use        bool    `json:"use"`                // depends on how much the app is used; the rest is billed in any case
	Known      bool    `json:"known"`              // false: there is no price for this region, USD is the least it costs where there is one
	AtLeast    bool    `json:"at_least,omitempty"` // the price is another region's, to which an unknown markup is added
	HighUSD    float64 `json:"high_usd,omitempty"` // what it costs at most where there is a price, when none is known here
	Process    string  `json:"process,omitempty"`  // beside the app's own, whose tasks it pays
	Old        bool    `json:"old"`                // the price is older than MaxAge, seen from the day given to Aged
}

// Of is what the tasks of a process cost a month.
func (e Estimate) Of(process string) (usd float64) {
	for _, l := range e.Lines {
		if l.Process == process {
			usd += l.USD
		}
	}
	return usd
}

// Estimate is the sum of priced lines for one month.
type Estimate struct {
	MonthlyUSD float64 `json:"monthly_usd"` // where prices are missing, at least
	AlwaysUSD  float64 `json:"always_usd"`  // the part that is billed in any case; the rest comes with use
	HighUSD    float64 `json:"high_usd"`    // where prices are missing, at most by those of other regions; else MonthlyUSD
	// MostUSD is the same with as many instances as the scaling may start; zero where nothing scales.
	MostUSD    float64 `json:"most_monthly_usd,omitempty"`
	PricesAsOf string  `json:"prices_as_of"` // the oldest date among the prices used
	Confidence string  `json:"confidence"`   // the lowest confidence among the prices used
	Complete   bool    `json:"complete"`     // every line has a price of its region, and none of them is unverified
	Old        bool    `json:"old"`          // a price is older than MaxAge, seen from the day given to Aged
	Lines      []Line  `json:"lines"`
}

// Missing returns the SKUs of the lines that have no price.
func (e Estimate) Missing() []string {
	var out []string
	for _, l := range e.Lines {
		if !l.Known {
			out = append(out, l.SKU)
		}
	}
	return out
}

// AtLeast says that the sum is the least that it costs: a price is missing, or has an unknown markup.
func (e Estimate) AtLeast() bool {
	return slices.ContainsFunc(e.Lines, func(l Line) bool { return !l.Known || l.AtLeast })
}

// MiddleUSD is the sum to rank by: in the middle of what it comes to by the lowest and by the highest prices of other
// regions, where a price is missing.
func (e Estimate) MiddleUSD() float64 { return (e.MonthlyUSD + max(e.MonthlyUSD, e.HighUSD)) / 2 }

// KnownUSD is the sum of the lines that have a price for the region.
func (e Estimate) KnownUSD() float64 {
	sum := 0.0
	for _, l := range e.Lines {
		if l.Known {
			sum += l.USD
		}
	}
	return round(sum)
}

// Aged returns the estimate with every price marked that is older than MaxAge on the given day. The zero
// time marks none.
func (e Estimate) Aged(today time.Time) Estimate {
	if today.IsZero() {
		return e
	}
	e.Lines = slices.Clone(e.Lines)
	for i, l := range e.Lines {
		e.Lines[i].Old = l.Known && Old(l.AsOf, today)
		e.Old = e.Old || e.Lines[i].Old
	}
	return e
}

// Old says whether a price of this date is older than MaxAge on the given day. A date that is not known is
// old.
func Old(asOf string, today time.Time) bool {
	d, ok := Date(asOf)
	return !ok || today.Sub(d) > MaxAge
}

// Quote prices items in a region: an AWS region, a Fly.io region, or a region key of the table itself, such
// as "*". A price that the table does not have gives a line with Known false and an estimate that is not
// Complete. An unknown SKU, an unknown region or a quantity that is negative or not a number is an
// *InputError; only the classes of databases and instances are open, so an unknown one is merely not known.
func (t *Table) Quote(region string, items []Item) (Estimate, error) {
	p, err := t.place(region)
	if err != nil {
		return Estimate{}, err
	}
	var e Estimate
	for _, it := range items {
		if !(it.Quantity >= 0 && it.Quantity <= 1e15) {
			return Estimate{}, &InputError{it.SKU, fmt.Sprintf("the quantity %v of %s is not between 0 and 1e15", it.Quantity, it.SKU)}
		}
		k := t.byKey[it.SKU]
		if k == nil && !open(it.SKU) {
			return Estimate{}, &InputError{it.SKU, t.unknownSKU(it.SKU)}
		}
		if k != nil && k.allowance {
			return Estimate{}, &InputError{it.SKU, fmt.Sprintf("%s is a free quantity or a share (%s), not a price", it.SKU, k.unit)}
		}
		e.Lines = append(e.Lines, t.line(p, it))
	}
	e.sum()
	return e, nil
}

// open says whether a SKU belongs to a family of which the table holds only some members.
func open(key string) bool {
	families := []string{"rds.postgres.db.", "rds.mysql.db.", "elasticache.redis.cache.", "ec2."}
	return strings.HasSuffix(key, "_hour") && slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(key, f) })
}

func (t *Table) unknownSKU(key string) string {
	family, _, _ := strings.Cut(key, ".")
	var near []string
	for _, k := range t.keys {
		if f, _, _ := strings.Cut(k.key, "."); f == family && !k.allowance {
			near = append(near, k.key)
		}
	}
	switch {
	case len(near) == 0:
		return fmt.Sprintf("there is no SKU %q in the price table", key)
	case len(near) > 6:
		near = append(near[:6], "…")
	}
	return fmt.Sprintf("there is no SKU %q in the price table; of %s it has %s", key, family, strings.Join(near, ", "))
}

// place is where prices are looked up for one region.
type place struct {
	region string
	fly    string // the nearest Fly.io region, empty until it is asked for
	area   string // Fly.io's area of that
	edge   string // CloudFront's area
}

// onFly fills the Fly.io side of a place.
func (p place) onFly() place {
	if p.fly == "" {
		f, _, _ := catalog.Regions().NearestFly(p.region)
		p.fly, p.area = f.Code, flyArea(f.Country)
	}
	return p
}

// place resolves a region once for many lookups.
func (t *Table) place(region string) (place, error) {
	a := catalog.Regions()
	if region == "fly" {
		region = "iad"
	}
	if f, ok := a.FlyRegion(region); ok {
		return place{region, f.Code, flyArea(f.Country), edgeArea(f.AWS)}, nil
	}
	if r, ok := a.Region(region); ok {
		return place{region: r.Code, edge: edgeArea(r.Code)}, nil
	}
	if t.hasRegion(region) {
		return place{region: region, fly: region, area: region, edge: region}, nil
	}
	_, _, err := a.Resolve(region)
	return place{}, &InputError{"region", fmt.Sprint(err)}
}

func (t *Table) hasRegion(region string) bool {
	for _, k := range t.keys {
		for _, r := range k.prices() {
			if r.region == region {
				return true
			}
		}
	}
	return false
}

// edgeArea is the CloudFront price area of the viewers that an AWS region is chosen for.
func edgeArea(region string) string {
	has := func(p ...string) bool {
		return slices.ContainsFunc(p, func(s string) bool { return strings.HasPrefix(region, s) })
	}
	switch {
	case has("us-", "ca-", "mx-"):
		return "us"
	case has("eu-", "il-"):
		return "eu"
	case has("sa-"):
		return "sa"
	case has("af-", "me-"):
		return "me-za"
	case has("ap-northeast-1", "ap-northeast-3"):
		return "jp"
	case has("ap-southeast-2", "ap-southeast-4", "ap-southeast-6"):
		return "au"
	case has("ap-south-"):
		return "in"
	}
	return "apac"
}

// flyArea is the area by which Fly.io prices traffic.
func flyArea(country string) string {
	switch country {
	case "ZA", "IN":
		return "africa,india"
	case "SG", "JP", "AU", "BR", "HK", "AR", "CL", "CO":
		return "apac,oceania,sa"
	}
	return "na,eu"
}

// find looks a price up, from the narrowest place to everywhere.
func (t *Table) find(p place, key string) (Row, bool) {
	k := t.byKey[key]
	if k == nil {
		return Row{}, false
	}
	var tries [4]string
	n := copy(tries[:], []string{p.region, "*"})
	fly := strings.HasPrefix(key, "fly.")
	switch {
	case fly:
		p = p.onFly()
		n = copy(tries[:], []string{p.fly, p.area, "*", "iad"})
	case strings.HasPrefix(key, "cloudfront."), strings.HasPrefix(key, "globalaccelerator."):
		n = copy(tries[:], []string{p.region, p.edge, "*"})
	}
	for _, region := range tries[:n] {
		for _, r := range k.prices() {
			if r.region != region {
				continue
			}
			out := t.row(k, r)
			if fly && region == "iad" && p.fly != "iad" {
				out.AtLeast, out.Confidence = true, "low"
				out.Source += " (price of iad; other regions carry a markup that is not known)"
			}
			return out, true
		}
	}
	return Row{}, false
}

func (t *Table) line(p place, it Item) Line {
	l := Line{SKU: it.SKU, Quantity: round(it.Quantity)}
	if r, ok := t.find(p, it.SKU); ok {
		l.Item, l.Unit, l.UnitUSD, l.USD = cmpOr(it.Item, r.Unit), r.Unit, r.USD, round(it.Quantity*r.USD)
		l.AsOf, l.Source, l.Confidence, l.Known, l.AtLeast = r.AsOf, r.Source, r.Confidence, true, r.AtLeast
		return l
	}
	if k := t.byKey[it.SKU]; k != nil {
		l.Unit = k.unit
	}
	l.Item = cmpOr(it.Item, l.Unit, it.SKU)
	if low, high, n := t.span(it.SKU); n > 0 {
		l.UnitUSD, l.USD, l.HighUSD = low, round(it.Quantity*low), round(it.Quantity*high)
		l.Source = fmt.Sprintf("no price for this region; the lowest of %s with one", plural(n, "region"))
	}
	return l
}

// span is the lowest and the highest price of a SKU among the regions that have one, and how many these are.
func (t *Table) span(key string) (low, high float64, regions int) {
	k := t.byKey[key]
	if k == nil {
		return 0, 0, 0
	}
	for _, r := range k.prices() {
		if regions == 0 || r.usd < low {
			low = r.usd
		}
		high = max(high, r.usd)
		regions++
	}
	return low, high, regions
}

func cmpOr(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

// round keeps six decimals: a millionth of a dollar, so that sums do not show the dust of binary fractions.
func round(x float64) float64 {
	if x > 1e9 {
		return x
	}
	return math.Round(x*1e6) / 1e6
}

// sum fills what follows from the lines.
func (e *Estimate) sum() {
	total, always, high, worst := 0.0, 0.0, 0.0, 0
	e.Complete = true
	for _, l := range e.Lines {
		total += l.USD
		high += max(l.USD, l.HighUSD)
		if !l.Use {
			always += l.USD
		}
		if !l.Known {
			e.Complete = false
			continue
		}
		worst = max(worst, rank(l.Confidence))
		if l.Confidence == "unverified" || l.AtLeast {
			e.Complete = false
		}
		e.PricesAsOf = Older(e.PricesAsOf, l.AsOf)
	}
	e.MonthlyUSD, e.AlwaysUSD, e.HighUSD = round(total), round(always), round(high)
	if e.PricesAsOf != "" {
		e.Confidence = []string{"high", "medium", "low", "unverified"}[worst]
	}
}

// Older is the one rule for the date of several prices: that of the oldest, where one without a date is older than
// all others. The empty string stands for no price yet.
func Older(a, b string) string {
	x, _ := Date(a)
	y, _ := Date(b)
	if a == "" || (b != "" && y.Before(x)) {
		return b
	}
	return a
}

// Dated says of which day the prices of a sum are, in the words that every answer uses: "prices as of 2026-08-31". A
// day that is empty gives an empty text.
func Dated(asOf string, old bool) string {
	text := "prices as of " + asOf
	switch asOf {
	case "":
		return ""
	case "unknown":
		return "the oldest price has no date"
	}
	if old {
		text += ", more than six months old"
	}
	return text
}

// Split is a monthly sum as people see it, in cents: what is billed in any case, and what comes with use. The two add
// up to the sum in cents.
func Split(monthlyUSD, alwaysUSD float64) (always, use float64) {
	cents := func(x float64) float64 { return math.Round(x*100) / 100 }
	always = cents(alwaysUSD)
	return always, cents(cents(monthlyUSD) - always)
}
