package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"berth/engine/fail"
)

// smallDisk is a disk with room for a megabyte, as the folder for temporary files.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: no disk can be mounted here: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	t.Setenv("TMPDIR", dir)
	return dir
}

// A disk that is full is told as such, with what makes room on it, at each step that writes, and nothing is left on it.
func TestDockerFullDisk(t *testing.T) {
	needDocker(t)
	src := Source{Dir: plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY data /data\nCMD [\"/data\"]\n"}), Platform: "linux/amd64"}
	fill(t, filepath.Join(src.Dir, "data"), 8<<20)
	img, err := Machine{Program: "docker"}.Build(t.Context(), src, Reporter{})
	must(t, err)
	defer img.Release()
	disk := smallDisk(t)
	for step, do := range map[string]func() error{
		"packing the source for a build in AWS": func() error {
			_, err := PackFile(t.Context(), src, PackOptions{})
			return err
		},
		"taking the image out of Docker": func() error {
			_, _, err := img.(*stored).save(t.Context(), Reporter{})
			return err
		},
	} {
		f := fail.From(do())
		if f == nil || !strings.HasSuffix(f.Cause, ": the disk is full") || !strings.Contains(f.Remedy, "make room in "+disk) {
			t.Errorf("%s: %+v", step, f)
		}
		if left, _ := os.ReadDir(disk); len(left) > 0 {
			t.Errorf("%s left %v", step, left)
		}
	}
	// Docker pushes without any of it.
	must(t, os.WriteFile(filepath.Join(disk, "full"), make([]byte, 1<<20-16<<10), 0o600))
	to := Repository{Name: (&shipBench{}).registry(t) + "/shop"}
	if _, err := img.Push(t.Context(), to, "one", Reporter{}); err != nil {
		t.Errorf("a push by Docker: %v", err)
	}
}

// What engines say of a full disk of theirs is told with what makes room in that engine.
func TestFullDiskOfAnEngine(t *testing.T) {
	for kind, tt := range map[string]struct{ says, cause, remedy string }{
		"docker":  {"write /var/lib/docker/overlay2/1/diff/x: no space left on device", "the disk that Docker uses is full", "`docker system prune`"},
		"podman":  {"Error: writing blob: storing blob to file \"/var/tmp/storage1/1\": write /var/tmp/storage1/1: no space left on device", "the disk that Podman uses is full", "name another one with TMPDIR"},
		"buildah": {"Error: committing container: copying layers: write: No space left on device", "the disk that Buildah uses is full", "`buildah rmi --prune`"},
		"nerdctl": {"failed to extract layer: write: disk quota exceeded", "the disk quota of this user is used up", "`nerdctl system prune`"},
	} {
		p := program{command: kind, kind: kind, name: titles[kind]}
		for step, err := range map[string]error{
			"build": p.fault(tt.says), "look": programError(t.Context(), p, tt.says, os.ErrInvalid),
			"push": (&stored{program: p}).notPushed(name.Repository{}, tt.says, os.ErrInvalid),
		} {
			f := fail.From(err)
			if !strings.HasPrefix(f.Cause, tt.cause) || !strings.Contains(f.Remedy, tt.remedy) || !strings.Contains(f.Evidence, tt.says) {
				t.Errorf("%s, %s: %+v", kind, step, f)
			}
		}
	}
}
