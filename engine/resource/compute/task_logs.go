package compute

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"berth/engine/resource"
)

// logLines is how many of a failed task's last log lines are fetched.
const logLines = 20

// taskLogs reads the log lines of tasks.
type taskLogs struct {
	scope  *resource.Scope
	group  string
	prefix string  // of the streams
	token  *string // where follow goes on
}

// logs reads the log of tasks of the definition.
func (t *TaskDefinition) logs(s *resource.Scope) *taskLogs {
	return &taskLogs{scope: s, group: t.LogGroup.Name(), prefix: StreamPrefix(t.Process)}
}

// StreamPrefix starts the names of the log streams of a process; the app's own is "".
func StreamPrefix(process string) string { return cmp.Or(process, ContainerName) }

// stream is the log stream of a task's container: prefix/container/task.
func (l *taskLogs) stream(task string) *string {
	return aws.String(l.prefix + "/" + ContainerName + "/" + task)
}

// last are the last log lines of a task. A stream that is not there (yet) has none.
func (l *taskLogs) last(ctx context.Context, task string) []string {
	out, err := l.scope.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &l.group, LogStreamName: l.stream(task), Limit: aws.Int32(logLines),
	})
	if err != nil {
		return nil
	}
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, strings.TrimRight(aws.ToString(e.Message), "\r\n"))
	}
	return lines
}

// follow passes on the lines that a task wrote since the last call.
func (l *taskLogs) follow(ctx context.Context, task string) {
	out, err := l.scope.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &l.group, LogStreamName: l.stream(task), StartFromHead: aws.Bool(true), NextToken: l.token,
	})
	if err != nil {
		return // the stream appears late; the lines are not worth failing for
	}
	l.token = out.NextForwardToken
	for _, e := range out.Events {
		l.scope.Log("app", strings.TrimRight(aws.ToString(e.Message), "\r\n"))
	}
}
