package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// cfVPCOrigins are the ways of CloudFront to load balancers without public addresses (engine/AWS.md, CloudFront).
func cfVPCOrigins() awsService {
	return awsService{
		operations: []operation{
			op(cfCreateVpcOrigin, also("cloudfront:TagResource"), also(originLooks...)), op(cfGetVpcOrigin), op(cfListVpcOrigins, pages("VpcOriginList.Items", 100, 100)), op(cfDeleteVpcOrigin),
		},
		latencies: map[lat]time.Duration{
			latVPCOrigin:     540 * time.Second, // about 9 minutes, 15 to 30 at times
			latVPCOriginGone: 180 * time.Second,
		},
		roles:      map[string]string{"vpcorigin.cloudfront.amazonaws.com": "AWSServiceRoleForCloudFrontVPCOrigin"},
		interfaces: vpcOriginInterfaces,
		holds: func(w *world, vpc string) bool { // by the security group that CloudFront makes for itself
			return slices.ContainsFunc(vpcOriginInterfaces(w, w.st.Now), func(n netInterface) bool { return n.VPC == vpc })
		},
		listGlobal: func(v *inventory) {
			for _, o := range v.st.vpcOrigins(v.now) {
				v.add("cloudfront.VpcOrigin", str(o.Config.Name), false, map[string]any{"Config": o.Config, "Tags": o.Tags, "Status": o.status(v.now)}, o.ID)
			}
		},
	}
}

const (
	latVPCOrigin     lat = "cloudfront.vpcorigin"
	latVPCOriginGone lat = "cloudfront.vpcorigin.gone"
)

// originLooks is what making a VPC origin looks at in the caller's name.
var originLooks = []string{
	"ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeLoadBalancers",
}

// maxVPCOrigins is how many an account may have.
const maxVPCOrigins = 25

// vpcOrigin is a way into a VPC. It is kept until it is gone.
type vpcOrigin struct {
	ID       string
	ARN      string
	Config   *cftypes.VpcOriginEndpointConfig
	ETag     int
	Created  time.Time
	Deployed time.Time
	Gone     time.Time // zero while nobody deletes it
	Tags     tagMap
}

func (o *vpcOrigin) etag() string { return "V" + strconv.Itoa(o.ETag) + o.ID[3:] }

func (o *vpcOrigin) gone(now time.Time) bool { return !o.Gone.IsZero() && !now.Before(o.Gone) }

func (o *vpcOrigin) status(now time.Time) string {
	switch {
	case !o.Gone.IsZero():
		return "Deleting"
	case now.Before(o.Deployed):
		return "Deploying"
	}
	return "Deployed"
}

// vpcOrigins are those that are not gone.
func (st *state) vpcOrigins(now time.Time) []*vpcOrigin {
	return slices.DeleteFunc(slices.Clone(st.cloudFront().VPCOrigins), func(o *vpcOrigin) bool { return o.gone(now) })
}

// vpcOrigin is the one with that id, nil when there is none.
func (st *state) vpcOrigin(id string, now time.Time) *vpcOrigin {
	return find(st.vpcOrigins(now), func(o *vpcOrigin) bool { return o.ID == id })
}

// leadsInto says whether a VPC origin leads to a load balancer.
func (st *state) leadsInto(arn string, now time.Time) bool {
	return slices.ContainsFunc(st.vpcOrigins(now), func(o *vpcOrigin) bool { return str(o.Config.Arn) == arn })
}

// vpcOriginInterfaces are those that CloudFront keeps in the subnets of load balancers.
func vpcOriginInterfaces(w *world, now time.Time) (out []netInterface) {
	for _, o := range w.st.vpcOrigins(now) {
		lb := w.r.balancer(str(o.Config.Arn))
		if lb == nil {
			continue
		}
		for _, id := range lb.Subnets {
			s := w.r.subnet(id)
			if s == nil {
				continue
			}
			key := stableID(o.ARN, id)
			out = append(out, netInterface{
				ID: "eni-0" + key[:16], VPC: s.VPC, Subnet: id, IP: address(s.CIDR, key), Description: "CloudFront managed ENI for VPC origin " + o.ID,
				Requester: "amazon-cloudfront", Type: "interface",
			})
		}
	}
	return out
}

func cfCreateVpcOrigin(c *call, in *cloudfront.CreateVpcOriginInput) (*cloudfront.CreateVpcOriginOutput, error) {
	cfg := in.VpcOriginEndpointConfig
	lb, r := c.st.balancerAt(str(cfg.Arn))
	switch {
	case lb == nil:
		return nil, &cftypes.InvalidArgument{Message: msg("The parameter Arn is invalid: no load balancer %s", str(cfg.Arn))}
	case c.now.Before(lb.Active):
		return nil, &cftypes.InvalidArgument{Message: msg("The load balancer %s is not active.", str(cfg.Arn))}
	case find(r.ec2().Gateways, func(g *gateway) bool { return g.VPC == lb.VPC }) == nil:
		return nil, &cftypes.InvalidArgument{Message: msg("The VPC %s has no internet gateway attached.", lb.VPC)}
	}
	have := c.st.vpcOrigins(c.now)
	c.st.cloudFront().VPCOrigins = have
	if slices.ContainsFunc(have, func(o *vpcOrigin) bool { return str(o.Config.Name) == str(cfg.Name) }) {
		return nil, &cftypes.EntityAlreadyExists{Message: msg("A VPC origin with the name %s exists already.", str(cfg.Name))}
	}
	if n, ok := c.a.quota("vpcorigin"); ok && len(have) >= n || len(have) >= maxVPCOrigins {
		return nil, &cftypes.EntityLimitExceeded{Message: msg("The maximum number of VPC origins has been reached.")}
	}
	if _, err := c.linked("vpcorigin.cloudfront.amazonaws.com", "cloudfront"); err != nil {
		return nil, err
	}
	key := c.st.fresh("vpcorigin", str(cfg.Name))
	o := &vpcOrigin{ID: "vo_" + lettersOf(key, 22), Config: clone(cfg), ETag: 1, Created: c.now, Tags: cfTags(in.Tags)}
	o.ARN = fmt.Sprintf("arn:aws:cloudfront::%s:vpcorigin/%s", c.st.Account, o.ID)
	o.Deployed = c.now.Add(c.a.delay(latVPCOrigin, o.ID))
	c.st.cloudFront().VPCOrigins = append(c.st.cloudFront().VPCOrigins, o)
	return &cloudfront.CreateVpcOriginOutput{VpcOrigin: c.vpcOriginOut(o), ETag: new(o.etag())}, nil
}

func (c *call) vpcOriginOut(o *vpcOrigin) *cftypes.VpcOrigin {
	return &cftypes.VpcOrigin{
		Id: new(o.ID), Arn: new(o.ARN), Status: new(o.status(c.now)), CreatedTime: new(o.Created), LastModifiedTime: new(o.Created),
		AccountId: new(c.st.Account), VpcOriginEndpointConfig: clone(o.Config),
	}
}

func cfGetVpcOrigin(c *call, in *cloudfront.GetVpcOriginInput) (*cloudfront.GetVpcOriginOutput, error) {
	o := c.st.vpcOrigin(str(in.Id), c.now)
	if o == nil {
		return nil, noVPCOrigin(str(in.Id))
	}
	return &cloudfront.GetVpcOriginOutput{VpcOrigin: c.vpcOriginOut(o), ETag: new(o.etag())}, nil
}

func noVPCOrigin(id string) error {
	return &cftypes.EntityNotFound{Message: msg("The VPC origin %s does not exist.", id)}
}

func cfListVpcOrigins(c *call, in *cloudfront.ListVpcOriginsInput) (*cloudfront.ListVpcOriginsOutput, error) {
	list := &cftypes.VpcOriginList{Marker: new(str(in.Marker)), MaxItems: new(int32(100)), IsTruncated: new(false)}
	for _, o := range c.st.vpcOrigins(c.now) {
		list.Items = append(list.Items, cftypes.VpcOriginSummary{
			Id: new(o.ID), Arn: new(o.ARN), Name: new(str(o.Config.Name)), Status: new(o.status(c.now)), CreatedTime: new(o.Created),
			LastModifiedTime: new(o.Created), OriginEndpointArn: new(str(o.Config.Arn)), AccountId: new(c.st.Account),
		})
	}
	list.Quantity = new(int32(len(list.Items)))
	return &cloudfront.ListVpcOriginsOutput{VpcOriginList: list}, nil
}

func cfDeleteVpcOrigin(c *call, in *cloudfront.DeleteVpcOriginInput) (*cloudfront.DeleteVpcOriginOutput, error) {
	o := c.st.vpcOrigin(str(in.Id), c.now)
	switch {
	case o == nil:
		return nil, noVPCOrigin(str(in.Id))
	case str(in.IfMatch) == "":
		return nil, &cftypes.InvalidIfMatchVersion{Message: msg("The If-Match version is missing or not valid for the resource.")}
	case *in.IfMatch != o.etag():
		return nil, &cftypes.PreconditionFailed{Message: msg("The request failed because it didn't meet the preconditions in one or more request-header fields.")}
	}
	for _, d := range c.st.cloudFront().Distributions {
		if d.goesBy(o.ID, c.now) {
			return nil, &cftypes.CannotDeleteEntityWhileInUse{Message: msg("The VPC origin %s is in use by a distribution.", o.ID)}
		}
	}
	if o.Gone.IsZero() {
		o.Gone = c.now.Add(c.a.delay(latVPCOriginGone, o.ID))
	}
	return &cloudfront.DeleteVpcOriginOutput{}, nil
}

// goesBy says whether a distribution leads to a VPC origin, by its configuration or by the one that edges still serve.
func (d *distribution) goesBy(id string, now time.Time) bool {
	for _, cfg := range []*cftypes.DistributionConfig{d.Config, d.serving(now)} {
		if cfg == nil {
			continue
		}
		for _, o := range cfg.Origins.Items {
			if o.VpcOriginConfig != nil && str(o.VpcOriginConfig.VpcOriginId) == id {
				return true
			}
		}
	}
	return false
}

// checkVPCOrigin checks an origin of a distribution that leads into a VPC.
func (c *call) checkVPCOrigin(o cftypes.Origin) error {
	if o.VpcOriginConfig == nil {
		return nil
	}
	at := c.st.vpcOrigin(str(o.VpcOriginConfig.VpcOriginId), c.now)
	switch {
	case o.CustomOriginConfig != nil || o.S3OriginConfig != nil:
		return &cftypes.InvalidOrigin{Message: msg("The origin %s has more than one origin configuration.", str(o.Id))}
	case at == nil:
		return noVPCOrigin(str(o.VpcOriginConfig.VpcOriginId))
	case at.status(c.now) != "Deployed":
		return &cftypes.InvalidArgument{Message: msg("The VPC origin %s is not deployed.", at.ID)}
	}
	return nil
}

// balancerAt is the load balancer with that ARN, in whichever region it is.
func (st *state) balancerAt(arn string) (*loadBalancer, *region) {
	for _, n := range st.regionNames() {
		if lb := st.Regions[n].balancer(arn); lb != nil {
			return lb, st.Regions[n]
		}
	}
	return nil, nil
}
