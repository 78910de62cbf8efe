package traffic_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go/middleware"

	"berth/engine/resource"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// delegated is a public DNS that asks one zone's name servers for all that is in it.
type delegated struct {
	zone    string
	servers []*net.NS
}

func (d delegated) LookupNS(_ context.Context, name string) ([]*net.NS, error) {
	if name == d.zone {
		return d.servers, nil
	}
	return nil, nowhere(name)
}

func (delegated) LookupCNAME(_ context.Context, name string) (string, error) {
	return "", nowhere(name)
}

func (delegated) LookupHost(_ context.Context, name string) ([]string, error) {
	return nil, nowhere(name)
}

func (delegated) LookupTXT(_ context.Context, name string) ([]string, error) {
	return nil, nowhere(name)
}

func nowhere(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// anyKey asks for certificates with any kind of key. Moto makes RSA keys whichever kind RequestCertificate asks for, and
// then leaves them out where ListCertificates is asked for the kind that was wanted; AWS makes the kind that is asked for.
func anyKey(o *acm.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("any kind of key", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			if list, ok := in.Parameters.(*acm.ListCertificatesInput); ok && list.Includes != nil {
				list.Includes.KeyTypes = append(list.Includes.KeyTypes, acmtypes.KeyAlgorithmRsa2048)
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
}

// wholeLists gives lists of distributions what moto leaves out of them: the web ACL before each, which it tells of one
// distribution alone. AWS lists it.
func wholeLists(alone *cf.Client) func(*cf.Options) {
	return func(o *cf.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("whole lists", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				out, meta, err := next.HandleInitialize(ctx, in)
				list, ok := out.Result.(*cf.ListDistributionsOutput)
				if err != nil || !ok || list.DistributionList == nil {
					return out, meta, err
				}
				for i, one := range list.DistributionList.Items {
					whole, err := alone.GetDistributionConfig(ctx, &cf.GetDistributionConfigInput{Id: one.Id})
					if err != nil {
						return out, meta, err
					}
					list.DistributionList.Items[i].WebACLId = whole.DistributionConfig.WebACLId
				}
				return out, meta, nil
			}), middleware.Before)
		})
	}
}

// placed is a door in a network of the app's own: moto's default VPC has no internet gateway, where AWS's has one.
func placed(d *traffic.Door) *traffic.Door {
	n := &d.LoadBalancer.Network
	for i := range 2 {
		n.Subnets = append(n.Subnets, &network.Subnet{Owner: d.LoadBalancer.Owner, VPC: n.VPC, Index: i})
	}
	n.VPC.Own, n.Routes.Subnets = true, n.Subnets
	return d
}

// TestMotoDoor takes what visitors come in by through its life on moto_server. Moto knows neither CloudFront's VPC origins nor
// gateways of ECS.
func TestMotoDoor(t *testing.T) {
	t.Setenv("MOTO_ACM_VALIDATION_WAIT", "1") // seconds until a certificate is issued
	s := kindtest.Emulated(t)
	s.ACM, s.CloudFront = acm.New(s.ACM.Options(), anyKey), cf.New(s.CloudFront.Options(), wholeLists(s.CloudFront))
	made, err := s.Route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")})
	if err != nil {
		t.Fatal(err)
	}
	dns := delegated{zone: "example.com"}
	for _, n := range made.DelegationSet.NameServers {
		dns.servers = append(dns.servers, &net.NS{Host: n})
	}
	s.Resolver = dns
	var w kindtest.World
	door := func() *traffic.Door { return placed(plain(w)) }
	domain := func() *traffic.Door { return placed(named(w)) }
	wall := func(limit int) *traffic.Door { return placed(walled(w, limit, "www.wall.example.com")) }
	for _, one := range []struct {
		name, app       string
		wanted, changed func() resource.Resource
	}{
		{"certificate", "cert", func() resource.Resource { return domain().Certificate }, nil},
		{"validation", "proof", func() resource.Resource { return domain().Validation }, nil},
		{
			"load balancer", "lb", func() resource.Resource { return door().LoadBalancer },
			func() resource.Resource { return placed(build(w, 4000, 5*time.Minute)).LoadBalancer },
		},
		{"private load balancer", "within", func() resource.Resource { return within(w).LoadBalancer }, nil},
		{
			"target group", "group", func() resource.Resource { return door().Rule.TargetGroup },
			func() resource.Resource {
				g := door().Rule.TargetGroup
				g.Health.Path, g.DrainFor = "/ready", 20*time.Second
				return g
			},
		},
		{"listener", "plain", func() resource.Resource { return door().Listener }, nil},
		{"listener rule", "rule", func() resource.Resource { return door().Rule }, nil},
		{
			"HTTPS listener", "https", func() resource.Resource { return domain().HTTPS },
			func() resource.Resource {
				l := domain().HTTPS
				l.Headers = traffic.Headers{Security: true, HSTS: true}
				return l
			},
		},
		{"HTTPS rule", "names", func() resource.Resource { return domain().HTTPSRule }, nil},
		{"records", "records", func() resource.Resource { return domain().Records }, nil},
		{
			"firewall", "wall", func() resource.Resource { return wall(0).Firewall },
			func() resource.Resource { return wall(2000).Firewall },
		},
		{
			"distribution", "edge", func() resource.Resource { return door().Distribution },
			func() resource.Resource {
				d := door().Distribution
				d.Assets, d.Headers.Security = []string{"/assets/*"}, true
				return d
			},
		},
		{
			"firewall of the distribution", "moat", func() resource.Resource { return placed(walled(w, 0)).EdgeFirewall },
			func() resource.Resource { return placed(walled(w, 2000)).EdgeFirewall },
		},
	} {
		t.Run(one.name, func(t *testing.T) {
			w.Owner = resource.Owner{App: one.app, Env: "production"}
			s.Owner = w.Owner
			kindtest.Live(t, s, one.wanted, one.changed)
			kindtest.Gone(t, s, one.wanted)
		})
	}
}
