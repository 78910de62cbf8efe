package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedtypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// schedulerService is EventBridge Scheduler, with tasks of ECS as targets. It runs them with a role of its own.
func schedulerService() awsService {
	return awsService{
		name:  "scheduler",
		state: []keeper{schedulerShelf},
		operations: []operation{
			op(schedCreateSchedule, also("iam:PassRole")), op(schedGetSchedule), op(schedUpdateSchedule, also("iam:PassRole")), op(schedDeleteSchedule),
			op(schedListSchedules, pages("Schedules", 100, 100)), op(schedCreateScheduleGroup, tagging("scheduler:TagResource")), op(schedGetScheduleGroup),
			op(schedListScheduleGroups, pages("ScheduleGroups", 100, 100)), op(schedDeleteScheduleGroup), op(schedTagResource), op(schedUntagResource),
			op(schedListTagsForResource),
		},
		list: func(v *inventory, r *region) {
			for _, s := range r.scheduler().Schedules {
				d := *s
				d.Token, d.Created, d.Changed, d.Next, d.Runs, d.Failed, d.FailedAt = "", time.Time{}, time.Time{}, time.Time{}, 0, "", time.Time{}
				v.add("scheduler.Schedule", named(r, nil, s.Group, s.Name), false, d)
			}
			for _, g := range r.scheduler().Groups {
				v.add("scheduler.ScheduleGroup", named(r, nil, g.Name), false, map[string]any{"Tags": g.Tags})
			}
		},
		due: schedulerDue,
	}
}

type schedulerState struct {
	Schedules []*schedule
	Groups    []*scheduleGroup // without the default one
}

const schedulerShelf shelf[schedulerState] = "scheduler"

func (r *region) scheduler() *schedulerState { return schedulerShelf.in(&r.Kept) }

type schedule struct {
	Name       string
	Group      string
	Expression string
	Zone       string
	Enabled    bool
	Desc       string
	Token      string
	Window     *schedtypes.FlexibleTimeWindow
	Target     *schedtypes.Target
	Start, End time.Time // zero for no limit
	Once       bool      // is deleted after its last run
	Created    time.Time
	Changed    time.Time
	Next       time.Time // zero for never
	Runs       int
	Failed     string // why its last run came to nothing
	FailedAt   time.Time
}

type scheduleGroup struct {
	Name    string
	Created time.Time
	Tags    tagMap
}

func (r *region) schedule(group, name *string) *schedule {
	return find(r.scheduler().Schedules, func(s *schedule) bool { return s.Name == str(name) && s.Group == val(group, "default") })
}

func (r *region) scheduleGroup(name string) *scheduleGroup {
	if name == "default" {
		return &scheduleGroup{Name: name}
	}
	return find(r.scheduler().Groups, func(g *scheduleGroup) bool { return g.Name == name })
}

func noSchedule(name *string) error {
	return &schedtypes.ResourceNotFoundException{Message: msg("Schedule %s does not exist.", str(name))}
}

func noScheduleGroup(name string) error {
	return &schedtypes.ResourceNotFoundException{Message: msg("Schedule group %s does not exist.", name)}
}

// schedulerDue is the next run of a schedule.
func schedulerDue(w *world) (due time.Time, step func(time.Time)) {
	for _, s := range w.r.scheduler().Schedules {
		if !s.Next.IsZero() && (step == nil || s.Next.Before(due)) {
			due, step = s.Next, func(at time.Time) { w.fire(s, at) }
		}
	}
	return due, step
}

// fire runs a schedule's task, and says when it runs next.
func (w *world) fire(s *schedule, at time.Time) {
	s.Runs++
	if s.Failed = w.runScheduled(s, at); s.Failed != "" {
		s.FailedAt = at
	}
	if s.plan(at); s.Next.IsZero() && s.Once {
		w.r.scheduler().Schedules = remove(w.r.scheduler().Schedules, s)
	}
}

// plan says when a schedule runs next after a time.
func (s *schedule) plan(after time.Time) {
	s.Next = time.Time{}
	if !s.Enabled {
		return
	}
	if after.Before(s.Start) {
		after = s.Start
	}
	times, err := parseSchedule(s.Expression, s.Zone, s.Created)
	if err != nil {
		return // cannot be: it was checked
	}
	if next := times(after); s.End.IsZero() || !next.After(s.End) {
		s.Next = next
	}
}

// runScheduled starts the task of a schedule, or says why it cannot.
func (w *world) runScheduled(s *schedule, at time.Time) string {
	p := s.Target.EcsParameters
	k := w.r.cluster(str(s.Target.Arn))
	d := w.r.taskDef(str(p.TaskDefinitionArn))
	switch {
	case k == nil || k.Inactive:
		return "ClusterNotFoundException: Cluster not found."
	case d == nil || d.Def.Status != ecstypes.TaskDefinitionStatusActive:
		return "ClientException: TaskDefinition is inactive"
	}
	role := w.st.roleByARN(str(s.Target.RoleArn))
	if role == nil || !allows(role.policies(), "ecs:RunTask", d.ARN) {
		return "AccessDeniedException: the role is not authorized to perform: ecs:RunTask on resource: " + d.ARN
	}
	for _, arn := range []*string{d.Def.ExecutionRoleArn, d.Def.TaskRoleArn} {
		if arn != nil && !allows(role.policies(), "iam:PassRole", *arn) {
			return "AccessDeniedException: the role is not authorized to perform: iam:PassRole on resource: " + *arn
		}
	}
	if arn := w.unassumable(d, at); arn != "" {
		return "ClientException: ECS was unable to assume the role '" + arn + "'"
	}
	if p.NetworkConfiguration == nil || p.NetworkConfiguration.AwsvpcConfiguration == nil || w.overQuota(d) {
		return "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified."
	}
	var input struct {
		ContainerOverrides []struct {
			Name    string
			Command []string
		}
	}
	if text := str(s.Target.Input); text != "" && json.Unmarshal([]byte(text), &input) != nil {
		return "InvalidParameterException: the input is no JSON"
	}
	v := p.NetworkConfiguration.AwsvpcConfiguration
	network := &ecstypes.AwsVpcConfiguration{Subnets: v.Subnets, SecurityGroups: v.SecurityGroups, AssignPublicIp: ecstypes.AssignPublicIp(v.AssignPublicIp)}
	for i := range int(val(p.TaskCount, 1)) {
		t := w.newTask(d, network, stableID(s.Group, s.Name, at.String()), i, w.a.fateNow(d.ARN), at)
		t.Cluster, t.Group, t.Rollout, t.Alone = k.ARN, val(p.Group, "family:"+d.Family), "chronos-schedule/"+s.Name, true
		t.ARN = fmt.Sprintf("arn:aws:ecs:%s:%s:task/%s/%s", w.r.Name, w.st.Account, k.Name, t.ID)
		t.Exec = val(p.EnableExecuteCommand, false)
		for _, o := range input.ContainerOverrides {
			t.Command = o.Command
		}
		if p.PropagateTags != "" {
			t.Tags = d.Tags
		}
		w.r.ecs().Tasks = append(w.r.ecs().Tasks, t)
	}
	return ""
}

// settleSchedule checks a schedule against everything that it names.
func (c *call) settleSchedule(s *schedule) error {
	wrong := func(format string, args ...any) error {
		return &schedtypes.ValidationException{Message: msg(format, args...)}
	}
	if c.r.scheduleGroup(s.Group) == nil {
		return noScheduleGroup(s.Group)
	}
	if _, err := parseSchedule(s.Expression, s.Zone, c.now); err != nil {
		return wrong("%s", err.Error())
	}
	if s.Window == nil || s.Window.Mode == schedtypes.FlexibleTimeWindowModeFlexible && s.Window.MaximumWindowInMinutes == nil {
		return wrong("Flexible time window is not valid.")
	}
	role := c.st.roleByARN(str(s.Target.RoleArn))
	trusted := false
	if role != nil && !c.now.Before(role.TrustSince.Add(c.a.delay(latIAM, role.Name))) {
		doc, err := parsePolicy(role.Trust, true)
		trusted = err == nil && doc.trusts("scheduler.amazonaws.com", c.st.Account, c.arn("scheduler", "schedule-group/%s", s.Group))
	}
	if !trusted {
		return wrong("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	if s.Target.EcsParameters == nil {
		return wrong("sim: the simulated account knows targets of ECS only")
	}
	s.plan(c.now)
	return nil
}

// scheduleOf makes a schedule of an input. Creating and updating take the same fields.
func scheduleOf(in *scheduler.CreateScheduleInput) *schedule {
	s := &schedule{
		Name: str(in.Name), Group: val(in.GroupName, "default"), Expression: str(in.ScheduleExpression), Zone: val(in.ScheduleExpressionTimezone, "UTC"),
		Enabled: in.State != schedtypes.ScheduleStateDisabled, Desc: str(in.Description), Token: str(in.ClientToken), Window: clone(in.FlexibleTimeWindow),
		Target: clone(in.Target), Once: in.ActionAfterCompletion == schedtypes.ActionAfterCompletionDelete,
	}
	if in.StartDate != nil {
		s.Start = *in.StartDate
	}
	if in.EndDate != nil {
		s.End = *in.EndDate
	}
	return s
}

func schedCreateSchedule(c *call, in *scheduler.CreateScheduleInput) (*scheduler.CreateScheduleOutput, error) {
	arn := new(c.arn("scheduler", "schedule/%s/%s", val(in.GroupName, "default"), str(in.Name)))
	if s := c.r.schedule(in.GroupName, in.Name); s != nil {
		if s.Token == str(in.ClientToken) {
			return &scheduler.CreateScheduleOutput{ScheduleArn: arn}, nil
		}
		return nil, &schedtypes.ConflictException{Message: msg("Schedule %s already exists.", s.Name)}
	}
	s := scheduleOf(in)
	s.Created, s.Changed = c.now, c.now
	if err := c.settleSchedule(s); err != nil {
		return nil, err
	}
	c.r.scheduler().Schedules = append(c.r.scheduler().Schedules, s)
	return &scheduler.CreateScheduleOutput{ScheduleArn: arn}, nil
}

// schedUpdateSchedule replaces everything; what is left out gets its default.
func schedUpdateSchedule(c *call, in *scheduler.UpdateScheduleInput) (*scheduler.UpdateScheduleOutput, error) {
	s := c.r.schedule(in.GroupName, in.Name)
	if s == nil {
		return nil, noSchedule(in.Name)
	}
	next := scheduleOf(&scheduler.CreateScheduleInput{
		Name: in.Name, GroupName: in.GroupName, ScheduleExpression: in.ScheduleExpression, ScheduleExpressionTimezone: in.ScheduleExpressionTimezone, State: in.State,
		Description: in.Description, FlexibleTimeWindow: in.FlexibleTimeWindow, Target: in.Target, StartDate: in.StartDate, EndDate: in.EndDate,
		ActionAfterCompletion: in.ActionAfterCompletion, ClientToken: &s.Token,
	})
	next.Created, next.Changed, next.Runs = s.Created, c.now, s.Runs
	if err := c.settleSchedule(next); err != nil {
		return nil, err
	}
	*s = *next
	return &scheduler.UpdateScheduleOutput{ScheduleArn: new(c.arn("scheduler", "schedule/%s/%s", s.Group, s.Name))}, nil
}

func (s *schedule) state() schedtypes.ScheduleState {
	if s.Enabled {
		return schedtypes.ScheduleStateEnabled
	}
	return schedtypes.ScheduleStateDisabled
}

func schedGetSchedule(c *call, in *scheduler.GetScheduleInput) (*scheduler.GetScheduleOutput, error) {
	s := c.r.schedule(in.GroupName, in.Name)
	if s == nil {
		return nil, noSchedule(in.Name)
	}
	out := &scheduler.GetScheduleOutput{
		Name: new(s.Name), GroupName: new(s.Group), Arn: new(c.arn("scheduler", "schedule/%s/%s", s.Group, s.Name)), ScheduleExpression: new(s.Expression),
		ScheduleExpressionTimezone: new(s.Zone), State: s.state(), Description: orNil(s.Desc), FlexibleTimeWindow: clone(s.Window), Target: clone(s.Target),
		StartDate: timeOrNil(s.Start), EndDate: timeOrNil(s.End), CreationDate: new(s.Created), LastModificationDate: new(s.Changed), ActionAfterCompletion: schedtypes.ActionAfterCompletionNone,
	}
	if s.Once {
		out.ActionAfterCompletion = schedtypes.ActionAfterCompletionDelete
	}
	return out, nil
}

func schedDeleteSchedule(c *call, in *scheduler.DeleteScheduleInput) (*scheduler.DeleteScheduleOutput, error) {
	s := c.r.schedule(in.GroupName, in.Name)
	if s == nil {
		return nil, noSchedule(in.Name)
	}
	c.r.scheduler().Schedules = remove(c.r.scheduler().Schedules, s)
	return &scheduler.DeleteScheduleOutput{}, nil
}

func schedListSchedules(c *call, in *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) {
	out := &scheduler.ListSchedulesOutput{}
	for _, s := range c.r.scheduler().Schedules {
		if in.GroupName != nil && s.Group != *in.GroupName || !strings.HasPrefix(s.Name, str(in.NamePrefix)) || in.State != "" && in.State != s.state() {
			continue
		}
		out.Schedules = append(out.Schedules, schedtypes.ScheduleSummary{
			Name: new(s.Name), GroupName: new(s.Group), Arn: new(c.arn("scheduler", "schedule/%s/%s", s.Group, s.Name)), State: s.state(), CreationDate: new(s.Created),
			LastModificationDate: new(s.Changed), Target: &schedtypes.TargetSummary{Arn: s.Target.Arn},
		})
	}
	return out, nil
}

func schedCreateScheduleGroup(c *call, in *scheduler.CreateScheduleGroupInput) (*scheduler.CreateScheduleGroupOutput, error) {
	if c.r.scheduleGroup(str(in.Name)) != nil {
		return nil, &schedtypes.ConflictException{Message: msg("Schedule group %s already exists.", str(in.Name))}
	}
	g := &scheduleGroup{Name: str(in.Name), Created: c.now, Tags: tagsFrom(in.Tags, func(t schedtypes.Tag) (*string, *string) { return t.Key, t.Value })}
	c.r.scheduler().Groups = append(c.r.scheduler().Groups, g)
	return &scheduler.CreateScheduleGroupOutput{ScheduleGroupArn: new(c.arn("scheduler", "schedule-group/%s", g.Name))}, nil
}

func schedGetScheduleGroup(c *call, in *scheduler.GetScheduleGroupInput) (*scheduler.GetScheduleGroupOutput, error) {
	g := c.r.scheduleGroup(str(in.Name))
	if g == nil {
		return nil, noScheduleGroup(str(in.Name))
	}
	return &scheduler.GetScheduleGroupOutput{
		Name: new(g.Name), Arn: new(c.arn("scheduler", "schedule-group/%s", g.Name)), State: schedtypes.ScheduleGroupStateActive, CreationDate: timeOrNil(g.Created),
	}, nil
}

func schedListScheduleGroups(c *call, in *scheduler.ListScheduleGroupsInput) (*scheduler.ListScheduleGroupsOutput, error) {
	out := &scheduler.ListScheduleGroupsOutput{}
	for _, g := range append([]*scheduleGroup{c.r.scheduleGroup("default")}, c.r.scheduler().Groups...) {
		if strings.HasPrefix(g.Name, str(in.NamePrefix)) {
			out.ScheduleGroups = append(out.ScheduleGroups, schedtypes.ScheduleGroupSummary{
				Name: new(g.Name), Arn: new(c.arn("scheduler", "schedule-group/%s", g.Name)), State: schedtypes.ScheduleGroupStateActive, CreationDate: timeOrNil(g.Created),
			})
		}
	}
	return out, nil
}

// schedDeleteScheduleGroup takes the schedules of the group along.
func schedDeleteScheduleGroup(c *call, in *scheduler.DeleteScheduleGroupInput) (*scheduler.DeleteScheduleGroupOutput, error) {
	g := c.r.scheduleGroup(str(in.Name))
	switch {
	case g == nil:
		return nil, noScheduleGroup(str(in.Name))
	case g.Name == "default":
		return nil, &schedtypes.ValidationException{Message: msg("The default schedule group cannot be deleted.")}
	}
	kept := c.r.scheduler()
	kept.Groups = remove(kept.Groups, g)
	kept.Schedules = slices.DeleteFunc(kept.Schedules, func(s *schedule) bool { return s.Group == g.Name })
	return &scheduler.DeleteScheduleGroupOutput{}, nil
}

// onGroupARN looks a schedule group up by its ARN: only groups have tags.
func (c *call) onGroupARN(arn *string) (*scheduleGroup, error) {
	if g := c.r.scheduleGroup(lastPart(str(arn))); g != nil && strings.Contains(str(arn), ":schedule-group/") {
		return g, nil
	}
	return nil, noScheduleGroup(str(arn))
}

func schedTagResource(c *call, in *scheduler.TagResourceInput) (*scheduler.TagResourceOutput, error) {
	g, err := c.onGroupARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	g.Tags = g.Tags.merge(tagsFrom(in.Tags, func(t schedtypes.Tag) (*string, *string) { return t.Key, t.Value }))
	return &scheduler.TagResourceOutput{}, nil
}

func schedUntagResource(c *call, in *scheduler.UntagResourceInput) (*scheduler.UntagResourceOutput, error) {
	g, err := c.onGroupARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	g.Tags = g.Tags.without(in.TagKeys)
	return &scheduler.UntagResourceOutput{}, nil
}

func schedListTagsForResource(c *call, in *scheduler.ListTagsForResourceInput) (*scheduler.ListTagsForResourceOutput, error) {
	g, err := c.onGroupARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &scheduler.ListTagsForResourceOutput{Tags: tagsTo(g.Tags, func(k, v *string) schedtypes.Tag { return schedtypes.Tag{Key: k, Value: v} })}, nil
}
