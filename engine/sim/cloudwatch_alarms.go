package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// cwAlarms are the alarms of CloudWatch. Their state is what the metrics say at the time somebody looks; nobody is told
// of it.
func cwAlarms() awsService {
	return awsService{
		state: []keeper{alarmShelf},
		operations: []operation{
			op(cwPutMetricAlarm, tagging("cloudwatch:TagResource")), op(cwDescribeAlarms, pages("MetricAlarms", 50, 100)), op(cwDeleteAlarms),
			op(cwListTagsForResource), op(cwTagResource),
		},
		list: func(v *inventory, r *region) {
			for _, k := range r.alarms().Alarms {
				d := *k
				d.ARN, d.Since = "", time.Time{}
				v.add("cloudwatch.Alarm", named(r, nil, k.name()), false, d)
			}
		},
	}
}

type alarmState struct{ Alarms []*metricAlarm }

const alarmShelf shelf[alarmState] = "cloudwatch.alarms"

func (r *region) alarms() *alarmState { return alarmShelf.in(&r.Kept) }

type metricAlarm struct {
	In    cloudwatch.PutMetricAlarmInput
	ARN   string
	Since time.Time // of its making
	Tags  tagMap
}

func (k *metricAlarm) name() string { return str(k.In.AlarmName) }

func (r *region) alarm(name string) *metricAlarm {
	return find(r.alarms().Alarms, func(k *metricAlarm) bool { return k.name() == name })
}

// valueAt is the statistic of a metric over the period that begins then.
func (r *region) valueAt(m *cwtypes.Metric, stat string, period time.Duration, stints []stint, at time.Time) (float64, bool) {
	v, ok := r.metric(m, stints, at)
	switch {
	case !ok:
		return 0, false
	case stat == "Sum":
		return v * period.Minutes(), true
	case stat == "SampleCount":
		fits := map[string]string{}
		for _, d := range m.Dimensions {
			fits[str(d.Name)] = str(d.Value)
		}
		n := ranAt(at, stints, func(s stint) bool {
			return s.Cluster == fits["ClusterName"] && s.Group == "service:"+fits["ServiceName"]
		})
		return float64(n) * period.Minutes(), true
	}
	return v, true
}

// period is how long a datapoint of the alarm is.
func (k *metricAlarm) period() time.Duration {
	p := val(k.In.Period, 60)
	for _, q := range k.In.Metrics {
		if q.MetricStat != nil {
			p = val(q.MetricStat.Period, 60)
		}
	}
	return time.Duration(p) * time.Second
}

// datapoint is what the alarm looks at in the period that begins then.
func (r *region) datapoint(k *metricAlarm, stints []stint, at time.Time) (float64, bool) {
	period := k.period()
	if len(k.In.Metrics) == 0 {
		m := &cwtypes.Metric{Namespace: k.In.Namespace, MetricName: k.In.MetricName, Dimensions: k.In.Dimensions}
		return r.valueAt(m, string(k.In.Statistic), period, stints, at)
	}
	values, expression := map[string]float64{}, ""
	for _, q := range k.In.Metrics {
		if q.Expression != nil {
			expression = *q.Expression
		} else if v, ok := r.valueAt(q.MetricStat.Metric, str(q.MetricStat.Stat), period, stints, at); ok {
			values[str(q.Id)] = v
		}
	}
	if len(values) == 0 { // FILL needs a metric that has values at all
		return 0, false
	}
	n, err := evalMath(expression, values)
	return n.v, err == nil && n.ok
}

func breaches(op cwtypes.ComparisonOperator, v, threshold float64) bool {
	switch op {
	case cwtypes.ComparisonOperatorGreaterThanThreshold:
		return v > threshold
	case cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= threshold
	case cwtypes.ComparisonOperatorLessThanThreshold:
		return v < threshold
	default:
		return v <= threshold
	}
}

// stateAt is the alarm's state at a time. It is not known before the first datapoint is over.
func (r *region) stateAt(k *metricAlarm, stints []stint, now time.Time) cwtypes.StateValue {
	period := k.period()
	if now.Sub(k.Since) < period {
		return cwtypes.StateValueInsufficientData
	}
	bad, known, n := 0, 0, int(val(k.In.EvaluationPeriods, 1))
	for i := 1; i <= n; i++ {
		at := now.UTC().Truncate(period).Add(-time.Duration(i) * period)
		v, ok := r.datapoint(k, stints, at)
		treat := val(k.In.TreatMissingData, "missing")
		if treat == "breaching" && at.Before(k.Since.Add(-period)) {
			ok, treat = false, "missing" // it was not looking yet
		}
		switch {
		case ok && breaches(k.In.ComparisonOperator, v, val(k.In.Threshold, 0)), !ok && treat == "breaching":
			bad++
			known++
		case ok, treat == "notBreaching":
			known++
		}
	}
	switch {
	case bad >= int(val(k.In.DatapointsToAlarm, int32(n))): //nolint:gosec // small
		return cwtypes.StateValueAlarm
	case known == 0:
		return cwtypes.StateValueInsufficientData
	}
	return cwtypes.StateValueOk
}

// changedAt is when the alarm came into the state that it is in, as far as an hour back.
func (r *region) changedAt(k *metricAlarm, stints []stint, now time.Time, is cwtypes.StateValue) time.Time {
	at := now.UTC().Truncate(k.period())
	for range 60 {
		before := at.Add(-k.period())
		if before.Before(k.Since) || r.stateAt(k, stints, before) != is {
			break
		}
		at = before
	}
	if at.Before(k.Since) {
		return k.Since
	}
	return at
}

// ringing are those of the alarms that are in the state ALARM.
func (r *region) ringing(names []string, now time.Time) (all []string) {
	stints := r.stints()
	for _, name := range names {
		if k := r.alarm(name); k != nil && r.stateAt(k, stints, now) == cwtypes.StateValueAlarm {
			all = append(all, name)
		}
	}
	return all
}

// alarmsEvery is how often ECS looks at the alarms of a rollout. Assumed: AWS does not say.
const alarmsEvery = 30 * time.Second

// bakeTime is how long ECS watches alarms after the new tasks are healthy. AWS says only that it comes from how the alarms
// are set up; assumed: until the slowest has looked at all of its periods.
func (r *region) bakeTime(names []string) (most time.Duration) {
	for _, name := range names {
		if k := r.alarm(name); k != nil {
			most = max(most, time.Duration(val(k.In.EvaluationPeriods, 1))*k.period())
		}
	}
	return most
}

func cwPutMetricAlarm(c *call, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	wrong := func(format string, args ...any) error { return apiErr("ValidationError", format, args...) }
	switch {
	case len(in.Metrics) == 0 && (in.MetricName == nil || in.Namespace == nil || in.Period == nil || in.Statistic == ""):
		return nil, wrong("The parameters MetricName, Namespace, Period and Statistic are required.")
	case val(in.DatapointsToAlarm, 1) > val(in.EvaluationPeriods, 1):
		return nil, wrong("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
	}
	for _, q := range in.Metrics {
		if q.Expression == nil {
			continue
		}
		if _, err := evalMath(*q.Expression, map[string]float64{}); err != nil {
			return nil, err
		}
	}
	k := c.r.alarm(str(in.AlarmName))
	if k == nil {
		k = &metricAlarm{
			ARN: c.arn("cloudwatch", "alarm:%s", str(in.AlarmName)), Since: c.now,
			Tags: tagsFrom(in.Tags, func(t cwtypes.Tag) (*string, *string) { return t.Key, t.Value }),
		}
		c.r.alarms().Alarms = append(c.r.alarms().Alarms, k)
	}
	k.In = clone(*in) // tags of an alarm that is there stay as they are
	k.In.Tags = nil
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func cwDescribeAlarms(c *call, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	out, stints := &cloudwatch.DescribeAlarmsOutput{}, c.r.stints()
	for _, k := range c.r.alarms().Alarms {
		if len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, k.name()) || !strings.HasPrefix(k.name(), str(in.AlarmNamePrefix)) {
			continue
		}
		state := c.r.stateAt(k, stints, c.now)
		if in.StateValue != "" && in.StateValue != state {
			continue
		}
		since := c.r.changedAt(k, stints, c.now, state)
		p := clone(k.In)
		out.MetricAlarms = append(out.MetricAlarms, cwtypes.MetricAlarm{
			AlarmName: p.AlarmName, AlarmArn: new(k.ARN), AlarmDescription: p.AlarmDescription, ActionsEnabled: new(val(p.ActionsEnabled, true)),
			AlarmActions: p.AlarmActions, OKActions: p.OKActions, InsufficientDataActions: p.InsufficientDataActions,
			ComparisonOperator: p.ComparisonOperator, DatapointsToAlarm: p.DatapointsToAlarm, EvaluationPeriods: p.EvaluationPeriods, Period: p.Period,
			Dimensions: p.Dimensions, MetricName: p.MetricName, Namespace: p.Namespace, Metrics: p.Metrics, Statistic: p.Statistic,
			Threshold: p.Threshold, TreatMissingData: p.TreatMissingData, StateValue: state, StateUpdatedTimestamp: &since, StateTransitionedTimestamp: &since,
			StateReason: new(fmt.Sprintf("Threshold: %g", val(p.Threshold, 0))),
		})
	}
	return out, nil
}

// cwDeleteAlarms deletes those of the names that are there.
func cwDeleteAlarms(c *call, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	if len(in.AlarmNames) > 100 {
		return nil, apiErr("ValidationError", "The collection AlarmNames must not have a size greater than 100.")
	}
	c.r.alarms().Alarms = slices.DeleteFunc(c.r.alarms().Alarms, func(k *metricAlarm) bool { return slices.Contains(in.AlarmNames, k.name()) })
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

// onAlarm looks an alarm up by its ARN.
func (c *call) onAlarm(arn *string) (*metricAlarm, error) {
	if k := find(c.r.alarms().Alarms, func(k *metricAlarm) bool { return k.ARN == str(arn) }); k != nil {
		return k, nil
	}
	return nil, &cwtypes.ResourceNotFoundException{Message: msg("The alarm does not exist.")}
}

func cwListTagsForResource(c *call, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	k, err := c.onAlarm(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &cloudwatch.ListTagsForResourceOutput{Tags: tagsTo(k.Tags, func(k, v *string) cwtypes.Tag { return cwtypes.Tag{Key: k, Value: v} })}, nil
}

func cwTagResource(c *call, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	k, err := c.onAlarm(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	k.Tags = k.Tags.merge(tagsFrom(in.Tags, func(t cwtypes.Tag) (*string, *string) { return t.Key, t.Value }))
	return &cloudwatch.TagResourceOutput{}, nil
}
