package sim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

// efsAccessPoints are access points: doors to a folder of a file system, each with a user of its own.
func efsAccessPoints() awsService {
	return awsService{
		operations: []operation{
			op(efsCreateAccessPoint, tagging("elasticfilesystem:TagResource")), op(efsDescribeAccessPoints, pages("AccessPoints", 100, 100)), op(efsDeleteAccessPoint),
		},
		list: func(v *inventory, r *region) {
			for _, p := range r.efs().AccessPoints {
				if !p.Gone.IsZero() {
					continue
				}
				d := *p
				d.ID, d.Ready = "", time.Time{}
				v.add("efs.AccessPoint", named(r, nil, p.FileSystem, p.Token), false, d, p.ID)
			}
		},
	}
}

type accessPoint struct {
	ID         string
	FileSystem string
	Token      string
	User       *efstypes.PosixUser
	Root       efstypes.RootDirectory
	Ready      time.Time
	Gone       time.Time // zero until it is deleted
	Tags       tagMap
}

// accessPoint finds an access point by its id or ARN.
func (r *region) accessPoint(ref string) *accessPoint {
	return find(r.efs().AccessPoints, func(p *accessPoint) bool { return p.ID == lastPart(ref) })
}

func noAccessPoint(id string) error {
	return &efstypes.AccessPointNotFound{ErrorCode_: new("AccessPointNotFound"), Message: msg("Access point '%s' does not exist.", id)}
}

func efsCreateAccessPoint(c *call, in *efs.CreateAccessPointInput) (*efs.CreateAccessPointOutput, error) {
	f := c.r.fileSystem(str(in.FileSystemId))
	if f == nil {
		return nil, noFileSystem(str(in.FileSystemId))
	}
	if err := c.available(f); err != nil {
		return nil, err
	}
	if p := find(c.r.efs().AccessPoints, func(p *accessPoint) bool { return p.Token == str(in.ClientToken) && p.Gone.IsZero() }); p != nil {
		return nil, &efstypes.AccessPointAlreadyExists{
			ErrorCode_: new("AccessPointAlreadyExists"), AccessPointId: new(p.ID), Message: msg("Access point already exists with client token: %s", p.Token),
		}
	}
	p := &accessPoint{
		ID: "fsap-0" + c.st.fresh(f.ID, "access point", str(in.ClientToken))[:16], FileSystem: f.ID, Token: str(in.ClientToken),
		User: clone(in.PosixUser), Root: efstypes.RootDirectory{Path: new("/")}, Tags: efsTags(in.Tags),
	}
	if in.RootDirectory != nil {
		p.Root = clone(*in.RootDirectory)
		p.Root.Path = new(val(p.Root.Path, "/"))
	}
	if path := *p.Root.Path; !strings.HasPrefix(path, "/") || strings.Count(strings.TrimSuffix(path, "/"), "/") > 4 {
		return nil, badEFS("The root directory path '%s' is not valid: it must begin with a slash and have at most four subdirectories.", path)
	}
	p.Ready = c.now.Add(c.a.delay(latAccess, p.ID))
	c.r.efs().AccessPoints = append(c.r.efs().AccessPoints, p)
	o := c.accessPointOut(p)
	return &efs.CreateAccessPointOutput{
		AccessPointArn: o.AccessPointArn, AccessPointId: o.AccessPointId, ClientToken: o.ClientToken, FileSystemId: o.FileSystemId,
		LifeCycleState: o.LifeCycleState, Name: o.Name, OwnerId: o.OwnerId, PosixUser: o.PosixUser, RootDirectory: o.RootDirectory, Tags: o.Tags,
	}, nil
}

func (c *call) accessPointOut(p *accessPoint) efstypes.AccessPointDescription {
	return efstypes.AccessPointDescription{
		AccessPointArn: new(c.arn("elasticfilesystem", "access-point/%s", p.ID)), AccessPointId: new(p.ID), ClientToken: new(p.Token), FileSystemId: new(p.FileSystem),
		LifeCycleState: lifeCycle(c.now, p.Ready, p.Gone), Name: orNil(p.Tags["Name"]), OwnerId: new(c.st.Account), PosixUser: clone(p.User),
		RootDirectory: new(clone(p.Root)), Tags: p.Tags.toEFS(),
	}
}

func efsDescribeAccessPoints(c *call, in *efs.DescribeAccessPointsInput) (*efs.DescribeAccessPointsOutput, error) {
	switch {
	case in.AccessPointId != nil && in.FileSystemId != nil:
		return nil, badEFS("Only one of access point and file system can be given.")
	case in.AccessPointId != nil && c.r.accessPoint(*in.AccessPointId) == nil:
		return nil, noAccessPoint(*in.AccessPointId)
	case in.FileSystemId != nil && c.r.fileSystem(*in.FileSystemId) == nil:
		return nil, noFileSystem(*in.FileSystemId)
	}
	out := &efs.DescribeAccessPointsOutput{}
	for _, p := range c.r.efs().AccessPoints {
		if (in.AccessPointId == nil || p.ID == lastPart(*in.AccessPointId)) && (in.FileSystemId == nil || p.FileSystem == lastPart(*in.FileSystemId)) {
			out.AccessPoints = append(out.AccessPoints, c.accessPointOut(p))
		}
	}
	return out, nil
}

func efsDeleteAccessPoint(c *call, in *efs.DeleteAccessPointInput) (*efs.DeleteAccessPointOutput, error) {
	p := c.r.accessPoint(str(in.AccessPointId))
	if p == nil {
		return nil, noAccessPoint(str(in.AccessPointId))
	}
	p.Gone = c.now.Add(c.a.delay(latAccess, p.ID))
	return &efs.DeleteAccessPointOutput{}, nil
}
