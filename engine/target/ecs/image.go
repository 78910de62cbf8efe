package ecs

import (
	"context"

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
