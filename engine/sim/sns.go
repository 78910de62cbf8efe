package sim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// snsService is Amazon SNS: topics, who subscribed to them, and what was published. Nobody confirms a subscription by
// itself: Account.Confirm does as people do with the mail that they got.
func snsService() awsService {
	return awsService{
		name: "sns", protocol: speaksQuery, placeless: true,
		state: []keeper{snsShelf},
		operations: []operation{
			op(snsCreateTopic, tagging("sns:TagResource")), op(snsGetTopicAttributes), op(snsSetTopicAttributes), op(snsDeleteTopic),
			op(snsListTopics, pages("Topics", 100, 100)), op(snsSubscribe), op(snsUnsubscribe),
			op(snsListSubscriptionsByTopic, pages("Subscriptions", 100, 100)), op(snsListTagsForResource), op(snsTagResource),
		},
		list: func(v *inventory, r *region) {
			for _, t := range r.sns().Topics {
				v.add("sns.Topic", named(r, nil, t.Name), false, map[string]any{"Policy": t.Policy, "Tags": t.Tags})
				for _, s := range t.Subscriptions {
					v.add("sns.Subscription", named(r, nil, t.Name, s.Protocol, s.Endpoint), false, map[string]any{"Confirmed": s.Confirmed})
				}
			}
		},
		sweep: func(w *world) {
			for _, t := range w.r.sns().Topics {
				t.forget(w.st.Now)
			}
		},
	}
}

type snsState struct{ Topics []*topic }

const snsShelf shelf[snsState] = "sns"

func (r *region) sns() *snsState { return snsShelf.in(&r.Kept) }

type topic struct {
	Name, ARN, Policy string
	Tags              tagMap
	Subscriptions     []*subscription
	Messages          []string // what was published, as far as the policy let it
}

type subscription struct {
	ARN, Protocol, Endpoint string
	Confirmed               bool
	Since                   time.Time
}

// unconfirmed is how long a subscription waits for its confirmation before AWS forgets it.
const unconfirmed = 48 * time.Hour

// forget drops the subscriptions that nobody confirmed in time.
func (t *topic) forget(now time.Time) {
	var kept []*subscription
	for _, s := range t.Subscriptions {
		if s.Confirmed || now.Sub(s.Since) < unconfirmed {
			kept = append(kept, s)
		}
	}
	t.Subscriptions = kept
}

// Confirm confirms all subscriptions of an endpoint, as whoever gets its messages would, and says whether there was one.
func (a *Account) Confirm(endpoint string) (found bool) {
	_ = a.locked(func(st *state, _ time.Time) (bool, error) {
		for _, r := range st.Regions {
			for _, t := range r.sns().Topics {
				for _, s := range t.Subscriptions {
					if s.Endpoint == endpoint {
						s.Confirmed, found = true, true
					}
				}
			}
		}
		return found, nil
	})
	return found
}

// Published is what was published to the topics of a region, oldest first.
func (a *Account) Published(region string) (all []string) {
	_ = a.locked(func(st *state, _ time.Time) (bool, error) {
		for _, t := range st.bareRegion(region).sns().Topics {
			all = append(all, t.Messages...)
		}
		return false, nil
	})
	return all
}

func (r *region) topic(arn string) *topic {
	return find(r.sns().Topics, func(t *topic) bool { return t.ARN == arn })
}

func noTopic() error { return &snstypes.NotFoundException{Message: msg("Topic does not exist")} }

// takes says whether the topic's policy lets a service of the account publish to it.
func (t *topic) takes(service, account, source string) bool {
	d, err := parsePolicy(t.Policy, false)
	return err == nil && d.lets(service, "sns:Publish", account, source)
}

func snsTags(in []snstypes.Tag) tagMap {
	return tagsFrom(in, func(t snstypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func snsCreateTopic(c *call, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	t := &topic{Name: str(in.Name), ARN: c.arn("sns", "%s", str(in.Name)), Policy: in.Attributes["Policy"], Tags: snsTags(in.Tags)}
	if have := c.r.topic(t.ARN); have != nil {
		if strings.Join(have.Tags.keys(), " ") != strings.Join(t.Tags.keys(), " ") {
			return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Tags Reason: Topic already exists with different tags")}
		}
		if t.Policy != "" && t.Policy != have.Policy {
			return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Attributes Reason: Topic already exists with different attributes")}
		}
		return &sns.CreateTopicOutput{TopicArn: &have.ARN}, nil
	}
	if t.Policy != "" {
		if _, err := parsePolicy(t.Policy, false); err != nil {
			return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Policy Error: null")}
		}
	}
	c.r.sns().Topics = append(c.r.sns().Topics, t)
	return &sns.CreateTopicOutput{TopicArn: new(t.ARN)}, nil
}

func snsGetTopicAttributes(c *call, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	t := c.r.topic(str(in.TopicArn))
	if t == nil {
		return nil, noTopic()
	}
	return &sns.GetTopicAttributesOutput{Attributes: map[string]string{"TopicArn": t.ARN, "Owner": c.st.Account, "Policy": t.Policy}}, nil
}

func snsSetTopicAttributes(c *call, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	t := c.r.topic(str(in.TopicArn))
	switch {
	case t == nil:
		return nil, noTopic()
	case str(in.AttributeName) != "Policy":
		return nil, apiErr("InvalidParameter", "sim: the simulated account knows the policy of a topic only, not %s", str(in.AttributeName))
	}
	if _, err := parsePolicy(str(in.AttributeValue), false); err != nil {
		return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Policy Error: null")}
	}
	t.Policy = str(in.AttributeValue)
	return &sns.SetTopicAttributesOutput{}, nil
}

// snsDeleteTopic takes the subscriptions along. That there is none is no error.
func snsDeleteTopic(c *call, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	c.r.sns().Topics = remove(c.r.sns().Topics, c.r.topic(str(in.TopicArn)))
	return &sns.DeleteTopicOutput{}, nil
}

func snsListTopics(c *call, _ *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	out := &sns.ListTopicsOutput{}
	for _, t := range c.r.sns().Topics {
		out.Topics = append(out.Topics, snstypes.Topic{TopicArn: new(t.ARN)})
	}
	return out, nil
}

// snsSubscribe sends a request to confirm. Subscribing again sends another one and makes no second subscription.
func snsSubscribe(c *call, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	t := c.r.topic(str(in.TopicArn))
	protocol, endpoint := str(in.Protocol), str(in.Endpoint)
	switch {
	case t == nil:
		return nil, noTopic()
	case protocol == "email" && !strings.Contains(endpoint, "@"):
		return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Email address")}
	case protocol == "https" && !strings.HasPrefix(endpoint, "https://"):
		return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: Endpoint must match the specified protocol")}
	case protocol != "email" && protocol != "https":
		return nil, apiErr("InvalidParameter", "sim: the simulated account knows email and https, not %s", protocol)
	}
	s := find(t.Subscriptions, func(s *subscription) bool { return s.Protocol == protocol && s.Endpoint == endpoint })
	if s == nil {
		s = &subscription{ARN: t.ARN + ":" + uuidOf(stableID(t.ARN, protocol, endpoint, c.now.String())), Protocol: protocol, Endpoint: endpoint}
		t.Subscriptions = append(t.Subscriptions, s)
	}
	if !s.Confirmed {
		s.Since = c.now
	}
	if s.Confirmed || in.ReturnSubscriptionArn {
		return &sns.SubscribeOutput{SubscriptionArn: new(s.ARN)}, nil
	}
	return &sns.SubscribeOutput{SubscriptionArn: new("pending confirmation")}, nil
}

func snsUnsubscribe(c *call, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	arn := str(in.SubscriptionArn)
	if !strings.HasPrefix(arn, "arn:") {
		return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")}
	}
	for _, t := range c.r.sns().Topics {
		if s := find(t.Subscriptions, func(s *subscription) bool { return s.ARN == arn }); s != nil {
			if !s.Confirmed {
				return nil, &snstypes.InvalidParameterException{Message: msg("Invalid parameter: This operation is not supported on a pending subscription")}
			}
			t.Subscriptions = remove(t.Subscriptions, s)
		}
	}
	return &sns.UnsubscribeOutput{}, nil
}

func snsListSubscriptionsByTopic(c *call, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	t := c.r.topic(str(in.TopicArn))
	if t == nil {
		return nil, noTopic()
	}
	out := &sns.ListSubscriptionsByTopicOutput{}
	for _, s := range t.Subscriptions {
		arn := "PendingConfirmation"
		if s.Confirmed {
			arn = s.ARN
		}
		out.Subscriptions = append(out.Subscriptions, snstypes.Subscription{
			SubscriptionArn: new(arn), TopicArn: new(t.ARN), Protocol: new(s.Protocol), Endpoint: new(s.Endpoint), Owner: new(c.st.Account),
		})
	}
	return out, nil
}

func snsListTagsForResource(c *call, in *sns.ListTagsForResourceInput) (*sns.ListTagsForResourceOutput, error) {
	t := c.r.topic(str(in.ResourceArn))
	if t == nil {
		return nil, &snstypes.ResourceNotFoundException{Message: msg("Resource does not exist")}
	}
	return &sns.ListTagsForResourceOutput{Tags: tagsTo(t.Tags, func(k, v *string) snstypes.Tag { return snstypes.Tag{Key: k, Value: v} })}, nil
}

func snsTagResource(c *call, in *sns.TagResourceInput) (*sns.TagResourceOutput, error) {
	t := c.r.topic(str(in.ResourceArn))
	if t == nil {
		return nil, &snstypes.ResourceNotFoundException{Message: msg("Resource does not exist")}
	}
	t.Tags = t.Tags.merge(snsTags(in.Tags))
	return &sns.TagResourceOutput{}, nil
}
