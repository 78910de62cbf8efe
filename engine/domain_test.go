package engine_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/sim"
)

// zone makes a public hosted zone, and has the public DNS ask it when it is delegated.
func (h *harbor) zone(name string, delegated bool) (id string) {
	h.t.Helper()
	out, err := h.clients().Route53.CreateHostedZone(context.Background(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name})
	must(h.t, err)
	if delegated && !h.account.Delegate(name) {
		h.t.Fatalf("cannot delegate %s", name)
	}
	return *out.HostedZone.Id
}

// record sets a record in a hosted zone, as somebody else.
func (h *harbor) record(zone, name string, kind r53types.RRType, value string) {
	h.t.Helper()
	_, err := h.clients().Route53.ChangeResourceRecordSets(context.Background(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{
			Action: r53types.ChangeActionUpsert, ResourceRecordSet: &r53types.ResourceRecordSet{
				Name: &name, Type: kind, TTL: aws.Int64(60), ResourceRecords: []r53types.ResourceRecord{{Value: &value}},
			},
		}}},
	})
	must(h.t, err)
}

// domain is the app with names of its own.
func newDomainHarbor(t *testing.T) *harbor {
	t.Helper()
	h := newHarbor(t, sim.Options{}, 0)
	h.spec.Network.Domain, h.spec.Network.Also = "www.example.com", []string{"example.com"}
	return h
}

// A domain in Route 53: one run makes certificate, records and the app, and verifies it by its final name.
func TestDomainInRoute53(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		h.zone("example.com", true)
		before := h.left()
		start := time.Now()
		p := h.plan(engine.Request{})
		if p.Endpoint != "https://www.example.com" || p.Waiting != nil {
			t.Errorf("endpoint %q, waits for %v", p.Endpoint, p.Waiting)
		}
		if slices.ContainsFunc(actions(p), func(a string) bool { return strings.HasPrefix(a, "distribution") }) {
			t.Error("CloudFront beside a domain")
		}
		res, events := h.apply(p)
		h.must(res, events)
		t.Logf("first deployment took %s", time.Since(start).Round(time.Second))
		if res.Endpoint != "https://www.example.com" {
			t.Errorf("ended at %q", res.Endpoint)
		}
		if last := said(events, "endpoint"); !strings.Contains(last, "certificate valid until") || !strings.Contains(last, "http redirects to https") {
			t.Errorf("verified: %q", last)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
		c := h.status().Certificate
		if c == nil {
			t.Fatal("status has no certificate")
		}
		if says, wrong := c.Says(time.Now()); wrong || !strings.HasSuffix(says, ", renewed by AWS") {
			t.Errorf("the certificate is %q", says)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); !slices.Equal(left, before) {
			t.Errorf("before %v, left %v", before, left)
		}
	})
}

// said is the last text that a node said of how it ended.
func said(events []event.Event, node string) (text string) {
	for _, e := range events {
		if e.Node == node && (e.Type == "endpoint.ready" || e.Type == "node.done") {
			text = e.Text
		}
	}
	return text
}

// refused is why an app cannot be planned.
func (h *harbor) refused() *fail.Error {
	h.t.Helper()
	_, err := h.engine.Plan(context.Background(), engine.Request{Spec: h.spec})
	f := fail.From(err)
	if f == nil || f.Class != fail.Refused {
		h.t.Fatalf("planned: %v", err)
	}
	return f
}

// Records of somebody else are never replaced without a yes, and it says how to give one.
func TestRecordsOfOthersNeedAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		zone := h.zone("example.com", true)
		h.record(zone, "www.example.com", r53types.RRTypeCname, "elsewhere.example.net")
		h.record(zone, "example.com", r53types.RRTypeAaaa, "2001:db8::1")
		h.record(zone, "mail.example.com", r53types.RRTypeA, "203.0.113.9")
		f := h.refused()
		for _, want := range []string{"www.example.com CNAME elsewhere.example.net", "example.com AAAA 2001:db8::1", `take_over = ["www.example.com", "example.com"]`} {
			if !strings.Contains(f.Evidence+f.Remedy, want) {
				t.Errorf("%q is not told: %v", want, f)
			}
		}
		if n := len(h.left()); n != 4 {
			t.Errorf("a refusal made something: %v", h.left())
		}
		h.spec.Network.TakeOver = []string{"www.example.com"}
		if f := h.refused(); strings.Contains(f.Evidence, "www") {
			t.Errorf("a yes for one name: %v", f)
		}
		h.spec.Network.TakeOver = append(h.spec.Network.TakeOver, "example.com")
		h.must(h.deploy())
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) != 2 || !strings.Contains(strings.Join(left, " "), "mail.example.com") {
			t.Errorf("left %v", left)
		}
	})
}

// What is wrong with a domain is told before anything is made, with what to do about it.
func TestWrongDomains(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(*harbor)
		want  []string
	}{
		{"undelegated", func(h *harbor) { h.zone("example.com", false) }, []string{"not delegated", "the public DNS has no name servers", "set these name servers", ".awsdns-"}},
		{"delegated elsewhere", func(h *harbor) {
			h.zone("example.com", false)
			h.account.Publish("example.com", "NS", "ns1.registrar.example.")
		}, []string{"not delegated", "the public DNS has ns1.registrar.example", "delete the hosted zone"}},
		{"private", func(h *harbor) {
			c := h.clients()
			vpcs, err := c.EC2.DescribeVpcs(context.Background(), &ec2.DescribeVpcsInput{})
			must(h.t, err)
			_, err = c.Route53.CreateHostedZone(context.Background(), &route53.CreateHostedZoneInput{
				Name: aws.String("example.com"), CallerReference: aws.String("1"),
				VPC: &r53types.VPC{VPCId: vpcs.Vpcs[0].VpcId, VPCRegion: "eu-west-2"},
			})
			must(h.t, err)
		}, []string{"is private", "create a public hosted zone"}},
		{"CAA", func(h *harbor) {
			h.record(h.zone("example.com", true), "example.com", r53types.RRTypeCaa, `0 issue "letsencrypt.org"`)
		}, []string{"CAA", "letsencrypt.org", "amazon.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newDomainHarbor(t)
				c.setup(h)
				before := h.left()
				f := h.refused()
				for _, want := range c.want {
					if !strings.Contains(f.Cause+" "+f.Evidence+" "+f.Remedy, want) {
						t.Errorf("%q is not told: %s | %s | %s", want, f.Cause, f.Evidence, f.Remedy)
					}
				}
				if after := h.left(); !slices.Equal(before, after) {
					t.Errorf("a refusal changed %v to %v", before, after)
				}
			})
		})
	}
}

// The account's number of certificates is looked at before anything is made.
func TestNoRoomForACertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		h.zone("example.com", true)
		h.account.SetFaults(fault(t, "quota=acm:0"))
		res, _ := h.deploy()
		if res.Outcome != event.Refused || !strings.Contains(res.Err.Error(), "certificates") {
			t.Errorf("ended %s: %v", res.Outcome, res.Err)
		}
	})
}

// A further name gets into the certificate and the records without the first one being out for a moment; one that is
// taken away leaves nothing.
func TestNamesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		h.zone("example.com", true)
		h.must(h.deploy())
		h.spec.Network.Also = []string{"api.example.com"}
		p := h.plan(engine.Request{})
		out := h.outage("https://www.example.com/")
		h.must(h.apply(p))
		if gap := out(); gap > 0 {
			t.Errorf("www.example.com was out for %s", gap)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
		all := strings.Join(h.left(), "\n")
		if n := strings.Count(all, "acm.Certificate"); n != 1 {
			t.Errorf("%d certificates", n)
		}
		if strings.Contains(all, "example.com. example.com.") || !strings.Contains(all, "api.example.com. A") {
			t.Errorf("the records are %s", all)
		}
	})
}

// outage asks an address all the time until it is told to stop; it tells the longest time without an answer. What is
// answered after a given time does not count: a request that is under way when a run goes on may come too late.
func (h *harbor) outage(url string) (stop func(until ...time.Time) time.Duration) {
	client := &http.Client{Transport: h.account.Environment().Transport, Timeout: 5 * time.Second}
	quit, done := make(chan time.Time), make(chan time.Duration)
	go func() {
		last := time.Now()
		gaps := map[time.Time]time.Duration{} // by when the answer came, or none did
		for {
			resp, err := client.Get(url)
			if err == nil {
				_ = resp.Body.Close()
			}
			if err == nil && resp.StatusCode < 400 {
				last = time.Now()
			}
			gaps[time.Now()] = time.Since(last)
			select {
			case until := <-quit:
				var longest time.Duration
				for at, gap := range gaps {
					if at.Before(until) {
						longest = max(longest, gap)
					}
				}
				done <- longest
				return
			case <-time.After(2 * time.Second):
			}
		}
	}()
	return func(until ...time.Time) time.Duration {
		quit <- append(until, time.Now().Add(time.Hour))[0]
		return <-done
	}
}

// publish sets the records that are waited for at the other DNS provider, as the app's owner would.
func (h *harbor) publish(w *event.Waiting, why string) {
	h.t.Helper()
	n := 0
	for _, r := range w.Left() {
		if strings.Contains(r.Why, why) {
			h.account.Publish(r.Name, r.Type, r.Value)
			n++
		}
	}
	if n == 0 {
		h.t.Errorf("no record that %s: %v", why, w.Text())
	}
}

func (h *harbor) status() *engine.Status {
	h.t.Helper()
	w, err := h.engine.Watch(context.Background(), h.spec)
	must(h.t, err)
	s, err := w.Status(context.Background())
	must(h.t, err)
	return s
}

// A domain whose DNS is elsewhere: the first run serves by CloudFront and says which records it waits for; later runs
// go on as far as the records are set, and the app never stops answering.
func TestDomainElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		h.account.Publish("example.com", "NS", "ns1.registrar.example.")
		p := h.plan(engine.Request{})
		if text := strings.Join(p.Waiting.Text(), "\n"); !strings.Contains(text, "CNAME www.example.com") || !strings.Contains(text, "ALIAS example.com") || !strings.Contains(text, "known after apply") {
			t.Errorf("the plan says %s", text)
		}
		res, events := h.apply(p)
		h.must(res, events)
		cloudFront := res.Endpoint
		if !strings.HasSuffix(cloudFront, ".cloudfront.net") || res.Waiting == nil {
			t.Fatalf("ended at %s, waits for %v", cloudFront, res.Waiting)
		}
		for _, r := range res.Waiting.Records {
			if r.State != event.RecordMissing || r.Zone != "example.com" || strings.Contains(r.Value, "apply") || strings.HasSuffix(r.Relative, "example.com") {
				t.Errorf("%+v", r)
			}
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("while it waits, a plan does %v", got)
		}
		if s := h.status(); s.Waiting == nil || s.Endpoint != cloudFront {
			t.Errorf("status: %s, waits for %v", s.Endpoint, s.Waiting)
		}

		h.publish(res.Waiting, "proves")
		time.Sleep(30 * time.Minute)
		p = h.plan(engine.Request{})
		if got := actions(p); !slices.Contains(got, "https-listener:create") || slices.Contains(got, "distribution:delete") {
			t.Errorf("once it is issued, a plan does %v", got)
		}
		outCF := h.outage(cloudFront + "/")
		res, events = h.apply(p)
		h.must(res, events)
		if res.Endpoint != cloudFront || len(res.Waiting.Left()) != 2 {
			t.Errorf("ended at %s, waits for %v", res.Endpoint, res.Waiting.Text())
		}

		h.publish(res.Waiting, "sends visitors")
		time.Sleep(time.Minute)
		if s := h.status(); s.Waiting == nil || len(s.Waiting.Left()) > 0 || s.Endpoint != cloudFront {
			t.Errorf("all set: status says %s, %v", s.Endpoint, s.Waiting.Text())
		}
		if gap := outCF(); gap > 0 {
			t.Errorf("%s was out for %s", cloudFront, gap)
		}
		out := h.outage("https://www.example.com/")
		res, events = h.deploy()
		h.must(res, events)
		if res.Endpoint != "https://www.example.com" || res.Waiting != nil {
			t.Errorf("ended at %s, waits for %v", res.Endpoint, res.Waiting)
		}
		if gap := out(); gap > 0 {
			t.Errorf("the domain was out for %s", gap)
		}
		if s := h.status(); s.Waiting != nil || s.Endpoint != "https://www.example.com" {
			t.Errorf("done: status says %s, %v", s.Endpoint, s.Waiting.Text())
		}
		if strings.Contains(strings.Join(h.left(), " "), "cloudfront") {
			t.Error("CloudFront is still there")
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}

// A certificate that nobody proved within 72 hours is told, and asked for anew with the same records.
func TestValidationTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newDomainHarbor(t)
		res, events := h.deploy()
		h.must(res, events)
		asked := res.Waiting.ZoneFile()
		time.Sleep(73 * time.Hour)
		p := h.plan(engine.Request{})
		if got := actions(p); !slices.Equal(got, []string{"certificate:replace"}) || !strings.Contains(change(p, "certificate").Why, "72 hours") {
			t.Errorf("the plan does %v: %s", got, change(p, "certificate").Why)
		}
		res, events = h.apply(p)
		h.must(res, events)
		if again := res.Waiting.ZoneFile(); again != asked {
			t.Errorf("asked for\n%s\nbefore, and now for\n%s", asked, again)
		}
		if n := strings.Count(strings.Join(h.left(), " "), "acm.Certificate"); n != 1 {
			t.Errorf("%d certificates", n)
		}
	})
}

// change is the change of a plan with that id.
func change(p *engine.Plan, id string) engine.Change {
	for _, c := range p.Changes {
		if c.ID == id {
			return c
		}
	}
	return engine.Change{}
}
