package network_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/resource"
	"berth/engine/resource/kindtest"
)

// TestMotoNetwork takes what tasks without public addresses stand in through its life on moto_server.
func TestMotoNetwork(t *testing.T) {
	s := kindtest.Emulated(t)
	var w kindtest.World
	for _, one := range []struct {
		name, app       string
		wanted, changed func() resource.Resource
	}{
		{
			"security group", "guard",
			func() resource.Resource { return guarded(w, 4000) }, func() resource.Resource { return guarded(w, 5000) },
		},
		{"public routes", "open", func() resource.Resource { return inside(w).Routes }, nil},
		{"elastic address", "address", func() resource.Resource { return inside(w).NAT.Address }, nil},
		{"NAT gateway", "nat", func() resource.Resource { return inside(w).NAT }, nil},
		{"private routes", "inside", func() resource.Resource { return inside(w).InsideRoutes }, nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			w.Owner = resource.Owner{App: one.app, Env: "production"}
			s.Owner = w.Owner
			kindtest.Live(t, s, one.wanted, one.changed)
			takeInterfaces(t, s)
			kindtest.Gone(t, s, one.wanted)
		})
	}
}

// takeInterfaces deletes the network interfaces of NAT gateways. Moto says of them that they are a customer's, and keeps them
// for good; AWS says that they are its own (requester-managed), and deletes them with their gateway.
func takeInterfaces(t *testing.T, s *resource.Scope) {
	t.Helper()
	out, err := s.EC2.DescribeNatGateways(t.Context(), &ec2.DescribeNatGatewaysInput{
		Filter: []ec2types.Filter{resource.EC2Filter("state", "available")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, gateway := range out.NatGateways {
		for _, a := range gateway.NatGatewayAddresses {
			_, err := s.EC2.DeleteNetworkInterface(t.Context(), &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: a.NetworkInterfaceId})
			if err != nil {
				t.Fatalf("delete the interface %s: %v", aws.ToString(a.NetworkInterfaceId), err)
			}
		}
	}
}
