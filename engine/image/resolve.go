package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"berth/engine/fail"
)

// Resolved is what a reference stands for.
type Resolved struct {
	Ref      string         // repository@sha256:…, of the image for the platform
	Platform string         // such as linux/amd64
	Config   *v1.ConfigFile // the image's configuration
}

// Resolve looks up what ref stands for in its registry; of an image for several platforms it takes the one
// for platform. A malformed reference is a Usage fail.Error; an image that is not there, may not be read or
// is for another platform is a Refused one, and so is a registry that cannot be reached. A nil transport is
// http.DefaultTransport; a nil keychain is SignIns.
func Resolve(ctx context.Context, ref, platform string, tr http.RoundTripper, keychain authn.Keychain) (Resolved, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return Resolved{}, badReference(ref, err)
	}
	want, err := v1.ParsePlatform(platform)
	if err != nil {
		return Resolved{}, fail.Usagef("%q is not a platform such as linux/amd64", platform)
	}
	if keychain == nil {
		keychain = SignIns{}
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	options := append(registryOptions(ctx, tr), remote.WithAuthFromKeychain(keychain), remote.WithPlatform(*want))
	desc, err := remote.Get(parsed, options...)
	if err != nil {
		return Resolved{}, resolveError(ctx, parsed, err)
	}
	if desc.MediaType.IsIndex() {
		if err := hasPlatform(desc, parsed, *want); err != nil {
			return Resolved{}, err
		}
	}
	img, err := desc.Image()
	if err != nil {
		return Resolved{}, resolveError(ctx, parsed, err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return Resolved{}, resolveError(ctx, parsed, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return Resolved{}, resolveError(ctx, parsed, err)
	}
	got := cfg.Platform()
	if got == nil || got.OS != want.OS || got.Architecture != want.Architecture {
		return Resolved{}, wrongPlatform(parsed, platform, []string{platformName(got)})
	}
	return Resolved{Ref: repository(parsed) + "@" + digest.String(), Platform: platformName(got), Config: cfg}, nil
}

// lookTimeout is how long it may take to look an image up.
const lookTimeout = 12 * time.Second

// Near says whether the registry of a reference is one that only this machine, or its own network, reaches: tasks on AWS
// cannot fetch from it. What is no reference has no registry.
func Near(ref string) bool {
	parsed, err := name.ParseReference(ref)
	return err == nil && near(parsed.Context().RegistryStr())
}

func near(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "host.docker.internal" || strings.HasSuffix(host, ".local")
}

// repository is the full name of a reference's repository, Docker Hub's as everybody writes it.
func repository(ref name.Reference) string {
	if repo := ref.Context(); repo.RegistryStr() == name.DefaultRegistry {
		return "docker.io/" + repo.RepositoryStr()
	}
	return ref.Context().Name()
}

// hasPlatform says when an index has no image for the platform.
func hasPlatform(desc *remote.Descriptor, ref name.Reference, want v1.Platform) error {
	index, err := desc.ImageIndex()
	if err != nil {
		return fmt.Errorf("read index of %s: %w", ref, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("read index of %s: %w", ref, err)
	}
	var have []string
	for _, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.OS == "unknown" {
			continue // an attestation
		}
		if m.Platform.Satisfies(want) {
			return nil
		}
		have = append(have, platformName(m.Platform))
	}
	return wrongPlatform(ref, want.String(), have)
}

func platformName(p *v1.Platform) string {
	if p == nil || p.Architecture == "" {
		return "an unknown platform"
	}
	return p.OS + "/" + p.Architecture
}

func wrongPlatform(ref name.Reference, want string, have []string) error {
	f := &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("the image %s is not for %s", ref, want),
		Evidence: "it is for " + strings.Join(have, ", "),
		Remedy:   "name an image for " + want,
	}
	for _, h := range have {
		if h == "linux/arm64" || h == "linux/amd64" {
			f.Remedy += fmt.Sprintf(", or write platform = %q under [image] in berth.toml", h)
			break
		}
	}
	return f
}

func badReference(ref string, err error) error {
	return &fail.Error{
		Class: fail.Usage, Cause: fmt.Sprintf("%q is not an image reference", ref), Evidence: err.Error(),
		Remedy: "write it like ghcr.io/me/app:1.2, in lower case and without https://", Err: err,
	}
}

func resolveError(ctx context.Context, ref name.Reference, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("look up image %s: %w", ref, ctx.Err())
	}
	var known *fail.Error
	if errors.As(err, &known) {
		return known
	}
	f := &fail.Error{Class: fail.Refused, Evidence: registryText(err), Err: err}
	host := ref.Context().RegistryStr()
	switch status(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		f.Cause = fmt.Sprintf("the registry %s denies access to %s; some registries also say so when the image does not exist", host, ref)
		f.Remedy = "check the name for typos; for a private image sign in with docker login " + host +
			", and it is copied to the app's own repository"
	case http.StatusNotFound:
		f.Cause = fmt.Sprintf("there is no image %s", ref)
		f.Remedy = "check the name and the tag, and that it was pushed"
	case http.StatusTooManyRequests:
		f.Cause = fmt.Sprintf("the registry %s is rate limiting our requests", host)
		f.Remedy = "wait a few minutes, or copy the image to a repository in the account; the tasks would be limited, too"
	case 0:
		f.Cause = fmt.Sprintf("the registry %s cannot be reached", host)
		f.Remedy = "check the name of the registry and the network"
	default:
		f.Cause = fmt.Sprintf("the registry %s gave no valid answer about %s", host, ref)
		f.Remedy = "try again; if it persists, see the registry's status page"
	}
	return f
}

// NeedsLogin says whether a registry refused because it was not told who asks, or not by whom it wants.
func NeedsLogin(err error) bool {
	s := status(err)
	return s == http.StatusUnauthorized || s == http.StatusForbidden
}

// status is the HTTP status that a registry answered with, 0 when it did not answer.
func status(err error) int {
	var t *transport.Error
	if errors.As(err, &t) {
		return t.StatusCode
	}
	return 0
}

// registryText is what a registry said, without the URL and the headers.
func registryText(err error) string {
	var t *transport.Error
	if !errors.As(err, &t) {
		return err.Error()
	}
	if len(t.Errors) == 0 {
		return fmt.Sprintf("%d %s", t.StatusCode, http.StatusText(t.StatusCode))
	}
	var lines []string
	for _, d := range t.Errors {
		lines = append(lines, fmt.Sprintf("%d %s: %s", t.StatusCode, d.Code, d.Message))
	}
	return strings.Join(lines, "\n")
}

// headAction is the IAM action that ECR checks for a question without an answer in words (HTTP HEAD), empty for
// other requests, whose answers name it themselves.
func headAction(err error) string {
	var t *transport.Error
	if !errors.As(err, &t) || t.Request == nil || t.Request.Method != http.MethodHead {
		return ""
	}
	if strings.Contains(t.Request.URL.Path, "/blobs/") {
		return "ecr:BatchCheckLayerAvailability"
	}
	return "ecr:BatchGetImage"
}
