package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

// codeBuild is one run of a project. What it will do is settled when it starts: the lines that it prints, each with the
// time that passes before it, and how it ends.
type codeBuild struct {
	ID, Project, Token string
	Number             int64
	Started, Ended     time.Time
	Status, Phase      string
	Group, Stream      string
	Left               []codeLine
	Next               time.Time // zero once it has ended
	Why                string    // it fails; empty when it does not
	Where              string    // the phase in which it fails
	Made               *madeImage
	Exported           map[string]string
}

type codeLine struct {
	After time.Duration
	Text  string
	Phase string
}

// madeImage is an image that a build pushes.
type madeImage struct {
	Repository, Tag  string
	Manifest, Config []byte
	MediaType        string
	Layers           map[string]int64 // digests and sizes
}

// buildsKept is how many builds the account remembers.
const buildsKept = 50

func cbStartBuild(c *call, in *codebuild.StartBuildInput) (*codebuild.StartBuildOutput, error) {
	p := c.r.codeProject(str(in.ProjectName))
	if p == nil {
		return nil, noProject(str(in.ProjectName))
	}
	st := c.r.codeBuild()
	if token := str(in.IdempotencyToken); token != "" {
		again := find(st.Builds, func(b *codeBuild) bool { return b.Token == token && c.now.Sub(b.Started) < 5*time.Minute })
		if again != nil {
			return &codebuild.StartBuildOutput{Build: c.buildOut(again)}, nil
		}
	}
	p.Count++
	id := uuidOf(c.st.fresh(c.r.Name, "build", p.Name))
	b := &codeBuild{
		ID: p.Name + ":" + id, Project: p.Name, Token: str(in.IdempotencyToken), Number: p.Count, Started: c.now,
		Status: string(cbtypes.StatusTypeInProgress), Phase: "SUBMITTED", Group: p.Group, Stream: path.Join(p.Stream, id),
	}
	env := map[string]string{}
	for _, v := range in.EnvironmentVariablesOverride {
		env[str(v.Name)] = str(v.Value)
	}
	c.foretell(b, p, env)
	b.Next = c.now.Add(b.Left[0].After)
	if st.Builds = append(st.Builds, b); len(st.Builds) > buildsKept {
		st.Builds = slices.Clone(st.Builds[1:])
	}
	return &codebuild.StartBuildOutput{Build: c.buildOut(b)}, nil
}

func cbStopBuild(c *call, in *codebuild.StopBuildInput) (*codebuild.StopBuildOutput, error) {
	b := c.r.buildNamed(str(in.Id))
	if b == nil {
		return nil, &cbtypes.ResourceNotFoundException{Message: msg("Build cannot be found: %s", str(in.Id))}
	}
	if !b.Next.IsZero() {
		b.Next, b.Left, b.Made, b.Ended, b.Status, b.Phase = time.Time{}, nil, nil, c.now, string(cbtypes.StatusTypeStopped), "COMPLETED"
	}
	return &codebuild.StopBuildOutput{Build: c.buildOut(b)}, nil
}

func cbBatchGetBuilds(c *call, in *codebuild.BatchGetBuildsInput) (*codebuild.BatchGetBuildsOutput, error) {
	out := &codebuild.BatchGetBuildsOutput{}
	for _, id := range in.Ids {
		if b := c.r.buildNamed(id); b != nil {
			out.Builds = append(out.Builds, *c.buildOut(b))
		} else {
			out.BuildsNotFound = append(out.BuildsNotFound, id)
		}
	}
	return out, nil
}

func cbListBuildsForProject(c *call, in *codebuild.ListBuildsForProjectInput) (*codebuild.ListBuildsForProjectOutput, error) {
	out := &codebuild.ListBuildsForProjectOutput{}
	for _, b := range slices.Backward(c.r.codeBuild().Builds) {
		if b.Project == str(in.ProjectName) {
			out.Ids = append(out.Ids, b.ID)
		}
	}
	return out, nil
}

func (r *region) buildNamed(id string) *codeBuild {
	return find(r.codeBuild().Builds, func(b *codeBuild) bool { return b.ID == lastPart(id) })
}

func (c *call) buildOut(b *codeBuild) *cbtypes.Build {
	out := &cbtypes.Build{
		Id: new(b.ID), Arn: new(c.arn("codebuild", "build/%s", b.ID)), ProjectName: new(b.Project), BuildNumber: new(b.Number), StartTime: new(b.Started),
		EndTime: timeOrNil(b.Ended), BuildStatus: cbtypes.StatusType(b.Status), BuildComplete: b.Next.IsZero(), CurrentPhase: new(b.Phase),
		Logs: &cbtypes.LogsLocation{GroupName: new(b.Group)},
	}
	if g := c.r.logGroup(b.Group); g != nil && g.stream(b.Stream) != nil {
		out.Logs.StreamName = new(b.Stream)
	}
	for _, k := range tagMap(b.Exported).keys() {
		out.ExportedEnvironmentVariables = append(out.ExportedEnvironmentVariables, cbtypes.ExportedEnvironmentVariable{Name: new(k), Value: new(b.Exported[k])})
	}
	if b.Next.IsZero() && b.Why != "" {
		out.Phases = append(out.Phases, cbtypes.BuildPhase{
			PhaseType: cbtypes.BuildPhaseType(b.Where), PhaseStatus: cbtypes.StatusTypeFailed,
			Contexts: []cbtypes.PhaseContext{{StatusCode: new("COMMAND_EXECUTION_ERROR"), Message: new(b.Why)}},
		})
	}
	return out
}

// codeBuildDue is the next line of a build, or its end.
func codeBuildDue(w *world) (due time.Time, step func(time.Time)) {
	for _, b := range w.r.codeBuild().Builds {
		if !b.Next.IsZero() && (step == nil || b.Next.Before(due)) {
			due, step = b.Next, func(at time.Time) { w.stepBuild(b, at) }
		}
	}
	return due, step
}

func (w *world) stepBuild(b *codeBuild, at time.Time) {
	for len(b.Left) > 0 {
		line := b.Left[0]
		w.r.write(b.Group, b.Stream, at, line.Text)
		b.Phase, b.Left = line.Phase, b.Left[1:]
		if len(b.Left) > 0 && b.Left[0].After > 0 {
			b.Next = at.Add(b.Left[0].After)
			return
		}
	}
	if b.Phase != "FINALIZING" {
		b.Phase, b.Next = "FINALIZING", at.Add(w.a.delay(latCodeEnd, b.ID))
		return
	}
	b.Next, b.Ended, b.Phase, b.Status = time.Time{}, at, "COMPLETED", string(cbtypes.StatusTypeSucceeded)
	if b.Why == "" && b.Made != nil {
		b.Exported = map[string]string{"BERTH_DIGEST": w.takeIn(b.Made, at)}
	}
	if b.Why != "" {
		b.Status = string(cbtypes.StatusTypeFailed)
	}
}

// takeIn puts an image into its repository, and returns its digest.
func (w *world) takeIn(m *madeImage, at time.Time) string {
	sum := sha256.Sum256(m.Manifest)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	p := w.r.repository(m.Repository)
	if p == nil {
		return ""
	}
	config := sha256.Sum256(m.Config)
	img := &ecrImage{Digest: digest, MediaType: m.MediaType, Manifest: m.Manifest, Config: "sha256:" + hex.EncodeToString(config[:]), Pushed: at}
	if p.Blobs == nil {
		p.Blobs = map[string]*blob{}
	}
	p.Blobs[img.Config] = &blob{Size: int64(len(m.Config)), Data: m.Config}
	for d, size := range m.Layers {
		p.Blobs[d] = &blob{Size: size}
		img.Size += size
	}
	if have := p.image(digest); have != nil {
		img = have
	} else {
		p.Images = append(p.Images, img)
	}
	p.retag(img, m.Tag)
	return digest
}

// foretell decides what a build will do.
func (c *call) foretell(b *codeBuild, p *codeProject, env map[string]string) {
	say := func(after time.Duration, phase, format string, args ...any) {
		b.Left = append(b.Left, codeLine{After: after, Phase: phase, Text: fmt.Sprintf(format, args...)})
	}
	fails := func(phase, why string) {
		b.Where, b.Why = phase, why
		say(0, phase, "[Container] Phase context status code: COMMAND_EXECUTION_ERROR Message: %s", b.Why)
	}
	say(c.a.delay(latCodeStart, b.ID), "PRE_BUILD", "[Container] Entering phase PRE_BUILD")
	w := &world{a: c.a, st: c.st, r: c.r}
	l := w.locate(env["BERTH_IMAGE"])
	if what := c.missing(p, env["BERTH_SOURCE"], l); what != "" {
		say(time.Second, "PRE_BUILD", "%s", what)
		fails("PRE_BUILD", "Error while executing command: aws s3 cp. Reason: exit status 1")
		return
	}
	kit, err := unpack(c.a.objects[c.r.Name+"/"+env["BERTH_SOURCE"]])
	if err != nil {
		say(time.Second, "PRE_BUILD", "fatal error: An error occurred (404) when calling the HeadObject operation: %v", err)
		fails("PRE_BUILD", "Error while executing command: aws s3 cp. Reason: exit status 1")
		return
	}
	say(time.Second, "PRE_BUILD", "Login Succeeded")
	say(0, "BUILD", "[Container] Entering phase BUILD")
	if !p.Privileged {
		say(time.Second, "BUILD", "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
		fails("BUILD", "Error while executing command: sh build.sh. Reason: exit status 1")
		return
	}
	made, lines, broken := kit.build(c.a)
	for _, x := range lines {
		x.Phase = "BUILD"
		b.Left = append(b.Left, x)
	}
	if broken {
		fails("BUILD", "Error while executing command: sh build.sh. Reason: exit status 1")
		return
	}
	var size int64
	for _, n := range made.Layers {
		size += n
	}
	made.Repository, made.Tag = l.name, l.ref
	b.Made = made
	say(time.Duration(float64(size)/uploadRate*float64(time.Second)), "POST_BUILD", "%s: digest: pushed", l.ref)
}

// missing says what a build's role may not do, as the commands of a build would.
func (c *call) missing(p *codeProject, source string, l located) string {
	r := c.st.roleByARN(p.Role)
	var docs []policyDoc
	if r != nil {
		docs = r.policies()
	}
	needs := [][2]string{
		{"logs:CreateLogStream", c.arn("logs", "log-group:%s:log-stream:x", p.Group)},
		{"logs:PutLogEvents", c.arn("logs", "log-group:%s:log-stream:x", p.Group)},
		{"s3:GetObject", "arn:aws:s3:::" + source},
		{"ecr:GetAuthorizationToken", "*"},
	}
	if l.repo == nil {
		return "name unknown: The repository with name '" + l.name + "' does not exist in the registry"
	}
	for _, a := range []string{
		"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
	} {
		needs = append(needs, [2]string{a, repoARN(l.region.Name, c.st.Account, l.name)})
	}
	for _, n := range needs {
		if !allows(docs, n[0], n[1]) {
			return fmt.Sprintf("An error occurred (AccessDenied): User: arn:aws:sts::%s:assumed-role/%s is not authorized to perform: %s on resource: %s",
				c.st.Account, lastPart(p.Role), n[0], n[1])
		}
	}
	return ""
}
