package traffic

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Handover leads CloudFront's requests from one load balancer of the app to the other, once the tasks behind that serve.
// Where nothing moves it is no part of the plan.
type Handover struct {
	Distribution *Distribution
	Service      resource.Resource // that serves behind both load balancers meanwhile
}

// Info implements Resource.
func (h *Handover) Info() resource.Info {
	return resource.Info{
		ID: "handover", Kind: "cloudfront.Origin", Name: h.Distribution.Owner.Name(), Label: "the handover between the load balancers",
		Group: resource.GroupEndpoint, Usually: 2 * time.Minute,
	}
}

// Needs implements Resource.
func (h *Handover) Needs() []resource.Need {
	d := h.Distribution
	lb, rule := d.Door.front()
	needs := []resource.Need{{On: d}, {On: lb, Ready: true}, {On: rule}, {On: d.Door.Inner.Origin, Ready: true}}
	if h.Service != nil {
		needs = append(needs, resource.Need{On: h.Service, Ready: true})
	}
	return needs
}

// Observe implements Resource. The distribution has looked already.
func (h *Handover) Observe(context.Context, *resource.Scope) error { return nil }

// Exists implements Resource: never, as far as deleting goes.
func (h *Handover) Exists() bool { return false }

// Diff implements Resource.
func (h *Handover) Diff(*resource.Scope) resource.Diff {
	d := h.Distribution
	if !d.Wanted() || !d.moves() {
		return resource.Diff{}
	}
	lb := d.Door.Front()
	return resource.Changed("traffic moves to "+lb.Info().Label+" once its tasks are healthy", resource.Field("origin", d.leadsTo(), cmp.Or(lb.DNS, resource.NotYet)))
}

// Apply implements Resource.
func (h *Handover) Apply(ctx context.Context, s *resource.Scope) error {
	d := h.Distribution
	d.turned = true
	return d.change(ctx, s, func(c *cftypes.DistributionConfig) { mend(c, d.wanted(aws.ToString(c.CallerReference))) })
}

// Ready implements Waiter: all edges ask the other load balancer.
func (h *Handover) Ready(ctx context.Context, s *resource.Scope) error {
	if !h.Distribution.turned {
		return nil
	}
	w := cloud.Wait{For: "CloudFront to switch all edge locations to the other load balancer", Deadline: 35 * time.Minute}
	return h.Distribution.deployed(ctx, s, w, h.Info().Usually)
}

// Delete implements Resource. There is nothing to delete.
func (h *Handover) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (h *Handover) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if do != event.Update {
		return nil
	}
	return h.Distribution.Permissions(s, do)
}
