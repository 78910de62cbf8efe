package main

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// BenchmarkFirstFrame is the time from exec of the real program until its first frame has come out of a terminal,
// the median of 20 runs each. It names the work to get there: the time that the Go runtime says the packages took
// to initialise, and the largest of them; the rest is the kernel's exec, the runtime's start, the command line and
// the frame itself.
func BenchmarkFirstFrame(b *testing.B) {
	if raced {
		b.Skip("the race detector is what would be measured")
	}
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	const runs = 20
	var took []time.Duration
	for b.Loop() {
		for range runs {
			took = append(took, firstFrame(b, path))
		}
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.ReportMetric(float64(median.Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, "ms-p90")
	b.ReportMetric(0, "ns/op") // of 20 runs together, which tells nothing
	inits := initialised(b, path)
	var sum, own float64
	for _, i := range inits {
		sum += i.ms
		if i.own() {
			own += i.ms
		}
	}
	b.ReportMetric(sum, "ms-package-init")
	b.ReportMetric(own, "ms-own-init")
	for _, i := range inits[:min(5, len(inits))] {
		b.Logf("%6.2f ms to initialise %s", i.ms, i.name)
	}
}

// maxInit is how many bytes our packages may allocate before main begins: a regular expression, a table or a price
// that is read there is paid for by every command. Time would tell of the machine, bytes tell of the program.
const maxInit = 96 << 10

// TestOwnInit keeps work out of the initialisation of our packages.
func TestOwnInit(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates, too")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	sum, most := 0, initialisation{}
	for _, i := range initialised(t, path) {
		if i.own() {
			if sum += i.bytes; i.bytes > most.bytes {
				most = i
			}
		}
	}
	t.Logf("our packages allocate %d bytes before main", sum)
	if sum == 0 || sum > maxInit {
		t.Errorf("our packages allocate %d bytes before main, want 1 to %d; most of them %s: %d", sum, maxInit, most.name, most.bytes)
	}
}

// firstFrame starts the program on a terminal and stops the clock at the first frame.
func firstFrame(b *testing.B, path string) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "demo")
	cmd.Dir = b.TempDir()
	cmd.Env = []string{"TERM=xterm-256color", "LANG=C.UTF-8", "HOME=" + cmd.Dir, "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true"}
	start := time.Now()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		b.Fatal(err)
	}
	var seen bytes.Buffer
	buf := make([]byte, 32<<10)
	for {
		n, err := tty.Read(buf)
		seen.Write(buf[:n])
		if bytes.Contains(seen.Bytes(), []byte("simulated")) {
			break
		}
		if err != nil {
			b.Fatalf("no frame: %v\n%q", err, seen.String())
		}
	}
	took := time.Since(start)
	_ = cmd.Process.Kill()
	_ = tty.Close()
	_ = cmd.Wait() // killed
	return took
}

type initialisation struct {
	name  string
	ms    float64
	bytes int
}

func (i initialisation) own() bool { return strings.HasPrefix(i.name, "berth/") }

var inited = regexp.MustCompile(`(?m)^init (\S+) @[0-9.]+ ms, ([0-9.]+) ms clock, (\d+) bytes`)

// initialised is how long each package took to initialise, the slowest first.
func initialised(b testing.TB, path string) []initialisation {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), path, "version")
	cmd.Env = []string{"GODEBUG=inittrace=1", "HOME=" + b.TempDir()}
	var trace strings.Builder
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
	var all []initialisation
	for _, m := range inited.FindAllStringSubmatch(trace.String(), -1) {
		ms, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			b.Fatal(err)
		}
		bytes, err := strconv.Atoi(m[3])
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, initialisation{m[1], ms, bytes})
	}
	if len(all) == 0 {
		b.Fatalf("the runtime tells of no package:\n%s", trace.String())
	}
	sort.Slice(all, func(i, k int) bool { return all[i].ms > all[k].ms })
	return all
}
