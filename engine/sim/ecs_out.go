package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// orNil is a pointer to s, or nil when s is empty.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return new(s)
}

// timeOrNil is a pointer to t, or nil when t is zero.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t)
}

// counts gives how many of a rollout's tasks run and how many are on their way.
func (r *region) counts(id string) (running, pending int32) {
	for _, t := range r.ecs().Tasks {
		if t.Rollout != id {
			continue
		}
		switch t.Status {
		case taskRunning:
			running++
		case taskProvisioning, taskPending, taskActivating:
			if t.Desired == taskRunning {
				pending++
			}
		}
	}
	return running, pending
}

// platformVersion is what LATEST stands for.
func platformVersion(v string) string {
	if v == "LATEST" || v == "" {
		return "1.4.0"
	}
	return v
}

func (c *call) serviceOut(s *service) ecstypes.Service {
	p := s.primary()
	o := ecstypes.Service{
		ServiceArn: new(s.ARN), ServiceName: new(s.Name), ClusterArn: new(s.Cluster), Status: new(s.Status), DesiredCount: s.Desired,
		TaskDefinition: new(p.Rev.TaskDef), NetworkConfiguration: clone(p.Rev.Network), LoadBalancers: clone(p.Rev.LBs),
		ServiceRegistries: clone(p.Rev.Registries), PlatformVersion: new(p.Rev.Platform), PlatformFamily: new("Linux"),
		DeploymentConfiguration: s.configOut(), HealthCheckGracePeriodSeconds: new(s.Grace), EnableExecuteCommand: s.Exec,
		EnableECSManagedTags: s.Managed, PropagateTags: s.Propagate, AvailabilityZoneRebalancing: s.Rebalance,
		CapacityProviderStrategy: clone(s.Strategy), LaunchType: s.Launch, CreatedAt: new(s.Created), CreatedBy: new(c.st.principal()),
		SchedulingStrategy: ecstypes.SchedulingStrategyReplica, Tags: s.Tags.toECS(), RoleArn: new(linkedARN(c.st.Account, "ecs.amazonaws.com")),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeEcs},
	}
	if o.PropagateTags == "" {
		o.PropagateTags = ecstypes.PropagateTagsNone
	}
	if o.AvailabilityZoneRebalancing == "" {
		o.AvailabilityZoneRebalancing = ecstypes.AvailabilityZoneRebalancingEnabled
	}
	if current := s.rollout(p.RollbackOf); p.RollbackOf != "" && current != nil && current.Finished.IsZero() {
		o.CurrentServiceDeployment = new(current.ARN)
	} else if p.RollbackOf == "" && p.Finished.IsZero() {
		o.CurrentServiceDeployment = new(p.ARN)
	}
	for _, r := range s.Rollouts {
		if r.Role == "" {
			continue
		}
		running, pending := c.r.counts(r.ID)
		o.RunningCount += running
		o.PendingCount += pending
		o.CurrentServiceRevisions = append(o.CurrentServiceRevisions, ecstypes.ServiceCurrentRevisionSummary{
			Arn: new(r.RevisionARN), RequestedTaskCount: s.requested(r), RunningTaskCount: running, PendingTaskCount: pending,
		})
		o.Deployments = append(o.Deployments, c.deploymentOut(s, r, running, pending))
	}
	slices.SortStableFunc(o.Deployments, func(a, b ecstypes.Deployment) int {
		if *a.Status == *b.Status {
			return 0
		}
		if *a.Status == "PRIMARY" {
			return -1
		}
		return 1
	})
	for _, e := range s.Events {
		o.Events = append(o.Events, ecstypes.ServiceEvent{Id: new(e.ID), CreatedAt: new(e.At), Message: new(e.Text)})
	}
	return o
}

// configOut is the deployment configuration with the defaults filled in, as AWS shows it.
func (s *service) configOut() *ecstypes.DeploymentConfiguration {
	cfg := clone(s.Config)
	if cfg == nil {
		cfg = &ecstypes.DeploymentConfiguration{}
	}
	cfg.MinimumHealthyPercent = new(val(cfg.MinimumHealthyPercent, 100))
	cfg.MaximumPercent = new(val(cfg.MaximumPercent, 200))
	if cfg.Strategy == "" {
		cfg.Strategy = ecstypes.DeploymentStrategyRolling
	}
	if cfg.DeploymentCircuitBreaker == nil {
		cfg.DeploymentCircuitBreaker = &ecstypes.DeploymentCircuitBreaker{}
	}
	return cfg
}

func linkedARN(account, service string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/%s/%s", account, service, catalog().roles[service])
}

// requested is how many tasks a rollout is meant to have.
func (s *service) requested(r *rollout) int32 {
	if r.Role == "PRIMARY" {
		return s.Desired
	}
	return 0
}

func (c *call) deploymentOut(s *service, r *rollout, running, pending int32) ecstypes.Deployment {
	return ecstypes.Deployment{
		Id: new(r.ID), Status: new(r.Role), TaskDefinition: new(r.Rev.TaskDef), DesiredCount: s.requested(r),
		RunningCount: running, PendingCount: pending, FailedTasks: r.Failed, RolloutState: r.State, RolloutStateReason: new(r.StateReason),
		CreatedAt: new(r.Created), UpdatedAt: new(r.Updated), NetworkConfiguration: clone(r.Rev.Network), LaunchType: s.Launch,
		CapacityProviderStrategy: clone(s.Strategy), PlatformVersion: new(platformVersion(r.Rev.Platform)), PlatformFamily: new("Linux"),
	}
}

func (c *call) serviceDeploymentOut(s *service, r *rollout) ecstypes.ServiceDeployment {
	running, pending := c.r.counts(r.ID)
	o := ecstypes.ServiceDeployment{
		ServiceDeploymentArn: new(r.ARN), ServiceArn: new(s.ARN), ClusterArn: new(s.Cluster), Status: r.Status, StatusReason: orNil(r.StatusReason),
		CreatedAt: new(r.Created), StartedAt: timeOrNil(r.Started), UpdatedAt: new(r.Updated), FinishedAt: timeOrNil(r.Finished),
		DeploymentConfiguration: s.configOut(),
		TargetServiceRevision: &ecstypes.ServiceRevisionSummary{
			Arn: new(r.RevisionARN), RequestedTaskCount: s.requested(r), RunningTaskCount: running, PendingTaskCount: pending,
		},
	}
	if r.Status == ecstypes.ServiceDeploymentStatusStopped {
		o.StoppedAt = timeOrNil(r.Finished)
	}
	for _, arn := range r.Sources {
		src := ecstypes.ServiceRevisionSummary{Arn: new(arn)}
		if from := s.rollout(arn); from != nil {
			src.RunningTaskCount, src.PendingTaskCount = c.r.counts(from.ID)
		}
		o.SourceServiceRevisions = append(o.SourceServiceRevisions, src)
	}
	if n := s.threshold(); n > 0 {
		status := ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoring
		switch {
		case r.State == ecstypes.DeploymentRolloutStateFailed:
			status = ecstypes.ServiceDeploymentRollbackMonitorsStatusTriggered
		case r.Completed:
			status = ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
		}
		o.DeploymentCircuitBreaker = &ecstypes.ServiceDeploymentCircuitBreaker{Status: status, FailureCount: r.Failed, Threshold: n}
	} else {
		o.DeploymentCircuitBreaker = &ecstypes.ServiceDeploymentCircuitBreaker{Status: ecstypes.ServiceDeploymentRollbackMonitorsStatusDisabled}
	}
	if r.RollbackTo != "" {
		o.Rollback = &ecstypes.Rollback{ServiceRevisionArn: new(r.RollbackTo), StartedAt: timeOrNil(r.RollbackAt), Reason: new(r.StateReason)}
	}
	return o
}

func ecsListServiceDeployments(c *call, in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := c.r.service(k.ARN, str(in.Service))
	if s == nil {
		return nil, noService()
	}
	var briefs []ecstypes.ServiceDeploymentBrief
	for _, r := range s.Rollouts {
		if r.RollbackOf != "" || len(in.Status) > 0 && !slices.Contains(in.Status, r.Status) {
			continue
		}
		if t := in.CreatedAt; t != nil && (t.After != nil && r.Created.Before(*t.After) || t.Before != nil && r.Created.After(*t.Before)) {
			continue
		}
		briefs = append(briefs, ecstypes.ServiceDeploymentBrief{
			ServiceDeploymentArn: new(r.ARN), ServiceArn: new(s.ARN), ClusterArn: new(s.Cluster), Status: r.Status, StatusReason: orNil(r.StatusReason),
			CreatedAt: new(r.Created), StartedAt: timeOrNil(r.Started), FinishedAt: timeOrNil(r.Finished), TargetServiceRevisionArn: new(r.RevisionARN),
		})
	}
	return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: briefs}, nil
}

// rolloutOf finds a rollout by the ARN of its service deployment or revision.
func (r *region) rolloutOf(arn string) (*service, *rollout) {
	for _, s := range slices.Backward(r.ecs().Services) {
		if o := s.rollout(arn); o != nil {
			return s, o
		}
	}
	return nil, nil
}

func ecsDescribeServiceDeployments(c *call, in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	if len(in.ServiceDeploymentArns) > 20 {
		return nil, invalid("At most 20 service deployments can be described at once.")
	}
	out := &ecs.DescribeServiceDeploymentsOutput{}
	for _, arn := range in.ServiceDeploymentArns {
		if s, r := c.r.rolloutOf(arn); r != nil {
			out.ServiceDeployments = append(out.ServiceDeployments, c.serviceDeploymentOut(s, r))
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(arn), Reason: new("MISSING")})
		}
	}
	return out, nil
}

func ecsDescribeServiceRevisions(c *call, in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
	out := &ecs.DescribeServiceRevisionsOutput{}
	for _, arn := range in.ServiceRevisionArns {
		s, r := c.r.rolloutOf(arn)
		if r == nil {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(arn), Reason: new("MISSING")})
			continue
		}
		o := ecstypes.ServiceRevision{
			ServiceRevisionArn: new(r.RevisionARN), ServiceArn: new(s.ARN), ClusterArn: new(s.Cluster), TaskDefinition: new(r.Rev.TaskDef),
			CreatedAt: new(r.Created), NetworkConfiguration: clone(r.Rev.Network), LoadBalancers: clone(r.Rev.LBs), LaunchType: s.Launch,
			CapacityProviderStrategy: clone(s.Strategy), PlatformVersion: new(platformVersion(r.Rev.Platform)), PlatformFamily: new("Linux"),
			GatewayConnectors: clone(r.Rev.Connectors),
		}
		if r.Role == "PRIMARY" {
			o.EcsManagedResources = c.connectionsOf(s)
		}
		if d := c.r.taskDef(r.Rev.TaskDef); d != nil {
			w := &world{a: c.a, st: c.st, r: c.r}
			for _, k := range d.Def.ContainerDefinitions {
				img := ecstypes.ContainerImage{ContainerName: k.Name, Image: k.Image}
				if l := w.locate(str(k.Image)); l.repo != nil {
					if i := l.repo.image(l.ref); i != nil {
						img.ImageDigest = new(i.Digest)
					}
				}
				o.ContainerImages = append(o.ContainerImages, img)
			}
			o.ContainerImages = clone(o.ContainerImages)
		}
		out.ServiceRevisions = append(out.ServiceRevisions, o)
	}
	return out, nil
}

func ecsStopServiceDeployment(c *call, in *ecs.StopServiceDeploymentInput) (*ecs.StopServiceDeploymentOutput, error) {
	s, r := c.r.rolloutOf(str(in.ServiceDeploymentArn))
	if r == nil {
		return nil, &ecstypes.ServiceDeploymentNotFoundException{Message: msg("Service deployment not found.")}
	}
	if !r.Finished.IsZero() || r.Role != "PRIMARY" || r.RollbackOf != "" {
		return nil, &ecstypes.ConflictException{Message: msg("The service deployment is in a terminal state (%s) and cannot be stopped.", r.Status)}
	}
	w := &world{a: c.a, st: c.st, r: c.r}
	if in.StopType == ecstypes.StopServiceDeploymentStopTypeAbort {
		r.State, r.StateReason = ecstypes.DeploymentRolloutStateFailed, "ECS deployment aborted by a user."
		r.finish(c.now, ecstypes.ServiceDeploymentStatusStopped, "Service deployment stopped by a user.")
	} else {
		w.failRollout(s, r, c.now, "stopped by a user.", s.rollsBack())
	}
	s.wake(c.now.Add(c.a.delay(latSchedule, r.ID)))
	return &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: new(r.ARN)}, nil
}
