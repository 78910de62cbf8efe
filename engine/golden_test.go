package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compareGolden compares a text with the golden file of the test; with UPDATE=1 the file is written anew.
func compareGolden(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join("testdata", t.Name()+".golden")
	if os.Getenv("UPDATE") != "" {
		must(t, os.MkdirAll(filepath.Dir(file), 0o750))
		must(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("UPDATE=1 writes it anew: -was +is\n%s", diff)
	}
}
