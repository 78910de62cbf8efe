package ecs

import (
	"strings"
	"testing"

	"berth/engine/spec"
)

// TestEveryKeyIsBuilt sets every key of berth.toml, one at a time: this target refuses none of them by itself.
func TestEveryKeyIsBuilt(t *testing.T) {
	for _, k := range spec.Keys() {
		table, leaf := "", k.Name
		if i := strings.LastIndexByte(k.Name, '.'); i >= 0 {
			table, leaf = "["+k.Name[:i]+"]\n", k.Name[i+1:]
		}
		value := k.Example
		switch {
		case k.Name == "service.init":
			value = "false"
		case k.Kind == spec.Text && len(k.Choices) > 1 && k.Name != "image.platform":
			value = `"` + k.Choices[1] + `"`
		case k.Name == "service.ephemeral_gb" || k.Name == "service.log_days":
			value = "90"
		}
		if k.Name == "network.tasks" { // private ones need a network that has private subnets
			value += "\nvpc = \"vpc-0a1b2c3d4e5f67890\""
		}
		s, err := spec.Parse([]byte(table+leaf+" = "+value+"\n"), "")
		if err != nil {
			t.Error(err)
			continue
		}
		if err := s.Complete(nil, nil); err != nil {
			t.Error(err)
			continue
		}
		if got := (Target{}).Unsupported(s); len(got) > 0 || !(Target{}).Builds(k.Name) {
			t.Errorf("%s can be deployed, and is refused: %v", k.Name, got)
		}
	}
}
