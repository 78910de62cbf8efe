package cli

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestCompletingDoesNotWaitForAWS completes with credentials and an endpoint that never answers.
func TestCompletingDoesNotWaitForAWS(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections are taken by the system, and nobody reads them
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "berth.toml"), []byte("app = \"shop\"\nregion = \"eu-west-2\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://" + silent.Addr().String(), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"),
	} {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	code := Main(t.Context(), Process{Out: &out, Err: &errs}, []string{"__complete", "status", "-C", dir, "--app", ""})
	if code != 0 || !strings.HasPrefix(out.String(), "shop\tof this folder\n") {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errs.String())
	}
	out.Reset()
	if code = Main(t.Context(), Process{Out: &out, Err: &errs}, []string{"__complete", "rollback", "-C", dir, ""}); code != 0 || out.String() != ":4\n" {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errs.String())
	}
}

// TestHelpFits looks at the help of every verb on a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	for _, c := range commands((&app{}).root()) {
		var out bytes.Buffer
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := Main(t.Context(), Process{Out: &out, Err: &out}, args); code != 0 {
			t.Errorf("%s --help: exit code %d\n%s", c.CommandPath(), code, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("%s --help has a line of %d columns: %s", c.CommandPath(), n, line)
			}
		}
	}
}

// TestEveryFlagIsExplained finds flags without a text.
func TestEveryFlagIsExplained(t *testing.T) {
	for _, c := range commands((&app{}).root()) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s says nothing", c.CommandPath(), f.Name)
			}
		})
		if c.Short == "" {
			t.Errorf("%s says nothing", c.CommandPath())
		}
	}
}
