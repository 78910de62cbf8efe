package project

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"berth/assets"
)

func TestSample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "harbor")
	sample, err := fs.Sub(assets.Sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, sample); err != nil {
		t.Fatal(err)
	}
	f, err := Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(b))
}
