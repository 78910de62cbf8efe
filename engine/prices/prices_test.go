package prices

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"berth/compare/price"
)

func open(t *testing.T, name string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(data)
}

// gather returns the prices of an offer for one region, and fails on two for the same SKU.
func gather(t *testing.T, offer, region string, read func(func(Rate) error) (Header, error)) (Header, map[string]float64) {
	t.Helper()
	found := map[string]rates{}
	h, err := read(collect(offer, region, found))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for k, v := range found {
		if len(v) != 1 {
			t.Errorf("%s has the prices %v", k, v)
		}
		out[k] = v[0]
	}
	return h, out
}

func same(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %v, want %v", k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %v was not expected", k, v)
		}
	}
}

// The files under testdata are excerpts of real ones, of 2017 to 2024.
func TestRealFiles(t *testing.T) {
	h, got := gather(t, "AmazonECS", "eu-west-1", func(each func(Rate) error) (Header, error) {
		return ReadCSV(open(t, "offer-AmazonECS-eu-west-1.csv"), each)
	})
	same(t, got, map[string]float64{
		"fargate.x86.vcpu_hour": 0.04048, "fargate.x86.gb_hour": 0.004445, "fargate.arm.vcpu_hour": 0.03238,
		"fargate.arm.gb_hour": 0.00356, "fargate.ephemeral_gb_hour": 0.000122, "fargate.windows.vcpu_hour": 0.09148,
		"fargate.windows.gb_hour": 0.01005, "fargate.windows.os_vcpu_hour": 0.046,
	})
	if h != (Header{"AmazonECS", "20201214223755", "2020-12-14"}) {
		t.Errorf("header %+v", h)
	}

	// App Runner's excerpt has rows of three regions and no region column: only the usagetype's prefix tells.
	_, got = gather(t, "AWSAppRunner", "us-west-2", func(each func(Rate) error) (Header, error) {
		return ReadCSV(open(t, "offer-AWSAppRunner-rows.csv"), each)
	})
	same(t, got, map[string]float64{"apprunner.vcpu_hour": 0.064, "apprunner.gb_hour": 0.00885})

	// The free tier stands under the location Any and must not become the price.
	_, got = gather(t, "AWSLambda", "eu-west-1", func(each func(Rate) error) (Header, error) {
		return ReadCSV(open(t, "offer-AWSLambda-freetier-2021.csv"), each)
	})
	same(t, got, map[string]float64{"lambda.request": 0.0000002})
}

func TestPrefix(t *testing.T) {
	for in, want := range map[string]string{
		"EU-Fargate-GB-Hours": "Fargate-GB-Hours", "EUW2-LCUUsage": "LCUUsage", "LCUUsage": "LCUUsage",
		"TS-LCUUsage": "TS-LCUUsage", "APS3-Request": "Request", "USE1-Fargate-ARM-GB-Hours": "Fargate-ARM-GB-Hours", "": "",
	} {
		if got := behindPrefix(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// site is a price list made of the table in the binary: what AWS would answer if nothing had changed.
type site map[string][]byte

func (s site) Get(_ context.Context, path string) (io.ReadCloser, error) {
	b, ok := s[path]
	if !ok {
		return nil, fmt.Errorf("get %s: %w", path, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func file(offer, region string) string {
	return "/offers/v1.0/aws/" + offer + "/20261120000000/" + region + "/index.csv"
}

var columns = []string{
	"SKU", "TermType", "StartingRange", "Unit", "PricePerUnit", "Currency", "Product Family", "Location",
	"Location Type", "usageType", "operation", "Region Code", "CPU Architecture", "Operating System", "Tenancy", "To Location",
	"Group", "Database Engine", "Deployment Option", "Storage Class", "CapacityStatus", "Pre Installed S/W",
}

// example is a rate that the rule of w takes.
func example(w wanted) Rate {
	r := Rate{Usage: "EUW2-" + w.usage, Begin: w.begin, Unit: "Hrs", Location: "EU (London)"}
	for _, c := range []Rate{
		{},
		{Arch: "ARM"},
		{Family: "NAT Gateway"},
		{Operation: "PutLogEvents"},
		{Operation: "RunService"},
		{Family: "Load Balancer-Application"},
		{Family: "Load Balancer-Network"},
		{To: "External"},
		{Group: "AWS-Lambda-Duration"},
		{Group: "AWS-Lambda-Requests"},
		{Group: "AWS-Lambda-Duration-ARM"},
		{Engine: "PostgreSQL", Deployment: "Single-AZ"},
		{Engine: "PostgreSQL", Deployment: "Multi-AZ"},
		{OS: "Linux", Tenancy: "Shared"},
	} {
		c.Usage, c.Begin, c.Location = r.Usage, r.Begin, r.Location
		for _, c.Unit = range []string{"Hrs", "GB-Mo", "GB", "minutes", "Requests"} {
			if (w.match == nil || w.match(c)) && sensible(w, c) {
				return c
			}
		}
	}
	return r
}

// newSite writes the price list of a region. Change may alter a row (the price is at 4) or drop it.
func newSite(t *testing.T, region string, change func(key string, row []string) []string) site {
	t.Helper()
	s := site{}
	for _, offer := range offers() {
		var b bytes.Buffer
		c := csv.NewWriter(&b)
		_ = c.WriteAll([][]string{{"FormatVersion", "v1.0"}, {"Publication Date", "2026-11-20T10:00:00Z"}, {"Version", "20261120000000"}, {"OfferCode", offer}, columns})
		for _, w := range list() {
			old, ok := price.Default().Exact(w.key, region)
			if w.offer != offer || !ok {
				continue
			}
			r := example(w)
			row := []string{
				"X", "OnDemand", strconv.FormatFloat(r.Begin, 'f', -1, 64), r.Unit, strconv.FormatFloat(old.USD, 'f', -1, 64), "USD",
				r.Family, r.Location, "AWS Region", r.Usage, r.Operation, region, r.Arch, r.OS, r.Tenancy, r.To, r.Group, r.Engine, r.Deployment, r.Class, r.Status, r.Software,
			}
			if change != nil {
				row = change(w.key, row)
			}
			if row != nil {
				_ = c.Write(row)
			}
		}
		c.Flush()
		s[file(offer, region)] = b.Bytes()
		s["/offers/v1.0/aws/"+offer+"/current/region_index.json"] = fmt.Appendf(nil,
			`{"regions":{%q:{"regionCode":%q,"currentVersionUrl":%q}}}`, region, region, strings.TrimSuffix(file(offer, region), "csv")+"json")
	}
	return s
}

func refresh(s Source, regions ...string) (*Outcome, error) {
	return Refresh(context.Background(), s, price.Default(), regions, "2026-11-22", nil)
}

func TestRefresh(t *testing.T) {
	s := newSite(t, "eu-west-2", func(key string, row []string) []string {
		if key == "alb.hour" {
			row[4] = "0.0300000000"
		}
		return row
	})
	told := 0
	out, err := Refresh(context.Background(), s, price.Default(), []string{"eu-west-2"}, "2026-11-22", func(p Progress) {
		told++
		if p.Done != told || p.All != len(offers()) {
			t.Errorf("%+v at %d", p, told)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Rows) < 50 || told != len(offers()) {
		t.Errorf("%d rows, told %d times", len(out.Rows), told)
	}
	if len(out.Changed) != 1 || out.Changed[0] != (Change{"alb.hour", "eu-west-2", 0.02646, 0.03}) {
		t.Errorf("changed %+v", out.Changed)
	}
	for _, r := range out.Rows {
		if r.AsOf != "2026-11-20" || r.Confidence != "high" || !strings.HasPrefix(r.Source, "AWS price list, https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/") {
			t.Errorf("%+v", r)
		}
	}

	dir := t.TempDir()
	if l := Load(dir); l.Table != price.Default() || l.Cache != "" || l.Err != nil {
		t.Errorf("without a cache: %+v", l)
	}
	if err := Save(dir, "2026-11-22", out.Rows); err != nil {
		t.Fatal(err)
	}
	l := Load(dir)
	if l.Err != nil || l.Rows != len(out.Rows) || l.AsOf != "2026-11-22" {
		t.Errorf("%d rows of %s, %v", l.Rows, l.AsOf, l.Err)
	}
	if r, _ := l.Table.Exact("alb.hour", "eu-west-2"); r.USD != 0.03 || r.AsOf != "2026-11-20" {
		t.Errorf("%+v", r)
	}
	if r, _ := l.Table.Exact("lightsail.container.nano_month", "eu-west-2"); r.USD != 7 {
		t.Error("what the list does not have must stay")
	}

	// A list that was downloaded gives the same, also when an offer is not in it.
	folder := t.TempDir()
	for path, text := range s {
		name := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(path, "/offers/v1.0/aws/")))
		if strings.Contains(path, "/AmazonEKS/") {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, err := refresh(Folder(folder), "eu-west-2")
	if err != nil || len(again.Rows) != len(out.Rows)-1 || !slices.Equal(again.Changed, out.Changed) || !slices.Contains(again.Absent, "AmazonEKS in eu-west-2") {
		t.Errorf("from a folder: %d rows instead of %d, absent %v, %v", len(again.Rows), len(out.Rows)-1, again.Absent, err)
	}
	if _, err := Folder(folder).Get(context.Background(), "/../../etc/passwd"); err == nil {
		t.Error("a file outside of the folder was read")
	}

	// Another region joins the cache, and the first stays.
	more, err := refresh(newSite(t, "us-east-1", nil), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, "2026-11-23", more.Rows); err != nil {
		t.Fatal(err)
	}
	if l := Load(dir); l.Rows != len(out.Rows)+len(more.Rows) {
		t.Errorf("%d rows, want %d", l.Rows, len(out.Rows)+len(more.Rows))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOldCacheGivesWay(t *testing.T) {
	dir := t.TempDir()
	old := price.Row{SKU: "alb.hour", Unit: "ALB-hour", Region: "eu-west-2", USD: 9, Source: "s", AsOf: "2020-01-01", Confidence: "high"}
	if err := Save(dir, "2020-01-01", []price.Row{old}); err != nil {
		t.Fatal(err)
	}
	if l := Load(dir); l.Rows != 0 {
		t.Errorf("an old cache gave %d prices", l.Rows)
	}
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	if l := Load(dir); l.Err == nil || l.Table != price.Default() {
		t.Errorf("a broken cache: %+v", l)
	}
}

func TestRefreshRefuses(t *testing.T) {
	const region = "eu-west-2"
	ecs := file("AmazonECS", region)
	index := "/offers/v1.0/aws/AmazonECS/current/region_index.json"
	price0 := func(key, usd string) func(string, []string) []string {
		return func(k string, row []string) []string {
			if k == key {
				row[4] = usd
			}
			return row
		}
	}
	for name, tt := range map[string]struct {
		change func(string, []string) []string
		break_ func(site)
		want   string
	}{
		"moved by more than half": {change: price0("fargate.x86.vcpu_hour", "0.0700000000"), want: "would move from 0.04656 to 0.07 USD"},
		"fell by more than half":  {change: price0("alb.hour", "0.0100000000"), want: "would move"},
		"free":                    {change: price0("fargate.x86.gb_hour", "0.0000000000"), want: "would move from 0.00511 to 0 USD"},
		"not a number":            {change: price0("alb.hour", "cheap"), want: `"cheap" is not an amount`},
		"negative":                {change: price0("alb.hour", "-1"), want: `"-1" is not an amount`},
		"another unit": {change: func(k string, row []string) []string {
			if k == "alb.hour" {
				row[3] = "Requests"
			}
			return row
		}, want: `alb.hour has the unit "Requests"`},
		"partial": {change: func(k string, row []string) []string {
			if k == "fargate.arm.gb_hour" {
				return nil
			}
			return row
		}, want: "fargate.arm.gb_hour is missing: the download is partial"},
		"cut in a row":  {break_: func(s site) { s[ecs] = s[ecs][:len(s[ecs])-30] }, want: "the download may be cut"},
		"cut early":     {break_: func(s site) { s[ecs] = s[ecs][:40] }, want: "no column names"},
		"an error page": {break_: func(s site) { s[ecs] = []byte("<html>sorry</html>") }, want: "no column names"},
		"another offer": {break_: func(s site) { s[ecs] = s[file("AmazonECR", region)] }, want: "is that of AmazonECR"},
		"broken index":  {break_: func(s site) { s[index] = []byte("{") }, want: "index is broken"},
		"empty index":   {break_: func(s site) { s[index] = []byte("{}") }, want: "names no region"},
		"index elsewhere": {break_: func(s site) {
			s[index] = []byte(`{"regions":{"eu-west-2":{"currentVersionUrl":"https://example.com/x"}}}`)
		}, want: "points to"},
	} {
		s := newSite(t, region, tt.change)
		if tt.break_ != nil {
			tt.break_(s)
		}
		out, err := refresh(s, region)
		var refused *Refused
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || out != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newSite(t, region, nil)
	delete(s, ecs)
	if _, err := refresh(s, region); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if out, err := refresh(newSite(t, region, nil), "mx-central-1"); err != nil || len(out.Absent) != len(offers()) || out.Rows != nil {
		t.Errorf("a region that no offer has: %+v, %v", out, err)
	}
	// Two prices that a rule does not tell apart: neither is taken, and it is told.
	s = newSite(t, region, nil)
	s[file("AmazonECR", region)] = append(s[file("AmazonECR", region)], bytes.ReplaceAll(lastLine(s[file("AmazonECR", region)]), []byte(",0.1,"), []byte(",0.11,"))...)
	out, err := refresh(s, region)
	if err != nil || !strings.Contains(strings.Join(out.Missing, ";"), "ecr.gb_month in eu-west-2") {
		t.Errorf("two prices: %v", err)
	}
}

func lastLine(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return append(b[bytes.LastIndexByte(b, '\n')+1:len(b):len(b)], '\n')
}
