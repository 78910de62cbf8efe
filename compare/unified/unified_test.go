package unified

import (
	"strings"
	"testing"
)

// Whatever two texts are, the diff of one to the other leads there.
func FuzzEdits(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n")
	f.Add("", "x")
	f.Add("a\nb\n\nc\n\n\nd", "b\nc\n\nd\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		var from, to strings.Builder
		for _, o := range edits(lines(a), lines(b)) {
			if o.kind != '+' {
				from.WriteString(o.text)
			}
			if o.kind != '-' {
				to.WriteString(o.text)
			}
		}
		if from.String() != a || to.String() != b {
			t.Fatalf("%q -> %q gives %q -> %q", a, b, from.String(), to.String())
		}
	})
}

func TestDiffAlone(t *testing.T) {
	for name, tt := range map[string]struct{ a, b, want string }{
		"no end": {"x", "y", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"},
		"new":    {"", "y\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+y\n"},
		"two hunks": {
			"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "a\n2\n3\n4\n5\n6\n7\n8\nb\n",
			"--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-1\n+a\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+b\n",
		},
	} {
		if got := Diff("f", tt.a, tt.b); got != tt.want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
