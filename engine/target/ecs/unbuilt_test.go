package ecs

import (
	"strings"
	"testing"

	"berth/engine/spec"
)

// TestUnbuiltKeysAreRefused says every key of berth.toml, one at a time: those that this target cannot deploy are
// refused with their place, and no other is.
func TestUnbuiltKeysAreRefused(t *testing.T) {
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
		got := Target{}.Unsupported(s)
		switch {
		case Target{}.Builds(k.Name) && len(got) > 0:
			t.Errorf("%s can be deployed, and is refused: %v", k.Name, got)
		case !Target{}.Builds(k.Name) && len(got) != 1:
			t.Errorf("%s cannot be deployed, and %d problems are told: %v", k.Name, len(got), got)
		case !Target{}.Builds(k.Name) && got[0].Line == 0:
			t.Errorf("the refusal of %s names no place: %v", k.Name, got[0])
		}
	}
	for _, u := range unbuilt {
		if _, ok := spec.KeyOf(u); !ok && !strings.Contains(u, ".") {
			found := false
			for _, k := range spec.Keys() {
				found = found || strings.HasPrefix(k.Name, u+".")
			}
			if !found {
				t.Errorf("%s is no key and no table of berth.toml", u)
			}
		}
	}
}
