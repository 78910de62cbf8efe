// Package commit tells which git commit a source tree is at. It asks the git program through pipes, reads only,
// and knows nothing where there is no git, no repository or no answer in time: nothing is decided by a commit.
package commit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// patience is how long git may take. The state of a large tree can take it seconds.
	patience = 3 * time.Second
	// digits is how much of a hash people read.
	digits = 7
	// enough is how much of git's answer is read, in bytes: the commit is at its beginning, and one change
	// after it suffices.
	enough = 8 << 10
)

// Of is the commit of the source tree in dir, cut to seven digits, with a + behind it when files below dir differ
// from it or are not in it. It is empty when nobody knows.
func Of(ctx context.Context, dir string) string {
	if !repository(dir) {
		return ""
	}
	return parse(ask(ctx, dir, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", "."))
}

// ask is the beginning of git's answer, without the space around it; empty when it has none.
func ask(ctx context.Context, dir string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// A repository can name a program that git starts to watch its files; none is started from here.
	c := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "core.fsmonitor=false"}, args...)...)
	c.Env = environment(os.Environ())
	c.WaitDelay = time.Second
	var out head
	c.Stdout = &out
	if c.Run() != nil {
		return ""
	}
	return strings.TrimSpace(string(out.b))
}

// repository says whether dir may be in one: whoever has none needs no git started.
func repository(dir string) bool {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return false
}

// environment is ours without what points git to another repository, as a hook of git has it, and such that git
// takes no lock, asks nobody, and answers in no other language.
func environment(ours []string) []string {
	env := slices.DeleteFunc(slices.Clone(ours), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"}, name)
	})
	return append(env, "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
}

// parse reads the second format of git status: headers with a #, then a line for each change.
func parse(status string) string {
	commit, changed := "", false
	for line := range strings.Lines(status) {
		if oid, ok := strings.CutPrefix(line, "# branch.oid "); ok {
			commit = strings.TrimSpace(oid)
		} else if !strings.HasPrefix(line, "#") {
			changed = true
		}
	}
	if len(commit) < digits || strings.HasPrefix(commit, "(") { // (initial): nothing was committed yet
		return ""
	}
	if commit = commit[:digits]; changed {
		commit += "+"
	}
	return commit
}

// head keeps the beginning of what is written to it.
type head struct{ b []byte }

// Write takes all of p, so that the writer goes on, and keeps what there is room for.
func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(enough-len(h.b), len(p))]...)
	return len(p), nil
}
