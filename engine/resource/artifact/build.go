package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"berth/engine/cloud"
	"berth/engine/commit"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/project"
	"berth/engine/rehearse"
	"berth/engine/resource"
	"berth/engine/spec"
)

// Build makes the image from the source tree. It is done only when this version of the source has not been pushed, or when
// somebody wants it anew: a source tree has one tag for good, made from its content, so an image that was pushed once is
// found again and neither built nor pushed a second time.
type Build struct {
	Source     image.Source
	Builder    image.Builder
	Repository *Repository // where earlier builds are
	Cloud      *CloudBuild // builds in AWS instead of Builder; nil: Builder does
	Cached     bool        // the repository keeps what builds have done, where the builder can write that

	// Rehearse runs the image here before it is pushed, nil does without: what it finds is told and stops nothing.
	Rehearse func(context.Context, image.Image) (*rehearse.Report, error)

	// Read reads the Dockerfile for what is known to stop its build, nil does without.
	Read func(context.Context) ([]project.Finding, error)

	// Tasks is what the app's tasks cost a month on a platform, without what is beside them. Nil: nobody knows.
	Tasks func(platform string) (usd float64, ok bool)

	OwnCommand bool            // berth.toml has a command, so that the image needs none
	Commands   []image.Command // what tasks of the image are given to run; none where its ENTRYPOINT is replaced

	// Starts is what the Dockerfile's ENTRYPOINT and CMD make of the image, as far as they say it. Nil: nobody knows.
	Starts func() (entry, cmd []string)

	Tag    string // output: src-<hash of the source tree>
	Pushed string // output: digest of the image with that tag in the repository, empty when there is none
	Commit string // output: the commit of git that the source was at when it was looked at; empty when not known

	tags  []string  // of the pushed image
	hash  string    // of the source that the plan is about
	since time.Time // when it was looked at
	img   image.Image
}

// Info implements Resource.
func (b *Build) Info() resource.Info {
	return resource.Info{
		ID: "build", Kind: "image.Build", Name: b.Source.Dockerfile, Label: "the image build", Group: resource.GroupImage,
		Usually: 90 * time.Second,
	}
}

// Needs implements Resource.
func (b *Build) Needs() []resource.Need {
	switch {
	case b.Cloud != nil:
		return resource.After(b.Cloud.Project.Source, b.Cloud.Project, b.Repository)
	case b.Cached:
		return resource.After(b.Repository)
	}
	return nil
}

// NewVersion implements Versioned.
func (b *Build) NewVersion() event.Action { return event.Create }

// Observe implements Resource: which version the source is, and whether that was pushed before. A builder that does not
// answer is told now rather than beside resources that are being created.
func (b *Build) Observe(ctx context.Context, s *resource.Scope) error {
	b.Commit = commit.Of(ctx, b.Source.Dir)
	machine, real := b.machine()
	if real {
		b.Source = machine.Adapt(ctx, b.Source)
	}
	if err := image.CheckPlatform(b.Source); err != nil {
		return err
	}
	b.since = time.Now()
	var err error
	if b.hash, err = image.Hash(ctx, b.Source); err != nil {
		return err
	}
	b.Tag = image.Tag(b.hash)
	if b.Source.Fresh {
		b.Pushed, b.tags = "", nil
	} else if b.Pushed, b.tags, err = b.Repository.digest(ctx, s, b.Tag); err != nil || b.Pushed != "" {
		return err
	}
	if err := b.sound(ctx); err != nil {
		return err
	}
	return b.fits(ctx)
}

// fits says what of the source cannot be built by whatever builds it.
func (b *Build) fits(ctx context.Context) error {
	if b.Cloud != nil {
		return b.Cloud.fits(ctx, b.Source)
	}
	if m, real := b.machine(); real {
		return m.Fits(ctx, b.Source)
	}
	return nil
}

// machine is what builds on this machine, unless something else does.
func (b *Build) machine() (image.Machine, bool) {
	m, real := b.Builder.(image.Machine)
	return m, real && b.Cloud == nil
}

// sound is a refusal where the build is certain to fail.
func (b *Build) sound(ctx context.Context) error {
	certain, _, err := b.doubts(ctx)
	if err != nil || len(certain) == 0 {
		return err
	}
	return &fail.Error{Class: fail.Refused, Cause: "the image build is certain to fail", Evidence: sayAll(certain), Remedy: mend}
}

// doubts are what the Dockerfile is certain to fail at, and what else should be known about its build.
func (b *Build) doubts(ctx context.Context) (certain, other []project.Finding, err error) {
	if b.Read == nil {
		return nil, nil, nil
	}
	all, err := b.Read(ctx)
	for _, x := range all {
		switch {
		case x.StopsBuild():
			certain = append(certain, x)
		case x.Severity != project.Info:
			other = append(other, x)
		}
	}
	return certain, other, err
}

// sayAll is a line for each finding.
func sayAll(all []project.Finding) string {
	var lines []string
	for _, x := range all {
		lines = append(lines, x.At()+": "+x.Text+": "+x.Means)
	}
	return strings.Join(lines, "\n")
}

// Exists implements Resource.
func (b *Build) Exists() bool { return false }

// Diff implements Resource.
func (b *Build) Diff(s *resource.Scope) resource.Diff {
	if b.Pushed != "" {
		return resource.None()
	}
	return resource.Diff{Action: event.Create, Why: b.why()}
}

// why says why the image is built.
func (b *Build) why() string {
	if b.Source.Fresh {
		return "every step is rebuilt, on the newest base images"
	}
	return "this version of the source has not been pushed"
}

// Apply implements Resource.
func (b *Build) Apply(ctx context.Context, s *resource.Scope) error {
	if b.Pushed != "" {
		return nil
	}
	s.Doing("building")
	ctx, cancel := cloud.UntilStop(ctx)
	defer cancel()
	if err := b.unchanged(ctx); err != nil {
		return err
	}
	img, err := b.build(ctx, s)
	if err != nil {
		return err
	}
	if err := errors.Join(image.Suits(img.Facts(), b.Source.Platform, b.OwnCommand), b.unchanged(ctx)); err != nil {
		img.Release()
		return err
	}
	if c := img.Facts().Config.Config; len(b.Commands) > 0 {
		f := commandsRun(c.Entrypoint, c.Cmd, b.Commands)
		switch f.Verdict {
		case resource.Fail:
			img.Release()
			return &fail.Error{Class: fail.Failed, Cause: f.Text, Remedy: f.Remedy, Setting: "service.entrypoint"}
		case resource.Warn:
			s.Notice("berth", f.Text+"; where that starts the app instead, "+f.Remedy)
		}
	}
	b.img = img
	b.rehearse(ctx, s)
	return nil
}

// build makes the image, here or in AWS.
func (b *Build) build(ctx context.Context, s *resource.Scope) (image.Image, error) {
	if b.Cloud == nil {
		src, err := b.withCache(ctx, s)
		if err != nil {
			return nil, err
		}
		tell, done := alive(ctx, s, reporter(s, "build"))
		defer done()
		return b.Builder.Build(ctx, src, tell)
	}
	host := b.Repository.host(s)
	digest, err := b.Cloud.Build(ctx, s, b.Source, b.Tag, host)
	if err != nil {
		return nil, err
	}
	auth, err := b.Repository.login(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("sign in to the registry: %w", err)
	}
	return image.Remote(ctx, host+"/"+b.Repository.Name()+"@"+digest, s.Transport, always{auth}, func(text string) { s.Doing(cmp.Or(text, "building")) })
}

// rehearse tells what a rehearsal of the image finds. That it could not be rehearsed is no reason to stop.
func (b *Build) rehearse(ctx context.Context, s *resource.Scope) {
	if b.Rehearse == nil || b.Cloud != nil { // what was built in AWS is not here
		return
	}
	s.Doing("rehearsing the image on this machine")
	report, err := b.Rehearse(ctx, b.img)
	if err != nil {
		s.Log("berth", "the image was not rehearsed: "+fail.From(err).Cause)
	}
	if report == nil {
		return
	}
	for _, note := range report.Notes() {
		s.Notice("berth", note)
	}
}

// unchanged says when the source is no longer the one of the plan. What a builder read meanwhile may be anything, and
// the image's tag would call it the planned source for good.
func (b *Build) unchanged(ctx context.Context) error {
	hash, err := image.Hash(ctx, b.Source)
	if err != nil || hash == b.hash {
		return err
	}
	f := &fail.Error{
		Class: fail.Failed, Cause: "files of the app changed while it was being deployed, so nothing was pushed",
		Remedy: "run the same command again: it deploys the current files",
	}
	if names, err := image.Newer(ctx, b.Source, b.since); err == nil && len(names) > 0 {
		f.Evidence = "changed since the plan: " + strings.Join(names, ", ")
	}
	return f
}

// Built is the image that Apply made; nil when none was.
func (b *Build) Built() image.Image { return b.img }

// Release implements Holder: it frees what holds the image.
func (b *Build) Release() {
	if b.img != nil {
		b.img.Release()
	}
	b.img = nil
}

// Delete implements Resource.
func (b *Build) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned: building an image needs nothing of AWS, looking for an earlier one does.
func (b *Build) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.On(resource.Actions("ecr:DescribeImages"), b.Repository.ARN(s))}
	if do != event.Create {
		return need
	}
	if b.Cloud != nil {
		need = append(need, b.Cloud.permissions(s)...)
	} else if b.Cached {
		need = append(need, b.cachePermissions(s)...)
	}
	return need
}

// Checks implements Checked: the program that builds, and whether it builds for this machine's processor.
func (b *Build) Checks(do event.Action) []resource.Probe {
	if do != event.Create {
		return nil
	}
	return []resource.Probe{
		{ID: "builder", Title: "image build", Look: b.checkBuilder, Offline: true},
		{ID: "dockerfile", Title: "Dockerfile", Look: b.checkDockerfile, Offline: true},
		{ID: "platform", Title: "platform", Look: b.checkPlatform, Offline: true},
	}
}

func (b *Build) checkDockerfile(ctx context.Context, _ *resource.Scope) resource.Finding {
	certain, other, err := b.doubts(ctx)
	switch {
	case err != nil:
		return resource.Finding{Verdict: resource.Unknown, Text: "the Dockerfile could not be checked: " + fail.From(err).Cause}
	case len(certain) > 0:
		return told(resource.Fail, certain)
	}
	if b.Starts != nil {
		entry, cmd := b.Starts()
		if f := commandsRun(entry, cmd, b.Commands); f.Verdict != resource.OK {
			return f
		}
	}
	if len(other) > 0 {
		return told(resource.Warn, other)
	}
	return resource.Finding{Verdict: resource.OK, Text: b.Source.Dockerfile + " refers to nothing that is missing"}
}

// commandsRun says whether an image with that entry point runs the commands that its tasks are given. A release command that
// starts the app instead never ends.
func commandsRun(entry, cmd []string, commands []image.Command) resource.Finding {
	lost, doubtful := image.Deaf(entry, commands)
	f := resource.Finding{Verdict: resource.OK, Remedy: image.Obedient(entry, cmd)}
	switch {
	case len(lost) > 0:
		f.Verdict, f.Text = resource.Fail, strings.Join(lost, "\n")
	case len(doubtful) > 0:
		f.Verdict, f.Text = resource.Warn, strings.Join(doubtful, "\n")
	}
	return f
}

// told is what was found in the Dockerfile as the outcome of a check.
func told(v resource.Verdict, all []project.Finding) resource.Finding {
	f := resource.Finding{Verdict: v, Text: sayAll(all)}
	if v == resource.Fail {
		f.Remedy = mend
	}
	return f
}

const mend = "fix that, then run the same command again"

func (b *Build) checkBuilder(ctx context.Context, _ *resource.Scope) resource.Finding {
	if err := b.fits(ctx); err != nil {
		f := fail.From(err)
		return resource.Finding{Verdict: resource.Fail, Text: f.Cause, Remedy: f.Remedy}
	}
	if b.Cloud != nil {
		return resource.Finding{Verdict: resource.OK, Text: "CodeBuild builds the image natively for " + b.Source.Platform}
	}
	machine, ok := b.machine()
	if !ok {
		return resource.Finding{Verdict: resource.OK, Text: "the image can be built"}
	}
	f := resource.Finding{Verdict: resource.OK, Text: machine.Describe(ctx) + " answers"}
	if b.Cached {
		if err := machine.KeepsCache(ctx); err != nil {
			f.Verdict, f.Text, f.Remedy = resource.Warn, fail.From(err).Cause+": this build starts from what this machine has", fail.From(err).Remedy
		}
	}
	return f
}

func (b *Build) checkPlatform(ctx context.Context, _ *resource.Scope) resource.Finding {
	host := spec.Arch(b.Source.Platform) // what builds in AWS is of the image's kind
	if machine, real := b.machine(); real {
		host = machine.Arch(ctx)
	} else if b.Cloud == nil {
		host = runtime.GOARCH
	}
	return emulation(b.Source.Platform, host, b.Tasks)
}

// emulation says whether an image for platform is built on a machine of another kind, and what it takes to have both of
// one kind. tasks is what the tasks cost a month on a platform; nil when nobody knows.
func emulation(platform, host string, tasks func(platform string) (usd float64, ok bool)) resource.Finding {
	native := spec.PlatformOf(host)
	if spec.Arch(platform) == "" || spec.Arch(platform) == host {
		return resource.Finding{Verdict: resource.OK, Text: "the image is built for " + platform}
	}
	f := resource.Finding{
		Verdict: resource.Warn, Text: fmt.Sprintf("the image is built for %s by emulation on %s: that is slow, and some compilers crash", platform, host),
		Remedy: "build it natively in AWS with --builder codebuild",
	}
	if native == "" {
		return f
	}
	offer := "set image.platform = \"" + native + "\" if the app can run there, too"
	if tasks != nil {
		there, ok := tasks(native)
		here, known := tasks(platform)
		if ok && known {
			offer += fmt.Sprintf(" (its tasks cost $%.2f a month there, and $%.2f on %s)", there, here, platform)
		}
	}
	f.Remedy = offer + ", or " + f.Remedy
	return f
}
