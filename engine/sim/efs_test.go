package sim

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

// disk is a file system with a mount target in each zone and an access point.
type disk struct {
	*rig
	efs    *efs.Client
	group  string
	fs, ap string
}

// newDisk makes one in the default VPC, whose group lets the tasks' group in when open.
func newDisk(r *rig, open bool) *disk {
	r.Helper()
	d := &disk{rig: r, efs: efs.NewFromConfig(r.cfg)}
	d.group = *must(r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("disk"), Description: aws.String("disk"), VpcId: &r.vpc}))(r).GroupId
	if open {
		must(r.ec2.AuthorizeSecurityGroupIngress(r.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &d.group, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(2049), ToPort: aws.Int32(2049), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &r.taskGroup}},
		}}}))(r)
	}
	fs := must(d.efs.CreateFileSystem(r.ctx, &efs.CreateFileSystemInput{CreationToken: aws.String("app"), Encrypted: aws.Bool(true), Tags: []efstypes.Tag{{Key: aws.String("app"), Value: aws.String("x")}}}))(r)
	d.fs = *fs.FileSystemId
	r.sleep(10 * time.Second)
	for _, s := range r.subnets {
		must(d.efs.CreateMountTarget(r.ctx, &efs.CreateMountTargetInput{FileSystemId: &d.fs, SubnetId: &s, SecurityGroups: []string{d.group}}))(r)
	}
	ap := must(d.efs.CreateAccessPoint(r.ctx, &efs.CreateAccessPointInput{
		ClientToken: aws.String("app"), FileSystemId: &d.fs, PosixUser: &efstypes.PosixUser{Uid: aws.Int64(1000), Gid: aws.Int64(1000)},
		RootDirectory: &efstypes.RootDirectory{Path: aws.String("/uploads"), CreationInfo: &efstypes.CreationInfo{OwnerUid: aws.Int64(1000), OwnerGid: aws.Int64(1000), Permissions: aws.String("0755")}},
	}))(r)
	d.ap = *ap.AccessPointId
	return d
}

func (d *disk) volume() ecstypes.Volume {
	return ecstypes.Volume{Name: aws.String("uploads"), EfsVolumeConfiguration: &ecstypes.EFSVolumeConfiguration{
		FileSystemId: &d.fs, TransitEncryption: ecstypes.EFSTransitEncryptionEnabled,
		AuthorizationConfig: &ecstypes.EFSAuthorizationConfig{AccessPointId: &d.ap, Iam: ecstypes.EFSAuthorizationConfigIAMEnabled},
	}}
}

func (d *disk) targets() []efstypes.MountTargetDescription {
	d.Helper()
	return must(d.efs.DescribeMountTargets(d.ctx, &efs.DescribeMountTargetsInput{FileSystemId: &d.fs}))(d.rig).MountTargets
}

// The life of a file system: what it waits for, what it refuses, what holds it up when it goes.
func TestFileSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.network()
		d := newDisk(r, true)
		_, err := d.efs.CreateFileSystem(r.ctx, &efs.CreateFileSystemInput{CreationToken: aws.String("app")})
		var there *efstypes.FileSystemAlreadyExists
		if !errors.As(err, &there) || *there.FileSystemId != d.fs {
			t.Errorf("the same token again: %v", err)
		}
		_, err = d.efs.CreateMountTarget(r.ctx, &efs.CreateMountTargetInput{FileSystemId: &d.fs, SubnetId: &r.subnets[0]})
		if code(err) != "MountTargetConflict" {
			t.Errorf("a second mount target in a zone: %v", err)
		}
		young := must(d.efs.CreateFileSystem(r.ctx, &efs.CreateFileSystemInput{CreationToken: aws.String("young")}))(r)
		if young.LifeCycleState != efstypes.LifeCycleStateCreating {
			t.Errorf("a new file system is %s", young.LifeCycleState)
		}
		if _, err := d.efs.CreateAccessPoint(r.ctx, &efs.CreateAccessPointInput{FileSystemId: young.FileSystemId, ClientToken: aws.String("y")}); code(err) != "IncorrectFileSystemLifeCycleState" {
			t.Errorf("an access point of one that is created: %v", err)
		}
		if s := d.targets()[0].LifeCycleState; s != efstypes.LifeCycleStateCreating {
			t.Errorf("a new mount target is %s", s)
		}
		r.sleep(2 * time.Minute)
		if s := d.targets()[0].LifeCycleState; s != efstypes.LifeCycleStateAvailable {
			t.Errorf("after 2 min a mount target is %s", s)
		}
		if _, err := r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &d.group}); code(err) != "DependencyViolation" {
			t.Errorf("the group of mount targets was deleted: %v", err)
		}
		if _, err := d.efs.DeleteFileSystem(r.ctx, &efs.DeleteFileSystemInput{FileSystemId: &d.fs}); code(err) != "FileSystemInUse" {
			t.Errorf("a file system with mount targets was deleted: %v", err)
		}
		for _, m := range d.targets() {
			must(d.efs.DeleteMountTarget(r.ctx, &efs.DeleteMountTargetInput{MountTargetId: m.MountTargetId}))(r)
		}
		if !slices.ContainsFunc(r.a.Inventory(), func(i Item) bool { return i.Kind == "ec2.NetworkInterface" }) {
			t.Error("the network interfaces are gone at once")
		}
		r.sleep(time.Minute)
		for _, id := range []*string{&d.fs, young.FileSystemId} {
			must(d.efs.DeleteFileSystem(r.ctx, &efs.DeleteFileSystemInput{FileSystemId: id}))(r)
		}
		must(r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &d.group}))(r)
		r.sleep(time.Minute)
		if _, err := d.efs.DescribeFileSystems(r.ctx, &efs.DescribeFileSystemsInput{FileSystemId: &d.fs}); code(err) != "FileSystemNotFound" {
			t.Errorf("after its deletion: %v", err)
		}
		for _, i := range r.a.Inventory() {
			if strings.HasPrefix(i.Kind, "efs.") || i.Kind == "ec2.NetworkInterface" {
				t.Errorf("left over: %s", i)
			}
		}
		for _, action := range []string{"elasticfilesystem:TagResource", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "iam:CreateServiceLinkedRole"} {
			if !slices.Contains(r.a.ActionsUsed(), action) {
				t.Errorf("%s was not checked", action)
			}
		}
	})
}

// A task with a volume starts when mount target, name, groups and policy agree, and says what is wrong when not.
func TestFileSystemOfTask(t *testing.T) {
	for name, x := range map[string]struct {
		closed bool
		early  bool
		change func(d *disk)
		want   string // in stoppedReason; empty when the task runs
	}{
		"all agrees":         {},
		"port 2049 closed":   {closed: true, want: "Connection timed out"},
		"before its name":    {early: true, want: "Failed to resolve"},
		"VPC without names":  {change: func(d *disk) { d.dns(false) }, want: "Failed to resolve"},
		"policy for another": {change: func(d *disk) { d.allow("fsap-0other") }, want: "access denied by server"},
		"policy for it":      {change: func(d *disk) { d.allow(d.ap) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{})
				r.network()
				d := newDisk(r, !x.closed)
				if !x.early {
					r.sleep(3 * time.Minute)
				}
				if x.change != nil {
					x.change(d)
				}
				r.volumes = []ecstypes.Volume{d.volume()}
				r.start()
				if x.want == "" {
					if got, _ := r.verdict(10 * time.Minute); got.Status != ecstypes.ServiceDeploymentStatusSuccessful {
						t.Errorf("ended %s\n%s", got.Status, r.story())
					}
					return
				}
				r.sleep(150 * time.Second)
				stopped := r.stopped()
				if len(stopped) == 0 || !strings.Contains(aws.ToString(stopped[0].StoppedReason), x.want) {
					t.Errorf("want %q\n%s", x.want, r.story())
				}
			})
		})
	}
}

func (d *disk) dns(on bool) {
	d.Helper()
	must(d.ec2.ModifyVpcAttribute(d.ctx, &ec2.ModifyVpcAttributeInput{VpcId: &d.vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: &on}}))(d.rig)
}

// allow puts a policy that lets clients of one access point in.
func (d *disk) allow(point string) {
	d.Helper()
	must(d.efs.PutFileSystemPolicy(d.ctx, &efs.PutFileSystemPolicyInput{FileSystemId: &d.fs, Policy: aws.String(`{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"AWS":"*"},"Action":["elasticfilesystem:ClientMount","elasticfilesystem:ClientWrite"],
		"Condition":{"StringEquals":{"elasticfilesystem:AccessPointArn":"arn:aws:elasticfilesystem:eu-west-2:123456789012:access-point/` + point + `"},
		"Bool":{"aws:SecureTransport":"true"}}}]}`)}))(d.rig)
}
