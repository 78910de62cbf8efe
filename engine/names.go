package engine

import (
	"context"

	"berth/engine/cloud"
	"berth/engine/orphan"
	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target/ecs"
)

// Owner is an app in one environment.
type Owner = resource.Owner

// Apps lists what has a cluster in the region (empty: the one of the settings), running or not, by two calls.
func (e *Engine) Apps(ctx context.Context, region string) ([]Owner, error) {
	clients, err := e.connect(ctx, region)
	if err != nil {
		return nil, err
	}
	return orphan.Apps(ctx, clients)
}

// Revisions lists the rollouts of the app that one can go back to, newest first: those that came up, each
// revision once, without the one that runs. It takes four calls.
func (e *Engine) Revisions(ctx context.Context, s *spec.Spec) ([]Deployment, error) {
	w, err := e.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	b, err := ecs.New(w.app, ecs.Options{})
	if err != nil {
		return nil, err
	}
	svc, err := w.describe(ctx, found{cluster: b.Cluster.Name(), service: b.Service.Name()})
	if err != nil || svc == nil {
		return nil, cloud.Explain("look at the service", err)
	}
	st := &Status{}
	st.service(svc)
	if err := w.deployments(ctx, st, svc, &look{}); err != nil {
		return nil, err
	}
	return earlier(st), nil
}

// earlier are the deployments of a status that one can go back to, each revision once.
func earlier(st *Status) []Deployment {
	var out []Deployment
	seen := map[string]bool{st.Revision: true, "": true}
	for _, d := range st.Deployments {
		if d.State == "successful" && !seen[d.Revision] {
			seen[d.Revision] = true
			out = append(out, d)
		}
	}
	return out
}
