package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"berth/compare/price"
	"berth/engine/cloud"
)

// retentionDays is how long logs are kept; AWS keeps them for ever when nobody says.
const retentionDays = 30

// LogGroup is where the tasks' output goes. A task does not start without it.
type LogGroup struct {
	Owner Owner

	found     bool
	retention int32
}

// Name is the group's name. It is known before the group exists.
func (l *LogGroup) Name() string { return "/" + l.Owner.Path() }

// Info implements Resource.
func (l *LogGroup) Info() Info {
	return Info{
		ID: "log-group", Kind: "logs.LogGroup", Name: l.Name(), Label: "the log group", Group: GroupCompute,
		Usually: time.Second, Gone: time.Second, Keeps: "the app's logs",
	}
}

// Needs implements Resource.
func (l *LogGroup) Needs() []Need { return nil }

// Use implements User: a gigabyte of logs a month, kept for one.
func (l *LogGroup) Use() []price.Item {
	return []price.Item{
		{SKU: "logs.ingest_gb", Item: "logs written, 1 GB", Quantity: 1},
		{SKU: "logs.store_gb_month", Item: "logs stored, 1 GB", Quantity: 1},
	}
}

// Observe implements Resource.
func (l *LogGroup) Observe(ctx context.Context, s *Scope) error {
	name := l.Name()
	out, err := s.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return err
	}
	for _, g := range out.LogGroups {
		if aws.ToString(g.LogGroupName) == name {
			l.found, l.retention = true, aws.ToInt32(g.RetentionInDays)
		}
	}
	return nil
}

// Exists implements Resource.
func (l *LogGroup) Exists() bool { return l.found }

// Diff implements Resource.
func (l *LogGroup) Diff() Diff {
	switch {
	case !l.found:
		return absent()
	case l.retention != retentionDays:
		return changed(fmt.Sprintf("keeps logs for %s, not for %d days", daysText(l.retention), retentionDays))
	}
	return none()
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
func (l *LogGroup) Apply(ctx context.Context, s *Scope) error {
	name := l.Name()
	if !l.found {
		err := s.Retry(ctx, logsSettling, func(ctx context.Context) error {
			_, err := s.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName: &name, Tags: l.Owner.mapTags("log-group"),
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
func (l *LogGroup) Delete(ctx context.Context, s *Scope) error {
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
