package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/spec"
)

// TestMotoDeploy runs the real program against moto_server, an emulator of the AWS APIs that knows nothing of
// ours, over real HTTP: what is proven is that requests are formed as AWS wants them. moto never starts a
// task, so that the rollout must end by its deadline, with a message that says so.
func TestMotoDeploy(t *testing.T) {
	if os.Getenv("BERTH_TEST_MOTO") == "" {
		t.Skip("BERTH_TEST_MOTO is not set; make conformance sets it")
	}
	moto := startMoto(t, "moto_server")
	ref := pushImage(t)
	dir := t.TempDir()
	run := func(args ...string) ([]event.Event, map[string]int) {
		moto.forget()
		return motoRun(t, dir, moto.url, args...), moto.calls()
	}
	deploy := []string{
		"deploy", "--yes", "--json", "--image", ref, "--port", "8080", "--app", "conform",
		"--region", "eu-west-2", "--skip-verify", "--rollout-timeout", "5s",
	}

	first, created := run(deploy...)
	report(t, "first deploy", first, created)
	if n := len(changing(created)); n < 10 {
		t.Errorf("only %d kinds of changing calls, want a whole deployment", n)
	}
	if created["ecs:CreateService"] != 1 {
		t.Errorf("%d services were created, want 1", created["ecs:CreateService"])
	}
	deadline(t, first)

	again, calls := run(deploy...)
	report(t, "second deploy", again, calls)
	for call := range changing(calls) {
		if strings.Contains(call, ":Create") || strings.Contains(call, ":Register") || strings.Contains(call, ":Allocate") {
			t.Errorf("the second deploy called %s", call)
		}
	}
	for _, e := range again {
		if e.Type == event.NodePlanned && e.Action == event.Create {
			t.Errorf("the second deploy plans to create %s: %s", e.Node, e.Text)
		}
	}

	motoLooks(t, moto.url, dir)

	gone, calls := run("destroy", "--yes", "--json", "--app", "conform", "--region", "eu-west-2")
	report(t, "destroy", gone, calls)
	if end := gone[len(gone)-1]; end.Outcome != event.Succeeded {
		t.Errorf("destroy ended as %s: %+v", end.Outcome, end.Error)
	}
	made, deleted := changing(created), changing(calls)
	for call, n := range made {
		undo, ok := undone(call)
		if !ok {
			continue
		}
		if got := count(deleted, undo); got != n {
			t.Errorf("%s was called %d times, but %s %d times", call, n, undo, got)
		}
	}
	var status struct{ State string }
	out := motoOutput(t, dir, moto.url, "status", "--json", "--app", "conform", "--region", "eu-west-2")
	if err := json.Unmarshal(out, &status); err != nil || status.State != "absent" {
		t.Errorf("after destroy the state is %q, %v", status.State, err)
	}
}

// motoLooks looks at the app as a screen does that is left open.
func motoLooks(t *testing.T, endpoint, dir string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	app, err := spec.Load(dir, "production") // the deployment has written which app it is
	if err != nil {
		t.Fatal(err)
	}
	if app.App != "conform" || app.ID == "" {
		t.Errorf("berth.toml names %q with the identity %q", app.App, app.ID)
	}
	app.Region = "eu-west-2"
	w, err := engine.Open(engine.Options{}).Watch(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	st, err := w.Status(t.Context())
	if err != nil || st.Revision == "" || st.By == "" || !st.HealthKnown {
		t.Errorf("status %+v, %v", st, err)
	}
	if p, err := w.Pulse(t.Context()); err != nil || p.Revision != st.Revision || p.State != st.State {
		t.Errorf("pulse %+v, %v", p, err)
	}
	// moto 5 does not read the protocol that the SDK speaks with CloudWatch: that must be told as it is.
	if _, err := w.Metrics(t.Context()); err != nil && !strings.Contains(err.Error(), "does not support cloudwatch:GetMetricData") {
		t.Error(err)
	}
	for _, after := range []time.Time{{}, time.Now().Add(-time.Minute)} {
		if lines, err := w.Logs(t.Context(), after); err != nil || len(lines) != 0 { // no task ever starts
			t.Errorf("log %v, %v", lines, err)
		}
	}
	t.Logf("looked with %d calls: %s of %s by %s", w.Calls(), st.State, st.Revision, st.By)
}

// undone is the call that takes back what a call made, as the beginning of its name; false when it made
// nothing that is to go by a call of its own.
func undone(call string) (string, bool) {
	service, op, _ := strings.Cut(call, ":")
	switch {
	case op == "CreateServiceLinkedRole", // belongs to the account and stays
		op == "CreateRoute": // goes with its table
		return "", false
	case op == "RegisterTaskDefinition":
		return service + ":DeregisterTaskDefinition", true
	case strings.HasPrefix(op, "Create /"): // REST, with the path
		return service + ":Delete /", true
	case strings.HasPrefix(op, "Create"):
		return service + ":Delete" + strings.TrimPrefix(op, "Create"), true
	default:
		return "", false
	}
}

// count adds up the calls whose name is, or for REST begins with, the given one.
func count(calls map[string]int, call string) int {
	n := calls[call]
	if strings.HasSuffix(call, "/") {
		for c, k := range calls {
			if strings.HasPrefix(c, call) {
				n += k
			}
		}
	}
	return n
}

// deadline checks that a run ended because the rollout had its time, and says so.
func deadline(t *testing.T, all []event.Event) {
	t.Helper()
	end := all[len(all)-1]
	if end.Type != event.RunFinished || end.Outcome != event.Failed || end.Error == nil {
		t.Fatalf("the run ended as %s with %+v, want failed by the deadline", end.Outcome, end.Error)
	}
	if !regexp.MustCompile(`gave up waiting .* after \d+s`).MatchString(end.Error.Cause) {
		t.Errorf("the failure does not tell of its deadline: %+v", end.Error)
	}
	if end.Error.Remedy == "" {
		t.Error("the failure has no remedy")
	}
}

// report logs what a run did, and what the endpoint did not know, by name and number.
func report(t *testing.T, what string, all []event.Event, calls map[string]int) {
	t.Helper()
	end := all[len(all)-1]
	total := 0
	for _, n := range calls {
		total += n
	}
	t.Logf("%s: %s, %d calls that succeeded, changing: %v", what, end.Outcome, total, changing(calls))
	if end.Error != nil {
		t.Logf("%s: %s | %s | %s", what, end.Error.Cause, end.Error.Evidence, end.Error.Remedy)
	}
	unknown := map[string]int{}
	for _, e := range all {
		text := e.Text
		if e.Error != nil {
			text = e.Error.Cause
		}
		if m := regexp.MustCompile(`does not support (\w+:\w+)`).FindStringSubmatch(text); m != nil {
			unknown[m[1]]++
		}
	}
	t.Logf("%s: operations that moto does not know: %v", what, unknown)
}

// changing are the calls that may change something.
func changing(calls map[string]int) map[string]int {
	some := map[string]int{}
	for call, n := range calls {
		_, op, _ := strings.Cut(call, ":")
		if !regexp.MustCompile(`^(Get|List|Describe|BatchGet|GET$)`).MatchString(op) {
			some[call] = n
		}
	}
	return some
}

// motoRun runs berth against moto and returns its events.
func motoRun(t *testing.T, dir, endpoint string, args ...string) []event.Event {
	t.Helper()
	return events(t, motoOutput(t, dir, endpoint, args...))
}

// motoOutput runs berth against moto and returns its stdout, which must not be empty.
func motoOutput(t *testing.T, dir, endpoint string, args ...string) []byte {
	t.Helper()
	cmd := berth(t.Context(), t, dir, args...)
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if out.Len() == 0 {
		t.Fatalf("berth %s said nothing: %s", args[0], errs.String())
	}
	return out.Bytes()
}

// motoServer is a running moto_server behind a proxy that counts the calls that succeed.
type motoServer struct {
	url, direct string

	mu     sync.Mutex
	counts map[string]int
}

// startMoto starts a command that serves moto and takes moto_server's flags.
func startMoto(t *testing.T, command ...string) *motoServer {
	t.Helper()
	path, err := exec.LookPath(command[0])
	if err != nil {
		t.Fatal("moto_server is not installed: pip install 'moto[server]>=5,<6'")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "moto.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append(command[1:], "-H", "127.0.0.1", "-p", port)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			tellTrouble(t, log.Name())
		}
	})
	m := &motoServer{direct: "http://127.0.0.1:" + port, counts: map[string]int{}}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		resp, err := http.Get(m.direct + "/moto-api/data.json")
		if err == nil {
			_ = resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto_server does not answer: %v", err)
		}
	}
	target, err := url.Parse(m.direct)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	proxy.ModifyResponse = func(resp *http.Response) error {
		if call, ok := resp.Request.Context().Value(callKey{}).(string); ok && resp.StatusCode < 300 {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.counts[call]++
		}
		return nil
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, operation(r))))
	}))
	t.Cleanup(front.Close)
	m.url = front.URL
	return m
}

// tellTrouble shows what moto itself failed at.
func tellTrouble(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, trace := range strings.Split(string(text), "Traceback (most recent call last):") {
		if lines := strings.Split(trace, "\n"); i > 0 {
			for n, line := range lines {
				if n > 0 && line != "" && line[0] != ' ' { // the error itself
					t.Logf("moto: %s", strings.Join(lines[max(0, n-6):n+1], "\n"))
					break
				}
			}
		}
	}
}

var (
	signedFor = regexp.MustCompile(`Credential=[^/]+/\d+/[^/]+/([^/]+)/`)
	queryName = regexp.MustCompile(`(?:^|&)Action=(\w+)`)
)

// callKey is where a request keeps which operation it is.
type callKey struct{}

// operation is which operation a request is, such as ecs:CreateService.
func operation(r *http.Request) string {
	service := "?"
	if s := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); s != nil {
		service = s[1]
	}
	op := r.Method
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		op = target[strings.LastIndexByte(target, '.')+1:]
	} else if q := queryName.FindSubmatch(body); q != nil {
		op = string(q[1])
	} else if r.Method != http.MethodGet {
		op = map[string]string{"POST": "Create", "PUT": "Put", "DELETE": "Delete"}[r.Method] + " " + r.URL.Path
	}
	return service + ":" + op
}

func (m *motoServer) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts = map[string]int{}
}

func (m *motoServer) calls() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.counts)
}

// pushImage serves an image from a registry on this machine and returns its reference.
func pushImage(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(stdlog.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	img, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.ConfigFile(img, configFor(t, img))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(fmt.Sprintf("%s/conform:1", strings.TrimPrefix(server.URL, "http://")))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	return ref.String()
}

func configFor(t *testing.T, img v1.Image) *v1.ConfigFile {
	t.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c = c.DeepCopy()
	c.OS, c.Architecture = "linux", "amd64"
	c.Config.Cmd = []string{"/app"}
	c.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}}
	return c
}
