package alarm_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgettypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/alarm"
	"berth/engine/resource/kindtest"
	"berth/engine/sim"
)

func topic(w kindtest.World) *alarm.Topic { return &alarm.Topic{Owner: w.Owner, On: true} }

func TestTopic(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*alarm.Topic]{
		Wanted: topic,
		Drift: func(ctx context.Context, s *resource.Scope, one *alarm.Topic) error {
			anybody := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"` + one.ARN + `"}}`
			_, err := s.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &one.ARN, AttributeName: aws.String("Policy"), AttributeValue: &anybody})
			return err
		},
	})
}

func TestSubscriptions(t *testing.T) {
	tells := func(to ...string) func(kindtest.World) *alarm.Subscriptions {
		return func(w kindtest.World) *alarm.Subscriptions { return &alarm.Subscriptions{Topic: topic(w), Notify: to} }
	}
	kindtest.Lifecycle(t, kindtest.Kind[*alarm.Subscriptions]{
		Wanted: tells("ops@example.com"), Changed: tells("ops@example.com", "https://hooks.example.com/token"), Step: true,
	})
}

func dims(pairs ...string) func() map[string]string {
	return func() map[string]string {
		m := map[string]string{}
		for pair := range slices.Chunk(pairs, 2) {
			m[pair[0]] = pair[1]
		}
		return m
	}
}

func cpu(bound float64) *alarm.Alarm {
	return &alarm.Alarm{
		Key: "cpu", Title: "the CPU is busy", Bound: bound, Period: time.Minute, Of: 5, Bad: 5, Missing: "notBreaching",
		Metrics: []alarm.Metric{{Namespace: "AWS/ECS", Name: "CPUUtilization", Stat: "Average", Dims: dims("ClusterName", "a", "ServiceName", "b")}},
	}
}

func share() *alarm.Alarm {
	return &alarm.Alarm{
		Key: "share", Title: "requests fail", Bound: 5, Period: time.Minute, Of: 3, Bad: 2, Missing: "notBreaching", Expression: "IF(all >= 10, 100 * FILL(bad, 0) / all, 0)",
		Metrics: []alarm.Metric{
			{ID: "all", Namespace: "AWS/ApplicationELB", Name: "RequestCount", Stat: "Sum", Dims: dims("LoadBalancer", "app/x/1")},
			{ID: "bad", Namespace: "AWS/ApplicationELB", Name: "HTTPCode_Target_5XX_Count", Stat: "Sum", Dims: dims("LoadBalancer", "app/x/1")},
		},
	}
}

func TestAlarms(t *testing.T) {
	set := func(list ...*alarm.Alarm) func(kindtest.World) *alarm.Alarms {
		return func(w kindtest.World) *alarm.Alarms { return &alarm.Alarms{Topic: topic(w), Set: "app", List: list} }
	}
	kindtest.Lifecycle(t, kindtest.Kind[*alarm.Alarms]{
		Wanted: set(cpu(90), share()), Changed: set(cpu(80)),
		Drift: func(ctx context.Context, s *resource.Scope, c *alarm.Alarms) error {
			_, err := s.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: c.Names()[:1]})
			return err
		},
	})
}

func TestFailedRuns(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*alarm.FailedRuns]{
		Wanted: func(w kindtest.World) *alarm.FailedRuns {
			return &alarm.FailedRuns{Topic: topic(w), On: true, ClusterARN: func(s *resource.Scope) string { return s.ARN("ecs", "cluster/x") }}
		},
		Drift: func(ctx context.Context, s *resource.Scope, c *alarm.FailedRuns) error {
			_, err := s.Events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String(c.Name()), Ids: []string{"topic"}})
			return err
		},
	})
}

func TestBudget(t *testing.T) {
	of := func(usd int) func(kindtest.World) *alarm.Budget {
		return func(w kindtest.World) *alarm.Budget {
			return &alarm.Budget{Topic: topic(w), Region: kindtest.Region, USD: usd}
		}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*alarm.Budget]{
		Wanted: of(100), Changed: of(200),
		Drift: func(ctx context.Context, s *resource.Scope, b *alarm.Budget) error {
			_, err := s.Budgets.DeleteNotification(ctx, &budgets.DeleteNotificationInput{
				AccountId: &s.Identity.Account, BudgetName: aws.String(b.Name()), Notification: &budgettypes.Notification{
					NotificationType: budgettypes.NotificationTypeActual, ComparisonOperator: budgettypes.ComparisonOperatorGreaterThan, Threshold: 100,
				},
			})
			return err
		},
	})
}

// A subscription that nobody confirms is forgotten, and asked for again; one that is no longer wanted goes once it was
// confirmed. What is told of them names no secret of a URL.
func TestSubscriptionsHaveToBeConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account, err := sim.Open(sim.Options{Region: kindtest.Region})
		must(t, err)
		clients, err := account.Environment().Connect(t.Context(), cloud.Settings{Region: kindtest.Region})
		must(t, err)
		var told []string
		owner := resource.Owner{App: "harbor", Env: "production"}
		s := &resource.Scope{Clients: clients, Owner: owner, Emit: func(e event.Event) { told = append(told, e.Text) }}
		s.Identity, err = clients.WhoAmI(t.Context())
		must(t, err)
		look := func(to ...string) (*alarm.Subscriptions, resource.Diff) {
			c := &alarm.Subscriptions{Topic: &alarm.Topic{Owner: owner, On: true}, Notify: to}
			must(t, c.Topic.Observe(t.Context(), s))
			must(t, c.Observe(t.Context(), s))
			return c, c.Diff(s)
		}
		hook := "https://hooks.example.com/services/secret"
		c, _ := look("ops@example.com", hook)
		must(t, c.Topic.Apply(t.Context(), s))
		must(t, c.Apply(t.Context(), s))
		if all := strings.Join(told, "\n"); strings.Contains(all, "secret") || !strings.Contains(all, "https://hooks.example.com/…") || !strings.Contains(all, "confirm") {
			t.Errorf("told: %s", all)
		}
		confirmed := func(c *alarm.Subscriptions) (all []string) {
			for _, one := range c.All() {
				if one.Confirmed {
					all = append(all, one.To)
				}
			}
			return all
		}
		account.Confirm("ops@example.com")
		if c, d := look("ops@example.com", hook); !slices.Equal(confirmed(c), []string{"ops@example.com"}) || len(c.All()) != 2 || d.Action != event.None {
			t.Errorf("one confirmed: %+v, to do: %+v", c.All(), d)
		}
		time.Sleep(49 * time.Hour)
		c, d := look("ops@example.com", hook)
		if len(c.All()) != 1 || d.Action != event.Update || strings.Contains(d.Fields[0].New, "secret") {
			t.Errorf("after two days: %+v, to do: %+v", c.All(), d)
		}
		must(t, c.Apply(t.Context(), s))
		account.Confirm(hook)
		c, d = look("new@example.com")
		if d.Action != event.Update || len(d.Fields) != 2 {
			t.Errorf("others: %+v", d)
		}
		must(t, c.Apply(t.Context(), s))
		if all := c.All(); len(all) != 1 || all[0].To != "new@example.com" || all[0].Confirmed {
			t.Errorf("in the end: %+v", all)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
