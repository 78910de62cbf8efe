package cloud

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"berth/engine/clock"
	"berth/engine/fail"
)

const shared = `
[profile fresh]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Dev
[profile old]
sso_start_url = https://old.example.com/start
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = Dev
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.example.com/start
[profile guarded]
role_arn = arn:aws:iam::111122223333:role/deploy
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/dev
[profile chained]
role_arn = arn:aws:iam::444455556666:role/there
source_profile = keys
duration_seconds = 7200
[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = example
[profile helper]
credential_process = echo the vault is sealed >&2; exit 3
[profile chatty]
credential_process = echo aws_secret_access_key=hunter2
[profile works]
credential_process = echo x >>ran; echo '{"Version":1,"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"example"}'
`

// answers is AWS by what it answers to an action of STS in a region.
type answers func(action, region string) (status int, body string)

// onlySTS serves answers, and has the process use it with no settings but those of the shared file.
func onlySTS(t *testing.T, answer answers) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		action := strings.Split(strings.TrimPrefix(string(b), "Action="), "&")[0]
		region := strings.Split(r.Header.Get("Authorization")+"////", "/")[2]
		status, body := answer(action, region)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL", srv.URL)
}

func stsError(code, message string) string {
	return fmt.Sprintf("<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
}

const itsMe = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/me</Arn>` +
	`<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

func TestWhyThereAreNoCredentials(t *testing.T) {
	for _, c := range []struct {
		name, profile, region string
		answer                answers
		cause, remedy, hidden string
	}{
		{
			name: "an SSO session that nobody signed in to", profile: "fresh",
			cause: "nobody has signed in to the profile fresh", remedy: "aws sso login --profile fresh",
		},
		{
			name: "the older kind of an SSO profile", profile: "old",
			cause: "nobody has signed in to the profile old", remedy: "aws sso login --profile old",
		},
		{
			name: "MFA where nobody can be asked", profile: "guarded", cause: "needs an MFA code", remedy: "run this on a terminal",
			hidden: "AssumeRoleTokenProvider",
		},
		{
			name: "a credential process that fails", profile: "helper", cause: "the credential_process of the profile helper",
			remedy: "until it prints credentials",
		},
		{
			name: "a credential process that prints something else", profile: "chatty", cause: "the credential_process of the profile chatty",
			remedy: "until it prints credentials", hidden: "hunter2",
		},
		{
			name: "none at all", cause: "no AWS credentials were found", remedy: "aws configure sso",
		},
		{
			name: "a region that the account has not enabled", profile: "keys", region: "me-south-1",
			answer: func(_, region string) (int, string) {
				if region == "us-east-1" {
					return http.StatusOK, itsMe
				}
				return http.StatusForbidden, stsError("InvalidClientTokenId", "The security token included in the request is invalid")
			},
			cause: "the region me-south-1 (Middle East (Bahrain)) is not enabled in this account", remedy: "AWS Regions",
		},
		{
			name: "keys that are wrong everywhere", profile: "keys", region: "eu-west-2",
			answer: func(string, string) (int, string) {
				return http.StatusForbidden, stsError("InvalidClientTokenId", "The security token included in the request is invalid")
			},
			cause: "AWS does not accept the credentials", remedy: "aws sts get-caller-identity", hidden: "enable",
		},
		{
			name: "a region of another partition", profile: "keys", region: "cn-north-1",
			answer: func(string, string) (int, string) {
				return http.StatusForbidden, stsError("InvalidClientTokenId", "The security token included in the request is invalid")
			},
			cause: "AWS does not accept the credentials", remedy: "AWS China, which has its own accounts and keys",
		},
		{
			name: "a clock that is slow", profile: "keys", region: "eu-west-2",
			answer: func(string, string) (int, string) {
				return http.StatusForbidden, stsError("SignatureDoesNotMatch",
					"Signature expired: 20261128T100000Z is now earlier than 20261128T103000Z (20261128T104500Z - 15 min.)")
			},
			cause: "the clock of this machine is wrong: 45m0s slow", remedy: "timedatectl",
		},
		{
			name: "a clock that is fast", profile: "keys", region: "eu-west-2",
			answer: func(string, string) (int, string) {
				return http.StatusForbidden, stsError("SignatureDoesNotMatch",
					"Signature not yet current: 20261128T110000Z is still later than 20261128T102000Z (20261128T101500Z + 5 min.)")
			},
			cause: "the clock of this machine is wrong: 45m0s fast", remedy: "timedatectl",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			onlySTS(t, func(action, region string) (int, string) {
				if c.answer == nil {
					t.Errorf("%s in %s was asked for", action, region)
					return http.StatusForbidden, ""
				}
				return c.answer(action, region)
			})
			region := c.region
			if region == "" {
				region = "eu-west-2"
			}
			clients, err := Environment{Clock: clock.At(clock.Clock{}.Now(), 1000)}.Connect(t.Context(), Settings{Region: region, Profile: c.profile})
			if err == nil {
				_, err = clients.WhoAmI(t.Context())
			}
			f := fail.From(err)
			if f == nil || f.Class != fail.Refused || !strings.Contains(f.Cause, c.cause) || !strings.Contains(f.Remedy, c.remedy) {
				t.Fatalf("got %+v", f)
			}
			if all := f.Cause + f.Evidence + f.Remedy; c.hidden != "" && strings.Contains(all, c.hidden) {
				t.Errorf("says %q: %s", c.hidden, all)
			}
			if c.profile == "helper" && !strings.Contains(f.Evidence, "the vault is sealed") {
				t.Errorf("evidence %q", f.Evidence)
			}
		})
	}
}

func TestWhyARoleCannotBeAssumed(t *testing.T) {
	onlySTS(t, nil)
	for _, c := range []struct{ profile, code, message, cause, remedy string }{
		{
			"chained", "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: y",
			"the role arn:aws:iam::444455556666:role/there cannot be assumed", "its trust policy must allow",
		},
		{
			"chained", "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
			"cannot be assumed", "duration_seconds of the profile to 3600 or less",
		},
		{
			"guarded", "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.",
			"AWS rejected the MFA code", "wait for the next one",
		},
		{"guarded", "InvalidClientTokenId", "The security token included in the request is invalid", "cannot be assumed", "correct those of keys"},
		{"guarded", "ExpiredToken", "The security token included in the request is expired", "cannot be assumed", "sign in again"},
	} {
		err := &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithy.GenericAPIError{Code: c.code, Message: c.message}}
		f := fail.From(Explain("ask", &unsigned{profile: c.profile, err: fmt.Errorf("failed to refresh cached credentials, %w", err)}))
		if f.Class != fail.Refused || !strings.Contains(f.Cause, c.cause) || !strings.Contains(f.Remedy, c.remedy) {
			t.Errorf("%s: got %+v", c.message, f)
		}
	}
}

func TestAsksForTheCode(t *testing.T) {
	asked, typed := "", errors.New("typed")
	term := &Terminal{Err: io.Discard, Code: func(_ context.Context, serial string) (string, error) {
		asked += serial + " "
		return "", typed
	}}
	onlySTS(t, nil)
	if err := term.Prepare(t.Context(), Settings{Profile: "guarded"}); !errors.Is(err, typed) || asked != "arn:aws:iam::111122223333:mfa/dev " {
		t.Errorf("asked for the codes of %q: %v", asked, err)
	}
	term.Take()
	if err := term.Prepare(t.Context(), Settings{Profile: "guarded"}); !strings.Contains(fail.From(err).Cause, "needs an MFA code") {
		t.Errorf("while screens are open: %v", err)
	}
	if err := term.Prepare(t.Context(), Settings{Profile: "keys"}); err != nil {
		t.Errorf("nothing to ask: %v", err)
	}
}

// What was asked for once is good for all connections.
func TestTerminalSharesCredentials(t *testing.T) {
	onlySTS(t, func(string, string) (int, string) { return http.StatusOK, itsMe })
	t.Chdir(t.TempDir())
	term := &Terminal{Err: io.Discard}
	if err := term.Prepare(t.Context(), Settings{Profile: "works"}); err != nil {
		t.Fatal(err)
	}
	term.Take()
	for _, region := range []string{"eu-west-2", "us-east-1"} {
		c, err := Environment{Config: term.Config}.Connect(t.Context(), Settings{Profile: "works", Region: region})
		if err != nil {
			t.Fatal(err)
		}
		if id, err := c.WhoAmI(t.Context()); err != nil || id.Account != "111122223333" {
			t.Errorf("%+v, %v", id, err)
		}
	}
	if b, err := os.ReadFile("ran"); err != nil || strings.Count(string(b), "x") != 1 {
		t.Errorf("ran %q times: %v", b, err)
	}
}

func TestCredentialProcess(t *testing.T) {
	onlySTS(t, func(string, string) (int, string) { return http.StatusOK, itsMe })
	t.Chdir(t.TempDir())
	c, err := Environment{}.Connect(t.Context(), Settings{Profile: "works", Region: "eu-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := c.WhoAmI(t.Context()); err != nil || id.Account != "111122223333" {
		t.Errorf("%+v, %v", id, err)
	}
}

// A proxy that looks into what is sent signs for registries and endpoints as it does for AWS.
func TestTransportTrustsTheBundle(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer srv.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(bundle, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func() error {
		t.Helper()
		c, err := Environment{}.Connect(t.Context(), Settings{Profile: "keys", Region: "eu-west-2"})
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Client{Transport: c.Transport}).Get(srv.URL)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	onlySTS(t, nil)
	if get() == nil {
		t.Error("trusts anybody")
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if err := get(); err != nil {
		t.Errorf("with AWS_CA_BUNDLE: %v", err)
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	file := os.Getenv("AWS_CONFIG_FILE")
	if err := os.WriteFile(file, []byte(strings.Replace(shared, "[profile keys]", "[profile keys]\nca_bundle = "+bundle, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := get(); err != nil {
		t.Errorf("with ca_bundle of the profile: %v", err)
	}
	t.Setenv("AWS_CA_BUNDLE", "/nowhere.pem")
	if _, err := (Environment{}).Connect(t.Context(), Settings{Region: "eu-west-2"}); !strings.Contains(fail.From(err).Cause, "AWS_CA_BUNDLE names a file") {
		t.Errorf("a file that is not there: %v", err)
	}
}
