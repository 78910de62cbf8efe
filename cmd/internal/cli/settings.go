package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"berth/compare/catalog"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/project"
	"berth/engine/spec"
)

// interview puts together what the app shall be: flags before berth.toml before what the source tree says before
// berth's own choices. Inspect is how the source tree is read.
func (a *app) interview(ctx context.Context, flags said, inspect inspector) (*interview.Draft, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	return interview.Read(ctx, interview.Sources{
		Dir: dir, Env: a.flags.env, Builds: engine.Builds, Problems: engine.Problems, Region: a.region, Inspect: inspect,
		Override: func(s *spec.Spec) error { return a.override(s, flags) },
	})
}

// inspector reads the source tree of an app.
type inspector func(context.Context, *spec.Spec) (*project.Findings, error)

// toLook reads the source tree where nothing is built: a missing or broken Dockerfile is no reason not to look, or not
// to destroy. What was found all the same names the app as deploy did.
func toLook(ctx context.Context, s *spec.Spec) (*project.Findings, error) {
	found, err := project.Inspect(ctx, s)
	if found != nil {
		err = nil
	}
	return found, err
}

// settings is the app to be deployed. What cannot work, or is missing, is a Usage failure.
func (a *app) settings(ctx context.Context, flags said) (*interview.Draft, error) {
	d, err := a.interview(ctx, flags, project.Inspect)
	if err != nil {
		return nil, err
	}
	return d, spec.AsError(d.Spec.Validate(regions()...))
}

// named is the app for verbs that only need to know which one in which region is meant.
func (a *app) named(ctx context.Context, flags said) (*spec.Spec, error) {
	d, err := a.identified(ctx, flags)
	if err != nil {
		return nil, err
	}
	return d.Spec, nil
}

// identified is settings for verbs about what runs: whatever else is missing or wrong in the folder, such as the Dockerfile
// of an app that was deployed from an image, they need no more than to know which app in which region is meant.
func (a *app) identified(ctx context.Context, flags said) (*interview.Draft, error) {
	d, err := a.interview(ctx, flags, toLook)
	if err != nil {
		return nil, err
	}
	var problems []spec.Problem
	for _, p := range d.Spec.Validate(regions()...) {
		if p.Key == "app" || p.Key == "id" || p.Key == "region" || p.Key == "env name" {
			problems = append(problems, p)
		}
	}
	return d, spec.AsError(problems)
}

// load reads berth.toml and lays the flags over it.
func (a *app) load(flags said) (*spec.Spec, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	s, err := spec.Load(dir, a.flags.env)
	if err != nil {
		return nil, err
	}
	if err := a.override(s, flags); err != nil {
		return nil, err
	}
	return s, nil
}

// override lays the flags over what berth.toml says. AWS's own variables count as flags where neither names
// a region: whoever sets them wants them more than what a source tree proposes.
func (a *app) override(s *spec.Spec, flags said) error {
	for _, f := range []struct{ key, flag, text string }{
		{"app", "--app", flags.app},
		{"id", "--id", flags.id},
		{"region", "--region", a.flags.region},
		{"service.port", "--port", flags.port},
		{"image.ref", "--image", flags.image},
		{"image.builder", "--builder", flags.builder},
		{"network.take_over", "--take-over", flags.takeOver},
	} {
		if f.text == "" {
			continue
		}
		if err := s.SetText(f.key, f.text, spec.Origin{Kind: spec.Flag, Text: f.flag}); err != nil {
			return &fail.Error{Class: fail.Usage, Cause: err.Error(), Remedy: "give another " + f.flag, Err: err}
		}
	}
	for _, arg := range flags.args {
		name, value, given := strings.Cut(arg, "=")
		if !given {
			value = os.Getenv(name)
		}
		if name == "" {
			return fail.Usagef("--build-arg %q has no name", arg)
		}
		if s.Image.Args == nil {
			s.Image.Args = map[string]string{}
		}
		s.Image.Args[name] = value
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if r := os.Getenv(name); r != "" && s.Region == "" {
			return s.Set("region", r, spec.Origin{Kind: spec.Flag, Text: name})
		}
	}
	return nil
}

// dir is the folder of the app, which must be there.
func (a *app) dir() (string, error) {
	dir, err := filepath.Abs(a.flags.dir)
	if err != nil {
		return "", fmt.Errorf("find folder %s: %w", a.flags.dir, err)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &fail.Error{Class: fail.Usage, Cause: "there is no folder " + a.flags.dir, Remedy: "give another -C", Err: err}
	case err != nil:
		return "", &fail.Error{Class: fail.Usage, Cause: "the folder " + a.flags.dir + " cannot be read", Evidence: err.Error(), Err: err}
	case !info.IsDir():
		return "", &fail.Error{Class: fail.Usage, Cause: a.flags.dir + " is a file, not a folder", Remedy: "give its folder with -C"}
	}
	return dir, nil
}

// region is the region where no flag, no variable and no file names one, and where it comes from. Nobody
// saying it is a Usage failure.
func (a *app) region(ctx context.Context) (region, from string, err error) {
	if a.flags.simulate {
		return simRegion, "the simulated account", nil
	}
	region, err = a.openOn("", a.aws(), nil, "").Region(ctx)
	return region, "the AWS profile", err
}

// regions are the codes of all AWS regions that are known.
func regions() []string {
	var codes []string
	for _, r := range catalog.Regions().Regions {
		codes = append(codes, r.Code)
	}
	return codes
}
