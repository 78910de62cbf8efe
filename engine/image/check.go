package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Check says in plain sentences what about an image does not go with how it shall run: with the app on port (0
// when nobody knows), and with a command of its own when ownCommand is set. None of it is certain to fail, which
// is why they are warnings. The platform is what Resolve is asked for.
func Check(cfg *v1.ConfigFile, port int, ownCommand bool) []string {
	var warnings []string
	if len(cfg.Config.Entrypoint) == 0 && len(cfg.Config.Cmd) == 0 && !ownCommand {
		warnings = append(warnings, "the image has neither ENTRYPOINT nor CMD, so that nothing would start")
	}
	exposed := slices.Sorted(maps.Keys(cfg.Config.ExposedPorts))
	listed := func(p string) bool {
		number, protocol, _ := strings.Cut(p, "/")
		return number == fmt.Sprint(port) && (protocol == "" || protocol == "tcp")
	}
	if port != 0 && len(exposed) > 0 && !slices.ContainsFunc(exposed, listed) {
		warnings = append(warnings, fmt.Sprintf("the image exposes %s, and the load balancer will ask port %d",
			strings.Join(exposed, ", "), port))
	}
	return warnings
}
