package artifact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"

	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/resource"
)

// ecrReference matches a reference to an image in an ECR repository: account, region, repository.
var ecrReference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)`)
})

// home is the ECR repository that an external image lies in; ok is false for other registries.
func (i *Image) home() (account, region, repository string, ok bool) {
	m := ecrReference().FindStringSubmatch(i.External)
	if i.Build != nil || m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

// homeARN is the ARN of that repository.
func (i *Image) homeARN(s *resource.Scope) string {
	account, region, repository, _ := i.home()
	return strings.Join([]string{"arn", s.Identity.Partition, "ecr", region, account, "repository/" + repository}, ":")
}

// Repositories are the ARNs of the repositories that tasks fetch the image from: the app's own, and the one of
// an external image in the same account.
func (i *Image) Repositories(s *resource.Scope) []string {
	arns := []string{i.Repository.ARN(s)}
	if account, _, _, ok := i.home(); ok && account == s.Identity.Account {
		arns = append(arns, i.homeARN(s))
	}
	return arns
}

// namesRegistry says whether the reference of an external image begins with a registry.
func (i *Image) namesRegistry() bool {
	host, _, ok := strings.Cut(i.External, "/")
	return ok && strings.ContainsAny(host, ".:")
}

// pushes says whether the image comes through this machine, or may: as long as nobody has looked, one may be in the
// builder's store or in a registry that tasks may not read.
func (i *Image) pushes() bool {
	_, _, _, home := i.home()
	return i.Build != nil || i.local || i.copied != nil || i.Ref == "" && !home
}

// observeExternal finds the image in its registry, to be used where it is, or in the builder's own store, to
// be pushed. Its content is its tag then, so that it is pushed once.
func (i *Image) observeExternal(ctx context.Context, s *resource.Scope) error {
	there, err := i.resolve(ctx, s)
	if err == nil && i.copied != nil {
		return i.observeCopy(ctx, s, there)
	}
	if err == nil {
		i.Ref, i.config, i.found = there.Ref, there.Config, true
		return nil
	}
	if i.namesRegistry() {
		return err // somebody meant that one
	}
	img, found, localErr := i.Builder.Local(ctx, i.External)
	if localErr != nil {
		return localErr
	}
	if !found {
		return i.nowhere(err)
	}
	defer img.Release() // a plan may never be carried out: Apply looks it up again
	facts := img.Facts()
	if err := image.Suits(facts, i.Platform, i.OwnCommand); err != nil {
		f := fail.From(err)
		f.Class = fail.Refused
		return f
	}
	i.local, i.id, i.config = true, facts.ID, facts.Config
	return i.lookFor(ctx, s, facts.ID)
}

// lookFor looks whether the app's repository has the image with that hash, which is its tag there.
func (i *Image) lookFor(ctx context.Context, s *resource.Scope, hash string) (err error) {
	_, hex, _ := strings.Cut(hash, ":")
	i.tag = "img-" + resource.Shorten(hex, 16)
	i.pushed, i.tags, err = i.Repository.digest(ctx, s, i.tag)
	i.found = i.pushed != ""
	return err
}

// emulated says whether something else stands for AWS, which may well be on this machine.
func emulated() bool { return os.Getenv("AWS_ENDPOINT_URL") != "" }

// nowhere is an image whose name names no registry, and that is neither here nor, as far as can be told, on Docker
// Hub.
func (i *Image) nowhere(err error) error {
	f := fail.From(err)
	error := &fail.Error{}
	if errors.As(err, &error) {
		return err
	}
	return &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("there is no image %s on this machine, and none was found on Docker Hub", i.External),
		Evidence: f.Cause, Remedy: "check its name with docker image ls, build it, or name it with its registry", Err: err,
	}
}

// resolve looks the image up as a task will: in ECR with the account's sign-in, elsewhere with none. One that a task
// may not read, and this machine may, is to be copied.
func (i *Image) resolve(ctx context.Context, s *resource.Scope) (image.Resolved, error) {
	if account, region, _, ok := i.home(); ok {
		keys := ecrKeys{i, s, region}
		if account != s.Identity.Account {
			i.copied = &copied{why: "is in the account " + account, keys: keys}
		}
		there, err := image.Resolve(ctx, i.External, i.Platform, s.Transport, keys)
		if err != nil && account != s.Identity.Account && image.NeedsLogin(err) {
			err = ofOthers(i.External, account, s.Identity.Account, err)
		}
		return there, err
	}
	var keys authn.Keychain = image.SignIns{}
	if i.Keys != nil {
		keys = i.Keys
	}
	if image.Near(i.External) && !emulated() {
		i.copied = &copied{why: "is in a registry that only this machine can reach", keys: keys}
		return image.Resolve(ctx, i.External, i.Platform, s.Transport, keys)
	}
	there, err := image.Resolve(ctx, i.External, i.Platform, s.Transport, always{authn.Anonymous})
	if err == nil || !image.NeedsLogin(err) {
		return there, err
	}
	mine, mineErr := image.Resolve(ctx, i.External, i.Platform, s.Transport, keys)
	switch {
	case mineErr == nil:
		i.copied = &copied{why: "is private", keys: keys}
		return mine, nil
	case image.NeedsLogin(mineErr):
		return there, err
	}
	return there, mineErr
}

// ofOthers is an image in the ECR of another account, which does not let this one read it.
func ofOthers(ref, theirs, ours string, err error) error {
	return &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("the image %s is in the account %s, which does not allow the account %s to read it", ref, theirs, ours),
		Evidence: fail.From(err).Evidence,
		Remedy: fmt.Sprintf("allow %s ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in the policy of that repository, then run the same command again; "+
			"or copy it yourself and deploy the copy with --image", ours), Err: err,
	}
}

// checkExternal says whether an image that is used as it is exists, can be pulled, and suits how it runs.
func (i *Image) checkExternal(ctx context.Context, s *resource.Scope) resource.Finding {
	if i.Ref == "" && i.tag == "" {
		if err := i.Observe(ctx, s); err != nil {
			f := fail.From(err)
			return resource.Finding{Verdict: resource.Fail, Text: f.Cause, Remedy: f.Remedy}
		}
	}
	if i.config != nil {
		if f := commandsRun(i.config.Config.Entrypoint, i.config.Config.Cmd, i.Commands); f.Verdict != resource.OK {
			return f
		}
		if notes := image.Check(i.config, i.Port, i.OwnCommand); len(notes) > 0 {
			return resource.Finding{Verdict: resource.Warn, Text: strings.Join(notes, "; "), Remedy: "check service.port and service.command in berth.toml"}
		}
	}
	if i.copied != nil {
		return resource.Finding{Verdict: resource.OK, Text: i.External + " " + i.copied.why + ": berth copies it to the app's own repository"}
	}
	return resource.Finding{Verdict: resource.OK, Text: strings.TrimSuffix(i.External+" exists for "+i.Platform, " for ")}
}

// externalPermissions are those to look at an image in ECR where it is.
func (i *Image) externalPermissions(s *resource.Scope) []resource.Permission {
	if _, _, _, ok := i.home(); !ok {
		return nil
	}
	return []resource.Permission{
		resource.On(resource.Actions("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"), i.homeARN(s)), resource.Anywhere("ecr:GetAuthorizationToken"),
	}
}
