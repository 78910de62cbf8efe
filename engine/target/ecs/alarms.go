package ecs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"berth/engine/resource"
	"berth/engine/resource/alarm"
	"berth/engine/resource/compute"
	"berth/engine/spec"
	"berth/engine/target"
)

// alarming is what tells people of trouble. An app without anybody to tell has it all the same, to find and remove what an
// earlier deployment left.
type alarming struct {
	AlarmTopic    *alarm.Topic
	Subscriptions *alarm.Subscriptions
	RolloutAlarms *alarm.Alarms // end a rollout; made before it
	AppAlarms     *alarm.Alarms // all others; made once the app runs
	FailedRuns    *alarm.FailedRuns
	Budget        *alarm.Budget
}

// watching are all of them.
func (a *alarming) watching() resource.Set {
	return resource.Set{a.AlarmTopic, a.Subscriptions, a.RolloutAlarms, a.AppAlarms, a.FailedRuns, a.Budget}
}

// tell is how the alarms stand; nil where there are none.
func (a *alarming) tell() *target.Alarms {
	if !a.AlarmTopic.Exists() {
		return nil
	}
	t := &target.Alarms{List: []target.Alarm{}, Told: []target.Told{}}
	for _, one := range slices.Concat(a.RolloutAlarms.States(), a.AppAlarms.States()) {
		state := map[string]string{"ALARM": target.Ringing, "OK": target.Quiet}[one.State]
		t.List = append(t.List, target.Alarm{Title: one.Title, State: cmp.Or(state, target.NoData), Since: one.Since})
	}
	for _, one := range a.Subscriptions.All() {
		t.Told = append(t.Told, target.Told{To: spec.Told(one.To), Confirmed: one.Confirmed})
	}
	if a.FailedRuns.Exists() {
		t.Events = append(t.Events, "runs of schedules that fail")
	}
	if spent, limit, ok := a.Budget.Spent(); ok {
		t.Budget = &target.Budget{SpentUSD: spent, MonthlyUSD: limit}
	}
	return t
}

// The bounds of the alarms.
const (
	busyPercent   = 90              // of CPU or memory
	failedPercent = 5               // of requests
	fewRequests   = 10              // a minute: below that, one that fails says nothing
	storageShare  = 0.05            // of the database's disk
	bake          = 3 * time.Minute // about how long ECS watches the alarms of a rollout once its tasks are healthy
)

// alarms makes all of it. It comes after the services and schedules, which it watches.
func (b *Blueprint) alarms(s *spec.Spec) {
	a := &b.alarming
	a.AlarmTopic = &alarm.Topic{Owner: b.Owner, On: s.Alarms.On()}
	a.Subscriptions = &alarm.Subscriptions{Topic: a.AlarmTopic, Notify: s.Alarms.Notify}
	a.Budget = &alarm.Budget{Topic: a.AlarmTopic, Region: s.Region, USD: s.Alarms.MonthlyUSD}
	a.FailedRuns = &alarm.FailedRuns{
		Topic: a.AlarmTopic, On: s.Alarms.On() && !b.ScheduleGroup.Unwanted,
		ClusterARN: func(sc *resource.Scope) string { return sc.ARN("ecs", "cluster/"+b.Cluster.Name()) },
	}
	front := []resource.Resource{b.Door.Front(), b.Service.TargetGroup, b.Route}
	if s.NoHTTP() {
		front = nil
	}
	advice := "Look at berth status and berth logs."
	a.RolloutAlarms = &alarm.Alarms{
		Topic: a.AlarmTopic, Set: "rollout", Label: "the alarms that roll a bad version back", Sources: front, Advice: advice,
	}
	a.AppAlarms = &alarm.Alarms{Topic: a.AlarmTopic, Set: "app", Label: "the alarms", Sources: front, Advice: advice}
	if s.Database != nil {
		a.AppAlarms.Sources = append(slices.Clone(front), b.Database)
	}
	if !s.Alarms.On() {
		return
	}
	a.AppAlarms.Behind = []resource.Resource{b.Service}
	if visits := b.visits(s); s.Alarms.Rollback {
		a.RolloutAlarms.List = visits
		b.Service.Alarms, b.Service.Behind, b.Service.Bake = a.RolloutAlarms.Names(), []resource.Resource{a.RolloutAlarms}, bake
	} else {
		a.AppAlarms.List = visits
	}
	a.AppAlarms.List = append(a.AppAlarms.List, tasks(b.Service, s.Service.Instances)...)
	for _, p := range b.Processes {
		if want := s.Wanted()[p.name]; want != nil && want.Schedule == "" {
			a.AppAlarms.Behind = append(a.AppAlarms.Behind, p.Service)
			a.AppAlarms.List = append(a.AppAlarms.List, tasks(p.Service, want.Instances)...)
		}
	}
	a.AppAlarms.List = append(a.AppAlarms.List, b.storing(s)...)
	if a.FailedRuns.On {
		a.AppAlarms.List = append(a.AppAlarms.List, b.unstarted())
	}
}

// behindARN is what stands in an ARN behind a part of it, as metrics name load balancers and target groups; empty while the
// ARN is not known.
func behindARN(arn, mark string) string {
	_, rest, _ := strings.Cut(arn, mark)
	return rest
}

// visits are the alarms of what visitors meet.
func (b *Blueprint) visits(s *spec.Spec) []*alarm.Alarm {
	if s.NoHTTP() {
		return nil
	}
	lb := func() string {
		return behindARN(cmp.Or(b.Route.LoadBalancer, b.Door.Front().ARN), ":loadbalancer/")
	}
	group := func() string {
		rest := behindARN(cmp.Or(b.Route.TargetGroup, b.Service.TargetGroup.ARN), ":targetgroup/")
		if rest == "" {
			return ""
		}
		return "targetgroup/" + rest
	}
	balancer := func() map[string]string { return map[string]string{"LoadBalancer": lb()} }
	both := func() map[string]string { return map[string]string{"LoadBalancer": lb(), "TargetGroup": group()} }
	of := func(id, name, stat string, dims func() map[string]string) alarm.Metric {
		return alarm.Metric{ID: id, Namespace: "AWS/ApplicationELB", Name: name, Stat: stat, Dims: dims}
	}
	return []*alarm.Alarm{
		{
			Key: "5xx", Title: fmt.Sprintf("more than %d%% of the requests fail (5xx)", failedPercent), Bound: failedPercent, Period: time.Minute, Of: 3, Bad: 2, Missing: "notBreaching",
			// Requests that reach no task count among those that fail, and are not among those that were passed on.
			Expression: fmt.Sprintf("IF(FILL(passed, 0) + FILL(none, 0) >= %d, 100 * (FILL(failed, 0) + FILL(none, 0)) / (FILL(passed, 0) + FILL(none, 0)), 0)", fewRequests),
			Metrics: []alarm.Metric{
				of("passed", "RequestCount", "Sum", balancer), of("failed", "HTTPCode_Target_5XX_Count", "Sum", balancer), of("none", "HTTPCode_ELB_5XX_Count", "Sum", balancer),
			},
		},
		{
			Key: "unhealthy", Title: "a container fails its health checks", Bound: 0, Period: time.Minute, Of: 3, Bad: 3, Missing: "notBreaching",
			Metrics: []alarm.Metric{of("", "UnHealthyHostCount", "Maximum", both)},
		},
	}
}

// tasks are the alarms of what runs of a service.
func tasks(v *compute.Service, instances int) (all []*alarm.Alarm) {
	dims := func() map[string]string {
		return map[string]string{"ClusterName": v.Cluster.Name(), "ServiceName": v.Name()}
	}
	key, of := "", ""
	if v.Process != "" {
		key, of = v.Process+"-", " of the process "+v.Process
	}
	if instances > 0 { // each task tells of its CPU once a minute
		all = append(all, &alarm.Alarm{
			Key: key + "none", Title: "no container" + of + " runs", Below: true, Bound: 1, Period: time.Minute, Of: 3, Bad: 3, Missing: "breaching",
			Metrics: []alarm.Metric{{Namespace: "AWS/ECS", Name: "CPUUtilization", Stat: "SampleCount", Dims: dims}},
		})
	}
	for _, one := range []struct {
		key, what, metric string
		minutes           int
	}{{"cpu", "CPU", "CPUUtilization", 15}, {"memory", "memory", "MemoryUtilization", 5}} {
		all = append(all, &alarm.Alarm{
			Key: key + one.key, Title: fmt.Sprintf("the %s%s is over %d%% for %d minutes", one.what, of, busyPercent, one.minutes), Bound: busyPercent,
			Period: time.Minute, Of: one.minutes, Bad: one.minutes, Missing: "notBreaching",
			Metrics: []alarm.Metric{{Namespace: "AWS/ECS", Name: one.metric, Stat: "Average", Dims: dims}},
		})
	}
	return all
}

// storing are the alarms of the database.
func (b *Blueprint) storing(s *spec.Spec) (all []*alarm.Alarm) {
	d := s.Database
	if d == nil {
		return nil
	}
	dims := func() map[string]string { return map[string]string{"DBInstanceIdentifier": b.Database.Name()} }
	free := storageShare * float64(d.StorageGB)
	all = append(all, &alarm.Alarm{
		Key: "storage", Title: fmt.Sprintf("the database has less than %g GB of disk left", free), Below: true, Bound: free * (1 << 30),
		Period: time.Minute, Of: 5, Bad: 5, Missing: "notBreaching",
		Metrics: []alarm.Metric{{Namespace: "AWS/RDS", Name: "FreeStorageSpace", Stat: "Minimum", Dims: dims}},
	})
	if most := d.ManyConnections(); most > 0 {
		all = append(all, &alarm.Alarm{
			Key: "connections", Title: fmt.Sprintf("the database has more than %d connections", most), Bound: float64(most),
			Period: time.Minute, Of: 5, Bad: 5, Missing: "notBreaching",
			Metrics: []alarm.Metric{{Namespace: "AWS/RDS", Name: "DatabaseConnections", Stat: "Average", Dims: dims}},
		})
	}
	return all
}

// unstarted is the alarm of a schedule that AWS could start no task for.
func (b *Blueprint) unstarted() *alarm.Alarm {
	return &alarm.Alarm{
		Key: "schedule", Title: "a schedule could not start its task", Bound: 0, Period: 5 * time.Minute, Of: 1, Bad: 1, Missing: "notBreaching",
		Metrics: []alarm.Metric{{
			Namespace: "AWS/Scheduler", Name: "InvocationDroppedCount", Stat: "Sum",
			Dims: func() map[string]string { return map[string]string{"ScheduleGroup": b.ScheduleGroup.Name()} },
		}},
	}
}
