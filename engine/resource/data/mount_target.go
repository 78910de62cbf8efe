package data

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// NFSPort is the port that files are reached on.
const NFSPort = 2049

// MountTarget is the address of a file system in one of the subnets that tasks run in.
type MountTarget struct {
	Owner         resource.Owner
	FileSystem    *FileSystem
	Network       network.Network
	SecurityGroup *network.SecurityGroup
	Index         int // of the subnet in the network
	// Used says whether a revision of the app mounts the file system already, which none does before its name is known.
	// Nil: none does.
	Used func() bool

	found *efstypes.MountTargetDescription
	made  bool      // by this run
	since time.Time // when it was seen available first
}

// Info implements Resource.
func (m *MountTarget) Info() resource.Info {
	letter := string(rune('a' + m.Index))
	return resource.Info{
		ID: "mount-target-" + letter, Kind: "efs.MountTarget", Name: m.Owner.Name() + "-" + letter,
		Label: fmt.Sprintf("mount target %d of the file system", m.Index+1), Group: resource.GroupData, Usually: 3 * time.Minute, Gone: time.Minute,
	}
}

// Needs implements Resource.
func (m *MountTarget) Needs() []resource.Need {
	needs := append(m.Network.Needs(), resource.Need{On: m.FileSystem, Observe: true, Ready: true}, resource.Need{On: m.SecurityGroup})
	for i := range needs { // the subnet says which of the mount targets is this one
		needs[i].Observe = true
	}
	return needs
}

// Identifier implements Identified.
func (m *MountTarget) Identifier() string {
	if m.found == nil {
		return ""
	}
	return aws.ToString(m.found.MountTargetId)
}

// Wanted implements Optional.
func (m *MountTarget) Wanted() bool { return m.FileSystem.Wanted() }

// subnet is the id of the subnet, empty while it is not made.
func (m *MountTarget) subnet() string {
	ids := m.Network.SubnetIDs()
	if m.Index >= len(ids) {
		return ""
	}
	return ids[m.Index]
}

// Observe implements Resource.
func (m *MountTarget) Observe(ctx context.Context, s *resource.Scope) error {
	m.found = nil
	if m.FileSystem.ID == "" || m.subnet() == "" {
		return nil
	}
	all, err := m.FileSystem.mountTargets(ctx, s)
	if i := slices.IndexFunc(all, func(t efstypes.MountTargetDescription) bool { return aws.ToString(t.SubnetId) == m.subnet() }); i >= 0 {
		m.found = &all[i]
	}
	return err
}

// Exists implements Resource.
func (m *MountTarget) Exists() bool { return m.found != nil }

// Diff implements Resource.
func (m *MountTarget) Diff(*resource.Scope) resource.Diff { return resource.Fixed(m.found != nil) }

// Apply implements Resource.
func (m *MountTarget) Apply(ctx context.Context, s *resource.Scope) error {
	if m.found != nil {
		return nil
	}
	subnet := m.subnet()
	err := s.Retry(ctx, []cloud.Retryable{{Code: "IncorrectFileSystemLifeCycleState", For: 2 * time.Minute}}, func(ctx context.Context) error {
		_, err := s.EFS.CreateMountTarget(ctx, &efs.CreateMountTargetInput{
			FileSystemId: &m.FileSystem.ID, SubnetId: &subnet, SecurityGroups: []string{m.SecurityGroup.ID},
		})
		return err
	})
	if err != nil && !cloud.Is(err, "MountTargetConflict") {
		return fmt.Errorf("create mount target: %w", err)
	}
	m.made = true
	return s.Adopt(ctx, m.Info().Label, func(ctx context.Context) error { return m.Observe(ctx, s) }, m.Exists)
}

// named is how long it takes until the name of a file system leads to a mount target that has become available
// (engine/AWS.md, Durations).
const named = 90 * time.Second

// known says whether tasks find the mount target by the name of the file system. AWS does not say how old one
// is that was there before this run; a run that was cut short may have made it a moment ago.
func (m *MountTarget) known(s *resource.Scope) bool {
	if m.since.IsZero() {
		m.since = s.Clock.Now()
	}
	return !m.made && m.Used != nil && m.Used() || s.Clock.Since(m.since) >= named
}

// Unattended implements Unattended.
func (m *MountTarget) Unattended() {}

// Ready implements Waiter.
func (m *MountTarget) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the mount target to become available", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, m.Info().Usually, func(ctx context.Context) (bool, string, error) {
		if err := m.Observe(ctx, s); err != nil || m.found == nil {
			return false, "", err
		}
		if m.found.LifeCycleState != efstypes.LifeCycleStateAvailable {
			return false, string(m.found.LifeCycleState), nil
		}
		return m.known(s), "until its name is known", nil
	})
}

// Delete implements Resource.
func (m *MountTarget) Delete(ctx context.Context, s *resource.Scope) error {
	if m.found == nil {
		return nil
	}
	_, err := s.EFS.DeleteMountTarget(ctx, &efs.DeleteMountTargetInput{MountTargetId: m.found.MountTargetId})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete mount target: %w", err)
	}
	w := cloud.Wait{For: "the mount target to be gone", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, m.Info().Gone, func(ctx context.Context) (bool, string, error) {
		err := m.Observe(ctx, s)
		return err == nil && m.found == nil, "", err
	})
}

// Permissions implements Permissioned.
func (m *MountTarget) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if !m.Wanted() && m.FileSystem.ID == "" {
		return nil // nothing is looked up where no file system is left
	}
	system, _ := m.FileSystem.arns(s)
	actions := resource.Actions("elasticfilesystem:DescribeMountTargets")
	var places []string
	switch do {
	case event.Create:
		actions = append(actions, "elasticfilesystem:CreateMountTarget")
		places = resource.Actions("ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:CreateNetworkInterface")
	case event.Delete:
		actions = append(actions, "elasticfilesystem:DeleteMountTarget")
		places = resource.Actions("ec2:DeleteNetworkInterface")
	case event.Update, event.Replace, event.None:
	}
	need := []resource.Permission{resource.On(actions, system)}
	if len(places) > 0 {
		need = append(need, resource.Anywhere(places...))
	}
	return need
}
