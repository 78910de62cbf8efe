package image

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// TestShipBench measures how long it takes to build and push an image, beside what else people do it with: the first
// time, the same once more, and after 1 MB of it changed. `make ship-bench` runs it. It needs Docker, docker-registry
// and room for the image, and says what is not there.
func TestShipBench(t *testing.T) {
	mb, err := strconv.Atoi(os.Getenv("BERTH_SHIP_BENCH"))
	if err != nil {
		t.Skip("BERTH_SHIP_BENCH is not set; make ship-bench sets it to the size of the image in MB")
	}
	t.Logf("an image of %d MB, a registry on this machine, %s", mb, time.Now().UTC().Format("2006-01-02"))
	t.Logf("%-34s %-14s %8s %14s %12s", "with", "push", "seconds", "written", "peak memory")
	ways := append([]realBuilder{}, dockers...)
	for _, kind := range []string{"podman", "buildah"} {
		ways = append(ways, realBuilder{name: kind, program: kind})
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			m := way.use(t)
			b := newShipBench(t, way.program, mb)
			b.run(t, "berth, "+m.Describe(t.Context()), func(tag string) {
				img, err := m.Build(t.Context(), Source{Dir: b.dir, Platform: "linux/amd64"}, Reporter{})
				must(t, err)
				defer img.Release()
				_, err = img.Push(t.Context(), Repository{Name: b.repo}, tag, Reporter{})
				must(t, err)
			})
			if way.program != "docker" {
				return
			}
			b = newShipBench(t, way.program, mb)
			b.run(t, "build && push, "+way.name, func(tag string) {
				b.command(t, "docker", "build", "-t", b.repo+":"+tag, b.dir)
				b.command(t, "docker", "push", b.repo+":"+tag)
			})
			if way.buildx {
				return // skopeo copies what either has built
			}
			if _, err := exec.LookPath("skopeo"); err != nil {
				t.Logf("%-34s NOT RUN: there is no skopeo", "docker build, skopeo")
				return
			}
			b = newShipBench(t, way.program, mb)
			b.run(t, "docker build, skopeo", func(tag string) {
				b.command(t, "docker", "build", "-t", b.repo+":"+tag, b.dir)
				b.command(t, "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "docker-daemon:"+b.repo+":"+tag, "docker://"+b.repo+":"+tag)
			})
		})
	}
}

// shipBench is one image, and a registry that has nothing of it.
type shipBench struct {
	kind, dir, repo, base string
	peak                  int64 // of the programs that were run, in bytes
}

func newShipBench(t *testing.T, kind string, mb int) *shipBench {
	t.Helper()
	b := &shipBench{kind: kind, dir: t.TempDir(), base: "localhost/berth-bench-base:" + strings.ToLower(filepath.Base(t.TempDir())) + strconv.Itoa(time.Now().Nanosecond())}
	b.repo = b.registry(t) + "/shop"
	layers := t.TempDir()
	dockerfile := "FROM scratch\n"
	const parts = 5
	for i := range parts {
		part := fmt.Sprint("part", i)
		fill(t, filepath.Join(layers, part), mb<<20/parts)
		dockerfile += "COPY " + part + " /" + part + "\n"
	}
	must(t, os.WriteFile(filepath.Join(layers, "Dockerfile"), []byte(dockerfile), 0o600))
	b.command(t, kind, "build", "-t", b.base, layers)
	t.Cleanup(func() { _ = exec.Command(kind, "rmi", "-f", b.base, b.repo+":one", b.repo+":two").Run() })
	must(t, os.WriteFile(filepath.Join(b.dir, "Dockerfile"), []byte("FROM "+b.base+"\nCOPY app /app\nCMD [\"/app\"]\n"), 0o600))
	fill(t, filepath.Join(b.dir, "app"), 1<<20)
	return b
}

// fill writes a file that compresses to about half, as programs do.
func fill(t *testing.T, name string, size int) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.NewChaCha8([32]byte{byte(time.Now().UnixNano()), byte(size), name[len(name)-1]})
	_, err = io.CopyN(w, &half{r: r}, int64(size))
	must(t, err)
	must(t, w.Flush())
	must(t, f.Close())
}

// half is noise in 16 of 256 values at every second byte.
type half struct{ r io.Reader }

func (h *half) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	for i := 0; i < n; i += 2 {
		p[i] &= 15
	}
	return n, err
}

// registry starts an empty one.
func (b *shipBench) registry(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("NOT RUN: there is no docker-registry")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"+
		"storage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %s}\n", dir, addr), 0o600))
	c := exec.Command(program, "serve", config)
	must(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			return addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the registry does not start")
	return ""
}

func (b *shipBench) command(t *testing.T, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out.String())
	}
	b.peak = max(b.peak, maxRSS(c.ProcessState))
}

func (b *shipBench) run(t *testing.T, with string, ship func(tag string)) {
	t.Helper()
	ship0 := func(what, tag string) {
		b.peak = 0
		debug.FreeOSMemory() // what this process has, its children begin with
		ownPeak()
		_ = exec.Command("sync").Run()
		before, start := written(), time.Now()
		ship(tag)
		took := time.Since(start)
		_ = exec.Command("sync").Run()
		peak := b.peak
		if peak == 0 {
			peak = ownPeak()
		}
		t.Logf("%-34.34s %-14s %8.1f %14s %12s", with, what, took.Seconds(), human(written()-before), human(peak))
		ref, err := name.NewTag(b.repo + ":" + tag)
		must(t, err)
		img, err := remote.Image(ref)
		must(t, err)
		must(t, validate.Image(img, validate.Fast))
	}
	ship0("first", "one")
	ship0("the same", "one")
	fill(t, filepath.Join(b.dir, "app"), 1<<20)
	ship0("1 MB changed", "two")
}

// written is how many bytes the machine has written to its disks, the registry's own included.
func written() int64 {
	text, _ := os.ReadFile("/proc/vmstat")
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "pgpgout "); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// ownPeak is the most memory that this process had since the last time it was asked, in bytes.
func ownPeak() int64 {
	defer os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600) //nolint:errcheck // then it is the peak of all
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(n)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}
