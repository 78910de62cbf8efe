package alarm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/spec"
)

// Subscriptions are who hears of the topic: mail addresses and https:// URLs. Each has to be confirmed by whoever it is;
// nothing is sent there before, and AWS forgets one that nobody confirms (engine/AWS.md, Alarms).
type Subscriptions struct {
	Topic  *Topic
	Notify []string

	has []Subscription
}

// Subscription is one of them as it stands.
type Subscription struct {
	To        string
	Confirmed bool

	protocol, arn string
}

// Info implements Resource.
func (c *Subscriptions) Info() resource.Info {
	return resource.Info{
		ID: "alarm-subscriptions", Kind: "sns.Subscription", Name: told(c.Notify), Label: "who is told of alarms", Group: resource.GroupAlarms,
		Usually: time.Second, Gone: time.Second,
	}
}

// told is a list of people as it may be shown.
func told(all []string) string {
	var texts []string
	for _, to := range all {
		texts = append(texts, spec.Told(to))
	}
	return strings.Join(texts, ", ")
}

// Wanted implements Optional.
func (c *Subscriptions) Wanted() bool { return c.Topic.On }

// Needs implements Resource.
func (c *Subscriptions) Needs() []resource.Need {
	return []resource.Need{{On: c.Topic, Observe: true}}
}

// Observe implements Resource.
func (c *Subscriptions) Observe(ctx context.Context, s *resource.Scope) error {
	c.has = nil
	if c.Topic.ARN == "" {
		return nil
	}
	p := sns.NewListSubscriptionsByTopicPaginator(s.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &c.Topic.ARN})
	all, err := resource.Gather(ctx, p, func(out *sns.ListSubscriptionsByTopicOutput) []snstypes.Subscription { return out.Subscriptions })
	if !c.Topic.On && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return resource.UnlessGone(err)
	}
	for _, one := range all {
		arn := aws.ToString(one.SubscriptionArn)
		if arn == "Deleted" {
			continue
		}
		c.has = append(c.has, Subscription{
			To: aws.ToString(one.Endpoint), Confirmed: strings.HasPrefix(arn, "arn:"), protocol: aws.ToString(one.Protocol), arn: arn,
		})
	}
	return nil
}

// All are those that stand, by name.
func (c *Subscriptions) All() []Subscription {
	return slices.SortedFunc(slices.Values(c.has), func(a, b Subscription) int { return strings.Compare(a.To, b.To) })
}

// Exists implements Resource: nothing of them is left once the topic is gone, so that there is nothing to delete.
func (c *Subscriptions) Exists() bool { return false }

// Awaits implements Awaiting: people have to confirm.
func (c *Subscriptions) Awaits() *event.Waiting {
	var all []string
	for _, one := range c.All() {
		if !one.Confirmed {
			all = append(all, one.To)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &event.Waiting{
		For:     told(all) + " to confirm that alarms may be sent there: AWS sent a mail with a link, or a request with a SubscribeURL to a webhook",
		Then:    "alarms are sent there; a request that nobody confirms is forgotten after 48 hours, and `berth deploy` sends another",
		Records: []event.Record{},
	}
}

// missing are those who have no subscription yet, or none any more.
func (c *Subscriptions) missing() (all []string) {
	for _, to := range c.Notify {
		if !slices.ContainsFunc(c.has, func(s Subscription) bool { return s.To == to && s.protocol == protocol(to) }) {
			all = append(all, to)
		}
	}
	return all
}

// surplus are those who are told and should not be. One that was never confirmed cannot be taken back: AWS forgets it.
func (c *Subscriptions) surplus() (all []Subscription) {
	for _, s := range c.has {
		if s.Confirmed && !slices.Contains(c.Notify, s.To) {
			all = append(all, s)
		}
	}
	return all
}

func protocol(to string) string {
	if strings.HasPrefix(to, "https://") {
		return "https"
	}
	return "email"
}

// Diff implements Resource.
func (c *Subscriptions) Diff(*resource.Scope) resource.Diff {
	if !c.Topic.On {
		return resource.Diff{} // they go with the topic
	}
	missing, surplus := c.missing(), c.surplus()
	if len(c.has) == 0 {
		return resource.Diff{Action: event.Create, Why: "tells " + told(c.Notify) + ", once that was confirmed: AWS sends a request to confirm first"}
	}
	var drift resource.Drift
	if len(missing) > 0 {
		drift.Add("tells others, who have to confirm it", resource.Field("new", "", told(missing)))
	}
	if len(surplus) > 0 {
		var gone []string
		for _, s := range surplus {
			gone = append(gone, s.To)
		}
		drift.Add("tells some no longer", resource.Field("told", told(gone), ""))
	}
	return drift.Diff()
}

// Apply implements Resource.
func (c *Subscriptions) Apply(ctx context.Context, s *resource.Scope) error {
	for _, to := range c.missing() {
		_, err := s.SNS.Subscribe(ctx, &sns.SubscribeInput{
			TopicArn: aws.String(c.Topic.TopicARN(s)), Protocol: aws.String(protocol(to)), Endpoint: aws.String(to), ReturnSubscriptionArn: true,
		})
		if err != nil {
			return fmt.Errorf("subscribe %s to the topic: %w", spec.Told(to), err)
		}
		s.Notice("berth", "AWS asks "+spec.Told(to)+" to confirm: alarms are sent there only after that")
	}
	for _, one := range c.surplus() {
		if _, err := s.SNS.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: aws.String(one.arn)}); resource.UnlessGone(err) != nil {
			return fmt.Errorf("unsubscribe %s from the topic: %w", spec.Told(one.To), err)
		}
	}
	return c.Observe(ctx, s)
}

// Delete implements Resource: they go with the topic.
func (c *Subscriptions) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (c *Subscriptions) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := c.Topic.TopicARN(s)
	var need []resource.Permission
	if c.Topic.ARN != "" || c.Topic.On || resource.Existing(do) {
		need = append(need, resource.On(resource.Actions("sns:ListSubscriptionsByTopic"), arn))
	}
	switch do {
	case event.Create, event.Replace, event.Update:
		need = append(need, resource.On(resource.Actions("sns:Subscribe"), arn))
		if do != event.Create && (len(c.has) == 0 || len(c.surplus()) > 0) {
			need = append(need, resource.Anywhere("sns:Unsubscribe"))
		}
	case event.None, event.Delete:
	}
	return need
}
