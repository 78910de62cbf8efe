package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// newWatched is an app with all alarms that there are: requests, tasks of two services, a schedule, a database, a budget.
func newWatched(t *testing.T, o sim.Options) *harbor {
	t.Helper()
	h := newHarbor(t, o, 0)
	h.spec.Processes = map[string]*spec.Process{
		"worker": {Command: []string{"/server", "work"}},
		"report": {Command: []string{"/server", "report"}, Schedule: "cron(0 3 * * ? *)"},
	}
	h.spec.Database = &spec.Database{Engine: "postgres", Snapshot: "none"}
	h.spec.Alarms = spec.Alarms{Notify: []string{"ops@example.com"}, MonthlyUSD: 100}
	must(t, h.spec.Complete(nil, nil))
	return h
}

func TestAlarmsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newWatched(t, sim.Options{})
		policy, note, err := h.engine.Policy(t.Context(), engine.Request{Spec: h.spec})
		if err != nil || note != nil {
			t.Fatal(note, err)
		}
		p := h.plan(engine.Request{})
		for _, want := range []string{"alarm-topic:create", "alarm-subscriptions:create", "app-alarms:create", "failed-runs:create", "budget:create"} {
			if got := actions(p); !slices.Contains(got, want) {
				t.Errorf("the plan does %v, not %s", got, want)
			}
		}
		h.must(h.apply(p))
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Fatalf("unchanged app: plan does %v", actions(p))
		}
		st, err := h.watch().Status(t.Context())
		must(t, err)
		if diff := st.MonthlyUSD - p.MonthlyUSD; diff > 0.001 || diff < -0.001 {
			t.Errorf("the status costs %v, the plan %v", st.MonthlyUSD, p.MonthlyUSD)
		}
		if a := st.Alarms; a == nil || len(a.List) < 10 || len(a.Told) != 1 || a.Told[0].Confirmed || st.Waiting == nil || !strings.Contains(st.Waiting.For, "ops@example.com to confirm") {
			t.Errorf("the status tells of %+v, and waits for %+v", a, st.Waiting)
		}
		h.account.Confirm("ops@example.com")
		time.Sleep(20 * time.Minute)
		st, err = h.watch().Status(t.Context())
		must(t, err)
		if a := st.Alarms; !a.Told[0].Confirmed || st.Waiting != nil || len(alarmsIn(st, "ok")) != len(a.List) {
			t.Errorf("once it is confirmed, the status tells of %+v, and waits for %+v", a, st.Waiting)
		}
		switchOff(h)
		time.Sleep(10 * time.Minute)
		st, err = h.watch().Status(t.Context())
		must(t, err)
		if got := alarmsIn(st, "alarm"); !slices.Contains(got, "no container runs") {
			t.Errorf("with no task left, these ring: %q", got)
		}
		h.must(h.deploy())
		time.Sleep(10 * time.Minute)

		h.spec.Alarms.Notify = []string{"ops@example.com", "https://hooks.example.com/token"}
		h.spec.Alarms.MonthlyUSD = 0
		want := []string{"alarm-subscriptions:update", "budget:delete"}
		if got := actions(h.plan(engine.Request{})); !slices.Equal(got, want) {
			t.Errorf("others to tell and no budget do %v, want %v", got, want)
		}
		h.must(h.deploy())

		delete(h.spec.Processes, "worker")
		if got := actions(h.plan(engine.Request{})); !slices.Contains(got, "app-alarms:update") {
			t.Errorf("without the worker the plan does %v", got)
		}
		h.must(h.deploy())

		h.spec.Alarms = spec.Alarms{}
		want = []string{"alarm-topic:delete", "app-alarms:delete", "failed-runs:delete"}
		if got := actions(h.plan(engine.Request{})); !sameSet(got, want) {
			t.Errorf("without anybody to tell the plan does %v, want %v", got, want)
		}
		h.must(h.deploy())
		for _, one := range h.account.Inventory() {
			if strings.HasPrefix(one.Kind, "sns.") || strings.HasPrefix(one.Kind, "cloudwatch.") || strings.HasPrefix(one.Kind, "events.") || strings.HasPrefix(one.Kind, "budgets.") {
				t.Errorf("%s is left", one)
			}
		}
		h.spec.Alarms = spec.Alarms{Notify: []string{"ops@example.com"}, MonthlyUSD: 100}
		h.must(h.deploy())
		h.spec = &spec.Spec{App: h.spec.App, EnvName: h.spec.EnvName, Region: h.spec.Region} // as with --app, without a file
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
		allowed := policy.Actions()
		for _, used := range h.account.ActionsUsed() {
			if !slices.Contains(allowed, used) {
				t.Errorf("%s is used and not allowed", used)
			}
		}
	})
}

// alarmsIn are the titles of the alarms in that state.
func alarmsIn(st *engine.Status, state string) (titles []string) {
	for _, one := range st.Alarms.List {
		if one.State == state {
			titles = append(titles, one.Title)
		}
	}
	return titles
}

// switchOff has the app run no task, as somebody does in the console.
func switchOff(h *harbor) {
	h.t.Helper()
	_, err := h.clients().ECS.UpdateService(h.t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("berth-live-beats-production"), Service: aws.String("live-beats"), DesiredCount: aws.Int32(0),
	})
	must(h.t, err)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A version that fails requests goes back by itself where alarms roll back, and is told with what to do; it stays where
// they do not.
func TestAlarmsRollBack(t *testing.T) {
	for _, back := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{}, 0)
			h.spec.Alarms = spec.Alarms{Notify: []string{"ops@example.com"}, Rollback: back}
			must(t, h.spec.Complete(nil, nil))
			h.must(h.deploy())
			time.Sleep(time.Hour)
			if p := h.plan(engine.Request{}); p.Changed() {
				t.Fatalf("unchanged app: plan does %v", actions(p))
			}
			before := h.services()
			write(t, h.spec.Dir, "server", "version 2, which answers 500")
			h.account.SetFaults(fault(t, "errors=0.5"))
			if !back {
				h.must(h.deploy())
				time.Sleep(10 * time.Minute)
				if got := h.services(); slices.Equal(got, before) {
					t.Errorf("%v runs still", got)
				}
				return
			}
			h.goesBack(before, "alarm")
			h.account.SetFaults()
			h.must(h.deploy())
			h.spec.Alarms.Rollback = false
			if got := actions(h.plan(engine.Request{})); !sameSet(got, []string{"service:update", "rollout-alarms:delete", "app-alarms:update"}) {
				t.Errorf("without the rollback the plan does %v", got)
			}
			h.must(h.deploy())
			h.must(h.apply(h.plan(engine.Request{Destroy: true})))
			if left := h.left(); len(left) > 0 {
				t.Errorf("destroy leaves %v", left)
			}
		})
	}
}

// Whoever is to be told of alarms hears of a schedule that failed, and of none that did well.
func TestFailedSchedulesArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newWatched(t, sim.Options{})
		h.must(h.deploy())
		time.Sleep(25 * time.Hour)
		if all := h.account.Published(h.spec.Region); len(all) > 0 {
			t.Errorf("told of a good run: %v", all)
		}
		h.account.SetFaults(fault(t, "crash-task=9/_report"))
		time.Sleep(24 * time.Hour)
		if all := h.account.Published(h.spec.Region); len(all) != 1 || !strings.Contains(all[0], `"exitCode":9`) {
			t.Errorf("told %v", all)
		}
	})
}

// A run over an app with alarms that is cut at any call converges, and destroy leaves nothing.
func TestCutMatrixOfAlarms(t *testing.T) {
	lives := []scenario{
		{name: "turned on", before: func(h *harbor) {
			said := h.spec.Alarms
			h.spec.Alarms = spec.Alarms{}
			h.must(h.deploy())
			time.Sleep(time.Hour)
			h.spec = h.spec.Clone()
			h.spec.Alarms = said
			h.spec.Alarms.Rollback = true
		}},
		{name: "turned off", before: func(h *harbor) {
			h.must(h.deploy())
			time.Sleep(time.Hour)
			h.spec = h.spec.Clone()
			h.spec.Alarms = spec.Alarms{}
		}},
		{name: "destroy", before: func(h *harbor) {
			h.must(h.deploy())
			time.Sleep(time.Hour)
		}, run: engine.Request{Destroy: true}},
	}
	for _, s := range lives {
		s.app = func(t *testing.T, dir string) *harbor {
			h := newWatched(t, sim.Options{})
			h.spec.Database = nil // which takes long, and has a matrix of its own
			h.slowlyIn(dir)
			return h
		}
		t.Run(s.name, func(t *testing.T) { s.sample(t, 7) })
	}
}
