package sim

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// says reads the app's log from a time on, as stream, id and text of each line.
func (r *rig) says(from time.Time) []string {
	r.Helper()
	var all []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/app"), StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(time.Now().UnixMilli()),
	})
	for pages.HasMorePages() {
		for _, e := range must(pages.NextPage(r.ctx))(r).Events {
			all = append(all, *e.LogStreamName+" "+*e.EventId+" "+*e.Message)
		}
	}
	return all
}

// An app goes on to write while it serves: the same lines whenever one looks, none ahead of the time, and none
// that take memory.
func TestAppsTalkWhileTheyServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		begin := time.Now()
		r.deploy()
		r.sleep(10 * time.Minute)
		kept := func() (n int) {
			for _, s := range r.a.st.Regions[london].logs().LogGroups[0].Streams {
				n += len(s.Lines)
			}
			return n
		}
		early, written := r.says(begin), kept()
		r.sleep(time.Hour)
		late := r.says(begin)
		if len(early) < 40 || !slices.Equal(early, late[:len(early)]) {
			t.Errorf("%d lines; an hour later they are others", len(early))
		}
		if per := float64(len(late)-len(early)) / 60; per < 4 || per > 15 || kept() != written {
			t.Errorf("two tasks write %.1f lines a minute, and %d are kept instead of %d", per, kept(), written)
		}
		ids := map[string]bool{}
		for _, line := range late {
			id := strings.Join(strings.Fields(line)[:2], " ")
			if ids[id] {
				t.Errorf("twice: %s", line)
			}
			ids[id] = true
		}
		if strings.Contains(strings.Join(late, "\n"), "WebSocket") {
			t.Error("an app behind a load balancer with the usual patience takes WebSockets")
		}
		must(r.elb.ModifyLoadBalancerAttributes(r.ctx, &elb.ModifyLoadBalancerAttributesInput{
			LoadBalancerArn: &r.a.st.Regions[london].elb().LoadBalancers[0].ARN,
			Attributes:      []elbtypes.LoadBalancerAttribute{{Key: aws.String(idleAttr), Value: aws.String("300")}},
		}))(r)
		if !strings.Contains(strings.Join(r.says(begin), "\n"), "WebSocket opened") {
			t.Error("an app with WebSockets says nothing of them")
		}
	})
}

// What was measured and written stays when the tasks that it is about are long forgotten.
func TestStintsOutliveTheirTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		begin := time.Now()
		r.deploy()
		r.sleep(10 * time.Minute)
		before := r.says(begin)
		r.update(r.taskDefinition())
		r.sleep(2 * time.Hour)
		after, reg := r.says(begin), r.a.st.Regions[london]
		if len(reg.ecs().Stints) != 2 || len(reg.ecs().Tasks) != 2 {
			t.Errorf("%d stints of %d tasks are remembered", len(reg.ecs().Stints), len(reg.ecs().Tasks))
		}
		if !slices.Equal(before, after[:min(len(before), len(after))]) {
			t.Errorf("the lines of tasks that are gone are others by now")
		}
		if n := ranAt(begin.Add(9*time.Minute), reg.stints(), func(stint) bool { return true }); n != 2 {
			t.Errorf("%d tasks ran before the update", n)
		}
		reg.ecs().Stints = make([]stint, stintsKept)
		for i := range reg.ecs().Stints {
			reg.ecs().Stints[i].Ended = time.Now()
		}
		reg.retire(reg.ecs().Tasks[0], time.Now())
		if len(reg.ecs().Stints) != stintsKept {
			t.Errorf("%d stints are kept", len(reg.ecs().Stints))
		}
	})
}
