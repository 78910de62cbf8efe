package sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Item is one thing that exists in an account, in a form that can be compared with == between accounts: its
// key is its natural one, and its detail holds no time and no id that AWS made up.
type Item struct {
	Kind   string // as in CloudFormation: ec2.SecurityGroup, ecs.Service
	Key    string
	Detail string // canonical JSON of what was configured
	Kept   bool   // AWS has it in every account or keeps it for good: default VPCs, service-linked roles
}

// String is the item for people.
func (i Item) String() string { return i.Kind + " " + i.Key }

// inventory collects items and the ids to take out of their details.
type inventory struct {
	st    *state
	items []Item
	names map[string]string // id -> what stands for it

	headers int // how many header values got a name
}

// add notes an item. Ids are what AWS named it.
func (v *inventory) add(kind, key string, kept bool, detail any, ids ...string) {
	data, err := json.Marshal(detail)
	if err != nil {
		data = []byte(err.Error()) // cannot be: plain data
	}
	v.items = append(v.items, Item{Kind: kind, Key: key, Detail: string(data), Kept: kept})
	for n, id := range ids {
		if id != "" {
			v.names[id] = fmt.Sprintf("<%s %s %d>", kind, key, n)
		}
	}
}

// Inventory lists everything that exists, sorted. It leaves out what AWS keeps of deleted things: inactive
// clusters, services and task definitions, and stopped tasks.
func (a *Account) Inventory() []Item {
	var items []Item
	_ = a.locked(func(st *state, now time.Time) (bool, error) {
		v := &inventory{st: st, names: map[string]string{}}
		for _, name := range st.regionNames() {
			r := st.Regions[name]
			v.network(r)
			v.balancers(r)
			v.containers(r)
			v.rest(r)
			v.leftover(a, r, now)
		}
		v.global(now)
		items = v.normal()
		return false, nil
	})
	return items
}

// normal replaces the ids and sorts.
func (v *inventory) normal() []Item {
	ids := make([]string, 0, len(v.names))
	for id := range v.names {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, id := range ids {
		pairs = append(pairs, id, v.names[id])
	}
	replace := strings.NewReplacer(pairs...)
	for i := range v.items {
		v.items[i].Key = replace.Replace(v.items[i].Key)
		v.items[i].Detail = replace.Replace(v.items[i].Detail)
	}
	slices.SortFunc(v.items, func(a, b Item) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Detail, b.Detail))
	})
	return v.items
}

// secrets takes header values for what they are: made up by whoever deployed, but alike wherever the same
// one is used.
func (v *inventory) secrets(values ...string) {
	for _, s := range values {
		if _, ok := v.names[s]; !ok && len(s) >= 16 {
			v.headers++
			v.names[s] = fmt.Sprintf("<header value %d>", v.headers)
		}
	}
}

// named is a key made of a region and the tags that tell a resource without a name from others.
func named(r *region, tags tagMap, also ...string) string {
	parts := append([]string{r.Name}, also...)
	for _, k := range tags.keys() {
		parts = append(parts, k+"="+tags[k])
	}
	return strings.Join(parts, " ")
}

func (v *inventory) network(r *region) {
	theDefault := ""
	for _, x := range r.VPCs {
		if x.Default {
			theDefault = x.ID
		}
		d := *x
		d.ID, d.Created = "", time.Time{}
		v.add("ec2.VPC", named(r, x.Tags, x.CIDR), x.Default, d, x.ID)
	}
	for _, x := range r.Subnets {
		d := *x
		d.ID, d.AssocID, d.Created = "", "", time.Time{}
		v.add("ec2.Subnet", named(r, x.Tags, x.Zone, x.CIDR), x.VPC == theDefault && x.DefaultAZ, d, x.ID)
	}
	for _, x := range r.Gateways {
		d := *x
		d.ID = ""
		v.add("ec2.InternetGateway", named(r, x.Tags), x.VPC == theDefault && x.VPC != "", d, x.ID)
	}
	for _, x := range r.RouteTables {
		d := *x
		d.ID, d.MainAssoc = "", ""
		v.add("ec2.RouteTable", named(r, x.Tags, x.VPC), x.Main && x.VPC == theDefault, d, x.ID)
	}
	for _, x := range r.Groups {
		d := clone(*x)
		d.ID = ""
		for i := range d.Rules {
			d.Rules[i].ID = ""
		}
		slices.SortFunc(d.Rules, func(a, b groupRule) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		v.add("ec2.SecurityGroup", named(r, nil, x.VPC, x.Name), x.VPC == theDefault && x.Name == "default", d, x.ID)
	}
}

func (v *inventory) balancers(r *region) {
	for _, lb := range r.LoadBalancers {
		if !lb.exists() {
			continue
		}
		d := clone(*lb)
		d.ARN, d.DNS, d.Created, d.Active, d.Listeners = "", "", time.Time{}, time.Time{}, nil
		slices.Sort(d.Subnets)
		v.add("elasticloadbalancing.LoadBalancer", named(r, nil, lb.Name), false, d, lb.ARN, lb.DNS, lb.suffix())
		for _, l := range lb.Listeners {
			ld := clone(*l)
			ld.ARN, ld.Rules = "", nil
			v.add("elasticloadbalancing.Listener", named(r, nil, lb.Name, fmt.Sprint(l.Port)), false, ld, l.ARN)
			for _, x := range l.Rules {
				for _, cond := range x.Conditions {
					if cond.HttpHeaderConfig != nil {
						v.secrets(cond.HttpHeaderConfig.Values...)
					}
				}
				rd := *x
				rd.ARN = ""
				v.add("elasticloadbalancing.ListenerRule", named(r, nil, lb.Name, fmt.Sprint(l.Port), fmt.Sprint(x.Priority)), false, rd, x.ARN)
			}
		}
	}
	for _, t := range r.TargetGroups {
		d := *t
		d.ARN = ""
		v.add("elasticloadbalancing.TargetGroup", named(r, nil, t.Name), false, d, t.ARN)
	}
}

func (v *inventory) containers(r *region) {
	for _, k := range r.Clusters {
		if k.Inactive {
			continue
		}
		d := *k
		d.Active = time.Time{}
		v.add("ecs.Cluster", named(r, nil, k.Name), false, d)
	}
	for _, t := range r.TaskDefs {
		if t.Def.Status != ecstypes.TaskDefinitionStatusActive {
			continue
		}
		d := clone(*t)
		d.Def.RegisteredAt = nil
		v.add("ecs.TaskDefinition", named(r, nil, lastPart(t.ARN)), false, d)
	}
	for _, s := range r.Services {
		if s.Status == "INACTIVE" {
			continue
		}
		p := s.primary()
		running, _ := r.counts(p.ID)
		v.add("ecs.Service", named(r, nil, lastPart(s.Cluster), s.Name), false, map[string]any{
			"Status": s.Status, "Desired": s.Desired, "Running": running, "State": p.State, "Revision": p.Rev, "Config": s.Config,
			"Grace": s.Grace, "Exec": s.Exec, "Strategy": s.Strategy, "Launch": s.Launch, "Tags": s.Tags,
		})
	}
	for _, t := range r.Tasks {
		if t.Service == "" && t.Status != taskStopped {
			v.add("ecs.Task", named(r, nil, lastPart(t.Cluster), t.Group), false, map[string]any{"Command": t.Command, "TaskDefinition": t.TaskDef})
		}
	}
}

func (v *inventory) rest(r *region) {
	for _, p := range r.Repositories {
		var images []string
		for _, i := range p.Images {
			images = append(images, i.Digest+" "+strings.Join(slices.Sorted(slices.Values(i.Tags)), ","))
		}
		slices.Sort(images)
		v.add("ecr.Repository", named(r, nil, p.Name), false, map[string]any{
			"Mutability": p.Mutability, "Lifecycle": p.Lifecycle, "Tags": p.Tags, "Images": images,
		})
	}
	for _, g := range r.LogGroups {
		v.add("logs.LogGroup", named(r, nil, g.Name), false, map[string]any{"Retention": g.Retention, "Tags": g.Tags})
	}
	for _, p := range r.Parameters {
		v.add("ssm.Parameter", named(r, nil, p.Name), false, map[string]any{"Type": p.Type, "Value": stableID(p.Value), "Tags": p.Tags})
	}
	for _, n := range r.Namespaces {
		v.add("servicediscovery.Namespace", named(r, nil, n.Name), false, map[string]any{"VPC": n.VPC, "Tags": n.Tags}, n.ID)
	}
	for _, d := range r.Discoveries {
		v.add("servicediscovery.Service", named(r, nil, d.Namespace, d.Name), false, map[string]any{"Tags": d.Tags}, d.ID)
	}
	for _, s := range r.Scalables {
		v.add("application-autoscaling.ScalableTarget", named(r, nil, s.ID), false, s)
	}
}

// leftover lists network interfaces that outlive what they belonged to.
func (v *inventory) leftover(a *Account, r *region, now time.Time) {
	for _, n := range a.interfaces(v.st, r, now) {
		owned := slices.ContainsFunc(r.LoadBalancers, func(lb *loadBalancer) bool { return lb.exists() && n.Description == "ELB "+lb.suffix() }) ||
			slices.ContainsFunc(r.Tasks, func(t *task) bool { return t.ENI == n.ID })
		if !owned {
			v.add("ec2.NetworkInterface", named(r, nil, n.ID), false, n)
		}
	}
}

func (v *inventory) global(now time.Time) {
	for _, r := range v.st.IAM.Roles {
		v.add("iam.Role", r.Name, r.Linked, map[string]any{
			"Path": r.Path, "Trust": r.Trust, "Inline": r.Inline, "Attached": r.Attached, "Description": r.Description, "Tags": r.Tags,
		})
	}
	for _, d := range v.st.Distributions {
		for _, o := range d.Config.Origins.Items {
			if o.CustomHeaders != nil {
				for _, h := range o.CustomHeaders.Items {
					v.secrets(str(h.HeaderValue))
				}
			}
		}
		v.add("cloudfront.Distribution", str(d.Config.CallerReference), false, map[string]any{
			"Config": d.Config, "Tags": d.Tags, "Status": d.status(now),
		}, d.ID, d.Domain)
	}
}
