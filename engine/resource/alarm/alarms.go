package alarm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Alarms are alarms of CloudWatch that tell the topic when they ring, and again when all is well. All of them are looked up
// by one call, and those that are there and not wanted go. An app has two such sets: one that is made once it runs, so that
// it does not ring before, and one that a rollout is watched by, which is made before that.
type Alarms struct {
	Topic   *Topic
	Set     string              // in the names: "app" or "rollout"
	Label   string              // for sentences
	Behind  []resource.Resource // made before; each ready
	Sources []resource.Resource // made before: they give dimensions their values
	List    []*Alarm            // none when the app does without
	Advice  string              // what to do, in each message

	found   map[string]*cwtypes.MetricAlarm // by name
	metrics int                             // that they are billed for as found; zero: as wanted
}

// State is how an alarm stands.
type State struct {
	Title string
	State string // ALARM, OK or INSUFFICIENT_DATA
	Since time.Time
}

// prefix starts the names of the set.
func (c *Alarms) prefix() string { return c.Topic.Owner.Name() + "/" + c.Set + "/" }

// Name is the name of one of the alarms. It is known before there is one.
func (c *Alarms) Name(a *Alarm) string { return c.prefix() + a.Key }

// Names are the names of all.
func (c *Alarms) Names() (all []string) {
	for _, a := range c.List {
		all = append(all, c.Name(a))
	}
	return all
}

// Info implements Resource.
func (c *Alarms) Info() resource.Info {
	return resource.Info{
		ID: c.Set + "-alarms", Kind: "cloudwatch.Alarm", Name: resource.Counted(max(len(c.List), len(c.found)), "alarm"), Label: c.Label,
		Group: resource.GroupAlarms, Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (c *Alarms) Wanted() bool { return len(c.List) > 0 }

// Needs implements Resource.
func (c *Alarms) Needs() []resource.Need {
	needs := []resource.Need{{On: c.Topic, Observe: true}}
	for _, r := range c.Sources {
		needs = append(needs, resource.Need{On: r})
	}
	for _, r := range c.Behind {
		needs = append(needs, resource.Need{On: r, Ready: true})
	}
	return needs
}

// Observe implements Resource. Where there is no topic and none is wanted, there are no alarms.
func (c *Alarms) Observe(ctx context.Context, s *resource.Scope) error {
	c.found = nil
	if c.Topic.ARN == "" && !c.Wanted() {
		return nil
	}
	all, err := named(ctx, s.Clients, c.prefix())
	if !c.Wanted() && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	c.found = map[string]*cwtypes.MetricAlarm{}
	for i, m := range all {
		c.found[aws.ToString(m.AlarmName)] = &all[i]
	}
	return nil
}

// named are the alarms whose names begin with a prefix.
func named(ctx context.Context, c *cloud.Clients, prefix string) ([]cwtypes.MetricAlarm, error) {
	p := cloudwatch.NewDescribeAlarmsPaginator(c.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: &prefix, AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm},
	})
	return resource.Gather(ctx, p, func(out *cloudwatch.DescribeAlarmsOutput) []cwtypes.MetricAlarm { return out.MetricAlarms })
}

// Exists implements Resource. Whose the topic is says whose they are.
func (c *Alarms) Exists() bool { return len(c.found) > 0 && c.Topic.Ours() }

// States are how the alarms that are there stand, by name. What each is about stands in its description.
func (c *Alarms) States() (all []State) {
	for _, name := range slices.Sorted(maps.Keys(c.found)) {
		m := c.found[name]
		title, _, _ := strings.Cut(strings.TrimPrefix(aws.ToString(m.AlarmDescription), c.whose()), "\n")
		all = append(all, State{Title: title, State: string(m.StateValue), Since: aws.ToTime(m.StateTransitionedTimestamp)})
	}
	return all
}

// whose is what each message of an alarm begins with.
func (c *Alarms) whose() string {
	return fmt.Sprintf("%s (%s): ", c.Topic.Owner.App, c.Topic.Owner.Env)
}

// text is what a message of an alarm says first.
func (c *Alarms) text(a *Alarm) string {
	return c.whose() + a.Title + "\n" + c.Advice
}

// others are the names of those that are there and not wanted.
func (c *Alarms) others() (all []string) {
	wanted := c.Names()
	for name := range c.found {
		if !slices.Contains(wanted, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// differs is how an alarm as it stands differs from what is wanted; nil when it does not.
func (c *Alarms) differs(s *resource.Scope, a *Alarm) *resource.FieldChange {
	m := c.found[c.Name(a)]
	want := words(a.request(c.Name(a), c.text(a), c.Topic.TopicARN(s)))
	if !a.known() {
		want = resource.NotYet
	}
	if m == nil {
		return &resource.FieldChange{Field: a.Title, New: want}
	}
	if was := words(asked(m)); was != want {
		return &resource.FieldChange{Field: a.Title, Old: was, New: want}
	}
	return nil
}

// Diff implements Resource.
func (c *Alarms) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !c.Wanted():
		return resource.Unwanted(c)
	case len(c.found) == 0:
		var titles []string
		for _, a := range c.List {
			titles = append(titles, a.Title)
		}
		return resource.Diff{Action: event.Create, Why: "rings when " + strings.Join(titles, "; when ")}
	}
	var drift resource.Drift
	for _, a := range c.List {
		f := c.differs(s, a)
		switch {
		case f == nil:
		case f.Old == "":
			drift.Add("lacks an alarm", *f)
		default:
			drift.Add("an alarm is set up differently", *f)
		}
	}
	for _, name := range c.others() {
		drift.Add("has an alarm that is no longer needed", resource.FieldChange{Field: strings.TrimPrefix(name, c.prefix()), Old: words(asked(c.found[name]))})
	}
	return drift.Diff()
}

// Apply implements Resource.
func (c *Alarms) Apply(ctx context.Context, s *resource.Scope) error {
	for _, a := range c.List {
		if c.differs(s, a) == nil {
			continue
		}
		in := a.request(c.Name(a), c.text(a), c.Topic.TopicARN(s))
		if c.found[c.Name(a)] == nil { // AWS takes tags with a new one only
			in.Tags = resource.TagList(c.Topic.Owner, c.Info().ID, func(k, v *string) cwtypes.Tag { return cwtypes.Tag{Key: k, Value: v} })
		}
		if _, err := s.CloudWatch.PutMetricAlarm(ctx, in); err != nil {
			return fmt.Errorf("set the alarm %q: %w", a.Title, err)
		}
	}
	if err := c.remove(ctx, s, c.others()); err != nil {
		return err
	}
	return c.Observe(ctx, s)
}

// mostAtOnce is how many alarms one call deletes.
const mostAtOnce = 100

func (c *Alarms) remove(ctx context.Context, s *resource.Scope, names []string) error {
	for part := range slices.Chunk(names, mostAtOnce) {
		if _, err := s.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: part}); resource.UnlessGone(err) != nil {
			return fmt.Errorf("delete alarms: %w", err)
		}
	}
	return nil
}

// Delete implements Resource.
func (c *Alarms) Delete(ctx context.Context, s *resource.Scope) error {
	if !c.Exists() {
		return nil
	}
	return c.remove(ctx, s, slices.Sorted(maps.Keys(c.found)))
}

// Permissions implements Permissioned.
func (c *Alarms) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	ours := s.ARN("cloudwatch", "alarm:"+c.prefix()+"*")
	var need []resource.Permission
	if c.Wanted() || c.Topic.ARN != "" || resource.Existing(do) {
		look := resource.On(resource.Actions("cloudwatch:DescribeAlarms"), s.ARN("cloudwatch", "alarm:*"))
		if !c.Wanted() && do == "" {
			look.Without = "alarms that are no longer used would stay"
		}
		need = append(need, look)
	}
	switch do {
	case event.Create, event.Replace, event.Update:
		need = append(need, resource.On(resource.Actions("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"), ours))
		if do != event.Create && (c.found == nil || len(c.others()) > 0) {
			need = append(need, resource.On(resource.Actions("cloudwatch:DeleteAlarms"), ours))
		}
	case event.Delete:
		need = append(need, resource.On(resource.Actions("cloudwatch:DeleteAlarms"), ours))
	case event.None:
	}
	return need
}

// Costs implements Coster: an alarm costs by the metrics that it looks at.
func (c *Alarms) Costs(b *price.Bill) {
	n := c.metrics
	if n == 0 {
		for _, a := range c.List {
			n += len(a.Metrics)
		}
	}
	if n > 0 {
		b.WatchedMetrics(n)
	}
}

// AsFound implements AsFound.
func (c *Alarms) AsFound(context.Context, *resource.Scope) error {
	c.metrics = 0
	for _, m := range c.found {
		c.metrics += billed(m)
	}
	return nil
}

// billed is how many metrics an alarm is billed for: an expression is none.
func billed(m *cwtypes.MetricAlarm) int { return max(1, len(m.Metrics)-1) }

// Found lists the alarms of all apps.
var Found = resource.Listing{What: "alarms", List: listAlarms}

func listAlarms(ctx context.Context, s *resource.Survey) error {
	alarms, err := named(ctx, s.Clients, resource.NamePrefix)
	if err != nil {
		return err
	}
	var all []resource.Found
	for _, m := range alarms {
		like := &Alarms{metrics: billed(&m)}
		all = append(all, resource.Found{Kind: "cloudwatch.Alarm", Name: aws.ToString(m.AlarmName), ARN: aws.ToString(m.AlarmArn), Like: like})
	}
	return s.AddByARN(ctx, all, func(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
		out, err := c.CloudWatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &arn})
		if err != nil {
			return nil, err
		}
		return resource.TagMap(out.Tags, func(t cwtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}
