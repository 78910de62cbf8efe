package artifact

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/sim"
)

// guarded is a registry that wants to know who asks for what is below /v2/private.
type guarded struct{ http.Handler }

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	answer := func() *http.Response {
		res := w.Result()
		res.Request = r
		return res
	}
	user, password, _ := r.BasicAuth()
	if strings.HasPrefix(r.URL.Path, "/v2/private") && (user != "me" || password != "secret") || r.URL.Path == "/v2/" && user == "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.WriteString(`{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
		return answer(), nil
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	g.ServeHTTP(w, r)
	return answer(), nil
}

func TestAnImageThatOnlyThisMachineMayReadIsCopied(t *testing.T) {
	synctest.Test(t, testCopied)
}

func testCopied(t *testing.T) {
	reg := guarded{registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	me := always{&authn.Basic{Username: "me", Password: "secret"}}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", Config: v1.Config{ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Cmd: []string{"/app"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"registry.example.com/private/app:1", "registry.example.com/open/app:1"} {
		r, err := name.ParseReference(ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(r, img, remote.WithTransport(reg), remote.WithAuthFromKeychain(me)); err != nil {
			t.Fatal(err)
		}
	}
	account, err := sim.Open(sim.Options{Region: "eu-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := account.Environment().Connect(t.Context(), cloud.Settings{Region: "eu-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	clients.Transport = split{account.Environment().Transport, reg}
	s := &resource.Scope{Clients: clients}
	s.Identity, err = clients.WhoAmI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	repo := &Repository{Owner: resource.Owner{App: "harbor", Env: "production"}}
	if err := repo.Apply(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	nobody := always{authn.Anonymous}
	for _, tt := range []struct {
		ref           string
		keys          authn.Keychain
		why           string // it is copied
		cause, remedy string // of the refusal
	}{
		{"registry.example.com/open/app:1", me, "", "", ""},
		{"registry.example.com/open/app:1", nobody, "", "", ""},
		{"registry.example.com/private/app:1", me, "is private", "", ""},
		{"127.0.0.1:5000/open/app:1", me, "is in a registry that only this machine can reach", "", ""},
		{"registry.example.com/private/app:1", nobody, "", "the registry registry.example.com denies access to", "docker login registry.example.com"},
		{"registry.example.com/private/none:1", me, "", "there is no image registry.example.com/private/none:1", "check the name"},
	} {
		i := &Image{External: tt.ref, Platform: "linux/amd64", Keys: tt.keys, Port: 4000, Repository: repo}
		err := i.Observe(t.Context(), s)
		if tt.cause != "" {
			f := fail.From(err)
			if err == nil || f.Class != fail.Refused || !strings.HasPrefix(f.Cause, tt.cause) || !strings.Contains(f.Remedy, tt.remedy) {
				t.Errorf("%s: %+v", tt.ref, f)
			}
			if f != nil && strings.Contains(f.Error()+f.Remedy+f.Evidence, "secret") {
				t.Errorf("%s: %+v", tt.ref, f)
			}
			continue
		}
		f := i.checkExternal(t.Context(), s)
		if f.Verdict != resource.Warn || f.Text != "the image exposes 8080/tcp, but the load balancer will use port 4000" {
			t.Errorf("%s: %+v", tt.ref, f)
		}
		d := i.Diff(s)
		if err != nil || (tt.why == "") != (d.Action == event.None) || !strings.HasPrefix(d.Why, tt.why) {
			t.Errorf("%s: %+v, %v", tt.ref, d, err)
			continue
		}
		if tt.why == "" {
			if !strings.HasPrefix(i.Ref, "registry.example.com/open/app@sha256:") {
				t.Errorf("%s: %q", tt.ref, i.Ref)
			}
			continue
		}
		if err := i.Apply(t.Context(), s); err != nil || !strings.Contains(i.Ref, ".dkr.ecr.eu-west-2.amazonaws.com/"+repo.Name()+"@sha256:") {
			t.Errorf("%s: %q, %v", tt.ref, i.Ref, err)
		}
		// The same image is not copied twice.
		again := &Image{External: tt.ref, Platform: "linux/amd64", Keys: tt.keys, Port: 4000, Repository: repo}
		if err := again.Observe(t.Context(), s); err != nil || again.Diff(s).Action != event.None || again.Ref != i.Ref {
			t.Errorf("%s: again: %q, %v", tt.ref, again.Ref, err)
		}
		if _, err := s.ECR.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
			RepositoryName: aws.String(repo.Name()), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(i.Ref[strings.Index(i.Ref, "@")+1:])}},
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// split asks the registry beside the simulated account for what is not in that.
type split struct{ account, other http.RoundTripper }

func (s split) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Hostname(), ".amazonaws.com") {
		return s.account.RoundTrip(r)
	}
	return s.other.RoundTrip(r)
}

func TestTheRoleMayFetchFromECROfTheAccountOnly(t *testing.T) {
	s := &resource.Scope{Clients: &cloud.Clients{Region: "eu-west-2"}}
	s.Identity = cloud.Identity{Account: "123456789012", Partition: "aws", ARN: "arn:aws:iam::123456789012:user/ada"}
	repo := &Repository{Owner: resource.Owner{App: "harbor", Env: "production"}}
	for _, tt := range []struct {
		ref, arn string
		verdict  resource.Verdict
	}{
		{"123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/app:1", "arn:aws:ecr:eu-west-2:123456789012:repository/team/app", resource.OK},
		{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:00", "arn:aws:ecr:eu-west-1:123456789012:repository/app", resource.OK},
		{"999999999999.dkr.ecr.eu-west-2.amazonaws.com/app:1", "", resource.OK},
		{"ghcr.io/me/app:1", "", resource.OK},
	} {
		i := &Image{External: tt.ref, Repository: repo, Ref: "known", Platform: "linux/amd64"}
		want := []string{repo.ARN(s)}
		if tt.arn != "" {
			want = append(want, tt.arn)
		}
		if got := i.Repositories(s); !slices.Equal(got, want) {
			t.Errorf("%s: tasks may fetch from %v, want %v", tt.ref, got, want)
		}
		if f := i.checkExternal(t.Context(), s); f.Verdict != tt.verdict || f.Verdict == resource.Fail && f.Remedy == "" {
			t.Errorf("%s: %+v", tt.ref, f)
		}
		need := i.Permissions(s, "")
		if asks := len(need) > 0; asks != strings.Contains(tt.ref, ".dkr.ecr.") {
			t.Errorf("%s: permissions %v", tt.ref, need)
		}
	}
}

// A policy is asked for before anybody looks where the image is: a name without a registry may be one that berth has
// to push, as its own remedy for a private image says.
func TestAnImageThatMayHaveToBePushedNeedsTheRights(t *testing.T) {
	s := &resource.Scope{Clients: &cloud.Clients{Region: "eu-west-2"}}
	s.Identity = cloud.Identity{Account: "123456789012", Partition: "aws"}
	for _, tt := range []struct {
		image Image
		push  bool
	}{
		{Image{External: "app:1"}, true},
		{Image{External: "team/app:1"}, true},
		{Image{External: "app:1", local: true}, true},
		{Image{External: "nginx:1", Ref: "index.docker.io/library/nginx@sha256:00", found: true}, false},
		{Image{External: "ghcr.io/me/app:1"}, true}, // it may be private
		{Image{External: "ghcr.io/me/app:1", Ref: "ghcr.io/me/app@sha256:00", found: true}, false},
		{Image{External: "localhost:5000/app:1"}, true},
		{Image{External: "123456789012.dkr.ecr.eu-west-2.amazonaws.com/app:1"}, false},
	} {
		i := &tt.image
		i.Repository = &Repository{Owner: resource.Owner{App: "harbor", Env: "production"}}
		push := false
		for _, p := range i.Permissions(s, event.Create) {
			push = push || slices.Contains(p.Actions, "ecr:PutImage")
		}
		if push != tt.push {
			t.Errorf("%s: may push: %v", i.External, push)
		}
	}
}
