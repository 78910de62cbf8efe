package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be berth, so that scripts start real processes with pipes for terminals.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"berth": func() {
			signals := make(chan os.Signal, 3)
			signal.Notify(signals, os.Interrupt)
			os.Exit(Main(context.Background(), Process{
				In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Exit: os.Exit, Signals: signals,
			}, os.Args[1:]))
		},
	})
}

// TestVerbs runs testdata/*.txtar. Besides the usual commands they have
//
//	exits CODE COMMAND...    run a command that must end with that exit code
//	interrupts TEXT COMMAND...  run a command, interrupt it once its stderr holds the text, and expect a good end; the file told
//	                         has what it printed
//	absent FILE...           fail when one of the files is there
//	nowhere TEXT             fail when a file of the script holds the text, unless the script itself brought it
//
// and $REGISTRY, a registry on this machine that has one image, $IMAGE.
func TestVerbs(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	image := pushImage(t, host+"/app:1")
	t.Run("scripts", func(t *testing.T) { runScripts(t, host, image) }) // the server must outlive what runs in parallel
}

func runScripts(t *testing.T, host, image string) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("AWS_CONFIG_FILE", filepath.Join(e.WorkDir, "no-config"))
			e.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(e.WorkDir, "no-credentials"))
			// Where berth is, and nothing else: a machine without Docker.
			e.Setenv("BARE", filepath.SplitList(e.Getenv("PATH"))[0])
			e.Setenv("REGISTRY", host)
			e.Setenv("IMAGE", image)
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"interrupts": interrupts,
			"absent":     absent,
			"nowhere":    nowhere,
		},
		RequireExplicitExec: true,
	})
}

// pushImage makes an image for linux/amd64 that listens on port 8080, and returns its reference.
func pushImage(t *testing.T, ref string) string {
	t.Helper()
	img, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Cmd = []string{"/app"}
	config.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	to, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(to, img); err != nil {
		t.Fatal(err)
	}
	return ref
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupts TEXT COMMAND...")
	}
	cmd := exec.Command(filepath.Join(ts.Getenv("BARE"), args[1]), args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "XDG_STATE_HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var out, said bytes.Buffer
	cmd.Stdout = &out
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	told := false
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if !told && strings.Contains(lines.Text(), args[0]) {
			told = true
			ts.Check(cmd.Process.Signal(os.Interrupt))
		}
	}
	if err := cmd.Wait(); err != nil || !told {
		ts.Fatalf("%s: %v, %s", args[1], err, &said)
	}
	ts.Check(os.WriteFile(ts.MkAbs("told"), out.Bytes(), 0o600))
}

func absent(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		if _, err := os.Stat(ts.MkAbs(file)); (err == nil) != neg {
			ts.Fatalf("%s: there: %v", file, err == nil)
		}
	}
}

// brought are the files of a script that hold a secret to begin with.
var brought = map[string]bool{"value": true, "rotated": true, "env": true}

func nowhere(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: nowhere TEXT")
	}
	looked := 0
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || brought[d.Name()] {
			return err
		}
		data, err := os.ReadFile(file)
		if err == nil && bytes.Contains(data, []byte(args[0])) {
			ts.Fatalf("%s holds %s", file, args[0])
		}
		looked++
		return err
	}))
	if looked < 3 { // berth.toml, the state, a journal
		ts.Fatalf("only %d files were there to look into", looked)
	}
}
