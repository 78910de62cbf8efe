package cloud

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestProfiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", write("config", `
# who we are
[default]
region = eu-west-2
[profile work]
sso_session = acme
region=us-east-1
s3 =
  region = nested
[sso-session acme]
sso_start_url = https://acme.example
[profile deploy]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = keys
[profile asks]
credential_process = /bin/ask
[profile over]
source_profile = asks
[profile circle]
source_profile = round
[profile round]
source_profile = circle
[profile phone]
aws_access_key_id = x
mfa_serial = arn:aws:iam::123456789012:mfa/ada
`))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", write("credentials", "[keys]\naws_access_key_id = AKIA\n[default]\naws_access_key_id = AKIA\n"))
	want := []Profile{
		{Name: "asks"},
		{Name: "circle"},
		{Name: "default", Region: "eu-west-2"},
		{Name: "deploy"},
		{Name: "keys"},
		{Name: "over"},
		{Name: "phone"},
		{Name: "round"},
		{Name: "work", Region: "us-east-1", SignIn: "aws sso login --profile work"},
	}
	if got := Profiles(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for profile, quiet := range map[string]bool{
		"": true, "work": true, "deploy": true, "keys": true,
		"asks": false, "over": false, "circle": false, "phone": false, "nobody": false,
	} {
		if Quiet(profile) != quiet {
			t.Errorf("%q is quiet: %v", profile, !quiet)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	if got := Profiles(); len(got) != 0 || Quiet("") {
		t.Errorf("without files: %v", got)
	}
	if t.Setenv("AWS_ACCESS_KEY_ID", "AKIA"); !Quiet("") {
		t.Error("keys of the environment ask nothing")
	}
}
