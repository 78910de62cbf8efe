package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logsService is CloudWatch Logs.
func logsService() awsService {
	return awsService{
		name: "cloudwatchlogs", prefix: "logs",
		state: []keeper{logsShelf},
		operations: []operation{
			op(logsCreateLogGroup, tagging("logs:TagResource")), op(logsPutRetentionPolicy), op(logsDeleteRetentionPolicy),
			op(logsDescribeLogGroups, pages("LogGroups", 50, 50)), op(logsDeleteLogGroup), op(logsTagResource), op(logsListTagsForResource),
			op(logsListTagsLogGroup), op(logsDescribeLogStreams, pages("LogStreams", 50, 50)), op(logsGetLogEvents),
			op(logsFilterLogEvents, pages("Events", 10000, 10000)),
		},
		list: func(v *inventory, r *region) {
			for _, g := range r.logs().LogGroups {
				v.add("logs.LogGroup", named(r, nil, g.Name), false, map[string]any{"Retention": g.Retention, "Tags": g.Tags})
			}
		},
	}
}

type logsState struct{ LogGroups []*logGroup }

const logsShelf shelf[logsState] = "logs"

func (r *region) logs() *logsState { return logsShelf.in(&r.Kept) }

type logGroup struct {
	Name      string
	Retention int32
	Created   time.Time
	Streams   []*logStream
	Tags      tagMap
}

type logStream struct {
	Name    string
	Created time.Time
	Count   int // lines ever written
	Lines   []logLine
}

type logLine struct {
	N    int
	At   time.Time
	Text string
}

// linesKept bounds a log stream and streamsKept a log group; the oldest go first.
const (
	linesKept   = 500
	streamsKept = 500
)

func (r *region) logGroup(name string) *logGroup {
	return find(r.logs().LogGroups, func(g *logGroup) bool { return g.Name == name })
}

func (g *logGroup) stream(name string) *logStream {
	return find(g.Streams, func(s *logStream) bool { return s.Name == name })
}

// write adds a line to a stream of a group, if the group still exists.
func (r *region) write(group, stream string, at time.Time, text string) {
	g := r.logGroup(group)
	if g == nil {
		return
	}
	s := g.stream(stream)
	if s == nil {
		s = &logStream{Name: stream, Created: at}
		if g.Streams = append(g.Streams, s); len(g.Streams) > streamsKept {
			g.Streams = slices.Clone(g.Streams[1:])
		}
	}
	s.Count++
	s.Lines = append(s.Lines, logLine{N: s.Count, At: at, Text: text})
	if len(s.Lines) >= 2*linesKept && s.Lines[len(s.Lines)-linesKept].At.Before(at) { // what is written at once stays together
		s.Lines = slices.Clone(s.Lines[len(s.Lines)-linesKept:])
	}
}

var (
	groupName  = pattern(`^[.\-_/#A-Za-z0-9]+$`)
	retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

func noLogGroup() error {
	return &logstypes.ResourceNotFoundException{Message: msg("The specified log group does not exist.")}
}

func noLogStream() error {
	return &logstypes.ResourceNotFoundException{Message: msg("The specified log stream does not exist.")}
}

func onLogGroup[Out any](c *call, name *string, fn func(*logGroup) (*Out, error)) (*Out, error) {
	g := c.r.logGroup(str(name))
	if g == nil {
		return nil, noLogGroup()
	}
	return fn(g)
}

func logsCreateLogGroup(c *call, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name := str(in.LogGroupName)
	if len(name) > 512 || !groupName(name) || strings.HasPrefix(name, "aws/") {
		return nil, &logstypes.InvalidParameterException{Message: msg(
			"1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", name)}
	}
	if c.r.logGroup(name) != nil {
		return nil, &logstypes.ResourceAlreadyExistsException{Message: msg("The specified log group already exists")}
	}
	c.r.logs().LogGroups = append(c.r.logs().LogGroups, &logGroup{Name: name, Created: c.now, Tags: tagMap(nil).merge(in.Tags)})
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func logsPutRetentionPolicy(c *call, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
		if !slices.Contains(retentions, val(in.RetentionInDays, 0)) {
			return nil, &logstypes.InvalidParameterException{Message: msg("Invalid value for retentionInDays: %d", val(in.RetentionInDays, 0))}
		}
		g.Retention = *in.RetentionInDays
		return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
	})
}

func logsDeleteRetentionPolicy(c *call, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
		g.Retention = 0
		return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
	})
}

func (c *call) logGroupARN(name string) string { return logGroupARN(c.r.Name, c.st.Account, name) }

func logGroupARN(region, account, name string) string {
	return fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", region, account, name)
}

func logsDescribeLogGroups(c *call, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	for _, g := range c.r.logs().LogGroups {
		if !strings.HasPrefix(g.Name, str(in.LogGroupNamePrefix)) || !strings.Contains(g.Name, str(in.LogGroupNamePattern)) {
			continue
		}
		o := logstypes.LogGroup{
			LogGroupName: new(g.Name), Arn: new(c.logGroupARN(g.Name) + ":*"), LogGroupArn: new(c.logGroupARN(g.Name)),
			CreationTime: new(g.Created.UnixMilli()), LogGroupClass: logstypes.LogGroupClassStandard, StoredBytes: new(int64(0)),
		}
		if g.Retention > 0 {
			o.RetentionInDays = new(g.Retention)
		}
		out.LogGroups = append(out.LogGroups, o)
	}
	slices.SortFunc(out.LogGroups, func(a, b logstypes.LogGroup) int { return cmp.Compare(*a.LogGroupName, *b.LogGroupName) })
	return out, nil
}

func logsDeleteLogGroup(c *call, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
		c.r.logs().LogGroups = remove(c.r.logs().LogGroups, g)
		return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
	})
}

func (c *call) logGroupByARN(arn *string) *logGroup {
	name := strings.TrimSuffix(str(arn), ":*")
	return find(c.r.logs().LogGroups, func(g *logGroup) bool { return c.logGroupARN(g.Name) == name })
}

func logsTagResource(c *call, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	g := c.logGroupByARN(in.ResourceArn)
	if g == nil {
		return nil, noLogGroup()
	}
	g.Tags = g.Tags.merge(in.Tags)
	return &cloudwatchlogs.TagResourceOutput{}, nil
}

func logsListTagsForResource(c *call, in *cloudwatchlogs.ListTagsForResourceInput) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	g := c.logGroupByARN(in.ResourceArn)
	if g == nil {
		return nil, noLogGroup()
	}
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: tagMap{}.merge(g.Tags)}, nil
}

func logsListTagsLogGroup(c *call, in *cloudwatchlogs.ListTagsLogGroupInput) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
		return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: tagMap{}.merge(g.Tags)}, nil
	})
}

func logsDescribeLogStreams(c *call, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
		streams := slices.Clone(g.Streams)
		slices.SortFunc(streams, func(a, b *logStream) int {
			if in.OrderBy == logstypes.OrderByLastEventTime {
				return a.last().Compare(b.last())
			}
			return cmp.Compare(a.Name, b.Name)
		})
		if val(in.Descending, false) {
			slices.Reverse(streams)
		}
		out := &cloudwatchlogs.DescribeLogStreamsOutput{}
		for _, s := range streams {
			if !strings.HasPrefix(s.Name, str(in.LogStreamNamePrefix)) {
				continue
			}
			o := logstypes.LogStream{LogStreamName: new(s.Name), CreationTime: new(s.Created.UnixMilli())}
			if len(s.Lines) > 0 {
				o.FirstEventTimestamp, o.LastEventTimestamp = new(s.Lines[0].At.UnixMilli()), new(s.last().UnixMilli())
			}
			out.LogStreams = append(out.LogStreams, o)
		}
		return out, nil
	})
}

func (s *logStream) last() time.Time {
	if len(s.Lines) == 0 {
		return s.Created
	}
	return s.Lines[len(s.Lines)-1].At
}

// within says whether a time lies in a range of milliseconds, open where nil.
func within(at time.Time, start, end *int64) bool {
	ms := at.UnixMilli()
	return (start == nil || ms >= *start) && (end == nil || ms < *end)
}

func logsGetLogEvents(c *call, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.GetLogEventsOutput, error) {
		s := g.stream(str(in.LogStreamName))
		if s == nil {
			return nil, noLogStream()
		}
		var lines []logLine
		for _, l := range c.r.lines(g, s, c.r.stints(), in.StartTime, c.now) {
			if within(l.At, in.StartTime, in.EndTime) {
				lines = append(lines, l)
			}
		}
		limit := int(val(in.Limit, 10000))
		first := 0
		switch tok := str(in.NextToken); {
		case strings.HasPrefix(tok, "f/"):
			first, _ = strconv.Atoi(tok[2:])
			first = min(first, len(lines))
		case !val(in.StartFromHead, false):
			first = max(0, len(lines)-limit)
		}
		last := min(first+limit, len(lines))
		out := &cloudwatchlogs.GetLogEventsOutput{
			NextForwardToken: new("f/" + strconv.Itoa(last)), NextBackwardToken: new("b/" + strconv.Itoa(first)),
		}
		for _, l := range lines[first:last] {
			out.Events = append(out.Events, logstypes.OutputLogEvent{
				Message: new(l.Text), Timestamp: new(l.At.UnixMilli()), IngestionTime: new(l.At.UnixMilli()),
			})
		}
		return out, nil
	})
}

func logsFilterLogEvents(c *call, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return onLogGroup(c, in.LogGroupName, func(g *logGroup) (*cloudwatchlogs.FilterLogEventsOutput, error) {
		out, stints := &cloudwatchlogs.FilterLogEventsOutput{}, c.r.stints()
		for _, s := range g.Streams {
			if !strings.HasPrefix(s.Name, str(in.LogStreamNamePrefix)) ||
				len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, s.Name) {
				continue
			}
			for _, l := range c.r.lines(g, s, stints, in.StartTime, c.now) {
				if !within(l.At, in.StartTime, in.EndTime) || !strings.Contains(l.Text, strings.Trim(str(in.FilterPattern), `"`)) {
					continue
				}
				out.Events = append(out.Events, logstypes.FilteredLogEvent{
					LogStreamName: new(s.Name), Message: new(l.Text), Timestamp: new(l.At.UnixMilli()), IngestionTime: new(l.At.UnixMilli()),
					EventId: new(stableID(g.Name, s.Name, strconv.Itoa(l.N))[:32]),
				})
			}
		}
		slices.SortStableFunc(out.Events, func(a, b logstypes.FilteredLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) })
		return out, nil
	})
}
