package watch

import (
	"context"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"berth/engine/cloud"
)

// What a look at the metrics covers: three hours, which CloudWatch keeps at this step for weeks.
const (
	step   = 3 * time.Minute
	points = 60
)

// Metrics is how an app did in the last three hours. All series have one value per step, oldest first, and
// math.NaN() where AWS has none: nothing ran, or it is not told yet.
type Metrics struct {
	From time.Time     // the time of the first value: each is about the step that begins there
	Step time.Duration // between two values

	CPU, Memory []float64 // percent of what the tasks have, on average
	Requests    []float64 // a minute
	Errors      []float64 // a minute: answers with a status of 500 and more, of the tasks or in their place
	Latency     []float64 // seconds until a task answers, on average
}

// Of names what the metrics are about.
type Of struct {
	Cluster, Service string // names
	LoadBalancer     string // app/name/id; empty when there is none
}

// query is one series: what CloudWatch calls it, and where its values go.
type query struct {
	id, namespace, name, stat string
	dimensions                []cwtypes.Dimension
	into                      *[]float64 // what several queries tell is added up
	factor                    float64    // from CloudWatch's unit to ours
}

// ReadMetrics asks for all of it with one call. The step that is going on is left out: its sums are not
// complete. Errors of the SDK come as they are.
func ReadMetrics(ctx context.Context, c *cloud.Clients, of Of) (Metrics, error) {
	m := NoMetrics(c.Clock.Now())
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(m.From), EndTime: aws.Time(m.From.Add(points * step)), ScanBy: cwtypes.ScanByTimestampAscending,
	}
	queries := m.queries(of)
	for _, q := range queries {
		in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{
			Id: aws.String(q.id), MetricStat: &cwtypes.MetricStat{
				Period: aws.Int32(int32(step.Seconds())), Stat: aws.String(q.stat),
				Metric: &cwtypes.Metric{Namespace: aws.String(q.namespace), MetricName: aws.String(q.name), Dimensions: q.dimensions},
			},
		})
	}
	out, err := c.CloudWatch.GetMetricData(ctx, in)
	if err != nil {
		return Metrics{}, err
	}
	for _, r := range out.MetricDataResults {
		for _, q := range queries {
			if q.id == aws.ToString(r.Id) {
				m.fill(*q.into, r, q.factor)
			}
		}
	}
	m.noErrors()
	return m, nil
}

// NoMetrics are the metrics at the time now of an app that AWS tells nothing about.
func NoMetrics(now time.Time) Metrics {
	m := Metrics{From: now.UTC().Truncate(step).Add(-points * step), Step: step}
	for _, s := range []*[]float64{&m.CPU, &m.Memory, &m.Requests, &m.Errors, &m.Latency} {
		*s = make([]float64, points)
		for i := range *s {
			(*s)[i] = math.NaN()
		}
	}
	return m
}

func (m *Metrics) queries(of Of) []query {
	dim := func(name, value string) cwtypes.Dimension {
		return cwtypes.Dimension{Name: aws.String(name), Value: aws.String(value)}
	}
	tasks := []cwtypes.Dimension{dim("ClusterName", of.Cluster), dim("ServiceName", of.Service)}
	qs := []query{
		{"cpu", "AWS/ECS", "CPUUtilization", "Average", tasks, &m.CPU, 1},
		{"memory", "AWS/ECS", "MemoryUtilization", "Average", tasks, &m.Memory, 1},
	}
	if of.LoadBalancer == "" {
		return qs
	}
	// The load balancer is the app's own, so that its sums are the app's, whatever its target groups are.
	front, minute := []cwtypes.Dimension{dim("LoadBalancer", of.LoadBalancer)}, 1/step.Minutes()
	return append(qs,
		query{"requests", "AWS/ApplicationELB", "RequestCount", "Sum", front, &m.Requests, minute},
		query{"errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", front, &m.Errors, minute},
		// While no task answers, only the load balancer does: 502, 503 or 504.
		query{"outages", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", front, &m.Errors, minute},
		query{"latency", "AWS/ApplicationELB", "TargetResponseTime", "Average", front, &m.Latency, 1})
}

// fill adds the values of a series where their times belong.
func (m *Metrics) fill(into []float64, r cwtypes.MetricDataResult, factor float64) {
	for i, at := range r.Timestamps {
		if n := int(at.Sub(m.From) / step); !at.Before(m.From) && n < len(into) && i < len(r.Values) {
			if math.IsNaN(into[n]) {
				into[n] = 0
			}
			into[n] += r.Values[i] * factor
		}
	}
}

// noErrors fills in zero errors where there were requests: ELB tells of errors only when there are some.
func (m *Metrics) noErrors() {
	for i, r := range m.Requests {
		if !math.IsNaN(r) && math.IsNaN(m.Errors[i]) {
			m.Errors[i] = 0
		}
	}
}
