package data

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// FileSystem is an EFS file system: the files that outlive the app's tasks, encrypted and backed up each day. Removing
// it removes what stands on it, too: no other kind knows of folders that berth.toml no longer names.
type FileSystem struct {
	resource.Claim
	Owner         resource.Owner
	SecurityGroup *network.SecurityGroup // of its mount targets, which must outlive them
	LinkedRole    *access.ServiceLinkedRole
	Unneeded      bool // berth.toml asks for no storage: a destroy alone looks for it

	ID string // output

	found *efstypes.FileSystemDescription
}

// token finds the file system again: AWS makes one of each.
func (f *FileSystem) token() string {
	return resource.Shorten(f.Owner.Name(), 50) + "-" + f.Owner.Hash()
}

// Info implements Resource.
func (f *FileSystem) Info() resource.Info {
	return resource.Info{
		ID: "file-system", Kind: "efs.FileSystem", Name: f.Owner.Name(), Label: "the file system", Group: resource.GroupData,
		Usually: 10 * time.Second, Gone: 90 * time.Second, Keeps: "all files that the app keeps",
	}
}

// Data implements Keeping.
func (f *FileSystem) Data() string { return "the file system with all files on it" }

// Needs implements Resource.
func (f *FileSystem) Needs() []resource.Need { return resource.After(f.SecurityGroup, f.LinkedRole) }

// Identifier implements Identified.
func (f *FileSystem) Identifier() string { return f.ID }

// Wanted implements Optional.
func (f *FileSystem) Wanted() bool { return !f.Unneeded }

// Observe implements Resource.
func (f *FileSystem) Observe(ctx context.Context, s *resource.Scope) error {
	f.found, f.ID = nil, ""
	out, err := s.EFS.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{CreationToken: aws.String(f.token())})
	if cloud.NotFound(err) || f.Unneeded && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, one := range out.FileSystems {
		f.found, f.ID = &one, aws.ToString(one.FileSystemId)
		return f.Judge(f.Owner, fileSystemTags(one), nil)
	}
	return nil
}

func fileSystemTags(f efstypes.FileSystemDescription) map[string]string {
	return resource.TagMap(f.Tags, func(t efstypes.Tag) (k, v *string) { return t.Key, t.Value })
}

// Exists implements Resource.
func (f *FileSystem) Exists() bool { return f.found != nil && f.Ours() }

// Diff implements Resource.
func (f *FileSystem) Diff(*resource.Scope) resource.Diff { return resource.Fixed(f.found != nil) }

// Apply implements Resource.
func (f *FileSystem) Apply(ctx context.Context, s *resource.Scope) error {
	if f.found != nil {
		return nil
	}
	out, err := s.EFS.CreateFileSystem(ctx, &efs.CreateFileSystemInput{
		CreationToken: aws.String(f.token()), Encrypted: aws.Bool(true), Backup: aws.Bool(true),
		PerformanceMode: efstypes.PerformanceModeGeneralPurpose, ThroughputMode: efstypes.ThroughputModeElastic,
		Tags: append(efsTags(f.Owner, "file-system"), efstypes.Tag{Key: aws.String("Name"), Value: aws.String(f.Owner.Name())}),
	})
	if cloud.Is(err, "FileSystemAlreadyExists") { // made by a call whose answer got lost
		return s.Adopt(ctx, f.Info().Label, func(ctx context.Context) error { return f.Observe(ctx, s) }, f.Exists)
	}
	if err != nil {
		return fmt.Errorf("create file system: %w", err)
	}
	f.ID, f.found = aws.ToString(out.FileSystemId), &efstypes.FileSystemDescription{FileSystemId: out.FileSystemId}
	return nil
}

func efsTags(o resource.Owner, role string) []efstypes.Tag {
	return resource.TagList(o, role, func(k, v *string) efstypes.Tag { return efstypes.Tag{Key: k, Value: v} })
}

// Unattended implements Unattended.
func (f *FileSystem) Unattended() {}

// Ready implements Waiter.
func (f *FileSystem) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the file system to become available", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, f.Info().Usually, func(ctx context.Context) (bool, string, error) {
		if err := f.Observe(ctx, s); err != nil || f.found == nil {
			return false, "", err
		}
		return f.found.LifeCycleState == efstypes.LifeCycleStateAvailable, string(f.found.LifeCycleState), nil
	})
}

// Delete implements Resource: what stands on it first.
func (f *FileSystem) Delete(ctx context.Context, s *resource.Scope) error {
	if f.found == nil {
		return nil
	}
	if err := f.clear(ctx, s); err != nil {
		return err
	}
	err := s.Retry(ctx, []cloud.Retryable{{Code: "FileSystemInUse", For: 5 * time.Minute}}, func(ctx context.Context) error {
		_, err := s.EFS.DeleteFileSystem(ctx, &efs.DeleteFileSystemInput{FileSystemId: &f.ID})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete file system: %w", err)
	}
	w := cloud.Wait{For: "the file system to be gone", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, 10*time.Second, func(ctx context.Context) (bool, string, error) {
		err := f.Observe(ctx, s)
		return err == nil && f.found == nil, "", err
	})
}

// clear removes the access points and mount targets that are left.
func (f *FileSystem) clear(ctx context.Context, s *resource.Scope) error {
	points := efs.NewDescribeAccessPointsPaginator(s.EFS, &efs.DescribeAccessPointsInput{FileSystemId: &f.ID})
	err := resource.Pages(ctx, points, func(out *efs.DescribeAccessPointsOutput) error {
		for _, p := range out.AccessPoints {
			_, err := s.EFS.DeleteAccessPoint(ctx, &efs.DeleteAccessPointInput{AccessPointId: p.AccessPointId})
			if err != nil && !cloud.NotFound(err) {
				return fmt.Errorf("delete access point: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clear access points: %w", err)
	}
	w := cloud.Wait{For: "the mount targets to be gone", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, time.Minute, func(ctx context.Context) (bool, string, error) {
		left, err := f.mountTargets(ctx, s)
		if err != nil {
			return false, "", err
		}
		for _, m := range left {
			if m.LifeCycleState == efstypes.LifeCycleStateDeleting || m.LifeCycleState == efstypes.LifeCycleStateDeleted {
				continue
			}
			_, err := s.EFS.DeleteMountTarget(ctx, &efs.DeleteMountTargetInput{MountTargetId: m.MountTargetId})
			if err != nil && !cloud.NotFound(err) {
				return false, "", fmt.Errorf("delete mount target: %w", err)
			}
		}
		return len(left) == 0, fmt.Sprintf("%d left", len(left)), nil
	})
}

// mountTargets are all mount targets of the file system, none when it is gone.
func (f *FileSystem) mountTargets(ctx context.Context, s *resource.Scope) ([]efstypes.MountTargetDescription, error) {
	pages := efs.NewDescribeMountTargetsPaginator(s.EFS, &efs.DescribeMountTargetsInput{FileSystemId: &f.ID})
	all, err := resource.Gather(ctx, pages, func(out *efs.DescribeMountTargetsOutput) []efstypes.MountTargetDescription { return out.MountTargets })
	if cloud.NotFound(err) {
		return nil, nil
	}
	return all, err
}

// arns are the ARNs of the file system as far as it is known, and of access points.
func (f *FileSystem) arns(s *resource.Scope) (system, point string) {
	id := f.ID
	if id == "" {
		id = "*"
	}
	return s.ARN("elasticfilesystem", "file-system/"+id), s.ARN("elasticfilesystem", "access-point/*")
}

// Permissions implements Permissioned.
func (f *FileSystem) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	look := resource.Anywhere("elasticfilesystem:DescribeFileSystems")
	if f.Unneeded {
		look.Without = "a file system left by an earlier deployment goes unnoticed"
	}
	need := []resource.Permission{look}
	system, point := f.arns(s)
	switch do {
	case event.Create:
		create := resource.Anywhere("elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource")
		create.When = f.Owner.Tagged("aws:RequestTag")
		need = append(need, create)
	case event.Delete:
		need = append(need,
			resource.On(resource.Actions("elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeMountTargets",
				"elasticfilesystem:DeleteMountTarget", "elasticfilesystem:DeleteFileSystem"), system),
			resource.On(resource.Actions("elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DeleteAccessPoint"), point),
			resource.Anywhere("ec2:DeleteNetworkInterface"))
	case event.Update, event.Replace, event.None:
	}
	return need
}

// Checks implements Checked: files of an earlier deployment are taken over, and that is told.
func (f *FileSystem) Checks(do event.Action) []resource.Probe {
	if do != event.None || f.found == nil || f.found.NumberOfMountTargets > 0 {
		return nil
	}
	return []resource.Probe{{ID: "files-data", Title: "the files of the app", Look: func(context.Context, *resource.Scope) resource.Finding {
		return resource.Finding{
			Verdict: resource.Warn, Text: "the file system of an earlier deployment still exists, and is reused with the files on it",
			Remedy: "to start empty, delete it with berth destroy first",
		}
	}}}
}

// Costs implements Coster.
func (f *FileSystem) Costs(b *price.Bill) { b.FileSystem() }

// FileSystems lists the file systems of all apps.
var FileSystems = resource.Listing{What: "file systems", List: listFileSystems}

func listFileSystems(ctx context.Context, s *resource.Survey) error {
	return resource.Pages(ctx, efs.NewDescribeFileSystemsPaginator(s.EFS, &efs.DescribeFileSystemsInput{}), func(out *efs.DescribeFileSystemsOutput) error {
		for _, f := range out.FileSystems {
			tags := fileSystemTags(f)
			s.AddTagged(resource.Found{
				Kind: "efs.FileSystem", Name: aws.ToString(f.Name), ARN: aws.ToString(f.FileSystemArn), Like: &FileSystem{},
			}, tags)
		}
		return nil
	})
}
