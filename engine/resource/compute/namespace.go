package compute

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// negativeTTL is for how many seconds a node may believe that there are no others: it caps how long two nodes
// that start at the same moment stay apart.
const negativeTTL = 15

// Namespace is the private DNS zone in which the app's tasks find each other (AWS Cloud Map).
type Namespace struct {
	resource.Claim
	Owner    resource.Owner
	VPC      *network.VPC
	Unwanted bool // the app does without; one that is left goes

	ID string // output

	arn string
}

// Name is the zone's name. It is known before the namespace exists.
func (n *Namespace) Name() string { return n.Owner.Env + "." + n.Owner.App + ".internal" }

// Info implements Resource.
func (n *Namespace) Info() resource.Info {
	return resource.Info{
		ID: "namespace", Kind: "servicediscovery.Namespace", Name: n.Name(), Label: "the private DNS zone",
		Group: resource.GroupNetwork, Usually: 60 * time.Second, Gone: 30 * time.Second,
	}
}

// Wanted implements Optional.
func (n *Namespace) Wanted() bool { return !n.Unwanted }

// Needs implements Resource.
func (n *Namespace) Needs() []resource.Need { return resource.After(n.VPC) }

// Identifier implements Identified.
func (n *Namespace) Identifier() string { return n.ID }

// privateZones asks for all private DNS zones.
var privateZones = &sd.ListNamespacesInput{Filters: []sdtypes.NamespaceFilter{
	{Name: sdtypes.NamespaceFilterNameType, Values: []string{"DNS_PRIVATE"}},
}}

// Observe implements Resource.
func (n *Namespace) Observe(ctx context.Context, s *resource.Scope) error {
	pages := sd.NewListNamespacesPaginator(s.CloudMap, privateZones)
	return resource.Pages(ctx, pages, func(out *sd.ListNamespacesOutput) error {
		for _, ns := range out.Namespaces {
			if aws.ToString(ns.Name) == n.Name() {
				n.ID, n.arn = aws.ToString(ns.Id), aws.ToString(ns.Arn)
			}
		}
		return nil
	})
}

// Detail implements Detailer: whose the zone is.
func (n *Namespace) Detail(ctx context.Context, s *resource.Scope) error {
	if n.ID == "" {
		return nil
	}
	tags, err := cloudMapTags(ctx, s.Clients, n.arn)
	return n.Judge(n.Owner, tags, err)
}

// Exists implements Resource.
func (n *Namespace) Exists() bool { return n.ID != "" && n.Ours() }

// Diff implements Resource.
func (n *Namespace) Diff(s *resource.Scope) resource.Diff {
	if n.Unwanted {
		return resource.Unwanted(n)
	}
	if n.ID == "" {
		return resource.Diff{Action: event.Create, Why: "the tasks find each other by DNS"}
	}
	return resource.None()
}

// Apply implements Resource. Two zones of one name cannot be; the request id is a new one each time, because AWS
// remembers those of zones that are gone.
func (n *Namespace) Apply(ctx context.Context, s *resource.Scope) error {
	if n.ID != "" {
		return nil
	}
	out, err := s.CloudMap.CreatePrivateDnsNamespace(ctx, &sd.CreatePrivateDnsNamespaceInput{
		Name: aws.String(n.Name()), Vpc: &n.VPC.ID, CreatorRequestId: aws.String(rand.Text()),
		Properties: &sdtypes.PrivateDnsNamespaceProperties{DnsProperties: &sdtypes.PrivateDnsPropertiesMutable{
			SOA: &sdtypes.SOA{TTL: aws.Int64(negativeTTL)},
		}},
		Tags: n.Owner.CloudMapTags("namespace"),
	})
	var operation *string
	switch {
	case cloud.Is(err, "NamespaceAlreadyExists"):
		return n.see(ctx, s)
	case cloud.Is(err, "DuplicateRequest"):
		operation = duplicateOperation(err)
	case err != nil:
		return fmt.Errorf("create namespace: %w", err)
	default:
		operation = out.OperationId
	}
	if err := cloudMapOperation(ctx, s, operation, "the private DNS zone", n.Info().Usually); err != nil {
		return err
	}
	return n.see(ctx, s)
}

// see looks until the namespace that was made is in the list.
func (n *Namespace) see(ctx context.Context, s *resource.Scope) error {
	return s.Adopt(ctx, n.Info().Label, func(ctx context.Context) error { return n.Observe(ctx, s) }, n.Exists)
}

// Delete implements Resource.
func (n *Namespace) Delete(ctx context.Context, s *resource.Scope) error {
	if n.ID == "" {
		return nil
	}
	var operation *string
	err := s.Retry(ctx, cloudMapBusy, func(ctx context.Context) error {
		out, err := s.CloudMap.DeleteNamespace(ctx, &sd.DeleteNamespaceInput{Id: &n.ID})
		if err == nil {
			operation = out.OperationId
		}
		return err
	})
	switch {
	case cloud.NotFound(err):
		return nil
	case cloud.Is(err, "DuplicateRequest"):
		operation = duplicateOperation(err)
	case err != nil:
		return fmt.Errorf("delete namespace: %w", err)
	}
	return cloudMapOperation(ctx, s, operation, "the private DNS zone to go", n.Info().Gone)
}

// Permissions implements Permissioned. Cloud Map makes and removes a hosted zone in the caller's name
// (engine/AWS.md, Permissions).
func (n *Namespace) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("servicediscovery:ListNamespaces")}
	namespaces, zones := s.ARN("servicediscovery", "namespace/*"), "arn:"+s.Identity.Partition+":route53:::hostedzone/*"
	switch do {
	case event.Create:
		create := resource.Anywhere("servicediscovery:CreatePrivateDnsNamespace")
		create.When = n.Owner.Tagged("aws:RequestTag")
		need = append(need, create, resource.On(resource.Actions("servicediscovery:TagResource"), namespaces),
			resource.Anywhere("servicediscovery:GetOperation", "ec2:DescribeRegions", "ec2:DescribeVpcs", "route53:CreateHostedZone", "route53:ListHostedZonesByName"),
			resource.On(resource.Actions("route53:GetHostedZone", "route53:AssociateVPCWithHostedZone"), zones))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("servicediscovery:DeleteNamespace"), namespaces),
			resource.Anywhere("servicediscovery:GetOperation"), resource.On(resource.Actions("route53:GetHostedZone", "route53:DeleteHostedZone"), zones))
	case event.None, event.Update, event.Replace:
	}
	if n.ID != "" || resource.Existing(do) {
		need = append(need, resource.Whose("servicediscovery:ListTagsForResource", "a private DNS zone", namespaces))
	}
	return need
}

// Costs implements Coster: a hosted zone.
func (n *Namespace) Costs(b *price.Bill) {
	if !n.Unwanted {
		b.PrivateZone()
	}
}

// AsFound implements AsFound: a zone that is there is billed, wanted or not.
func (n *Namespace) AsFound(context.Context, *resource.Scope) error {
	n.Unwanted = n.Unwanted && !n.Exists()
	return nil
}

// Namespaces lists the private DNS zones of all apps and the names in them.
var Namespaces = resource.Listing{What: "private DNS zones", List: listNamespaces}

// namespaceName is how private DNS zones of ours are called: env.app.internal.
var namespaceName = pattern(`^[^.]+\.[^.]+\.internal$`)

func listNamespaces(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	ids := map[string]string{} // by ARN
	p := sd.NewListNamespacesPaginator(s.CloudMap, privateZones)
	err := resource.Pages(ctx, p, func(out *sd.ListNamespacesOutput) error {
		for _, n := range out.Namespaces {
			if name, arn := aws.ToString(n.Name), aws.ToString(n.Arn); namespaceName().MatchString(name) {
				ids[arn] = aws.ToString(n.Id)
				all = append(all, resource.Found{
					Kind: "servicediscovery.Namespace", Name: name, ARN: arn, Like: &Namespace{}, Unused: notInDNS,
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.AddByARN(ctx, all, cloudMapTags)
	if err != nil {
		return err
	}
	for _, zone := range slices.Clone(s.Found) { // those that are ours
		if err := listDiscovery(ctx, s, zone, ids[zone.ARN]); err != nil {
			return err
		}
	}
	return nil
}

// notInDNS is why a DNS zone or name is left over in an app that lives.
func notInDNS(a *resource.App) string {
	if a.InDNS {
		return ""
	}
	return "the tasks are no longer registered in DNS"
}
