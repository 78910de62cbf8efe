package compare

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// The main case: a clustered LiveView app in London.
func TestWebSocketsAndClusteringInLondon(t *testing.T) {
	r, err := (Advisor{}).Compare(advise.Requirements{WebSockets: true, Clustering: true, Region: "eu-west-2"}, price.DefaultUsage())
	if err != nil {
		t.Fatal(err)
	}
	if r.Recommended != "ecs-fargate" || r.Services[0].ID != "ecs-fargate" {
		t.Errorf("recommended %s, first %s", r.Recommended, r.Services[0].ID)
	}
	for id, want := range map[string][]string{
		"app-runner":  {"account no", "websockets no", "clustering no"},
		"lightsail":   {"clustering no", "websockets changes"},
		"ecs-fargate": nil,
		"ecs-express": {"clustering changes"},
		"lambda":      {"websockets no", "clustering no", "endpoint changes"},
	} {
		var got []string
		for _, x := range r.Service(id).Reasons {
			if x.Verdict != advise.Fits {
				got = append(got, x.Requirement+" "+string(x.Verdict))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
	if s := r.Service("app-runner"); s.OpenToNewAccounts || s.Deployable {
		t.Errorf("%+v", s)
	}
	if s := r.Service("ecs-fargate"); !s.OpenToNewAccounts || !s.Deployable || !s.Estimate.Complete {
		t.Errorf("%+v", s)
	}
	if d := r.BestDeployable(); d == nil || d.ID != "ecs-fargate" {
		t.Errorf("%+v", d)
	}
}

// The JSON of the command line contract: these names, and lists that are never null.
func TestContract(t *testing.T) {
	r, err := (Advisor{}).Compare(advise.Requirements{WebSockets: true, Region: "lhr"}, price.DefaultUsage())
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		t.Fatal(err)
	}
	keys := func(m map[string]json.RawMessage) []string {
		var out []string
		for k := range m {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if got := keys(top); !slices.Equal(got, []string{"as_of", "credits", "recommended", "region", "requirements", "savings", "services", "usage"}) {
		t.Errorf("keys %v", got)
	}
	if string(top["region"]) != `"eu-west-2"` {
		t.Errorf("region %s", top["region"])
	}
	var services []map[string]json.RawMessage
	if err := json.Unmarshal(top["services"], &services); err != nil || len(services) != 10 {
		t.Fatalf("%d services, %v", len(services), err)
	}
	var ids []string
	for _, s := range services {
		got := slices.DeleteFunc(keys(s), func(k string) bool { return k == "hints" }) // where there are some
		if !slices.Equal(got, []string{"deployable", "estimate", "id", "name", "open_to_new_accounts", "reasons", "verdict", "why", "would_change"}) {
			t.Errorf("keys %v", got)
		}
		var id string
		_ = json.Unmarshal(s["id"], &id)
		ids = append(ids, id)
		if string(s["would_change"]) == "null" || string(s["reasons"]) == "null" {
			t.Errorf("%s has a list that is null", id)
		}
		var e struct {
			MonthlyUSD *float64 `json:"monthly_usd"`
			AsOf       *string  `json:"prices_as_of"`
			Confidence *string  `json:"confidence"`
			Lines      []map[string]any
		}
		if err := json.Unmarshal(s["estimate"], &e); err != nil || e.MonthlyUSD == nil || e.AsOf == nil || e.Confidence == nil || len(e.Lines) == 0 {
			t.Errorf("%s: estimate %s, %v", id, s["estimate"], err)
		}
		for _, l := range e.Lines {
			for _, k := range []string{"sku", "item", "quantity", "unit", "unit_usd", "usd"} {
				if _, ok := l[k]; !ok {
					t.Errorf("%s: a line without %s", id, k)
				}
			}
		}
	}
	slices.Sort(ids)
	if want := "app-runner ec2 ecs-ec2 ecs-express ecs-fargate eks elastic-beanstalk fly lambda lightsail"; strings.Join(ids, " ") != want {
		t.Errorf("ids %v", ids)
	}
}

func TestBadInput(t *testing.T) {
	u := price.DefaultUsage()
	for field, ask := range map[string]struct {
		r advise.Requirements
		u func(*price.Usage)
	}{
		"region":            {advise.Requirements{Region: "eu-west-9"}, nil},
		"egress-gb":         {advise.Requirements{Region: "eu-west-2"}, func(u *price.Usage) { u.EgressGB = -1 }},
		"websocket-uploads": {advise.Requirements{Region: "eu-west-2", WebSocketUploads: true}, nil},
	} {
		v := u
		if ask.u != nil {
			ask.u(&v)
		}
		_, err := (Advisor{}).Compare(ask.r, v)
		if err == nil || inputField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := (Advisor{}).RankRegions("mainframe", advise.Requirements{}, u); inputField(err) != "service" {
		t.Errorf("an unknown service: %v", err)
	}
}

func TestRankRegions(t *testing.T) {
	list, err := Advisor{}.RankRegions("ecs-fargate", advise.Requirements{}, price.DefaultUsage())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 34 || list[0].Code != "us-east-1" || !list[0].Priced {
		t.Errorf("%d regions, first %+v", len(list), list[0])
	}
	priced := 0
	for i, x := range list {
		if !x.Priced {
			continue
		}
		priced++
		if i > 0 && (!list[i-1].Priced || list[i-1].MonthlyUSD > x.MonthlyUSD) {
			t.Errorf("%s stands behind %s", x.Code, list[i-1].Code)
		}
		if r, _ := catalog.Regions().Region(x.Code); x.OptIn != r.OptIn {
			t.Errorf("%s: opt-in %v", x.Code, x.OptIn)
		}
	}
	if priced != 18 { // and seven where a price is missing
		t.Errorf("%d regions with prices", priced)
	}
	if lightsail, _ := (Advisor{}).RankRegions("lightsail", advise.Requirements{}, price.DefaultUsage()); len(lightsail) != 19 {
		t.Errorf("Lightsail is in %d regions", len(lightsail))
	}
	// Measured times go into text and stay out of JSON where there are none.
	list[0].ConnectMS, list[0].Measured, list[1].Measured = 12.4, "ok", "too slow"
	text := RegionsText("ecs-fargate", list, 80, false)
	if !strings.Contains(text, "12 ms") || !strings.Contains(text, "too slow") || !strings.Contains(text, "opt-in") {
		t.Error(text)
	}
	if b, _ := json.Marshal(list[2]); strings.Contains(string(b), "measured") {
		t.Errorf("%s", b)
	}
}

func TestMonths(t *testing.T) {
	u := price.DefaultUsage()
	web(&u)
	m, err := Advisor{}.Months("ecs-fargate", advise.Requirements{Region: "eu-west-2"}, u)
	if err != nil {
		t.Fatal(err)
	}
	if !(m.Low.MonthlyUSD < m.Typical.MonthlyUSD && m.Typical.MonthlyUSD < m.Busy.MonthlyUSD) {
		t.Errorf("%v %v %v", m.Low.MonthlyUSD, m.Typical.MonthlyUSD, m.Busy.MonthlyUSD)
	}
	e, _ := price.Default().Estimate(catalog.Default().Service("ecs-fargate"), "eu-west-2", u, price.Shape{})
	if m.Typical.MonthlyUSD != e.MonthlyUSD {
		t.Error("the typical month is not the usage as given")
	}
}

// Break-even points are where two services cost the same, or cross between two whole numbers.
func TestBreakEven(t *testing.T) {
	u := price.DefaultUsage()
	u.Instances, u.VCPU, u.MemoryGB, u.ActiveHoursPerDay = 1, 1, 2, 2
	r := advise.Requirements{Region: "us-east-1", CustomDomain: true, AppRunnerCustomer: true}
	tables, err := Advisor{}.CostTables([]string{"app-runner", "ecs-fargate", "lightsail"}, r, u)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, table := range tables {
		var d dimension
		for _, x := range dimensions {
			if x.name == table.Dimension {
				d = x
			}
		}
		for _, row := range table.Rows {
			for i, usd := range row.USD {
				if want, _ := (Advisor{}).at(d, row.Service, r, u, table.Values[i]); want != usd {
					t.Errorf("%s at %v %s: %v, want %v", row.Service, table.Values[i], d.name, usd, want)
				}
			}
		}
		for _, b := range table.Breaks {
			found++
			step := 0.05
			if d.whole {
				step = 1
			}
			cost := func(s string, x float64) float64 { v, _ := (Advisor{}).at(d, s, r, u, x); return v }
			if cost(b.Cheaper, b.At-step) > cost(b.Then, b.At-step) || cost(b.Then, b.At) > cost(b.Cheaper, b.At) {
				t.Errorf("%s: %+v does not hold", table.Dimension, b)
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d break-even points; App Runner and Fargate cross by active hours", found)
	}
}

func TestBar(t *testing.T) {
	for _, tt := range []struct {
		v, most float64
		w       int
		ascii   bool
		want    string
	}{
		{10, 10, 4, false, "████"},
		{5, 10, 4, false, "██"},
		{1, 100, 4, false, "▌"},
		{0, 10, 4, false, ""},
		{10, 10, 4, true, "####"},
		{20, 10, 4, false, "████"},
		{1, 0, 4, false, ""},
		{6, 10, 4, false, "██▌"},
		{1, 1, -3, false, ""},
	} {
		if got := Bar(tt.v, tt.most, tt.w, tt.ascii); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// Text holds its width for any width, in one line per line, and ASCII is ASCII.
func TestTextHoldsItsWidth(t *testing.T) {
	for _, a := range typicalApps {
		r := a.report(t)
		r.LongPolling = nil // a diff keeps the lines of the files
		for _, width := range []int{40, 60, 80, 120} {
			for _, ascii := range []bool{false, true} {
				text := r.Text(width, ascii)
				for _, line := range strings.Split(text, "\n") {
					if utf8.RuneCountInString(line) > width {
						t.Fatalf("%s at %d: %q", a.name, width, line)
					}
				}
				if ascii && strings.ContainsFunc(text, func(c rune) bool { return c > 126 }) {
					t.Errorf("%s: not ASCII", a.name)
				}
				if strings.Contains(text, "%!") {
					t.Errorf("%s: a broken format", a.name)
				}
			}
		}
	}
}

// Marks say what a total rests on.
func TestMarks(t *testing.T) {
	day, _ := price.Date("2026-11-22")
	for _, tt := range []struct {
		service, region, mark string
		old                   bool // said once, at the sum
	}{
		{"ecs-fargate", "eu-west-2", "", false},
		{"ecs-express", "eu-west-3", MarkUnverified, false}, // the oldest has no date at all
		{"lambda", "eu-west-3", "", true},
		{"ecs-fargate", "ap-east-2", MarkMissing, true},
		{"app-runner", "eu-west-2", MarkMissing, false},
		{"fly", "eu-west-2", MarkMissing, false}, // by a markup that is not known,
	} {
		u := price.DefaultUsage()
		u.KBPerSecond = 1
		r, err := Advisor{Today: day}.Compare(advise.Requirements{Region: tt.region}, u)
		if err != nil {
			t.Fatal(err)
		}
		got := Money(r.Service(tt.service).Estimate)
		if mark := strings.TrimLeft(got, "0123456789."); mark != tt.mark {
			t.Errorf("%s in %s: %s, want the mark %q", tt.service, tt.region, got, tt.mark)
		}
		e := r.Service(tt.service).Estimate
		if said := strings.Contains(price.Dated(e.PricesAsOf, e.Old), "six months old"); said != tt.old {
			t.Errorf("%s in %s: old %v, of %s", tt.service, tt.region, said, e.PricesAsOf)
		}
	}
}

// Whatever is asked, Compare answers with all services or refuses the input; it never panics, and what it
// recommends is never out.
func TestCompareAlwaysAnswers(t *testing.T) {
	regions := []string{"fly", ""}
	for _, r := range catalog.Regions().Regions {
		regions = append(regions, r.Code)
	}
	for _, f := range catalog.Regions().FlyMap {
		regions = append(regions, f.Code)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := func(n string) bool { return rapid.Bool().Draw(t, n) }
		r := advise.Requirements{
			WebSockets: b("ws"), WebSocketUploads: b("up"), Clustering: b("cl"), StickySessions: b("st"), PersistentStorage: b("ps"),
			GRPC: b("grpc"), ARM64: b("arm"), ScaleToZero: b("zero"), CustomDomain: b("dom"), ReleaseCommand: b("rel"), Shell: b("sh"), Secrets: b("sec"),
			AppRunnerCustomer: b("ar"), LongestRequestSeconds: rapid.IntRange(-10, 100000).Draw(t, "long"),
			MaxMonthlyUSD: rapid.Float64Range(-1, 1000).Draw(t, "max"), Region: rapid.SampledFrom(regions).Draw(t, "region"),
		}
		u := price.DefaultUsage()
		u.Arch = rapid.SampledFrom([]string{"x86", "arm", "mips"}).Draw(t, "arch")
		u.VCPU = rapid.Float64Range(-1, 400).Draw(t, "vcpu")
		u.MemoryGB = rapid.Float64Range(0, 1000).Draw(t, "gb")
		u.Instances = rapid.IntRange(0, 5000).Draw(t, "n")
		res, err := (Advisor{}).Compare(r, u)
		if err != nil {
			if inputField(err) == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(res.Services) != 10 {
			t.Fatalf("%d services", len(res.Services))
		}
		if s := res.Service(res.Recommended); s != nil && (s.Verdict == advise.No || s.ID == "fly") {
			t.Fatalf("recommends %s, which is %s", s.ID, s.Verdict)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	r, u := advise.Requirements{WebSockets: true, Clustering: true, Region: "eu-west-2"}, price.DefaultUsage()
	web(&u)
	if _, err := (Advisor{}).Compare(r, u); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Advisor{}.Compare(r, u)
	}
}

func BenchmarkRankRegions(b *testing.B) {
	u := price.DefaultUsage()
	web(&u)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Advisor{}.RankRegions("ecs-fargate", advise.Requirements{}, u)
	}
}

// Ten services in every region: the most that one screen could ask for.
func BenchmarkCompareEveryRegion(b *testing.B) {
	u := price.DefaultUsage()
	web(&u)
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range catalog.Regions().Regions {
			_, _ = Advisor{}.Compare(advise.Requirements{WebSockets: true, Clustering: true, Region: r.Code}, u)
		}
	}
}

func BenchmarkReportText(b *testing.B) {
	u := price.DefaultUsage()
	web(&u)
	b.ReportAllocs()
	for b.Loop() {
		r, err := Advisor{}.Report(advise.Requirements{WebSockets: true, Clustering: true, Region: "eu-west-2"}, u)
		if err != nil {
			b.Fatal(err)
		}
		_ = r.Text(80, false)
	}
}

func TestOnlyKeepsWhatIsRecommended(t *testing.T) {
	r, err := Advisor{}.Report(advise.Requirements{Region: "eu-west-2", WebSockets: true}, price.DefaultUsage())
	if err != nil {
		t.Fatal(err)
	}
	best, all := r.Result.Recommended, r.Result
	r.Only([]string{"eks", "ecs-fargate"})
	if r.Result.Recommended != best || len(r.Result.Services) != 2 || r.Result.Service("eks") == nil || r.Result.Service("lambda") != nil {
		t.Errorf("recommended %q of %d services", r.Result.Recommended, len(r.Result.Services))
	}
	if len(all.Services) != 10 {
		t.Errorf("the whole result has %d services left", len(all.Services))
	}
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			if row.Service != "eks" && row.Service != "ecs-fargate" {
				t.Errorf("%s is in the table of %s", row.Service, table.Dimension)
			}
		}
		for _, b := range table.Breaks {
			if r.Result.Service(b.Cheaper) == nil || r.Result.Service(b.Then) == nil {
				t.Errorf("a crossing of %s and %s", b.Cheaper, b.Then)
			}
		}
	}
}

// inputField is the flag that an error is about, empty when it is about none.
func inputField(err error) string {
	var in *advise.InputError
	if errors.As(err, &in) {
		return in.Field
	}
	return ""
}
