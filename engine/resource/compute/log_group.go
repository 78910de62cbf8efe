package compute

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// retentionDays is how long logs are kept; AWS keeps them for ever when nobody says.
const retentionDays = 30

// LogGroup is where the tasks' output goes. A task does not start without it.
type LogGroup struct {
	Owner resource.Owner

	found     bool
	retention int32
}

// Name is the group's name. It is known before the group exists.
func (l *LogGroup) Name() string { return "/" + l.Owner.Path() }

// Info implements Resource.
func (l *LogGroup) Info() resource.Info {
	return resource.Info{
		ID: "log-group", Kind: "logs.LogGroup", Name: l.Name(), Label: "the log group", Group: resource.GroupCompute,
		Usually: time.Second, Gone: time.Second, Keeps: "the app's logs",
	}
}

// Needs implements Resource.
func (l *LogGroup) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (l *LogGroup) Identifier() string { return l.Name() }

// Observe implements Resource.
func (l *LogGroup) Observe(ctx context.Context, s *resource.Scope) error {
	name := l.Name()
	p := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.Logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	return resource.Pages(ctx, p, func(out *cloudwatchlogs.DescribeLogGroupsOutput) error {
		for _, g := range out.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				l.found, l.retention = true, aws.ToInt32(g.RetentionInDays)
			}
		}
		return nil
	})
}

// Exists implements Resource.
func (l *LogGroup) Exists() bool { return l.found }

// Diff implements Resource.
func (l *LogGroup) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !l.found:
		return resource.Absent()
	case l.retention != retentionDays:
		return resource.Changed(fmt.Sprintf("keeps logs for %s, not for %d days", daysText(l.retention), retentionDays),
			resource.Field("retention", daysText(l.retention), daysText(retentionDays)))
	}
	return resource.None()
}

func daysText(d int32) string {
	if d == 0 {
		return "ever"
	}
	return fmt.Sprintf("%d days", d)
}

// logsSettling is the error of two changes at the same moment.
var logsSettling = []cloud.Retryable{{Code: "OperationAbortedException", For: time.Minute}}

// Apply implements Resource.
func (l *LogGroup) Apply(ctx context.Context, s *resource.Scope) error {
	name := l.Name()
	if !l.found {
		err := s.Retry(ctx, logsSettling, func(ctx context.Context) error {
			_, err := s.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName: &name, Tags: l.Owner.MapTags("log-group"),
			})
			return err
		})
		if err != nil && !cloud.Is(err, "ResourceAlreadyExistsException") {
			return fmt.Errorf("create log group: %w", err)
		}
		l.found = true
	}
	if l.retention == retentionDays {
		return nil
	}
	return s.Retry(ctx, logsSettling, func(ctx context.Context) error {
		_, err := s.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName: &name, RetentionInDays: aws.Int32(retentionDays),
		})
		return err
	})
}

// Delete implements Resource: the group with all logs in it.
func (l *LogGroup) Delete(ctx context.Context, s *resource.Scope) error {
	if !l.found {
		return nil
	}
	name := l.Name()
	err := s.Retry(ctx, logsSettling, func(ctx context.Context) error {
		_, err := s.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// readLogs is to read what tasks wrote.
func (l *LogGroup) readLogs(s *resource.Scope, without string) resource.Permission {
	p := resource.On(resource.Actions("logs:GetLogEvents"), l.arns(s)[1])
	p.Without = without
	return p
}

// Permissions implements Permissioned.
func (l *LogGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.On(resource.Actions("logs:DescribeLogGroups"), s.ARN("logs", "log-group:*"))}
	var actions []string
	switch do {
	case event.Create:
		actions = resource.Actions("logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy")
	case event.Update:
		actions = resource.Actions("logs:PutRetentionPolicy")
	case event.Delete:
		actions = resource.Actions("logs:DeleteLogGroup")
	case event.None, event.Replace:
	}
	return append(need, resource.On(actions, l.arns(s)...))
}

// arns are the two forms in which IAM writes a log group: TagResource wants it without the star.
func (l *LogGroup) arns(s *resource.Scope) []string {
	arn := s.ARN("logs", "log-group:"+l.Name())
	return []string{arn, arn + ":*"}
}

// Costs implements Coster.
func (l *LogGroup) Costs(b *price.Bill) { b.Logs() }

// LogGroups lists the log groups of all apps. They are named /berth/app/env, which says all.
var LogGroups = resource.Listing{What: "log groups", List: listLogGroups}

func listLogGroups(ctx context.Context, s *resource.Survey) error {
	p := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.Logs, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String("/berth/"),
	})
	return resource.Pages(ctx, p, func(out *cloudwatchlogs.DescribeLogGroupsOutput) error {
		for _, g := range out.LogGroups {
			name := aws.ToString(g.LogGroupName)
			if o, _, ok := resource.OwnerOfPath(name); ok {
				s.Add(resource.Found{
					Owner: o, Kind: "logs.LogGroup", Name: name, ARN: strings.TrimSuffix(aws.ToString(g.Arn), ":*"), Role: "log-group",
					Like: &LogGroup{},
				})
			}
		}
		return nil
	})
}
