package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"berth/engine/cloud"
)

func TestMetricsFollowTheTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		begin := time.Now()
		r.sleep(10 * time.Minute)
		cw := cloudwatch.NewFromConfig(must(r.env.Config(r.ctx, cloud.Settings{Region: london}))(r))
		query := func(id, namespace, name string, dims ...cwtypes.Dimension) cwtypes.MetricDataQuery {
			return cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{
				Period: aws.Int32(60), Stat: aws.String("Average"), Metric: &cwtypes.Metric{Namespace: &namespace, MetricName: &name, Dimensions: dims},
			}}
		}
		dim := func(n, v string) cwtypes.Dimension { return cwtypes.Dimension{Name: &n, Value: &v} }
		out := must(cw.GetMetricData(r.ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(begin.Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
			MetricDataQueries: []cwtypes.MetricDataQuery{
				query("cpu", "AWS/ECS", "CPUUtilization", dim("ClusterName", "app"), dim("ServiceName", "web")),
				query("none", "AWS/ECS", "CPUUtilization", dim("ClusterName", "app"), dim("ServiceName", "other")),
				query("hosts", "AWS/ApplicationELB", "HealthyHostCount", dim("LoadBalancer", r.a.st.Regions[london].elb().LoadBalancers[0].suffix())),
			},
		}))(r).MetricDataResults
		cpu, none, hosts := out[0], out[1], out[2]
		if n := len(cpu.Values); n < 8 || n > 10 { // none before the tasks ran, none in the future
			t.Errorf("%d minutes of CPU", n)
		}
		for i, v := range cpu.Values {
			if v <= 0 || v > 100 || i > 0 && !cpu.Timestamps[i].Before(cpu.Timestamps[i-1]) {
				t.Errorf("value %d: %g at %s", i, v, cpu.Timestamps[i])
			}
		}
		if len(none.Values) != 0 || len(hosts.Values) == 0 || hosts.Values[0] != 2 {
			t.Errorf("another service: %v; hosts: %v", none.Values, hosts.Values)
		}
	})
}
