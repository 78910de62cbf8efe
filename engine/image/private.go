package image

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"berth/engine/fail"
	"berth/engine/spec"
)

// Private is the setting by which a build of src gets what is secret, which only a builder of this machine is given;
// empty when there is none.
func (s Source) Private() string {
	switch {
	case len(s.Secrets) > 0:
		return "image.secrets"
	case len(s.SSH) > 0:
		return "image.ssh"
	}
	return ""
}

// HandsSecrets is the first of Programs that works here and can hand secrets and keys to a build; empty when none can.
func HandsSecrets(ctx context.Context) string {
	for _, name := range Programs {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		if p, err := look(ctx, name, name); err == nil && p.way != classicWay {
			return name
		}
	}
	return ""
}

// InstallModern is what to install on this machine to have a builder that can.
func InstallModern() string {
	return "Docker with its buildx plugin (" + installBuildx() + "), or Podman"
}

// onlyHere takes a build in AWS out of the ways out of err when src needs what is not sent there.
func onlyHere(src Source, err error) error {
	var f *fail.Error
	what := src.Private()
	if what == "" || !errors.As(err, &f) {
		return err
	}
	f.Remedy = strings.Replace(f.Remedy, orElsewhere, "take "+what+" out of berth.toml and build in AWS with --builder codebuild, "+orImage, 1)
	if f.Suggest == spec.InCloud {
		f.Setting, f.Suggest = "", nil
	}
	return f
}
