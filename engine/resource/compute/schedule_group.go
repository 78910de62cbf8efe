package compute

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedtypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// ScheduleGroup holds the schedules of an app: schedules have no tags of their own, so it says whose they are.
type ScheduleGroup struct {
	Owner    resource.Owner
	Behind   []resource.Resource // made before it and removed after it
	Unwanted bool                // the app has no schedules; a group that is left goes

	resource.Claim

	found bool
}

// groupName is how long the name of a group may be (engine/AWS.md, Schedules).
const groupName = 64

// Name is the group's name. It is known before the group exists.
func (g *ScheduleGroup) Name() string {
	name := g.Owner.Name()
	if len(name) > groupName {
		name = strings.Trim(resource.Shorten(name, groupName-7), "-") + "-" + g.Owner.Hash()
	}
	return name
}

// Info implements Resource.
func (g *ScheduleGroup) Info() resource.Info {
	return resource.Info{
		ID: "schedule-group", Kind: "scheduler.ScheduleGroup", Name: g.Name(), Label: "the group of schedules",
		Group: resource.GroupCompute, Usually: time.Second, Gone: 10 * time.Second,
	}
}

// Wanted implements Optional.
func (g *ScheduleGroup) Wanted() bool { return !g.Unwanted }

// Needs implements Resource.
func (g *ScheduleGroup) Needs() []resource.Need { return resource.After(g.Behind...) }

// Identifier implements Identified.
func (g *ScheduleGroup) Identifier() string { return g.Name() }

// Observe implements Resource. A group that is being deleted counts as absent.
func (g *ScheduleGroup) Observe(ctx context.Context, s *resource.Scope) error {
	name := g.Name()
	out, err := s.Schedules.GetScheduleGroup(ctx, &scheduler.GetScheduleGroupInput{Name: &name})
	if cloud.NotFound(err) {
		return nil
	}
	if err == nil {
		g.found = out.State != schedtypes.ScheduleGroupStateDeleting
	}
	return err
}

// Detail implements Detailer: whose the group is.
func (g *ScheduleGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	out, err := s.Schedules.ListTagsForResource(ctx, &scheduler.ListTagsForResourceInput{ResourceArn: aws.String(g.arn(s))})
	if err != nil {
		return g.Judge(g.Owner, nil, err)
	}
	return g.Judge(g.Owner, resource.TagMap(out.Tags, func(t schedtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil)
}

// OfAccount implements OfAccount: its tags are asked for by its ARN.
func (g *ScheduleGroup) OfAccount() {}

func (g *ScheduleGroup) arn(s *resource.Scope) string {
	return s.ARN("scheduler", "schedule-group/"+g.Name())
}

// Exists implements Resource.
func (g *ScheduleGroup) Exists() bool { return g.found && g.Ours() }

// Diff implements Resource.
func (g *ScheduleGroup) Diff(*resource.Scope) resource.Diff {
	switch {
	case g.Unwanted:
		return resource.Unwanted(g)
	case !g.found:
		return resource.Absent()
	}
	return resource.None()
}

// Apply implements Resource.
func (g *ScheduleGroup) Apply(ctx context.Context, s *resource.Scope) error {
	name := g.Name()
	err := s.Retry(ctx, schedulerSettling, func(ctx context.Context) error {
		_, err := s.Schedules.CreateScheduleGroup(ctx, &scheduler.CreateScheduleGroupInput{
			Name: &name, Tags: resource.TagList(g.Owner, "schedule-group", func(k, v *string) schedtypes.Tag { return schedtypes.Tag{Key: k, Value: v} }),
		})
		return err
	})
	if cloud.Is(err, "ConflictException") { // made by a call whose answer got lost
		err = s.Adopt(ctx, g.Info().Label, func(ctx context.Context) error { return g.Observe(ctx, s) }, g.Exists)
	}
	if err != nil {
		return fmt.Errorf("create schedule group: %w", err)
	}
	g.found = true
	return nil
}

// schedulerSettling are the errors of EventBridge Scheduler while others change the same (engine/AWS.md, Schedules).
var schedulerSettling = []cloud.Retryable{
	{Code: "ConflictException", Contains: "being", For: time.Minute},
	{Code: "ValidationException", Contains: "must allow AWS EventBridge Scheduler to assume the role", For: 2 * time.Minute},
}

// Delete implements Resource: the group with all schedules in it.
func (g *ScheduleGroup) Delete(ctx context.Context, s *resource.Scope) error {
	if !g.Exists() {
		return nil
	}
	name := g.Name()
	_, err := s.Schedules.DeleteScheduleGroup(ctx, &scheduler.DeleteScheduleGroupInput{Name: &name})
	if err != nil {
		return resource.UnlessGone(err)
	}
	w := cloud.Wait{For: "the group of schedules to be deleted", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, g.Info().Gone, func(ctx context.Context) (bool, string, error) {
		_, err := s.Schedules.GetScheduleGroup(ctx, &scheduler.GetScheduleGroupInput{Name: &name})
		return cloud.NotFound(err), "", resource.UnlessGone(err)
	})
}

// Permissions implements Permissioned.
func (g *ScheduleGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("scheduler:GetScheduleGroup")
	if g.found || resource.Existing(do) {
		actions = append(actions, "scheduler:ListTagsForResource")
	}
	switch do {
	case event.Create:
		actions = append(actions, "scheduler:CreateScheduleGroup", "scheduler:TagResource")
	case event.Delete:
		actions = append(actions, "scheduler:DeleteScheduleGroup")
	case event.None, event.Update, event.Replace:
	}
	return []resource.Permission{resource.On(actions, g.arn(s))}
}

// ScheduleGroups lists the groups of schedules of all apps.
var ScheduleGroups = resource.Listing{What: "schedules", List: listScheduleGroups}

func listScheduleGroups(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := scheduler.NewListScheduleGroupsPaginator(s.Schedules, &scheduler.ListScheduleGroupsInput{NamePrefix: aws.String(resource.NamePrefix)})
	err := resource.Pages(ctx, p, func(out *scheduler.ListScheduleGroupsOutput) error {
		for _, g := range out.ScheduleGroups {
			all = append(all, resource.Found{Kind: "scheduler.ScheduleGroup", Name: aws.ToString(g.Name), ARN: aws.ToString(g.Arn)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByTags(ctx, all, func(ctx context.Context, f *resource.Found) (map[string]string, error) {
		out, err := s.Schedules.ListTagsForResource(ctx, &scheduler.ListTagsForResourceInput{ResourceArn: &f.ARN})
		if err != nil {
			return nil, err
		}
		return resource.TagMap(out.Tags, func(t schedtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}
