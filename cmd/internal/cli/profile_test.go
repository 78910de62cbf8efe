package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Without credentials somebody who has several profiles is asked for one before anything else, and told how to sign in.
func TestAProfileIsAskedForFirst(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("Dockerfile", "FROM scratch\nEXPOSE 8080\nCMD [\"/app\"]\n")
	config := "[profile dev]\nregion = eu-west-2\nsso_start_url = https://acme.example\nsso_region = eu-west-2\nsso_account_id = 123456789012\nsso_role_name = dev\n"
	t.Setenv("HOME", dir) // where a sign-in would be kept
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_REGION": "eu-west-2", "AWS_EC2_METADATA_DISABLED": "true", "CI": "", "TERM": "xterm",
	} {
		t.Setenv(name, value)
	}
	for name, c := range map[string]struct {
		config, typed string
		args          []string
		says, not     []string
	}{
		"several": {
			config: config + "[profile prod]\nregion = us-east-1\n", typed: "nobody\ndev\nquit\n",
			says: []string{"no AWS credentials to work with", "1  dev, eu-west-2, sign in with: aws sso login --profile dev", "2  prod, us-east-1", `no profile "nobody"`, "Sign in with\n\n  aws sso login --profile dev"},
		},
		"one":          {config: config, typed: "quit\n", not: []string{"Which one?"}},
		"named":        {config: config + "[profile prod]\n", typed: "quit\n", args: []string{"--profile", "dev"}, not: []string{"Which one?"}},
		"nobody there": {config: config + "[profile prod]\n", args: []string{"--yes"}, not: []string{"Which one?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", write("config", c.config))
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", write("credentials", ""))
			var out bytes.Buffer
			args := append([]string{"deploy", "--plain", "-C", dir, "--image", "ghcr.io/acme/shop"}, c.args...)
			code := Main(t.Context(), Process{In: &terminal{c.typed}, Out: &out, Err: &out, Terminal: true}, args)
			for _, want := range c.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("exit code %d, no %q:\n%s", code, want, out.String())
				}
			}
			for _, bad := range c.not {
				if strings.Contains(out.String(), bad) {
					t.Errorf("exit code %d, %q:\n%s", code, bad, out.String())
				}
			}
		})
	}
}

// terminal gives what was typed line by line, as a terminal does.
type terminal struct{ typed string }

// Read implements io.Reader.
func (t *terminal) Read(p []byte) (int, error) {
	line, rest, _ := strings.Cut(t.typed, "\n")
	if t.typed == "" {
		return 0, io.EOF
	}
	t.typed = rest
	return copy(p, line+"\n"), nil
}
