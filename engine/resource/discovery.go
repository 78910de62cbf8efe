package resource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/engine/cloud"
	"berth/engine/event"
)

// discoveryTTL is for how many seconds a node may believe an answer: a task that died stays in it that long.
const discoveryTTL = 10

// Discovery is the DNS name under which all healthy tasks of the service are listed (a Cloud Map service).
type Discovery struct {
	Owner     Owner
	Namespace *Namespace
	Unwanted  bool // the app does without; one that is left goes

	ID, ARN string // outputs
}

// Host is the DNS name. It is known before it exists.
func (d *Discovery) Host() string { return d.name() + "." + d.Namespace.Name() }

func (d *Discovery) name() string { return ContainerName }

// Info implements Resource.
func (d *Discovery) Info() Info {
	return Info{
		ID: "discovery", Kind: "servicediscovery.Service", Name: d.Host(), Label: "the DNS name of the tasks",
		Group: GroupNetwork, Usually: time.Second, Gone: 5 * time.Second,
	}
}

// Needs implements Resource.
func (d *Discovery) Needs() []Need { return []Need{{On: d.Namespace, Observe: true}} }

// Observe implements Resource.
func (d *Discovery) Observe(ctx context.Context, s *Scope) error {
	if d.Namespace.ID == "" {
		return nil
	}
	out, err := s.CloudMap.ListServices(ctx, &sd.ListServicesInput{Filters: []sdtypes.ServiceFilter{
		{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{d.Namespace.ID}},
	}})
	if err != nil {
		return err
	}
	for _, svc := range out.Services {
		if aws.ToString(svc.Name) == d.name() {
			d.ID, d.ARN = aws.ToString(svc.Id), aws.ToString(svc.Arn)
		}
	}
	return nil
}

// Exists implements Resource.
func (d *Discovery) Exists() bool { return d.ID != "" }

// Diff implements Resource.
func (d *Discovery) Diff() Diff {
	if d.Unwanted {
		return unwanted(d)
	}
	if d.ID == "" {
		return Diff{Action: event.Create, Why: "the tasks find each other by DNS"}
	}
	return none()
}

// Apply implements Resource.
func (d *Discovery) Apply(ctx context.Context, s *Scope) error {
	if d.ID != "" {
		return nil
	}
	out, err := s.CloudMap.CreateService(ctx, &sd.CreateServiceInput{
		Name: aws.String(d.name()), NamespaceId: &d.Namespace.ID,
		CreatorRequestId: aws.String(digest(d.Owner.Name() + "-" + d.Namespace.ID)[:32]),
		DnsConfig: &sdtypes.DnsConfig{
			RoutingPolicy: sdtypes.RoutingPolicyMultivalue,
			DnsRecords:    []sdtypes.DnsRecord{{Type: sdtypes.RecordTypeA, TTL: aws.Int64(discoveryTTL)}},
		},
		HealthCheckCustomConfig: &sdtypes.HealthCheckCustomConfig{},
		Tags:                    d.Owner.cloudMapTags("discovery"),
	})
	if cloud.Is(err, "ServiceAlreadyExists") { // made by a call whose answer got lost
		return s.Adopt(ctx, d.Info().Label, func(ctx context.Context) error { return d.Observe(ctx, s) }, d.Exists)
	}
	if err != nil {
		return fmt.Errorf("create discovery service: %w", err)
	}
	d.ID, d.ARN = aws.ToString(out.Service.Id), aws.ToString(out.Service.Arn)
	return nil
}

// Delete implements Resource.
func (d *Discovery) Delete(ctx context.Context, s *Scope) error {
	if d.ID == "" {
		return nil
	}
	err := s.Retry(ctx, cloudMapBusy, func(ctx context.Context) error {
		_, err := s.CloudMap.DeleteService(ctx, &sd.DeleteServiceInput{Id: &d.ID})
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// duplicateOperation is the operation that does already what was asked for.
func duplicateOperation(err error) *string {
	var dup *sdtypes.DuplicateRequest
	if errors.As(err, &dup) {
		return dup.DuplicateOperationId
	}
	return nil
}
