// Package alarm holds the kinds that tell people of trouble: the topic that all alarms of an app go to, who hears of them,
// the alarms of CloudWatch, the rule that tells of a failed schedule, and the budget of the account. None of them runs
// anything of the app; without anybody to tell there are none.
package alarm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Metric is a metric of CloudWatch over one period.
type Metric struct {
	ID, Namespace, Name, Stat string
	// Dims are the dimensions by name; a value that is empty is one that AWS gives later.
	Dims func() map[string]string
}

// Alarm is one alarm: a metric, or a sum made of several, beyond a bound for long enough.
type Alarm struct {
	Key   string // in its name: "5xx"
	Title string // for people: "more than 5% of requests fail"
	// Metrics are one, or several with an Expression of their ids.
	Metrics    []Metric
	Expression string
	Below      bool // it rings below the bound, else above
	Bound      float64
	Period     time.Duration
	Of         int    // how many periods count
	Bad        int    // how many of them must be beyond the bound
	Missing    string // how a period without a value counts: breaching or notBreaching
}

func (a *Alarm) comparison() cwtypes.ComparisonOperator {
	if a.Below {
		return cwtypes.ComparisonOperatorLessThanThreshold
	}
	return cwtypes.ComparisonOperatorGreaterThanThreshold
}

// known says whether all that it looks at has its name.
func (a *Alarm) known() bool {
	for _, m := range a.Metrics {
		for _, v := range m.Dims() {
			if v == "" {
				return false
			}
		}
	}
	return true
}

func (m Metric) dimensions() (all []cwtypes.Dimension) {
	dims := m.Dims()
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		all = append(all, cwtypes.Dimension{Name: aws.String(name), Value: aws.String(dims[name])})
	}
	return all
}

// request is the alarm as AWS takes it.
func (a *Alarm) request(name, text, topic string) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, AlarmDescription: &text, AlarmActions: []string{topic}, OKActions: []string{topic},
		ComparisonOperator: a.comparison(), Threshold: &a.Bound, TreatMissingData: &a.Missing,
		EvaluationPeriods: aws.Int32(int32(a.Of)), DatapointsToAlarm: aws.Int32(int32(a.Bad)), //nolint:gosec // small
	}
	seconds := aws.Int32(int32(a.Period / time.Second)) //nolint:gosec // small
	if a.Expression == "" {
		m := a.Metrics[0]
		in.Namespace, in.MetricName, in.Statistic = &m.Namespace, &m.Name, cwtypes.Statistic(m.Stat)
		in.Dimensions, in.Period = m.dimensions(), seconds
		return in
	}
	for _, m := range a.Metrics {
		in.Metrics = append(in.Metrics, cwtypes.MetricDataQuery{
			Id: aws.String(m.ID), ReturnData: aws.Bool(false),
			MetricStat: &cwtypes.MetricStat{
				Stat: aws.String(m.Stat), Period: seconds,
				Metric: &cwtypes.Metric{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.Name), Dimensions: m.dimensions()},
			},
		})
	}
	in.Metrics = append(in.Metrics, cwtypes.MetricDataQuery{Id: aws.String("share"), Expression: &a.Expression, ReturnData: aws.Bool(true)})
	return in
}

// asked is the request that made an alarm as it stands.
func asked(m *cwtypes.MetricAlarm) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: m.AlarmName, AlarmDescription: m.AlarmDescription, AlarmActions: m.AlarmActions, OKActions: m.OKActions, ActionsEnabled: m.ActionsEnabled,
		ComparisonOperator: m.ComparisonOperator, Threshold: m.Threshold, TreatMissingData: m.TreatMissingData, EvaluationPeriods: m.EvaluationPeriods,
		DatapointsToAlarm: m.DatapointsToAlarm, Namespace: m.Namespace, MetricName: m.MetricName, Statistic: m.Statistic, Dimensions: m.Dimensions,
		Period: m.Period, Metrics: m.Metrics,
	}
}

// words are an alarm as one line, to compare and to show: what it looks at, when it rings, and whom it tells.
func words(in *cloudwatch.PutMetricAlarmInput) string {
	var parts []string
	period := aws.ToInt32(in.Period)
	one := func(namespace, name *string, stat string, dims []cwtypes.Dimension) string {
		var at []string
		for _, d := range dims {
			at = append(at, aws.ToString(d.Name)+"="+aws.ToString(d.Value))
		}
		slices.Sort(at)
		return fmt.Sprintf("%s of %s %s of %s", stat, aws.ToString(namespace), aws.ToString(name), strings.Join(at, ", "))
	}
	if in.MetricName != nil {
		parts = append(parts, one(in.Namespace, in.MetricName, string(in.Statistic), in.Dimensions))
	}
	for _, q := range in.Metrics {
		if m := q.MetricStat; m != nil && m.Metric != nil {
			period = aws.ToInt32(m.Period)
			parts = append(parts, aws.ToString(q.Id)+": "+one(m.Metric.Namespace, m.Metric.MetricName, aws.ToString(m.Stat), m.Metric.Dimensions))
		} else if q.Expression != nil {
			parts = append(parts, *q.Expression)
		}
	}
	slices.Sort(parts)
	sign := map[cwtypes.ComparisonOperator]string{
		cwtypes.ComparisonOperatorGreaterThanThreshold: "over", cwtypes.ComparisonOperatorLessThanThreshold: "under",
	}[in.ComparisonOperator]
	if sign == "" {
		sign = string(in.ComparisonOperator)
	}
	tells := "tells " + strings.Join(append(slices.Clone(in.AlarmActions), in.OKActions...), ", ")
	if in.ActionsEnabled != nil && !*in.ActionsEnabled {
		tells = "tells nobody"
	}
	return fmt.Sprintf("%s %s %g in %d of %d times %ds, without data %s, %s", strings.Join(parts, "; "), sign, aws.ToFloat64(in.Threshold),
		max(1, aws.ToInt32(in.DatapointsToAlarm)), aws.ToInt32(in.EvaluationPeriods), period, aws.ToString(in.TreatMissingData), tells)
}
