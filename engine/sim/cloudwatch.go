package sim

import (
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// cloudWatchService is CloudWatch: the metrics that services and load balancers write.
func cloudWatchService() awsService {
	return awsService{
		name: "cloudwatch", operations: []operation{op(cwGetMetricData, pages("MetricDataResults", 500, 500))}, parts: []awsService{cwAlarms()},
	}
}

// The metrics that the account knows. Their values are made up from what ran at the time: how many tasks,
// and a slow wave on top, the same whenever one looks. There are none for times when nothing ran.

// load is a wave between 0 and 1 over the hours, a little different for each metric and minute.
func load(what string, at time.Time) float64 {
	hours := float64(at.Unix()) / 3600
	wave := 0.5 + 0.35*math.Sin(hours*2*math.Pi/6) + 0.3*(chance(0, what+at.Format(time.RFC3339))-0.5)
	return min(max(wave, 0.02), 1)
}

// ranAt counts the stints that fit and were going on at a time.
func ranAt(at time.Time, stints []stint, fits func(stint) bool) int {
	n := 0
	for _, s := range stints {
		if !s.Started.After(at) && (s.Ended.IsZero() || s.Ended.After(at)) && fits(s) {
			n++
		}
	}
	return n
}

// metric is a metric's value at a time, given all stints; ok is false when there is none.
func (r *region) metric(m *cwtypes.Metric, stints []stint, at time.Time) (value float64, ok bool) {
	dim := map[string]string{}
	for _, d := range m.Dimensions {
		dim[str(d.Name)] = str(d.Value)
	}
	name := str(m.Namespace) + "/" + str(m.MetricName)
	if v, ok := r.metricBeside(name, dim, stints, at); ok {
		return v, true
	}
	fits := func(s stint) bool {
		if g := dim["TargetGroup"]; g != "" {
			return s.servedBy(g)
		}
		if lb := dim["LoadBalancer"]; lb != "" {
			return slices.ContainsFunc(s.Targets, func(g string) bool {
				return slices.ContainsFunc(r.usersOf(g), func(b *loadBalancer) bool { return b.suffix() == lb })
			})
		}
		return s.Cluster == dim["ClusterName"] && (dim["ServiceName"] == "" || s.Group == "service:"+dim["ServiceName"])
	}
	tasks, wave := ranAt(at, stints, fits), load(name, at)
	if name == "AWS/ApplicationELB/HTTPCode_ELB_5XX_Count" { // the load balancer's own answers, while it has nobody to ask
		return math.Round(300 * wave), tasks == 0 && slices.ContainsFunc(stints, func(s stint) bool { return fits(s) && !s.Started.After(at) })
	}
	if tasks == 0 {
		return 0, false
	}
	switch name {
	case "AWS/ECS/CPUUtilization": // percent: one load, shared by the tasks
		return min(100, 4+60*wave/float64(tasks)), true
	case "AWS/ECS/MemoryUtilization":
		return 38 + 6*wave, true
	case "AWS/ApplicationELB/RequestCount":
		return math.Round(300 * wave), true
	case "AWS/ApplicationELB/TargetResponseTime": // seconds
		return 0.012 + 0.02*wave, true
	case "AWS/ApplicationELB/HealthyHostCount":
		return float64(tasks), true
	case "AWS/ApplicationELB/ActiveConnectionCount":
		return math.Round(40 * wave), true
	case "AWS/ApplicationELB/HTTPCode_Target_5XX_Count": // told only where it is not zero
		bad := 0.0
		for _, s := range stints {
			if s.Errors > 0 && !s.Served.IsZero() && !s.Served.After(at) && ranAt(at, []stint{s}, fits) > 0 {
				bad += math.Round(300*load("AWS/ApplicationELB/RequestCount", at)*s.Errors) / float64(tasks)
			}
		}
		if bad == 0 && ranAt(at, stints, func(s stint) bool { return fits(s) && s.failing(at) }) > 0 {
			bad = 2
		}
		return bad, bad > 0
	case "AWS/ApplicationELB/UnHealthyHostCount":
		return 0, true
	}
	return 0, false
}

// metricBeside is a metric of what is no task: databases and groups of schedules. ok is false when it is none of those.
func (r *region) metricBeside(name string, dim map[string]string, stints []stint, at time.Time) (value float64, ok bool) {
	if id := dim["DBInstanceIdentifier"]; id != "" {
		db := find(r.rds().Instances, func(d *dbInstance) bool { return d.ID == id })
		if db == nil || !db.Address {
			return 0, false
		}
		switch name {
		case "AWS/RDS/FreeStorageSpace": // bytes
			return 0.8 * float64(db.Storage) * (1 << 30), true
		case "AWS/RDS/DatabaseConnections":
			return 5 * float64(ranAt(at, stints, func(stint) bool { return true })), true
		}
		return 0, false
	}
	if name == "AWS/Scheduler/InvocationDroppedCount" { // told only where it is not zero
		n := 0
		for _, s := range r.scheduler().Schedules {
			if s.Group == dim["ScheduleGroup"] && s.Failed != "" && s.FailedAt.Truncate(time.Minute).Equal(at.Truncate(time.Minute)) {
				n++
			}
		}
		return float64(n), n > 0
	}
	return 0, false
}

func cwGetMetricData(c *call, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	out, stints := &cloudwatch.GetMetricDataOutput{}, c.r.stints()
	for _, q := range in.MetricDataQueries {
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			return nil, apiErr("ValidationError", "sim: the simulated account knows queries of a MetricStat only, not %s", str(q.Id))
		}
		if !val(q.ReturnData, true) {
			continue
		}
		period := time.Duration(max(val(q.MetricStat.Period, 60), 1)) * time.Second
		res := cwtypes.MetricDataResult{Id: new(str(q.Id)), Label: new(val(q.Label, str(q.MetricStat.Metric.MetricName))), StatusCode: cwtypes.StatusCodeComplete}
		for at := in.StartTime.UTC().Truncate(period); at.Before(*in.EndTime) && !at.After(c.now); at = at.Add(period) {
			v, ok := c.r.valueAt(q.MetricStat.Metric, str(q.MetricStat.Stat), period, stints, at)
			if !ok {
				continue
			}
			res.Timestamps, res.Values = append(res.Timestamps, at), append(res.Values, v)
		}
		if in.ScanBy != cwtypes.ScanByTimestampAscending { // newest first is what AWS does by default
			slices.Reverse(res.Timestamps)
			slices.Reverse(res.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, res)
	}
	return out, nil
}
