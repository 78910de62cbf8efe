package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsClusters are clusters.
func ecsClusters() awsService {
	return awsService{
		operations: []operation{
			op(ecsCreateCluster, tagging("ecs:TagResource")), op(ecsDescribeClusters), op(ecsListClusters, pages("ClusterArns", 100, 100)),
			op(ecsUpdateCluster), op(ecsPutClusterCapacityProviders), op(ecsDeleteCluster),
		},
		list: func(v *inventory, r *region) {
			for _, k := range r.ecs().Clusters {
				if k.Inactive {
					continue
				}
				d := *k
				d.Active = time.Time{}
				v.add("ecs.Cluster", named(r, nil, k.Name), false, d)
			}
		},
	}
}

type cluster struct {
	ARN       string
	Name      string
	Active    time.Time // from when it can run something
	Inactive  bool      // deleted; AWS keeps showing it
	Providers []string
	Strategy  []ecstypes.CapacityProviderStrategyItem
	Settings  []ecstypes.ClusterSetting
	Config    *ecstypes.ClusterConfiguration
	Tags      tagMap
}

var ecsName = pattern(`^[a-zA-Z0-9_-]{1,255}$`)

// lastPart is what is behind the last slash of an ARN, or the whole of a plain name.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// cluster finds a cluster by name or ARN, deleted ones included; an empty name means "default".
func (r *region) cluster(ref string) *cluster {
	if ref == "" {
		ref = "default"
	}
	return find(r.ecs().Clusters, func(k *cluster) bool { return k.Name == ref || k.ARN == ref })
}

func (k *cluster) status(now time.Time) string {
	switch {
	case k.Inactive:
		return "INACTIVE"
	case now.Before(k.Active):
		return "PROVISIONING"
	}
	return "ACTIVE"
}

func noCluster() error {
	return &ecstypes.ClusterNotFoundException{Message: msg("Cluster not found.")}
}

// activeCluster finds a cluster that is not deleted.
func (c *call) activeCluster(ref *string) (*cluster, error) {
	k := c.r.cluster(str(ref))
	if k == nil || k.Inactive {
		return nil, noCluster()
	}
	return k, nil
}

func invalid(format string, args ...any) error {
	return &ecstypes.InvalidParameterException{Message: msg(format, args...)}
}

func client(format string, args ...any) error {
	return &ecstypes.ClientException{Message: msg(format, args...)}
}

func ecsTags(in []ecstypes.Tag) tagMap {
	return tagsFrom(in, func(t ecstypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (t tagMap) toECS() []ecstypes.Tag {
	return tagsTo(t, func(k, v *string) ecstypes.Tag { return ecstypes.Tag{Key: k, Value: v} })
}

func (c *call) ecsARN(format string, args ...any) string {
	return fmt.Sprintf("arn:aws:ecs:%s:%s:", c.r.Name, c.st.Account) + fmt.Sprintf(format, args...)
}

// ecsRole makes sure of ECS's service-linked role. A call that finds it missing makes AWS create it, and
// fails, because the role does not work yet.
func (c *call) ecsRole() error {
	ok, err := c.linked("ecs.amazonaws.com", "ecs")
	if err == nil && !ok {
		err = invalid("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")
	}
	return err
}

func checkProviders(names []string) error {
	for _, p := range names {
		if p != "FARGATE" && p != "FARGATE_SPOT" {
			return invalid("The specified capacity provider '%s' was not found.", p)
		}
	}
	return nil
}

func ecsCreateCluster(c *call, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	name := val(in.ClusterName, "default")
	if !ecsName(name) {
		return nil, invalid("Identifier is invalid.")
	}
	if err := checkProviders(in.CapacityProviders); err != nil {
		return nil, err
	}
	if err := c.ecsRole(); err != nil {
		return nil, err
	}
	if k := c.r.cluster(name); k != nil {
		if !k.Inactive {
			return &ecs.CreateClusterOutput{Cluster: new(c.clusterOut(k, nil))}, nil
		}
		c.r.ecs().Clusters = remove(c.r.ecs().Clusters, k)
	}
	k := &cluster{
		ARN: c.ecsARN("cluster/%s", name), Name: name, Active: c.now, Providers: slices.Clone(in.CapacityProviders),
		Strategy: clone(in.DefaultCapacityProviderStrategy), Settings: clone(in.Settings), Config: clone(in.Configuration), Tags: ecsTags(in.Tags),
	}
	if len(k.Providers) > 0 {
		k.Active = c.now.Add(c.a.delay(latCluster, k.ARN))
	}
	if len(k.Settings) == 0 {
		k.Settings = []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: new("disabled")}}
	}
	c.r.ecs().Clusters = append(c.r.ecs().Clusters, k)
	return &ecs.CreateClusterOutput{Cluster: new(c.clusterOut(k, nil))}, nil
}

// clusterOut is the cluster as the API shows it. Include nil shows everything.
func (c *call) clusterOut(k *cluster, include []ecstypes.ClusterField) ecstypes.Cluster {
	all := include == nil
	o := ecstypes.Cluster{
		ClusterArn: new(k.ARN), ClusterName: new(k.Name), Status: new(k.status(c.now)),
		CapacityProviders: slices.Clone(k.Providers), DefaultCapacityProviderStrategy: clone(k.Strategy),
	}
	if all || slices.Contains(include, ecstypes.ClusterFieldSettings) {
		o.Settings = clone(k.Settings)
	}
	if all || slices.Contains(include, ecstypes.ClusterFieldConfigurations) {
		o.Configuration = clone(k.Config)
	}
	if all || slices.Contains(include, ecstypes.ClusterFieldTags) {
		o.Tags = k.Tags.toECS()
	}
	for _, s := range c.r.ecs().Services {
		if s.Cluster == k.ARN && s.Status == "ACTIVE" {
			o.ActiveServicesCount++
		}
	}
	for _, t := range c.r.ecs().Tasks {
		if t.Cluster != k.ARN {
			continue
		}
		switch t.Status {
		case taskRunning:
			o.RunningTasksCount++
		case taskProvisioning, taskPending, taskActivating:
			o.PendingTasksCount++
		}
	}
	return o
}

func ecsDescribeClusters(c *call, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	refs := in.Clusters
	if len(refs) == 0 {
		refs = []string{"default"}
	}
	include := in.Include
	if include == nil {
		include = []ecstypes.ClusterField{}
	}
	out := &ecs.DescribeClustersOutput{}
	for _, ref := range refs {
		if k := c.r.cluster(ref); k != nil {
			out.Clusters = append(out.Clusters, c.clusterOut(k, include))
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(c.ecsARN("cluster/%s", lastPart(ref))), Reason: new("MISSING")})
		}
	}
	return out, nil
}

func ecsListClusters(c *call, _ *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	out := &ecs.ListClustersOutput{}
	for _, k := range c.r.ecs().Clusters {
		if !k.Inactive {
			out.ClusterArns = append(out.ClusterArns, k.ARN)
		}
	}
	return out, nil
}

func ecsUpdateCluster(c *call, in *ecs.UpdateClusterInput) (*ecs.UpdateClusterOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, s := range in.Settings {
		i := slices.IndexFunc(k.Settings, func(x ecstypes.ClusterSetting) bool { return x.Name == s.Name })
		if i >= 0 {
			k.Settings[i] = clone(s)
		} else {
			k.Settings = append(k.Settings, clone(s))
		}
	}
	if in.Configuration != nil {
		k.Config = clone(in.Configuration)
	}
	return &ecs.UpdateClusterOutput{Cluster: new(c.clusterOut(k, nil))}, nil
}

func ecsPutClusterCapacityProviders(c *call, in *ecs.PutClusterCapacityProvidersInput) (*ecs.PutClusterCapacityProvidersOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if k.status(c.now) != "ACTIVE" {
		return nil, client("Cluster was not ACTIVE.")
	}
	if err := checkProviders(in.CapacityProviders); err != nil {
		return nil, err
	}
	k.Providers, k.Strategy = slices.Clone(in.CapacityProviders), clone(in.DefaultCapacityProviderStrategy)
	return &ecs.PutClusterCapacityProvidersOutput{Cluster: new(c.clusterOut(k, nil))}, nil
}

func ecsDeleteCluster(c *call, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, s := range c.r.ecs().Services {
		if s.Cluster == k.ARN && s.Status != "INACTIVE" {
			return nil, &ecstypes.ClusterContainsServicesException{Message: msg("The Cluster cannot be deleted while Services are active.")}
		}
	}
	for _, t := range c.r.ecs().Tasks {
		if t.Cluster == k.ARN && t.Status != taskStopped {
			return nil, &ecstypes.ClusterContainsTasksException{Message: msg("The Cluster cannot be deleted while Tasks are active.")}
		}
	}
	k.Inactive = true
	return &ecs.DeleteClusterOutput{Cluster: new(c.clusterOut(k, nil))}, nil
}

// ecsTagsOf gives access to the tags of any ECS resource by its ARN.
func (r *region) ecsTagsOf(arn string) *tagMap {
	if k := find(r.ecs().Clusters, func(k *cluster) bool { return k.ARN == arn && !k.Inactive }); k != nil {
		return &k.Tags
	}
	if s := find(r.ecs().Services, func(s *service) bool { return s.ARN == arn }); s != nil {
		return &s.Tags
	}
	if d := find(r.ecs().TaskDefs, func(d *taskDef) bool { return d.ARN == arn }); d != nil {
		return &d.Tags
	}
	if t := find(r.ecs().Tasks, func(t *task) bool { return t.ARN == arn }); t != nil {
		return &t.Tags
	}
	return r.tagsIn("ecs", arn)
}

func noECSResource() error {
	return invalid("The specified resource was not found. Specify a valid resource and try again.")
}

func ecsTagResource(c *call, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
	t := c.r.ecsTagsOf(str(in.ResourceArn))
	if t == nil {
		return nil, noECSResource()
	}
	*t = t.merge(ecsTags(in.Tags))
	return &ecs.TagResourceOutput{}, nil
}

func ecsUntagResource(c *call, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
	t := c.r.ecsTagsOf(str(in.ResourceArn))
	if t == nil {
		return nil, noECSResource()
	}
	*t = t.without(in.TagKeys)
	return &ecs.UntagResourceOutput{}, nil
}

func ecsListTagsForResource(c *call, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	t := c.r.ecsTagsOf(str(in.ResourceArn))
	if t == nil {
		return nil, noECSResource()
	}
	return &ecs.ListTagsForResourceOutput{Tags: t.toECS()}, nil
}
