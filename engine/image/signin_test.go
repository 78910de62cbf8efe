package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"berth/engine/fail"
)

// withSignIns makes Docker's configuration say text, and puts helpers, shell scripts, into the path.
func withSignIns(t *testing.T, text string, helpers map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600))
	for name, script := range helpers {
		must(t, os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

func TestSignIns(t *testing.T) {
	repo, err := name.NewRepository("ghcr.io/me/app")
	must(t, err)
	const get = `read server; [ "$server" = ghcr.io ] || { echo credentials not found in native keychain; exit 1; }; `
	for _, tt := range []struct {
		name, config          string
		helpers               map[string]string
		user, token           string // of the sign-in
		cause, evidence, cure string // of the failure
	}{
		{name: "nothing", config: `{}`},
		{name: "in the file", config: `{"auths":{"ghcr.io":{"auth":"bWU6c2VjcmV0"}}}`, user: "me"},
		{name: "of another registry", config: `{"auths":{"quay.io":{"auth":"bWU6c2VjcmV0"}}}`},
		{name: "a store", config: `{"credsStore":"all"}`, helpers: map[string]string{"all": get + `echo '{"Username":"me","Secret":"secret"}'`}, user: "me"},
		{name: "a token", config: `{"credsStore":"all"}`, helpers: map[string]string{"all": get + `echo '{"Username":"<token>","Secret":"secret"}'`}, token: "secret"},
		{
			name: "a helper of the registry", config: `{"credsStore":"all","credHelpers":{"ghcr.io":"one"}}`,
			helpers: map[string]string{"all": "echo credentials not found in native keychain; exit 1", "one": `echo '{"Username":"me","Secret":"secret"}'`}, user: "me",
		},
		{name: "a store without it", config: `{"credsStore":"all"}`, helpers: map[string]string{"all": "echo credentials not found in native keychain; exit 1"}},
		{
			name: "a store that fails", config: `{"credsStore":"all"}`, helpers: map[string]string{"all": "echo the keychain is locked >&2; echo no; exit 1"},
			cause: "docker-credential-all, which keeps the sign-in for ghcr.io, failed", evidence: "the keychain is locked", cure: "docker login ghcr.io",
		},
		{
			name: "a store that is gone", config: `{"credsStore":"desktop"}`,
			cause: "docker-credential-desktop keep the sign-in for ghcr.io, and there is no such program", cure: "remove it from credsStore and credHelpers",
		},
		{name: "a broken file", config: `{"auths":`, cause: "cannot be read", evidence: "EOF", cure: "fix that file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withSignIns(t, tt.config, tt.helpers)
			auth, err := SignIns{}.ResolveContext(t.Context(), repo)
			if tt.cause != "" {
				f := fail.From(err)
				if err == nil || f.Class != fail.Refused || !strings.Contains(f.Cause, tt.cause) || !strings.Contains(f.Evidence, tt.evidence) || !strings.Contains(f.Remedy, tt.cure) {
					t.Errorf("%+v", f)
				}
				return
			}
			must(t, err)
			got, err := auth.Authorization()
			must(t, err)
			if got.Username != tt.user || got.IdentityToken != tt.token || tt.user != "" && got.Password != "secret" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A helper that waits for somebody is ended with what asked it.
func TestSignInsOfAHelperThatHangs(t *testing.T) {
	dir := withSignIns(t, `{"credsStore":"slow"}`, map[string]string{"slow": `echo $$ >"$(dirname "$0")/pid"; exec sleep 60`})
	repo, err := name.NewRepository("ghcr.io/me/app")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	start := time.Now()
	_, err = authn.Resolve(ctx, SignIns{}, repo)
	if f := fail.From(err); err == nil || time.Since(start) > 10*time.Second || !strings.Contains(f.Cause, "docker-credential-slow") || !strings.Contains(f.Remedy, "echo ghcr.io | docker-credential-slow get") {
		t.Errorf("after %s: %+v", time.Since(start), f)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	must(t, err)
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the helper still runs: %v", err)
	}
}
