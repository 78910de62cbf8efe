package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

// efsMountTargets are mount targets: the addresses of a file system, one in each zone at most. Each has a network
// interface. What they and the file system do for a task that mounts it is here, too.
func efsMountTargets() awsService {
	return awsService{
		operations: []operation{
			op(efsCreateMountTarget, also("ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:CreateNetworkInterface")),
			op(efsDescribeMountTargets, pages("MountTargets", 100, 100)),
			op(efsDescribeMountTargetSecurityGroups, also("ec2:DescribeNetworkInterfaceAttribute")),
			op(efsModifyMountTargetSecurityGroups, also("ec2:ModifyNetworkInterfaceAttribute")),
			op(efsDeleteMountTarget, also("ec2:DeleteNetworkInterface")),
		},
		list: func(v *inventory, r *region) {
			for _, m := range r.efs().MountTargets {
				if !m.Gone.IsZero() {
					continue
				}
				d := *m
				d.ID, d.ENI, d.IP, d.Ready = "", "", "", time.Time{}
				v.add("efs.MountTarget", named(r, nil, m.FileSystem, m.Zone), false, d, m.ID)
			}
		},
		interfaces: mountInterfaces,
		volume:     efsVolume,
	}
}

type mountTarget struct {
	ID         string
	FileSystem string
	VPC        string
	Subnet     string
	Zone       string
	Groups     []string
	IP         string
	ENI        string
	Ready      time.Time
	Gone       time.Time // zero until it is deleted; its interface is there until then
}

func mountInterfaces(w *world, _ time.Time) []netInterface {
	var out []netInterface
	for _, m := range w.r.efs().MountTargets {
		out = append(out, netInterface{
			ID: m.ENI, VPC: m.VPC, Subnet: m.Subnet, Groups: m.Groups, IP: m.IP, Requester: "EFS", Type: "interface",
			Description: fmt.Sprintf("Mount target %s for file system %s", m.ID, m.FileSystem), Left: !m.Gone.IsZero(),
		})
	}
	return out
}

func (r *region) mountTarget(id string) *mountTarget {
	return find(r.efs().MountTargets, func(m *mountTarget) bool { return m.ID == id })
}

func noMountTarget(id string) error {
	return &efstypes.MountTargetNotFound{ErrorCode_: new("MountTargetNotFound"), Message: msg("Mount target '%s' does not exist.", id)}
}

// efsGroups checks the security groups of a mount target.
func (c *call) efsGroups(ids []string, vpc string) error {
	if len(ids) > 5 {
		return &efstypes.SecurityGroupLimitExceeded{ErrorCode_: new("SecurityGroupLimitExceeded"), Message: msg("At most 5 security groups can be given.")}
	}
	for _, id := range ids {
		if g := c.r.group(id); g == nil || g.VPC != vpc {
			return &efstypes.SecurityGroupNotFound{ErrorCode_: new("SecurityGroupNotFound"), Message: msg("The security group ID '%s' does not exist in the VPC of the subnet", id)}
		}
	}
	return nil
}

// mountConflict says why a file system cannot have a mount target in a subnet besides those it has.
func (r *region) mountConflict(f *fileSystem, s *subnet) string {
	for _, m := range r.efs().MountTargets {
		switch {
		case m.FileSystem != f.ID:
		case m.Zone == s.Zone:
			return "mount target already exists in this AZ"
		case m.VPC != s.VPC:
			return "requested subnet for new mount target is not in the same VPC as existing mount targets"
		}
	}
	return ""
}

func efsCreateMountTarget(c *call, in *efs.CreateMountTargetInput) (*efs.CreateMountTargetOutput, error) {
	f, s := c.r.fileSystem(str(in.FileSystemId)), c.r.subnet(str(in.SubnetId))
	if f == nil {
		return nil, noFileSystem(str(in.FileSystemId))
	}
	if err := c.available(f); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, &efstypes.SubnetNotFound{ErrorCode_: new("SubnetNotFound"), Message: msg("The subnet ID '%s' does not exist", str(in.SubnetId))}
	}
	if f.Zone != "" && f.Zone != s.Zone {
		return nil, &efstypes.AvailabilityZonesMismatch{ErrorCode_: new("AvailabilityZonesMismatch"), Message: msg("The file system is in %s, the subnet in %s.", f.Zone, s.Zone)}
	}
	if why := c.r.mountConflict(f, s); why != "" {
		return nil, &efstypes.MountTargetConflict{ErrorCode_: new("MountTargetConflict"), Message: msg("%s", why)}
	}
	groups := slices.Clone(in.SecurityGroups)
	if len(groups) == 0 {
		groups = []string{find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == s.VPC && g.Name == "default" }).ID}
	}
	if err := c.efsGroups(groups, s.VPC); err != nil {
		return nil, err
	}
	if _, err := c.linked("elasticfilesystem.amazonaws.com", "efs"); err != nil {
		return nil, err
	}
	key := c.st.fresh(f.ID, "mount target", s.Zone)
	m := &mountTarget{
		ID: "fsmt-0" + key[:16], FileSystem: f.ID, VPC: s.VPC, Subnet: s.ID, Zone: s.Zone, Groups: groups, IP: address(s.CIDR, key[48:]), ENI: "eni-0" + key[16:32],
	}
	if in.IpAddress != nil {
		if a, err := netip.ParseAddr(*in.IpAddress); err != nil || !netip.MustParsePrefix(s.CIDR).Contains(a) {
			return nil, badEFS("The address '%s' is not in the range of the subnet", *in.IpAddress)
		}
		m.IP = *in.IpAddress
	}
	if slices.ContainsFunc(c.a.interfaces(c.st, c.r, c.now), func(n netInterface) bool { return in.IpAddress != nil && n.Subnet == s.ID && n.IP == m.IP }) {
		return nil, &efstypes.IpAddressInUse{ErrorCode_: new("IpAddressInUse"), Message: msg("The address '%s' is in use.", m.IP)}
	}
	m.Ready = c.now.Add(c.a.delay(latMount, m.ID))
	c.r.efs().MountTargets = append(c.r.efs().MountTargets, m)
	o := c.mountOut(m)
	return &efs.CreateMountTargetOutput{
		FileSystemId: o.FileSystemId, LifeCycleState: o.LifeCycleState, MountTargetId: o.MountTargetId, SubnetId: o.SubnetId, AvailabilityZoneId: o.AvailabilityZoneId,
		AvailabilityZoneName: o.AvailabilityZoneName, IpAddress: o.IpAddress, NetworkInterfaceId: o.NetworkInterfaceId, OwnerId: o.OwnerId, VpcId: o.VpcId,
	}, nil
}

func (c *call) mountOut(m *mountTarget) efstypes.MountTargetDescription {
	return efstypes.MountTargetDescription{
		FileSystemId: new(m.FileSystem), LifeCycleState: lifeCycle(c.now, m.Ready, m.Gone), MountTargetId: new(m.ID), SubnetId: new(m.Subnet),
		AvailabilityZoneId: new(zoneID(m.Zone)), AvailabilityZoneName: new(m.Zone), IpAddress: new(m.IP), NetworkInterfaceId: new(m.ENI),
		OwnerId: new(c.st.Account), VpcId: new(m.VPC),
	}
}

func efsDescribeMountTargets(c *call, in *efs.DescribeMountTargetsInput) (*efs.DescribeMountTargetsOutput, error) {
	fs, target := lastPart(str(in.FileSystemId)), str(in.MountTargetId)
	if in.AccessPointId != nil {
		p := c.r.accessPoint(*in.AccessPointId)
		if p == nil {
			return nil, noAccessPoint(*in.AccessPointId)
		}
		fs = p.FileSystem
	}
	switch {
	case fs == "" && target == "":
		return nil, badEFS("One of file system, mount target and access point must be given.")
	case fs != "" && c.r.fileSystem(fs) == nil:
		return nil, noFileSystem(fs)
	case target != "" && c.r.mountTarget(target) == nil:
		return nil, noMountTarget(target)
	}
	out := &efs.DescribeMountTargetsOutput{}
	for _, m := range c.r.efs().MountTargets {
		if (fs == "" || m.FileSystem == fs) && (target == "" || m.ID == target) {
			out.MountTargets = append(out.MountTargets, c.mountOut(m))
		}
	}
	return out, nil
}

func efsDescribeMountTargetSecurityGroups(c *call, in *efs.DescribeMountTargetSecurityGroupsInput) (*efs.DescribeMountTargetSecurityGroupsOutput, error) {
	m := c.r.mountTarget(str(in.MountTargetId))
	if m == nil {
		return nil, noMountTarget(str(in.MountTargetId))
	}
	return &efs.DescribeMountTargetSecurityGroupsOutput{SecurityGroups: slices.Clone(m.Groups)}, nil
}

func efsModifyMountTargetSecurityGroups(c *call, in *efs.ModifyMountTargetSecurityGroupsInput) (*efs.ModifyMountTargetSecurityGroupsOutput, error) {
	m := c.r.mountTarget(str(in.MountTargetId))
	if m == nil {
		return nil, noMountTarget(str(in.MountTargetId))
	}
	if lifeCycle(c.now, m.Ready, m.Gone) != efstypes.LifeCycleStateAvailable {
		return nil, &efstypes.IncorrectMountTargetState{ErrorCode_: new("IncorrectMountTargetState"), Message: msg("Mount target '%s' is not available.", m.ID)}
	}
	if err := c.efsGroups(in.SecurityGroups, m.VPC); err != nil {
		return nil, err
	}
	m.Groups = slices.Clone(in.SecurityGroups)
	return &efs.ModifyMountTargetSecurityGroupsOutput{}, nil
}

func efsDeleteMountTarget(c *call, in *efs.DeleteMountTargetInput) (*efs.DeleteMountTargetOutput, error) {
	m := c.r.mountTarget(str(in.MountTargetId))
	if m == nil {
		return nil, noMountTarget(str(in.MountTargetId))
	}
	if m.Gone.IsZero() {
		m.Gone = c.now.Add(c.a.delay(latMountOff, m.ID))
	}
	return &efs.DeleteMountTargetOutput{}, nil
}

// efsVolume says why a task cannot mount a volume of EFS, in the words that the agent has for it, and whether that
// takes long to find out.
func efsVolume(w *world, s start, v ecstypes.Volume) (problem string, slow bool) {
	cfg := v.EfsVolumeConfiguration
	if cfg == nil {
		return "", false
	}
	const failed = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
	f, subnet := w.r.fileSystem(str(cfg.FileSystemId)), w.r.subnet(s.task.Subnet)
	name := (&fileSystem{ID: str(cfg.FileSystemId)}).name(w.r.Name)
	unresolved := failed + fmt.Sprintf("Failed to resolve %q - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID. See https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail. Attempting to lookup mount target ip address using botocore. : unsuccessful EFS utils command execution; code: 1", name)
	if f == nil || subnet == nil || !f.Gone.IsZero() {
		return unresolved, false
	}
	network := w.r.vpc(subnet.VPC)
	m := find(w.r.efs().MountTargets, func(m *mountTarget) bool {
		return m.FileSystem == f.ID && m.VPC == subnet.VPC && m.Zone == subnet.Zone && m.Gone.IsZero() && !s.at.Before(m.Ready.Add(w.a.delay(latMountDNS, m.ID)))
	})
	switch {
	case m == nil || !network.DNSSupport || !network.DNSHostnames:
		return unresolved, false
	case !w.r.letsOut(s.task.Groups, 2049) || !w.r.admits(m.Groups, 2049, s.task.Groups, ""):
		return failed + "mount.nfs4: Connection timed out : unsuccessful EFS utils command execution; code: 32", true
	}
	if why := w.mountRefused(f, s, cfg); why != "" {
		return failed + why + " : unsuccessful EFS utils command execution; code: 32", false
	}
	return "", false
}

// mountRefused says why a file system that can be reached refuses a task.
func (w *world) mountRefused(f *fileSystem, s start, cfg *ecstypes.EFSVolumeConfiguration) string {
	const denied = "b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'"
	arn := fmt.Sprintf("arn:aws:elasticfilesystem:%s:%s:file-system/%s", w.r.Name, w.st.Account, f.ID)
	keys := map[string]string{
		"aws:SecureTransport": fmt.Sprint(cfg.TransitEncryption == ecstypes.EFSTransitEncryptionEnabled), "elasticfilesystem:AccessedViaMountTarget": "true",
	}
	var p *accessPoint
	auth := cfg.AuthorizationConfig
	if auth != nil && str(auth.AccessPointId) != "" {
		if p = w.r.accessPoint(*auth.AccessPointId); p == nil || p.FileSystem != f.ID || !p.Gone.IsZero() || s.at.Before(p.Ready) {
			return denied
		}
		keys["elasticfilesystem:AccessPointArn"] = fmt.Sprintf("arn:aws:elasticfilesystem:%s:%s:access-point/%s", w.r.Name, w.st.Account, p.ID)
		if *p.Root.Path != "/" && p.Root.CreationInfo == nil {
			return "b'mount.nfs4: mounting 127.0.0.1:/ failed, reason given by server: No such file or directory'"
		}
	}
	if root := strings.Trim(str(cfg.RootDirectory), "/"); root != "" && p == nil {
		return fmt.Sprintf("b'mount.nfs4: mounting 127.0.0.1:/%s failed, reason given by server: No such file or directory'", root)
	}
	if f.Policy == "" {
		return "" // the default policy lets everybody in who gets to a mount target
	}
	who, own := "", []policyDoc(nil)
	if role := w.st.roleByARN(str(s.def.Def.TaskRoleArn)); role != nil && auth != nil && auth.Iam == ecstypes.EFSAuthorizationConfigIAMEnabled {
		who, own = role.arn(w.st.Account), role.policies()
	}
	var doc policyDoc
	_ = json.Unmarshal([]byte(f.Policy), &doc) // it was checked when it was put
	switch doc.says(who, "elasticfilesystem:ClientMount", keys) {
	case allowed:
		return ""
	case silent:
		if allows(own, "elasticfilesystem:ClientMount", arn) {
			return ""
		}
	}
	return denied
}
