package ecs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource/compute"
	"berth/engine/target"
)

// Revision implements target.Watcher: called is family:number, the number alone, or Previous.
func (w *watcher) Revision(ctx context.Context, called string) (string, *target.Status, error) {
	st, err := w.Status(ctx)
	if err != nil {
		return "", nil, err
	}
	if st.Revision == "" {
		return "", nil, &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " is not deployed, so there is nothing to roll back to",
			Remedy: "deploy it with: berth deploy",
		}
	}
	family, _, _ := strings.Cut(st.Revision, ":")
	switch {
	case called == target.Previous:
		all := earlier(st)
		if len(all) == 0 {
			return "", nil, noEarlier(st)
		}
		return all[0].Revision, st, nil
	case !strings.Contains(called, ":"):
		return family + ":" + strings.TrimPrefix(called, "v"), st, nil
	}
	return called, st, nil
}

// Restartable implements target.Watcher.
func (w *watcher) Restartable(ctx context.Context) (*target.Status, error) {
	st, err := w.Status(ctx)
	if err != nil {
		return nil, err
	}
	if st.Revision == "" {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " is not deployed, so there is nothing to restart",
			Remedy: "deploy it with: berth deploy",
		}
	}
	for _, p := range st.Processes {
		if p.Schedule == "" && p.Desired > 0 {
			return st, nil
		}
	}
	if st.Desired == 0 {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " is paused: it has no running tasks to restart",
			Remedy: "raise service.instances in berth.toml, then: berth deploy", Setting: "service.instances",
		}
	}
	return st, nil
}

// noEarlier says why a status has no version to go back to.
func noEarlier(st *target.Status) error {
	missing := slices.DeleteFunc(slices.Clone(st.Denied), func(action string) bool {
		return !slices.Contains(history, action)
	})
	if len(missing) > 0 {
		return &fail.Error{
			Class: fail.Refused, Cause: "cannot list earlier versions: the permission " + strings.Join(missing, ", ") + " is missing",
			Remedy: "ask for that permission, or name the revision to roll back to: berth rollback 3",
		}
	}
	return &fail.Error{
		Class: fail.Refused, Cause: "there is no earlier healthy version to roll back to",
		Remedy: "deploy the version you want",
	}
}

// history are the actions without which a status does not know the earlier versions.
var history = []string{"ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"}

// Revisions implements target.Watcher. It takes four calls.
func (w *watcher) Revisions(ctx context.Context) ([]target.Deployment, error) {
	b, err := w.blueprint()
	if err != nil {
		return nil, err
	}
	svc, err := w.describe(ctx, found{cluster: b.Cluster.Name(), service: b.Service.Name()})
	if err != nil || svc == nil {
		return nil, cloud.Explain("look at the service", err)
	}
	st := &target.Status{}
	tell(st, svc)
	if err := w.deployments(ctx, st, svc, &look{}); err != nil {
		return nil, err
	}
	return earlier(st), nil
}

// earlier are the deployments of a status that one can go back to, each revision once.
func earlier(st *target.Status) []target.Deployment {
	var out []target.Deployment
	seen := map[string]bool{st.Revision: true, "": true}
	for _, d := range st.Deployments {
		if d.State == "successful" && !seen[d.Revision] {
			seen[d.Revision] = true
			out = append(out, d)
		}
	}
	return out
}

// deployments reads the latest rollouts. Where they cannot be read, the service's own list stands in.
func (w *watcher) deployments(ctx context.Context, st *target.Status, svc *ecstypes.Service, l *look) error {
	c := w.clients
	listed, err := compute.Deployments(ctx, c, &awsecs.ListServiceDeploymentsInput{
		Cluster: svc.ClusterArn, Service: svc.ServiceName, MaxResults: aws.Int32(maxDeployments),
	}, maxDeployments)
	if cloud.Unknown(err) || l.deny(err) {
		plainRollouts(st, svc)
		return nil
	}
	if err == nil {
		listed, err = w.withSuccessful(ctx, svc, listed)
	}
	if err != nil || len(listed) == 0 {
		return cloud.Explain("list the rollouts", err)
	}
	var arns, revisions []string
	for _, d := range listed {
		arns = append(arns, aws.ToString(d.ServiceDeploymentArn))
		if r := aws.ToString(d.TargetServiceRevisionArn); !slices.Contains(revisions, r) {
			revisions = append(revisions, r)
		}
	}
	described, err := c.ECS.DescribeServiceDeployments(ctx, &awsecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
	if l.deny(err) {
		plainRollouts(st, svc)
		return nil
	}
	if err != nil {
		return cloud.Explain("look at the rollouts", err)
	}
	of, err := c.ECS.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: revisions})
	if l.deny(err) {
		of, err = &awsecs.DescribeServiceRevisionsOutput{}, nil
	}
	if err != nil {
		return cloud.Explain("look at the revisions", err)
	}
	rollouts(st, described.ServiceDeployments, of.ServiceRevisions)
	return nil
}

// withSuccessful adds the last rollouts that succeeded to the latest ones, where those are failures in a row: somebody may
// want to go back beyond all of them.
func (w *watcher) withSuccessful(ctx context.Context, svc *ecstypes.Service, listed []ecstypes.ServiceDeploymentBrief) ([]ecstypes.ServiceDeploymentBrief, error) {
	well := 0
	for _, d := range listed {
		if d.Status == ecstypes.ServiceDeploymentStatusSuccessful {
			well++
		}
	}
	if well > 1 || len(listed) < maxDeployments {
		return listed, nil
	}
	more, err := compute.Deployments(ctx, w.clients, &awsecs.ListServiceDeploymentsInput{
		Cluster: svc.ClusterArn, Service: svc.ServiceName, MaxResults: aws.Int32(maxDeployments),
		Status: []ecstypes.ServiceDeploymentStatus{ecstypes.ServiceDeploymentStatusSuccessful},
	}, maxDeployments)
	for _, d := range more {
		if !slices.ContainsFunc(listed, func(o ecstypes.ServiceDeploymentBrief) bool {
			return aws.ToString(o.ServiceDeploymentArn) == aws.ToString(d.ServiceDeploymentArn)
		}) {
			listed = append(listed, d)
		}
	}
	return listed, err
}

// rollouts tells of rollouts, newest first.
func rollouts(st *target.Status, all []ecstypes.ServiceDeployment, revisions []ecstypes.ServiceRevision) {
	byARN := map[string]ecstypes.ServiceRevision{}
	for _, r := range revisions {
		byARN[aws.ToString(r.ServiceRevisionArn)] = r
	}
	for _, d := range all {
		one := target.Deployment{
			ID: last(aws.ToString(d.ServiceDeploymentArn)), State: strings.ToLower(string(d.Status)),
			Reason: aws.ToString(d.StatusReason), Started: aws.ToTime(d.CreatedAt), Finished: aws.ToTime(d.FinishedAt),
		}
		if d.TargetServiceRevision != nil {
			r := byARN[aws.ToString(d.TargetServiceRevision.Arn)]
			one.Revision, one.Image = last(aws.ToString(r.TaskDefinition)), imageOf(r)
		}
		st.Deployments = append(st.Deployments, one)
	}
	slices.SortFunc(st.Deployments, func(a, b target.Deployment) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) })
	for _, d := range st.Deployments {
		if d.Revision == st.Revision && st.Image == "" {
			st.Image = d.Image
		}
	}
}

// plainRollouts tells of the rollouts that the service itself lists.
func plainRollouts(st *target.Status, svc *ecstypes.Service) {
	for _, d := range svc.Deployments {
		st.Deployments = append(st.Deployments, target.Deployment{
			ID: aws.ToString(d.Id), State: strings.ToLower(string(d.RolloutState)), Reason: aws.ToString(d.RolloutStateReason),
			Revision: last(aws.ToString(d.TaskDefinition)), Started: aws.ToTime(d.CreatedAt),
		})
	}
}

func imageOf(r ecstypes.ServiceRevision) string {
	for _, c := range r.ContainerImages {
		if aws.ToString(c.ContainerName) == compute.ContainerName {
			return cmp.Or(aws.ToString(c.Image), aws.ToString(c.ImageDigest))
		}
	}
	return ""
}

// last is what stands behind the last slash of an ARN.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// origin is where a revision came from.
type origin struct{ by, commit string }

// origins reads who made revisions (family:number) and from which commit. It keeps what it read, because revisions
// never change; what cannot be read is left out.
func (w *watcher) origins(ctx context.Context, revisions []string, l *look) map[string]origin {
	w.mu.Lock()
	missing := slices.DeleteFunc(slices.Clone(revisions), func(r string) bool {
		_, known := w.made[r]
		return known || r == ""
	})
	w.mu.Unlock()
	var g errgroup.Group
	for _, r := range missing {
		g.Go(func() error {
			by, commit, err := compute.Origin(ctx, w.clients, r)
			if err != nil {
				l.deny(err)
				return nil // who made a revision is not worth failing for
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.made[r] = origin{by, commit}
			return nil
		})
	}
	_ = g.Wait() // none fails
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[string]origin{}
	for _, r := range revisions {
		known[r] = w.made[r]
	}
	return known
}
