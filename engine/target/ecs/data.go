package ecs

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/data"
	"berth/engine/resource/network"
	"berth/engine/secret"
	"berth/engine/spec"
)

// data makes what keeps the app's data and what tells the app of it. A database that nobody asks for is made all the
// same, as one that is looked up by a destroy: an earlier deployment may have left it.
func (b *Blueprint) data(s *spec.Spec, given []secret.Given) {
	d := spec.Database{}
	if s.Database != nil {
		d = *s.Database
	}
	no := s.Database == nil
	b.DatabaseGroup = &network.SecurityGroup{
		Owner: b.Owner, Role: "database", Label: "the database's security group", VPC: b.VPC,
		Ingress: []network.Ingress{{Port: data.DefaultPort(d.Engine), From: b.TaskGroup, Text: "the tasks of the app"}},
	}
	b.DatabaseRole = &access.ServiceLinkedRole{
		ID: "rds-service-role", Service: "rds.amazonaws.com", Name: "AWSServiceRoleForRDS", Label: "the role of RDS itself", Unwanted: no,
	}
	b.Subnets = &data.SubnetGroup{Subnets: data.Subnets{Owner: b.Owner, Network: b.Network, Unneeded: no}}
	b.Password = &data.Parameter{
		Owner: b.Owner, ID: "database-password", Key: "database/password", Label: "the database's password", Value: data.Password, Unneeded: no,
	}
	family := data.FamilyWithoutTLS(d.Engine, d.Version)
	b.Parameters = &data.ParameterGroup{Owner: b.Owner, Family: family, Unneeded: family == ""}
	b.Database = &data.Database{
		Owner: b.Owner, Subnets: b.Subnets, SecurityGroup: b.DatabaseGroup, LinkedRole: b.DatabaseRole, Password: b.Password,
		Engine: d.Engine, Class: d.Class, StorageGB: d.StorageGB, Version: d.Version, MultiAZ: d.MultiAZ, Snapshot: d.Snapshot, Unneeded: no,
	}
	if family != "" {
		b.Database.Parameters = b.Parameters
	}
	b.DatabaseURL = data.DatabaseURL(b.Owner, b.Database, func(parts map[string]string) string {
		text, _ := spec.Interpolate(s.DatabaseURL(), parts) // Validate refuses a form with other parts
		return text
	})
	b.Database.Told = b.DatabaseURL.Exists
	b.storage(s)
	b.cache = newCache(s, b.Owner, b.Network, b.TaskGroup)
	b.Secrets = &data.Secrets{Named: func(sc *resource.Scope) map[string]string { return b.kept(s, sc) }}
	b.Secrets.Made = append(b.Secrets.Made, b.Given...)
	b.Secrets.VPC = b.VPC
	for _, g := range given {
		if e, ok := data.LeadsElsewhere(g.Name, g.Reveal()); ok && slices.Contains(s.Secrets.FromSSM, g.Name) {
			b.Secrets.Elsewhere = append(b.Secrets.Elsewhere, e)
		}
	}
	if !no {
		b.Secrets.Made = append(b.Secrets.Made, b.DatabaseURL)
		if d.PasswordVariable != "" {
			b.Secrets.Made = append(b.Secrets.Made, b.Password)
		}
	}
}

// given makes the parameters of the secrets whose values came with the request. They outlive the app as those do that
// berth secrets set makes, so they carry no identity.
func (b *Blueprint) given(s *spec.Spec, all []secret.Given) {
	owner := b.Owner
	owner.ID = ""
	for _, g := range all {
		if !slices.Contains(s.Secrets.FromSSM, g.Name) {
			continue // the answer was taken back
		}
		p := &data.Parameter{
			Owner: owner, ID: "secret-" + g.Name, Key: g.Name, Label: "the secret " + g.Name, Stays: g.Fresh,
			Value: func(context.Context, *resource.Scope) (string, error) { return g.Reveal(), nil },
			Stamp: func() (string, bool) { return g.Mark, true },
		}
		b.Given = append(b.Given, p)
	}
}

// kept are the secrets that berth.toml names and that are there without this run.
func (b *Blueprint) kept(s *spec.Spec, sc *resource.Scope) map[string]string {
	m := named(s, sc)
	for _, p := range b.Given {
		delete(m, p.Key)
	}
	return m
}

// storage makes the file system, with a way to each folder of it, and an address in each subnet.
func (b *Blueprint) storage(s *spec.Spec) {
	b.FilesGroup = &network.SecurityGroup{
		Owner: b.Owner, Role: "files", Label: "the file system's security group", VPC: b.VPC,
		Ingress: []network.Ingress{{Port: data.NFSPort, From: b.TaskGroup, Text: "the tasks of the app"}},
	}
	b.FilesRole = &access.ServiceLinkedRole{
		ID: "efs-service-role", Service: "elasticfilesystem.amazonaws.com", Name: "AWSServiceRoleForAmazonElasticFileSystem",
		Label: "the role of EFS itself", Unwanted: len(s.Storage) == 0,
	}
	b.FileSystem = &data.FileSystem{Owner: b.Owner, SecurityGroup: b.FilesGroup, LinkedRole: b.FilesRole, Unneeded: len(s.Storage) == 0}
	for i := range b.Network.Subnets {
		b.MountTargets = append(b.MountTargets, &data.MountTarget{
			Owner: b.Owner, FileSystem: b.FileSystem, Network: b.Network, SecurityGroup: b.FilesGroup, Index: i,
		})
	}
	for _, f := range s.Storage {
		b.Folders = append(b.Folders, &data.AccessPoint{Owner: b.Owner, FileSystem: b.FileSystem, Path: f.Path})
	}
}

// files are the resources of the file system, in the order in which people see them. Without storage they are what an
// earlier deployment may have left.
func (b *Blueprint) files() resource.Set {
	rs := resource.Set{b.FilesGroup, b.FilesRole, b.FileSystem}
	for _, m := range b.MountTargets {
		rs = append(rs, m)
	}
	for _, f := range b.Folders {
		rs = append(rs, f)
	}
	return rs
}

// mounts is what a task needs of the file system before it can start.
func (b *Blueprint) mounts() []resource.Need {
	if !b.FileSystem.Wanted() {
		return nil
	}
	var needs []resource.Need
	for _, m := range b.MountTargets {
		needs = append(needs, resource.Need{On: m, Ready: true})
	}
	for _, f := range b.Folders {
		needs = append(needs, resource.Need{On: f, Ready: true})
	}
	return needs
}

// database are the resources of the database, in the order in which people see them.
func (b *Blueprint) database() resource.Set {
	return resource.Set{b.DatabaseGroup, b.DatabaseRole, b.Subnets, b.Password, b.Parameters, b.Database, b.DatabaseURL}
}

// secrets are those that berth.toml names, and the database's address, as a task definition has them.
func (b *Blueprint) secrets(s *spec.Spec, sc *resource.Scope) map[string]string {
	m := maps.Clone(named(s, sc)) // with those that this run keeps
	for name, p := range b.told(s) {
		m[name] = p.ParameterARN(sc)
	}
	return m
}

// told are the parameters that tell the app of its database, by the variables that it gets them in.
func (b *Blueprint) told(s *spec.Spec) map[string]*data.Parameter {
	if !b.Database.Wanted() {
		return nil
	}
	m := map[string]*data.Parameter{s.DatabaseVariable(): b.DatabaseURL}
	if name := s.Database.PasswordVariable; name != "" {
		m[name] = b.Password
	}
	return m
}

// versions are the versions of the secrets; ok is false while one that tells of the database is not final.
func (b *Blueprint) versions(s *spec.Spec, sc *resource.Scope) (versions map[string]string, ok bool) {
	versions = b.Secrets.Versions(sc)
	for _, p := range b.Given {
		if !p.Current() {
			return nil, false
		}
		versions[p.Key] = strconv.FormatInt(p.Version, 10)
	}
	for name, p := range b.told(s) {
		if !p.Current() {
			return nil, false
		}
		versions[name] = strconv.FormatInt(p.Version, 10)
	}
	return versions, true
}
