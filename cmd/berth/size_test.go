package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxSize is how large the stripped program may be, in bytes. It has 32 MB; with all methods of all AWS clients
// it has 85.
const maxSize = 40 << 20

// ec2Method finds the methods of the EC2 client in a program. Their names survive stripping, for stack traces.
var ec2Method = regexp.MustCompile(`service/ec2\.\(\*Client\)\.([A-Z][A-Za-z0-9]*)`)

// TestSize builds the program as it is released and looks at what the linker kept. Where something looks methods
// up by name (text/template does), the linker keeps every method of every AWS client.
func TestSize(t *testing.T) {
	if os.Getenv("BERTH_TEST_SIZE") == "" {
		t.Skip("BERTH_TEST_SIZE is not set; .ci/run sets it")
	}
	bin := filepath.Join(t.TempDir(), "berth")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	program, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the stripped program has %.1f MB", float64(len(program))/1e6)
	if len(program) > maxSize {
		t.Errorf("the stripped program has %d bytes, more than %d", len(program), maxSize)
	}

	var kept []string
	for _, m := range ec2Method.FindAllSubmatch(program, -1) {
		kept = append(kept, string(m[1]))
	}
	slices.Sort(kept)
	kept = slices.Compact(kept)
	if len(kept) == 0 {
		t.Fatal("the program names no method of the EC2 client; this test looks for the wrong thing")
	}
	called := source(t, "../../engine")
	for _, name := range kept {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(called) {
			t.Errorf("the program holds ec2.Client.%s, which the engine never calls", name)
		}
	}
}

// source is the text of all Go files below a folder, without tests.
func source(t *testing.T, folder string) string {
	t.Helper()
	var text []byte
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		text = append(text, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
