package traffic

import (
	"strings"
	"testing"

	"berth/engine/resource"
	"berth/engine/resource/access"
)

// Names keep to the lengths that AWS allows (engine/AWS.md, Names), for the longest app and environment.
func TestNamesFit(t *testing.T) {
	long := resource.Owner{App: strings.Repeat("a", 32), Env: strings.Repeat("e", 32)}
	role := access.NewRole(long, "ap-southeast-7", "execution", "", nil).Info()
	group := (&TargetGroup{Owner: long, Port: 65535}).Info()
	for _, c := range []struct {
		name string
		max  int
	}{{role.Name, 64}, {long.Short(), 32}, {group.Name, 32}} {
		if len(c.name) > c.max || strings.Contains(c.name, "--") || strings.HasSuffix(c.name, "-") {
			t.Errorf("%s has %d characters, %d at most", c.name, len(c.name), c.max)
		}
	}
	here, there := access.NewRole(long, "eu-west-1", "task", "", nil).Info(), access.NewRole(long, "eu-west-2", "task", "", nil).Info()
	if here.Name == there.Name {
		t.Error("two regions share a role")
	}
}
