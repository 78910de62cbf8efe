package resource

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
)

// Verdict is how a check ended.
type Verdict string

// The verdicts. Unknown is that nobody could be asked.
const (
	OK      Verdict = "ok"
	Warn    Verdict = "warn"
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
)

// Finding is the outcome of a check: a sentence, and what to do when it is not OK.
type Finding struct {
	Verdict Verdict
	Text    string
	Remedy  string
}

// Probe is a check that can be made before anything changes.
type Probe struct {
	ID, Title string
	Look      func(context.Context, *Scope) Finding
}

// Checked is a Resource that depends on something besides permissions: a quota, a program, a role.
type Checked interface {
	// Checks are what should be looked at before that is done to the resource.
	Checks(do event.Action) []Probe
}

// ChecksOf are the checks of r, none when it has none.
func ChecksOf(r Resource, do event.Action) []Probe {
	if c, ok := r.(Checked); ok {
		return c.Checks(do)
	}
	return nil
}

// quota asks for the value of a quota; what names it in sentences.
func quota(ctx context.Context, s *Scope, service, code, what string) (float64, *Finding) {
	out, err := s.Quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if err == nil && (out.Quota == nil || out.Quota.Value == nil) {
		err = errors.New("the answer holds no value")
	}
	if err != nil {
		return 0, &Finding{Verdict: Unknown, Text: "could not ask for " + what + ": " + cloud.WhyNot(err)}
	}
	return *out.Quota.Value, nil
}

// raise is what to do about a quota.
func raise(name, service, code string) string {
	return fmt.Sprintf("ask for a higher quota %q: Service Quotas, %s, %s (the answer can take a day)", name, service, code)
}

// The quotas that new accounts run into (ecs-provisioning 4.1).
const (
	fargateQuota = "L-3032A538" // of fargate: Fargate On-Demand vCPU resource count
	vpcQuota     = "L-F678F1CE" // of vpc: VPCs per Region
	albQuota     = "L-53DA6B97" // of elasticloadbalancing: Application Load Balancers per Region
)

// Checks implements Checked: the vCPUs that the tasks need.
func (v *Service) Checks(do event.Action) []Probe {
	if do != event.Create && do != event.Update && do != event.Replace {
		return nil
	}
	return []Probe{{ID: "quota-fargate", Title: "Fargate vCPUs", Look: v.checkCPU}}
}

// checkCPU compares the quota with what this app alone needs: all of its tasks at once when it is new, one
// more than those when a version replaces another, and twice as many when it replaces them all at once. What
// else runs in the account counts as well and cannot be seen here.
func (v *Service) checkCPU(ctx context.Context, s *Scope) Finding {
	have, unknown := quota(ctx, s, "fargate", fargateQuota, "the number of Fargate vCPUs")
	if unknown != nil {
		return *unknown
	}
	all := float64(v.Instances) * v.CPU
	least, why := all, fmt.Sprintf("the app needs %g (%d x %g)", all, v.Instances, v.CPU)
	if v.active() {
		least, why = all+v.CPU, fmt.Sprintf("the app needs %g while a new task stands beside the old ones", all+v.CPU)
	}
	remedy := raise("Fargate On-Demand vCPU resource count", "AWS Fargate", fargateQuota) +
		", or lower service.cpu or service.instances"
	allowed := fmt.Sprintf("the account may run %g vCPU on Fargate in %s", have, s.Region)
	switch {
	case have < least:
		return Finding{Verdict: Fail, Text: allowed + ", and " + why, Remedy: remedy}
	case have < 2*all:
		return Finding{
			Verdict: Warn, Remedy: remedy,
			Text: fmt.Sprintf("%s; a new version runs up to %g beside the old one, so it will replace tasks more slowly", allowed, 2*all),
		}
	}
	return Finding{Verdict: OK, Text: fmt.Sprintf("%s, and a rollout needs up to %g", allowed, 2*all)}
}

// Checks implements Checked: room for one more VPC.
func (v *VPC) Checks(do event.Action) []Probe {
	if do != event.Create || v.Default {
		return nil
	}
	return []Probe{{ID: "quota-vpc", Title: "VPCs", Look: func(ctx context.Context, s *Scope) Finding {
		return room(ctx, s, one{"VPCs", "VPCs per Region", "vpc", vpcQuota, countVPCs})
	}}}
}

func countVPCs(ctx context.Context, s *Scope) (n int, err error) {
	pages := ec2.NewDescribeVpcsPaginator(s.EC2, &ec2.DescribeVpcsInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		n += len(out.Vpcs)
	}
	return n, nil
}

// Checks implements Checked: room for one more load balancer.
func (l *LoadBalancer) Checks(do event.Action) []Probe {
	if do != event.Create {
		return nil
	}
	return []Probe{{ID: "quota-load-balancer", Title: "load balancers", Look: func(ctx context.Context, s *Scope) Finding {
		return room(ctx, s, one{
			"Application Load Balancers", "Application Load Balancers per Region", "elasticloadbalancing", albQuota, countLoadBalancers,
		})
	}}}
}

func countLoadBalancers(ctx context.Context, s *Scope) (n int, err error) {
	pages := elb.NewDescribeLoadBalancersPaginator(s.ELB, &elb.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, lb := range out.LoadBalancers {
			if lb.Type == "application" || lb.Type == "" {
				n++
			}
		}
	}
	return n, nil
}

// one is something that the app needs one more of.
type one struct {
	what, name, service, code string
	count                     func(context.Context, *Scope) (int, error)
}

// room says whether the quota leaves room for one more.
func room(ctx context.Context, s *Scope, o one) Finding {
	have, unknown := quota(ctx, s, o.service, o.code, "the number of "+o.what)
	if unknown != nil {
		return *unknown
	}
	n, err := o.count(ctx, s)
	if err != nil {
		return Finding{Verdict: Unknown, Text: "could not count the " + o.what + ": " + cloud.WhyNot(err)}
	}
	text := fmt.Sprintf("%d of %g %s are used in %s", n, have, o.what, s.Region)
	if float64(n+1) > have {
		return Finding{
			Verdict: Fail, Text: text + ", and the app needs one more",
			Remedy: raise(o.name, o.service, o.code) + ", or remove one that is no longer used",
		}
	}
	return Finding{Verdict: OK, Text: text}
}

// Checks implements Checked: whether the role is there or will be made. The permission to make it is asked for
// with all the others.
func (r *ServiceLinkedRole) Checks(do event.Action) []Probe {
	if do != event.Create && do != event.None || r.Unwanted {
		return nil
	}
	return []Probe{{ID: r.ID, Title: "service role", Look: func(context.Context, *Scope) Finding {
		if do == event.Create {
			return Finding{Verdict: OK, Text: r.Name + " will be made: the account has not used this service yet"}
		}
		return Finding{Verdict: OK, Text: r.Name + " is there"}
	}}}
}

// Checks implements Checked: the program that builds, and whether it builds for this machine's processor.
func (b *Build) Checks(do event.Action) []Probe {
	if do != event.Create {
		return nil
	}
	return []Probe{
		{ID: "builder", Title: "image build", Look: b.checkBuilder},
		{ID: "platform", Title: "platform", Look: b.checkPlatform},
	}
}

func (b *Build) checkBuilder(ctx context.Context, _ *Scope) Finding {
	docker, ok := b.Builder.(interface{ Check(context.Context) error })
	if !ok {
		return Finding{Verdict: OK, Text: "the image can be built"}
	}
	if err := docker.Check(ctx); err != nil {
		f := fail.From(err)
		return Finding{Verdict: Fail, Text: f.Cause, Remedy: f.Remedy}
	}
	return Finding{Verdict: OK, Text: "Docker answers"}
}

func (b *Build) checkPlatform(context.Context, *Scope) Finding {
	arch := spec.Arch(b.Source.Platform)
	if arch == "" || arch == runtime.GOARCH {
		return Finding{Verdict: OK, Text: "the image is built for " + b.Source.Platform}
	}
	return Finding{
		Verdict: Warn, Text: fmt.Sprintf("the image is built for %s on a machine with %s: Docker emulates it, which is slow", b.Source.Platform, runtime.GOARCH),
		Remedy: "set image.platform = \"linux/" + runtime.GOARCH + "\" if the app may run on that as well",
	}
}

// Checks implements Checked: whether an image that is used as it is exists.
func (i *Image) Checks(do event.Action) []Probe {
	if i.Build != nil || do == event.Delete {
		return nil
	}
	return []Probe{{ID: "image", Title: "image", Look: i.checkExternal}}
}
