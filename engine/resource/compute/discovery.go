package compute

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// discoveryTTL is for how many seconds a node may believe an answer: a task that died stays in it that long.
const discoveryTTL = 10

// Discovery is the DNS name under which all healthy tasks of the service are listed (a Cloud Map service).
type Discovery struct {
	resource.Claim
	Owner     resource.Owner
	Namespace *Namespace
	Unwanted  bool // the app does without; one that is left goes

	ID, ARN string // outputs
}

// Host is the DNS name. It is known before it exists.
func (d *Discovery) Host() string { return d.name() + "." + d.Namespace.Name() }

func (d *Discovery) name() string { return ContainerName }

// Info implements Resource.
func (d *Discovery) Info() resource.Info {
	return resource.Info{
		ID: "discovery", Kind: "servicediscovery.Service", Name: d.Host(), Label: "the DNS name of the tasks",
		Group: resource.GroupNetwork, Usually: time.Second, Gone: 5 * time.Second,
	}
}

// Wanted implements Optional.
func (d *Discovery) Wanted() bool { return !d.Unwanted }

// Needs implements Resource.
func (d *Discovery) Needs() []resource.Need { return []resource.Need{{On: d.Namespace, Observe: true}} }

// Identifier implements Identified.
func (d *Discovery) Identifier() string { return d.ARN }

// Observe implements Resource.
func (d *Discovery) Observe(ctx context.Context, s *resource.Scope) error {
	if d.Namespace.ID == "" {
		return nil
	}
	p := sd.NewListServicesPaginator(s.CloudMap, inZone(d.Namespace.ID))
	return resource.Pages(ctx, p, func(out *sd.ListServicesOutput) error {
		for _, svc := range out.Services {
			if aws.ToString(svc.Name) == d.name() {
				d.ID, d.ARN = aws.ToString(svc.Id), aws.ToString(svc.Arn)
			}
		}
		return nil
	})
}

// Detail implements Detailer: whose the name is.
func (d *Discovery) Detail(ctx context.Context, s *resource.Scope) error {
	if d.ID == "" {
		return nil
	}
	tags, err := cloudMapTags(ctx, s.Clients, d.ARN)
	return d.Judge(d.Owner, tags, err)
}

// inZone asks for the services of a namespace.
func inZone(id string) *sd.ListServicesInput {
	return &sd.ListServicesInput{Filters: []sdtypes.ServiceFilter{
		{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{id}},
	}}
}

// Exists implements Resource.
func (d *Discovery) Exists() bool { return d.ID != "" && d.Ours() }

// Diff implements Resource.
func (d *Discovery) Diff(s *resource.Scope) resource.Diff {
	if d.Unwanted {
		return resource.Unwanted(d)
	}
	if d.ID == "" {
		return resource.Diff{Action: event.Create, Why: "the tasks find each other by DNS"}
	}
	return resource.None()
}

// Apply implements Resource.
func (d *Discovery) Apply(ctx context.Context, s *resource.Scope) error {
	if d.ID != "" {
		return nil
	}
	out, err := s.CloudMap.CreateService(ctx, &sd.CreateServiceInput{
		Name: aws.String(d.name()), NamespaceId: &d.Namespace.ID,
		CreatorRequestId: aws.String(rand.Text()),
		DnsConfig: &sdtypes.DnsConfig{
			RoutingPolicy: sdtypes.RoutingPolicyMultivalue,
			DnsRecords:    []sdtypes.DnsRecord{{Type: sdtypes.RecordTypeA, TTL: aws.Int64(discoveryTTL)}},
		},
		HealthCheckCustomConfig: &sdtypes.HealthCheckCustomConfig{},
		Tags:                    d.Owner.CloudMapTags("discovery"),
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
func (d *Discovery) Delete(ctx context.Context, s *resource.Scope) error {
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

// Permissions implements Permissioned.
func (d *Discovery) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	var need []resource.Permission
	if d.Namespace.ID != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("servicediscovery:ListServices"))
	}
	services := s.ARN("servicediscovery", "service/*")
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("servicediscovery:CreateService"), s.ARN("servicediscovery", "namespace/*")),
			resource.On(resource.Actions("servicediscovery:TagResource"), services))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("servicediscovery:DeleteService"), services))
	case event.None, event.Update, event.Replace:
	}
	if d.ID != "" || resource.Existing(do) {
		need = append(need, resource.Whose("servicediscovery:ListTagsForResource", "a DNS name of tasks", services))
	}
	return need
}

// listDiscovery lists the DNS names of a zone of ours.
func listDiscovery(ctx context.Context, s *resource.Survey, zone resource.Found, id string) error {
	p := sd.NewListServicesPaginator(s.CloudMap, inZone(id))
	return resource.Pages(ctx, p, func(out *sd.ListServicesOutput) error {
		for _, d := range out.Services {
			s.Add(resource.Found{
				Owner: zone.Owner, Kind: "servicediscovery.Service", Name: aws.ToString(d.Name) + "." + zone.Name,
				ARN: aws.ToString(d.Arn), Role: "discovery", Unused: notInDNS,
			})
		}
		return nil
	})
}
