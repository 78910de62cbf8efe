package sim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Addresses are elastic IP addresses.
func ec2Addresses() awsService {
	return awsService{
		state:      []keeper{addressShelf},
		operations: []operation{op(ec2AllocateAddress, tagging("ec2:CreateTags")), op(ec2DescribeAddresses), op(ec2ReleaseAddress)},
		quotas:     []quotaCode{{"ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", "eip", 5}},
		list: func(v *inventory, r *region) {
			for _, x := range r.addresses().Addresses {
				v.add("ec2.EIP", named(r, x.Tags), false, map[string]any{"Holder": x.Holder, "Tags": x.Tags}, x.ID, x.IP)
			}
		},
		tags: func(r *region, id string) *tagMap {
			if x := r.address(id); x != nil {
				return &x.Tags
			}
			return nil
		},
	}
}

type addressState struct{ Addresses []*elasticIP }

const addressShelf shelf[addressState] = "ec2.addresses"

func (r *region) addresses() *addressState { return addressShelf.in(&r.Kept) }

type elasticIP struct {
	ID     string
	IP     string
	Holder string // the NAT gateway that has it
	Tags   tagMap
}

func (r *region) address(id string) *elasticIP {
	return find(r.addresses().Addresses, func(x *elasticIP) bool { return x.ID == id })
}

func ec2AllocateAddress(c *call, in *ec2.AllocateAddressInput) (*ec2.AllocateAddressOutput, error) {
	limit := 5
	if n, ok := c.a.quota("eip"); ok {
		limit = n
	}
	if len(c.r.addresses().Addresses) >= limit {
		return nil, apiErr("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	t := ec2Tags(in.TagSpecifications)
	key := c.st.fresh(append([]string{c.r.Name, "address"}, named(c.r, t))...)
	x := &elasticIP{ID: "eipalloc-0" + key[:16], IP: publicAddress(key), Tags: t}
	c.r.addresses().Addresses = append(c.r.addresses().Addresses, x)
	return &ec2.AllocateAddressOutput{AllocationId: new(x.ID), PublicIp: new(x.IP), Domain: ec2types.DomainTypeVpc, NetworkBorderGroup: new(c.r.Name)}, nil
}

func ec2DescribeAddresses(c *call, in *ec2.DescribeAddressesInput) (*ec2.DescribeAddressesOutput, error) {
	found, err := selectBy(c.r.addresses().Addresses, in.AllocationIds, func(x *elasticIP) string { return x.ID }, "InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist",
		func(x *elasticIP) (bool, error) {
			return matches(in.Filters, x.Tags, func(name string) ([]string, bool) {
				switch name {
				case "allocation-id":
					return []string{x.ID}, true
				case "public-ip":
					return []string{x.IP}, true
				case "domain":
					return []string{"vpc"}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeAddressesOutput{}
	for _, x := range found {
		if len(in.PublicIps) > 0 && !slices.Contains(in.PublicIps, x.IP) {
			continue
		}
		o := ec2types.Address{AllocationId: new(x.ID), PublicIp: new(x.IP), Domain: ec2types.DomainTypeVpc, NetworkBorderGroup: new(c.r.Name), Tags: x.Tags.toEC2()}
		if g := c.r.nat(x.Holder); g != nil {
			o.AssociationId, o.NetworkInterfaceId, o.PrivateIpAddress = new("eipassoc-0"+stableID(x.ID, g.ID)[:16]), orNil(g.ENI), orNil(g.IP)
		}
		out.Addresses = append(out.Addresses, o)
	}
	return out, nil
}

func ec2ReleaseAddress(c *call, in *ec2.ReleaseAddressInput) (*ec2.ReleaseAddressOutput, error) {
	x := c.r.address(str(in.AllocationId))
	switch {
	case x == nil:
		return nil, apiErr("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", str(in.AllocationId))
	case x.Holder != "":
		return nil, apiErr("InvalidIPAddress.InUse", "Address %s is in use.", x.IP)
	}
	c.r.addresses().Addresses = remove(c.r.addresses().Addresses, x)
	return &ec2.ReleaseAddressOutput{}, nil
}
