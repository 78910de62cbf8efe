package ecs

import (
	"context"
	"maps"
	"os"
	"slices"

	"berth/compare/price"
	"berth/engine/image"
	"berth/engine/project"
	"berth/engine/rehearse"
	"berth/engine/resource/artifact"
	"berth/engine/spec"
	"berth/engine/target"
)

func (b *Blueprint) image(s *spec.Spec, o target.Options) {
	b.inCloud = b.cloudBuild(s)
	builder := image.BuilderOf(s, o.Builder)
	if s.Image.Ref != "" {
		b.Image = &artifact.Image{
			Repository: b.Repository, External: s.Image.Ref, Builder: builder, Platform: s.Image.Platform,
			Port: s.Service.Port, OwnCommand: len(s.Service.Command) > 0, Commands: commands(s),
		}
		return
	}
	b.Build = &artifact.Build{
		Builder: builder, Source: image.SourceOf(s), Repository: b.Repository, OwnCommand: len(s.Service.Command) > 0,
		Cached: s.Image.Cache, Commands: commands(s), Starts: func() (entry, cmd []string) { return starts(image.SourceOf(s)) },
	}
	b.Build.Source.Fresh = o.Rebuild
	b.Build.Read = func(ctx context.Context) ([]project.Finding, error) { return project.CheckBuild(ctx, s) }
	b.Build.Tasks = func(platform string) (float64, bool) { return tasksUSD(o.Prices, s, platform) }
	if b.Project.Wanted() {
		b.Build.Cloud = &artifact.CloudBuild{Project: b.Project}
		if m, ok := o.Builder.(image.Machine); ok {
			b.Build.Cloud.Options = image.PackOptions{NoCache: m.NoCache, Pull: m.Pull}
		}
		b.Build.Cloud.Options.Cache = s.Image.Cache
	}
	b.Image = &artifact.Image{Repository: b.Repository, Build: b.Build, Platform: s.Image.Platform}
	if !o.NoRehearsal {
		b.Build.Rehearse = func(ctx context.Context, img image.Image) (*rehearse.Report, error) {
			return rehearse.Image(ctx, s, img)
		}
	}
}

// commands are what tasks of the app run instead of the image's CMD. Where the settings replace its ENTRYPOINT, they know
// what that does.
func commands(s *spec.Spec) (all []image.Command) {
	if len(s.Service.Entrypoint) > 0 {
		return nil
	}
	if words, err := spec.Words(s.Service.ReleaseCommand); err == nil && len(words) > 0 {
		all = append(all, image.Command{What: "the release command", Words: words})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Wanted())) {
		all = append(all, image.Command{What: "the command of the process " + name, Words: s.Processes[name].Command})
	}
	return all
}

// starts is what the Dockerfile says of the image's entry point and command. What it does not say, or cannot be read, shows
// once the image is there.
func starts(src image.Source) (entry, cmd []string) {
	text, err := os.Open(src.File())
	if err != nil {
		return nil, nil
	}
	defer func() { _ = text.Close() }()
	d, err := project.ReadStage(src.Dockerfile, text, src.Target, src.Args)
	if err != nil {
		return nil, nil
	}
	argv := func(c *project.Command) []string {
		switch {
		case c == nil:
			return nil
		case c.Shell:
			return []string{"/bin/sh", "-c", c.String()}
		}
		return c.Words
	}
	return argv(d.Entry), argv(d.Cmd)
}

// tasksUSD is what the app's own tasks cost a month on a platform, on demand. Ok is false where no price is known.
func tasksUSD(prices *price.Table, s *spec.Spec, platform string) (usd float64, ok bool) {
	if prices == nil {
		return 0, false
	}
	sku := "fargate." + priceArch(platform)
	cpu, known := prices.Exact(sku+".vcpu_hour", s.Region)
	memory, knownToo := prices.Exact(sku+".gb_hour", s.Region)
	each := s.Service.CPU*cpu.USD + float64(s.Service.Memory)/1024*memory.USD
	return each * float64(s.Service.Instances) * price.HoursPerMonth, known && knownToo
}
