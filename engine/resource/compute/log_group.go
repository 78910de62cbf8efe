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

// tagRetention is the tag that says whether the retention of a group of ours was set yet: until then it is to be set,
// from then on somebody may have made it longer.
const tagRetention = "berth:retention"

// The values of tagRetention.
const (
	retentionDue = "due"
	retentionSet = "set"
)

// LogGroup is where the tasks' output goes. A task does not start without it.
type LogGroup struct {
	resource.Claim
	Owner resource.Owner
	Days  int // how long logs are kept at least; AWS keeps them for ever when nobody says
	// Builds: it is for what image builds in AWS print, which is none of the app's output.
	Builds   bool
	Unneeded bool // nothing writes to it: a destroy alone looks for it

	found     bool
	arn       string
	retention int32 // zero means for ever
	due       bool  // a run made the group and did not get to setting its retention
}

// Name is the group's name. It is known before the group exists.
func (l *LogGroup) Name() string {
	if l.Builds {
		return "/" + l.Owner.Path() + "/build"
	}
	return "/" + l.Owner.Path()
}

// Info implements Resource.
func (l *LogGroup) Info() resource.Info {
	if l.Builds {
		return resource.Info{
			ID: "build-log-group", Kind: "logs.LogGroup", Name: l.Name(), Label: "the log group of the builds", Group: resource.GroupImage,
			Usually: time.Second, Gone: time.Second,
		}
	}
	return resource.Info{
		ID: "log-group", Kind: "logs.LogGroup", Name: l.Name(), Label: "the log group", Group: resource.GroupCompute,
		Usually: time.Second, Gone: time.Second, Keeps: "the app's logs",
	}
}

// Wanted implements Optional.
func (l *LogGroup) Wanted() bool { return !l.Unneeded }

// Needs implements Resource.
func (l *LogGroup) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (l *LogGroup) Identifier() string { return l.Name() }

// Observe implements Resource.
func (l *LogGroup) Observe(ctx context.Context, s *resource.Scope) error {
	name := l.Name()
	p := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.Logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	err := resource.Pages(ctx, p, func(out *cloudwatchlogs.DescribeLogGroupsOutput) error {
		for _, g := range out.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				l.found, l.retention, l.arn = true, aws.ToInt32(g.RetentionInDays), strings.TrimSuffix(aws.ToString(g.Arn), ":*")
			}
		}
		return nil
	})
	if l.Unneeded && resource.Unseen(err) {
		return nil
	}
	return err
}

// Detail implements Detailer: whose the group is.
func (l *LogGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if !l.found {
		return nil
	}
	out, err := s.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &l.arn})
	if err != nil {
		return l.Judge(l.Owner, nil, err)
	}
	l.due = out.Tags[tagRetention] == retentionDue
	return l.Judge(l.Owner, out.Tags, nil)
}

// Exists implements Resource.
func (l *LogGroup) Exists() bool { return l.found && l.Ours() }

// short says whether the group keeps its logs for too short a time, or for ever because nobody said yet.
func (l *LogGroup) short() bool {
	return l.due || l.retention != 0 && int(l.retention) < l.Days
}

// Diff implements Resource.
func (l *LogGroup) Diff(s *resource.Scope) resource.Diff {
	switch {
	case l.Unneeded:
		return resource.Unwanted(l)
	case !l.found:
		return resource.Absent()
	case l.short():
		return resource.Changed(fmt.Sprintf("keeps logs for %s instead of %d days", daysText(int(l.retention)), l.Days),
			resource.Field("retention", daysText(int(l.retention)), daysText(l.Days)))
	}
	return resource.None()
}

func daysText(d int) string {
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
	tags := l.Owner.MapTags(l.Info().ID)
	if !l.found {
		tags[tagRetention] = retentionDue
		err := s.Retry(ctx, logsSettling, func(ctx context.Context) error {
			_, err := s.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName: &name, Tags: tags,
			})
			return err
		})
		if err != nil && !cloud.Is(err, "ResourceAlreadyExistsException") {
			return fmt.Errorf("create log group: %w", err)
		}
		l.found, l.due, l.arn = true, true, l.arns(s)[0]
	}
	if !l.short() {
		return nil
	}
	err := s.Retry(ctx, logsSettling, func(ctx context.Context) error {
		_, err := s.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName: &name, RetentionInDays: aws.Int32(int32(l.Days)), //nolint:gosec // at most 3653
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("set how long logs are kept: %w", err)
	}
	l.retention = int32(l.Days) //nolint:gosec // at most 3653
	if !l.due {
		return nil
	}
	_, err = s.Logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{
		ResourceArn: &l.arn, Tags: map[string]string{tagRetention: retentionSet},
	})
	if err != nil {
		return fmt.Errorf("tag the log group as having its retention set: %w", err)
	}
	l.due = false
	return nil
}

// Delete implements Resource: the group with all logs in it.
func (l *LogGroup) Delete(ctx context.Context, s *resource.Scope) error {
	if !l.Exists() {
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
	look := resource.On(resource.Actions("logs:DescribeLogGroups"), s.ARN("logs", "log-group:*"))
	if l.Unneeded {
		look.Without = "a log group of an earlier deployment is not found"
	}
	need := []resource.Permission{look}
	var actions []string
	switch do {
	case event.Create:
		actions = resource.Actions("logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy")
	case event.Update:
		actions = resource.Actions("logs:PutRetentionPolicy", "logs:TagResource")
	case event.Delete:
		actions = resource.Actions("logs:DeleteLogGroup")
	case event.None, event.Replace:
	}
	if l.found || resource.Existing(do) {
		need = append(need, resource.Whose("logs:ListTagsForResource", "a log group", l.arns(s)...))
	}
	return append(need, resource.On(actions, l.arns(s)...))
}

// arns are the two forms in which IAM writes a log group: TagResource wants it without the star.
func (l *LogGroup) arns(s *resource.Scope) []string {
	arn := s.ARN("logs", "log-group:"+l.Name())
	return []string{arn, arn + ":*"}
}

// Costs implements Coster.
func (l *LogGroup) Costs(b *price.Bill) {
	if !l.Builds { // what builds print is little
		b.Logs()
	}
}

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
