package image

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"berth/engine/fail"
)

// helperTimeout is how long a credential helper may take. Some ask the network, and some a person.
const helperTimeout = 20 * time.Second

// SignIns is the keychain of this machine: the sign-ins that docker login or podman login left, with the programs that
// keep them. It is authn.DefaultKeychain with helpers that end with their context, and write nothing to the terminal; a
// helper that does not work is a Refused fail.Error.
type SignIns struct{}

var _ authn.ContextKeychain = SignIns{}

// Resolve implements authn.Keychain.
func (s SignIns) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return s.ResolveContext(context.Background(), r)
}

// ResolveContext implements authn.ContextKeychain.
func (SignIns) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	file, where, err := signInFile()
	if err != nil {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: "the sign-ins for registries in " + where + " cannot be read", Evidence: err.Error(),
			Remedy: "fix that file, or remove it and sign in again with docker login", Err: err,
		}
	}
	if file == nil {
		return authn.Anonymous, nil
	}
	for _, key := range []string{r.String(), r.RegistryStr()} {
		if key == name.DefaultRegistry {
			key = authn.DefaultAuthKey
		}
		got, err := signIn(ctx, file, where, key)
		if err != nil {
			return nil, err
		}
		if got != (authn.AuthConfig{}) {
			return authn.FromConfig(got), nil
		}
	}
	return authn.Anonymous, nil
}

// signInFile is the configuration that holds the sign-ins, nil when there is none.
func signInFile() (file *configfile.ConfigFile, where string, err error) {
	home, _ := os.UserHomeDir()
	settings := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
	for _, where := range []string{
		filepath.Join(settingsOfDocker(), "config.json"),
		os.Getenv("REGISTRY_AUTH_FILE"),
		filepath.Join(cmp.Or(os.Getenv("XDG_RUNTIME_DIR"), settings), "containers", "auth.json"),
		filepath.Join(settings, "containers", "auth.json"),
	} {
		text, err := os.ReadFile(where)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, where, err
		}
		file, err = config.LoadFromReader(bytes.NewReader(text))
		return file, where, err
	}
	return nil, "", nil
}

// signIn is what the configuration has for a registry, from the program that keeps it or from the file itself.
func signIn(ctx context.Context, file *configfile.ConfigFile, where, key string) (authn.AuthConfig, error) {
	helper, ok := file.CredentialHelpers[key]
	if !ok && key == authn.DefaultAuthKey {
		helper, ok = file.CredentialHelpers[host(key)]
	}
	if !ok {
		helper = file.CredentialsStore
	}
	if helper == "" {
		got, err := file.GetAuthConfig(key)
		if err != nil {
			return authn.AuthConfig{}, fmt.Errorf("read the sign-in for %s: %w", host(key), err)
		}
		return authn.AuthConfig{
			Username: got.Username, Password: got.Password, Auth: got.Auth, IdentityToken: got.IdentityToken, RegistryToken: got.RegistryToken,
		}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	p := &helperProgram{ctx: ctx, name: "docker-credential-" + helper}
	got, err := client.Get(p.with, key)
	switch {
	case credentials.IsErrCredentialsNotFound(err), credentials.IsCredentialsMissingServerURL(err), credentials.IsCredentialsMissingUsername(err):
		return authn.AuthConfig{}, nil
	case err != nil:
		return authn.AuthConfig{}, p.failed(where, host(key), err)
	case got.Username == "<token>":
		return authn.AuthConfig{IdentityToken: got.Secret}, nil
	}
	return authn.AuthConfig{Username: got.Username, Password: got.Secret}, nil
}

// host is the registry of a key of the configuration.
func host(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key, _, _ = strings.Cut(key, "/")
	return key
}

// helperProgram is a credential helper that cannot reach the terminal, and that ends with ctx.
type helperProgram struct {
	ctx    context.Context
	name   string
	cmd    *exec.Cmd
	errs   tail
	runErr error
}

func (p *helperProgram) with(args ...string) client.Program {
	p.cmd = exec.CommandContext(p.ctx, p.name, args...)
	p.cmd.WaitDelay = time.Second
	ownGroup(p.cmd)
	p.cmd.Stderr = &p.errs
	return p
}

// Input implements client.Program.
func (p *helperProgram) Input(in io.Reader) { p.cmd.Stdin = in }

// Output implements client.Program.
func (p *helperProgram) Output() ([]byte, error) {
	out, err := p.cmd.Output()
	p.runErr = err
	return out, err
}

// failed says what is wrong with the helper.
func (p *helperProgram) failed(where, host string, err error) error {
	f := &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("%s, which keeps the sign-in for %s, failed", p.name, host),
		Evidence: strings.TrimSpace(p.errs.String() + "\n" + fail.Quoted(shorten(err.Error()))),
		Remedy:   fmt.Sprintf("sign in again with docker login %s; or remove the helper from credsStore and credHelpers in %s, then sign in", host, where),
		Err:      err,
	}
	switch {
	case errors.Is(p.ctx.Err(), context.Canceled):
		return fmt.Errorf("ask %s: %w", p.name, p.ctx.Err())
	case p.ctx.Err() != nil:
		f.Cause, f.Evidence = fmt.Sprintf("%s, which keeps the sign-in for %s, has not answered for %s", p.name, host, helperTimeout), p.errs.String()
		f.Remedy = fmt.Sprintf("see whether it waits for a key or a password: echo %s | %s get; %s", host, p.name, f.Remedy)
	case errors.Is(p.runErr, exec.ErrNotFound), errors.Is(p.runErr, fs.ErrNotExist):
		f.Cause = fmt.Sprintf("%s has %s keep the sign-in for %s, and there is no such program", where, p.name, host)
		f.Evidence = ""
		f.Remedy = "install it; or remove it from credsStore and credHelpers in that file, then sign in with docker login " + host
	}
	return f
}
