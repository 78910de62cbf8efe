package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
)

// negativeTTL is for how many seconds a node may believe that there are no others: it caps how long two nodes
// that start at the same moment stay apart.
const negativeTTL = 15

// Namespace is the private DNS zone in which the app's tasks find each other (AWS Cloud Map).
type Namespace struct {
	Owner    Owner
	VPC      *VPC
	Unwanted bool // the app does without; one that is left goes

	ID string // output
}

// Name is the zone's name. It is known before the namespace exists.
func (n *Namespace) Name() string { return n.Owner.Env + "." + n.Owner.App + ".internal" }

// Info implements Resource.
func (n *Namespace) Info() Info {
	return Info{
		ID: "namespace", Kind: "servicediscovery.Namespace", Name: n.Name(), Label: "the private DNS zone",
		Group: GroupNetwork, Usually: 60 * time.Second, Gone: 30 * time.Second,
	}
}

// Needs implements Resource.
func (n *Namespace) Needs() []Need { return after(n.VPC) }

// Usage implements Coster: a hosted zone.
func (n *Namespace) Usage() []price.Item {
	if n.Unwanted {
		return nil
	}
	return []price.Item{{SKU: "route53.zone_month", Item: "private DNS zone", Quantity: 1}}
}

// Observe implements Resource.
func (n *Namespace) Observe(ctx context.Context, s *Scope) error {
	pages := sd.NewListNamespacesPaginator(s.CloudMap, &sd.ListNamespacesInput{Filters: []sdtypes.NamespaceFilter{
		{Name: sdtypes.NamespaceFilterNameType, Values: []string{"DNS_PRIVATE"}},
	}})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, ns := range out.Namespaces {
			if aws.ToString(ns.Name) == n.Name() {
				n.ID = aws.ToString(ns.Id)
			}
		}
	}
	return nil
}

// Exists implements Resource.
func (n *Namespace) Exists() bool { return n.ID != "" }

// Diff implements Resource.
func (n *Namespace) Diff() Diff {
	if n.Unwanted {
		return unwanted(n)
	}
	if n.ID == "" {
		return Diff{Action: event.Create, Why: "the tasks find each other by DNS"}
	}
	return none()
}

// Apply implements Resource. The caller reference is the same each time, so that AWS never makes two.
func (n *Namespace) Apply(ctx context.Context, s *Scope) error {
	if n.ID != "" {
		return nil
	}
	out, err := s.CloudMap.CreatePrivateDnsNamespace(ctx, &sd.CreatePrivateDnsNamespaceInput{
		Name: aws.String(n.Name()), Vpc: &n.VPC.ID, CreatorRequestId: aws.String(digest(n.Owner.Name() + "-" + n.VPC.ID)[:32]),
		Properties: &sdtypes.PrivateDnsNamespaceProperties{DnsProperties: &sdtypes.PrivateDnsPropertiesMutable{
			SOA: &sdtypes.SOA{TTL: aws.Int64(negativeTTL)},
		}},
		Tags: n.Owner.cloudMapTags("namespace"),
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
func (n *Namespace) see(ctx context.Context, s *Scope) error {
	return s.Adopt(ctx, n.Info().Label, func(ctx context.Context) error { return n.Observe(ctx, s) }, n.Exists)
}

// cloudMapOperation waits for an operation of Cloud Map to end.
func cloudMapOperation(ctx context.Context, s *Scope, id *string, what string, usually time.Duration) error {
	w := cloud.Wait{For: what, Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.CloudMap.GetOperation(ctx, &sd.GetOperationInput{OperationId: id})
		if err != nil || out.Operation == nil {
			return false, "", err
		}
		switch out.Operation.Status {
		case sdtypes.OperationStatusSuccess:
			return true, "", nil
		case sdtypes.OperationStatusFail:
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "AWS could not set up " + what,
				Evidence: aws.ToString(out.Operation.ErrorCode) + ": " + aws.ToString(out.Operation.ErrorMessage),
				Remedy:   "a private zone of the same name in this VPC is the usual reason: remove it, then deploy again",
			}
		case sdtypes.OperationStatusSubmitted, sdtypes.OperationStatusPending:
		}
		return false, "", nil
	})
}

// Delete implements Resource.
func (n *Namespace) Delete(ctx context.Context, s *Scope) error {
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

// cloudMapBusy is the error while services or instances are still registered.
var cloudMapBusy = []cloud.Retryable{{Code: "ResourceInUse", For: 10 * time.Minute}}
