package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// netInterface is a network interface. It is not kept: load balancers and tasks have theirs for as long as
// they hold one.
type netInterface struct {
	ID          string
	VPC         string
	Subnet      string
	Groups      []string
	IP          string
	PublicIP    string
	Description string
	Requester   string
	Type        string
}

// interfaces gives the region's network interfaces at that time.
func (a *Account) interfaces(st *state, r *region, now time.Time) []netInterface {
	var out []netInterface
	for _, lb := range r.LoadBalancers {
		if !lb.Deleted.IsZero() && now.Sub(lb.Deleted) >= a.delay(latLBGone, lb.ARN) {
			continue
		}
		for _, id := range lb.Subnets {
			s := r.subnet(id)
			if s == nil {
				continue
			}
			key := stableID(lb.ARN, id)
			out = append(out, netInterface{
				ID: "eni-0" + key[:16], VPC: s.VPC, Subnet: id, Groups: lb.Groups,
				IP: address(s.CIDR, key), PublicIP: publicAddress(key),
				Description: "ELB " + lb.suffix(), Requester: "amazon-elb", Type: "interface",
			})
		}
	}
	for _, t := range r.Tasks {
		if !t.holdsInterface() {
			continue
		}
		s := r.subnet(t.Subnet)
		if s == nil {
			continue
		}
		n := netInterface{
			ID: t.ENI, VPC: s.VPC, Subnet: t.Subnet, Groups: t.Groups, IP: t.IP,
			Description: fmt.Sprintf("arn:aws:ecs:%s:%s:attachment/%s", r.Name, st.Account, t.Attachment),
			Requester:   "578734482556", Type: "interface",
		}
		if t.PublicIP {
			n.PublicIP = publicAddress(t.ID)
		}
		out = append(out, n)
	}
	return out
}

// address is a private address out of a subnet, picked by a hexadecimal key.
func address(cidr, key string) string {
	p := netip.MustParsePrefix(cidr)
	b := p.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	size := uint32(1) << (32 - p.Bits())
	var k uint32
	_, _ = fmt.Sscanf(key[:8], "%x", &k)
	n += 4 + k%(size-5) // AWS keeps the first four and the last
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

// publicAddress is one out of the range for documentation (TEST-NET-3), picked by a key.
func publicAddress(key string) string {
	var k uint32
	_, _ = fmt.Sscanf(stableID(key)[:8], "%x", &k)
	return fmt.Sprintf("203.0.113.%d", 1+k%254)
}

func ec2DescribeNetworkInterfaces(c *call, in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	out := &ec2.DescribeNetworkInterfacesOutput{}
	for _, n := range c.a.interfaces(c.st, c.r, c.now) {
		if len(in.NetworkInterfaceIds) > 0 && !slices.Contains(in.NetworkInterfaceIds, n.ID) {
			continue
		}
		ok, err := matches(in.Filters, nil, func(name string) ([]string, bool) {
			switch name {
			case "group-id":
				return n.Groups, true
			case "description":
				return []string{n.Description}, true
			case "vpc-id":
				return []string{n.VPC}, true
			case "subnet-id":
				return []string{n.Subnet}, true
			case "network-interface-id":
				return []string{n.ID}, true
			case "status":
				return []string{"in-use"}, true
			case "requester-id":
				return []string{n.Requester}, true
			}
			return nil, false
		})
		if err != nil {
			return nil, err
		}
		if ok {
			out.NetworkInterfaces = append(out.NetworkInterfaces, c.interfaceOut(n))
		}
	}
	return out, nil
}

func (c *call) interfaceOut(n netInterface) ec2types.NetworkInterface {
	o := ec2types.NetworkInterface{
		NetworkInterfaceId: new(n.ID), VpcId: new(n.VPC), SubnetId: new(n.Subnet), Description: new(n.Description),
		RequesterId: new(n.Requester), RequesterManaged: new(true), Status: ec2types.NetworkInterfaceStatusInUse,
		InterfaceType: ec2types.NetworkInterfaceType(n.Type), PrivateIpAddress: new(n.IP), OwnerId: new(c.st.Account),
	}
	if s := c.r.subnet(n.Subnet); s != nil {
		o.AvailabilityZone = new(s.Zone)
	}
	for _, id := range n.Groups {
		g := ec2types.GroupIdentifier{GroupId: new(id)}
		if sg := c.r.group(id); sg != nil {
			g.GroupName = new(sg.Name)
		}
		o.Groups = append(o.Groups, g)
	}
	if n.PublicIP != "" {
		o.Association = &ec2types.NetworkInterfaceAssociation{PublicIp: new(n.PublicIP)}
	}
	return o
}

func ec2DescribeManagedPrefixLists(c *call, in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	out := &ec2.DescribeManagedPrefixListsOutput{}
	for i, name := range prefixLists {
		id := prefixListID(c.r.Name, name)
		if len(in.PrefixListIds) > 0 && !slices.Contains(in.PrefixListIds, id) {
			continue
		}
		ok, err := matches(in.Filters, nil, func(filter string) ([]string, bool) {
			switch filter {
			case "prefix-list-name":
				return []string{name}, true
			case "prefix-list-id":
				return []string{id}, true
			case "owner-id":
				return []string{"AWS"}, true
			}
			return nil, false
		})
		if err != nil {
			return nil, err
		}
		if ok {
			out.PrefixLists = append(out.PrefixLists, ec2types.ManagedPrefixList{
				PrefixListId: new(id), PrefixListName: new(name), OwnerId: new("AWS"), AddressFamily: new([]string{"IPv4", "IPv6"}[i]),
				MaxEntries: new(int32(prefixListWeight)), State: ec2types.PrefixListStateCreateComplete,
				PrefixListArn: new(fmt.Sprintf("arn:aws:ec2:%s:aws:prefix-list/%s", c.r.Name, id)),
			})
		}
	}
	return out, nil
}

// tagsOf gives access to the tags of any EC2 resource by its id.
func (r *region) tagsOf(id string) *tagMap {
	switch {
	case r.vpc(id) != nil:
		return &r.vpc(id).Tags
	case r.subnet(id) != nil:
		return &r.subnet(id).Tags
	case r.gateway(id) != nil:
		return &r.gateway(id).Tags
	case r.table(id) != nil:
		return &r.table(id).Tags
	case r.group(id) != nil:
		return &r.group(id).Tags
	}
	for _, g := range r.Groups {
		for i := range g.Rules {
			if g.Rules[i].ID == id {
				return &g.Rules[i].Tags
			}
		}
	}
	return nil
}

func ec2CreateTags(c *call, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	add := tagsFrom(in.Tags, func(t ec2types.Tag) (*string, *string) { return t.Key, t.Value })
	for _, id := range in.Resources {
		if c.r.tagsOf(id) == nil {
			return nil, apiErr("InvalidID", "The ID '%s' is not valid", id)
		}
	}
	for _, id := range in.Resources {
		t := c.r.tagsOf(id)
		*t = t.merge(add)
	}
	return &ec2.CreateTagsOutput{}, nil
}

func ec2DeleteTags(c *call, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	for _, id := range in.Resources {
		t := c.r.tagsOf(id)
		if t == nil {
			return nil, apiErr("InvalidID", "The ID '%s' is not valid", id)
		}
		kept := tagMap{}.merge(*t)
		for _, x := range in.Tags {
			delete(kept, str(x.Key))
		}
		*t = kept
	}
	return &ec2.DeleteTagsOutput{}, nil
}
