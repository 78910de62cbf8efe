package ecs

import (
	"context"

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
			Port: s.Service.Port, OwnCommand: len(s.Service.Command) > 0,
		}
		return
	}
	b.Build = &artifact.Build{Builder: builder, Source: image.SourceOf(s), Repository: b.Repository, OwnCommand: len(s.Service.Command) > 0}
	b.Build.Source.Fresh = o.Rebuild
	b.Build.Read = func(ctx context.Context) ([]project.Finding, error) { return project.CheckBuild(ctx, s) }
	b.Build.Tasks = func(platform string) (float64, bool) { return tasksUSD(o.Prices, s, platform) }
	if b.Project.Wanted() {
		b.Build.Cloud = &artifact.CloudBuild{Project: b.Project}
		if m, ok := o.Builder.(image.Machine); ok {
			b.Build.Cloud.Options = image.PackOptions{NoCache: m.NoCache, Pull: m.Pull}
		}
	}
	b.Image = &artifact.Image{Repository: b.Repository, Build: b.Build, Platform: s.Image.Platform}
	if !o.NoRehearsal {
		b.Build.Rehearse = func(ctx context.Context, img image.Image) (*rehearse.Report, error) {
			return rehearse.Image(ctx, s, img)
		}
	}
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
