package artifact

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/spec"
)

// buildTimeout is how long a build in AWS may take, in minutes.
const buildTimeout = 60

// buildSpec is what a build does: it fetches what image.Pack wrote, builds it, and pushes the image under a tag of its
// own. By what digest it is there comes back in a variable.
const buildSpec = `version: 0.2
env:
  shell: bash
  exported-variables:
    - BERTH_DIGEST
phases:
  pre_build:
    on-failure: ABORT
    commands:
      - set -o pipefail && aws s3 cp --no-progress "s3://$BERTH_SOURCE" - | tar -xz
      - set -o pipefail && aws ecr get-login-password | docker login --username AWS --password-stdin "${BERTH_IMAGE%%/*}"
  build:
    on-failure: ABORT
    commands:
      - sh build.sh
      - docker push --quiet "$BERTH_IMAGE"
      - export BERTH_DIGEST=$(docker image inspect --format '{{index .RepoDigests 0}}' "$BERTH_IMAGE" | cut -d@ -f2)
`

// Grouped is a log group by its name.
type Grouped interface {
	resource.Resource
	Name() string
}

// Trusted is a role that a service takes on, by its ARN.
type Trusted interface {
	resource.Resource
	RoleARN(*resource.Scope) string
}

// BuildProject is the CodeBuild project in which images are built where this machine has nothing that could.
type BuildProject struct {
	resource.Claim
	Owner      resource.Owner
	Role       Trusted
	Logs       Grouped
	Source     *SourceBucket
	Repository *Repository
	Platform   string // what images are built for, on machines of the same kind
	Unneeded   bool   // nothing is built in AWS: a destroy alone looks for it

	found *cbtypes.Project
}

// Name is the project's name. It is known before the project exists.
func (p *BuildProject) Name() string { return p.Owner.Short() + "-build" }

// ARN is the project's ARN. It is known before the project exists.
func (p *BuildProject) ARN(s *resource.Scope) string { return s.ARN("codebuild", "project/"+p.Name()) }

// Info implements Resource.
func (p *BuildProject) Info() resource.Info {
	return resource.Info{
		ID: "build-project", Kind: "codebuild.Project", Name: p.Name(), Label: "the CodeBuild project", Group: resource.GroupImage,
		Usually: 10 * time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (p *BuildProject) Needs() []resource.Need { return resource.After(p.Role, p.Logs) }

// Wanted implements Optional.
func (p *BuildProject) Wanted() bool { return !p.Unneeded }

// Identifier implements Identified.
func (p *BuildProject) Identifier() string {
	if p.found == nil {
		return ""
	}
	return aws.ToString(p.found.Arn)
}

// Observe implements Resource.
func (p *BuildProject) Observe(ctx context.Context, s *resource.Scope) error {
	p.found = nil
	out, err := s.CodeBuild.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: []string{p.Name()}})
	switch {
	case p.Unneeded && resource.Unseen(err):
		return nil
	case err != nil || len(out.Projects) == 0:
		return err
	}
	p.found = &out.Projects[0]
	return p.Judge(p.Owner, projectTags(out.Projects[0]), nil)
}

func projectTags(p cbtypes.Project) map[string]string {
	return resource.TagMap(p.Tags, func(t cbtypes.Tag) (k, v *string) { return t.Key, t.Value })
}

// Exists implements Resource.
func (p *BuildProject) Exists() bool { return p.found != nil && p.Ours() }

// environment is where builds run: on a machine of the kind that the image is for, so that nothing is emulated.
func (p *BuildProject) environment() *cbtypes.ProjectEnvironment {
	e := &cbtypes.ProjectEnvironment{
		Type: cbtypes.EnvironmentTypeLinuxContainer, Image: aws.String("aws/codebuild/amazonlinux2-x86_64-standard:5.0"),
		ComputeType: cbtypes.ComputeTypeBuildGeneral1Small, ImagePullCredentialsType: cbtypes.ImagePullCredentialsTypeCodebuild,
		PrivilegedMode: aws.Bool(true), // without it there is no Docker
	}
	if p.Platform == spec.ARM64 {
		e.Type, e.Image = cbtypes.EnvironmentTypeArmContainer, aws.String("aws/codebuild/amazonlinux2-aarch64-standard:3.0")
	}
	return e
}

// Diff implements Resource.
func (p *BuildProject) Diff(s *resource.Scope) resource.Diff {
	switch {
	case p.Unneeded:
		return resource.Unwanted(p)
	case p.found == nil:
		return resource.Absent()
	}
	var drift resource.Drift
	have, want := p.found.Environment, p.environment()
	if have == nil {
		have = &cbtypes.ProjectEnvironment{}
	}
	if have.Type != want.Type || have.ComputeType != want.ComputeType || aws.ToString(have.Image) != *want.Image {
		drift.Add("builds on another kind of machine", resource.Field("machine", machineText(have), machineText(want)))
	}
	if !aws.ToBool(have.PrivilegedMode) {
		drift.Add("is not allowed to run Docker", resource.Field("privileged", false, true))
	}
	if src := p.found.Source; src == nil || aws.ToString(src.Buildspec) != buildSpec || src.Type != cbtypes.SourceTypeNoSource {
		drift.Add("has another build specification", resource.Field("build specification", "another one", "berth's"))
	}
	if role := p.Role.RoleARN(s); aws.ToString(p.found.ServiceRole) != role {
		drift.Add("runs with another role", resource.Field("role", aws.ToString(p.found.ServiceRole), role))
	}
	if logs := p.found.LogsConfig; logs == nil || logs.CloudWatchLogs == nil || aws.ToString(logs.CloudWatchLogs.GroupName) != p.Logs.Name() {
		drift.Add("writes its log to another log group", resource.Field("log group", "another one", p.Logs.Name()))
	}
	return drift.Diff()
}

func machineText(e *cbtypes.ProjectEnvironment) string {
	return strings.TrimSpace(string(e.Type) + " " + string(e.ComputeType) + " " + aws.ToString(e.Image))
}

// projectSettling is the error while CodeBuild does not know of the role yet (engine/AWS.md, Builds).
var projectSettling = []cloud.Retryable{{Code: "InvalidInputException", Contains: "is not authorized to perform", For: 2 * time.Minute}}

// Apply implements Resource.
func (p *BuildProject) Apply(ctx context.Context, s *resource.Scope) error {
	name, role := p.Name(), p.Role.RoleARN(s)
	source := &cbtypes.ProjectSource{Type: cbtypes.SourceTypeNoSource, Buildspec: aws.String(buildSpec)}
	logs := &cbtypes.LogsConfig{CloudWatchLogs: &cbtypes.CloudWatchLogsConfig{
		Status: cbtypes.LogsConfigStatusTypeEnabled, GroupName: aws.String(p.Logs.Name()), StreamName: aws.String("build"),
	}}
	cache := &cbtypes.ProjectCache{Type: cbtypes.CacheTypeLocal, Modes: []cbtypes.CacheMode{cbtypes.CacheModeLocalDockerLayerCache}}
	if p.found != nil {
		return s.Retry(ctx, projectSettling, func(ctx context.Context) error {
			out, err := s.CodeBuild.UpdateProject(ctx, &codebuild.UpdateProjectInput{
				Name: &name, ServiceRole: &role, Source: source, Environment: p.environment(), LogsConfig: logs, Cache: cache,
			})
			if err != nil {
				return fmt.Errorf("change CodeBuild project: %w", err)
			}
			p.found = out.Project
			return nil
		})
	}
	err := s.Retry(ctx, projectSettling, func(ctx context.Context) error {
		out, err := s.CodeBuild.CreateProject(ctx, &codebuild.CreateProjectInput{
			Name: &name, Description: aws.String("berth: builds the image of " + p.Owner.Name()), ServiceRole: &role,
			Artifacts: &cbtypes.ProjectArtifacts{Type: cbtypes.ArtifactsTypeNoArtifacts}, Source: source, Environment: p.environment(),
			LogsConfig: logs, Cache: cache, TimeoutInMinutes: aws.Int32(buildTimeout),
			Tags: resource.TagList(p.Owner, "build-project", func(k, v *string) cbtypes.Tag { return cbtypes.Tag{Key: k, Value: v} }),
		})
		if err == nil {
			p.found = out.Project
		}
		return err
	})
	if cloud.Is(err, "ResourceAlreadyExistsException") { // made by a call whose answer got lost
		err = s.Adopt(ctx, p.Info().Label, func(ctx context.Context) error { return p.Observe(ctx, s) }, p.Exists)
	}
	if err != nil {
		return fmt.Errorf("create CodeBuild project: %w", err)
	}
	return nil
}

// Delete implements Resource. The record of its builds stays with AWS for a year, which costs nothing.
func (p *BuildProject) Delete(ctx context.Context, s *resource.Scope) error {
	if !p.Exists() {
		return nil
	}
	_, err := s.CodeBuild.DeleteProject(ctx, &codebuild.DeleteProjectInput{Name: aws.String(p.Name())})
	return resource.UnlessGone(err)
}

// Policy is what a build may do.
func (p *BuildProject) Policy(s *resource.Scope) string {
	group := s.ARN("logs", "log-group:"+p.Logs.Name())
	return policy.Of(
		policy.Allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, group, group+":*"),
		policy.Allow([]string{"s3:GetObject"}, p.Source.arn(s)+"/*"),
		policy.Allow([]string{"ecr:GetAuthorizationToken"}, "*"),
		policy.Allow([]string{
			"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
			"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
		}, p.Repository.ARN(s)),
	).Text()
}

// Trust lets CodeBuild take a build's role on, for this account and region.
func (p *BuildProject) Trust(s *resource.Scope) policy.Statement {
	return policy.Statement{
		Effect: "Allow", Principal: map[string]string{"Service": "codebuild.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
		Condition: policy.Condition{
			"StringEquals": {"aws:SourceAccount": {s.Identity.Account}},
			"ArnLike":      {"aws:SourceArn": {s.ARN("codebuild", "project/*")}},
		},
	}
}

// Permissions implements Permissioned.
func (p *BuildProject) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	look := resource.On(resource.Actions("codebuild:BatchGetProjects"), p.ARN(s))
	if p.Unneeded {
		look.Without = "a CodeBuild project of an earlier deployment is not found"
	}
	need := []resource.Permission{look}
	pass := resource.On(resource.Actions("iam:PassRole"), p.Role.RoleARN(s))
	pass.When = resource.WhenEqual("iam:PassedToService", "codebuild.amazonaws.com")
	switch do {
	case event.Create:
		return append(need, resource.On(resource.Actions("codebuild:CreateProject"), p.ARN(s)), pass)
	case event.Update:
		return append(need, resource.On(resource.Actions("codebuild:UpdateProject"), p.ARN(s)), pass)
	case event.Delete:
		return append(need, resource.On(resource.Actions("codebuild:DeleteProject"), p.ARN(s)))
	case event.None, event.Replace:
	}
	return need
}

// Costs implements Coster.
func (p *BuildProject) Costs(b *price.Bill) { b.BuildsInAWS() }

// BuildProjects lists the CodeBuild projects of all apps.
var BuildProjects = resource.Listing{What: "CodeBuild projects", List: listBuildProjects}

func listBuildProjects(ctx context.Context, s *resource.Survey) error {
	p := codebuild.NewListProjectsPaginator(s.CodeBuild, &codebuild.ListProjectsInput{})
	return resource.Pages(ctx, p, func(out *codebuild.ListProjectsOutput) error {
		var names []string
		for _, name := range out.Projects {
			if strings.HasPrefix(name, resource.NamePrefix) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return nil
		}
		all, err := s.CodeBuild.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: names})
		if err != nil {
			return err
		}
		for _, one := range all.Projects {
			s.AddTagged(resource.Found{Kind: "codebuild.Project", Name: aws.ToString(one.Name), ARN: aws.ToString(one.Arn)}, projectTags(one))
		}
		return nil
	})
}
