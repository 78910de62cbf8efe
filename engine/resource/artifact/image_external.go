package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
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

// Repositories are the ARNs of the repositories that tasks fetch the image from: the app's own, and the one of
// an external image in the same account.
func (i *Image) Repositories(s *resource.Scope) []string {
	arns := []string{i.Repository.ARN(s)}
	if account, region, repository, ok := i.home(); ok && account == s.Identity.Account {
		arns = append(arns, strings.Join([]string{"arn", s.Identity.Partition, "ecr", region, account, "repository/" + repository}, ":"))
	}
	return arns
}

// namesRegistry says whether the reference of an external image begins with a registry.
func (i *Image) namesRegistry() bool {
	host, _, ok := strings.Cut(i.External, "/")
	return ok && strings.ContainsAny(host, ".:")
}

// pushes says whether the image comes from this machine, or may: as long as nobody has looked, one whose name
// names no registry may be in the builder's store.
func (i *Image) pushes() bool {
	return i.Build != nil || i.local || i.Ref == "" && !i.namesRegistry()
}

// observeExternal finds the image in its registry, to be used where it is, or in the builder's own store, to
// be pushed. Its content is its tag then, so that it is pushed once.
func (i *Image) observeExternal(ctx context.Context, s *resource.Scope) error {
	if near := image.Near(i.External); near != nil && s.Transport == http.DefaultTransport && !emulated() {
		return near
	}
	there, err := i.resolve(ctx, s)
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
	_, hex, _ := strings.Cut(facts.ID, ":")
	i.tag = "img-" + resource.Shorten(hex, 16)
	i.pushed, err = i.Repository.digest(ctx, s, i.tag)
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

// resolve looks the image up as a task will: in ECR with the account's sign-in, elsewhere with none. That this
// machine may read what a task may not helps nobody, and is told.
func (i *Image) resolve(ctx context.Context, s *resource.Scope) (image.Resolved, error) {
	if _, region, _, ok := i.home(); ok {
		auth, err := i.login(ctx, s, func(o *ecr.Options) { o.Region = region })
		if err != nil {
			return image.Resolved{}, err
		}
		return image.Resolve(ctx, i.External, i.Platform, s.Transport, always{auth})
	}
	there, err := image.Resolve(ctx, i.External, i.Platform, s.Transport, always{authn.Anonymous})
	if err == nil || !image.NeedsLogin(err) {
		return there, err
	}
	keys := i.Keys
	if keys == nil {
		keys = authn.DefaultKeychain
	}
	if _, mine := image.Resolve(ctx, i.External, i.Platform, s.Transport, keys); mine != nil {
		return there, err
	}
	local := image.LocalName(i.External)
	return there, &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("the image %s is private: this machine may read it, the tasks on AWS may not", i.External),
		Evidence: fail.From(err).Evidence,
		Remedy: fmt.Sprintf("let berth push it to the app's own repository: docker pull %s, docker tag %[1]s %s, then --image %[2]s; "+
			"or make it public", i.External, local),
		Err: err,
	}
}

// always is a keychain with one sign-in for everything.
type always struct{ authn.Authenticator }

// Resolve implements authn.Keychain.
func (a always) Resolve(authn.Resource) (authn.Authenticator, error) { return a.Authenticator, nil }

// checkExternal says whether an image that is used as it is exists, may be fetched, and goes with how it runs.
func (i *Image) checkExternal(ctx context.Context, s *resource.Scope) resource.Finding {
	if i.Ref == "" {
		if err := i.Observe(ctx, s); err != nil {
			f := fail.From(err)
			return resource.Finding{Verdict: resource.Fail, Text: f.Cause, Remedy: f.Remedy}
		}
	}
	if account, _, _, ok := i.home(); ok && account != s.Identity.Account {
		return resource.Finding{
			Verdict: resource.Fail, Text: fmt.Sprintf("the image %s is in the account %s, and the tasks of the account %s may not fetch it there",
				i.External, account, s.Identity.Account),
			Remedy: "copy it to a repository of this account and name that with --image",
		}
	}
	if near := image.Near(i.External); near != nil {
		f := fail.From(near)
		return resource.Finding{Verdict: resource.Warn, Text: f.Cause, Remedy: f.Remedy}
	}
	if i.config != nil {
		if notes := image.Check(i.config, i.Port, i.OwnCommand); len(notes) > 0 {
			return resource.Finding{Verdict: resource.Warn, Text: strings.Join(notes, "; "), Remedy: "check service.port and service.command in berth.toml"}
		}
	}
	return resource.Finding{Verdict: resource.OK, Text: strings.TrimSuffix(i.External+" is there for "+i.Platform, " for ")}
}

// externalPermissions are those to look at an image in ECR that is used where it is.
func (i *Image) externalPermissions(s *resource.Scope) []resource.Permission {
	if _, _, _, ok := i.home(); !ok {
		return nil
	}
	repos := i.Repositories(s)
	return []resource.Permission{
		resource.On(resource.Actions("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"), repos[len(repos)-1]), resource.Anywhere("ecr:GetAuthorizationToken"),
	}
}
