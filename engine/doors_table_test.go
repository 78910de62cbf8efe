package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine"
	"berth/engine/resource/traffic"
)

// seenHeaders are what the app is told of the visitor, as the table of the README has them.
var seenHeaders = []string{"Host", "X-Forwarded-Proto", "X-Forwarded-Ssl", "Cloudfront-Forwarded-Proto"}

// doorRow is one line of the table: a door as a deployment of the same app with WebSockets found it. The time that was written
// before stays while the deployment takes about as long: simulated answers come in a slightly different order each time.
func doorRow(t *testing.T, name, was string) (row string) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, ground([2]string{name}), 0)
		h.zone("example.com", true)
		doors[name](h.spec)
		p := h.plan(engine.Request{})
		start := time.Now()
		res, events := h.apply(p)
		h.must(res, events)
		took := time.Since(start)
		if old := written(was, name); (took - old).Abs() < 10*time.Second {
			took = old
		}
		took = took.Round(5 * time.Second)
		floor, idle, longest := h.limits(name)
		row = fmt.Sprintf("| %s | %s | %s | %s | %s | %s | $%.2f |\n", name, h.sees(res.Endpoint), floor, idle, longest, took, p.MonthlyUSD)
	})
	return row
}

// written is the time of a deployment in the table as it was, zero when there is none.
func written(table, name string) time.Duration {
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| "+name+" |") && len(cells) > 2 {
			d, _ := time.ParseDuration(cells[len(cells)-2])
			return d
		}
	}
	return 0
}

// sees is what the app sees of a request to its address.
func (h *harbor) sees(endpoint string) string {
	h.t.Helper()
	client := &http.Client{Transport: h.account.Environment().Transport}
	resp, err := client.Get(endpoint + "/-/seen")
	must(h.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(h.t, err)
	have := map[string]string{}
	for line := range strings.Lines(string(body)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		have[key] = value
	}
	at, err := url.Parse(endpoint)
	must(h.t, err)
	var all []string
	for _, key := range seenHeaders {
		switch value := have[key]; {
		case value == "":
		case key == "Host" && value == at.Host:
			all = append(all, "`Host`: the address")
		default:
			all = append(all, "`"+strings.ReplaceAll(key, "Cloudfront", "CloudFront")+": "+value+"`")
		}
	}
	return strings.Join(all, ", ")
}

// limits are the oldest TLS that the door speaks, how long a connection may be silent, and how long a request may take, by
// what was made.
func (h *harbor) limits(name string) (floor, idle, longest string) {
	h.t.Helper()
	floor, quiet, read := "none", traffic.GatewayIdle, time.Duration(0)
	for _, i := range h.account.Inventory() {
		switch i.Kind {
		case "elasticloadbalancing.LoadBalancer":
			var lb struct{ Attrs map[string]string }
			must(h.t, json.Unmarshal([]byte(i.Detail), &lb))
			if s := lb.Attrs["idle_timeout.timeout_seconds"]; s != "" {
				d, err := time.ParseDuration(s + "s")
				must(h.t, err)
				quiet = d
			}
		case "elasticloadbalancing.Listener":
			var l struct{ Policy string }
			must(h.t, json.Unmarshal([]byte(i.Detail), &l))
			if strings.Contains(l.Policy, "TLS13-1-2-") {
				floor = "1.2"
			}
		case "cloudfront.Distribution":
			var d struct{ Config cftypes.DistributionConfig }
			must(h.t, json.Unmarshal([]byte(i.Detail), &d))
			floor = "1.0, CloudFront's own certificate"
			o := d.Config.Origins.Items[0]
			if o.CustomOriginConfig != nil {
				read = time.Duration(*o.CustomOriginConfig.OriginReadTimeout) * time.Second
			} else {
				read = time.Duration(*o.VpcOriginConfig.OriginReadTimeout) * time.Second
			}
		}
	}
	if name == "gateway" {
		floor = "unverified"
	}
	return floor, quiet.String(), cmp.Or(min(read, quiet), quiet).String()
}

// The table of doors in the README is what deployments find.
func TestDoorsTable(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- doors: written by TestDoorsTable -->\n", "<!-- /doors -->\n"
	text, err := os.ReadFile(file)
	must(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	was, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the README has no place for the table")
	}
	table := "| door | what the app sees | TLS from | a connection may be silent | until the first byte of an answer | first deployment | a month |\n" +
		"|---|---|---|---|---|---|---|\n"
	for _, name := range []string{"cloudfront", "private", "domain", "gateway", "none"} {
		table += doorRow(t, name, was)
	}
	if os.Getenv("UPDATE") != "" {
		must(t, os.WriteFile(file, []byte(before+begin+table+end+after), 0o644)) //nolint:gosec // a file that everybody reads
		return
	}
	if was != table {
		t.Errorf("UPDATE=1 writes it anew: the README has\n%s\nand it is\n%s", was, table)
	}
}
