package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// AccessPoint is the way to one folder of a file system. Whoever comes through it acts as root in that folder and sees
// nothing else, so that an image of any user can write and change owners there, as it can on a disk of its own.
type AccessPoint struct {
	Owner      resource.Owner
	FileSystem *FileSystem
	Path       string // where the app has the folder, such as /app/uploads

	ID string // output

	found *efstypes.AccessPointDescription
}

// slug is the path as a name: app-uploads.
func (p *AccessPoint) slug() string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, p.Path), "-")
}

// VolumeName is the name of the volume in a task definition.
func (p *AccessPoint) VolumeName() string {
	return resource.Shorten(p.slug(), 40) + "-" + resource.Digest(p.Path)[:6]
}

// token finds the access point again.
func (p *AccessPoint) token() string {
	return p.FileSystem.token()[:20] + "-" + resource.Digest(p.Owner.Name() + p.Path)[:20]
}

// Info implements Resource.
func (p *AccessPoint) Info() resource.Info {
	return resource.Info{
		ID: "access-point-" + p.VolumeName(), Kind: "efs.AccessPoint", Name: p.Path, Label: "the folder " + p.Path, Group: resource.GroupData,
		Usually: 5 * time.Second, Gone: 2 * time.Second, Keeps: "the files below " + p.Path,
	}
}

// Data implements Keeping.
func (p *AccessPoint) Data() string { return "the files below " + p.Path }

// Needs implements Resource.
func (p *AccessPoint) Needs() []resource.Need {
	return []resource.Need{{On: p.FileSystem, Observe: true, Ready: true}}
}

// Identifier implements Identified.
func (p *AccessPoint) Identifier() string { return p.ID }

// Observe implements Resource.
func (p *AccessPoint) Observe(ctx context.Context, s *resource.Scope) error {
	p.found, p.ID = nil, ""
	if p.FileSystem.ID == "" {
		return nil
	}
	pages := efs.NewDescribeAccessPointsPaginator(s.EFS, &efs.DescribeAccessPointsInput{FileSystemId: &p.FileSystem.ID})
	err := resource.Pages(ctx, pages, func(out *efs.DescribeAccessPointsOutput) error {
		for _, one := range out.AccessPoints {
			if aws.ToString(one.ClientToken) == p.token() {
				p.found, p.ID = &one, aws.ToString(one.AccessPointId)
			}
		}
		return nil
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Exists implements Resource.
func (p *AccessPoint) Exists() bool { return p.found != nil }

// Diff implements Resource.
func (p *AccessPoint) Diff(*resource.Scope) resource.Diff { return resource.Fixed(p.found != nil) }

// Apply implements Resource.
func (p *AccessPoint) Apply(ctx context.Context, s *resource.Scope) error {
	if p.found != nil {
		return nil
	}
	root := aws.Int64(0)
	out, err := s.EFS.CreateAccessPoint(ctx, &efs.CreateAccessPointInput{
		ClientToken: aws.String(p.token()), FileSystemId: &p.FileSystem.ID, PosixUser: &efstypes.PosixUser{Uid: root, Gid: root},
		RootDirectory: &efstypes.RootDirectory{
			Path:         aws.String("/" + p.VolumeName()),
			CreationInfo: &efstypes.CreationInfo{OwnerUid: root, OwnerGid: root, Permissions: aws.String("0755")},
		},
		Tags: append(efsTags(p.Owner, "access-point"), efstypes.Tag{Key: aws.String("Name"), Value: aws.String(p.Owner.Name() + " " + p.Path)}),
	})
	if cloud.Is(err, "AccessPointAlreadyExists") { // made by a call whose answer got lost
		return s.Adopt(ctx, p.Info().Label, func(ctx context.Context) error { return p.Observe(ctx, s) }, p.Exists)
	}
	if err != nil {
		return fmt.Errorf("create access point: %w", err)
	}
	p.ID, p.found = aws.ToString(out.AccessPointId), &efstypes.AccessPointDescription{AccessPointId: out.AccessPointId}
	return nil
}

// Unattended implements Unattended.
func (p *AccessPoint) Unattended() {}

// Ready implements Waiter.
func (p *AccessPoint) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the access point to become available", Deadline: 5 * time.Minute}
	return s.Poll(ctx, w, p.Info().Usually, func(ctx context.Context) (bool, string, error) {
		if err := p.Observe(ctx, s); err != nil || p.found == nil {
			return false, "", err
		}
		return p.found.LifeCycleState == efstypes.LifeCycleStateAvailable, string(p.found.LifeCycleState), nil
	})
}

// Delete implements Resource. The files stay until the file system is deleted.
func (p *AccessPoint) Delete(ctx context.Context, s *resource.Scope) error {
	if p.found == nil {
		return nil
	}
	_, err := s.EFS.DeleteAccessPoint(ctx, &efs.DeleteAccessPointInput{AccessPointId: &p.ID})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete access point: %w", err)
	}
	w := cloud.Wait{For: "the access point to be gone", Deadline: 5 * time.Minute}
	return s.Poll(ctx, w, p.Info().Gone, func(ctx context.Context) (bool, string, error) {
		err := p.Observe(ctx, s)
		return err == nil && p.found == nil, "", err
	})
}

// Mount is the statement that lets a task's role use the file system. It is the same before there is one, so that the
// role need not wait.
func (f *FileSystem) Mount(s *resource.Scope) policy.Statement {
	mount := policy.Allow([]string{
		"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess",
	}, s.ARN("elasticfilesystem", "file-system/*"))
	mount.Condition = f.Owner.Tagged("aws:ResourceTag")
	return mount
}

// Permissions implements Permissioned.
func (p *AccessPoint) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	system, point := p.FileSystem.arns(s)
	need := []resource.Permission{resource.On(resource.Actions("elasticfilesystem:DescribeAccessPoints"), system, point)}
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("elasticfilesystem:CreateAccessPoint"), system),
			resource.On(resource.Actions("elasticfilesystem:TagResource"), point))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("elasticfilesystem:DeleteAccessPoint"), point))
	case event.Update, event.Replace, event.None:
	}
	return need
}
