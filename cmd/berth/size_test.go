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

// How large the stripped program may be, in bytes: what it may have with the first AWS clients, and what each further
// one may bring with it, with our code for what it makes (measured: 0.5 to 1.3 MB each). With all methods of all
// clients the program had 85 MB.
const (
	firstClients  = 19
	maxSize       = 40 << 20
	maxPerFurther = 3 << 19
)

// awsClient finds the AWS clients in a program.
var awsClient = regexp.MustCompile(`aws-sdk-go-v2/service/([a-z0-9]+)\.\(\*Client\)`)

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
	clients := map[string]bool{}
	for _, m := range awsClient.FindAllSubmatch(program, -1) {
		clients[string(m[1])] = true
	}
	if len(clients) < firstClients/2 {
		t.Fatalf("the program names %d AWS clients; this test looks for the wrong thing", len(clients))
	}
	limit := maxSize + maxPerFurther*max(0, len(clients)-firstClients)
	t.Logf("the stripped program has %.1f MB with %d AWS clients", float64(len(program))/1e6, len(clients))
	if len(program) > limit {
		t.Errorf("the stripped program has %d bytes with %d AWS clients, more than %d", len(program), len(clients), limit)
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
