package kindtest

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Emulated is a scope of moto_server, an emulator of the AWS APIs that knows nothing of ours, over real HTTP: what is proven
// there is that requests are formed as AWS wants them, and that what was made is found again.
func Emulated(t *testing.T) *resource.Scope {
	t.Helper()
	if os.Getenv("BERTH_TEST_MOTO") == "" {
		t.Skip("BERTH_TEST_MOTO is not set; make conformance sets it")
	}
	path, err := exec.LookPath("moto_server")
	check(t, "find moto_server, of pip install 'moto[server]>=5,<6'", err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, "find a free port", err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	check(t, "let go of the port", l.Close())
	cmd := exec.CommandContext(t.Context(), path, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	check(t, "start moto_server", cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	at := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { //nolint:forbidigo // real time: a real server
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/moto-api/data.json", nil)
		check(t, "ask moto_server", err)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto_server does not answer: %v", err)
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": at, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	clients, err := cloud.Environment{PollEvery: 100 * time.Millisecond}.Connect(t.Context(), cloud.Settings{Region: Region})
	check(t, "connect", err)
	id, err := clients.WhoAmI(t.Context())
	check(t, "ask who we are", err)
	return &resource.Scope{Clients: clients, Identity: id, Owner: resource.Owner{App: "conform", Env: "production"}}
}

// Chain is a resource behind all that it needs, each once.
func Chain(r resource.Resource) resource.Set { return chain(r) }

// Bring makes a resource and all that it needs what is wanted, and says what it did to the resource itself.
func Bring(t *testing.T, s *resource.Scope, r resource.Resource) (did event.Action) {
	t.Helper()
	for _, one := range chain(r) {
		id := one.Info().ID
		Observe(t, s, one)
		d := one.Diff(s)
		did = d.Action
		switch did {
		case event.Create, event.Update:
			check(t, "apply "+id, one.Apply(t.Context(), s))
		case event.None, event.Replace:
		case event.Delete, "": // no part of a run
			continue
		}
		if w, ok := one.(resource.Waiter); ok {
			check(t, "wait for "+id, w.Ready(t.Context(), s))
		}
	}
	return did
}

// Observe looks a resource up, with its details.
func Observe(t *testing.T, s *resource.Scope, r resource.Resource) {
	t.Helper()
	check(t, "observe "+r.Info().ID, r.Observe(t.Context(), s))
	if d, ok := r.(resource.Detailer); ok {
		check(t, "look at the details of "+r.Info().ID, d.Detail(t.Context(), s))
	}
}

// Live has a resource made, found again, changed where it can be, and deleted with all that it needs.
func Live(t *testing.T, s *resource.Scope, wanted, changed func() resource.Resource) {
	t.Helper()
	if did := Bring(t, s, wanted()); did != event.Create {
		t.Errorf("at first: %s", did)
	}
	if did := Bring(t, s, wanted()); did != event.None {
		t.Errorf("again: %s", did)
	}
	if changed == nil {
		return
	}
	if did := Bring(t, s, changed()); did != event.Update {
		t.Errorf("changed: %s", did)
	}
	if did := Bring(t, s, changed()); did != event.None {
		t.Errorf("changed again: %s", did)
	}
}

// Gone deletes a resource with all that it needs, and demands that it is gone.
func Gone(t *testing.T, s *resource.Scope, wanted func() resource.Resource) {
	t.Helper()
	all := chain(wanted())
	for _, x := range all {
		Observe(t, s, x)
	}
	for i := range all {
		if x := all[len(all)-1-i]; x.Exists() {
			check(t, "delete "+x.Info().ID, x.Delete(t.Context(), s))
		}
	}
	for _, x := range chain(wanted()) {
		Observe(t, s, x)
		if x.Exists() && x.Info().Kind != "ec2.VPC" && x.Info().Kind != "ec2.Subnet" {
			t.Errorf("%s is still there", x.Info().ID)
		}
	}
}
