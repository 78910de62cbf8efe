package alarm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// FailedRuns is the rule of EventBridge that tells the topic of each run of a schedule that ended with another exit code
// than 0, or whose task did not start. That AWS could not even ask for a task is no event of a task: an alarm is for that.
type FailedRuns struct {
	Topic      *Topic
	ClusterARN func(*resource.Scope) string
	On         bool // the app has schedules, and somebody to tell

	ARN string // output

	pattern string   // as observed
	enabled bool     // as observed
	targets []string // ARNs, as observed
}

// targetID names the topic within the rule.
const targetID = "topic"

// longestRule is how long the name of a rule may be.
const longestRule = 64

// Name is the rule's name. It is known before the rule exists.
func (c *FailedRuns) Name() string { return c.Topic.Owner.NameWithin(longestRule, "-failed") }

// Info implements Resource.
func (c *FailedRuns) Info() resource.Info {
	return resource.Info{
		ID: "failed-runs", Kind: "events.Rule", Name: c.Name(), Label: "the rule that tells of failed schedules", Group: resource.GroupAlarms,
		Usually: time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (c *FailedRuns) Wanted() bool { return c.On }

// Needs implements Resource.
func (c *FailedRuns) Needs() []resource.Need { return []resource.Need{{On: c.Topic, Observe: true}} }

// Identifier implements Identified.
func (c *FailedRuns) Identifier() string { return c.ARN }

// events is the pattern of what the rule tells of: the tasks of schedules begin with the scheduler's name (engine/AWS.md,
// Alarms).
func (c *FailedRuns) events(s *resource.Scope) string {
	type m = map[string]any
	b, err := json.Marshal(m{
		"source": []string{"aws.ecs"}, "detail-type": []string{"ECS Task State Change"},
		"detail": m{
			"clusterArn": []string{c.ClusterARN(s)}, "lastStatus": []string{"STOPPED"}, "startedBy": []m{{"prefix": "chronos-schedule/"}},
			"$or": []m{{"containers": m{"exitCode": []m{{"anything-but": 0}}}}, {"stopCode": []string{"TaskFailedToStart"}}},
		},
	})
	if err != nil {
		panic("marshal a pattern of plain values: " + err.Error()) // cannot happen
	}
	return string(b)
}

// Observe implements Resource.
func (c *FailedRuns) Observe(ctx context.Context, s *resource.Scope) error {
	c.ARN, c.pattern, c.enabled, c.targets = "", "", false, nil
	if !c.On && c.Topic.ARN == "" {
		return nil
	}
	out, err := s.Events.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String(c.Name())})
	if cloud.NotFound(err) || !c.On && resource.Unseen(err) {
		return nil
	}
	if err == nil {
		c.ARN, c.pattern, c.enabled = aws.ToString(out.Arn), aws.ToString(out.EventPattern), out.State == ebtypes.RuleStateEnabled
	}
	return err
}

// Detail implements Detailer: whom the rule tells.
func (c *FailedRuns) Detail(ctx context.Context, s *resource.Scope) error {
	if c.ARN == "" {
		return nil
	}
	out, err := s.Events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String(c.Name())})
	if err != nil {
		return resource.UnlessGone(err)
	}
	for _, t := range out.Targets {
		c.targets = append(c.targets, aws.ToString(t.Arn))
	}
	return nil
}

// Exists implements Resource. Whose the topic is says whose it is.
func (c *FailedRuns) Exists() bool { return c.ARN != "" && c.Topic.Ours() }

// Diff implements Resource.
func (c *FailedRuns) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !c.On:
		return resource.Unwanted(c)
	case c.ARN == "":
		return resource.Absent()
	}
	var drift resource.Drift
	if want := c.events(s); !policy.Same(c.pattern, want) {
		drift.Add("tells of other events", resource.Field("events", c.pattern, want))
	}
	if !c.enabled {
		drift.Add("is switched off", resource.Field("enabled", false, true))
	}
	if want := []string{c.Topic.TopicARN(s)}; !slices.Equal(c.targets, want) {
		drift.Add("tells somebody else", resource.Field("tells", resource.Listed(c.targets), resource.Listed(want)))
	}
	return drift.Diff()
}

// Apply implements Resource. Both calls are upserts.
func (c *FailedRuns) Apply(ctx context.Context, s *resource.Scope) error {
	in := &eventbridge.PutRuleInput{
		Name: aws.String(c.Name()), EventPattern: aws.String(c.events(s)), State: ebtypes.RuleStateEnabled,
		Description: aws.String("tells the topic " + c.Topic.Name() + " of runs of schedules that failed"),
	}
	if c.ARN == "" { // AWS takes tags with a new one only
		in.Tags = resource.TagList(c.Topic.Owner, c.Info().ID, func(k, v *string) ebtypes.Tag { return ebtypes.Tag{Key: k, Value: v} })
	}
	out, err := s.Events.PutRule(ctx, in)
	if err != nil {
		return fmt.Errorf("set the rule: %w", err)
	}
	c.ARN, c.pattern, c.enabled = aws.ToString(out.RuleArn), *in.EventPattern, true
	set, err := s.Events.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: in.Name, Targets: []ebtypes.Target{{Id: aws.String(targetID), Arn: aws.String(c.Topic.TopicARN(s))}},
	})
	if err != nil {
		return fmt.Errorf("let the rule tell the topic: %w", err)
	}
	if set.FailedEntryCount > 0 {
		return fmt.Errorf("let the rule tell the topic: %s", aws.ToString(set.FailedEntries[0].ErrorMessage))
	}
	c.targets = []string{c.Topic.TopicARN(s)}
	return nil
}

// Delete implements Resource. A rule has to have no targets.
func (c *FailedRuns) Delete(ctx context.Context, s *resource.Scope) error {
	if !c.Exists() {
		return nil
	}
	name := c.Name()
	out, err := s.Events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
	if err != nil {
		return resource.UnlessGone(err)
	}
	var ids []string
	for _, t := range out.Targets {
		ids = append(ids, aws.ToString(t.Id))
	}
	if len(ids) > 0 {
		if _, err := s.Events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, Ids: ids}); err != nil {
			return resource.UnlessGone(err)
		}
	}
	_, err = s.Events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name})
	return resource.UnlessGone(err)
}

// Permissions implements Permissioned.
func (c *FailedRuns) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := s.ARN("events", "rule/"+c.Name())
	var actions []string
	if c.On || c.Topic.ARN != "" || resource.Existing(do) {
		actions = append(actions, "events:DescribeRule")
	}
	if c.ARN != "" || resource.Existing(do) {
		actions = append(actions, "events:ListTargetsByRule")
	}
	switch do {
	case event.Create, event.Replace:
		actions = append(actions, "events:PutRule", "events:TagResource", "events:PutTargets")
	case event.Update:
		actions = append(actions, "events:PutRule", "events:PutTargets")
	case event.Delete:
		actions = append(actions, "events:RemoveTargets", "events:DeleteRule")
	case event.None:
	}
	return []resource.Permission{resource.On(actions, arn)}
}

// Rules lists the rules of all apps.
var Rules = resource.Listing{What: "rules of EventBridge", List: listRules}

func listRules(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	in := &eventbridge.ListRulesInput{NamePrefix: aws.String(resource.NamePrefix)}
	for {
		out, err := s.Events.ListRules(ctx, in)
		if err != nil {
			return err
		}
		for _, r := range out.Rules {
			all = append(all, resource.Found{Kind: "events.Rule", Name: aws.ToString(r.Name), ARN: aws.ToString(r.Arn)})
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	return s.AddByARN(ctx, all, func(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
		out, err := c.Events.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: &arn})
		if err != nil {
			return nil, err
		}
		return resource.TagMap(out.Tags, func(t ebtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}
