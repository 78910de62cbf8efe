package assets

import (
	"io/fs"
	"testing"
)

func TestSampleIsWhole(t *testing.T) {
	for _, name := range []string{"Dockerfile", "package.json", "server.js"} {
		if b, err := fs.ReadFile(Sample, "sample/"+name); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
