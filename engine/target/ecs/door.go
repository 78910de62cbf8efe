package ecs

import (
	"crypto/rand"

	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
	"berth/engine/spec"
)

// wants is the way by which visitors reach the app.
func wants(s *spec.Spec) string {
	switch n := s.Network; {
	case s.NoHTTP():
		return traffic.Nobody
	case n.HTTPS != "" && n.HTTPS != "auto":
		return n.HTTPS
	case n.Domain != "":
		return traffic.ByDomain
	default:
		return traffic.ByCloudFront
	}
}

// fronted says whether CloudFront reaches the load balancer inside the network, where it has no public addresses.
func fronted(s *spec.Spec) bool {
	return s.Network.Front == "private" && wants(s) == traffic.ByCloudFront
}

// door makes what visitors come through.
func (b *Blueprint) door(s *spec.Spec) *traffic.Door {
	a := traffic.Ask{
		Owner: b.Owner, Region: s.Region, Want: wants(s), Private: fronted(s), TakeOver: s.Network.TakeOver, Assets: s.Network.Assets, Secret: rand.Text() + rand.Text(),
		Role: b.DoorRole, Linked: b.EdgeRole,
	}
	if from := s.Origins["network.https"]; a.Want == traffic.ByGateway && from.Kind == spec.Detected {
		a.Proposed = from.Text
		if at := from.Place(); at != "" {
			a.Proposed += " (" + at + ")"
		}
	}
	a.Headers = traffic.Headers{Security: s.Network.Headers, HSTS: s.Network.HSTS}
	a.Firewall = traffic.Filter{On: s.Network.Firewall, RateLimit: s.Network.RateLimit}
	if a.Want == traffic.ByDomain {
		a.Names = append([]string{s.Network.Domain}, s.Network.Also...)
	}
	return traffic.NewDoor(a, b.LoadBalancer, b.TargetGroup)
}

// doorIngress is who may call the load balancer, by the way that visitors come.
func (b *Blueprint) doorIngress() []network.Ingress {
	return []network.Ingress{
		{Port: 80, PrefixList: network.CloudFrontPrefixList, Text: "CloudFront", If: func() bool { return b.Door.CloudFront() }},
		{Port: 80, Anybody: true, Text: "everybody, over HTTP", If: func() bool { return b.Door.Anybody() }},
		{Port: 443, Anybody: true, Text: "everybody, over HTTPS", If: func() bool { return b.Door.TLS() || b.Door.ECS() }},
	}
}

// inside makes what tasks and load balancers without public addresses stand in, in a VPC of our own; the NAT gateway, by
// which tasks reach out, stands in that public subnet.
func (b *Blueprint) inside(s *spec.Spec, public *network.Subnet) {
	none, off := !b.VPC.Own, !b.VPC.Own || s.Network.Tasks != "private"
	n := &b.Network
	n.Inside = []*network.Subnet{{Owner: b.Owner, VPC: b.VPC, Index: 2, Unneeded: none}, {Owner: b.Owner, VPC: b.VPC, Index: 3, Unneeded: none}}
	n.NAT = &network.NATGateway{
		Owner: b.Owner, VPC: b.VPC, Subnet: public, Gateway: b.Gateway, Unneeded: off,
		Address: &network.ElasticAddress{Owner: b.Owner, VPC: b.VPC, Unneeded: off},
	}
	n.InsideRoutes = &network.RouteTable{Owner: b.Owner, VPC: b.VPC, Gateway: b.Gateway, NAT: n.NAT, Subnets: n.Inside, Unneeded: off}
}

// tasksIn is where tasks stand.
func (b *Blueprint) tasksIn(s *spec.Spec) network.Network {
	n := b.Network
	n.Private = s.Network.Tasks == "private"
	return n
}
