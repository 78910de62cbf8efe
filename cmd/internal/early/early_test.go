package early

import (
	"os"
	"os/exec"
	"testing"
)

// TestTERM runs this test again as a child with TERM set (or not), because what is to be seen happens before
// any test function runs.
func TestTERM(t *testing.T) {
	if want, child := os.LookupEnv("EARLY_TERM"); child {
		if got := os.Getenv("TERM"); got != "dumb" {
			t.Errorf("before Restore TERM = %q, want dumb", got)
		}
		Restore()
		got, set := os.LookupEnv("TERM")
		if want == "unset" {
			if set {
				t.Errorf("Restore invented TERM=%q", got)
			}
		} else if got != want {
			t.Errorf("after Restore TERM = %q, want %q", got, want)
		}
		return
	}
	for _, term := range []string{"xterm-256color", "", "unset"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTERM$", "-test.v")
		for _, kv := range os.Environ() {
			if len(kv) < 5 || kv[:5] != "TERM=" {
				cmd.Env = append(cmd.Env, kv)
			}
		}
		cmd.Env = append(cmd.Env, "EARLY_TERM="+term)
		if term != "unset" {
			cmd.Env = append(cmd.Env, "TERM="+term)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("TERM %q: %v\n%s", term, err, out)
		}
	}
}
