package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

// codeBuildService is CodeBuild: projects here, their builds in a file of their own.
func codeBuildService() awsService {
	return awsService{
		name:  "codebuild",
		state: []keeper{codeBuildShelf},
		operations: []operation{
			op(cbCreateProject, also("iam:PassRole")), op(cbUpdateProject, alsoFor(func(in *codebuild.UpdateProjectInput) []string {
				if in.ServiceRole == nil {
					return nil
				}
				return []string{"iam:PassRole"}
			})), op(cbDeleteProject), op(cbBatchGetProjects), op(cbListProjects, pages("Projects", 100, 100)),
			op(cbStartBuild), op(cbStopBuild), op(cbBatchGetBuilds), op(cbListBuildsForProject, pages("Ids", 100, 100)),
		},
		latencies: map[lat]time.Duration{
			latCodeStart: 25 * time.Second, // assumed: from the call until the first command of a build runs
			latCodeEnd:   3 * time.Second,  // assumed: from the last command until the build counts as complete
		},
		list: func(v *inventory, r *region) {
			for _, p := range r.codeBuild().Projects {
				d := *p
				d.Created, d.Count = time.Time{}, 0
				v.add("codebuild.Project", named(r, nil, p.Name), false, d)
			}
		},
		due: codeBuildDue,
	}
}

const (
	latCodeStart lat = "codebuild.start"
	latCodeEnd   lat = "codebuild.end"
)

type codeBuildState struct {
	Projects []*codeProject
	Builds   []*codeBuild // the newest
}

const codeBuildShelf shelf[codeBuildState] = "codebuild"

func (r *region) codeBuild() *codeBuildState { return codeBuildShelf.in(&r.Kept) }

type codeProject struct {
	Name, Desc, Role           string
	Source, Spec               string // its type, and the build specification in it
	Type, Compute, Image, Pull string
	Privileged                 bool
	Group, Stream              string // of its logs
	Cache                      []string
	Timeout                    int32 // minutes
	Created                    time.Time
	Count                      int64 // builds ever started
	Tags                       tagMap
}

func (r *region) codeProject(name string) *codeProject {
	return find(r.codeBuild().Projects, func(p *codeProject) bool { return p.Name == lastPart(name) })
}

func badCodeBuild(format string, args ...any) error {
	return &cbtypes.InvalidInputException{Message: msg(format, args...)}
}

var projectName = pattern(`^[A-Za-z0-9][A-Za-z0-9\-_]{1,149}$`)

func cbCreateProject(c *call, in *codebuild.CreateProjectInput) (*codebuild.CreateProjectOutput, error) {
	name := str(in.Name)
	switch {
	case !projectName(name):
		return nil, badCodeBuild("Invalid project name: %s", name)
	case c.r.codeProject(name) != nil:
		return nil, &cbtypes.ResourceAlreadyExistsException{Message: msg("Project already exists: %s", c.arn("codebuild", "project/%s", name))}
	}
	p := &codeProject{Name: name, Created: c.now, Timeout: 60}
	err := c.setProject(p, &codebuild.UpdateProjectInput{
		Description: in.Description, ServiceRole: in.ServiceRole, Source: in.Source, Environment: in.Environment, LogsConfig: in.LogsConfig,
		Cache: in.Cache, TimeoutInMinutes: in.TimeoutInMinutes, Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	c.r.codeBuild().Projects = append(c.r.codeBuild().Projects, p)
	return &codebuild.CreateProjectOutput{Project: c.projectOut(p)}, nil
}

func cbUpdateProject(c *call, in *codebuild.UpdateProjectInput) (*codebuild.UpdateProjectOutput, error) {
	p := c.r.codeProject(str(in.Name))
	if p == nil {
		return nil, noProject(str(in.Name))
	}
	if err := c.setProject(p, in); err != nil {
		return nil, err
	}
	return &codebuild.UpdateProjectOutput{Project: c.projectOut(p)}, nil
}

func noProject(name string) error {
	return &cbtypes.ResourceNotFoundException{Message: msg("Project cannot be found: %s", name)}
}

// setProject makes a project what a creation or an update of it says. What is nil stays as it is.
func (c *call) setProject(p *codeProject, in *codebuild.UpdateProjectInput) error {
	if in.ServiceRole != nil {
		if err := c.codeBuildRole(*in.ServiceRole); err != nil {
			return err
		}
		p.Role = *in.ServiceRole
	}
	if s := in.Source; s != nil {
		if s.Type == cbtypes.SourceTypeNoSource && str(s.Buildspec) == "" {
			return badCodeBuild("Invalid project source: buildspec must be specified when source type is NO_SOURCE")
		}
		p.Source, p.Spec = string(s.Type), str(s.Buildspec)
	}
	if e := in.Environment; e != nil {
		if arm := strings.Contains(str(e.Image), "aarch64"); arm != (e.Type == cbtypes.EnvironmentTypeArmContainer) && strings.HasPrefix(str(e.Image), "aws/codebuild/") {
			return badCodeBuild("Invalid environment: the image %s is not for the type %s", str(e.Image), e.Type)
		}
		p.Type, p.Compute, p.Image, p.Pull = string(e.Type), string(e.ComputeType), str(e.Image), string(e.ImagePullCredentialsType)
		p.Privileged = val(e.PrivilegedMode, false)
	}
	if in.LogsConfig != nil && in.LogsConfig.CloudWatchLogs != nil {
		p.Group, p.Stream = str(in.LogsConfig.CloudWatchLogs.GroupName), str(in.LogsConfig.CloudWatchLogs.StreamName)
	}
	if in.Cache != nil {
		p.Cache = nil
		for _, m := range in.Cache.Modes {
			p.Cache = append(p.Cache, string(m))
		}
	}
	p.Desc, p.Timeout = val(in.Description, p.Desc), val(in.TimeoutInMinutes, p.Timeout)
	if in.Tags != nil {
		p.Tags = tagsFrom(in.Tags, func(t cbtypes.Tag) (*string, *string) { return t.Key, t.Value })
	}
	return nil
}

// codeBuildRole checks that CodeBuild can take a role on (already).
func (c *call) codeBuildRole(arn string) error {
	r := c.st.roleByARN(arn)
	if r != nil && !c.now.Before(r.TrustSince.Add(c.a.delay(latIAM, r.Name))) {
		if doc, err := parsePolicy(r.Trust, true); err == nil && doc.trusts("codebuild.amazonaws.com", c.st.Account, c.arn("codebuild", "project/x")) {
			return nil
		}
	}
	return badCodeBuild("CodeBuild is not authorized to perform: sts:AssumeRole on %s", arn)
}

func cbDeleteProject(c *call, in *codebuild.DeleteProjectInput) (*codebuild.DeleteProjectOutput, error) {
	if p := c.r.codeProject(str(in.Name)); p != nil { // one that is not there is no error
		c.r.codeBuild().Projects = remove(c.r.codeBuild().Projects, p)
	}
	return &codebuild.DeleteProjectOutput{}, nil
}

func cbBatchGetProjects(c *call, in *codebuild.BatchGetProjectsInput) (*codebuild.BatchGetProjectsOutput, error) {
	out := &codebuild.BatchGetProjectsOutput{}
	for _, name := range in.Names {
		if p := c.r.codeProject(name); p != nil {
			out.Projects = append(out.Projects, *c.projectOut(p))
		} else {
			out.ProjectsNotFound = append(out.ProjectsNotFound, name)
		}
	}
	return out, nil
}

func cbListProjects(c *call, _ *codebuild.ListProjectsInput) (*codebuild.ListProjectsOutput, error) {
	out := &codebuild.ListProjectsOutput{}
	for _, p := range c.r.codeBuild().Projects {
		out.Projects = append(out.Projects, p.Name)
	}
	slices.Sort(out.Projects)
	return out, nil
}

func (c *call) projectOut(p *codeProject) *cbtypes.Project {
	out := &cbtypes.Project{
		Name: new(p.Name), Arn: new(c.arn("codebuild", "project/%s", p.Name)), Description: new(p.Desc), ServiceRole: new(p.Role),
		Created: new(p.Created), TimeoutInMinutes: new(p.Timeout), Artifacts: &cbtypes.ProjectArtifacts{Type: cbtypes.ArtifactsTypeNoArtifacts},
		Source: &cbtypes.ProjectSource{Type: cbtypes.SourceType(p.Source), Buildspec: new(p.Spec)},
		Environment: &cbtypes.ProjectEnvironment{
			Type: cbtypes.EnvironmentType(p.Type), ComputeType: cbtypes.ComputeType(p.Compute), Image: new(p.Image),
			PrivilegedMode: new(p.Privileged), ImagePullCredentialsType: cbtypes.ImagePullCredentialsType(p.Pull),
		},
		LogsConfig: &cbtypes.LogsConfig{CloudWatchLogs: &cbtypes.CloudWatchLogsConfig{
			Status: cbtypes.LogsConfigStatusTypeEnabled, GroupName: new(p.Group), StreamName: new(p.Stream),
		}},
		Cache: &cbtypes.ProjectCache{Type: cbtypes.CacheTypeNoCache},
		Tags:  tagsTo(p.Tags, func(k, v *string) cbtypes.Tag { return cbtypes.Tag{Key: k, Value: v} }),
	}
	if len(p.Cache) > 0 {
		out.Cache.Type = cbtypes.CacheTypeLocal
		for _, m := range p.Cache {
			out.Cache.Modes = append(out.Cache.Modes, cbtypes.CacheMode(m))
		}
	}
	return out
}
