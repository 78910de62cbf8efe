package compute

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// breakerThreshold is how many tasks may fail to come up before ECS gives a rollout up.
const breakerThreshold = 3

// Service is the ECS service: it keeps the wanted number of tasks running and rolls new revisions out.
type Service struct {
	Owner          resource.Owner
	Process        string // which of the app's processes it runs; empty for the app's own
	Cluster        *Cluster
	TaskDefinition *TaskDefinition
	Network        network.Network
	SecurityGroup  *network.SecurityGroup
	TargetGroup    *traffic.TargetGroup    // nil for one that takes no requests
	Rules          []*traffic.ListenerRule // each names the target group; ECS refuses one that none does
	Release        *Release                // runs before a new revision; nil when there is no release command
	Discovery      *Discovery              // lists the tasks
	RevisionOnly   bool                    // change nothing but the revision: a rollback
	Scaled         bool                    // the number of tasks follows the load, at least Instances
	Unwanted       bool                    // the app does without; one that is left goes
	Together       *Together               // the services that take a new version over with this one; nil: it is alone

	Port        int
	Instances   int
	GracePeriod time.Duration // how long a new task may fail health checks
	Timeout     time.Duration // how long a rollout may take; zero means 15 minutes, and longer for an app that starts slowly
	Exec        bool          // a shell in its tasks can be had, through ECS Exec
	CPU         float64       // vCPU of a task, for the estimate
	MemoryGB    float64       // of a task, for the estimate
	Arch        string        // x86 or arm, for the estimate
	DiskGB      float64       // of a task, for the estimate
	Spot        float64       // share of the tasks beyond the first on Fargate Spot

	ARN string // output

	found   *ecstypes.Service
	since   time.Time // when this run last changed the service; zero when it did not
	touched bool      // this run created or changed the service
	before  string    // ARN of the revision that it ran before this run changed it; empty when it ran none
	served  bool      // a version came up before this run, which a rollback can go to
}

// Name is the service's name. It is known before the service exists.
func (v *Service) Name() string { return ofProcess(v.Owner.App, v.Process) }

// ServiceARN is the service's ARN. It is known before the service exists.
func (v *Service) ServiceARN(s *resource.Scope) string {
	return s.ARN("ecs", "service/"+v.Cluster.Name()+"/"+v.Name())
}

// Info implements Resource.
func (v *Service) Info() resource.Info {
	return resource.Info{
		ID: nodeOf("service", v.Process), Kind: "ecs.Service", Name: v.Name(), Label: labelOf("the service", v.Process), Group: resource.GroupCompute,
		Usually: 80 * time.Second, Gone: 100 * time.Second,
	}
}

// Needs implements Resource.
func (v *Service) Needs() []resource.Need {
	needs := append(v.Network.Needs(), resource.After(v.Cluster, v.TaskDefinition, v.SecurityGroup)...)
	if v.TargetGroup != nil {
		needs = append(needs, resource.Need{On: v.TargetGroup})
	}
	for _, r := range v.Rules {
		needs = append(needs, resource.Need{On: r})
	}
	if v.Release != nil {
		needs = append(needs, resource.Need{On: v.Release})
	}
	return append(needs, resource.Need{On: v.Discovery})
}

// Wanted implements Optional.
func (v *Service) Wanted() bool { return !v.Unwanted }

// Identifier implements Identified.
func (v *Service) Identifier() string { return v.ARN }

// NewVersion implements Versioned.
func (v *Service) NewVersion() event.Action { return event.Update }

// Observe implements Resource. An INACTIVE service counts as absent.
func (v *Service) Observe(ctx context.Context, s *resource.Scope) error {
	found, err := v.describe(ctx, s)
	if err != nil {
		return err
	}
	v.found, v.ARN = nil, ""
	if found != nil && aws.ToString(found.Status) != "INACTIVE" {
		v.found, v.ARN, v.before = found, aws.ToString(found.ServiceArn), aws.ToString(found.TaskDefinition)
		v.served = slices.ContainsFunc(found.Deployments, func(d ecstypes.Deployment) bool {
			return d.RolloutState == ecstypes.DeploymentRolloutStateCompleted
		})
	}
	return nil
}

// describe returns the service as it is, nil when there is none.
func (v *Service) describe(ctx context.Context, s *resource.Scope) (*ecstypes.Service, error) {
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(v.Cluster.Name()), Services: []string{v.Name()},
		Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
	})
	if cloud.NotFound(err) {
		return nil, nil //nolint:nilnil // absent is not an error
	}
	if err != nil || len(out.Services) == 0 {
		return nil, err
	}
	return &out.Services[0], nil
}

// Exists implements Resource.
func (v *Service) Exists() bool { return v.found != nil && v.Stranger() == nil }

// Stranger implements Claimed.
func (v *Service) Stranger() *resource.Stranger {
	if v.found == nil || v.touched {
		return nil
	}
	return v.Owner.Stranger(tagMap(v.found.Tags))
}

// active says whether there is a service that can be updated; one that is draining must go first.
func (v *Service) active() bool { return v.found != nil && aws.ToString(v.found.Status) == "ACTIVE" }

// Diff implements Resource.
func (v *Service) Diff(s *resource.Scope) resource.Diff {
	if v.Unwanted {
		return resource.Unwanted(v)
	}
	if !v.active() && v.RevisionOnly {
		return resource.Diff{} // one by schedule has none
	}
	if !v.active() {
		return resource.Absent()
	}
	var drift resource.Drift
	if was := aws.ToString(v.found.TaskDefinition); v.TaskDefinition.ARN == "" || was != v.TaskDefinition.ARN {
		drift.Add("runs another revision", resource.Field("revision", shortARN(was), cmp.Or(shortARN(v.TaskDefinition.ARN), resource.NotYet)))
	}
	if v.RevisionOnly {
		return drift.Diff()
	}
	if v.failed() {
		drift.Add("its last rollout failed, so it starts anew", resource.Field("rollout", "failed", "a new one"))
	}
	if n := int(v.found.DesiredCount); n != v.Instances && (!v.Scaled || n < v.Instances) {
		drift.Add(fmt.Sprintf("runs %d tasks, not %d", n, v.Instances), resource.Field("tasks", n, v.Instances))
	}
	if fields := v.otherNetwork(); len(fields) > 0 {
		drift.Add("runs in another network", fields...)
	}
	if fields := v.otherTraffic(); len(fields) > 0 {
		drift.Add("gets requests another way", fields...)
	}
	if !v.sameRegistry() {
		was, want := "", ""
		if rs := v.found.ServiceRegistries; len(rs) > 0 {
			was = aws.ToString(rs[0].RegistryArn)
		}
		if !v.Discovery.Unwanted {
			want = cmp.Or(v.Discovery.ARN, resource.NotYet)
		}
		drift.Add("is listed in DNS another way", resource.Field("service registry", was, want))
	}
	if fields := v.otherCapacity(); len(fields) > 0 {
		drift.Add("runs on another mix of Fargate and Fargate Spot", fields...)
	}
	if fields := v.otherDeployment(); len(fields) > 0 {
		drift.Add("rolls out in another way", fields...)
	}
	if was := v.found.EnableExecuteCommand; was != v.Exec {
		drift.Add(map[bool]string{true: "lets nobody into its tasks", false: "lets people into its tasks"}[v.Exec], resource.Field("ECS Exec", was, v.Exec))
	}
	return drift.Diff()
}

// otherNetwork is where the tasks run in another network than is wanted.
func (v *Service) otherNetwork() (fields []resource.FieldChange) {
	have := &ecstypes.AwsVpcConfiguration{}
	if n := v.found.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		have = n.AwsvpcConfiguration
	}
	if want := v.Network.SubnetIDs(); !v.Network.Known() || !resource.SameSet(have.Subnets, want) {
		fields = append(fields, resource.Field("subnets", resource.Listed(have.Subnets), resource.Listed(want)))
	}
	if want := publicIP(v.Network); have.AssignPublicIp != "" && have.AssignPublicIp != want {
		fields = append(fields, resource.Field("public addresses", have.AssignPublicIp, want))
	}
	if want := []string{v.SecurityGroup.ID}; !resource.SameSet(have.SecurityGroups, want) {
		fields = append(fields, resource.Field("security groups", resource.Listed(have.SecurityGroups), resource.Listed(want)))
	}
	return fields
}

// otherTraffic is where requests reach the tasks in another way than is wanted.
func (v *Service) otherTraffic() (fields []resource.FieldChange) {
	var groups []string
	port := 0
	for _, l := range v.found.LoadBalancers {
		groups, port = append(groups, aws.ToString(l.TargetGroupArn)), int(aws.ToInt32(l.ContainerPort))
	}
	if v.TargetGroup == nil {
		if len(groups) > 0 {
			fields = append(fields, resource.Field("target group", resource.Listed(groups), ""))
		}
		return fields
	}
	if want := []string{v.TargetGroup.ARN}; v.TargetGroup.ARN == "" || !resource.SameSet(groups, want) {
		fields = append(fields, resource.Field("target group", resource.Listed(groups), resource.Listed(want)))
	}
	if port != v.Port {
		fields = append(fields, resource.Field("port", port, v.Port))
	}
	return fields
}

// failed says that the rollout that ECS holds on to ended in failure: ECS starts no more tasks by itself, so
// the same revision needs a new rollout, such as after a remedy that is not part of the service.
func (v *Service) failed() bool {
	p := primary(v.found)
	return p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateFailed
}

func (v *Service) sameRegistry() bool {
	if v.Discovery.Unwanted {
		return len(v.found.ServiceRegistries) == 0
	}
	return len(v.found.ServiceRegistries) == 1 && v.Discovery.ARN != "" &&
		aws.ToString(v.found.ServiceRegistries[0].RegistryArn) == v.Discovery.ARN
}

// otherDeployment compares what UpdateService can change without a rollout. What AWS does not tell counts as
// the same.
func (v *Service) otherDeployment() (fields []resource.FieldChange) {
	if g, want := v.found.HealthCheckGracePeriodSeconds, int(v.GracePeriod.Seconds()); v.TargetGroup != nil && g != nil && int(*g) != want {
		fields = append(fields, resource.Field("health check grace period", fmt.Sprintf("%ds", *g), fmt.Sprintf("%ds", want)))
	}
	if d := v.found.DeploymentConfiguration; d != nil {
		b := d.DeploymentCircuitBreaker
		if b == nil || !b.Enable || !b.Rollback {
			fields = append(fields, resource.Field("circuit breaker", b != nil && b.Enable && b.Rollback, true))
		}
	}
	return fields
}

// draining is the error of a name that is still in use by a service that goes away.
var draining = cloud.Retryable{
	Code: "InvalidParameterException", Contains: "still Draining", For: 20 * time.Minute,
}

// Apply implements Resource. It does not wait for the rollout.
func (v *Service) Apply(ctx context.Context, s *resource.Scope) error {
	if v.active() && v.Diff(s).Why == "" {
		return nil
	}
	done, err := v.Together.begin(v)
	if err != nil {
		return err
	}
	defer done()
	v.touched, v.since = true, s.Clock.Now()
	v.tellOther(s)
	if !v.active() {
		return v.create(ctx, s)
	}
	in := &ecs.UpdateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN,
	}
	if !v.RevisionOnly {
		in = v.changes()
	}
	return s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.UpdateService(ctx, in)
		if err != nil {
			return fmt.Errorf("update service: %w", err)
		}
		v.found = out.Service
		v.began()
		return nil
	})
}

// began takes the time of the rollout from AWS: this machine's clock may go wrong.
func (v *Service) began() {
	if p := primary(v.found); p != nil && p.CreatedAt != nil {
		v.since = *p.CreatedAt
	}
}

// tellOther tells of a rollout that somebody else has going on, which this one replaces.
func (v *Service) tellOther(s *resource.Scope) {
	if !v.active() {
		return
	}
	if p := primary(v.found); p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		s.Notice("berth", fmt.Sprintf("a rollout of %s is going on since %s; this one takes its place",
			shortARN(aws.ToString(p.TaskDefinition)), aws.ToTime(p.CreatedAt).UTC().Format("15:04:05 MST")))
	}
}

// Observed is the service as AWS described it, nil when there is none.
func (v *Service) Observed() *ecstypes.Service { return v.found }

// Delete implements Resource: it stops all tasks and waits until their network interfaces can go, too.
func (v *Service) Delete(ctx context.Context, s *resource.Scope) error {
	if !v.Exists() {
		return nil
	}
	err := s.Retry(ctx, []cloud.Retryable{
		{Code: "InvalidParameterException", Contains: "cannot be stopped while deployments are active", For: 20 * time.Minute},
	}, func(ctx context.Context) error {
		_, err := s.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{
			Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), Force: aws.Bool(true),
		})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete service: %w", err)
	}
	w := cloud.Wait{For: "the tasks to drain and stop", Deadline: 20 * time.Minute}
	return s.Poll(ctx, w, v.Info().Gone, func(ctx context.Context) (bool, string, error) {
		found, err := v.describe(ctx, s)
		if err != nil || found == nil || aws.ToString(found.Status) == "INACTIVE" {
			return err == nil, "", err
		}
		return false, fmt.Sprintf("%d running", found.RunningCount), nil
	})
}

// Permissions implements Permissioned.
func (v *Service) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	arn := v.ServiceARN(s)
	need := []resource.Permission{resource.On(resource.Actions("ecs:DescribeServices"), arn)}
	switch do {
	case "":
		return need
	case event.Delete:
		return append(need, resource.On(resource.Actions("ecs:DeleteService"), arn))
	case event.Create:
		need = append(need, newECS("CreateService", arn)...)
	case event.Update, event.Replace:
		need = append(need, resource.On(resource.Actions("ecs:UpdateService"), arn))
	case event.None:
	}
	return append(need, v.watching(s)...)
}

// watching is to follow a rollout.
func (v *Service) watching(s *resource.Scope) []resource.Permission {
	name := v.Cluster.Name() + "/" + v.Name()
	blind := "the rollout is judged by the service's counters alone"
	list := resource.On(resource.Actions("ecs:ListServiceDeployments"), v.ServiceARN(s))
	describe := resource.On(resource.Actions("ecs:DescribeServiceDeployments"), s.ARN("ecs", "service-deployment/"+name+"/*"))
	list.Without, describe.Without = blind, blind
	need := append(v.Cluster.tasks(s), list, describe,
		v.TaskDefinition.LogGroup.readLogs(s, "a task that fails is explained without its last log lines"))
	if v.TargetGroup != nil {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeTargetHealth"))
	}
	return need
}

// Look is to read what a status and the log tell beyond what a deployment looks at itself.
func (v *Service) Look(s *resource.Scope) []resource.Permission {
	revisions := resource.On(resource.Actions("ecs:DescribeServiceRevisions"), s.ARN("ecs", "service-revision/"+v.Cluster.Name()+"/"+v.Name()+"/*"))
	revisions.Without = "a status does not say which images ran"
	metrics := resource.Anywhere("cloudwatch:GetMetricData")
	metrics.Without = "CPU, memory and requests are not shown"
	lines := resource.On(resource.Actions("logs:FilterLogEvents"), v.TaskDefinition.LogGroup.arns(s)[1])
	lines.Without = "the app's log is not shown"
	return []resource.Permission{revisions, metrics, lines}
}

// fargateQuota is the code of "Fargate On-Demand vCPU resource count" (engine/AWS.md, Quotas).
const fargateQuota = "L-3032A538"

// Checks implements Checked: the vCPUs that the tasks need.
func (v *Service) Checks(do event.Action) []resource.Probe {
	if do != event.Create && do != event.Update && do != event.Replace {
		return nil
	}
	if v.Process != "" {
		return nil // the app's own service counts for all
	}
	return []resource.Probe{{ID: "quota-fargate", Title: "Fargate vCPUs", Look: v.checkCPU}}
}

// checkCPU compares the quota with what this app alone needs: all of its tasks at once when it is new, one
// more than those when a version replaces another, and twice as many when it replaces them all at once. What
// else runs in the account counts as well and cannot be seen here.
func (v *Service) checkCPU(ctx context.Context, s *resource.Scope) resource.Finding {
	have, unknown := resource.Quota(ctx, s, "fargate", fargateQuota, "the number of Fargate vCPUs")
	if unknown != nil {
		return *unknown
	}
	all := float64(v.Instances) * v.CPU
	why := fmt.Sprintf("the app needs %g (%d x %g)", all, v.Instances, v.CPU)
	for _, p := range v.Together.others(v) {
		if !p.Unwanted {
			all += float64(p.Instances) * p.CPU
			why = fmt.Sprintf("the app needs %g with all of its processes", all)
		}
	}
	least := all
	if v.active() {
		least, why = all+v.CPU, fmt.Sprintf("the app needs %g while a new task stands beside the old ones", all+v.CPU)
	}
	remedy := resource.Raise("Fargate On-Demand vCPU resource count", "AWS Fargate", fargateQuota) +
		", or lower service.cpu or service.instances"
	allowed := fmt.Sprintf("the account may run %g vCPU on Fargate in %s", have, s.Region)
	switch {
	case have < least:
		return resource.Finding{Verdict: resource.Fail, Text: allowed + ", and " + why, Remedy: remedy}
	case have < 2*all:
		return resource.Finding{
			Verdict: resource.Warn, Remedy: remedy,
			Text: fmt.Sprintf("%s; a new version runs up to %g beside the old one, so it will replace tasks more slowly", allowed, 2*all),
		}
	}
	return resource.Finding{Verdict: resource.OK, Text: fmt.Sprintf("%s, and a rollout needs up to %g", allowed, 2*all)}
}

// Costs implements Coster.
func (v *Service) Costs(b *price.Bill) {
	if !v.Unwanted {
		b.Tasks(v.size(v.Instances))
	}
	if v.Process == "" && v.TargetGroup == nil { // else the way to it is billed for what goes out
		b.Egress()
	}
}

// size is so many of its tasks, for the estimate.
func (v *Service) size(count int) price.Tasks {
	return price.Tasks{
		Count: count, VCPU: v.CPU, MemoryGB: v.MemoryGB, Arch: v.Arch, DiskGB: v.DiskGB, Spot: price.SpotTasks(count, v.Spot), Name: v.Process,
		Private: v.Network.Private,
	}
}

// AsFound implements AsFound: the tasks that are wanted now, of the size of the revision that they run, or that a
// rollback goes back to.
func (v *Service) AsFound(ctx context.Context, s *resource.Scope) error {
	if v.found == nil {
		return nil
	}
	v.Instances, v.Unwanted = int(v.found.DesiredCount), false
	if n := v.found.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		v.Network.Private = n.AwsvpcConfiguration.AssignPublicIp == ecstypes.AssignPublicIpDisabled
	}
	if len(v.found.LoadBalancers) == 0 {
		v.TargetGroup, v.Rules = nil, nil
	}
	td := v.TaskDefinition.latest
	if !v.RevisionOnly && (td == nil || aws.ToString(td.TaskDefinitionArn) != aws.ToString(v.found.TaskDefinition)) {
		out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: v.found.TaskDefinition})
		if err != nil {
			return err
		}
		td = out.TaskDefinition
	}
	if td == nil {
		return nil
	}
	cpu, err := strconv.ParseFloat(aws.ToString(td.Cpu), 64)
	if err != nil {
		return fmt.Errorf("read the CPU units of %s: %w", shortARN(aws.ToString(td.TaskDefinitionArn)), err)
	}
	memory, err := strconv.ParseFloat(aws.ToString(td.Memory), 64)
	if err != nil {
		return fmt.Errorf("read the memory of %s: %w", shortARN(aws.ToString(td.TaskDefinitionArn)), err)
	}
	v.CPU, v.MemoryGB, v.Arch, v.DiskGB, v.Spot = cpu/1024, memory/1024, "x86", 0, spotShare(v.found.CapacityProviderStrategy)
	if e := td.EphemeralStorage; e != nil {
		v.DiskGB = float64(e.SizeInGiB)
	}
	if p := td.RuntimePlatform; p != nil && p.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		v.Arch = "arm"
	}
	return nil
}

// Exposes implements Exposed.
func (v *Service) Exposes(do event.Action) string {
	if !resource.Makes(do) || v.Network.Private {
		return ""
	}
	if v.TargetGroup == nil {
		return "each task has a public IPv4 address, to fetch its image; from outside nothing gets in"
	}
	return "each task has a public IPv4 address, to fetch its image; from outside only the load balancer gets in"
}

// Services lists the clusters of all apps, their services, and the tasks that belong to none. It says which apps are
// alive.
var Services = resource.Listing{
	What: "services", List: listServices, Without: "so nothing can be called left over", Judges: true,
}

func listServices(ctx context.Context, s *resource.Survey) error {
	clusters, err := listClusters(ctx, s)
	if err != nil {
		return err
	}
	services, tasks := make([][]ecstypes.Service, len(clusters)), make([][]ecstypes.Task, len(clusters))
	err = resource.Each(ctx, clusters, func(ctx context.Context, i int, k placed) (err error) {
		if services[i], err = servicesOf(ctx, s.Clients, k.arn); resource.UnlessGone(err) != nil {
			return err
		}
		tasks[i], err = tasksOf(ctx, s.Clients, &ecs.ListTasksInput{Cluster: &k.arn})
		return resource.UnlessGone(err)
	})
	for i, k := range clusters {
		for _, svc := range services[i] {
			addService(s, k.owner, svc)
		}
		for _, t := range tasks[i] {
			addTask(s, k.owner, t)
		}
	}
	return err
}

// addService makes its app alive, unless it is on its way out.
func addService(s *resource.Survey, o resource.Owner, svc ecstypes.Service) {
	switch aws.ToString(svc.Status) {
	case "INACTIVE":
		return
	case "ACTIVE":
		a := s.App(o)
		a.Alive = true
		a.InDNS = a.InDNS || len(svc.ServiceRegistries) > 0
		for _, l := range svc.LoadBalancers {
			a.Uses[aws.ToString(l.TargetGroupArn)] = true
		}
	}
	s.Add(resource.Found{
		Owner: o, Kind: "ecs.Service", Name: aws.ToString(svc.ServiceName), ARN: aws.ToString(svc.ServiceArn), Role: "service",
		Why: "is being deleted",
	})
}

// serviceBatch is how many services one call describes.
const serviceBatch = 10

// servicesOf are all services of a cluster.
func servicesOf(ctx context.Context, c *cloud.Clients, cluster string) (all []ecstypes.Service, err error) {
	var arns []string
	p := ecs.NewListServicesPaginator(c.ECS, &ecs.ListServicesInput{Cluster: &cluster})
	err = resource.Pages(ctx, p, func(out *ecs.ListServicesOutput) error {
		arns = append(arns, out.ServiceArns...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(arns, serviceBatch) {
		out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: batch})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Services...)
	}
	return all, nil
}
