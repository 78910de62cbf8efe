package sim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	rtransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func TestRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		token := must(r.ecr.GetAuthorizationToken(r.ctx, &ecr.GetAuthorizationTokenInput{}))(r)
		host := strings.TrimPrefix(*token.AuthorizationData[0].ProxyEndpoint, "https://")
		with := func(auth authn.Authenticator) []remote.Option {
			return []remote.Option{remote.WithTransport(r.env.Transport), remote.WithAuth(auth), remote.WithContext(r.ctx)}
		}
		good := with(authn.FromConfig(authn.AuthConfig{Auth: *token.AuthorizationData[0].AuthorizationToken}))
		ref := must(name.ParseReference(host + "/app:v1"))(r)
		img := r.testImage()
		refusal := func(err error) (int, string) {
			var te *rtransport.Error
			if !errors.As(err, &te) || len(te.Errors) == 0 {
				if te != nil {
					return te.StatusCode, ""
				}
				return 0, ""
			}
			return te.StatusCode, string(te.Errors[0].Code)
		}
		if status, code := refusal(remote.Write(ref, img, good...)); status != 404 || code != "NAME_UNKNOWN" {
			t.Errorf("push into no repository: %d %s", status, code)
		}
		must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app"), ImageTagMutability: ecrtypes.ImageTagMutabilityImmutable}))(r)
		if status, _ := refusal(remote.Write(ref, img, with(authn.Anonymous)...)); status != 401 {
			t.Errorf("push without a password: %d", status)
		}
		start := time.Now()
		if err := remote.Write(ref, img, good...); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 300<<10*time.Second/uploadRate {
			t.Errorf("300 kB went up in %s", took)
		}
		uploads := func() (n int) {
			for _, c := range r.a.Calls() {
				if c.Operation == "CompleteLayerUpload" {
					n++
				}
			}
			return n
		}
		first := uploads()
		if err := remote.Write(ref, img, good...); err != nil || uploads() != first {
			t.Errorf("the second push: %v, %d more uploads", err, uploads()-first)
		}
		if status, code := refusal(remote.Write(ref, r.testImage(), good...)); status != 400 || code != "TAG_INVALID" {
			t.Errorf("another image under an immutable tag: %d %s", status, code)
		}
		want := must(img.Digest())(r)
		got := must(remote.Image(ref, good...))(r)
		if d := must(got.Digest())(r); d != want {
			t.Errorf("pulled %s, pushed %s", d, want)
		}
		if cfg := must(got.ConfigFile())(r); cfg.Architecture != "amd64" || len(cfg.Config.ExposedPorts) != 1 {
			t.Errorf("configuration %+v", cfg)
		}
		d := must(r.ecr.DescribeImages(r.ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("app"), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("v1")}}}))(r)
		if x := d.ImageDetails[0]; *x.ImageDigest != want.String() || *x.ImageSizeInBytes < 300<<10 || x.ImagePushedAt.IsZero() {
			t.Errorf("details %+v", x)
		}
		if _, err := remote.Head(must(name.ParseReference(host+"/app:nope"))(r), good...); err == nil {
			t.Error("found a tag that is not there")
		}
	})
}

func TestRegistryIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.arch = "arm64"
		arm := r.testImage()
		index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}})
		must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")}))(r)
		token := must(r.ecr.GetAuthorizationToken(r.ctx, &ecr.GetAuthorizationTokenInput{}))(r)
		ref := must(name.ParseReference("123456789012.dkr.ecr.eu-west-2.amazonaws.com/app:multi"))(r)
		err := remote.WriteIndex(ref, index, remote.WithTransport(r.env.Transport), remote.WithAuth(authn.FromConfig(authn.AuthConfig{Auth: *token.AuthorizationData[0].AuthorizationToken})))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{a: r.a, st: r.a.st, r: r.a.st.Regions[london]}
		if cfg := w.imageConfig(ref.Name(), "arm64"); cfg == nil || cfg.Architecture != "arm64" {
			t.Errorf("the part for arm64: %+v", cfg)
		}
		if cfg := w.imageConfig(ref.Name(), "amd64"); cfg != nil {
			t.Errorf("a part for amd64: %+v", cfg)
		}
	})
}

func TestRegistryFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Faults: faults(t, "deny=ecr:PutImage")})
		must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")}))(r)
		token := must(r.ecr.GetAuthorizationToken(r.ctx, &ecr.GetAuthorizationTokenInput{}))(r)
		ref := must(name.ParseReference("123456789012.dkr.ecr.eu-west-2.amazonaws.com/app:v1"))(r)
		push := func() error {
			img := must(random.Image(100, 1))(r)
			return remote.Write(ref, img, remote.WithTransport(r.env.Transport), remote.WithAuth(authn.FromConfig(authn.AuthConfig{Auth: *token.AuthorizationData[0].AuthorizationToken})))
		}
		if err := push(); err == nil || !strings.Contains(err.Error(), "ecr:PutImage") {
			t.Errorf("denied: %v", err)
		}
		r.a.SetFaults(faults(t, "lost=ecr:PutImage")...)
		if err := push(); err != nil {
			t.Errorf("a lost answer to a push: %v", err)
		}
		if !slices.ContainsFunc(r.a.Calls(), func(c Call) bool { return c.Operation == "PutImage" && c.Effect && c.Code == "ConnectionLost" }) {
			t.Error("no answer was lost")
		}
		r.a.SetFaults(faults(t, "cut=1")...)
		if err := push(); !errors.Is(err, ErrCut) {
			t.Errorf("cut: %v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestOtherHostsGoOutside(t *testing.T) {
	a, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	tr := &transport{a: a, outside: roundTrip(func(req *http.Request) (*http.Response, error) {
		hosts = append(hosts, req.URL.Host)
		return response(req, 200, nil, nil), nil
	})}
	c := &http.Client{Transport: tr}
	for _, url := range []string{"https://public.ecr.aws/v2/", "https://index.docker.io/v2/", "https://999999999999.dkr.ecr.eu-west-2.amazonaws.com/v2/", "https://d1.cloudfront.net/"} {
		if res, err := c.Get(url); err == nil {
			_ = res.Body.Close()
		}
	}
	if !slices.Equal(hosts, []string{"public.ecr.aws", "index.docker.io"}) {
		t.Errorf("went outside: %v", hosts)
	}
}
