package sim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgettypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

// budgetsService is AWS Budgets. It is global. What the account spends is not simulated: a budget tells nobody.
func budgetsService() awsService {
	modify, view := action("budgets:ModifyBudget"), action("budgets:ViewBudget")
	return awsService{
		name: "budgets", placeless: true,
		state: []keeper{budgetsShelf},
		operations: []operation{
			op(bgtCreateBudget, modify, tagging("budgets:TagResource")), op(bgtUpdateBudget, modify), op(bgtDeleteBudget, modify), op(bgtDescribeBudget, view),
			op(bgtDescribeBudgets, view, pages("Budgets", 100, 1000)), op(bgtDescribeNotificationsForBudget, view, pages("Notifications", 100, 100)),
			op(bgtDescribeSubscribersForNotification, view, pages("Subscribers", 100, 100)), op(bgtListTagsForResource),
			op(bgtCreateNotification, modify), op(bgtDeleteNotification, modify),
		},
		listGlobal: func(v *inventory) {
			for _, b := range v.st.budgets().Budgets {
				d := *b
				d.Budget.LastUpdatedTime, d.Budget.TimePeriod = nil, nil
				v.add("budgets.Budget", b.name(), false, d)
			}
		},
	}
}

type budgetsState struct{ Budgets []*budget }

const budgetsShelf shelf[budgetsState] = "budgets"

func (st *state) budgets() *budgetsState { return budgetsShelf.in(&st.Kept) }

type budget struct {
	Budget budgettypes.Budget
	Tells  []budgettypes.NotificationWithSubscribers
	Tags   tagMap
}

func (b *budget) name() string { return str(b.Budget.BudgetName) }

func (st *state) budget(name *string) *budget {
	return find(st.budgets().Budgets, func(b *budget) bool { return b.name() == str(name) })
}

// budgetOf is the budget of that name in the caller's account.
func (c *call) budgetOf(account, name *string) (*budget, error) {
	if str(account) != c.st.Account {
		return nil, &budgettypes.AccessDeniedException{Message: msg("Account %s is not the caller's", str(account))}
	}
	if b := c.st.budget(name); b != nil {
		return b, nil
	}
	return nil, &budgettypes.NotFoundException{Message: msg("Unable to get budget: %s - the budget doesn't exist.", str(name))}
}

// subscribable refuses topics that are not there or do not take what a budget says.
func (c *call) subscribable(all []budgettypes.Subscriber) error {
	for _, s := range all {
		if s.SubscriptionType != budgettypes.SubscriptionTypeSns {
			continue
		}
		parts := strings.Split(str(s.Address), ":")
		if len(parts) != 6 {
			return &budgettypes.InvalidParameterException{Message: msg("Invalid SNS topic ARN: %s", str(s.Address))}
		}
		t := c.st.bareRegion(parts[3]).topic(str(s.Address))
		if t == nil || !t.takes("budgets.amazonaws.com", c.st.Account, "arn:aws:budgets::"+c.st.Account+":budget") {
			return &budgettypes.InvalidParameterException{Message: msg("Invalid SNS topic: AWS Budgets cannot publish to %s", str(s.Address))}
		}
	}
	return nil
}

func bgtCreateBudget(c *call, in *budgets.CreateBudgetInput) (*budgets.CreateBudgetOutput, error) {
	if _, err := c.budgetOf(in.AccountId, in.Budget.BudgetName); err == nil {
		return nil, &budgettypes.DuplicateRecordException{Message: msg("Error creating budget: %s - the budget already exists.", str(in.Budget.BudgetName))}
	} else if str(in.AccountId) != c.st.Account {
		return nil, err
	}
	for _, n := range in.NotificationsWithSubscribers {
		if err := c.subscribable(n.Subscribers); err != nil {
			return nil, err
		}
	}
	b := &budget{
		Budget: clone(*in.Budget), Tells: clone(in.NotificationsWithSubscribers),
		Tags: tagsFrom(in.ResourceTags, func(t budgettypes.ResourceTag) (*string, *string) { return t.Key, t.Value }),
	}
	b.touch(c.now)
	c.st.budgets().Budgets = append(c.st.budgets().Budgets, b)
	return &budgets.CreateBudgetOutput{}, nil
}

func (b *budget) touch(at time.Time) {
	b.Budget.LastUpdatedTime = &at
	b.Budget.TimePeriod = &budgettypes.TimePeriod{Start: new(time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC))}
}

func bgtUpdateBudget(c *call, in *budgets.UpdateBudgetInput) (*budgets.UpdateBudgetOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.NewBudget.BudgetName)
	if err != nil {
		return nil, err
	}
	b.Budget = clone(*in.NewBudget)
	b.touch(c.now)
	return &budgets.UpdateBudgetOutput{}, nil
}

func bgtDeleteBudget(c *call, in *budgets.DeleteBudgetInput) (*budgets.DeleteBudgetOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	c.st.budgets().Budgets = remove(c.st.budgets().Budgets, b)
	return &budgets.DeleteBudgetOutput{}, nil
}

func bgtDescribeBudget(c *call, in *budgets.DescribeBudgetInput) (*budgets.DescribeBudgetOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	return &budgets.DescribeBudgetOutput{Budget: new(clone(b.Budget))}, nil
}

func bgtDescribeBudgets(c *call, _ *budgets.DescribeBudgetsInput) (*budgets.DescribeBudgetsOutput, error) {
	out := &budgets.DescribeBudgetsOutput{}
	for _, b := range c.st.budgets().Budgets {
		out.Budgets = append(out.Budgets, clone(b.Budget))
	}
	return out, nil
}

func bgtDescribeNotificationsForBudget(c *call, in *budgets.DescribeNotificationsForBudgetInput) (*budgets.DescribeNotificationsForBudgetOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	out := &budgets.DescribeNotificationsForBudgetOutput{}
	for _, n := range b.Tells {
		out.Notifications = append(out.Notifications, clone(*n.Notification))
	}
	return out, nil
}

// sameNotification says whether both are told of the same.
func sameNotification(a, b *budgettypes.Notification) bool {
	return a.NotificationType == b.NotificationType && a.Threshold == b.Threshold && a.ComparisonOperator == b.ComparisonOperator
}

func bgtDescribeSubscribersForNotification(c *call, in *budgets.DescribeSubscribersForNotificationInput) (*budgets.DescribeSubscribersForNotificationOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	for _, n := range b.Tells {
		if sameNotification(n.Notification, in.Notification) {
			return &budgets.DescribeSubscribersForNotificationOutput{Subscribers: clone(n.Subscribers)}, nil
		}
	}
	return nil, &budgettypes.NotFoundException{Message: msg("Unable to get subscribers: the notification doesn't exist.")}
}

func bgtCreateNotification(c *call, in *budgets.CreateNotificationInput) (*budgets.CreateNotificationOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	for _, n := range b.Tells {
		if sameNotification(n.Notification, in.Notification) {
			return nil, &budgettypes.DuplicateRecordException{Message: msg("Error creating notification: it already exists.")}
		}
	}
	if err := c.subscribable(in.Subscribers); err != nil {
		return nil, err
	}
	b.Tells = append(b.Tells, budgettypes.NotificationWithSubscribers{Notification: clone(in.Notification), Subscribers: clone(in.Subscribers)})
	return &budgets.CreateNotificationOutput{}, nil
}

func bgtDeleteNotification(c *call, in *budgets.DeleteNotificationInput) (*budgets.DeleteNotificationOutput, error) {
	b, err := c.budgetOf(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	for i, n := range b.Tells {
		if sameNotification(n.Notification, in.Notification) {
			b.Tells = append(b.Tells[:i:i], b.Tells[i+1:]...)
			return &budgets.DeleteNotificationOutput{}, nil
		}
	}
	return nil, &budgettypes.NotFoundException{Message: msg("Unable to delete notification: it doesn't exist.")}
}

func bgtListTagsForResource(c *call, in *budgets.ListTagsForResourceInput) (*budgets.ListTagsForResourceOutput, error) {
	_, name, _ := strings.Cut(str(in.ResourceARN), ":budget/")
	b := c.st.budget(&name)
	if b == nil {
		return nil, &budgettypes.NotFoundException{Message: msg("The resource doesn't exist.")}
	}
	return &budgets.ListTagsForResourceOutput{ResourceTags: tagsTo(b.Tags, func(k, v *string) budgettypes.ResourceTag { return budgettypes.ResourceTag{Key: k, Value: v} })}, nil
}
