package artifact

import (
	"strings"
	"testing"

	"berth/engine/resource"
)

func TestEmulationIsNamedAndNativeOffered(t *testing.T) {
	tasks := func(platform string) (float64, bool) {
		return map[string]float64{"linux/amd64": 18.02, "linux/arm64": 14.42}[platform], true
	}
	for _, tt := range []struct {
		platform, host string
		tasks          func(string) (float64, bool)
		verdict        resource.Verdict
		says           []string
	}{
		{"linux/amd64", "amd64", tasks, resource.OK, []string{"built for linux/amd64"}},
		{"linux/amd64", "arm64", tasks, resource.Warn, []string{"emulation", `image.platform = "linux/arm64"`, "$14.42", "$18.02 on linux/amd64", "--builder codebuild"}},
		{"linux/arm64", "amd64", tasks, resource.Warn, []string{"emulation", `image.platform = "linux/amd64"`, "$18.02", "--builder codebuild"}},
		{"linux/amd64", "arm64", nil, resource.Warn, []string{`image.platform = "linux/arm64" if the app can run there, too, or build`}},
		{"linux/amd64", "riscv64", tasks, resource.Warn, []string{"riscv64", "--builder codebuild"}},
	} {
		f := emulation(tt.platform, tt.host, tt.tasks)
		if f.Verdict != tt.verdict {
			t.Errorf("%s on %s: %+v", tt.platform, tt.host, f)
		}
		for _, want := range tt.says {
			if !strings.Contains(f.Text+"\n"+f.Remedy, want) {
				t.Errorf("%s on %s: no %q in %+v", tt.platform, tt.host, want, f)
			}
		}
	}
}
