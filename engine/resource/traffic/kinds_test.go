package traffic_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
	"berth/engine/sim"
)

// build is everything in front of the tasks, in the default VPC.
// health is how the tests' tasks are asked whether they are well.
var health = traffic.Health{Path: "/health", Interval: 5 * time.Second, Timeout: 4 * time.Second, Unhealthy: 3, Codes: "200-399"}

func build(w kindtest.World, port int, idle time.Duration, names ...string) *traffic.Door {
	vpc := &network.VPC{Owner: w.Owner}
	place := network.Network{VPC: vpc, Routes: &network.RouteTable{Owner: w.Owner, VPC: vpc, Gateway: &network.InternetGateway{Owner: w.Owner, VPC: vpc}}}
	balancer := &traffic.LoadBalancer{
		Owner: w.Owner, Network: place, IdleTimeout: idle,
		SecurityGroup: &network.SecurityGroup{Owner: w.Owner, Role: "lb", Label: "the load balancer's security group", VPC: vpc},
		LinkedRole: &access.ServiceLinkedRole{
			ID: "elb-service-role", Service: "elasticloadbalancing.amazonaws.com", Name: "AWSServiceRoleForElasticLoadBalancing",
		},
	}
	group := &traffic.TargetGroup{Owner: w.Owner, VPC: vpc, Port: port, Health: health, DrainFor: 10 * time.Second}
	a := traffic.Ask{Owner: w.Owner, Region: kindtest.Region, Want: traffic.ByCloudFront, Names: names, Secret: strings.Repeat("s", 52)}
	if len(names) > 0 {
		a.Want = traffic.ByDomain
	}
	return traffic.NewDoor(a, balancer, group)
}

func plain(w kindtest.World) *traffic.Door { return build(w, 4000, time.Minute) }

func TestLoadBalancer(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.LoadBalancer]{
		Wanted:  func(w kindtest.World) *traffic.LoadBalancer { return plain(w).LoadBalancer },
		Changed: func(w kindtest.World) *traffic.LoadBalancer { return build(w, 4000, 5*time.Minute).LoadBalancer },
		Drift: func(ctx context.Context, s *resource.Scope, l *traffic.LoadBalancer) error {
			_, err := s.ELB.ModifyLoadBalancerAttributes(ctx, &elb.ModifyLoadBalancerAttributesInput{
				LoadBalancerArn: &l.ARN, Attributes: []elbtypes.LoadBalancerAttribute{
					{Key: aws.String("routing.http.drop_invalid_header_fields.enabled"), Value: aws.String("false")},
				},
			})
			return err
		},
	})
}

// gateway is the door of an app behind an ECS gateway.
func gateway(w kindtest.World) *traffic.Gateway {
	d := plain(w)
	d.Want = traffic.ByGateway
	g := d.Gateway
	g.Role = access.NewRole(w.Owner, kindtest.Region, "gateway", "the role ECS manages the gateway with", func(*resource.Scope) string { return "" })
	g.Role.Trust, g.Role.Grants.Policies = traffic.GatewayTrust, []string{traffic.GatewayPolicy}
	return g
}

func TestGateway(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Gateway]{
		Wanted: gateway,
		Drift: func(ctx context.Context, s *resource.Scope, g *traffic.Gateway) error {
			_, err := s.ECS.UpdateGateway(ctx, &ecs.UpdateGatewayInput{Gateway: &g.ARN, InfrastructureRoleArn: aws.String(s.GlobalARN("iam", "role/other"))})
			time.Sleep(time.Minute)
			return err
		},
	})
}

func TestTargetGroup(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.TargetGroup]{
		Wanted:  func(w kindtest.World) *traffic.TargetGroup { return plain(w).Rule.TargetGroup },
		Changed: func(w kindtest.World) *traffic.TargetGroup { return build(w, 5000, time.Minute).Rule.TargetGroup },
		Drift: func(ctx context.Context, s *resource.Scope, g *traffic.TargetGroup) error {
			_, err := s.ELB.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{TargetGroupArn: &g.ARN, HealthCheckPath: aws.String("/other")})
			return err
		},
	})
}

func TestListener(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Listener]{
		Wanted: func(w kindtest.World) *traffic.Listener { return plain(w).Listener },
		Drift: func(ctx context.Context, s *resource.Scope, l *traffic.Listener) error {
			_, err := s.ELB.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &l.ARN, DefaultActions: []elbtypes.Action{{
				Type: elbtypes.ActionTypeEnumFixedResponse,
				FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
					StatusCode: aws.String("200"), ContentType: aws.String("text/plain"), MessageBody: aws.String("hello"),
				},
			}}})
			return err
		},
	})
}

func TestListenerRule(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.ListenerRule]{
		Wanted: func(w kindtest.World) *traffic.ListenerRule { return plain(w).Rule },
		Drift: func(ctx context.Context, s *resource.Scope, r *traffic.ListenerRule) error {
			_, err := s.ELB.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &r.ARN})
			return err
		},
	})
}

// within is the way into the network of a load balancer without public addresses.
func within(w kindtest.World) *traffic.VPCOrigin {
	vpc := &network.VPC{Owner: w.Owner, Own: true}
	gateway := &network.InternetGateway{Owner: w.Owner, VPC: vpc}
	place := network.Network{VPC: vpc, Routes: &network.RouteTable{Owner: w.Owner, VPC: vpc, Gateway: gateway}}
	for i := range 2 {
		place.Subnets = append(place.Subnets, &network.Subnet{Owner: w.Owner, VPC: vpc, Index: i})
		place.Inside = append(place.Inside, &network.Subnet{Owner: w.Owner, VPC: vpc, Index: 2 + i})
	}
	place.Routes.Subnets = place.Subnets
	balancer := &traffic.LoadBalancer{
		Owner: w.Owner, Network: place, IdleTimeout: time.Minute, Unneeded: true,
		SecurityGroup: &network.SecurityGroup{Owner: w.Owner, Role: "lb", Label: "the load balancer's security group", VPC: vpc},
		LinkedRole: &access.ServiceLinkedRole{
			ID: "elb-service-role", Service: "elasticloadbalancing.amazonaws.com", Name: "AWSServiceRoleForElasticLoadBalancing",
		},
	}
	group := &traffic.TargetGroup{Owner: w.Owner, VPC: vpc, Port: 4000, Health: health, DrainFor: 10 * time.Second, Unneeded: true}
	return traffic.NewDoor(traffic.Ask{
		Owner: w.Owner, Region: kindtest.Region, Want: traffic.ByCloudFront, Private: true, Secret: strings.Repeat("s", 52),
		Linked: &access.ServiceLinkedRole{ID: "edge-service-role", Service: "vpcorigin.cloudfront.amazonaws.com", Name: "AWSServiceRoleForCloudFrontVPCOrigin"},
	}, balancer, group).Inner.Origin
}

func TestVPCOrigin(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.VPCOrigin]{
		Wanted: within,
		Drift: func(ctx context.Context, s *resource.Scope, o *traffic.VPCOrigin) error {
			now, err := s.CloudFront.GetVpcOrigin(ctx, &cf.GetVpcOriginInput{Id: &o.ID})
			if err != nil {
				return err
			}
			_, err = s.CloudFront.DeleteVpcOrigin(ctx, &cf.DeleteVpcOriginInput{Id: &o.ID, IfMatch: now.ETag})
			return err
		},
	})
}

// Where nothing moves there is no handover; the engine's tests move apps between the load balancers.
func TestHandover(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Handover]{
		Step: true, Unplanned: true, Wanted: func(w kindtest.World) *traffic.Handover { return plain(w).Handover },
	})
}

func TestDistribution(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Distribution]{
		Wanted: func(w kindtest.World) *traffic.Distribution { return plain(w).Distribution },
		Changed: func(w kindtest.World) *traffic.Distribution {
			d := plain(w).Distribution
			d.Assets = []string{"/assets/*", "/images/*"}
			return d
		},
		Drift: func(ctx context.Context, s *resource.Scope, d *traffic.Distribution) error {
			out, err := s.CloudFront.GetDistributionConfig(ctx, &cf.GetDistributionConfigInput{Id: &d.ID})
			if err != nil {
				return err
			}
			out.DistributionConfig.Enabled = aws.Bool(false)
			_, err = s.CloudFront.UpdateDistribution(ctx, &cf.UpdateDistributionInput{
				Id: &d.ID, IfMatch: out.ETag, DistributionConfig: out.DistributionConfig,
			})
			return err
		},
	})
}

// zone makes the hosted zone that the names of the tests are in, and delegates it.
func zone(ctx context.Context, a *sim.Account, c *cloud.Clients) error {
	_, err := c.Route53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")})
	a.Delegate("example.com")
	return err
}

// named is the door of an app with names of its own.
func named(w kindtest.World, more ...string) *traffic.Door {
	names := []string{"www." + w.Owner.App + ".example.com"}
	for _, m := range more {
		names = append(names, m+"."+w.Owner.App+".example.com")
	}
	return build(w, 4000, time.Minute, names...)
}

func TestCertificate(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Certificate]{
		Before: zone,
		Wanted: func(w kindtest.World) *traffic.Certificate { return named(w).Certificate },
		Drift: func(ctx context.Context, s *resource.Scope, c *traffic.Certificate) error {
			_, err := s.ACM.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: &c.ARN})
			return err
		},
	})
}

func TestValidation(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Validation]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.Validation { return named(w).Validation },
		Changed: func(w kindtest.World) *traffic.Validation { return named(w, "api").Validation },
	})
}

func TestRecords(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Records]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.Records { return named(w).Records },
		Changed: func(w kindtest.World) *traffic.Records { return named(w, "api").Records },
		Drift: func(ctx context.Context, s *resource.Scope, r *traffic.Records) error {
			zones, err := s.Route53.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
			if err != nil {
				return err
			}
			name := r.Domain.Names[0] + "."
			out, err := s.Route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: zones.HostedZones[0].Id, StartRecordName: &name})
			if err != nil {
				return err
			}
			_, err = s.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
				HostedZoneId: zones.HostedZones[0].Id, ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{
					{Action: r53types.ChangeActionDelete, ResourceRecordSet: &out.ResourceRecordSets[0]},
				}},
			})
			return err
		},
	})
}

func TestHTTPSListener(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Listener]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.Listener { return named(w).HTTPS },
		Changed: func(w kindtest.World) *traffic.Listener { return named(w, "api").HTTPS },
		Drift: func(ctx context.Context, s *resource.Scope, l *traffic.Listener) error {
			_, err := s.ELB.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &l.ARN, SslPolicy: aws.String("ELBSecurityPolicy-2016-08")})
			return err
		},
	})
}

func TestHeadersOfListener(t *testing.T) {
	with := func(w kindtest.World, h traffic.Headers) *traffic.Listener {
		l := named(w).HTTPS
		l.Headers = h
		return l
	}
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Listener]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.Listener { return with(w, traffic.Headers{Security: true, HSTS: true}) },
		Changed: func(w kindtest.World) *traffic.Listener { return with(w, traffic.Headers{Security: true}) },
		Drift: func(ctx context.Context, s *resource.Scope, l *traffic.Listener) error {
			_, err := s.ELB.ModifyListenerAttributes(ctx, &elb.ModifyListenerAttributesInput{ListenerArn: &l.ARN, Attributes: []elbtypes.ListenerAttribute{
				{Key: aws.String("routing.http.response.x_frame_options.header_value"), Value: aws.String("DENY")},
			}})
			return err
		},
	})
}

func TestHeadersOfDistribution(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Distribution]{
		Wanted: func(w kindtest.World) *traffic.Distribution { return plain(w).Distribution },
		Changed: func(w kindtest.World) *traffic.Distribution {
			d := plain(w).Distribution
			d.Headers.Security = true
			return d
		},
	})
}

func TestHTTPSRule(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.ListenerRule]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.ListenerRule { return named(w).HTTPSRule },
		Changed: func(w kindtest.World) *traffic.ListenerRule { return named(w, "api").HTTPSRule },
		Drift: func(ctx context.Context, s *resource.Scope, r *traffic.ListenerRule) error {
			_, err := s.ELB.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &r.ARN})
			return err
		},
	})
}

// walled is a door with a firewall that lets some requests of each address through.
func walled(w kindtest.World, limit int, names ...string) *traffic.Door {
	d := build(w, 4000, time.Minute, names...)
	for _, f := range []*traffic.Firewall{d.Firewall, d.EdgeFirewall} {
		f.Filter = traffic.Filter{On: true, RateLimit: limit}
	}
	return d
}

func TestFirewall(t *testing.T) {
	name := func(w kindtest.World) string { return "www." + w.Owner.App + ".example.com" }
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Firewall]{
		Before:  zone,
		Wanted:  func(w kindtest.World) *traffic.Firewall { return walled(w, 0, name(w)).Firewall },
		Changed: func(w kindtest.World) *traffic.Firewall { return walled(w, 2000, name(w)).Firewall },
		Drift: func(ctx context.Context, s *resource.Scope, f *traffic.Firewall) error {
			_, err := s.WAF.DisassociateWebACL(ctx, &wafv2.DisassociateWebACLInput{ResourceArn: &f.Door.LoadBalancer.ARN})
			return err
		},
	})
}

func TestEdgeFirewall(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Firewall]{
		Wanted:  func(w kindtest.World) *traffic.Firewall { return walled(w, 0).EdgeFirewall },
		Changed: func(w kindtest.World) *traffic.Firewall { return walled(w, 2000).EdgeFirewall },
		Drift: func(ctx context.Context, s *resource.Scope, f *traffic.Firewall) error {
			d := f.Door.Distribution
			out, err := s.CloudFront.GetDistributionConfig(ctx, &cf.GetDistributionConfigInput{Id: &d.ID})
			if err != nil {
				return err
			}
			out.DistributionConfig.WebACLId = aws.String("")
			_, err = s.CloudFront.UpdateDistribution(ctx, &cf.UpdateDistributionInput{
				Id: &d.ID, IfMatch: out.ETag, DistributionConfig: out.DistributionConfig,
			})
			return err
		},
	})
}

func TestDomain(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Domain]{
		Before: zone, Step: true, Unplanned: true,
		Wanted: func(w kindtest.World) *traffic.Domain { return named(w).Domain },
	})
}
