package sim

import (
	"fmt"
	"slices"
	"strconv"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbListeners are the listeners of load balancers.
func elbListeners() awsService {
	return awsService{
		operations: []operation{
			op(elbCreateListener, tagging("elasticloadbalancing:AddTags")), op(elbDescribeListeners, pages("Listeners", 400, 400)),
			op(elbModifyListener), op(elbDeleteListener),
		},
		list: func(v *inventory, r *region) {
			for _, lb := range r.elb().LoadBalancers {
				for _, l := range lb.Listeners {
					d := clone(*l)
					d.ARN, d.Rules = "", nil
					v.add("elasticloadbalancing.Listener", named(r, nil, lb.Name, fmt.Sprint(l.Port)), false, d, l.ARN)
				}
			}
		},
	}
}

type listener struct {
	ARN      string
	Port     int32
	Protocol string
	Certs    []string
	Policy   string
	Default  []elbtypes.Action
	Attrs    map[string]string
	Rules    []*rule // without the default one
	Tags     tagMap
}

func noListener(arn string) error {
	return &elbtypes.ListenerNotFoundException{Message: msg("One or more listeners not found: %s", arn)}
}

func (r *region) listener(arn string) (*loadBalancer, *listener) {
	for _, lb := range r.elb().LoadBalancers {
		if l := find(lb.Listeners, func(l *listener) bool { return l.ARN == arn }); l != nil {
			return lb, l
		}
	}
	return nil, nil
}

// targetsOf gives the target groups that actions forward to.
func targetsOf(actions []elbtypes.Action) []string {
	var out []string
	for _, a := range actions {
		if a.TargetGroupArn != nil {
			out = append(out, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, t := range a.ForwardConfig.TargetGroups {
				if arn := str(t.TargetGroupArn); arn != "" && !slices.Contains(out, arn) {
					out = append(out, arn)
				}
			}
		}
	}
	return out
}

// targets gives the target groups that a listener and its rules forward to.
func (l *listener) targets() []string {
	out := targetsOf(l.Default)
	for _, r := range l.Rules {
		out = append(out, targetsOf(r.Actions)...)
	}
	return out
}

// usersOf gives the load balancers that forward to a target group.
func (r *region) usersOf(tg string) []*loadBalancer {
	var out []*loadBalancer
	for _, lb := range r.elb().LoadBalancers {
		if slices.ContainsFunc(lb.Listeners, func(l *listener) bool { return slices.Contains(l.targets(), tg) }) {
			out = append(out, lb)
		}
	}
	return out
}

// checkActions checks the actions of a listener or rule of a load balancer.
func (c *call) checkActions(lb *loadBalancer, actions []elbtypes.Action) error {
	for _, a := range actions {
		switch a.Type {
		case elbtypes.ActionTypeEnumForward:
			if len(targetsOf([]elbtypes.Action{a})) == 0 {
				return validation("A target group ARN must be specified for an action of type 'forward'")
			}
		case elbtypes.ActionTypeEnumFixedResponse:
			if a.FixedResponseConfig == nil || str(a.FixedResponseConfig.StatusCode) == "" {
				return &elbtypes.InvalidLoadBalancerActionException{Message: msg("A fixed response needs a status code")}
			}
		case elbtypes.ActionTypeEnumRedirect:
			if a.RedirectConfig == nil {
				return &elbtypes.InvalidLoadBalancerActionException{Message: msg("A redirect configuration must be specified for an action of type 'redirect'")}
			}
		default:
			return &elbtypes.InvalidLoadBalancerActionException{Message: msg("The action type '%s' is not valid here", a.Type)}
		}
	}
	for _, arn := range targetsOf(actions) {
		t := c.r.targetGroup(arn)
		if t == nil {
			return noTargetGroup(arn)
		}
		if t.VPC != lb.VPC {
			return &elbtypes.InvalidConfigurationRequestException{Message: msg("The target group %s is in another VPC than the load balancer", t.Name)}
		}
		for _, other := range c.r.usersOf(arn) {
			if other != lb {
				return &elbtypes.TargetGroupAssociationLimitException{Message: msg("The following target groups cannot be associated with more than one load balancer: %s", arn)}
			}
		}
	}
	return nil
}

func elbCreateListener(c *call, in *elb.CreateListenerInput) (*elb.CreateListenerOutput, error) {
	return onBalancer(c, in.LoadBalancerArn, func(lb *loadBalancer) (*elb.CreateListenerOutput, error) {
		if err := c.checkActions(lb, in.DefaultActions); err != nil {
			return nil, err
		}
		if err := c.checkTLS(string(in.Protocol), in.Certificates, in.SslPolicy); err != nil {
			return nil, err
		}
		port := val(in.Port, 0)
		if port < 1 || port > 65535 || in.Protocol == "" {
			return nil, validation("A listener needs a protocol and a port from 1 to 65535")
		}
		if l := find(lb.Listeners, func(l *listener) bool { return l.Port == port }); l != nil {
			if l.Protocol == string(in.Protocol) && equalJSON(l.Default, in.DefaultActions) {
				return &elb.CreateListenerOutput{Listeners: []elbtypes.Listener{lb.listenerOut(l)}}, nil
			}
			return nil, &elbtypes.DuplicateListenerException{Message: msg("A listener already exists on this port for this load balancer '%s'", lb.ARN)}
		}
		l := &listener{
			ARN: elbARN(c, "listener/"+lb.suffix()+"/"+c.st.fresh(lb.ARN, strconv.Itoa(int(port)))[:16]), Port: port, Protocol: string(in.Protocol),
			Policy: str(in.SslPolicy), Default: clone(in.DefaultActions), Tags: elbTags(in.Tags),
		}
		if l.Protocol == string(elbtypes.ProtocolEnumHttps) && l.Policy == "" {
			l.Policy = sslPolicies[0]
		}
		for _, x := range in.Certificates {
			l.Certs = append(l.Certs, str(x.CertificateArn))
		}
		lb.Listeners = append(lb.Listeners, l)
		return &elb.CreateListenerOutput{Listeners: []elbtypes.Listener{lb.listenerOut(l)}}, nil
	})
}

func (lb *loadBalancer) listenerOut(l *listener) elbtypes.Listener {
	o := elbtypes.Listener{
		ListenerArn: new(l.ARN), LoadBalancerArn: new(lb.ARN), Port: new(l.Port), Protocol: elbtypes.ProtocolEnum(l.Protocol),
		DefaultActions: clone(l.Default),
	}
	if l.Policy != "" {
		o.SslPolicy = new(l.Policy)
	}
	for _, arn := range l.Certs {
		o.Certificates = append(o.Certificates, elbtypes.Certificate{CertificateArn: new(arn)})
	}
	return o
}

func elbDescribeListeners(c *call, in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
	out := &elb.DescribeListenersOutput{}
	if in.LoadBalancerArn != nil {
		lb := c.r.balancer(*in.LoadBalancerArn)
		if lb == nil {
			return nil, noBalancer(*in.LoadBalancerArn)
		}
		for _, l := range lb.Listeners {
			out.Listeners = append(out.Listeners, lb.listenerOut(l))
		}
	}
	for _, arn := range in.ListenerArns {
		lb, l := c.r.listener(arn)
		if l == nil {
			return nil, noListener(arn)
		}
		out.Listeners = append(out.Listeners, lb.listenerOut(l))
	}
	return out, nil
}

func elbModifyListener(c *call, in *elb.ModifyListenerInput) (*elb.ModifyListenerOutput, error) {
	lb, l := c.r.listener(str(in.ListenerArn))
	if l == nil {
		return nil, noListener(str(in.ListenerArn))
	}
	if err := c.checkActions(lb, in.DefaultActions); err != nil {
		return nil, err
	}
	if protocol := val(orNil(string(in.Protocol)), l.Protocol); len(in.Certificates) > 0 || protocol != l.Protocol || in.SslPolicy != nil {
		certs := in.Certificates
		if len(certs) == 0 && len(l.Certs) > 0 && protocol == l.Protocol {
			certs = []elbtypes.Certificate{{CertificateArn: new(l.Certs[0])}}
		}
		if err := c.checkTLS(protocol, certs, in.SslPolicy); err != nil {
			return nil, err
		}
	}
	if len(in.DefaultActions) > 0 {
		l.Default = clone(in.DefaultActions)
	}
	if in.Port != nil {
		l.Port = *in.Port
	}
	if in.Protocol != "" {
		l.Protocol = string(in.Protocol)
	}
	if in.SslPolicy != nil {
		l.Policy = *in.SslPolicy
	}
	if len(in.Certificates) > 0 {
		l.Certs = []string{str(in.Certificates[0].CertificateArn)}
	}
	return &elb.ModifyListenerOutput{Listeners: []elbtypes.Listener{lb.listenerOut(l)}}, nil
}

func elbDeleteListener(c *call, in *elb.DeleteListenerInput) (*elb.DeleteListenerOutput, error) {
	lb, l := c.r.listener(str(in.ListenerArn))
	if l == nil {
		return nil, noListener(str(in.ListenerArn))
	}
	lb.Listeners = remove(lb.Listeners, l)
	return &elb.DeleteListenerOutput{}, nil
}
