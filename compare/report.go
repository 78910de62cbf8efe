package compare

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/longpoll"
	"berth/compare/need"
	"berth/compare/price"
)

// Report is a comparison with what people want to see beside it. Text and Markdown write it.
type Report struct {
	Result      *Result
	Months      *Months          // of the recommended service, nil without one
	Tables      []CostTable      // of the services that can run the app
	LongPolling *longpoll.Advice // of a Phoenix project, nil for others
	Today       time.Time        // for the age of prices; zero marks none
}

// Report compares and adds the three months and the tables of costs.
func (a Advisor) Report(r advise.Requirements, u price.Usage) (*Report, error) {
	res, err := a.Compare(r, u)
	if err != nil {
		return nil, err
	}
	out := &Report{Result: res, Today: a.Today}
	if res.Recommended == "" {
		return out, nil
	}
	m, err := a.Months(res.Recommended, r, u)
	if err != nil {
		return nil, err
	}
	out.Months = &m
	var able []string
	for _, s := range res.Services {
		// Only the first few: a table is for choosing between what is near.
		if s.Verdict != advise.No && len(s.Estimate.Missing()) == 0 && len(able) < 4 {
			able = append(able, s.ID)
		}
	}
	out.Tables, err = a.CostTables(able, r, u)
	return out, err
}

// Only leaves the services with these ids in the report. What is recommended stays the best of all.
func (r *Report) Only(ids []string) {
	shown := func(id string) bool { return slices.Contains(ids, id) }
	res := *r.Result
	res.Services = nil
	for _, s := range r.Result.Services {
		if shown(s.ID) {
			res.Services = append(res.Services, s)
		}
	}
	r.Result = &res
	if !shown(res.Recommended) {
		r.Months = nil
	}
	for i, t := range r.Tables {
		t.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row CostRow) bool { return !shown(row.Service) })
		t.Breaks = slices.DeleteFunc(slices.Clone(t.Breaks), func(b BreakEven) bool { return !shown(b.Cheaper) || !shown(b.Then) })
		r.Tables[i] = t
	}
}

// Needs is what is needed, in words, for a heading. Empty when nothing special is.
func Needs(r advise.Requirements) string {
	var out []string
	for _, n := range []struct {
		is   bool
		name string
	}{
		{r.WebSockets, "WebSockets"},
		{r.WebSocketUploads, "uploads over WebSockets"},
		{r.Clustering, "clustering"},
		{r.StickySessions, "sticky sessions"},
		{r.PersistentStorage, "persistent storage"},
		{r.GRPC, "gRPC"},
		{r.ARM64, "arm64"},
		{r.ScaleToZero, "scale to zero"},
		{r.CustomDomain, "own domain"},
		{!r.CustomDomain && !r.NoHTTP, "HTTPS without an own domain"},
		{r.ToldHTTPS, "an app that is told of https"},
		{r.NoHTTP, "no HTTP"},
		{r.StaticOnly, "static files only"},
		{r.UploadsToS3, "uploads to S3"},
		{r.Database, "a database"},
		{r.Cache, "a cache"},
		{r.PrivateNetwork, "private network"},
		{r.MultiAZ, "two zones"},
		{r.Autoscaling, "autoscaling"},
		{r.ReleaseCommand, "release command"},
		{r.Shell, "shell"},
		{r.Secrets, "secrets"},
		{r.LongestRequestSeconds > 0, "requests of " + strconv.Itoa(r.LongestRequestSeconds) + " s"},
		{r.MaxMonthlyUSD > 0, fmt.Sprintf("at most %s USD a month", short(r.MaxMonthlyUSD))},
	} {
		if n.is {
			out = append(out, n.name)
		}
	}
	return strings.Join(out, ", ")
}

// UsageText is the usage in words.
func UsageText(u price.Usage) string {
	count := strconv.Itoa(u.Instances)
	if u.MostInstances > u.Instances {
		count += " to " + strconv.Itoa(u.MostInstances)
	}
	out := []string{fmt.Sprintf("%s x %s vCPU and %s GB (%s)", count, short(u.VCPU), short(u.MemoryGB), u.Arch)}
	add := func(v float64, format string) {
		if v > 0 {
			out = append(out, fmt.Sprintf(format, short(v)))
		}
	}
	if u.ActiveHoursPerDay < 24 {
		out = append(out, short(u.ActiveHoursPerDay)+" active hours a day")
	}
	out = append(out, short(u.Days*24)+" hours a month")
	if u.Light() {
		out = append(out, u.Kind())
	} else {
		add(u.EgressGB, "%s GB out")
		add(u.RequestsPerSecond, "%s requests/s")
		add(u.NewConnectionsPerSecond, "%s new connections/s")
		add(u.KBPerSecond, "%s KB/s")
		add(u.LogGB, "%s GB of logs")
		add(u.ImageGB, "%s GB of images")
	}
	add(u.StorageGB, "%s GB of files")
	add(u.EphemeralGB, "%s GB of disk each")
	if u.Database != "" {
		out = append(out, price.EngineName(u.DatabaseEngine)+" "+u.Database)
	}
	add(u.DatabaseGB, "%s GB of database")
	if u.Cache != "" {
		out = append(out, "Redis "+u.Cache)
	}
	add(u.ObjectGB, "%s GB in S3")
	return strings.Join(out, ", ")
}

// Word is a verdict as people read it.
func Word(v advise.Verdict) string {
	switch v {
	case advise.Fits:
		return "fits"
	case advise.Changes:
		return "with changes"
	case advise.No:
	}
	return "no"
}

// RequirementName is the name of a requirement as people read it.
func RequirementName(requirement string) string {
	if requirement == "https_without_domain" {
		return "HTTPS"
	}
	if n, ok := need.Of(requirement); ok {
		return n.Short
	}
	return requirement
}

// The marks that stand behind an amount.
const (
	MarkUnverified = "~" // a price in it is not verified
	MarkMissing    = "?" // a price in it is missing, or has an unknown markup: it costs at least the amount
)

// Money writes the total of an estimate with its marks.
func Money(e price.Estimate) string {
	if e.HighUSD == 0 && len(e.Missing()) > 0 {
		return MarkMissing
	}
	return fmt.Sprintf("%.2f", e.MonthlyUSD) + marks(e)
}

func marks(e price.Estimate) string {
	var unverified, missing bool
	for _, l := range e.Lines {
		unverified = unverified || l.Confidence == "unverified"
		missing = missing || !l.Known || l.AtLeast
	}
	return mark(unverified, missing)
}

func mark(unverified, missing bool) string {
	out := ""
	for _, m := range []struct {
		is bool
		m  string
	}{{unverified, MarkUnverified}, {missing, MarkMissing}} {
		if m.is {
			out += m.m
		}
	}
	return out
}

// Most writes what it costs with as many instances as the scaling may start, empty where nothing scales.
func Most(e price.Estimate) string {
	if e.MostUSD <= e.MonthlyUSD {
		return ""
	}
	return fmt.Sprintf("%.2f", e.MostUSD) + marks(e)
}

// Sum writes the total of an estimate for a sentence: "14.00", "14.00 to 30.00" where the scaling decides, or "at least
// 14.00" where prices are missing.
func Sum(e price.Estimate) string {
	if !e.AtLeast() {
		return Range(e)
	}
	return fmt.Sprintf("at least %.2f", e.MonthlyUSD)
}

// Range writes the total of an estimate with its marks, from the least to the most where the scaling decides.
func Range(e price.Estimate) string {
	if most := Most(e); most != "" {
		return Money(e) + " to " + most
	}
	return Money(e)
}

// Parts says which part of a sum is billed in any case and which comes with use; empty when it is all of one kind.
func Parts(e price.Estimate, u price.Usage) string {
	always, use := price.Split(e.MonthlyUSD, e.AlwaysUSD)
	if always == 0 || use == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f in any case, %.2f with %s", always, use, u.Kind())
}

// LineMoney writes the amount of a line with its marks.
func LineMoney(l price.Line) string {
	if !l.Known && l.HighUSD == 0 {
		return MarkMissing
	}
	return fmt.Sprintf("%.2f", l.USD) + mark(l.Confidence == "unverified", !l.Known || l.AtLeast)
}

// marked finds marks behind an amount, or standing for one.
var marked = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\d\\?([~?\\]+)|\s(\?)(\s|$)`) })

// legend explains the marks that a text has.
func legend(text string) []string {
	found := ""
	for _, m := range marked().FindAllStringSubmatch(text, -1) {
		found += m[1] + m[2]
	}
	var out []string
	for _, m := range []struct{ m, text string }{
		{MarkUnverified, "a price in it is not verified"},
		{MarkMissing, "a price in it is missing here, or carries a markup that is not known: it costs at least this"},
	} {
		if strings.Contains(found, m.m) {
			out = append(out, m.m+" "+m.text)
		}
	}
	return out
}

// Bar draws value against most in a width of cells. Anything above zero shows at least half a cell.
func Bar(value, most float64, width int, ascii bool) string {
	if width <= 0 || most <= 0 || !(value > 0) {
		return ""
	}
	halves := min(2*width, max(1, int(value/most*float64(2*width)+0.5)))
	if ascii {
		return strings.Repeat("#", (halves+1)/2)
	}
	return strings.Repeat("█", halves/2) + strings.Repeat("▌", halves%2)
}

// short writes a number with at most two decimals.
func short(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
}

// placeName is a region with its name.
func placeName(code string) string {
	r, ok := catalog.Regions().Region(code)
	if !ok {
		return code
	}
	out := code + ", " + r.Name
	if r.OptIn {
		out += " (must be enabled in the account first)"
	}
	return out
}
