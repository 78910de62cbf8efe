package interview

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/spec"
)

// TestProcessesAreTakenOrLeft reads an app whose Procfile tells of two processes, leaves one, and finds that it is neither
// run nor paid, also by those who read the file that was saved.
func TestProcessesAreTakenOrLeft(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM ruby:3.3\nEXPOSE 3000\nCMD [\"puma\"]\n",
		"Procfile":   "web: puma\nworker: bundle exec sidekiq\nclock: clockwork clock.rb\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Read(t.Context(), Sources{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	names := func(s *spec.Spec) (all string) {
		for _, name := range []string{"clock", "worker"} {
			if s.Wanted()[name] != nil {
				all += name + " "
			}
		}
		return all
	}
	if got := names(d.Spec); got != "clock worker " || len(d.Usage().Processes) != 2 || len(d.Processes()) != 2 {
		t.Errorf("found: %q, and %d are paid", got, len(d.Usage().Processes))
	}
	clock := d.Processes()[0]
	if o := d.Origin(clock); !d.On(clock) || o.Place() != "Procfile:3" {
		t.Errorf("the clock is %v, from %s", d.On(clock), o.Place())
	}
	if err := d.Answer(clock, "false"); err != nil || d.On(clock) || names(d.Spec) != "worker " || len(d.Usage().Processes) != 1 {
		t.Errorf("left out, the clock is %v: %v", d.On(clock), err)
	}
	if _, err := d.Spec.Save(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, spec.FileName))
	if !strings.Contains(string(text), "skip = true") {
		t.Errorf("the answer is not in the file:\n%s", text)
	}
	again, err := Read(t.Context(), Sources{Dir: dir})
	if err != nil || names(again.Spec) != "worker " {
		t.Errorf("read again: %q, %v", names(again.Spec), err)
	}
	if err := again.Answer(clock, "true"); err != nil || names(again.Spec) != "clock worker " {
		t.Errorf("taken: %q, %v", names(again.Spec), err)
	}
	if again.Undo() == "" || names(again.Spec) != "worker " {
		t.Errorf("undone: %q", names(again.Spec))
	}
}
