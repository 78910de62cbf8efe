package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// wholeApp is a clustered app of two nodes with a database, a cache, a release command, secrets and a place for uploads:
// a folder that both nodes have, or a bucket.
func wholeApp(t *testing.T, uploads string) (*harbor, []engine.Given) {
	t.Helper()
	h := withDatabase(newHarbor(t, sim.Options{NoDefaultVPC: true}, slowPoll))
	h.spec.Network.Clustering, h.spec.Service.Instances = "dns", 2
	h.spec.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro"}
	if uploads == "s3" {
		h.spec.Uploads = &spec.Uploads{Store: "s3", Versioning: true}
	} else {
		h.spec.Storage = []spec.Storage{{Path: "/app/uploads"}}
	}
	var given []engine.Given
	for _, name := range []string{"ADMIN_PASSWORD", "MAILER_API_KEY", "RELEASE_COOKIE", "SECRET_KEY_BASE", "STRIPE_KEY"} {
		h.spec.Secrets.FromSSM = append(h.spec.Secrets.FromSSM, name)
		given = append(given, give(t, name, "value-of-"+strings.ToLower(name), name == "SECRET_KEY_BASE" || name == "RELEASE_COOKIE"))
	}
	return h, given
}

// policies are what each role of the app may do, and what deploying it takes, as text.
func (h *harbor) policies(b *strings.Builder) {
	h.t.Helper()
	for _, end := range []string{"execution", "task"} {
		r := h.role(end)
		for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
			fmt.Fprintf(b, "\n%s role, policy %s\n%s\n", end, name, indented(h.t, r.Inline[name]))
		}
	}
	least, note, err := h.engine.Policy(h.t.Context(), engine.Request{Spec: h.spec})
	if err != nil || note != nil {
		h.t.Fatal(note, err)
	}
	text, err := json.Marshal(least)
	must(h.t, err)
	fmt.Fprintf(b, "\nto deploy, redeploy and destroy it\n%s\n", indented(h.t, string(text)))
}

func indented(t *testing.T, doc string) string {
	t.Helper()
	var v any
	must(t, json.Unmarshal([]byte(doc), &v))
	text, err := json.MarshalIndent(v, "", "  ")
	must(t, err)
	return string(text)
}

// costs writes what a plan does, and what that costs.
func costs(b *strings.Builder, p *engine.Plan) {
	for _, c := range p.Changes {
		fmt.Fprintf(b, "%-8s %-30s %-32s %8.2f\n", c.Action, c.ID, c.Kind, c.MonthlyUSD)
	}
	fmt.Fprintf(b, "%-72s %8.2f\n", "a month, prices as of "+p.PricesAsOf, p.MonthlyUSD)
}

// ends destroys the app, which leaves what was there before and the secrets of people.
func (h *harbor) ends(before []string) {
	h.t.Helper()
	h.must(h.apply(h.plan(engine.Request{Destroy: true})))
	for _, left := range h.left() {
		if !slices.Contains(before, left) && !strings.HasPrefix(left, "ssm.Parameter eu-west-2 /berth/"+h.spec.App+"/production/") {
			h.t.Errorf("destroy leaves %s", left)
		}
	}
}

// TestWholeApp brings the whole app up in an empty account with one plan. What that does, what it costs, and what is
// allowed by it are golden files.
func TestWholeApp(t *testing.T) {
	for _, uploads := range []string{"efs", "s3"} {
		t.Run(uploads, func(t *testing.T) {
			var b strings.Builder
			synctest.Test(t, func(t *testing.T) {
				h, given := wholeApp(t, uploads)
				p := h.plan(engine.Request{Given: given})
				costs(&b, p)
				res, events := h.apply(p)
				h.must(res, events)
				h.policies(&b)
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Errorf("unchanged app: plan does %v", got)
				}
				vars := h.variables()
				if !strings.HasPrefix(vars["REDIS_URL"], "rediss://") || (vars["S3_BUCKET"] == "") == (uploads == "s3") {
					t.Errorf("the app gets %v", vars)
				}
				h.ends(nil)
			})
			compareGolden(t, b.String())
		})
	}
}

// TestWholeAppAtItsDomain plans the whole app for www.example.com and its apex, with their DNS in Route 53 and elsewhere, and
// brings it up. What that does, costs and waits for are golden files.
func TestWholeAppAtItsDomain(t *testing.T) {
	for _, dns := range []string{"route53", "elsewhere"} {
		t.Run(dns, func(t *testing.T) {
			var b strings.Builder
			synctest.Test(t, func(t *testing.T) {
				h, given := wholeApp(t, "efs")
				h.spec.Network.Domain, h.spec.Network.Also, h.spec.Network.WebSockets = "www.example.com", []string{"example.com"}, true
				if dns == "route53" {
					h.zone("example.com", true)
				} else {
					h.account.Publish("example.com", "NS", "ns1.registrar.example.")
				}
				before := h.left()
				p := h.plan(engine.Request{Given: given})
				costs(&b, p)
				fmt.Fprintf(&b, "address: %s\n", p.Endpoint)
				if p.Waiting != nil {
					fmt.Fprintf(&b, "\n%s\n", strings.Join(p.Waiting.Text(), "\n"))
				}
				h.must(h.apply(p))
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Errorf("unchanged app: plan does %v", got)
				}
				h.ends(before)
			})
			compareGolden(t, b.String())
		})
	}
}

// Files in a bucket outlive a destroy that keeps data, and no other.
func TestUploadsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Uploads = &spec.Uploads{Store: "s3"}
		h.must(h.deploy())
		name := h.variables()["S3_BUCKET"]
		c := h.clients()
		for i := range 3 {
			_, err := c.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: aws.String(fmt.Sprintf("photo-%d.jpg", i))})
			must(t, err)
		}
		cors, err := c.S3.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: &name})
		must(t, err)
		if o := cors.CORSRules[0].AllowedOrigins; len(o) != 1 || !strings.HasPrefix(o[0], "https://") || !strings.HasSuffix(o[0], ".cloudfront.net") {
			t.Errorf("pages of %v may send files", o)
		}
		p := h.plan(engine.Request{Destroy: true, KeepData: true})
		if lost, kept := p.Data(); len(lost) > 0 || len(kept) != 1 {
			t.Errorf("loses %v, keeps %v", lost, kept)
		}
		h.must(h.apply(p))
		if n := h.files(name); n != 3 {
			t.Fatalf("%d files are left", n)
		}
		h.must(h.deploy())
		h.spec.Uploads = nil // which alone removes nothing
		h.must(h.deploy())
		if n := h.files(name); n != 3 {
			t.Fatalf("%d files are left", n)
		}
		p = h.plan(engine.Request{Destroy: true})
		if lost, _ := p.Data(); len(lost) != 1 {
			t.Errorf("nobody is told that files go: %v", lost)
		}
		h.must(h.apply(p))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// files counts what is in a bucket.
func (h *harbor) files(bucket string) int {
	h.t.Helper()
	out, err := h.clients().S3.ListObjectVersions(h.t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	must(h.t, err)
	return len(out.Versions)
}
