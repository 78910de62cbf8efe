package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// GatewayPolicy is the managed policy of the role by which ECS looks after a gateway (engine/AWS.md, ECS Gateway).
const GatewayPolicy = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRoleForGatewayHostSharedALB"

// GatewayIdle is how long a connection through a gateway may be silent. It cannot be set (engine/AWS.md, ECS Gateway).
const GatewayIdle = 60 * time.Second

// Gateway is an ECS gateway: ECS makes a load balancer for it as soon as a service is connected, and gives that service
// an HTTPS name with a certificate. TLS ends at the load balancer, so the app sees X-Forwarded-Proto: https.
type Gateway struct {
	Owner         resource.Owner
	Network       network.Network
	SecurityGroup *network.SecurityGroup // says who gets in
	Role          *access.Role           // by which ECS looks after it
	Behind        []resource.Resource    // the cluster, which it is associated with
	Door          *Door

	ARN   string // output
	Route Route  // output: the zero Route while nothing is connected

	found   *ecstypes.Gateway
	touched bool // this run made or took it over
}

// Route is what leads visitors through a gateway to the app.
type Route struct {
	ARN   string
	State ecstypes.GatewayRouteStatus
	Host  string // the name that ECS gave the app
}

// Name is the gateway's name, which is known before it exists.
func (g *Gateway) Name() string { return g.Owner.Name() }

// Info implements Resource.
func (g *Gateway) Info() resource.Info {
	return resource.Info{
		ID: "gateway", Kind: "ecs.Gateway", Name: g.Name(), Label: "the ECS gateway", Group: resource.GroupTraffic,
		Usually: 2 * time.Second, Gone: 60 * time.Second,
	}
}

// Needs implements Resource.
func (g *Gateway) Needs() []resource.Need {
	return append(append(g.Network.Needs(), resource.After(g.SecurityGroup, g.Role)...), resource.After(g.Behind...)...)
}

// Wanted implements Optional.
func (g *Gateway) Wanted() bool { return g.Door.Want == ByGateway }

// Identifier implements Identified.
func (g *Gateway) Identifier() string { return g.ARN }

// Observe implements Resource. An endpoint that knows no gateways has none.
func (g *Gateway) Observe(ctx context.Context, s *resource.Scope) error {
	out, err := s.ECS.DescribeGateway(ctx, &ecs.DescribeGatewayInput{Gateway: aws.String(g.Name())})
	if cloud.NotFound(err) || !g.Wanted() && resource.Unseen(err) {
		g.found, g.ARN, g.Route = nil, "", Route{}
		return nil
	}
	if err != nil {
		return err
	}
	g.found, g.ARN = out.Gateway, aws.ToString(out.Gateway.GatewayArn)
	g.Route, err = g.Look(ctx, s)
	return err
}

// Look looks the app's route up as it is now.
func (g *Gateway) Look(ctx context.Context, s *resource.Scope) (found Route, err error) {
	p := ecs.NewListGatewayRoutesPaginator(s.ECS, &ecs.ListGatewayRoutesInput{Gateway: &g.ARN})
	err = resource.Pages(ctx, p, func(out *ecs.ListGatewayRoutesOutput) error {
		for _, r := range out.GatewayRoutes {
			if found.ARN == "" || found.State == ecstypes.GatewayRouteStatusDeleteInProgress {
				found = Route{ARN: aws.ToString(r.GatewayRouteArn), State: r.Status}
			}
		}
		return nil
	})
	if resource.UnlessGone(err) != nil || found.ARN == "" {
		return found, resource.UnlessGone(err)
	}
	out, err := s.ECS.DescribeGatewayRoute(ctx, &ecs.DescribeGatewayRouteInput{GatewayRouteArn: &found.ARN})
	if err != nil {
		return Route{}, resource.UnlessGone(err)
	}
	found.State = out.GatewayRoute.Status
	found.Host = strings.ToLower(strings.Trim(strings.TrimPrefix(aws.ToString(out.GatewayRoute.ServiceUrl), "https://"), "/"))
	return found, nil
}

// Exists implements Resource.
func (g *Gateway) Exists() bool { return g.found != nil && g.Stranger() == nil }

// Stranger implements Claimed.
func (g *Gateway) Stranger() *resource.Stranger {
	if g.found == nil || g.touched {
		return nil
	}
	return g.Owner.Stranger(resource.TagMap(g.found.Tags, func(t ecstypes.Tag) (k, v *string) { return t.Key, t.Value }))
}

// Stands is where the gateway that the app is reached by stands already.
func (g *Gateway) Stands(ctx context.Context, s *resource.Scope) (at network.Standing, err error) {
	if !g.Wanted() {
		return at, nil
	}
	out, err := s.ECS.DescribeGateway(ctx, &ecs.DescribeGatewayInput{Gateway: aws.String(g.Name())})
	if err != nil {
		return at, resource.UnlessGone(err)
	}
	g.found = out.Gateway
	at.Subnets = g.network().Subnets
	if len(at.Subnets) == 0 {
		return at, nil
	}
	subnets, err := s.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: at.Subnets})
	if cloud.NotFound(err) || err == nil && len(subnets.Subnets) == 0 {
		return network.Standing{}, nil
	}
	if err != nil {
		return at, err
	}
	at.VPC = aws.ToString(subnets.Subnets[0].VpcId)
	return at, nil
}

// network is where its load balancer stands, as observed.
func (g *Gateway) network() ecstypes.GatewayElbNetworkConfiguration {
	if c, ok := g.found.Configuration.(*ecstypes.DescribeGatewayConfigurationMemberHostSharedAlb); ok && c.Value.NetworkConfiguration != nil {
		return *c.Value.NetworkConfiguration
	}
	return ecstypes.GatewayElbNetworkConfiguration{}
}

// Diff implements Resource. AWS moves no gateway to other subnets; one that stands in others serves as well as long as
// they are of the same network, so that only its security group and its role are brought to what is wanted.
func (g *Gateway) Diff(s *resource.Scope) resource.Diff {
	if !g.Wanted() {
		return resource.Unwanted(g)
	}
	if g.found == nil {
		absent := resource.Absent()
		if why := g.Door.proposed; why != "" {
			absent.Why += "; " + why
		}
		return absent
	}
	var drift resource.Drift
	if was := aws.ToString(g.network().InboundSecurityGroup); was != g.SecurityGroup.ID {
		drift.Add("has another security group", resource.Field("security group", was, g.SecurityGroup.ID))
	}
	if was := aws.ToString(g.found.InfrastructureRoleArn); was != g.Role.RoleARN(s) {
		drift.Add("has another infrastructure role", resource.Field("role", was, g.Role.RoleARN(s)))
	}
	return drift.Diff()
}

// settlingRole are the errors of a role that was made a moment ago.
var settlingRole = []cloud.Retryable{
	{Code: "ClientException", Contains: "Role is not valid", For: 2 * time.Minute},
	{Code: "ClientException", Contains: "unable to assume the role", For: 2 * time.Minute},
	{Code: "InvalidParameterException", Contains: "unable to assume the role", For: 2 * time.Minute},
}

// Apply implements Resource.
func (g *Gateway) Apply(ctx context.Context, s *resource.Scope) error {
	if g.found != nil {
		return g.update(ctx, s, &ecs.UpdateGatewayInput{
			Gateway: &g.ARN, InfrastructureRoleArn: &g.Role.ARN,
			Configuration: &ecstypes.UpdateGatewayConfigurationMemberHostSharedAlb{Value: ecstypes.UpdateGatewayAlbConfiguration{
				NetworkConfiguration: &ecstypes.UpdateGatewayNetworkConfiguration{InboundSecurityGroup: &g.SecurityGroup.ID},
			}},
		})
	}
	err := s.Retry(ctx, append(settlingRole, network.Settling...), func(ctx context.Context) error {
		_, err := s.ECS.CreateGateway(ctx, &ecs.CreateGatewayInput{
			Name: aws.String(g.Name()), InfrastructureRoleArn: &g.Role.ARN, ClientToken: aws.String(g.Name()),
			Configuration: &ecstypes.GatewayConfigurationMemberHostSharedAlb{Value: ecstypes.HostSharedAlbConfiguration{
				Scheme: ecstypes.GatewayElbSchemeInternetFacing,
				NetworkConfiguration: &ecstypes.GatewayElbNetworkConfiguration{
					Subnets: g.Network.SubnetIDs(), InboundSecurityGroup: &g.SecurityGroup.ID, IpAddressType: ecstypes.GatewayElbIpAddressTypeIpv4,
				},
			}},
			Tags: g.Owner.ECSTags(resource.RoleGateway),
		})
		return err
	})
	if err != nil && !cloud.Is(err, "ConflictException") { // made by a call whose answer got lost
		return fmt.Errorf("create gateway: %w", err)
	}
	g.touched = err == nil
	return s.Adopt(ctx, g.Info().Label, func(ctx context.Context) error { return g.Observe(ctx, s) }, g.Exists)
}

// updating are the errors of a gateway that another update is still at work on.
var updating = []cloud.Retryable{{Code: "UpdateInProgressException", For: 5 * time.Minute}}

// update changes the gateway and waits until that is through.
func (g *Gateway) update(ctx context.Context, s *resource.Scope, in *ecs.UpdateGatewayInput) error {
	err := s.Retry(ctx, append(settlingRole, updating...), func(ctx context.Context) error {
		_, err := s.ECS.UpdateGateway(ctx, in)
		return err
	})
	if err != nil {
		return fmt.Errorf("update gateway: %w", err)
	}
	w := cloud.Wait{For: "the gateway to be updated", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, 20*time.Second, func(ctx context.Context) (bool, string, error) {
		out, err := s.ECS.DescribeGateway(ctx, &ecs.DescribeGatewayInput{Gateway: &g.ARN})
		if err != nil {
			return false, "", err
		}
		g.found = out.Gateway
		switch g.found.Status {
		case ecstypes.GatewayStatusUpdateInProgress:
			return false, "", nil
		case ecstypes.GatewayStatusUpdateFailed:
			return false, "", g.failure("AWS could not change the ECS gateway")
		default:
			return true, "", nil
		}
	})
}

// failure is an error with what AWS says about the gateway.
func (g *Gateway) failure(cause string) *fail.Error {
	return &fail.Error{
		Class: fail.Failed, Cause: cause, Evidence: g.reasons(),
		Remedy: `run the same command again; if it fails again, set https = "cloudfront" under [network]`, Setting: "network.https",
	}
}

// Why is what AWS says about the gateway just now, to explain what of it failed.
func (g *Gateway) Why(ctx context.Context, s *resource.Scope) string {
	if out, err := s.ECS.DescribeGateway(ctx, &ecs.DescribeGatewayInput{Gateway: &g.ARN}); err == nil {
		g.found = out.Gateway
	}
	return g.reasons()
}

func (g *Gateway) reasons() string {
	evidence := []string{aws.ToString(g.found.StatusReason)}
	for _, f := range g.found.Failures {
		for _, e := range f.Errors {
			evidence = append(evidence, strings.TrimSpace(aws.ToString(f.Arn)+" "+aws.ToString(e.Message)))
		}
	}
	return strings.TrimSpace(strings.Join(evidence, "\n"))
}

// Delete implements Resource. A gateway that still has a load balancer is waited for: that stands in the network that
// goes next. AWS protects gateways from being deleted, which is switched off for it.
func (g *Gateway) Delete(ctx context.Context, s *resource.Scope) error {
	if !g.Exists() {
		return nil
	}
	_, err := s.ECS.DisassociateGatewayFromCluster(ctx, &ecs.DisassociateGatewayFromClusterInput{Cluster: aws.String(g.Owner.Name()), Gateway: &g.ARN})
	if err != nil && !cloud.NotFound(err) && !cloud.Is(err, "InvalidParameterException", "ClusterNotFoundException") { // it is not associated
		return fmt.Errorf("disassociate the gateway from the cluster: %w", err)
	}
	if aws.ToBool(g.found.DeletionProtection) {
		err := g.update(ctx, s, &ecs.UpdateGatewayInput{Gateway: &g.ARN, DeletionProtection: aws.Bool(false)})
		if resource.UnlessGone(err) != nil {
			return err
		}
	}
	w := cloud.Wait{For: "the gateway's load balancer to go", Deadline: 15 * time.Minute}
	err = s.Poll(ctx, w, g.Info().Gone, func(ctx context.Context) (bool, string, error) {
		left, err := g.balancers(ctx, s)
		if cloud.NotFound(err) {
			return true, "", nil
		}
		return len(left) == 0, "", err
	})
	if err != nil {
		return err
	}
	err = s.Retry(ctx, append([]cloud.Retryable{{Code: "ResourceInUseException", For: 5 * time.Minute}}, updating...), func(ctx context.Context) error {
		_, err := s.ECS.DeleteGateway(ctx, &ecs.DeleteGatewayInput{Gateway: &g.ARN})
		return err
	})
	if resource.UnlessGone(err) != nil {
		return fmt.Errorf("delete gateway: %w", err)
	}
	return nil
}

// balancers are the load balancers that ECS has made for the gateway.
func (g *Gateway) balancers(ctx context.Context, s *resource.Scope) ([]ecstypes.ElbGatewayResources, error) {
	out, err := s.ECS.DescribeGatewayResources(ctx, &ecs.DescribeGatewayResourcesInput{Gateway: &g.ARN})
	if err != nil {
		return nil, err
	}
	if made, ok := out.GatewayResources.Resources.(*ecstypes.GatewayInfrastructureResourcesMemberHostSharedAlb); ok {
		return made.Value, nil
	}
	return nil, nil
}

// GatewayTrust lets ECS take the gateway's role on, for this account and region.
func GatewayTrust(s *resource.Scope) policy.Statement {
	return policy.Statement{
		Effect: "Allow", Principal: map[string]string{"Service": "ecs.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
		Condition: policy.Condition{
			"StringEquals": {"aws:SourceAccount": {s.Identity.Account}},
			"ArnLike":      {"aws:SourceArn": {s.ARN("ecs", "*")}},
		},
	}
}
