package artifact

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/resource"
)

// builtTag is the tag under which a build in AWS pushes: the newest image that was built, whether or not it suits. The
// one that is deployed gets its own tag afterwards.
const builtTag = "built"

// stopTimeout is how long a build that nobody waits for any more may take to be told.
const stopTimeout = 20 * time.Second

// CloudBuild builds in AWS: it sends the source to a bucket, has the project build it, and follows its log.
type CloudBuild struct {
	Project *BuildProject
	Options image.PackOptions
}

// Build builds src in AWS, which leaves the image in the app's repository. tag is that of the source,
// and host that of the registry.
func (c *CloudBuild) Build(ctx context.Context, s *resource.Scope, src image.Source, tag, host string) (digest string, err error) {
	key := tag + ".tar.gz"
	bucket := c.Project.Source.BucketName(s)
	if err := c.send(ctx, s, src, bucket, key); err != nil {
		return "", err
	}
	defer func() { // what stays, the next run or a rule of the bucket deletes
		_, _ = s.S3.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	}()
	s.Doing("starting the build in AWS")
	out, err := s.CodeBuild.StartBuild(ctx, &codebuild.StartBuildInput{
		ProjectName: aws.String(c.Project.Name()), IdempotencyToken: aws.String(rand.Text()),
		EnvironmentVariablesOverride: []cbtypes.EnvironmentVariable{
			plainVariable("BERTH_SOURCE", bucket+"/"+key),
			plainVariable("BERTH_IMAGE", host+"/"+c.Project.Repository.Name()+":"+builtTag),
		},
	})
	if err != nil {
		return "", fmt.Errorf("start the build in CodeBuild: %w", err)
	}
	b := &building{s: s, id: aws.ToString(out.Build.Id), group: c.Project.Logs.Name()}
	b.output = image.NewOutput(image.Reporter{Progress: s.Progress, Log: func(line string) { s.Log("build", line) }})
	if err := b.follow(ctx); err != nil {
		b.stop(ctx)
		return "", err
	}
	return b.end()
}

func plainVariable(name, value string) cbtypes.EnvironmentVariable {
	return cbtypes.EnvironmentVariable{Name: &name, Value: &value, Type: cbtypes.EnvironmentVariableTypePlaintext}
}

// send packs the source and puts it into the bucket.
func (c *CloudBuild) send(ctx context.Context, s *resource.Scope, src image.Source, bucket, key string) error {
	s.Doing("uploading the source to AWS")
	f, err := image.PackFile(ctx, src, c.Options)
	if err != nil {
		return err
	}
	defer f.Close()           //nolint:errcheck // it was only read
	defer os.Remove(f.Name()) //nolint:errcheck // it is among the system's temporary files, at worst
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the packed source: %w", err)
	}
	s.Progress("source", 0, info.Size(), "bytes")
	err = s.Retry(ctx, BucketSettling, func(ctx context.Context) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := s.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f, ContentLength: aws.Int64(info.Size())})
		return err
	})
	if err != nil {
		return fmt.Errorf("upload the source to AWS: %w", err)
	}
	s.Progress("source", info.Size(), info.Size(), "bytes")
	return nil
}

// building is a build while it goes on.
type building struct {
	s         *resource.Scope
	id, group string
	output    *image.Output
	next      *string // token of the log
	last      *cbtypes.Build
}

// follow waits for the build to end, and passes on what it prints.
func (b *building) follow(ctx context.Context) error {
	w := cloud.Wait{For: "the build in AWS", Every: 2 * time.Second, Deadline: (buildTimeout + 10) * time.Minute}
	return b.s.Poll(ctx, w, 3*time.Minute, func(ctx context.Context) (bool, string, error) {
		out, err := b.s.CodeBuild.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{b.id}})
		if err != nil || len(out.Builds) == 0 {
			return false, "", err
		}
		b.last = &out.Builds[0]
		if err := b.read(ctx); err != nil {
			return false, "", err
		}
		return b.last.BuildComplete, phaseText(aws.ToString(b.last.CurrentPhase)), nil
	})
}

// phaseText says where a build is, before it prints anything.
func phaseText(phase string) string {
	switch phase {
	case "SUBMITTED", "QUEUED":
		return "queued"
	case "PROVISIONING":
		return "provisioning a build machine"
	}
	return strings.ToLower(strings.ReplaceAll(phase, "_", " "))
}

// read passes on what the build printed since the last time.
func (b *building) read(ctx context.Context) error {
	stream := b.last.Logs
	if stream == nil || aws.ToString(stream.StreamName) == "" {
		return nil
	}
	for {
		out, err := b.s.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &b.group, LogStreamName: stream.StreamName, NextToken: b.next, StartFromHead: aws.Bool(true),
		})
		if cloud.NotFound(err) {
			return nil
		}
		if cloud.Denied(err) {
			return nil // the build goes on without being seen
		}
		if err != nil {
			return fmt.Errorf("read the log of the build: %w", err)
		}
		for _, e := range out.Events {
			b.output.Line(aws.ToString(e.Message))
		}
		if b.next != nil && aws.ToString(out.NextForwardToken) == *b.next { // the same one comes at the end
			return nil
		}
		b.next = out.NextForwardToken
		if len(out.Events) == 0 {
			return nil
		}
	}
}

// stop ends a build that nobody waits for any more: it costs money for each minute.
func (b *building) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if _, err := b.s.CodeBuild.StopBuild(ctx, &codebuild.StopBuildInput{Id: &b.id}); err != nil {
		b.s.Notice("berth", "the build "+b.id+" in CodeBuild could not be stopped and keeps running: "+fail.From(err).Cause)
	}
}

// end is the digest of what was pushed, or why nothing was.
func (b *building) end() (string, error) {
	if b.last.BuildStatus == cbtypes.StatusTypeSucceeded {
		for _, v := range b.last.ExportedEnvironmentVariables {
			if aws.ToString(v.Name) == "BERTH_DIGEST" && strings.HasPrefix(aws.ToString(v.Value), "sha256:") {
				return *v.Value, nil
			}
		}
		return "", &fail.Error{
			Class: fail.Failed, Cause: "the build in AWS succeeded, but did not report what it pushed", Evidence: b.id, Remedy: "deploy again",
		}
	}
	why := fmt.Errorf("build %s: %s", b.id, b.last.BuildStatus)
	switch b.last.BuildStatus {
	case cbtypes.StatusTypeStopped:
		return "", &fail.Error{Class: fail.Failed, Cause: "the build in AWS was stopped by someone", Evidence: b.id, Remedy: "deploy again", Err: why}
	case cbtypes.StatusTypeTimedOut:
		return "", &fail.Error{
			Class: fail.Failed, Cause: fmt.Sprintf("the build in AWS took longer than %d minutes", buildTimeout), Evidence: b.id,
			Remedy: "build on your own machine with --builder docker, or speed up the build", Err: why,
		}
	}
	for _, p := range b.last.Phases {
		for _, c := range p.Contexts {
			if m := aws.ToString(c.Message); p.PhaseStatus != cbtypes.StatusTypeSucceeded && m != "" {
				b.output.Line(string(p.PhaseType) + ": " + m)
				why = errors.New(m)
			}
		}
	}
	return "", b.output.Failed(why)
}

// fits says what of src cannot be built in AWS: a Refused fail.Error that names a builder here which can, when there is one.
func (c *CloudBuild) fits(ctx context.Context, src image.Source) error {
	what := src.Private()
	if what == "" {
		return nil
	}
	f := &fail.Error{
		Class: fail.Refused, Cause: what + " is for builds on this machine: nothing secret of yours is sent to a build in AWS", Setting: "image.builder",
	}
	if here := image.HandsSecrets(ctx); here != "" {
		f.Suggest = here
		f.Remedy = "build here with --builder " + here + ", or take " + what + " out of berth.toml"
		return f
	}
	f.Setting = what
	f.Remedy = "install what builds with it here, then choose that with --builder: " + image.InstallModern() + "; or take " + what + " out of berth.toml"
	return f
}

// permissions are those for a build, beyond what its project takes.
func (c *CloudBuild) permissions(s *resource.Scope) []resource.Permission {
	p := c.Project
	log := resource.On(resource.Actions("logs:GetLogEvents"), s.ARN("logs", "log-group:"+p.Logs.Name()+":*"))
	log.Without = "the output of a build in AWS would not be shown"
	clean := resource.On(resource.Actions("s3:DeleteObject"), p.Source.arn(s)+"/*")
	clean.Without = "the source stays in the bucket for a day"
	stop := resource.On(resource.Actions("codebuild:StopBuild"), p.ARN(s))
	stop.Without = "a build that berth no longer waits for keeps running"
	return []resource.Permission{
		resource.On(resource.Actions("codebuild:StartBuild", "codebuild:BatchGetBuilds"), p.ARN(s)),
		resource.On(resource.Actions("s3:PutObject"), p.Source.arn(s)+"/*"),
		resource.On(resource.Actions("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"), p.Repository.ARN(s)),
		resource.Anywhere("ecr:GetAuthorizationToken"), log, clean, stop,
	}
}
