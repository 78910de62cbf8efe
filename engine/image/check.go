package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"berth/engine/fail"
)

// Check says in plain sentences what about an image does not go with how it shall run: with the app on port (0
// when nobody knows), and with a command of its own when ownCommand is set. None of it is certain to fail, which
// is why they are warnings. The platform is what Resolve is asked for.
func Check(cfg *v1.ConfigFile, port int, ownCommand bool) []string {
	var warnings []string
	if len(cfg.Config.Entrypoint) == 0 && len(cfg.Config.Cmd) == 0 && !ownCommand {
		warnings = append(warnings, "the image has neither ENTRYPOINT nor CMD, so nothing would start")
	}
	exposed := slices.Sorted(maps.Keys(cfg.Config.ExposedPorts))
	listed := func(p string) bool {
		number, protocol, _ := strings.Cut(p, "/")
		return number == fmt.Sprint(port) && (protocol == "" || protocol == "tcp")
	}
	if port != 0 && len(exposed) > 0 && !slices.ContainsFunc(exposed, listed) {
		warnings = append(warnings, fmt.Sprintf("the image exposes %s, but the load balancer will use port %d",
			strings.Join(exposed, ", "), port))
	}
	return warnings
}

// Suits says whether an image can run at all as it shall: on a platform, and with a command of its own when
// ownCommand is set. The error is a Failed fail.Error that says what would happen else.
func Suits(f Facts, platform string, ownCommand bool) error {
	if got := f.Config.Platform(); !samePlatform(platformName(got), platform) {
		e := &fail.Error{
			Class: fail.Failed, Cause: fmt.Sprintf("the image is for %s, and the tasks run %s: they would end at once with \"exec format error\"", platformName(got), platform),
			Remedy: "build it for " + platform + ", or set image.platform in berth.toml to the platform of the image", Setting: "image.platform",
		}
		if samePlatform(platformName(got), "linux/amd64") || samePlatform(platformName(got), "linux/arm64") {
			e.Suggest = platformName(got)
		}
		return e
	}
	if c := f.Config.Config; len(c.Entrypoint) == 0 && len(c.Cmd) == 0 && !ownCommand {
		return &fail.Error{
			Class: fail.Failed, Cause: "the image has neither ENTRYPOINT nor CMD: its tasks would have nothing to start",
			Remedy: "add CMD to the last stage of the Dockerfile, or set service.command in berth.toml", Setting: "service.command",
		}
	}
	return nil
}
