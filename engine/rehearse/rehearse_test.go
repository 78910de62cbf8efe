package rehearse

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReadSockets(t *testing.T) {
	const text = "  sl  local_address rem_address   st tx_queue\n" +
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n" +
		"   1: 00000000:0050 00000000:0000 0A 00000000:00000000\n" +
		"   2: 0100007F:C001 0100007F:1F90 01 00000000:00000000\n" +
		"   3: 00000000000000000000000001000000:1F91 0:0 0A x\n   4: 00000000000000000000000000000000:1F92 0:0 0A x\n"
	got := readSockets([]byte(text))
	want := []place{{8080, true}, {80, false}, {8081, true}, {8082, false}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func TestMissingVariable(t *testing.T) {
	for log, want := range map[string]string{
		"** (RuntimeError) environment variable SECRET_KEY_BASE is missing.": "SECRET_KEY_BASE",
		"KeyError: 'DATABASE_URL'":                 "DATABASE_URL",
		"key not found: \"STRIPE_KEY\" (KeyError)": "STRIPE_KEY",
		"** (ArgumentError) could not fetch environment variable \"POOL_SIZE\" because it is": "POOL_SIZE",
		"Error: REDIS_URL must be set":    "REDIS_URL",
		"SESSION_SECRET is not set":       "SESSION_SECRET",
		"panic: no database":              "",
		"GET /users HTTP/1.1 is required": "",
	} {
		if got := missingVariable(log); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
	}
}

func TestMebibytes(t *testing.T) {
	for text, want := range map[string]int{"3.1MiB": 4, "512KiB": 1, "1.5GiB": 1536, "4.2MB": 5, "100B": 1} {
		if got, ok := mebibytes(text); !ok || got != want {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
	if _, ok := mebibytes("--"); ok {
		t.Error("-- is an amount")
	}
}

// tiny is the image of the apps in testdata, for a platform.
func tiny(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "app"), "./testdata/app/main.go")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tag := "berth-test-rehearse:" + arch
	if out, err := exec.CommandContext(t.Context(), "docker", "build", "--platform", "linux/"+arch, "-t", tag, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", tag).Run() })
	return tag
}

func left(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label="+label).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestDockerRehearsal runs an app of each kind with the Docker of this machine: each gets the right verdict, and no
// container is left.
func TestDockerRehearsal(t *testing.T) {
	if os.Getenv("BERTH_TEST_DOCKER") == "" {
		t.Skip("BERTH_TEST_DOCKER is not set; .ci/run sets it")
	}
	image, arm := tiny(t, "amd64"), tiny(t, "arm64")
	for _, tt := range []struct {
		habit    string
		image    string
		id       string
		severity Severity
		text     string
		change   func(*Request)
	}{
		{habit: "healthy", id: "websocket", severity: Fine, text: "accepts a WebSocket at /ws"},
		{habit: "port", id: "port", severity: Fails, text: "the app listens on 9999"},
		{habit: "loopback", id: "address", severity: Fails, text: "127.0.0.1:8080 only"},
		{habit: "redirect", id: "health", severity: Warns, text: "a redirect to /login"},
		{habit: "crash", id: "ended", severity: Fails, text: "exited with code 3"},
		{habit: "deaf", id: "stop", severity: Warns, text: "does not exit"},
		{habit: "healthy", image: arm, id: "processor", severity: Fails, text: "another CPU architecture"},
		{habit: "variable", id: "variable", severity: Fails, text: "SECRET_KEY_BASE is not set"},
		{habit: "no-upgrade", id: "websocket", severity: Fails, text: "does not accept a WebSocket"},
		{habit: "memory", id: "memory", severity: Fails, text: "needs more memory than the 64 MiB"},
		{habit: "loop", id: "https-loop", severity: Fails, text: "redirect loop", change: func(r *Request) { r.WebSockets = nil }},
		{habit: "writes", id: "writes", severity: Warns, text: "/data/uploads/photo"},
		{
			habit: "variable", id: "variable", severity: Fine, text: "one of its secrets",
			change: func(r *Request) { r.Withheld = []string{"SECRET_KEY_BASE"} },
		},
	} {
		t.Run(tt.habit+" "+tt.id, func(t *testing.T) {
			r := Request{
				Program: "docker", Image: image, Platform: "linux/amd64", Command: []string{tt.habit}, CPU: 0.25, MemoryMiB: 64, Port: 8080,
				HealthPath: "/", WebSockets: []string{"/ws"}, StopTimeout: 3 * time.Second, Wait: 5 * time.Second,
			}
			if tt.image != "" {
				r.Image = tt.image
			}
			if tt.change != nil {
				tt.change(&r)
			}
			start := time.Now()
			report, err := Run(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			right := false
			for _, f := range report.Findings {
				t.Logf("%s %s: %s", f.Severity, f.ID, f.Text)
				right = right || f.ID == tt.id && f.Severity == tt.severity && strings.Contains(f.Text, tt.text)
				if f.Severity == Fails && f.ID != tt.id {
					t.Errorf("it fails at %s, too", f.ID)
				}
			}
			if !right {
				t.Errorf("no finding %s %q that %s", tt.id, tt.text, tt.severity)
			}
			t.Logf("after %s", time.Since(start).Round(100*time.Millisecond))
		})
	}
	if names := left(t); names != "" {
		t.Errorf("containers are left: %s", names)
	}
}

// A container goes with the process that rehearses, also when that is killed.
func TestDockerRehearsalKilled(t *testing.T) {
	if os.Getenv("BERTH_TEST_DOCKER") == "" {
		t.Skip("BERTH_TEST_DOCKER is not set; .ci/run sets it")
	}
	if image := os.Getenv("BERTH_TEST_REHEARSE"); image != "" { // the process that is killed
		_, _ = Run(t.Context(), Request{Program: "docker", Image: image, Platform: "linux/amd64", Command: []string{"port"}, Port: 8080, Wait: time.Minute})
		return
	}
	c := exec.Command(os.Args[0], "-test.run", "^TestDockerRehearsalKilled$")
	c.Env = append(os.Environ(), "BERTH_TEST_REHEARSE="+tiny(t, "amd64"))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); left(t) == ""; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no container came up: %s", out.String())
		}
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	for deadline := time.Now().Add(20 * time.Second); left(t) != ""; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the container is left: %s", left(t))
		}
	}
}
