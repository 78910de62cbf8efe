package cloud

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
)

// roleFor is how long a role is assumed for when its profile does not say: as long as the AWS CLI does.
const roleFor = time.Hour

// errNoCode says that a profile wants an MFA code while nobody can be asked for one.
var errNoCode = errors.New("an MFA code is needed")

// Terminal is where somebody can be asked while credentials are fetched: for an MFA code, or what a credential
// process asks. The credentials of each profile are fetched once and shared by all connections, because a code is good
// for one use. It is safe for concurrent use.
type Terminal struct {
	// Code asks for the code of an MFA device.
	Code func(ctx context.Context, serial string) (string, error)
	// Err is where a credential process writes what it asks.
	Err io.Writer

	mu     sync.Mutex
	taken  bool // the screens have the terminal: nobody can be asked
	shared map[Settings]aws.CredentialsProvider
}

// Take keeps the terminal from being asked on from now on: somebody else draws on it.
func (t *Terminal) Take() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = true
}

// free says whether somebody can be asked.
func (t *Terminal) free() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.taken
}

// Config loads the configuration as AWS's own tools do; it is made for Environment.Config.
func (t *Terminal) Config(ctx context.Context, s Settings) (aws.Config, error) {
	cfg, err := loadConfig(ctx, s, config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
		if o.Duration == 0 {
			o.Duration = roleFor
		}
		serial := aws.ToString(o.SerialNumber)
		o.TokenProvider = func() (string, error) {
			if !t.free() {
				return "", errNoCode
			}
			return t.Code(ctx, serial)
		}
	}), processOf(s.Profile, t.stderr))
	if err != nil || cfg.Credentials == nil || Quiet(s.Profile) {
		return cfg, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shared == nil {
		t.shared = map[Settings]aws.CredentialsProvider{}
	}
	who := Settings{Profile: s.Profile}
	if t.shared[who] == nil {
		t.shared[who] = cfg.Credentials
	}
	cfg.Credentials = t.shared[who]
	return cfg, nil
}

// Prepare fetches the credentials of a profile that may ask something, while the terminal is free.
func (t *Terminal) Prepare(ctx context.Context, s Settings) error {
	if Quiet(s.Profile) || !asksSomething(s.Profile) {
		return nil
	}
	return fetch(ctx, s, t.Config)
}

// fetch has the credentials of a profile retrieved with the configuration that load loads.
func fetch(ctx context.Context, s Settings, load func(context.Context, Settings) (aws.Config, error)) error {
	if s.Region == "" { // a role is assumed in some region
		keys := sharedFiles()[chosenProfile(s.Profile)]
		s.Region = cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), keys["region"], "us-east-1")
	}
	cfg, err := load(ctx, s)
	if err == nil && cfg.Credentials != nil {
		_, err = retrieve(ctx, cfg.Credentials, s.Profile)
	}
	return Explain("load AWS configuration", err)
}

// asksSomething says whether the profile wants an MFA code, or a program that may ask something.
func asksSomething(profile string) bool {
	all := sharedFiles()
	for p, most := chosenProfile(profile), 8; most > 0 && all[p] != nil; p, most = all[p]["source_profile"], most-1 {
		if all[p]["mfa_serial"] != "" || all[p]["credential_process"] != "" {
			return true
		}
	}
	return false
}

func (t *Terminal) stderr() io.Writer {
	if t.free() {
		return t.Err
	}
	return io.Discard
}

// mostSaid is how much of what a credential process says is kept.
const mostSaid = 2000

// process is the credential process of a profile. What it writes to stderr is kept for the failure that it may end
// with, and passed on.
type process struct {
	command string
	stderr  func() io.Writer
}

// Retrieve implements aws.CredentialsProvider.
func (p process) Retrieve(ctx context.Context) (aws.Credentials, error) {
	said := &tail{}
	build := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
		if err == nil {
			cmd.Stderr = io.MultiWriter(said, p.stderr())
		}
		return cmd, err
	})
	c, err := processcreds.NewProviderCommand(build).Retrieve(ctx)
	if text := strings.TrimSpace(string(said.kept)); err != nil && text != "" {
		err = &mute{said: text, err: err}
	}
	return c, err
}

// mute is the failure of a credential process, with what it said.
type mute struct {
	said string
	err  error
}

// Error says how the process failed and what it said.
func (m *mute) Error() string { return m.err.Error() + ": " + m.said }

// Unwrap leads to how the process failed.
func (m *mute) Unwrap() error { return m.err }

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

// Write implements io.Writer. It never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	t.kept = t.kept[max(0, len(t.kept)-mostSaid):]
	return len(b), nil
}

// processOf has the credential process of a profile run by us, where the SDK would run it: what it says must not get
// onto screens that somebody else draws, and belongs into the failure.
func processOf(profile string, stderr func() io.Writer) func(*config.LoadOptions) error {
	none := func(*config.LoadOptions) error { return nil }
	if profile == "" && os.Getenv("AWS_ACCESS_KEY_ID") != "" {
		return none
	}
	keys := sharedFiles()[chosenProfile(profile)]
	other := cmp.Or(keys["role_arn"], keys["aws_access_key_id"], keys["sso_session"], keys["sso_start_url"], keys["web_identity_token_file"])
	if keys["credential_process"] == "" || other != "" {
		return none
	}
	return config.WithCredentialsProvider(process{command: keys["credential_process"], stderr: stderr})
}
