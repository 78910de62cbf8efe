package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Interfaces are network interfaces. They are not kept: the resources of other services have theirs for as long
// as they hold one.
func ec2Interfaces() awsService {
	return awsService{
		operations: []operation{op(ec2DescribeNetworkInterfaces, pages("NetworkInterfaces", 1000, 1000))},
		list: func(v *inventory, r *region) { // those that outlive what they belonged to
			for _, n := range v.a.interfaces(v.st, r, v.now) {
				if n.Left {
					v.add("ec2.NetworkInterface", named(r, nil, n.ID), false, n)
				}
			}
		},
	}
}

// netInterface is a network interface of some resource.
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
	Left        bool // what it belonged to is gone
}

// interfaces gives the region's network interfaces at that time.
func (a *Account) interfaces(st *state, r *region, now time.Time) []netInterface {
	var out []netInterface
	w := &world{a: a, st: st, r: r}
	for _, s := range services() {
		if s.interfaces != nil {
			out = append(out, s.interfaces(w, now)...)
		}
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
