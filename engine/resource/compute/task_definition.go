package compute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/data"
)

// ContainerName is the name of the app's container in its task definition.
const ContainerName = "app"

// tagSpec is the tag that carries the hash of what a revision was made from.
const tagSpec = "berth:spec"

// TaskDefinition is what a task runs: image, size, environment, log group and roles. AWS never changes one;
// every change registers a new revision.
type TaskDefinition struct {
	resource.Claim
	Owner         resource.Owner
	Process       string          // which of the app's processes runs so; empty for the app's own
	Beside        *TaskDefinition // the app's own, for that of a process; nil for the app's own
	Unwanted      bool            // the app does without; revisions that are left go
	Image         *artifact.Image
	LogGroup      *LogGroup
	ExecutionRole *access.Role
	TaskRole      *access.Role
	More          []resource.Need // others that Environment and Versions need, such as the distribution with its host name

	CPU, Memory int      // CPU units (1024 a vCPU) and MiB
	Arch        string   // X86_64 or ARM64
	Port        int      // zero: it takes no requests
	Entrypoint  []string // instead of the image's; nil: the image's
	Command     []string
	NoInit      bool // the image brings its own first process
	StopTimeout time.Duration
	DiskGB      int    // of disk for each task; up to 20, what Fargate has in any case, is not said
	Settings    string // stands for everything the user said about it, without telling any of it
	// Environment is asked for once everything in More is known; ok is false before that.
	Environment func(*resource.Scope) (env map[string]string, ok bool)
	Secrets     func(*resource.Scope) map[string]string // environment name -> ARN of the parameter or secret
	// Mounts are the folders of a file system that the container has, each at its own path.
	Mounts []*data.AccessPoint
	// Versions are the versions of the secrets by their environment names, as far as they are known; ok is false while
	// one of them is about to change. A task reads a secret when it starts: another version is another revision.
	Versions func(*resource.Scope) (versions map[string]string, ok bool)

	// Service is what runs it, and knows which revisions never came up; nil where nothing does.
	Service *Service

	// Pin is a revision (family:number) to run again as it is, for a rollback: of the app's own family, or for a process
	// the one that it ran with. Empty means a revision with the settings above.
	Pin string

	ARN string // output: of the revision to run

	latest   *ecstypes.TaskDefinition // the latest revision, whatever it is
	found    string                   // its ARN
	hash     string                   // spec hash of the latest revision
	retired  bool                     // there are only revisions that were retired
	previous bool                     // there was a revision before this run
}

// Family is the name that all revisions share.
func (t *TaskDefinition) Family() string { return ofProcess(t.Owner.Name(), t.Process) }

// Info implements Resource.
func (t *TaskDefinition) Info() resource.Info {
	return resource.Info{
		ID: nodeOf("task-definition", t.Process), Kind: "ecs.TaskDefinition", Name: t.Family(), Label: labelOf("the task definition", t.Process),
		Group: resource.GroupCompute, Usually: time.Second, Gone: 2 * time.Second,
	}
}

// Needs implements Resource.
func (t *TaskDefinition) Needs() []resource.Need {
	needs := append(resource.After(t.Image, t.LogGroup, t.ExecutionRole, t.TaskRole), t.More...)
	if t.Beside != nil {
		needs = append(needs, resource.Need{On: t.Beside})
	}
	return needs
}

// Wanted implements Optional.
func (t *TaskDefinition) Wanted() bool { return !t.Unwanted }

// Identifier implements Identified.
func (t *TaskDefinition) Identifier() string { return t.ARN }

// Fingerprint implements plan.Printer.
func (t *TaskDefinition) Fingerprint() string { return t.Settings + t.Pin }

// NewVersion implements Versioned.
func (t *TaskDefinition) NewVersion() event.Action { return event.Update }

// Observe implements Resource.
func (t *TaskDefinition) Observe(ctx context.Context, s *resource.Scope) error {
	family := t.Family()
	if t.Pin != "" && t.Beside != nil {
		if err := t.pinBeside(ctx, s); err != nil || t.Pin == "" {
			return err
		}
	}
	if t.Pin != "" {
		return t.observePinned(ctx, s)
	}
	out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &family, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if cloud.Is(err, "ClientException", "InvalidParameterException") || cloud.NotFound(err) {
		return t.observeRetired(ctx, s)
	}
	if err != nil {
		return err
	}
	t.latest, t.found = out.TaskDefinition, aws.ToString(out.TaskDefinition.TaskDefinitionArn)
	t.previous = t.found != ""
	tags := tagMap(out.Tags)
	t.hash, t.ARN = tags[tagSpec], t.found
	return t.Judge(t.Owner, tags, nil)
}

// observeRetired looks for revisions that a destroy retired and did not come to delete. Nothing is lost where that may not
// be asked.
func (t *TaskDefinition) observeRetired(ctx context.Context, s *resource.Scope) error {
	arns, err := t.revisions(ctx, s, ecstypes.TaskDefinitionStatusInactive)
	if resource.Unseen(err) || err == nil && len(arns) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &arns[0], Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		return resource.UnlessGone(err)
	}
	t.retired = true
	return t.Judge(t.Owner, tagMap(out.Tags), nil)
}

// Exists implements Resource.
func (t *TaskDefinition) Exists() bool { return (t.found != "" || t.retired) && t.Ours() }

// Diff implements Resource.
func (t *TaskDefinition) Diff(s *resource.Scope) resource.Diff {
	switch {
	case t.Unwanted:
		return resource.Unwanted(t)
	case t.Pin != "":
		return resource.None()
	}
	in, ok := t.input(s)
	switch {
	case t.found == "":
		t.ARN = ""
		return resource.Absent()
	case !ok:
		t.ARN = ""
		return resource.Changed("a new revision with "+t.unknown(), t.changes(s)...)
	case t.hash != specHash(in):
		t.ARN = ""
		return resource.Changed("a new revision with changed settings", t.changes(s)...)
	case t.Beside == nil && !t.Image.Kept(t.revision()):
		return resource.Changed("its image is protected from cleanup", resource.Field("kept image", "", "revision "+t.revision()))
	}
	return resource.None()
}

// revision is the number of the revision to run.
func (t *TaskDefinition) revision() string { return numberOf(t.ARN) }

// numberOf is the number of a revision.
func numberOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// unknown names what the new revision waits for.
func (t *TaskDefinition) unknown() string {
	if t.Image.Ref == "" {
		return "the new image"
	}
	return "resources created in this run"
}

// Apply implements Resource.
func (t *TaskDefinition) Apply(ctx context.Context, s *resource.Scope) error {
	in, ok := t.input(s)
	if !ok {
		return fmt.Errorf("register task definition: its inputs are not known yet")
	}
	hash := specHash(in)
	if t.found != "" && t.hash == hash {
		t.ARN = t.found
		return t.keepImage(ctx, s)
	}
	in.Tags = append(t.Owner.ECSTags(nodeOf("task-definition", t.Process)), ecstypes.Tag{Key: aws.String(tagSpec), Value: &hash})
	if t.Beside != nil {
		in.Tags = append(in.Tags, ecstypes.Tag{Key: aws.String(tagBeside), Value: aws.String(shortARN(t.Beside.ARN))})
	}
	in.Tags = append(in.Tags, t.originTags(s)...) // no part of the hash: who deploys it does not make another version
	find := func(ctx context.Context) (bool, error) {
		err := t.Observe(ctx, s)
		return t.hash == hash, err
	}
	register := func(ctx context.Context) error {
		return s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
			out, err := s.ECS.RegisterTaskDefinition(ctx, in, func(o *ecs.Options) { o.Retryer = cloud.OnlyThrottled(o.Retryer) })
			if err == nil {
				t.found = aws.ToString(out.TaskDefinition.TaskDefinitionArn)
				t.ARN, t.hash = t.found, hash
			}
			return err
		})
	}
	previous := t.previous
	err := cloud.Once(ctx, s.Clock, find, register)
	t.previous = previous
	if err != nil {
		return fmt.Errorf("register task definition: %w", err)
	}
	return t.keepImage(ctx, s)
}

// keepImage keeps the image of the revision as long as that may run again. Those of processes run the same image.
func (t *TaskDefinition) keepImage(ctx context.Context, s *resource.Scope) error {
	if t.Beside != nil {
		return nil
	}
	return t.Image.Keep(ctx, s, t.revision())
}

// revisions lists the ARNs of the family's revisions in a status, oldest first.
func (t *TaskDefinition) revisions(ctx context.Context, s *resource.Scope, st ecstypes.TaskDefinitionStatus) ([]string, error) {
	var arns []string
	family := t.Family()
	pages := ecs.NewListTaskDefinitionsPaginator(s.ECS, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: &family, Status: st, Sort: ecstypes.SortOrderAsc,
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list task definitions: %w", err)
		}
		arns = append(arns, out.TaskDefinitionArns...)
	}
	return arns, nil
}

// Delete implements Resource: all revisions.
func (t *TaskDefinition) Delete(ctx context.Context, s *resource.Scope) error {
	active, err := t.revisions(ctx, s, ecstypes.TaskDefinitionStatusActive)
	if err != nil {
		return err
	}
	for _, arn := range active {
		if _, err := s.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
			return fmt.Errorf("retire %s: %w", arn, err)
		}
	}
	inactive, err := t.revisions(ctx, s, ecstypes.TaskDefinitionStatusInactive)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(inactive, 10) {
		out, err := s.ECS.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: batch})
		if cloud.Unknown(err) {
			s.Send(event.Event{Type: event.NodeLog, Stream: "aws", Text: "this endpoint does not support " +
				cloud.Operation(err) + "; the revisions stay INACTIVE"})
			return nil
		}
		if err != nil {
			return fmt.Errorf("delete task definitions: %w", err)
		}
		for _, f := range out.Failures {
			s.Log("aws", "AWS keeps "+aws.ToString(f.Arn)+": "+aws.ToString(f.Reason))
		}
	}
	return nil
}

// passRoles is to hand the app's two roles to its tasks.
func (t *TaskDefinition) passRoles(s *resource.Scope) resource.Permission {
	pass := resource.On(resource.Actions("iam:PassRole"), t.ExecutionRole.RoleARN(s), t.TaskRole.RoleARN(s))
	pass.When = resource.WhenEqual("iam:PassedToService", "ecs-tasks.amazonaws.com")
	return pass
}

func (t *TaskDefinition) arns(s *resource.Scope) string {
	return s.ARN("ecs", "task-definition/"+t.Family()+":*")
}

// Permissions implements Permissioned. Looking up, listing, registering and retiring revisions cannot be bound
// to a family (engine/AWS.md, Permissions).
func (t *TaskDefinition) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("ecs:DescribeTaskDefinition")}
	if t.Pin != "" {
		secrets := resource.On(resource.Actions("ssm:GetParameters"), s.ARN("ssm", "parameter/"+t.Owner.Path()+"/*"))
		secrets.Without = "berth does not check first that the secrets of that version still exist"
		return append(need, resource.On(resource.Actions("ecr:DescribeImages"), t.Image.Repository.ARN(s)), secrets)
	}
	if t.Process == "" {
		families := resource.Anywhere("ecs:ListTaskDefinitionFamilies")
		families.Without = "processes that were removed from berth.toml keep running"
		need = append(need, families)
	}
	tidy := resource.Anywhere("ecs:ListTaskDefinitions", "ecs:DeregisterTaskDefinition")
	tidy.Without = "old revisions stay registered"
	history := t.Service.historyPermissions(s)
	tags := newECS("RegisterTaskDefinition", t.arns(s))[1]
	switch do {
	case event.Create, event.Update, event.Replace:
		need = append(need, resource.Anywhere("ecs:RegisterTaskDefinition"), tags, t.passRoles(s))
		if t.Beside == nil {
			need = append(need, t.Image.KeepPermissions(s)...)
		}
		if do != event.Create {
			need = append(need, tidy)
			need = append(need, history...)
		}
	case event.Delete:
		need = append(need, resource.Anywhere("ecs:ListTaskDefinitions", "ecs:DeregisterTaskDefinition"),
			resource.On(resource.Actions("ecs:DeleteTaskDefinitions"), t.arns(s)))
	case event.None:
		need = append(append(need, tidy), history...)
	}
	return need
}

// TaskDefinitions lists the families of task definitions of all apps.
var TaskDefinitions = resource.Listing{What: "task definitions", List: listTaskDefinitions}

func listTaskDefinitions(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := ecs.NewListTaskDefinitionFamiliesPaginator(s.ECS, &ecs.ListTaskDefinitionFamiliesInput{
		FamilyPrefix: aws.String(resource.NamePrefix), Status: ecstypes.TaskDefinitionFamilyStatusActive,
	})
	err := resource.Pages(ctx, p, func(out *ecs.ListTaskDefinitionFamiliesOutput) error {
		for _, family := range out.Families {
			all = append(all, resource.Found{Kind: "ecs.TaskDefinition", Name: family})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByTags(ctx, all, func(ctx context.Context, f *resource.Found) (map[string]string, error) {
		out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &f.Name, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
		})
		if cloud.Is(err, "ClientException") { // it is gone since it was listed
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if d := out.TaskDefinition; d != nil {
			f.ARN = aws.ToString(d.TaskDefinitionArn)
		}
		return tagMap(out.Tags), nil
	})
}
