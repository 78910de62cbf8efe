package alarm

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgettypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Budget tells the topic when the whole account is about to cost more than that in a month, and when it does. It cannot be
// about the app alone: AWS tells the costs of an app apart only once its tags are switched on for that, which is for
// whoever pays for the account (engine/AWS.md, Alarms).
type Budget struct {
	resource.Claim
	Topic  *Topic
	Region string
	USD    int // a month; 0: none

	found *budgettypes.Budget
	tells []budgettypes.Notification // as observed
	to    []string                   // whom the first of them tells, as observed
}

// longestBudget is how long the name of a budget may be.
const longestBudget = 100

// Name is the budget's name. Those of all regions are in one place, so it says which region the app is in.
func (b *Budget) Name() string { return b.Topic.Owner.NameWithin(longestBudget, "-"+b.Region) }

// Info implements Resource.
func (b *Budget) Info() resource.Info {
	return resource.Info{
		ID: "budget", Kind: "budgets.Budget", Name: b.Name(), Label: "the budget of the account", Group: resource.GroupAlarms,
		Usually: time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (b *Budget) Wanted() bool { return b.USD > 0 && b.Topic.On }

// Needs implements Resource.
func (b *Budget) Needs() []resource.Need { return []resource.Need{{On: b.Topic, Observe: true}} }

// OfAccount implements OfAccount: budgets are asked for by account.
func (b *Budget) OfAccount() {}

// Identifier implements Identified.
func (b *Budget) Identifier() string {
	if b.found == nil {
		return ""
	}
	return b.Name()
}

func (b *Budget) arn(s *resource.Scope) string { return s.GlobalARN("budgets", "budget/"+b.Name()) }

// Observe implements Resource.
func (b *Budget) Observe(ctx context.Context, s *resource.Scope) error {
	b.found, b.tells, b.to = nil, nil, nil
	if !b.Wanted() && b.Topic.ARN == "" {
		return nil
	}
	out, err := s.Budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: &s.Identity.Account, BudgetName: aws.String(b.Name())})
	if cloud.NotFound(err) || !b.Wanted() && resource.Unseen(err) {
		return nil
	}
	if err == nil {
		b.found = out.Budget
	}
	return err
}

// Detail implements Detailer: whose it is, and whom it tells of what.
func (b *Budget) Detail(ctx context.Context, s *resource.Scope) error {
	if b.found == nil {
		return nil
	}
	tags, err := budgetTags(ctx, s.Clients, b.arn(s))
	if err := b.Judge(b.Topic.Owner, tags, err); err != nil || !b.Wanted() {
		return err
	}
	name := b.Name()
	p := budgets.NewDescribeNotificationsForBudgetPaginator(s.Budgets, &budgets.DescribeNotificationsForBudgetInput{AccountId: &s.Identity.Account, BudgetName: &name})
	b.tells, err = resource.Gather(ctx, p, func(out *budgets.DescribeNotificationsForBudgetOutput) []budgettypes.Notification {
		return out.Notifications
	})
	if err != nil || len(b.tells) == 0 {
		return resource.UnlessGone(err)
	}
	subs, err := s.Budgets.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{
		AccountId: &s.Identity.Account, BudgetName: &name, Notification: &b.tells[0],
	})
	if err != nil {
		return resource.UnlessGone(err)
	}
	for _, one := range subs.Subscribers {
		b.to = append(b.to, aws.ToString(one.Address))
	}
	return nil
}

func budgetTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.Budgets.ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.ResourceTags, func(t budgettypes.ResourceTag) (k, v *string) { return t.Key, t.Value }), nil
}

// Exists implements Resource.
func (b *Budget) Exists() bool { return b.found != nil && b.Ours() }

// Spent is how much the account spent in this month and how much it may, in US dollars, as AWS last counted it. ok is false
// when there is no budget or AWS has not counted yet.
func (b *Budget) Spent() (spent, limit float64, ok bool) {
	if !b.Exists() || b.found.BudgetLimit == nil || b.found.CalculatedSpend == nil || b.found.CalculatedSpend.ActualSpend == nil {
		return 0, 0, false
	}
	spent, err := strconv.ParseFloat(aws.ToString(b.found.CalculatedSpend.ActualSpend.Amount), 64)
	limit, bad := strconv.ParseFloat(aws.ToString(b.found.BudgetLimit.Amount), 64)
	return spent, limit, err == nil && bad == nil
}

// wanted are what the topic is told: that the month will cost more by the forecast, and that it does.
func (b *Budget) wanted() (all []budgettypes.Notification) {
	for _, kind := range []budgettypes.NotificationType{budgettypes.NotificationTypeForecasted, budgettypes.NotificationTypeActual} {
		all = append(all, budgettypes.Notification{
			NotificationType: kind, ComparisonOperator: budgettypes.ComparisonOperatorGreaterThan, Threshold: 100, ThresholdType: budgettypes.ThresholdTypePercentage,
		})
	}
	return all
}

// limit is how much the budget is as observed, as a text.
func (b *Budget) limit() string {
	if b.found.BudgetLimit == nil {
		return ""
	}
	v, err := strconv.ParseFloat(aws.ToString(b.found.BudgetLimit.Amount), 64)
	if err != nil {
		return aws.ToString(b.found.BudgetLimit.Amount)
	}
	return fmt.Sprintf("%g %s", v, aws.ToString(b.found.BudgetLimit.Unit))
}

// tellings are notifications and whom they tell, as a text.
func tellings(all []budgettypes.Notification, to []string) string {
	var texts []string
	for _, n := range all {
		texts = append(texts, fmt.Sprintf("%s %s %g", strings.ToLower(string(n.NotificationType)), strings.ToLower(string(n.ComparisonOperator)), n.Threshold))
	}
	return cmp.Or(resource.Listed(texts), "nothing") + " to " + cmp.Or(resource.Listed(to), "nobody")
}

// listens is what the topic should be told, as a text.
func (b *Budget) listens(s *resource.Scope) string {
	return tellings(b.wanted(), []string{b.Topic.TopicARN(s)})
}

// Diff implements Resource.
func (b *Budget) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !b.Wanted():
		return resource.Unwanted(b)
	case b.found == nil:
		return resource.Diff{Action: event.Create, Why: fmt.Sprintf("tells when the whole AWS account costs more than %d USD in a month", b.USD)}
	}
	var drift resource.Drift
	if was, want := b.limit(), fmt.Sprintf("%d USD", b.USD); was != want {
		drift.Add("is another sum", resource.Field("a month", was, want))
	}
	if was, want := tellings(b.tells, b.to), b.listens(s); was != want {
		drift.Add("tells others, or of something else", resource.Field("tells", was, want))
	}
	return drift.Diff()
}

// Apply implements Resource. A budget that tells others is made anew: there is no call that changes whom all of it tells.
func (b *Budget) Apply(ctx context.Context, s *resource.Scope) error {
	budget := &budgettypes.Budget{
		BudgetName: aws.String(b.Name()), BudgetType: budgettypes.BudgetTypeCost, TimeUnit: budgettypes.TimeUnitMonthly,
		BudgetLimit: &budgettypes.Spend{Amount: aws.String(strconv.Itoa(b.USD)), Unit: aws.String("USD")},
	}
	if b.found != nil && tellings(b.tells, b.to) == b.listens(s) {
		if _, err := s.Budgets.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: &s.Identity.Account, NewBudget: budget}); err != nil {
			return fmt.Errorf("change budget: %w", err)
		}
		b.found = budget
		return nil
	}
	if err := b.Delete(ctx, s); err != nil {
		return fmt.Errorf("make budget anew: %w", err)
	}
	in := &budgets.CreateBudgetInput{
		AccountId: &s.Identity.Account, Budget: budget,
		ResourceTags: resource.TagList(b.Topic.Owner, b.Info().ID, func(k, v *string) budgettypes.ResourceTag { return budgettypes.ResourceTag{Key: k, Value: v} }),
	}
	for _, n := range b.wanted() {
		in.NotificationsWithSubscribers = append(in.NotificationsWithSubscribers, budgettypes.NotificationWithSubscribers{
			Notification: &n, Subscribers: []budgettypes.Subscriber{{SubscriptionType: budgettypes.SubscriptionTypeSns, Address: aws.String(b.Topic.TopicARN(s))}},
		})
	}
	err := s.Retry(ctx, settlingTopic, func(ctx context.Context) error {
		_, err := s.Budgets.CreateBudget(ctx, in)
		return err
	})
	if cloud.Is(err, "DuplicateRecordException") { // made by a call whose answer got lost
		err = s.Adopt(ctx, b.Info().Label, func(ctx context.Context) error { return b.Observe(ctx, s) }, b.Exists)
	}
	if err != nil {
		return fmt.Errorf("create budget: %w", err)
	}
	b.found, b.tells, b.to = budget, b.wanted(), []string{b.Topic.TopicARN(s)}
	return nil
}

// settlingTopic is the error of a topic that was made a moment ago.
var settlingTopic = []cloud.Retryable{{Code: "InvalidParameterException", Contains: "SNS", For: time.Minute}}

// Delete implements Resource.
func (b *Budget) Delete(ctx context.Context, s *resource.Scope) error {
	if !b.Exists() {
		return nil
	}
	_, err := s.Budgets.DeleteBudget(ctx, &budgets.DeleteBudgetInput{AccountId: &s.Identity.Account, BudgetName: aws.String(b.Name())})
	return resource.UnlessGone(err)
}

// Permissions implements Permissioned.
func (b *Budget) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := b.arn(s)
	var actions []string
	if b.Wanted() || b.Topic.ARN != "" || resource.Existing(do) {
		actions = append(actions, "budgets:ViewBudget")
	}
	need := []resource.Permission{}
	if b.found != nil || resource.Existing(do) {
		need = append(need, resource.Whose("budgets:ListTagsForResource", "a budget", arn))
	}
	switch do {
	case event.Create, event.Update, event.Replace:
		actions = append(actions, "budgets:ModifyBudget", "budgets:TagResource")
	case event.Delete:
		actions = append(actions, "budgets:ModifyBudget")
	case event.None:
	}
	return append(need, resource.On(actions, arn))
}

// Budgets lists the budgets of the apps of the region.
var Budgets = resource.Listing{What: "budgets", List: listBudgets}

func listBudgets(ctx context.Context, s *resource.Survey) error {
	id, err := s.WhoAmI(ctx)
	if err != nil {
		return err
	}
	p := budgets.NewDescribeBudgetsPaginator(s.Budgets, &budgets.DescribeBudgetsInput{AccountId: &id.Account})
	all, err := resource.Gather(ctx, p, func(out *budgets.DescribeBudgetsOutput) (found []resource.Found) {
		for _, b := range out.Budgets {
			name := aws.ToString(b.BudgetName)
			if strings.HasPrefix(name, resource.NamePrefix) && strings.HasSuffix(name, "-"+s.Region) {
				found = append(found, resource.Found{Kind: "budgets.Budget", Name: name, ARN: "arn:" + id.Partition + ":budgets::" + id.Account + ":budget/" + name})
			}
		}
		return found
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, budgetTags)
}
