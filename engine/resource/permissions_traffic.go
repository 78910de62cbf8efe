package resource

import "berth/engine/event"

// pattern is the ARN pattern of something of the load balancer: kind is loadbalancer, listener or listener-rule.
func (l *LoadBalancer) pattern(s *Scope, kind string) string {
	rest := map[string]string{"loadbalancer": "/*", "listener": "/*/*", "listener-rule": "/*/*/*"}[kind]
	return s.ARN("elasticloadbalancing", kind+"/app/"+l.Name()+rest)
}

// newELB is to create something with tags: tags are a permission of their own, on what is created.
func newELB(api, made, parent string) []Permission {
	tags := on(acts("elasticloadbalancing:AddTags"), made)
	tags.When = equal("elasticloadbalancing:CreateAction", api)
	return []Permission{on(acts("elasticloadbalancing:"+api), parent), tags}
}

// Permissions implements Permissioned.
func (l *LoadBalancer) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("elasticloadbalancing:DescribeLoadBalancers")}
	if l.ARN != "" || exists(do) {
		need = append(need, anywhere("elasticloadbalancing:DescribeLoadBalancerAttributes"))
	}
	arn := l.pattern(s, "loadbalancer")
	var actions []string
	create := func() {
		need = append(need, newELB("CreateLoadBalancer", arn, arn)...)
		actions = append(actions, "elasticloadbalancing:ModifyLoadBalancerAttributes")
	}
	switch do {
	case event.Create:
		create()
	case event.Replace:
		create()
		actions = append(actions, "elasticloadbalancing:DeleteLoadBalancer")
	case event.Update:
		if l.found == nil || !sameSet(l.found.SecurityGroups, []string{l.SecurityGroup.ID}) {
			actions = append(actions, "elasticloadbalancing:SetSecurityGroups")
		}
		if l.found == nil || !sameSet(l.subnets(), l.Network.SubnetIDs()) {
			actions = append(actions, "elasticloadbalancing:SetSubnets")
		}
		if len(drifted(l.attributes, l.wanted())) > 0 {
			actions = append(actions, "elasticloadbalancing:ModifyLoadBalancerAttributes")
		}
	case event.Delete:
		actions = acts("elasticloadbalancing:DeleteLoadBalancer")
	case event.None:
	}
	return append(need, on(actions, arn))
}

// Permissions implements Permissioned.
func (t *TargetGroup) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("elasticloadbalancing:DescribeTargetGroups")}
	if t.ARN != "" || exists(do) {
		need = append(need, anywhere("elasticloadbalancing:DescribeTargetGroupAttributes"))
	}
	arn := s.ARN("elasticloadbalancing", "targetgroup/"+t.Owner.Short()+"-*/*")
	var actions []string
	remove := on(acts("elasticloadbalancing:DeleteTargetGroup"), arn)
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateTargetGroup", arn, arn)...)
		actions = acts("elasticloadbalancing:ModifyTargetGroupAttributes")
		if do == event.Replace {
			need = append(need, remove)
		}
	case event.Update:
		if t.found == nil || t.healthDrifted() {
			actions = append(actions, "elasticloadbalancing:ModifyTargetGroup")
		}
		if len(drifted(t.attributes, t.wanted())) > 0 {
			actions = append(actions, "elasticloadbalancing:ModifyTargetGroupAttributes")
		}
		if len(t.stale) > 0 {
			remove.Without = "the target group of an earlier port stays"
			need = append(need, remove)
		}
	case event.Delete:
		need = append(need, remove)
	case event.None:
	}
	return append(need, on(actions, arn))
}

// Permissions implements Permissioned.
func (l *Listener) Permissions(s *Scope, do event.Action) []Permission {
	var need []Permission
	if l.LoadBalancer.ARN != "" || exists(do) {
		need = append(need, anywhere("elasticloadbalancing:DescribeListeners"))
	}
	arn := l.LoadBalancer.pattern(s, "listener")
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateListener", arn, l.LoadBalancer.pattern(s, "loadbalancer"))...)
	case event.Update:
		need = append(need, on(acts("elasticloadbalancing:ModifyListener"), arn))
	case event.Delete:
		need = append(need, on(acts("elasticloadbalancing:DeleteListener"), arn))
	case event.None:
	}
	return need
}

// Permissions implements Permissioned.
func (r *ListenerRule) Permissions(s *Scope, do event.Action) []Permission {
	var need []Permission
	if r.Listener.ARN != "" || exists(do) {
		need = append(need, anywhere("elasticloadbalancing:DescribeRules"))
	}
	lb := r.Listener.LoadBalancer
	arn := lb.pattern(s, "listener-rule")
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateRule", arn, lb.pattern(s, "listener"))...)
	case event.Update:
		need = append(need, on(acts("elasticloadbalancing:ModifyRule"), arn))
	case event.Delete:
		need = append(need, on(acts("elasticloadbalancing:DeleteRule"), arn))
	case event.None:
	}
	return need
}

// Permissions implements Permissioned.
func (d *Distribution) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{anywhere("cloudfront:ListDistributions")}
	var actions []string
	if d.found || exists(do) {
		actions = acts("cloudfront:GetDistributionConfig")
	}
	switch do {
	case event.Create:
		actions = append(actions, "cloudfront:CreateDistribution", "cloudfront:TagResource", "cloudfront:GetDistribution")
	case event.Update, event.Replace:
		actions = append(actions, "cloudfront:UpdateDistribution", "cloudfront:GetDistribution")
	case event.Delete:
		actions = append(actions, "cloudfront:UpdateDistribution", "cloudfront:GetDistribution", "cloudfront:DeleteDistribution")
	case event.None:
		actions = append(actions, "cloudfront:GetDistribution")
	}
	which := "*"
	if d.ID != "" {
		which = d.ID
	}
	return append(need, on(actions, s.globalARN("cloudfront", "distribution/"+which)))
}

// Permissions implements Permissioned: the check of the address is no call of AWS.
func (e *Endpoint) Permissions(*Scope, event.Action) []Permission { return nil }
