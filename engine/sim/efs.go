package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

// efsService is EFS: file systems here, their mount targets and access points in files of their own.
func efsService() awsService {
	return awsService{
		name: "efs", prefix: "elasticfilesystem", wires: true,
		state: []keeper{efsShelf},
		operations: []operation{
			op(efsCreateFileSystem, tagging("elasticfilesystem:TagResource")), op(efsDescribeFileSystems, pages("FileSystems", 100, 100)),
			op(efsUpdateFileSystem), op(efsDeleteFileSystem), op(efsPutBackupPolicy), op(efsDescribeBackupPolicy),
			op(efsPutFileSystemPolicy), op(efsDescribeFileSystemPolicy), op(efsDeleteFileSystemPolicy),
			op(efsPutLifecycleConfiguration), op(efsDescribeLifecycleConfiguration),
			op(efsTagResource), op(efsUntagResource), op(efsListTagsForResource, pages("Tags", 100, 100)),
		},
		latencies: map[lat]time.Duration{
			latEFS:      8 * time.Second,  // create to available: 5-15 s
			latEFSGone:  15 * time.Second, // assumed
			latMount:    80 * time.Second, // a mount target: 60-120 s
			latMountDNS: 45 * time.Second, // its name after that: up to 90 s
			latMountOff: 30 * time.Second, // assumed: delete to gone, with its network interface
			latAccess:   2 * time.Second,  // assumed
		},
		quotas: []quotaCode{{"elasticfilesystem", "L-848C634D", "File systems per account", "efs", 1000}},
		roles:  map[string]string{"elasticfilesystem.amazonaws.com": "AWSServiceRoleForAmazonElasticFileSystem"},
		list: func(v *inventory, r *region) {
			for _, f := range r.efs().FileSystems {
				if !f.Gone.IsZero() {
					continue
				}
				d := *f
				d.ID, d.Created, d.Ready = "", time.Time{}, time.Time{}
				v.add("efs.FileSystem", named(r, nil, f.Token), false, d, f.ID)
			}
		},
		sweep: efsSweep,
		parts: []awsService{efsMountTargets(), efsAccessPoints()},
	}
}

type efsState struct {
	FileSystems  []*fileSystem
	MountTargets []*mountTarget
	AccessPoints []*accessPoint
}

const efsShelf shelf[efsState] = "efs"

func (r *region) efs() *efsState { return efsShelf.in(&r.Kept) }

const (
	latEFS      lat = "efs.filesystem"
	latEFSGone  lat = "efs.filesystem.gone"
	latMount    lat = "efs.mount"
	latMountDNS lat = "efs.mount.dns"
	latMountOff lat = "efs.mount.gone"
	latAccess   lat = "efs.access"
)

type fileSystem struct {
	ID         string
	Token      string
	Encrypted  bool
	Key        string
	Mode       string
	Throughput string
	Zone       string // of a One Zone file system
	Backup     bool
	Policy     string // empty for the default one, which lets everybody in
	Lifecycle  []efstypes.LifecyclePolicy
	Created    time.Time
	Ready      time.Time
	Gone       time.Time // zero until it is deleted; from then on it is
	Tags       tagMap
}

// lifeCycle is the state of something that is available from a time on, and gone at another one.
func lifeCycle(now, ready, gone time.Time) efstypes.LifeCycleState {
	switch {
	case !gone.IsZero():
		return efstypes.LifeCycleStateDeleting
	case now.Before(ready):
		return efstypes.LifeCycleStateCreating
	}
	return efstypes.LifeCycleStateAvailable
}

// efsSweep forgets what is gone.
func efsSweep(w *world) {
	over := func(gone time.Time) bool { return !gone.IsZero() && !w.st.Now.Before(gone) }
	e := w.r.efs()
	e.FileSystems = slices.DeleteFunc(e.FileSystems, func(f *fileSystem) bool { return over(f.Gone) })
	e.MountTargets = slices.DeleteFunc(e.MountTargets, func(m *mountTarget) bool { return over(m.Gone) })
	e.AccessPoints = slices.DeleteFunc(e.AccessPoints, func(p *accessPoint) bool { return over(p.Gone) })
}

func efsTags(in []efstypes.Tag) tagMap {
	return tagsFrom(in, func(t efstypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (t tagMap) toEFS() []efstypes.Tag {
	return tagsTo(t, func(k, v *string) efstypes.Tag { return efstypes.Tag{Key: k, Value: v} })
}

// fileSystem finds a file system by its id or ARN.
func (r *region) fileSystem(ref string) *fileSystem {
	return find(r.efs().FileSystems, func(f *fileSystem) bool { return f.ID == lastPart(ref) })
}

func noFileSystem(id string) error {
	return &efstypes.FileSystemNotFound{ErrorCode_: new("FileSystemNotFound"), Message: msg("File system '%s' does not exist.", id)}
}

func badEFS(format string, args ...any) error {
	return &efstypes.BadRequest{ErrorCode_: new("BadRequest"), Message: msg(format, args...)}
}

// onFileSystem looks a file system up and passes it to fn.
func onFileSystem[Out any](c *call, id *string, fn func(*fileSystem) (*Out, error)) (*Out, error) {
	f := c.r.fileSystem(str(id))
	if f == nil {
		return nil, noFileSystem(str(id))
	}
	return fn(f)
}

// available is an error unless the file system is available.
func (c *call) available(f *fileSystem) error {
	if state := lifeCycle(c.now, f.Ready, f.Gone); state != efstypes.LifeCycleStateAvailable {
		return &efstypes.IncorrectFileSystemLifeCycleState{
			ErrorCode_: new("IncorrectFileSystemLifeCycleState"), Message: msg("File system '%s' is not available: it is %s.", f.ID, state),
		}
	}
	return nil
}

func efsCreateFileSystem(c *call, in *efs.CreateFileSystemInput) (*efs.CreateFileSystemOutput, error) {
	token := str(in.CreationToken)
	if f := find(c.r.efs().FileSystems, func(f *fileSystem) bool { return f.Token == token }); f != nil {
		return nil, &efstypes.FileSystemAlreadyExists{
			ErrorCode_: new("FileSystemAlreadyExists"), FileSystemId: new(f.ID), Message: msg("File system '%s' already exists with creation token '%s'", f.ID, token),
		}
	}
	if n, ok := c.a.quota("efs"); ok && len(c.r.efs().FileSystems) >= n {
		return nil, &efstypes.FileSystemLimitExceeded{ErrorCode_: new("FileSystemLimitExceeded"), Message: msg("You have reached the maximum number of file systems.")}
	}
	if in.KmsKeyId != nil && !val(in.Encrypted, false) {
		return nil, badEFS("You must set the 'encrypted' parameter to true when you provide a KMS key.")
	}
	zone := str(in.AvailabilityZoneName)
	if zone != "" && !isZone(c.r.Name, zone) {
		return nil, &efstypes.UnsupportedAvailabilityZone{ErrorCode_: new("UnsupportedAvailabilityZone"), Message: msg("The Availability Zone '%s' is not available.", zone)}
	}
	f := &fileSystem{
		ID: "fs-0" + c.st.fresh(c.r.Name, "file system", token)[:16], Token: token, Encrypted: val(in.Encrypted, false), Key: str(in.KmsKeyId),
		Mode: string(in.PerformanceMode), Throughput: string(in.ThroughputMode), Zone: zone, Backup: val(in.Backup, zone != ""),
		Created: c.now, Tags: efsTags(in.Tags),
	}
	f.Ready = c.now.Add(c.a.delay(latEFS, f.ID))
	if f.Mode == "" {
		f.Mode = string(efstypes.PerformanceModeGeneralPurpose)
	}
	if f.Throughput == "" {
		f.Throughput = string(efstypes.ThroughputModeBursting)
	}
	if f.Encrypted && f.Key == "" {
		f.Key = c.arn("kms", "key/%s", uuidOf(stableID(c.st.Account, c.r.Name, "aws/elasticfilesystem")))
	}
	c.r.efs().FileSystems = append(c.r.efs().FileSystems, f)
	o := c.fileSystemOut(f)
	return &efs.CreateFileSystemOutput{
		CreationTime: o.CreationTime, CreationToken: o.CreationToken, FileSystemId: o.FileSystemId, LifeCycleState: o.LifeCycleState, OwnerId: o.OwnerId,
		PerformanceMode: o.PerformanceMode, SizeInBytes: o.SizeInBytes, Tags: o.Tags, Encrypted: o.Encrypted, FileSystemArn: o.FileSystemArn,
		KmsKeyId: o.KmsKeyId, Name: o.Name, ThroughputMode: o.ThroughputMode, AvailabilityZoneName: o.AvailabilityZoneName, FileSystemProtection: o.FileSystemProtection,
	}, nil
}

func (c *call) fileSystemOut(f *fileSystem) efstypes.FileSystemDescription {
	o := efstypes.FileSystemDescription{
		CreationTime: new(f.Created), CreationToken: new(f.Token), FileSystemId: new(f.ID), LifeCycleState: lifeCycle(c.now, f.Ready, f.Gone),
		OwnerId: new(c.st.Account), PerformanceMode: efstypes.PerformanceMode(f.Mode), ThroughputMode: efstypes.ThroughputMode(f.Throughput),
		Encrypted: new(f.Encrypted), KmsKeyId: orNil(f.Key), FileSystemArn: new(c.arn("elasticfilesystem", "file-system/%s", f.ID)),
		SizeInBytes: &efstypes.FileSystemSize{Value: 6144, Timestamp: new(c.now)}, Tags: f.Tags.toEFS(), Name: orNil(f.Tags["Name"]), AvailabilityZoneName: orNil(f.Zone),
		FileSystemProtection: &efstypes.FileSystemProtectionDescription{ReplicationOverwriteProtection: efstypes.ReplicationOverwriteProtectionEnabled},
	}
	for _, m := range c.r.efs().MountTargets {
		if m.FileSystem == f.ID {
			o.NumberOfMountTargets++
		}
	}
	return o
}

func efsDescribeFileSystems(c *call, in *efs.DescribeFileSystemsInput) (*efs.DescribeFileSystemsOutput, error) {
	if in.FileSystemId != nil && c.r.fileSystem(*in.FileSystemId) == nil {
		return nil, noFileSystem(*in.FileSystemId)
	}
	out := &efs.DescribeFileSystemsOutput{}
	for _, f := range c.r.efs().FileSystems {
		if (in.FileSystemId == nil || f.ID == lastPart(*in.FileSystemId)) && (in.CreationToken == nil || f.Token == *in.CreationToken) {
			out.FileSystems = append(out.FileSystems, c.fileSystemOut(f))
		}
	}
	return out, nil
}

func efsUpdateFileSystem(c *call, in *efs.UpdateFileSystemInput) (*efs.UpdateFileSystemOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.UpdateFileSystemOutput, error) {
		if err := c.available(f); err != nil {
			return nil, err
		}
		if in.ThroughputMode != "" {
			f.Throughput = string(in.ThroughputMode)
		}
		o := c.fileSystemOut(f)
		return &efs.UpdateFileSystemOutput{FileSystemId: o.FileSystemId, LifeCycleState: o.LifeCycleState, ThroughputMode: o.ThroughputMode, Tags: o.Tags}, nil
	})
}

// efsDeleteFileSystem takes the access points along; mount targets have to go before.
func efsDeleteFileSystem(c *call, in *efs.DeleteFileSystemInput) (*efs.DeleteFileSystemOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.DeleteFileSystemOutput, error) {
		if n := c.fileSystemOut(f).NumberOfMountTargets; n > 0 {
			return nil, &efstypes.FileSystemInUse{ErrorCode_: new("FileSystemInUse"), Message: msg("File system '%s' has %d mount targets and is in use.", f.ID, n)}
		}
		f.Gone = c.now.Add(c.a.delay(latEFSGone, f.ID))
		for _, p := range c.r.efs().AccessPoints {
			if p.FileSystem == f.ID {
				p.Gone = f.Gone
			}
		}
		return &efs.DeleteFileSystemOutput{}, nil
	})
}

func efsPutBackupPolicy(c *call, in *efs.PutBackupPolicyInput) (*efs.PutBackupPolicyOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.PutBackupPolicyOutput, error) {
		f.Backup = in.BackupPolicy.Status == efstypes.StatusEnabled || in.BackupPolicy.Status == efstypes.StatusEnabling
		return &efs.PutBackupPolicyOutput{BackupPolicy: f.backup()}, nil
	})
}

func (f *fileSystem) backup() *efstypes.BackupPolicy {
	if f.Backup {
		return &efstypes.BackupPolicy{Status: efstypes.StatusEnabled}
	}
	return &efstypes.BackupPolicy{Status: efstypes.StatusDisabled}
}

func efsDescribeBackupPolicy(c *call, in *efs.DescribeBackupPolicyInput) (*efs.DescribeBackupPolicyOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.DescribeBackupPolicyOutput, error) {
		return &efs.DescribeBackupPolicyOutput{BackupPolicy: f.backup()}, nil
	})
}

func efsPutFileSystemPolicy(c *call, in *efs.PutFileSystemPolicyInput) (*efs.PutFileSystemPolicyOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.PutFileSystemPolicyOutput, error) {
		var d policyDoc
		if err := json.Unmarshal([]byte(str(in.Policy)), &d); err != nil || len(d.Statement) == 0 ||
			slices.ContainsFunc(d.Statement, func(s statement) bool { return len(s.Principal.AWS)+len(s.Principal.Service) == 0 }) {
			return nil, &efstypes.InvalidPolicyException{ErrorCode_: new("InvalidPolicyException"), Message: msg("Policy contains invalid Principal block or is malformed")}
		}
		f.Policy = str(in.Policy)
		return &efs.PutFileSystemPolicyOutput{FileSystemId: new(f.ID), Policy: new(f.Policy)}, nil
	})
}

func efsDescribeFileSystemPolicy(c *call, in *efs.DescribeFileSystemPolicyInput) (*efs.DescribeFileSystemPolicyOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.DescribeFileSystemPolicyOutput, error) {
		if f.Policy == "" {
			return nil, &efstypes.PolicyNotFound{ErrorCode_: new("PolicyNotFound"), Message: msg("The default file system policy is in effect for file system '%s'.", f.ID)}
		}
		return &efs.DescribeFileSystemPolicyOutput{FileSystemId: new(f.ID), Policy: new(f.Policy)}, nil
	})
}

func efsDeleteFileSystemPolicy(c *call, in *efs.DeleteFileSystemPolicyInput) (*efs.DeleteFileSystemPolicyOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.DeleteFileSystemPolicyOutput, error) {
		f.Policy = ""
		return &efs.DeleteFileSystemPolicyOutput{}, nil
	})
}

func efsPutLifecycleConfiguration(c *call, in *efs.PutLifecycleConfigurationInput) (*efs.PutLifecycleConfigurationOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.PutLifecycleConfigurationOutput, error) {
		f.Lifecycle = slices.Clone(in.LifecyclePolicies)
		return &efs.PutLifecycleConfigurationOutput{LifecyclePolicies: slices.Clone(f.Lifecycle)}, nil
	})
}

func efsDescribeLifecycleConfiguration(c *call, in *efs.DescribeLifecycleConfigurationInput) (*efs.DescribeLifecycleConfigurationOutput, error) {
	return onFileSystem(c, in.FileSystemId, func(f *fileSystem) (*efs.DescribeLifecycleConfigurationOutput, error) {
		return &efs.DescribeLifecycleConfigurationOutput{LifecyclePolicies: slices.Clone(f.Lifecycle)}, nil
	})
}

// efsTagsOf gives access to the tags of a file system or access point by its id or ARN.
func (c *call) efsTagsOf(ref *string) (*tagMap, error) {
	id := lastPart(str(ref))
	if strings.HasPrefix(id, "fsap-") {
		if p := c.r.accessPoint(id); p != nil {
			return &p.Tags, nil
		}
		return nil, noAccessPoint(id)
	}
	if f := c.r.fileSystem(id); f != nil {
		return &f.Tags, nil
	}
	return nil, noFileSystem(id)
}

func efsTagResource(c *call, in *efs.TagResourceInput) (*efs.TagResourceOutput, error) {
	t, err := c.efsTagsOf(in.ResourceId)
	if err != nil {
		return nil, err
	}
	*t = t.merge(efsTags(in.Tags))
	return &efs.TagResourceOutput{}, nil
}

func efsUntagResource(c *call, in *efs.UntagResourceInput) (*efs.UntagResourceOutput, error) {
	t, err := c.efsTagsOf(in.ResourceId)
	if err != nil {
		return nil, err
	}
	*t = t.without(in.TagKeys)
	return &efs.UntagResourceOutput{}, nil
}

func efsListTagsForResource(c *call, in *efs.ListTagsForResourceInput) (*efs.ListTagsForResourceOutput, error) {
	t, err := c.efsTagsOf(in.ResourceId)
	if err != nil {
		return nil, err
	}
	return &efs.ListTagsForResourceOutput{Tags: t.toEFS()}, nil
}

// name is how a client in the file system's VPC asks for it.
func (f *fileSystem) name(region string) string {
	return fmt.Sprintf("%s.efs.%s.amazonaws.com", f.ID, region)
}
