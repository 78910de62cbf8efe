package sim

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedtypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

func TestScheduleTimes(t *testing.T) {
	begin := time.Date(2026, 3, 27, 12, 34, 56, 0, time.UTC) // a Friday
	for expression, want := range map[string]string{
		"rate(5 minutes)":         "2026-03-27 12:39:56, 2026-03-27 12:44:56",
		"rate(1 hour)":            "2026-03-27 13:34:56, 2026-03-27 14:34:56",
		"cron(0 3 * * ? *)":       "2026-03-28 02:00:00, 2026-03-29 01:00:00", // summer time begins
		"cron(*/20 12 ? * FRI *)": "2026-04-03 10:00:00, 2026-04-03 10:20:00",
		"cron(30 9 L * ? *)":      "2026-03-31 07:30:00, 2026-04-30 07:30:00",
		"cron(0 0 1 JAN ? 2028)":  "2027-12-31 23:00:00, never",
		"at(2026-03-27T14:00:00)": "2026-03-27 13:00:00, never",
	} {
		next, err := parseSchedule(expression, "Europe/Berlin", begin)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		var got []string
		for at, n := begin, 0; n < 2; n++ {
			if at = next(at); at.IsZero() {
				got = append(got, "never")
				break
			}
			got = append(got, at.UTC().Format(time.DateTime))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", expression, s, want)
		}
	}
	if next, err := parseSchedule("cron(0 9 * * ? *)", "Asia/Kolkata", begin); err != nil || next(begin).Format(time.DateTime) != "2026-03-28 03:30:00" {
		t.Errorf("half an hour off: %v", err)
	}
	for _, bad := range []string{"cron(0 3 * * * *)", "cron(0 3 * * ?)", "rate(1 minutes)", "rate(0 hours)", "cron(60 3 * * ? *)", "every day", "cron(0 3 ? * 8 *)"} {
		if _, err := parseSchedule(bad, "UTC", begin); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if _, err := parseSchedule("rate(1 hour)", "Mars/Olympus", begin); err == nil {
		t.Error("a time zone that is none is taken")
	}
}

// A schedule runs its task with its role, at its times; what is missing at its creation is refused there.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.verdict(10 * time.Minute)
		s := scheduler.NewFromConfig(r.cfg)
		role := *must(r.iam.CreateRole(r.ctx, &iam.CreateRoleInput{RoleName: aws.String("cron"), AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(taskTrust, "ecs-tasks", "scheduler"))}))(r).Role.Arn
		cluster := must(r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{Clusters: []string{"app"}}))(r).Clusters[0].ClusterArn
		in := &scheduler.CreateScheduleInput{
			Name: aws.String("nightly"), ScheduleExpression: aws.String("cron(0 3 * * ? *)"), ScheduleExpressionTimezone: aws.String("Europe/London"),
			FlexibleTimeWindow: &schedtypes.FlexibleTimeWindow{Mode: schedtypes.FlexibleTimeWindowModeOff},
			Target: &schedtypes.Target{
				Arn: cluster, RoleArn: &role, Input: aws.String(`{"containerOverrides":[{"name":"web","command":["report"]}]}`),
				EcsParameters: &schedtypes.EcsParameters{TaskDefinitionArn: &r.taskDef, NetworkConfiguration: &schedtypes.NetworkConfiguration{AwsvpcConfiguration: &schedtypes.AwsVpcConfiguration{
					Subnets: r.subnets, SecurityGroups: []string{r.taskGroup}, AssignPublicIp: schedtypes.AssignPublicIpEnabled,
				}}},
			},
		}
		if _, err := s.CreateSchedule(r.ctx, in); code(err) != "ValidationException" || !strings.Contains(err.Error(), "must allow AWS EventBridge Scheduler to assume the role") {
			t.Errorf("with a role that does not work yet: %v", err)
		}
		r.sleep(15 * time.Second)
		in.GroupName = aws.String("app")
		if _, err := s.CreateSchedule(r.ctx, in); code(err) != "ResourceNotFoundException" {
			t.Errorf("in a group that is not there: %v", err)
		}
		must(s.CreateScheduleGroup(r.ctx, &scheduler.CreateScheduleGroupInput{Name: aws.String("app"), Tags: []schedtypes.Tag{{Key: aws.String("app"), Value: aws.String("x")}}}))(r)
		must(s.CreateSchedule(r.ctx, in))(r)
		ran := func() []ecstypes.Task {
			l := must(r.ecs.ListTasks(r.ctx, &ecs.ListTasksInput{Cluster: aws.String("app"), Family: aws.String("app"), DesiredStatus: ecstypes.DesiredStatusStopped}))(r)
			if len(l.TaskArns) == 0 {
				return nil
			}
			return must(r.ecs.DescribeTasks(r.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("app"), Tasks: l.TaskArns}))(r).Tasks
		}
		now := time.Now().UTC()
		three := time.Date(now.Year(), now.Month(), now.Day(), 3, 10, 0, 0, time.UTC)
		if !three.After(now) {
			three = three.AddDate(0, 0, 1)
		}
		r.sleep(three.Sub(now))
		if got := ran(); len(got) != 0 {
			t.Errorf("a role without permissions ran %d tasks", len(got))
		}
		must(r.iam.PutRolePolicy(r.ctx, &iam.PutRolePolicyInput{RoleName: aws.String("cron"), PolicyName: aws.String("run"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}]}`)}))(r)
		r.sleep(24 * time.Hour)
		got := ran()
		if len(got) != 1 || aws.ToInt32(got[0].Containers[0].ExitCode) != 0 || *got[0].StartedBy != "chronos-schedule/nightly" {
			t.Errorf("tasks %+v", got)
		}
		must(s.DeleteScheduleGroup(r.ctx, &scheduler.DeleteScheduleGroupInput{Name: aws.String("app")}))(r)
		if _, err := s.GetSchedule(r.ctx, &scheduler.GetScheduleInput{GroupName: aws.String("app"), Name: aws.String("nightly")}); code(err) != "ResourceNotFoundException" {
			t.Errorf("after its group: %v", err)
		}
		if !slices.Contains(r.a.ActionsUsed(), "iam:PassRole") {
			t.Error("passing the role was not checked")
		}
	})
}
