package alarm_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/alarm"
	"berth/engine/resource/kindtest"
)

// TestMotoAlarms takes what tells people of trouble through its life on moto_server. It has no budget, since moto does not say
// whom one tells. Alarms are told of where moto speaks the protocol that the SDK speaks with CloudWatch by now (CBOR).
func TestMotoAlarms(t *testing.T) {
	s := kindtest.Emulated(t)
	w := kindtest.World{Owner: s.Owner}
	tells := func(to ...string) func() resource.Resource {
		return func() resource.Resource { return &alarm.Subscriptions{Topic: topic(w), Notify: to} }
	}
	set := func(list ...*alarm.Alarm) func() resource.Resource {
		return func() resource.Resource { return &alarm.Alarms{Topic: topic(w), Set: "app", List: list} }
	}
	rule := func() resource.Resource {
		return &alarm.FailedRuns{Topic: topic(w), On: true, ClusterARN: func(s *resource.Scope) string { return s.ARN("ecs", "cluster/x") }}
	}
	for _, one := range []struct {
		name            string
		wanted, changed func() resource.Resource
	}{
		{"SNS topic", func() resource.Resource { return topic(w) }, nil},
		{"SNS subscriptions", tells("ops@example.com"), tells("ops@example.com", "other@example.com")},
		{"CloudWatch alarms", set(cpu(90), share()), set(cpu(80))},
		{"EventBridge rule", rule, nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			if _, err := s.CloudWatch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}); one.name == "CloudWatch alarms" && cloud.Unknown(err) {
				t.Skip("moto does not know CloudWatch by CBOR")
			}
			kindtest.Live(t, s, one.wanted, one.changed)
			if c, ok := one.wanted().(*alarm.Alarms); ok {
				kindtest.Observe(t, s, c.Topic)
				kindtest.Observe(t, s, c)
				if all := c.States(); len(all) != 1 || all[0].Title != "the CPU is busy" || all[0].State == "" {
					t.Errorf("states: %+v", all)
				}
			}
			kindtest.Gone(t, s, one.wanted)
		})
	}
}
