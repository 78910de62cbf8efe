//go:build unix

package tui

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"berth/engine"
	"berth/engine/cloud"
)

// Nothing but the program writes to the terminal, whatever AWS answers: the screens have an output of their own here, and
// what anybody else writes arrives at the standard ones. An answer that breaks off makes the SDK log, into the debug file.
func TestNobodyElseWritesToTheTerminal(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "500")
		_, _ = io.WriteString(w, "<GetCallerIdentityResponse>") // and no more of it
	}))
	defer srv.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": srv.URL, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_SERVICE_ENDPOINT": srv.URL, "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	for file, text := range map[string]string{
		"Dockerfile": "FROM scratch\nEXPOSE 8080\nCMD [\"/app\"]\n", "berth.toml": "app = \"shop\"\nregion = \"eu-west-2\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ptm, pts, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer func() { _ = ptm.Close() }()
	go func() { _, _ = io.Copy(io.Discard, ptm) }()
	log, err := os.Create(filepath.Join(dir, "debug"))
	if err != nil {
		t.Fatal(err)
	}
	eng := engine.Open(engine.Options{Settings: cloud.Settings{Region: "eu-west-2", Log: log}})
	foreign := captured(t, func() {
		ended := make(chan error, 1)
		go func() {
			_, err := Run(t.Context(), Deps{Engine: eng, Dir: dir, NoColor: true, Input: pts, Output: pts})
			ended <- err
		}()
		time.Sleep(2 * time.Second) // the look at AWS has failed by then
		_, _ = eng.Identity(t.Context(), "eu-west-2")
		_, _ = ptm.WriteString("\x03")
		time.Sleep(100 * time.Millisecond)
		_, _ = ptm.WriteString("\x03y")
		select {
		case err = <-ended:
		case <-time.After(20 * time.Second):
			err = fmt.Errorf("it does not end")
		}
	})
	if err != nil {
		t.Error(err)
	}
	if foreign != "" {
		t.Errorf("written over the screens:\n%s", foreign)
	}
	if logged, err := os.ReadFile(log.Name()); err != nil || len(logged) == 0 {
		t.Errorf("%v, and the SDK logged nothing: the answers do not break off", err)
	}
}

// captured is what anybody writes to the standard output and the standard error of this process meanwhile.
func captured(t *testing.T, during func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		said <- string(b)
	}()
	var kept []int
	for _, fd := range []int{1, 2} {
		old, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Dup2(int(w.Fd()), fd); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, old)
	}
	during()
	for i, fd := range []int{1, 2} {
		_ = unix.Dup2(kept[i], fd)
		_ = unix.Close(kept[i])
	}
	_ = w.Close()
	return <-said
}
