//go:build unix

package project

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// What a look may cost, in time of the processor, so that a machine that is busy otherwise does not count.
const (
	medianOfCorpus = 60 * time.Millisecond
	largeTree      = 300 * time.Millisecond
	largeMemory    = 64 << 20 // bytes that are allocated for it, all together
)

// used is how long the processor has worked for this process.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCorpus looks at each tree of the corpus, and fails when the median takes too long.
func BenchmarkCorpus(b *testing.B) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	must(b, err)
	var dirs []string
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		must(b, err)
		for i, tree := range trees(a) {
			dir := filepath.Join(b.TempDir(), fmt.Sprint(i))
			must(b, txtar.Write(&txtar.Archive{Files: tree.files}, dir))
			dirs = append(dirs, dir)
		}
	}
	var took []time.Duration
	for b.Loop() {
		for _, dir := range dirs {
			before := used(b)
			if _, err := inspectDir(b.Context(), dir); err != nil {
				b.Fatal(err)
			}
			took = append(took, used(b)-before)
		}
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.ReportMetric(float64(median.Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	if median > medianOfCorpus {
		b.Errorf("the median is %s, more than %s", median, medianOfCorpus)
	}
}

// BenchmarkLargeTree looks at a tree of 44,000 source files, and fails when that takes too long or too much memory.
func BenchmarkLargeTree(b *testing.B) {
	dir := b.TempDir()
	must(b, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node:22\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n"), 0o644))
	must(b, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"dependencies": {"express": "5", "ws": "8", "pg": "8"}}`), 0o644))
	text := []byte("import { a } from \"./a\"\n// a module like any other\nexport function f(x: number) {\n  return a(x) + 1\n}\n")
	for i := range 440 {
		folder := filepath.Join(dir, "src", fmt.Sprintf("part%d", i))
		must(b, os.MkdirAll(folder, 0o755))
		for j := range 100 {
			must(b, os.WriteFile(filepath.Join(folder, fmt.Sprintf("m%d.ts", j)), text, 0o644))
		}
	}
	b.ReportAllocs()
	var took []time.Duration
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	for b.Loop() {
		before := used(b)
		if _, err := inspectDir(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
		took = append(took, used(b)-before)
	}
	runtime.ReadMemStats(&end)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "cpu-ms")
	if each := (end.TotalAlloc - start.TotalAlloc) / uint64(len(took)); each > largeMemory {
		b.Errorf("a look allocates %d bytes, more than %d", each, largeMemory)
	}
	if took[0] > largeTree {
		b.Errorf("the quickest look took %s, more than %s", took[0], largeTree)
	}
}
