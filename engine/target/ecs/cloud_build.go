package ecs

import (
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/spec"
)

// inCloud is what an image is built with in AWS. When it is built on this machine, or not at all, all of it is looked up
// by a destroy alone: an earlier deployment may have left it.
type inCloud struct {
	BuildRole *access.Role
	BuildLogs *compute.LogGroup
	Source    *artifact.SourceBucket
	Project   *artifact.BuildProject
}

func (b *Blueprint) cloudBuild(s *spec.Spec) inCloud {
	unneeded := s.Image.Builder != spec.InCloud || s.Image.Ref != ""
	c := inCloud{
		BuildLogs: &compute.LogGroup{Owner: b.Owner, Days: s.Service.LogDays, Builds: true, Unneeded: unneeded},
		Source:    &artifact.SourceBucket{Owner: b.Owner, Unneeded: unneeded},
	}
	c.Project = &artifact.BuildProject{
		Owner: b.Owner, Logs: c.BuildLogs, Source: c.Source, Repository: b.Repository, Platform: s.Image.Platform, Unneeded: unneeded,
	}
	c.BuildRole = access.NewRole(b.Owner, s.Region, "build", "the role that builds images", c.Project.Policy)
	c.BuildRole.Rules, c.BuildRole.Trust, c.BuildRole.Unwanted = rules(s), c.Project.Trust, unneeded
	c.Project.Role = c.BuildRole
	return c
}

func (c inCloud) building() resource.Set {
	return resource.Set{c.BuildRole, c.BuildLogs, c.Source, c.Project}
}
