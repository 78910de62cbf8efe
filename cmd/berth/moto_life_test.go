package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth/engine/event"
)

// TestMotoLife takes the real program through the whole life of an app against moto, with a scheduler for its services
// that is made of moto's own tasks and targets: deploy, an unchanged plan, a redeployment, scaling, a rollback, a
// destroy, and the account is as it was. moto lacks ListServiceDeployments and SimulatePrincipalPolicy, and runs no
// image and no endpoint: that is what --skip-verify is for.
func TestMotoLife(t *testing.T) {
	if os.Getenv("BERTH_TEST_MOTO") == "" {
		t.Skip("BERTH_TEST_MOTO is not set; make conformance sets it")
	}
	moto := startMoto(t, "python3", "testdata/moto_scheduler.py")
	first, second := pushImage(t), pushImage(t)
	dir := t.TempDir()
	// A rollback does not need it, but asks for it.
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nEXPOSE 8080\nCMD [\"/app\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	app := []string{"--json", "--app", "conform", "--region", "eu-west-2"}
	before := moto.holds(t)
	if len(before) > 0 {
		t.Fatalf("a new account holds %q", before)
	}
	run := func(what, want string, args ...string) []event.Event {
		t.Helper()
		moto.forget()
		all := motoRun(t, dir, moto.url, slices.Concat(args, app)...)
		report(t, what, all, moto.calls())
		if end := all[len(all)-1]; string(end.Outcome) != want {
			t.Fatalf("%s ended as %s: %+v", what, end.Outcome, end.Error)
		}
		return all
	}
	deploy := func(image string) []string {
		return []string{"deploy", "--yes", "--image", image, "--port", "8080", "--skip-verify", "--rollout-timeout", "20s"}
	}
	run("first deployment", "succeeded", deploy(first)...)
	one := motoStatus(t, dir, moto.url)
	if one.State != "running" || one.Running != 1 || one.Revision == "" {
		t.Errorf("after the first deployment: %+v", one)
	}

	var plan struct {
		Changes []struct{ ID, Action string }
	}
	out := motoOutput(t, dir, moto.url, slices.Concat([]string{"plan", "--image", first, "--port", "8080"}, app)...)
	if err := json.Unmarshal(out, &plan); err != nil || len(plan.Changes) == 0 {
		t.Fatalf("plan: %v: %s", err, out)
	}
	for _, c := range plan.Changes {
		if c.Action != "none" {
			t.Errorf("an unchanged app: the plan does %s %s", c.Action, c.ID)
		}
	}

	run("second version", "succeeded", deploy(second)...)
	two := motoStatus(t, dir, moto.url)
	if two.Revision == one.Revision || two.Running != 1 {
		t.Errorf("after the second deployment: %+v", two)
	}
	scale(t, filepath.Join(dir, "berth.toml"), 2)
	run("two instances", "succeeded", deploy(second)...)
	if st := motoStatus(t, dir, moto.url); len(moto.holds(t)) < 10 {
		t.Errorf("while it runs, the account holds %q", moto.holds(t))
	} else if st.Running != 2 || st.Desired != 2 || st.Revision != two.Revision {
		t.Errorf("after scaling: %+v", st)
	}
	run("rollback", "succeeded", "rollback", one.Revision, "--yes", "--skip-verify") // by name: without ListServiceDeployments nobody knows which came up
	if st := motoStatus(t, dir, moto.url); st.Revision != one.Revision {
		t.Errorf("after the rollback: %+v, want %s", st, one.Revision)
	}
	run("destroy", "succeeded", "destroy", "--yes")
	if st := motoStatus(t, dir, moto.url); st.State != "absent" {
		t.Errorf("after destroy: %+v", st)
	}
	if left := moto.holds(t); len(left) > 0 {
		t.Errorf("destroy leaves %q", left)
	}
}

// scale adds to the settings how many instances there should be.
func scale(t *testing.T, file string, n int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "[service]") {
		t.Fatalf("the settings of the service were written: %s", text)
	}
	if err := os.WriteFile(file, fmt.Appendf(text, "\n[service]\ninstances = %d\n", n), 0o600); err != nil {
		t.Fatal(err)
	}
}

type motoState struct {
	State, Revision  string
	Running, Desired int
}

func motoStatus(t *testing.T, dir, endpoint string) (st motoState) {
	t.Helper()
	out := motoOutput(t, dir, endpoint, "status", "--json", "--app", "conform", "--region", "eu-west-2")
	if err := json.Unmarshal(out, &st); err != nil {
		t.Fatalf("status: %v: %s", err, out)
	}
	return st
}

// holds lists what the account holds, by another client than ours.
func (m *motoServer) holds(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/moto_left.py", m.direct, "eu-west-2")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list what there is: %v: %s", err, errs.String())
	}
	return slices.Collect(strings.Lines(string(out)))
}
