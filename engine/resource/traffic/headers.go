package traffic

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/resource"
)

// Headers are what browsers are told with each answer, beside what the app itself says.
type Headers struct {
	Security bool // guess no types, and show the app in no frame of another site
	HSTS     bool // come by HTTPS only, for a year; at names of the app's own
}

// securityHeaders is the managed policy of CloudFront for Headers.Security (engine/AWS.md, CloudFront).
const securityHeaders = "67f7725c-6f97-4210-82d7-5512b31e9d03"

// policy is the response headers policy that the distribution shall have: one of somebody else stays, unless ours is asked for.
func (d *Distribution) policy(have *string) string {
	switch {
	case d.Headers.Security:
		return securityHeaders
	case aws.ToString(have) == securityHeaders:
		return ""
	}
	return aws.ToString(have)
}

// headerPolicy is policy as CloudFront takes it, which knows no empty one.
func (d *Distribution) headerPolicy(b *cftypes.DefaultCacheBehavior) *string {
	if id := d.policy(b.ResponseHeadersPolicyId); id != "" {
		return &id
	}
	return nil
}

// said is what a listener adds to answers, by the name of its attribute (engine/AWS.md, Listeners).
func (h Headers) said() map[string]string {
	all := map[string]string{}
	if h.Security {
		all["routing.http.response.x_content_type_options.header_value"] = "nosniff"
		all["routing.http.response.x_frame_options.header_value"] = "SAMEORIGIN"
	}
	if h.HSTS {
		all["routing.http.response.strict_transport_security.header_value"] = "max-age=31536000"
	}
	return all
}

// Detail implements Detailer: what the listener adds to answers. Only one with a certificate can.
func (l *Listener) Detail(ctx context.Context, s *resource.Scope) error {
	l.headers = nil
	if l.Certificate == nil || l.ARN == "" {
		return nil
	}
	out, err := s.ELB.DescribeListenerAttributes(ctx, &elb.DescribeListenerAttributesInput{ListenerArn: &l.ARN})
	if !l.wantsHeaders() && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return resource.UnlessGone(err)
	}
	l.headers = map[string]string{}
	for _, a := range out.Attributes {
		l.headers[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return nil
}

func (l *Listener) wantsHeaders() bool { return len(l.Headers.said()) > 0 }

// otherHeaders are the attributes to set: what is asked for and not there, and what is there of ours and not asked for.
func (l *Listener) otherHeaders() map[string]string {
	set, want := map[string]string{}, l.Headers.said()
	for key, ours := range (Headers{Security: true, HSTS: true}).said() {
		have := l.headers[key]
		if asked, ok := want[key]; ok && have != asked {
			set[key] = asked
		} else if !ok && have == ours {
			set[key] = ""
		}
	}
	return set
}

// setHeaders has the listener add what is asked for, and nothing of ours that is not.
func (l *Listener) setHeaders(ctx context.Context, s *resource.Scope) error {
	set := l.otherHeaders()
	if l.Certificate == nil || len(set) == 0 {
		return nil
	}
	in := &elb.ModifyListenerAttributesInput{ListenerArn: &l.ARN}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		in.Attributes = append(in.Attributes, elbtypes.ListenerAttribute{Key: &key, Value: aws.String(set[key])})
	}
	if _, err := s.ELB.ModifyListenerAttributes(ctx, in); err != nil {
		return fmt.Errorf("change the headers of the listener: %w", err)
	}
	if l.headers == nil {
		l.headers = map[string]string{}
	}
	maps.Copy(l.headers, set)
	return nil
}
