package alarm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// Topic is where everything goes that people should hear of. It is made first and removed last: whatever of the alarms is
// there, the topic is.
type Topic struct {
	resource.Claim
	Owner resource.Owner
	On    bool // somebody is to be told

	ARN string // output; empty while there is none

	policy string // as observed
}

// Name is the topic's name. It is known before the topic exists.
func (t *Topic) Name() string { return t.Owner.Name() }

// TopicARN is the topic's ARN. It is known before the topic exists.
func (t *Topic) TopicARN(s *resource.Scope) string { return s.ARN("sns", t.Name()) }

// Info implements Resource.
func (t *Topic) Info() resource.Info {
	return resource.Info{
		ID: "alarm-topic", Kind: "sns.Topic", Name: t.Name(), Label: "the topic that alarms go to", Group: resource.GroupAlarms,
		Usually: time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (t *Topic) Wanted() bool { return t.On }

// Needs implements Resource.
func (t *Topic) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (t *Topic) Identifier() string { return t.ARN }

// OfAccount implements OfAccount: it is found by its ARN.
func (t *Topic) OfAccount() {}

// Observe implements Resource.
func (t *Topic) Observe(ctx context.Context, s *resource.Scope) error {
	t.ARN, t.policy = "", ""
	out, err := s.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(t.TopicARN(s))})
	if cloud.NotFound(err) || !t.On && resource.Unseen(err) {
		return nil
	}
	if err == nil {
		t.ARN, t.policy = t.TopicARN(s), out.Attributes["Policy"]
	}
	return err
}

// Detail implements Detailer: whose it is.
func (t *Topic) Detail(ctx context.Context, s *resource.Scope) error {
	if t.ARN == "" {
		return nil
	}
	tags, err := topicTags(ctx, s.Clients, t.ARN)
	return t.Judge(t.Owner, tags, err)
}

func topicTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.SNS.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.Tags, func(t snstypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// Exists implements Resource.
func (t *Topic) Exists() bool { return t.ARN != "" && t.Ours() }

// publishers are the services of AWS that tell the topic of trouble.
var publishers = []string{"budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"}

// access lets those services publish for this account, and nobody else.
func (t *Topic) access(s *resource.Scope) *policy.Document {
	d := policy.Of()
	for _, service := range publishers {
		d.Statement = append(d.Statement, policy.Statement{
			Effect: "Allow", Principal: map[string]string{"Service": service}, Action: []string{"sns:Publish"}, Resource: []string{t.TopicARN(s)},
			Condition: policy.Condition{"StringEquals": {"aws:SourceAccount": {s.Identity.Account}}},
		})
	}
	return d
}

// Diff implements Resource.
func (t *Topic) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !t.On:
		return resource.Unwanted(t)
	case t.ARN == "":
		return resource.Absent()
	case !policy.Same(t.policy, t.access(s).Text()):
		return resource.Changed("takes messages from others", resource.Field("who may publish", "others", strings.Join(publishers, ", ")))
	}
	return resource.None()
}

// Apply implements Resource. Making a topic that is there already gives that one.
func (t *Topic) Apply(ctx context.Context, s *resource.Scope) error {
	access := t.access(s).Text()
	if t.ARN == "" {
		out, err := s.SNS.CreateTopic(ctx, &sns.CreateTopicInput{
			Name: aws.String(t.Name()), Attributes: map[string]string{"Policy": access},
			Tags: resource.TagList(t.Owner, t.Info().ID, func(k, v *string) snstypes.Tag { return snstypes.Tag{Key: k, Value: v} }),
		})
		if err != nil {
			return fmt.Errorf("create topic: %w", err)
		}
		t.ARN, t.policy = aws.ToString(out.TopicArn), access
		return nil
	}
	_, err := s.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &t.ARN, AttributeName: aws.String("Policy"), AttributeValue: &access})
	if err != nil {
		return fmt.Errorf("say who may publish to the topic: %w", err)
	}
	t.policy = access
	return nil
}

// Delete implements Resource: the topic and all subscriptions to it.
func (t *Topic) Delete(ctx context.Context, s *resource.Scope) error {
	if !t.Exists() {
		return nil
	}
	_, err := s.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &t.ARN})
	return resource.UnlessGone(err)
}

// Permissions implements Permissioned.
func (t *Topic) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := t.TopicARN(s)
	look := resource.On(resource.Actions("sns:GetTopicAttributes"), arn)
	if !t.On && !resource.Existing(do) {
		look.Without = "alarms that are no longer used would stay"
	}
	need := []resource.Permission{look}
	if t.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Whose("sns:ListTagsForResource", "a topic", arn))
	}
	switch do {
	case event.Create, event.Replace:
		need = append(need, resource.On(resource.Actions("sns:CreateTopic", "sns:TagResource"), arn))
	case event.Update:
		need = append(need, resource.On(resource.Actions("sns:SetTopicAttributes"), arn))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("sns:DeleteTopic"), arn))
	case event.None:
	}
	return need
}

// Topics lists the topics of all apps.
var Topics = resource.Listing{What: "topics of alarms", List: listTopics}

func listTopics(ctx context.Context, s *resource.Survey) error {
	all, err := resource.Gather(ctx, sns.NewListTopicsPaginator(s.SNS, &sns.ListTopicsInput{}), func(out *sns.ListTopicsOutput) (found []resource.Found) {
		for _, t := range out.Topics {
			arn := aws.ToString(t.TopicArn)
			name := arn[strings.LastIndexByte(arn, ':')+1:]
			if strings.HasPrefix(name, resource.NamePrefix) {
				found = append(found, resource.Found{Kind: "sns.Topic", Name: name, ARN: arn})
			}
		}
		return found
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, topicTags)
}
