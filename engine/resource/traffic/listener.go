package traffic

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// tlsPolicy is what the load balancer speaks: TLS 1.2 and 1.3 with forward secrecy (engine/AWS.md, Listeners).
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

// Listener takes requests on a port of the load balancer: 80, or 443 with the certificate of the domain. What no rule
// lets through it refuses; port 80 sends such requests to 443 once that is there.
type Listener struct {
	Owner        resource.Owner
	LoadBalancer *LoadBalancer
	Door         *Door
	Certificate  *Certificate // of port 443; nil for port 80
	First        *Listener    // the one on port 80, which has looked all of them up; nil for port 80 itself

	Headers Headers // of the one with a certificate

	ARN string // output

	headers map[string]string   // attributes, as observed
	all     []elbtypes.Listener // of the load balancer, as observed
	found   *elbtypes.Listener
}

func (l *Listener) port() int32 {
	if l.Certificate != nil {
		return 443
	}
	return 80
}

// Info implements Resource.
func (l *Listener) Info() resource.Info {
	i := resource.Info{
		ID: "listener", Kind: "elbv2.Listener", Name: fmt.Sprintf("%s:%d", l.LoadBalancer.Name(), l.port()), Label: "the listener",
		Group: resource.GroupTraffic, Usually: time.Second, Gone: time.Second,
	}
	if l.Certificate != nil {
		i.ID, i.Label = "https-listener", "the HTTPS listener"
	}
	return inside(l.LoadBalancer.Private, i)
}

// Needs implements Resource.
func (l *Listener) Needs() []resource.Need {
	needs := []resource.Need{{On: l.LoadBalancer, Observe: true}}
	if l.First != nil {
		needs = append(needs, resource.Need{On: l.First, Observe: true}, resource.Need{On: l.Certificate},
			resource.Need{On: l.Door.Validation, Ready: true})
	}
	return needs
}

// Wanted implements Optional.
func (l *Listener) Wanted() bool {
	if l.LoadBalancer.Unneeded {
		return false
	}
	if l.Certificate == nil {
		return l.Door.Want != Nobody && l.Door.Want != ByGateway
	}
	return l.Door.TLS()
}

// Identifier implements Identified.
func (l *Listener) Identifier() string { return l.ARN }

// Observe implements Resource.
func (l *Listener) Observe(ctx context.Context, s *resource.Scope) error {
	l.found, l.ARN = nil, ""
	if l.LoadBalancer.ARN == "" {
		return nil
	}
	if l.First != nil {
		l.all = l.First.all
	} else if err := l.list(ctx, s); err != nil {
		return err
	}
	l.pick()
	return nil
}

// pick finds this listener among all of the load balancer.
func (l *Listener) pick() {
	for i, found := range l.all {
		if aws.ToInt32(found.Port) == l.port() {
			l.found, l.ARN = &l.all[i], aws.ToString(found.ListenerArn)
		}
	}
}

// list looks all listeners of the load balancer up.
func (l *Listener) list(ctx context.Context, s *resource.Scope) error {
	l.all = nil
	p := elb.NewDescribeListenersPaginator(s.ELB, &elb.DescribeListenersInput{LoadBalancerArn: &l.LoadBalancer.ARN})
	return resource.UnlessGone(resource.Pages(ctx, p, func(out *elb.DescribeListenersOutput) error {
		l.all = append(l.all, out.Listeners...)
		return nil
	}))
}

// Exists implements Resource.
func (l *Listener) Exists() bool { return l.found != nil }

// Diff implements Resource.
func (l *Listener) Diff(s *resource.Scope) resource.Diff {
	if !l.Wanted() {
		return resource.Unwanted(l)
	}
	switch {
	case l.LoadBalancer.ARN == "" && l.found != nil:
		was := resource.Field("load balancer", aws.ToString(l.found.LoadBalancerArn), resource.NotYet)
		l.found, l.ARN = nil, ""
		return resource.Replaced("the load balancer is replaced", was)
	case l.found == nil:
		return resource.Absent()
	}
	var drift resource.Drift
	if was, want := byDefault(l.found.DefaultActions), byDefault(l.wanted()); was != want {
		drift.Add("has a different default action", resource.Field("default action", was, want))
	}
	if l.Certificate != nil {
		if was := aws.ToString(l.found.SslPolicy); was != tlsPolicy {
			drift.Add("has another TLS policy", resource.Field("TLS policy", was, tlsPolicy))
		}
		if was := l.certificate(); was != l.Certificate.ARN || was == "" {
			drift.Add("has another certificate", resource.Field("certificate", was, cmp.Or(l.Certificate.ARN, resource.NotYet)))
		}
		if set := l.otherHeaders(); len(set) > 0 {
			drift.Add("adds different response headers", attributes(l.headers, set)...)
		}
	}
	return drift.Diff()
}

// certificate is the ARN of the certificate that the listener has, as observed.
func (l *Listener) certificate() string {
	for _, c := range l.found.Certificates {
		return aws.ToString(c.CertificateArn)
	}
	return ""
}

// wanted is what happens to requests that no rule is for.
func (l *Listener) wanted() []elbtypes.Action {
	if l.Certificate == nil && l.Door.TLS() {
		return []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumRedirect,
			RedirectConfig: &elbtypes.RedirectActionConfig{
				Protocol: aws.String("HTTPS"), Port: aws.String("443"), Host: aws.String("#{host}"), Path: aws.String("/#{path}"),
				Query: aws.String("#{query}"), StatusCode: elbtypes.RedirectActionStatusCodeEnumHttp301,
			},
		}}
	}
	text := "Please use the https address of this app."
	if l.Certificate != nil {
		text = "Please use the name of this app."
	}
	return []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
			StatusCode: aws.String("403"), ContentType: aws.String("text/plain"), MessageBody: &text,
		},
	}}
}

// byDefault is what actions do, as a text.
func byDefault(actions []elbtypes.Action) string {
	var all []string
	for _, a := range actions {
		text := string(a.Type)
		if f := a.FixedResponseConfig; f != nil {
			text += " " + aws.ToString(f.StatusCode)
		}
		if r := a.RedirectConfig; r != nil {
			text += " to " + strings.ToLower(aws.ToString(r.Protocol)) + " port " + aws.ToString(r.Port)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// settlingCertificate are the errors of a certificate that was issued a moment ago.
var settlingCertificate = []cloud.Retryable{
	{Code: "CertificateNotFound", For: 2 * time.Minute},
	{Code: "CertificateNotFoundException", For: 2 * time.Minute},
	{Code: "UnsupportedCertificate", For: 2 * time.Minute},
}

// Apply implements Resource. A listener can be made while the load balancer is still being set up.
func (l *Listener) Apply(ctx context.Context, s *resource.Scope) error {
	if l.found != nil {
		return l.change(ctx, s)
	}
	in := &elb.CreateListenerInput{
		LoadBalancerArn: &l.LoadBalancer.ARN, Port: aws.Int32(l.port()), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: l.wanted(), Tags: l.Owner.ELBTags("listener"),
	}
	if l.Certificate != nil {
		in.Protocol, in.SslPolicy = elbtypes.ProtocolEnumHttps, aws.String(tlsPolicy)
		in.Certificates = []elbtypes.Certificate{{CertificateArn: &l.Certificate.ARN}}
	}
	err := s.Retry(ctx, settlingCertificate, func(ctx context.Context) error {
		out, err := s.ELB.CreateListener(ctx, in)
		if err == nil {
			l.found, l.ARN = &out.Listeners[0], aws.ToString(out.Listeners[0].ListenerArn)
		}
		return err
	})
	if cloud.Is(err, "DuplicateListener") { // made by a call whose answer got lost
		err := s.Adopt(ctx, l.Info().Label, func(ctx context.Context) error {
			defer l.pick()
			return l.list(ctx, s)
		}, l.Exists)
		if err != nil {
			return err
		}
		return l.change(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("create listener: %w", err)
	}
	return l.setHeaders(ctx, s)
}

// change brings a listener that is there to what is wanted.
func (l *Listener) change(ctx context.Context, s *resource.Scope) error {
	if d := l.Diff(s); d.Action != event.Update {
		return nil
	}
	if err := l.setHeaders(ctx, s); err != nil {
		return err
	}
	in := &elb.ModifyListenerInput{ListenerArn: &l.ARN, DefaultActions: l.wanted()}
	if l.Certificate != nil {
		in.SslPolicy = aws.String(tlsPolicy)
		in.Certificates = []elbtypes.Certificate{{CertificateArn: &l.Certificate.ARN}}
	}
	return s.Retry(ctx, settlingCertificate, func(ctx context.Context) error {
		out, err := s.ELB.ModifyListener(ctx, in)
		if err != nil {
			return fmt.Errorf("change listener: %w", err)
		}
		l.found = &out.Listeners[0]
		return nil
	})
}

// Delete implements Resource.
func (l *Listener) Delete(ctx context.Context, s *resource.Scope) error {
	if l.found == nil {
		return nil
	}
	_, err := s.ELB.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: l.found.ListenerArn})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned.
func (l *Listener) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	var need []resource.Permission
	if l.LoadBalancer.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeListeners"))
	}
	arn := l.LoadBalancer.pattern(s, "listener")
	if l.Certificate != nil && (l.ARN != "" || resource.Existing(do)) {
		look := resource.Anywhere("elasticloadbalancing:DescribeListenerAttributes")
		if !l.wantsHeaders() {
			look.Without = "response headers of an earlier deployment would stay"
		}
		need = append(need, look)
	}
	if l.Certificate != nil && (resource.Makes(do) && l.wantsHeaders() || do == event.Update && len(l.otherHeaders()) > 0) {
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:ModifyListenerAttributes"), arn))
	}
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateListener", arn, l.LoadBalancer.pattern(s, "loadbalancer"))...)
	case event.Update:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:ModifyListener"), arn))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:DeleteListener"), arn))
	case event.None:
	}
	return need
}

// Checks implements Checked: a door without encryption is warned of.
func (l *Listener) Checks(event.Action) []resource.Probe {
	if l.Certificate != nil || !l.Door.Open() || l.LoadBalancer.Private {
		return nil
	}
	return []resource.Probe{{ID: "unencrypted", Title: "encryption", Offline: true, Look: func(context.Context, *resource.Scope) resource.Finding {
		return resource.Finding{
			Verdict: resource.Warn, Text: "visitors reach the app over plain HTTP: anyone on the network path can read and change what they send, passwords included",
			Remedy: "remove network.https, or set network.domain",
		}
	}}}
}

// Costs implements Coster: what goes out to visitors that do not come by CloudFront.
func (l *Listener) Costs(b *price.Bill) {
	d := l.Door
	if l.LoadBalancer.Private {
		return
	}
	direct := l.Certificate != nil && d.TLS() && !d.CloudFront() && (d.Want != "" || d.Distribution.Host == "")
	if direct || l.Certificate == nil && d.Open() {
		b.Egress()
	}
}
