package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// holders are the ids that AWS gave to what holds the app's data. A database that was made anew, or from a snapshot, has
// another one.
func (h *harbor) holders() string {
	h.t.Helper()
	c := h.clients()
	dbs, err := c.RDS.DescribeDBInstances(h.t.Context(), &rds.DescribeDBInstancesInput{})
	must(h.t, err)
	files, err := c.EFS.DescribeFileSystems(h.t.Context(), &efs.DescribeFileSystemsInput{})
	must(h.t, err)
	var ids []string
	for _, d := range dbs.DBInstances {
		ids = append(ids, aws.ToString(d.DbiResourceId)+" of "+aws.ToTime(d.InstanceCreateTime).Format(time.RFC3339Nano))
	}
	for _, f := range files.FileSystems {
		ids = append(ids, aws.ToString(f.FileSystemId))
	}
	points, err := c.EFS.DescribeAccessPoints(h.t.Context(), &efs.DescribeAccessPointsInput{})
	must(h.t, err)
	for _, p := range points.AccessPoints {
		ids = append(ids, aws.ToString(p.AccessPointId))
	}
	buckets, err := c.S3.ListBuckets(h.t.Context(), &s3.ListBucketsInput{})
	must(h.t, err)
	for _, b := range buckets.Buckets {
		ids = append(ids, aws.ToString(b.Name)+" of "+aws.ToTime(b.CreationDate).Format(time.RFC3339Nano))
	}
	return strings.Join(ids, ", ")
}

// What a destroy with KeepData leaves is the data and what that needs, it is said with its price, and the next
// deployment goes on with it.
func TestDestroyKeepsData(t *testing.T) {
	for name, o := range map[string]sim.Options{"default VPC": {}, "own VPC": {NoDefaultVPC: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFullHarbor(t, t.TempDir())
				h.account = h.account.Fork(sim.Options{Region: "eu-west-2", NoDefaultVPC: o.NoDefaultVPC})
				h = h.fork(t)
				h.must(h.deploy())
				was := h.holders()

				p := h.plan(engine.Request{Destroy: true, KeepData: true})
				lost, kept := p.Data()
				if len(lost) > 0 || len(kept) != 4 {
					t.Errorf("loses %v, keeps %v", lost, kept)
				}
				if p.KeptUSD <= 0 || p.KeptUSD >= p.MonthlyUSD {
					t.Errorf("what is kept costs %.2f of %.2f", p.KeptUSD, p.MonthlyUSD)
				}
				res, events := h.apply(p)
				h.must(res, events)
				if now := h.holders(); now != was {
					t.Errorf("was %s, is %s", was, now)
				}
				last := events[len(events)-1]
				if !near(last.MonthlyUSD, p.KeptUSD) {
					t.Errorf("the end says %.2f a month, the plan %.2f", last.MonthlyUSD, p.KeptUSD)
				}
				told := slices.ContainsFunc(events, func(e event.Event) bool {
					return strings.HasPrefix(e.Text, "kept: ") && strings.Contains(e.Text, fmt.Sprintf("$%.2f a month", p.KeptUSD))
				})
				if !told {
					t.Error("nothing tells of what is kept")
				}
				if again := h.plan(engine.Request{Destroy: true, KeepData: true}); again.Changed() {
					t.Errorf("a second destroy does %v", actions(again))
				}

				p = h.plan(engine.Request{})
				rep, err := h.engine.Preflight(t.Context(), p)
				must(t, err)
				if notes := strings.Join(rep.Notes(), "\n"); strings.Count(notes, "of an earlier deployment still exists") != 2 {
					t.Errorf("the next deployment does not say what it takes over: %s", notes)
				}
				for _, c := range p.Changes {
					if (c.ID == "database" || c.ID == "file-system") && c.Action != event.None {
						t.Errorf("%s: %s, %s", c.ID, c.Action, c.Why)
					}
				}
				h.must(h.apply(p))
				if now := h.holders(); now != was {
					t.Errorf("was %s, is %s", was, now)
				}

				// Without storage in the settings what is left of it keeps the rest as well.
				h.spec.Storage, h.spec.Database = nil, nil
				h.must(h.apply(h.plan(engine.Request{Destroy: true, KeepData: true})))
				if now := h.holders(); now != was {
					t.Errorf("was %s, is %s", was, now)
				}
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); len(left) > 0 {
					t.Errorf("destroy leaves %v", left)
				}
			})
		})
	}
}

// The database and the file system stay the ones they are through everything that happens to an app, and through every
// call of it cut short and done again.
func TestDataSurvives(t *testing.T) {
	lives := []struct {
		name   string
		before func(h *harbor)
		run    engine.Request
		fails  bool
	}{
		{name: "redeploy", before: func(h *harbor) { write(h.t, h.spec.Dir, "server", "version 2") }},
		{name: "settings", before: func(h *harbor) {
			h.spec.Database.Class, h.spec.Database.StorageGB, h.spec.Service.Memory = "db.t4g.small", 40, 1024
		}},
		{name: "failed release", before: func(h *harbor) {
			write(h.t, h.spec.Dir, "server", "version 3")
			h.account.SetFaults(fault(h.t, "crash-task=1"))
		}, fails: true},
		{name: "destroy keep data", before: func(*harbor) {}, run: engine.Request{Destroy: true, KeepData: true}},
		{name: "deploy again", before: func(h *harbor) {
			h.must(h.apply(h.plan(engine.Request{Destroy: true, KeepData: true})))
			time.Sleep(time.Hour)
		}},
	}
	for _, l := range lives {
		t.Run(l.name, func(t *testing.T) {
			dir := t.TempDir()
			var before *harbor
			var calls int
			var was string
			synctest.Test(t, func(t *testing.T) {
				h := newFullHarbor(t, dir)
				h.must(h.deploy())
				was = h.holders()
				l.before(h)
				before = &harbor{account: h.account.Fork(sim.Options{}), spec: h.spec}
				from := len(h.account.Calls())
				res, _ := h.apply(h.plan(l.run))
				calls = len(h.account.Calls()) - from
				if l.fails == (res.Outcome == event.Succeeded) {
					t.Fatalf("ended %s: %v", res.Outcome, res.Err)
				}
				if now := h.holders(); now != was {
					t.Errorf("was %s, is %s", was, now)
				}
			})
			tried := 0
			for n := 1; n <= calls; n += raceFactor {
				synctest.Test(t, func(t *testing.T) {
					h := before.fork(t, fault(t, fmt.Sprintf("cut-after=%d", n)))
					r := l.run
					r.Spec = h.spec
					if p, err := h.engine.Plan(t.Context(), r); err == nil {
						h.apply(p)
					}
					h = h.fork(t)
					h.must(h.apply(h.plan(l.run)))
					if now := h.holders(); now != was {
						t.Errorf("cut at call %d: was %s, is %s", n, was, now)
					}
					tried++
				})
			}
			t.Logf("%d calls, %d cuts, one database and one file system", calls, tried)
		})
	}
}
