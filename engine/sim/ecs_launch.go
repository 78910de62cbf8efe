package sim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// newTask makes a task that begins to start.
func (w *world) newTask(d *taskDef, cfg *ecstypes.AwsVpcConfiguration, key string, ordinal int, f fate, at time.Time) *task {
	id := stableID(key, fmt.Sprint(ordinal))
	if mib, _ := strconv.Atoi(str(d.Def.Memory)); f.Enough > 0 && mib >= f.Enough {
		f.Ends, f.OOM, f.Exit = false, false, 0
	}
	t := &task{
		ID: id[:32], TaskDef: d.ARN, Status: taskProvisioning, Desired: taskRunning, Created: at,
		Subnet: cfg.Subnets[ordinal%len(cfg.Subnets)], Groups: slices.Clone(cfg.SecurityGroups),
		PublicIP: cfg.AssignPublicIp == ecstypes.AssignPublicIpEnabled, ENI: "eni-0" + id[32:48], Fate: f,
	}
	t.Attachment = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:32]
	if s := w.r.subnet(t.Subnet); s != nil {
		t.IP = address(s.CIDR, id[48:])
		if len(t.Groups) == 0 {
			t.Groups = []string{find(w.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == s.VPC && g.Name == "default" }).ID}
		}
	}
	t.Next = at.Add(w.a.delay(latENI, t.ID))
	return t
}

// launch starts one task of a service, or says why it cannot.
func (w *world) launch(s *service, o *rollout, at time.Time) (t *task, problem string) {
	d := w.r.taskDef(o.Rev.TaskDef)
	if d == nil {
		return nil, "was unable to place a task. Reason: the task definition does not exist any more."
	}
	if arn := w.unassumable(d, at); arn != "" {
		return nil, fmt.Sprintf("failed to launch a task with (error ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.).", arn)
	}
	if w.overQuota(d) {
		return nil, "was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently."
	}
	o.Launched++
	subnets := o.Rev.Network.AwsvpcConfiguration.Subnets
	if why := w.r.placed(subnets[o.Launched%len(subnets)]); why != "" {
		return nil, why
	}
	t = w.newTask(d, o.Rev.Network.AwsvpcConfiguration, o.ID, o.Launched, o.Fate, at)
	t.Cluster, t.Service, t.Rollout, t.Group, t.Exec = s.Cluster, s.ARN, o.ID, "service:"+s.Name, s.Exec
	t.ARN = fmt.Sprintf("arn:aws:ecs:%s:%s:task/%s/%s", w.r.Name, w.st.Account, lastPart(s.Cluster), t.ID)
	t.Provider = w.r.nextProvider(s)
	if s.Propagate == ecstypes.PropagateTagsService {
		t.Tags = s.Tags
	}
	for _, lb := range o.Rev.LBs {
		t.Targets = append(t.Targets, target{Group: str(lb.TargetGroupArn), Port: val(lb.ContainerPort, 0)})
	}
	for _, x := range w.r.routesOf(s.ARN) {
		if port := d.namedPort(x.Port); x.Target != "" && port != 0 {
			t.Targets = append(t.Targets, target{Group: x.Target, Port: port})
		}
	}
	w.r.ecs().Tasks = append(w.r.ecs().Tasks, t)
	return t, ""
}

// nextProvider is where the next task of a service runs by its strategy: the bases first, then where most is missing by
// weight.
func (r *region) nextProvider(s *service) string {
	have := map[string]int32{}
	for _, t := range r.liveTasks(s, s.primary()) {
		have[t.Provider]++
	}
	best, least := "", math.Inf(1)
	for _, p := range s.Strategy {
		name := str(p.CapacityProvider)
		switch n := have[name]; {
		case n < p.Base:
			return name
		case p.Weight > 0 && float64(n-p.Base+1)/float64(p.Weight) < least:
			best, least = name, float64(n-p.Base+1)/float64(p.Weight)
		}
	}
	return best
}

// overQuota says whether another task of that size would exceed the account's vCPUs.
func (w *world) overQuota(d *taskDef) bool {
	limit, ok := w.a.quota("fargate")
	if !ok {
		return false
	}
	units := d.units()
	for _, t := range w.r.ecs().Tasks {
		if o := w.r.taskDef(t.TaskDef); o != nil && t.Status != taskStopped {
			units += o.units()
		}
	}
	return units > limit*1024
}
