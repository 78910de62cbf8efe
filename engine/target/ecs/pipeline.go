package ecs

import (
	"berth/engine/pipeline"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/spec"
	"berth/engine/target"
)

// pipelineRole is the role by which a pipeline deploys new versions.
func (b *Blueprint) pipelineRole(s *spec.Spec) {
	b.PipelineRole = access.NewRole(b.Owner, s.Region, "ci", "the role that the pipeline deploys with", func(sc *resource.Scope) string {
		return target.Redeploying(b, sc).Text()
	})
	b.PipelineRole.Rules = rules(s)
	b.PipelineRole.Ends = "its pipeline can deploy no more, because it names this role; berth ci makes another"
}

// Pipeline implements target.Blueprint. What decides over the permissions is looked up with it.
func (b *Blueprint) Pipeline(p pipeline.Pipeline) resource.Set {
	provider := &access.OIDCProvider{Owner: b.Owner, Host: p.Host, Audience: p.Audience()}
	b.PipelineRole.Trust, b.PipelineRole.Behind = provider.Pipeline(p.Subjects()), []resource.Resource{provider}
	rs := resource.Set{provider, b.PipelineRole}
	for _, r := range b.Deciding() {
		rs = append(rs, resource.ReadOnly{Resource: r})
	}
	return rs
}

// Beside implements target.Blueprint. The provider goes before the role that tells which one it is.
func (b *Blueprint) Beside() resource.Set {
	return resource.Set{&access.OIDCProvider{Owner: b.Owner, Of: b.PipelineRole}, b.PipelineRole}
}
