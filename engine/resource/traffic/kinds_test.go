package traffic_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// front is everything in front of the tasks, in the default VPC.
type front struct {
	balancer     *traffic.LoadBalancer
	group        *traffic.TargetGroup
	listener     *traffic.Listener
	rule         *traffic.ListenerRule
	distribution *traffic.Distribution
}

func build(w kindtest.World, port int, idle time.Duration) front {
	vpc := &network.VPC{Owner: w.Owner}
	place := network.Network{VPC: vpc, Routes: &network.RouteTable{Owner: w.Owner, VPC: vpc, Gateway: &network.InternetGateway{Owner: w.Owner, VPC: vpc}}}
	secret := &traffic.OriginSecret{Fresh: strings.Repeat("s", 52)}
	var f front
	f.balancer = &traffic.LoadBalancer{
		Owner: w.Owner, Network: place, IdleTimeout: idle,
		SecurityGroup: &network.SecurityGroup{Owner: w.Owner, Role: "lb", Label: "the load balancer's security group", VPC: vpc},
		LinkedRole: &access.ServiceLinkedRole{
			ID: "elb-service-role", Service: "elasticloadbalancing.amazonaws.com", Name: "AWSServiceRoleForElasticLoadBalancing",
		},
	}
	f.group = &traffic.TargetGroup{Owner: w.Owner, VPC: vpc, Port: port, HealthPath: "/health", DrainFor: 10 * time.Second}
	f.listener = &traffic.Listener{Owner: w.Owner, LoadBalancer: f.balancer}
	f.rule = &traffic.ListenerRule{Owner: w.Owner, Listener: f.listener, TargetGroup: f.group, Secret: secret}
	f.distribution = &traffic.Distribution{Owner: w.Owner, Region: kindtest.Region, LoadBalancer: f.balancer, Secret: secret}
	return f
}

func plain(w kindtest.World) front { return build(w, 4000, time.Minute) }

func TestLoadBalancer(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.LoadBalancer]{
		Wanted:  func(w kindtest.World) *traffic.LoadBalancer { return plain(w).balancer },
		Changed: func(w kindtest.World) *traffic.LoadBalancer { return build(w, 4000, 5*time.Minute).balancer },
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

func TestTargetGroup(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.TargetGroup]{
		Wanted:  func(w kindtest.World) *traffic.TargetGroup { return plain(w).group },
		Changed: func(w kindtest.World) *traffic.TargetGroup { return build(w, 5000, time.Minute).group },
		Drift: func(ctx context.Context, s *resource.Scope, g *traffic.TargetGroup) error {
			_, err := s.ELB.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{TargetGroupArn: &g.ARN, HealthCheckPath: aws.String("/other")})
			return err
		},
	})
}

func TestListener(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Listener]{
		Wanted: func(w kindtest.World) *traffic.Listener { return plain(w).listener },
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
		Wanted: func(w kindtest.World) *traffic.ListenerRule { return plain(w).rule },
		Drift: func(ctx context.Context, s *resource.Scope, r *traffic.ListenerRule) error {
			_, err := s.ELB.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &r.ARN})
			return err
		},
	})
}

func TestDistribution(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Distribution]{
		Wanted: func(w kindtest.World) *traffic.Distribution { return plain(w).distribution },
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
