package resource

import "berth/engine/event"

// Permissions implements Permissioned. Looking up covers subnets, gateways and routes, too.
func (v *VPC) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere(
		"ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeInternetGateways")}
	if v.Default {
		return need
	}
	if v.own != nil || exists(do) {
		need = append(need, anywhere("ec2:DescribeVpcAttribute"))
	}
	switch do {
	case event.Create:
		need = append(need, v.Owner.newEC2(s, "CreateVpc", "vpc")...)
		need = append(need, v.Owner.oursEC2(s, acts("ec2:ModifyVpcAttribute"), "vpc"))
	case event.Update:
		need = append(need, v.Owner.oursEC2(s, acts("ec2:ModifyVpcAttribute"), "vpc"))
	case event.Delete:
		need = append(need, v.Owner.oursEC2(s, acts("ec2:DeleteVpc"), "vpc"))
	case event.None, event.Replace:
	}
	return need
}

// Permissions implements Permissioned. The VPC looks it up.
func (g *InternetGateway) Permissions(s *Scope, do event.Action) []Permission {
	if g.VPC.Default && !g.found {
		return nil
	}
	attach := g.Owner.oursEC2(s, acts("ec2:AttachInternetGateway"), "internet-gateway", "vpc")
	switch do {
	case event.Create:
		return append(g.Owner.newEC2(s, "CreateInternetGateway", "internet-gateway"), attach)
	case event.Update:
		return []Permission{attach}
	case event.Delete:
		return []Permission{
			g.Owner.oursEC2(s, acts("ec2:DetachInternetGateway"), "internet-gateway", "vpc"),
			g.Owner.oursEC2(s, acts("ec2:DeleteInternetGateway"), "internet-gateway"),
		}
	case event.None, event.Replace:
	}
	return nil
}

// Permissions implements Permissioned. The VPC looks it up.
func (n *Subnet) Permissions(s *Scope, do event.Action) []Permission {
	if n.VPC.Default && n.found == nil {
		return nil
	}
	switch do {
	case event.Create:
		return append(n.Owner.newEC2(s, "CreateSubnet", "subnet"),
			n.Owner.oursEC2(s, acts("ec2:CreateSubnet"), "vpc"), anywhere("ec2:DescribeAvailabilityZones"))
	case event.Delete:
		return []Permission{n.Owner.oursEC2(s, acts("ec2:DeleteSubnet"), "subnet")}
	case event.None, event.Update, event.Replace:
	}
	return nil
}

// Permissions implements Permissioned. The VPC looks it up.
func (r *RouteTable) Permissions(s *Scope, do event.Action) []Permission {
	if r.VPC.Default && r.found == nil {
		return nil
	}
	associate := r.Owner.oursEC2(s, acts("ec2:AssociateRouteTable"), "route-table", "subnet")
	switch do {
	case event.Create:
		return append(r.Owner.newEC2(s, "CreateRouteTable", "route-table"), associate,
			r.Owner.oursEC2(s, acts("ec2:CreateRouteTable"), "vpc"), r.Owner.oursEC2(s, acts("ec2:CreateRoute"), "route-table"))
	case event.Update:
		var need []Permission
		if !toInternet(r.found) {
			need = append(need, r.Owner.oursEC2(s, acts("ec2:CreateRoute"), "route-table"))
		}
		if r.found == nil || len(r.missing()) > 0 {
			need = append(need, associate)
		}
		return need
	case event.Delete:
		return []Permission{
			r.Owner.oursEC2(s, acts("ec2:DisassociateRouteTable"), "route-table", "subnet"),
			r.Owner.oursEC2(s, acts("ec2:DeleteRouteTable"), "route-table"),
		}
	case event.None, event.Replace:
	}
	return nil
}

// Permissions implements Permissioned.
func (g *SecurityGroup) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("ec2:DescribeSecurityGroups")}
	for _, in := range g.Ingress {
		if in.PrefixList != "" {
			need = append(need, anywhere("ec2:DescribeManagedPrefixLists"))
		}
	}
	if g.ID != "" || exists(do) {
		need = append(need, anywhere("ec2:DescribeSecurityGroupRules"))
	}
	authorize := g.Owner.oursEC2(s, acts("ec2:AuthorizeSecurityGroupIngress"), "security-group")
	switch do {
	case event.Create, event.Replace:
		need = append(need, g.Owner.newEC2(s, "CreateSecurityGroup", "security-group")...)
		// The default VPC carries no tag of ours, so the VPC's own part of the permission has no condition.
		need = append(need, on(acts("ec2:CreateSecurityGroup"), s.ARN("ec2", "vpc/*")), authorize)
	case event.Update:
		missing, surplus := g.drift()
		if len(missing) > 0 {
			need = append(need, authorize)
		}
		if len(surplus) > 0 {
			need = append(need, g.Owner.oursEC2(s, acts("ec2:RevokeSecurityGroupIngress"), "security-group"))
		}
	case event.Delete:
		need = append(need, g.Owner.oursEC2(s, acts("ec2:DeleteSecurityGroup"), "security-group"))
	case event.None:
	}
	return need
}

// Permissions implements Permissioned. Cloud Map makes and removes a hosted zone in the caller's name
// (ecs-provisioning 4.9).
func (n *Namespace) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("servicediscovery:ListNamespaces")}
	namespaces, zones := s.ARN("servicediscovery", "namespace/*"), "arn:"+s.Identity.Partition+":route53:::hostedzone/*"
	switch do {
	case event.Create:
		create := anywhere("servicediscovery:CreatePrivateDnsNamespace")
		create.When = n.Owner.tagged("aws:RequestTag")
		need = append(need, create, on(acts("servicediscovery:TagResource"), namespaces),
			anywhere("servicediscovery:GetOperation", "ec2:DescribeVpcs", "route53:CreateHostedZone", "route53:ListHostedZonesByName"),
			on(acts("route53:GetHostedZone", "route53:AssociateVPCWithHostedZone"), zones))
	case event.Delete:
		need = append(need, on(acts("servicediscovery:DeleteNamespace"), namespaces),
			anywhere("servicediscovery:GetOperation"), on(acts("route53:GetHostedZone", "route53:DeleteHostedZone"), zones))
	case event.None, event.Update, event.Replace:
	}
	return need
}

// Permissions implements Permissioned.
func (d *Discovery) Permissions(s *Scope, do event.Action) []Permission {
	var need []Permission
	if d.Namespace.ID != "" || exists(do) {
		need = append(need, anywhere("servicediscovery:ListServices"))
	}
	services := s.ARN("servicediscovery", "service/*")
	switch do {
	case event.Create:
		need = append(need, on(acts("servicediscovery:CreateService"), s.ARN("servicediscovery", "namespace/*")),
			on(acts("servicediscovery:TagResource"), services))
	case event.Delete:
		need = append(need, on(acts("servicediscovery:DeleteService"), services))
	case event.None, event.Update, event.Replace:
	}
	return need
}
