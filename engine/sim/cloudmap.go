package sim

import (
	"fmt"
	"path"
	"slices"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// cloudMapService is Cloud Map: private DNS namespaces and their services.
func cloudMapService() awsService {
	return awsService{
		name:  "servicediscovery",
		state: []keeper{cloudMapShelf},
		operations: []operation{
			op(sdCreatePrivateDnsNamespace, tagging("servicediscovery:TagResource"), also( // it makes a hosted zone in the caller's name
				"route53:CreateHostedZone", "route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:AssociateVPCWithHostedZone", "ec2:DescribeVpcs", "ec2:DescribeRegions")),
			op(sdGetOperation), op(sdListNamespaces, pages("Namespaces", 100, 100)),
			op(sdDeleteNamespace, also("route53:GetHostedZone", "route53:DeleteHostedZone")),
			op(sdCreateService, tagging("servicediscovery:TagResource")), op(sdListServices, pages("Services", 100, 100)), op(sdDeleteService),
			op(sdListTagsForResource),
		},
		latencies: map[lat]time.Duration{
			latNamespace:     60 * time.Second, // 30-90 s
			latNamespaceGone: 30 * time.Second, // assumed
		},
		list: func(v *inventory, r *region) {
			for _, n := range r.cloudMap().Namespaces {
				v.add("servicediscovery.Namespace", named(r, nil, n.Name), false, map[string]any{"VPC": n.VPC, "Tags": n.Tags}, n.ID)
			}
			for _, d := range r.cloudMap().Discoveries {
				v.add("servicediscovery.Service", named(r, nil, d.Namespace, d.Name), false, map[string]any{"Tags": d.Tags}, d.ID)
			}
		},
	}
}

type cloudMapState struct {
	Namespaces  []*namespace
	Discoveries []*discovery
	CloudMapOps []*cloudMapOp
}

const cloudMapShelf shelf[cloudMapState] = "cloudmap"

func (r *region) cloudMap() *cloudMapState { return cloudMapShelf.in(&r.Kept) }

const (
	latNamespace     lat = "servicediscovery.namespace"
	latNamespaceGone lat = "servicediscovery.namespace.gone"
)

// namespace is a private DNS namespace of Cloud Map.
type namespace struct {
	ID      string
	Name    string
	VPC     string
	Request string // the creator's request id
	Tags    tagMap
	Ready   time.Time
}

// discovery is a service of Cloud Map: one DNS name of a namespace.
type discovery struct {
	ID        string
	Name      string
	Namespace string
	Request   string
	Tags      tagMap
}

// cloudMapOp is an operation that Cloud Map works at.
type cloudMapOp struct {
	ID     string
	Type   string
	Target string // the namespace
	Done   time.Time
}

func sdTags(in []sdtypes.Tag) tagMap {
	return tagsFrom(in, func(t sdtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (c *call) cloudMapARN(kind, id string) string {
	return fmt.Sprintf("arn:aws:servicediscovery:%s:%s:%s/%s", c.r.Name, c.st.Account, kind, id)
}

// begin notes an operation that ends at a time, and gives its id.
func (c *call) begin(kind, target string, done time.Time) *string {
	o := &cloudMapOp{ID: stableID(c.r.Name, kind, target)[:32], Type: kind, Target: target, Done: done}
	c.r.cloudMap().CloudMapOps = append(c.r.cloudMap().CloudMapOps, o)
	return new(o.ID)
}

func sdCreatePrivateDnsNamespace(c *call, in *sd.CreatePrivateDnsNamespaceInput) (*sd.CreatePrivateDnsNamespaceOutput, error) {
	if c.r.vpc(str(in.Vpc)) == nil {
		return nil, &sdtypes.InvalidInput{Message: msg("The VPC %s does not exist.", str(in.Vpc))}
	}
	taken := find(c.r.cloudMap().Namespaces, func(n *namespace) bool { return n.Name == str(in.Name) && n.VPC == str(in.Vpc) })
	switch {
	case taken != nil && taken.Ready.After(c.now):
		return nil, &sdtypes.DuplicateRequest{
			Message:              msg("A request to create this namespace is in progress."),
			DuplicateOperationId: new(stableID(c.r.Name, "CREATE_NAMESPACE", taken.ID)[:32]),
		}
	case taken != nil:
		return nil, &sdtypes.NamespaceAlreadyExists{
			Message: msg("The namespace %s already exists.", taken.Name), NamespaceId: new(taken.ID), CreatorRequestId: new(taken.Request),
		}
	}
	n := &namespace{
		ID: "ns-" + c.st.fresh(c.r.Name, "namespace", str(in.Name))[:16], Name: str(in.Name), VPC: str(in.Vpc),
		Request: str(in.CreatorRequestId), Tags: sdTags(in.Tags), Ready: c.now.Add(c.a.delay(latNamespace, str(in.Name))),
	}
	c.r.cloudMap().Namespaces = append(c.r.cloudMap().Namespaces, n)
	return &sd.CreatePrivateDnsNamespaceOutput{OperationId: c.begin("CREATE_NAMESPACE", n.ID, n.Ready)}, nil
}

func sdGetOperation(c *call, in *sd.GetOperationInput) (*sd.GetOperationOutput, error) {
	var o *cloudMapOp
	for _, it := range c.r.cloudMap().CloudMapOps { // the newest of that id
		if it.ID == str(in.OperationId) {
			o = it
		}
	}
	if o == nil {
		return nil, &sdtypes.OperationNotFound{Message: msg("No operation exists with the ID %s.", str(in.OperationId))}
	}
	status := sdtypes.OperationStatusPending
	if !o.Done.After(c.now) {
		status = sdtypes.OperationStatusSuccess
	}
	return &sd.GetOperationOutput{Operation: &sdtypes.Operation{
		Id: new(o.ID), Type: sdtypes.OperationType(o.Type), Status: status, Targets: map[string]string{"NAMESPACE": o.Target},
	}}, nil
}

func sdListNamespaces(c *call, _ *sd.ListNamespacesInput) (*sd.ListNamespacesOutput, error) {
	out := &sd.ListNamespacesOutput{}
	for _, n := range c.r.cloudMap().Namespaces {
		if n.Ready.After(c.now) {
			continue
		}
		out.Namespaces = append(out.Namespaces, sdtypes.NamespaceSummary{
			Id: new(n.ID), Name: new(n.Name), Arn: new(c.cloudMapARN("namespace", n.ID)), Type: sdtypes.NamespaceTypeDnsPrivate,
		})
	}
	return out, nil
}

func (r *region) namespace(id string) *namespace {
	return find(r.cloudMap().Namespaces, func(n *namespace) bool { return n.ID == id })
}

func sdDeleteNamespace(c *call, in *sd.DeleteNamespaceInput) (*sd.DeleteNamespaceOutput, error) {
	n := c.r.namespace(str(in.Id))
	if n == nil {
		return nil, &sdtypes.NamespaceNotFound{Message: msg("No namespace exists with the ID %s.", str(in.Id))}
	}
	if find(c.r.cloudMap().Discoveries, func(d *discovery) bool { return d.Namespace == n.ID }) != nil {
		return nil, &sdtypes.ResourceInUse{Message: msg("The namespace %s contains services.", n.Name)}
	}
	c.r.cloudMap().Namespaces = remove(c.r.cloudMap().Namespaces, n)
	return &sd.DeleteNamespaceOutput{OperationId: c.begin("DELETE_NAMESPACE", n.ID, c.now.Add(c.a.delay(latNamespaceGone, n.ID)))}, nil
}

func sdCreateService(c *call, in *sd.CreateServiceInput) (*sd.CreateServiceOutput, error) {
	n := c.r.namespace(str(in.NamespaceId))
	if n == nil {
		return nil, &sdtypes.NamespaceNotFound{Message: msg("No namespace exists with the ID %s.", str(in.NamespaceId))}
	}
	if d := find(c.r.cloudMap().Discoveries, func(d *discovery) bool { return d.Namespace == n.ID && d.Name == str(in.Name) }); d != nil {
		return nil, &sdtypes.ServiceAlreadyExists{
			Message: msg("The service %s already exists in the namespace.", d.Name), ServiceId: new(d.ID), CreatorRequestId: new(d.Request),
		}
	}
	d := &discovery{
		ID: "srv-" + c.st.fresh(n.ID, str(in.Name))[:16], Name: str(in.Name),
		Namespace: n.ID, Request: str(in.CreatorRequestId), Tags: sdTags(in.Tags),
	}
	c.r.cloudMap().Discoveries = append(c.r.cloudMap().Discoveries, d)
	return &sd.CreateServiceOutput{Service: &sdtypes.Service{
		Id: new(d.ID), Name: new(d.Name), Arn: new(c.cloudMapARN("service", d.ID)), NamespaceId: new(n.ID),
	}}, nil
}

func sdListServices(c *call, in *sd.ListServicesInput) (*sd.ListServicesOutput, error) {
	out := &sd.ListServicesOutput{}
	for _, d := range c.r.cloudMap().Discoveries {
		wanted := true
		for _, f := range in.Filters {
			if f.Name == sdtypes.ServiceFilterNameNamespaceId && len(f.Values) > 0 && f.Values[0] != d.Namespace {
				wanted = false
			}
		}
		if wanted {
			out.Services = append(out.Services, sdtypes.ServiceSummary{
				Id: new(d.ID), Name: new(d.Name), Arn: new(c.cloudMapARN("service", d.ID)),
			})
		}
	}
	return out, nil
}

func sdDeleteService(c *call, in *sd.DeleteServiceInput) (*sd.DeleteServiceOutput, error) {
	d := find(c.r.cloudMap().Discoveries, func(d *discovery) bool { return d.ID == str(in.Id) })
	if d == nil {
		return nil, &sdtypes.ServiceNotFound{Message: msg("No service exists with the ID %s.", str(in.Id))}
	}
	arn := c.cloudMapARN("service", d.ID)
	if find(c.r.ecs().Services, func(s *service) bool { return s.Status != "INACTIVE" && s.registers(arn) }) != nil {
		return nil, &sdtypes.ResourceInUse{Message: msg("The specified service contains registered instances; delete the instances before deleting the service.")}
	}
	c.r.cloudMap().Discoveries = remove(c.r.cloudMap().Discoveries, d)
	return &sd.DeleteServiceOutput{}, nil
}

// registers says whether the tasks of an ECS service are listed in that Cloud Map service.
func (s *service) registers(arn string) bool {
	if len(s.Rollouts) == 0 {
		return false
	}
	return slices.ContainsFunc(s.Rollouts[0].Rev.Registries, func(r ecstypes.ServiceRegistry) bool {
		return str(r.RegistryArn) == arn
	})
}

// scalingID is the service as Application Auto Scaling calls it.
func (s *service) scalingID() string {
	return "service/" + path.Base(s.Cluster) + "/" + s.Name
}

func sdListTagsForResource(c *call, in *sd.ListTagsForResourceInput) (*sd.ListTagsForResourceOutput, error) {
	for _, n := range c.r.cloudMap().Namespaces {
		if c.cloudMapARN("namespace", n.ID) == str(in.ResourceARN) {
			return &sd.ListTagsForResourceOutput{Tags: n.Tags.toSD()}, nil
		}
	}
	for _, d := range c.r.cloudMap().Discoveries {
		if c.cloudMapARN("service", d.ID) == str(in.ResourceARN) {
			return &sd.ListTagsForResourceOutput{Tags: d.Tags.toSD()}, nil
		}
	}
	return nil, &sdtypes.ResourceNotFoundException{Message: msg("No resource exists with the ARN %s.", str(in.ResourceARN))}
}

func (t tagMap) toSD() []sdtypes.Tag {
	return tagsTo(t, func(k, v *string) sdtypes.Tag { return sdtypes.Tag{Key: k, Value: v} })
}
