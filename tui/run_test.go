package tui

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"berth/assets"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// session is the screens on a real terminal, with the sample app and a simulated account behind them.
type session struct {
	t       *testing.T
	dir     string
	ptm     *os.File
	mu      sync.Mutex
	written strings.Builder
	account *sim.Account
	cancel  context.CancelFunc
	result  chan Result
	err     error // of Run, once there is a result
}

func start(t *testing.T, speed float64) *session {
	t.Helper()
	return startWith(t, speed, func(*spec.Spec) error { return nil })
}

// startWith is start with the flags of a command line.
func startWith(t *testing.T, speed float64, override func(*spec.Spec) error) *session {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "guestbook")
	tree, err := fs.Sub(assets.Sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, tree); err != nil {
		t.Fatal(err)
	}
	account, err := sim.Open(sim.Options{Region: "eu-west-2", Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	ptm, pts, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	if err := pty.Setsize(ptm, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{t: t, dir: dir, ptm: ptm, account: account, cancel: cancel, result: make(chan Result, 1)}
	go s.read()
	go func() {
		r, err := Run(ctx, Deps{
			Engine: engine.Open(engine.Options{Environment: account.Environment(), Builder: account.Builder()}),
			Dir:    dir, Region: "eu-west-2", RegionFrom: "AWS_REGION", NoColor: true, Input: pts, Output: pts,
			Override: override,
		})
		s.err = err
		s.result <- r
		_ = pts.Close()
	}()
	t.Cleanup(func() { cancel(); _ = ptm.Close() })
	return s
}

func (s *session) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.ptm.Read(buf)
		s.mu.Lock()
		s.written.Write(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// until waits for a text to be written from here on.
func (s *session) until(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		all := s.written.String()
		i := strings.Index(all, text)
		if i >= 0 {
			rest := all[i+len(text):]
			s.written.Reset()
			s.written.WriteString(rest)
		}
		s.mu.Unlock()
		if i >= 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q in %q", text, all)
		}
	}
}

func (s *session) press(keys string) {
	s.t.Helper()
	if _, err := s.ptm.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) end() Result {
	s.t.Helper()
	select {
	case r := <-s.result:
		return r
	case <-time.After(60 * time.Second):
		s.t.Fatal("the screens do not end")
		return Result{}
	}
}

func (s *session) toDeployment() {
	s.t.Helper()
	s.until("continue")
	s.press("\r\r\r\r")
	s.until("yes, do this")
	s.press("y")
	s.until("deploy anyway") // the sample app has something to settle
	s.press("d")
	s.until("Deploying")
}

func TestRunToTheAddress(t *testing.T) {
	s := start(t, 1000)
	s.toDeployment()
	s.until("is live")
	s.press("q")
	r := s.end()
	if r.Outcome != event.Succeeded || !strings.HasPrefix(r.Endpoint, "https://") || !strings.Contains(r.Text, r.Endpoint) {
		t.Errorf("result %+v", r)
	}
	s.until("\x1b[?1049l") // the normal screen is back
}

// A signal in the middle of a deployment stops it properly: what is under way is finished, nothing is left
// running without anybody.
func TestASignalStopsARunProperly(t *testing.T) {
	s := start(t, 50)
	s.toDeployment()
	s.cancel()
	s.until("Stopping: calls in progress are finished first")
	r := s.end()
	if r.Outcome != event.Stopped || !strings.Contains(r.Text, "continue") {
		t.Errorf("result %+v", r)
	}
	calls := len(s.account.Calls())
	time.Sleep(300 * time.Millisecond) // fifteen seconds of the account's time
	if now := len(s.account.Calls()); now != calls {
		t.Errorf("%d calls after the end", now-calls)
	}
}

func TestLeavingBeforeAnythingRuns(t *testing.T) {
	s := start(t, 1000)
	s.until("continue")
	s.press("\x03")
	s.until("Leave berth?")
	s.press("y")
	if r := s.end(); r.Outcome != "" || r.Text != "" || r.Err != nil {
		t.Errorf("result %+v", r)
	}
	for _, c := range s.account.Calls() {
		if c.Mutating {
			t.Errorf("it made the call %s", c.Operation)
		}
	}
}

// A failing deployment is fixed by the key of its card and finished: settings with the remedy filled in, review,
// address.
func TestTheCardsKeyFixesAFailure(t *testing.T) {
	for _, c := range []struct{ fault, key, setting string }{
		{"oom", "set memory to 1024 MiB and deploy again", "memory = 1024"},
		{"wrong-port=9999", "set port to 9999 and deploy again", "port = 9999"},
		{"unhealthy=404", "open health path in the settings", `health_path = "/up"`},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			s := start(t, 250) // much faster, and a busy machine looks too late to see why the tasks stopped
			fault, err := sim.ParseFault(c.fault)
			if err != nil {
				t.Fatal(err)
			}
			s.account.SetFaults(fault)
			s.toDeployment()
			s.until(c.key)
			if !strings.HasPrefix(c.fault, "wrong-port") { // there the setting alone is the remedy
				s.account.SetFaults()
			}
			s.press("f")
			s.until("Container")
			if strings.HasPrefix(c.fault, "unhealthy") {
				s.press("\x15/up\r")
			}
			s.until("your answer")
			s.press("\r")
			if strings.HasPrefix(c.fault, "unhealthy") {
				s.until("yes, do this")
				s.press("y")
				s.until("Deploying") // the account has settled that this rollout answers 404, so it goes no further
				s.press("\x03")
				s.until("try again")
				s.press("q")
				s.end()
			} else {
				s.until("yes, do this")
				s.press("y")
				s.until("is live")
				s.press("q")
				if r := s.end(); r.Outcome != event.Succeeded {
					t.Errorf("result %+v", r)
				}
			}
			text, err := os.ReadFile(filepath.Join(s.dir, spec.FileName))
			if err != nil || !strings.Contains(string(text), c.setting) {
				t.Errorf("%v, no %q in:\n%s", err, c.setting, text)
			}
		})
	}
}

// What runs is gone back from: the second version is rolled back from the overview.
func TestRedeployRollBackScaleDestroy(t *testing.T) {
	s := start(t, 500)
	s.toDeployment()
	s.until("is live")
	if err := os.WriteFile(filepath.Join(s.dir, "VERSION"), []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.press("\r")
	s.until("source changed")
	s.press("r")
	s.until("yes, do this")
	s.press("y")
	s.until("is live")
	s.press("\r")
	s.until("nothing changed")
	s.press("b")
	s.until("yes, roll back")
	s.press("y")
	s.until("Rolling back")
	s.until("is back at")
	s.press("\r")
	s.until("runs now")
	s.until("runs another revision")
	s.press("+\r")
	s.until("yes, do this")
	s.press("y")
	s.until("is live")
	s.press("\r")
	s.until("3 of 3 instances")
	s.press("d")
	s.until("to destroy it")
	s.press("harbor\r")
	s.until("is gone")
	s.press("q")
	if r := s.end(); r.Outcome != event.Succeeded || r.Endpoint != "" {
		t.Errorf("result %+v", r)
	}
	for _, left := range s.account.Inventory() {
		if !left.Kept {
			t.Errorf("left in the account: %v", left)
		}
	}
}
