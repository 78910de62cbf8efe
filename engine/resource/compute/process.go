package compute

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// An app is one program, or several processes of the same image: its own, which takes the requests, and others beside it.
// Each has a task definition of its own, and a service or a schedule.

// processMark stands between a name of the app's own and that of a process. Neither can hold it, so that each name can be
// taken apart again.
const processMark = "_"

// ofProcess is the name of what belongs to a process, made of what the app's own is called.
func ofProcess(name, process string) string {
	if process == "" {
		return name
	}
	return name + processMark + process
}

// nodeOf is the id of a resource that each process has one of.
func nodeOf(id, process string) string {
	if process == "" {
		return id
	}
	return id + ":" + process
}

// labelOf is what such a resource is called in sentences.
func labelOf(label, process string) string {
	if process == "" {
		return label
	}
	return label + " of " + process
}

// Processes lists the processes of an app that anything is there of, in the order of their names. It takes one call, as
// each has a task definition that is made before and removed after all else of it. Errors of the SDK come as they are.
func Processes(ctx context.Context, c *cloud.Clients, o resource.Owner) ([]string, error) {
	prefix := ofProcess(o.Name(), "") + processMark
	var names []string
	p := ecs.NewListTaskDefinitionFamiliesPaginator(c.ECS, &ecs.ListTaskDefinitionFamiliesInput{
		FamilyPrefix: &prefix, Status: ecstypes.TaskDefinitionFamilyStatusActive,
	})
	err := resource.Pages(ctx, p, func(out *ecs.ListTaskDefinitionFamiliesOutput) error {
		for _, family := range out.Families {
			if !opening(family) {
				names = append(names, strings.TrimPrefix(family, prefix))
			}
		}
		return nil
	})
	return names, err
}

// Tasks are the tasks of all revisions, those that run and those that stopped in the last hour. Errors of the SDK come as
// they are.
func (t *TaskDefinition) Tasks(ctx context.Context, s *resource.Scope) (all []ecstypes.Task, err error) {
	all, err = t.tasks(ctx, s, ecstypes.DesiredStatusRunning)
	if err != nil {
		return nil, err
	}
	stopped, err := t.tasks(ctx, s, ecstypes.DesiredStatusStopped)
	return append(all, stopped...), err
}

// Ended are the tasks that ended by themselves in the last hour. Errors of the SDK come as they are.
func (t *TaskDefinition) Ended(ctx context.Context, s *resource.Scope) ([]ecstypes.Task, error) {
	all, err := t.tasks(ctx, s, ecstypes.DesiredStatusStopped)
	return slices.DeleteFunc(all, func(one ecstypes.Task) bool { return one.StopCode != ecstypes.TaskStopCodeEssentialContainerExited }), err
}

func (t *TaskDefinition) tasks(ctx context.Context, s *resource.Scope, st ecstypes.DesiredStatus) ([]ecstypes.Task, error) {
	cluster, family := t.Owner.Name(), t.Family()
	all, err := tasksOf(ctx, s.Clients, &ecs.ListTasksInput{Cluster: &cluster, Family: &family, DesiredStatus: st})
	return all, resource.UnlessGone(err)
}

// tagBeside is the tag of a process's revision that says beside which revision of the app's own it was made.
const tagBeside = "berth:beside"

// pinBeside finds the revision that the process ran with while the app's own ran the pinned one: the newest that was made
// beside that or an earlier one. A process that is younger stays as it is.
func (t *TaskDefinition) pinBeside(ctx context.Context, s *resource.Scope) error {
	until := number(t.Pin)
	t.Pin = ""
	arns, err := t.revisions(ctx, s, ecstypes.TaskDefinitionStatusActive)
	if err != nil {
		return err
	}
	for _, arn := range slices.Backward(arns) {
		out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &arn, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
		})
		if err != nil {
			return err
		}
		if n := number(tagMap(out.Tags)[tagBeside]); n > 0 && n <= until {
			t.Pin = shortARN(arn)
			return nil
		}
	}
	if len(arns) > 0 {
		t.Pin = shortARN(arns[len(arns)-1])
	}
	return nil
}

// number is the number of a revision (family:number), zero when it has none.
func number(revision string) int {
	_, n, _ := strings.Cut(revision, ":")
	i, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return i
}
