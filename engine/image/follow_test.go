package image

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What docker 28 wrote about a build with the classic builder of a 20.10 daemon.
const classicOutput = "DEPRECATED: The legacy builder is deprecated and will be removed in a future release.\n" +
	"            BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0\n            environment-variable.\n\n" +
	"Sending build context to Docker daemon  3.072kB\r\r\n" +
	"Step 1/3 : FROM scratch\n ---> \nStep 2/3 : COPY page.html /page.html\n ---> a4ef293f8d47\n" +
	"Step 3/3 : CMD [\"/app\"]\n ---> Running in 21061defdf1e\nRemoving intermediate container 21061defdf1e\n ---> 55158217fb9b\n" +
	"Successfully built 55158217fb9b\nSuccessfully tagged berth-build:x\n"

func feed(f follower, text string) {
	w := &lineWriter{each: f.line}
	for i := 0; i < len(text); i += 7 { // in small pieces, as a pipe may give them
		if _, err := w.Write([]byte(text[i:min(i+7, len(text))])); err != nil {
			panic(err)
		}
	}
	w.flush()
}

func TestClassic(t *testing.T) {
	var s steps
	var marks []string
	r := s.reporter()
	r.Progress = func(text string, current, total int64, unit string) {
		marks = append(marks, fmt.Sprintf("%d/%d %s %s", current, total, unit, text))
	}
	feed(newNumbered(r), classicOutput)
	want := []string{"1/3 steps FROM scratch", "2/3 steps COPY page.html /page.html", `3/3 steps CMD ["/app"]`}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Error(diff)
	}
	all := strings.Join(s.lines, "\n")
	if !strings.HasPrefix(all, "Step 1/3 : FROM scratch\n --->\n") || !strings.HasSuffix(all, "Successfully tagged berth-build:x") || strings.Contains(all, "DEPRECATED") {
		t.Errorf("lines %q", s.lines)
	}
	c := newNumbered(Reporter{})
	feed(c, "Step 1/2 : FROM a\n ---> 1\nStep 2/2 : RUN mix test\n ---> Running in 2\n** (Mix) no such task\nThe command '/bin/sh -c mix test' returned a non-zero code: 1\n")
	step, evidence := c.failed()
	if step != "step 2 of 2, RUN mix test" || evidence != " ---> Running in 2\n** (Mix) no such task\nThe command '/bin/sh -c mix test' returned a non-zero code: 1" {
		t.Errorf("step %q, evidence %q", step, evidence)
	}
}

func log64(vertex, text string) string {
	return fmt.Sprintf(`{"logs":[{"vertex":%q,"stream":1,"data":%q,"timestamp":"2026-11-22T10:00:02Z"}]}`, vertex, base64.StdEncoding.EncodeToString([]byte(text)))
}

// Written by hand from the fields of BuildKit's client.SolveStatus.
func solveOutput() string {
	const at = `"2026-11-22T10:00:00Z"`
	return strings.Join([]string{
		`{"vertexes":[{"digest":"sha256:d0","name":"[internal] load build definition from Dockerfile","started":` + at + `}]}`,
		`{"vertexes":[{"digest":"sha256:d0","name":"[internal] load build definition from Dockerfile","started":` + at + `,"completed":` + at + `}]}`,
		`{"vertexes":[{"digest":"sha256:d1","name":"[build 1/2] FROM docker.io/library/elixir:1.18"},{"digest":"sha256:d2","inputs":["sha256:d1"],"name":"[build 2/2] RUN mix deps.get"},{"digest":"sha256:d3","name":"exporting to image"}]}`,
		`{"vertexes":[{"digest":"sha256:d1","name":"[build 1/2] FROM docker.io/library/elixir:1.18","started":` + at + `}]}`,
		`{"statuses":[{"id":"sha256:l1","vertex":"sha256:d1","name":"downloading","total":4000000,"current":1000000,"timestamp":` + at + `,"started":` + at + `}]}`,
		`{"vertexes":[{"digest":"sha256:d1","name":"[build 1/2] FROM docker.io/library/elixir:1.18","started":` + at + `,"completed":` + at + `,"cached":true}]}`,
		`{"vertexes":[{"digest":"sha256:d2","name":"[build 2/2] RUN mix deps.get","started":` + at + `}]}`,
		log64("sha256:d2", "Resolving"), log64("sha256:d2", " Hex\nfetching 10 %\rfetching 20 %\r\nhal"), log64("sha256:d2", "f"),
		`{"warnings":[{"vertex":"sha256:d0","level":1,"short":"` + base64.StdEncoding.EncodeToString([]byte("JSONArgsRecommended: use JSON")) + `"}]}`,
		`not json`,
	}, "\n") + "\n"
}

func TestSolve(t *testing.T) {
	var s steps
	var marks []string
	r := s.reporter()
	r.Progress = func(text string, current, total int64, unit string) {
		marks = append(marks, fmt.Sprintf("%d/%d %s %s", current, total, unit, text))
	}
	f := newSolve(r)
	feed(f, solveOutput())
	feed(f, `{"vertexes":[{"digest":"sha256:d2","name":"[build 2/2] RUN mix deps.get","started":"2026-11-22T10:00:00Z","completed":"2026-11-22T10:00:03Z"}]}`+"\n")
	want := []string{
		"0/0 steps [internal] load build definition from Dockerfile", "0/0 steps [internal] load build definition from Dockerfile",
		"0/2 steps [build 1/2] FROM docker.io/library/elixir:1.18", "0/2 steps [build 1/2] FROM docker.io/library/elixir:1.18 (1.0 MB of 4.0 MB)",
		"1/2 steps [build 1/2] FROM docker.io/library/elixir:1.18", "1/2 steps [build 2/2] RUN mix deps.get", "2/2 steps [build 2/2] RUN mix deps.get",
	}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Error(diff)
	}
	lines := []string{"Resolving Hex", "fetching 10 %", "fetching 20 %", "warning: JSONArgsRecommended: use JSON", "not json", "half"}
	if diff := cmp.Diff(lines, s.lines); diff != "" {
		t.Error(diff)
	}
	if step, evidence := f.failed(); step != "" || evidence != "not json" {
		t.Errorf("nothing failed: %q, %q", step, evidence)
	}
}

func TestSolveFailed(t *testing.T) {
	f := newSolve(Reporter{})
	feed(f, solveOutput())
	feed(f, `{"vertexes":[{"digest":"sha256:d1","name":"x","error":"context canceled: context canceled"},{"digest":"sha256:d2","name":"[build 2/2] RUN mix deps.get","started":"2026-11-22T10:00:00Z","completed":"2026-11-22T10:00:03Z","error":"process \"/bin/sh -c mix deps.get\" did not complete successfully: exit code: 1"}]}`+"\n")
	step, evidence := f.failed()
	want := "Resolving Hex\nfetching 10 %\nfetching 20 %\nhalf\nprocess \"/bin/sh -c mix deps.get\" did not complete successfully: exit code: 1"
	if step != "[build 2/2] RUN mix deps.get" || evidence != want {
		t.Errorf("step %q, evidence %q", step, evidence)
	}
}

func TestLineWriter(t *testing.T) {
	var got []int
	w := &lineWriter{each: func(s string) { got = append(got, len(s)) }}
	long := strings.Repeat("x", maxLine+10)
	feedAll := []string{long, "\nshort\n\n\r\n", "end"}
	for _, p := range feedAll {
		if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	w.flush()
	if len(got) < 3 || got[len(got)-1] != 3 || got[len(got)-2] != 5 {
		t.Errorf("lines of %v bytes", got)
	}
	var k tail
	for range 3 {
		if _, err := k.Write([]byte(strings.Repeat("y", maxTail))); err != nil {
			t.Fatal(err)
		}
	}
	if len(k.String()) != maxTail {
		t.Errorf("%d bytes kept", len(k.String()))
	}
}

func FuzzSolve(f *testing.F) {
	f.Add(solveOutput())
	f.Add(classicOutput)
	f.Fuzz(func(t *testing.T, text string) {
		for _, x := range []follower{newSolve(Reporter{}), newNumbered(Reporter{})} {
			feed(x, text)
			x.failed()
		}
	})
}

// The row of a build names what runs, not what has ended.
func TestSolveNamesTheStepThatRuns(t *testing.T) {
	var last string
	r := Reporter{Progress: func(text string, _, _ int64, _ string) { last = text }}
	s := newSolve(r)
	s.line(`{"vertexes":[{"digest":"a","name":"[1/3] RUN long","started":"2026-11-22T10:00:00Z"}]}`)
	s.line(`{"vertexes":[{"digest":"b","name":"[2/3] RUN short","started":"2026-11-22T10:00:00Z"}]}`)
	s.line(`{"vertexes":[{"digest":"b","name":"[2/3] RUN short","started":"2026-11-22T10:00:00Z","completed":"2026-11-22T10:00:01Z"}]}`)
	if last != "[1/3] RUN long" {
		t.Errorf("told %q", last)
	}
}

// Lines without an end, of a megabyte, or with anything in them neither stop the program nor come out long.
func FuzzOutput(f *testing.F) {
	f.Add(classicOutput, 7)
	f.Add(solveOutput(), 4096)
	f.Add("#5 [1/2] "+strings.Repeat("x", 10_000)+"\r"+strings.Repeat("\x1b[31mé", 2000), 1)
	f.Fuzz(func(t *testing.T, text string, piece int) {
		piece = max(1, min(piece, 1<<16))
		for _, make := range []func(Reporter) follower{
			func(r Reporter) follower { return newNumbered(r) }, func(r Reporter) follower { return newSolve(r) },
		} {
			fo := make(Reporter{
				Log: func(line string) {
					if len(line) > longestLine+100 || strings.ContainsAny(line, "\r\n") {
						t.Errorf("a line of %d bytes", len(line))
					}
				},
				Progress: func(text string, _, _ int64, _ string) {
					if len(text) > longestLine+100 {
						t.Errorf("a step of %d bytes", len(text))
					}
				},
			})
			w := &lineWriter{each: fo.line}
			for i := 0; i < len(text); i += piece {
				if _, err := w.Write([]byte(text[i:min(i+piece, len(text))])); err != nil {
					t.Fatal(err)
				}
			}
			w.flush()
			if _, evidence := fo.failed(); strings.Count(evidence, "\n") > 4*evidenceLines {
				t.Errorf("evidence of %d lines", strings.Count(evidence, "\n"))
			}
		}
	})
}

// A line of a few megabytes is read in a moment.
func TestLongLines(t *testing.T) {
	start, lines := time.Now(), 0
	w := &lineWriter{each: func(string) { lines++ }}
	for range 3 << 20 / 64 {
		if _, err := w.Write([]byte(strings.Repeat("x", 64))); err != nil {
			t.Fatal(err)
		}
	}
	w.flush()
	if took := time.Since(start); lines != 1 || took > 2*time.Second {
		t.Errorf("%d lines in %s", lines, took)
	}
}
