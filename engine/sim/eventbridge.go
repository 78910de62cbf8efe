package sim

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// eventsService is Amazon EventBridge: rules of the default bus. It tells of tasks that stopped, to topics of SNS.
func eventsService() awsService {
	return awsService{
		name: "eventbridge", prefix: "events", placeless: true,
		state: []keeper{eventsShelf},
		operations: []operation{
			op(ebPutRule, tagging("events:TagResource")), op(ebDescribeRule), op(ebDeleteRule), op(ebListRules, pages("Rules", 100, 100)), op(ebPutTargets),
			op(ebListTargetsByRule, pages("Targets", 100, 100)), op(ebRemoveTargets), op(ebListTagsForResource), op(ebTagResource),
		},
		list: func(v *inventory, r *region) {
			for _, k := range r.events().Rules {
				d := *k
				d.ARN = ""
				v.add("events.Rule", named(r, nil, k.Name), false, d)
			}
		},
	}
}

type eventsState struct{ Rules []*eventRule }

const eventsShelf shelf[eventsState] = "events"

func (r *region) events() *eventsState { return eventsShelf.in(&r.Kept) }

type eventRule struct {
	Name, ARN, Pattern, Text string
	Enabled                  bool
	Targets                  map[string]string // id -> ARN
	Tags                     tagMap
}

func (r *region) eventRule(name string) *eventRule {
	return find(r.events().Rules, func(k *eventRule) bool { return k.Name == name })
}

func noEventRule(name string) error {
	return &ebtypes.ResourceNotFoundException{Message: msg("Rule %s does not exist on EventBus default.", name)}
}

// taskStoppedEvent is what ECS tells EventBridge of a task that stopped, to all rules that it fits.
func (w *world) taskStoppedEvent(t *task, at time.Time) {
	if len(w.r.events().Rules) == 0 {
		return
	}
	container := map[string]any{"lastStatus": taskStopped}
	if t.ExitCode != nil {
		container["exitCode"] = float64(*t.ExitCode)
	}
	event := map[string]any{
		"source": "aws.ecs", "detail-type": "ECS Task State Change", "account": w.st.Account, "region": w.r.Name, "time": at.UTC().Format(time.RFC3339),
		"detail": map[string]any{
			"clusterArn": t.Cluster, "taskArn": t.ARN, "taskDefinitionArn": t.TaskDef, "group": t.Group, "startedBy": t.Rollout, "lastStatus": taskStopped,
			"desiredStatus": taskStopped, "stopCode": string(t.StopCode), "stoppedReason": t.Reason, "containers": []any{container},
		},
	}
	text, _ := json.Marshal(event) // plain data
	for _, k := range w.r.events().Rules {
		var wants map[string]any
		if !k.Enabled || json.Unmarshal([]byte(k.Pattern), &wants) != nil || !fitsPattern(wants, event) {
			continue
		}
		for _, arn := range k.Targets {
			if topic := w.r.topic(arn); topic != nil && topic.takes("events.amazonaws.com", w.st.Account, k.ARN) {
				topic.Messages = append(topic.Messages, string(text))
			}
		}
	}
}

// fitsPattern says whether an event has all that a pattern asks for.
func fitsPattern(wants, has map[string]any) bool {
	for key, want := range wants {
		if ways, ok := want.([]any); ok && key == "$or" {
			met := false
			for _, one := range ways {
				m, ok := one.(map[string]any)
				met = met || ok && fitsPattern(m, has)
			}
			if !met {
				return false
			}
			continue
		}
		if !fitsValue(want, has[key]) {
			return false
		}
	}
	return true
}

// fitsValue compares one field: of a list in the event any entry may fit.
func fitsValue(want, have any) bool {
	if all, ok := have.([]any); ok {
		for _, one := range all {
			if fitsValue(want, one) {
				return true
			}
		}
		return false
	}
	switch w := want.(type) {
	case map[string]any:
		m, ok := have.(map[string]any)
		return ok && fitsPattern(w, m)
	case []any:
		for _, one := range w {
			if fitsMatcher(one, have) {
				return true
			}
		}
	}
	return false
}

// fitsMatcher is one of the ways to say which values fit.
func fitsMatcher(want, have any) bool {
	m, ok := want.(map[string]any)
	if !ok {
		return have != nil && reflect.DeepEqual(want, have)
	}
	if p, ok := m["prefix"].(string); ok {
		s, isText := have.(string)
		return isText && strings.HasPrefix(s, p)
	}
	if not, ok := m["anything-but"]; ok {
		all, isList := not.([]any)
		if !isList {
			all = []any{not}
		}
		for _, one := range all {
			if reflect.DeepEqual(one, have) {
				return false
			}
		}
		return have != nil
	}
	return false
}

func ebPutRule(c *call, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	var pattern map[string]any
	if json.Unmarshal([]byte(str(in.EventPattern)), &pattern) != nil || len(pattern) == 0 {
		return nil, &ebtypes.InvalidEventPatternException{Message: msg("Event pattern is not valid.")}
	}
	k := c.r.eventRule(str(in.Name))
	if k == nil {
		k = &eventRule{
			Name: str(in.Name), ARN: c.arn("events", "rule/%s", str(in.Name)), Targets: map[string]string{},
			Tags: tagsFrom(in.Tags, func(t ebtypes.Tag) (*string, *string) { return t.Key, t.Value }),
		}
		c.r.events().Rules = append(c.r.events().Rules, k)
	}
	k.Pattern, k.Text, k.Enabled = str(in.EventPattern), str(in.Description), in.State != ebtypes.RuleStateDisabled
	return &eventbridge.PutRuleOutput{RuleArn: new(k.ARN)}, nil
}

func (k *eventRule) state() ebtypes.RuleState {
	if k.Enabled {
		return ebtypes.RuleStateEnabled
	}
	return ebtypes.RuleStateDisabled
}

func ebDescribeRule(c *call, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	k := c.r.eventRule(str(in.Name))
	if k == nil {
		return nil, noEventRule(str(in.Name))
	}
	return &eventbridge.DescribeRuleOutput{Name: new(k.Name), Arn: new(k.ARN), EventPattern: new(k.Pattern), Description: new(k.Text), State: k.state(), EventBusName: new("default")}, nil
}

func ebDeleteRule(c *call, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	k := c.r.eventRule(str(in.Name))
	if k != nil && len(k.Targets) > 0 {
		return nil, apiErr("ValidationException", "Rule can't be deleted since it has targets.")
	}
	c.r.events().Rules = remove(c.r.events().Rules, k)
	return &eventbridge.DeleteRuleOutput{}, nil
}

func ebListRules(c *call, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	out := &eventbridge.ListRulesOutput{}
	for _, k := range c.r.events().Rules {
		if strings.HasPrefix(k.Name, str(in.NamePrefix)) {
			out.Rules = append(out.Rules, ebtypes.Rule{Name: new(k.Name), Arn: new(k.ARN), EventPattern: new(k.Pattern), State: k.state()})
		}
	}
	return out, nil
}

func ebPutTargets(c *call, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	k := c.r.eventRule(str(in.Rule))
	if k == nil {
		return nil, noEventRule(str(in.Rule))
	}
	for _, t := range in.Targets {
		k.Targets[str(t.Id)] = str(t.Arn)
	}
	return &eventbridge.PutTargetsOutput{}, nil
}

func ebListTargetsByRule(c *call, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	k := c.r.eventRule(str(in.Rule))
	if k == nil {
		return nil, noEventRule(str(in.Rule))
	}
	out := &eventbridge.ListTargetsByRuleOutput{}
	for _, id := range tagMap(k.Targets).keys() {
		out.Targets = append(out.Targets, ebtypes.Target{Id: new(id), Arn: new(k.Targets[id])})
	}
	return out, nil
}

func ebRemoveTargets(c *call, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	k := c.r.eventRule(str(in.Rule))
	if k == nil {
		return nil, noEventRule(str(in.Rule))
	}
	for _, id := range in.Ids {
		delete(k.Targets, id)
	}
	return &eventbridge.RemoveTargetsOutput{}, nil
}

// onRule looks a rule up by its ARN.
func (c *call) onRule(arn *string) (*eventRule, error) {
	if k := find(c.r.events().Rules, func(k *eventRule) bool { return k.ARN == str(arn) }); k != nil {
		return k, nil
	}
	return nil, noEventRule(lastPart(str(arn)))
}

func ebListTagsForResource(c *call, in *eventbridge.ListTagsForResourceInput) (*eventbridge.ListTagsForResourceOutput, error) {
	k, err := c.onRule(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &eventbridge.ListTagsForResourceOutput{Tags: tagsTo(k.Tags, func(k, v *string) ebtypes.Tag { return ebtypes.Tag{Key: k, Value: v} })}, nil
}

func ebTagResource(c *call, in *eventbridge.TagResourceInput) (*eventbridge.TagResourceOutput, error) {
	k, err := c.onRule(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	k.Tags = k.Tags.merge(tagsFrom(in.Tags, func(t ebtypes.Tag) (*string, *string) { return t.Key, t.Value }))
	return &eventbridge.TagResourceOutput{}, nil
}
