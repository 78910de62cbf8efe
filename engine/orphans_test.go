package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/google/go-cmp/cmp"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/sim"
)

func (h *harbor) orphans() *engine.Orphans {
	h.t.Helper()
	o, err := h.engine.Orphans(h.t.Context(), h.spec.Region)
	if err != nil {
		h.t.Fatalf("orphans: %v", err)
	}
	return o
}

// noOrphans fails the test when something is left over or could not be looked at.
func (h *harbor) noOrphans() {
	h.t.Helper()
	if o := h.orphans(); len(o.Groups) > 0 || len(o.Blind) > 0 || o.MonthlyUSD != 0 {
		h.t.Errorf("left over: %+v", o)
	}
}

// deny denies the actions, and the question whether they are allowed, which would keep a run from starting.
func (h *harbor) deny(actions ...string) {
	faults := []sim.Fault{fault(h.t, "deny=iam:SimulatePrincipalPolicy")}
	for _, a := range actions {
		faults = append(faults, fault(h.t, "deny="+a))
	}
	h.account.SetFaults(faults...)
}

// another is the same account with another app, made from the same source tree.
func (h *harbor) another(app, env string) *harbor {
	s := *h.spec
	s.App, s.EnvName = app, env
	return &harbor{t: h.t, account: h.account, engine: h.engine, spec: &s}
}

// tallied counts the leftovers by kind.
func tallied(g engine.OrphanGroup) map[string]int {
	n := map[string]int{}
	for _, r := range g.Resources {
		n[r.Kind]++
	}
	return n
}

// expected counts by kind what the account holds, as far as it is listed on its own: listeners go with their
// load balancer, what AWS makes with a VPC with that, revisions with their family, and network interfaces by
// themselves.
func (h *harbor) expected() map[string]int {
	n := map[string]int{}
	for _, i := range h.account.Inventory() {
		kind := strings.NewReplacer("elasticloadbalancing.", "elbv2.", "application-autoscaling.", "applicationautoscaling.").Replace(i.Kind)
		if i.Kept || slices.Contains([]string{"elbv2.Listener", "elbv2.ListenerRule", "ec2.NetworkInterface", "efs.MountTarget", "efs.AccessPoint"}, kind) {
			continue
		}
		if kind == "ec2.RouteTable" && strings.Contains(i.Detail, `"Main":true`) || kind == "ec2.SecurityGroup" && strings.HasSuffix(i.Key, " default") {
			continue
		}
		if n[kind]++; kind == "ecs.TaskDefinition" {
			n[kind] = 1
		}
	}
	return n
}

func TestNoOrphans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.noOrphans() // an empty account
		h.must(h.deploy())
		time.Sleep(time.Hour)
		h.noOrphans() // a living app
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		h.noOrphans()
	})
}

// A first deployment is cut at many places. While there is no service, everything that exists is left over;
// from then on only the lock is. The command that is told removes it all.
func TestOrphansOfACutDeployment(t *testing.T) {
	_, calls, _ := scenarios[0].undisturbed(t)
	const made = 2 // parameters that a living app has: the database's password and address
	dead, alive := 0, 0
	var cutAt []int
	const tail = 40 // the service is made so many calls before the end, at most
	for n := 5 * raceStep; n < calls-tail; n += 5 * raceStep {
		cutAt = append(cutAt, n)
	}
	for n := calls - tail; n < calls; n += 4 {
		cutAt = append(cutAt, n)
	}
	for _, n := range cutAt {
		t.Run(fmt.Sprintf("cut-after=%d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFullHarbor(t, t.TempDir())
				h.account.SetFaults(fault(t, fmt.Sprintf("cut-after=%d", n)))
				scenarios[0].runOnce(h)
				h.account.SetFaults()
				time.Sleep(time.Hour)
				there, o := h.expected(), h.orphans()
				if len(o.Blind) > 0 {
					t.Errorf("could not look: %v", o.Blind)
				}
				lives := there["ecs.Service"] > 0
				if len(there) == 0 || lives && there["ssm.Parameter"] == made { // cut before anything was made, or behind all
					h.noOrphans()
					return
				}
				switch {
				case len(o.Groups) != 1:
					t.Fatalf("%d groups, and there is %v", len(o.Groups), there)
				case lives:
					alive++
					there = map[string]int{"ssm.Parameter": 1}
				default:
					dead++
				}
				g := o.Groups[0]
				if diff := cmp.Diff(there, tallied(g)); diff != "" {
					t.Errorf("-there +listed:\n%s", diff)
				}
				h.complete(o)
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				h.noOrphans()
			})
		})
	}
	if dead < 3 || alive < 3 {
		t.Errorf("%d cuts before the service and %d after it prove little", dead, alive)
	}
}

// complete checks that everything about the leftovers is told, and that the sums are right.
func (h *harbor) complete(o *engine.Orphans) {
	h.t.Helper()
	var all float64
	for _, g := range o.Groups {
		var sum float64
		for _, r := range g.Resources {
			sum += r.MonthlyUSD
			if r.Kind == "" || r.Name == "" || r.ARN == "" || r.Role == "" || r.Why == "" || r.Unpriced {
				h.t.Errorf("not all is told: %+v", r)
			}
			if costs := r.Kind == "elbv2.LoadBalancer" || r.Kind == "servicediscovery.Namespace" || r.Kind == "ecr.Repository" ||
				r.Kind == "ecs.Task" || r.Kind == "rds.DBInstance" || r.Kind == "elasticache.ReplicationGroup"; costs != (r.MonthlyUSD > 0) {
				h.t.Errorf("%s %s costs %g a month", r.Kind, r.Name, r.MonthlyUSD)
			}
			if want := fmt.Sprintf("--app %s --env %s --region %s", g.App, g.Env, o.Region); !strings.HasSuffix(r.Remove, want) {
				h.t.Errorf("%s %s is removed by %q", r.Kind, r.Name, r.Remove)
			}
		}
		if d := sum - g.MonthlyUSD; d > 0.005 || d < -0.005 {
			h.t.Errorf("%s: %g a month, but its resources cost %g", g.App, g.MonthlyUSD, sum)
		}
		all += g.MonthlyUSD
	}
	if d := all - o.MonthlyUSD; d > 0.005 || d < -0.005 || all > 0 && o.PricesAsOf == "" {
		h.t.Errorf("%g a month (prices of %q), but the groups cost %g", o.MonthlyUSD, o.PricesAsOf, all)
	}
}

// A destroy that may not delete everything leaves exactly that.
func TestOrphansOfADestroyThatCouldNotFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.must(h.deploy())
		h.deny("ecr:DeleteRepository", "elasticloadbalancing:DeleteLoadBalancer")
		if res, _ := h.apply(h.plan(engine.Request{Destroy: true})); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		time.Sleep(time.Hour)
		o := h.orphans()
		h.complete(o)
		if len(o.Groups) != 1 || o.Groups[0].Alive {
			t.Fatalf("left over: %+v", o)
		}
		if diff := cmp.Diff(h.expected(), tallied(o.Groups[0])); diff != "" {
			t.Errorf("-there +listed:\n%s", diff)
		}
		costly := o.Groups[0].Resources[0]
		if costly.Kind != "elbv2.LoadBalancer" || costly.MonthlyUSD < 20 || costly.MonthlyUSD > 35 || !strings.HasPrefix(costly.Remove, "berth destroy ") {
			t.Errorf("first and dearest: %+v", costly)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		h.noOrphans()
	})
}

func TestOrphansOfTwoApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		living := newHarbor(t, sim.Options{NoDefaultVPC: true}, slowPoll)
		living.must(living.deploy())
		dead := living.another("live-beats-production", "staging") // names that begin alike
		dead.deny("ecs:CreateService")
		if res, _ := dead.deploy(); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		dead.account.SetFaults()
		o := living.orphans()
		living.complete(o)
		if len(o.Groups) != 1 || o.Groups[0].App != "live-beats-production" || o.Groups[0].Env != "staging" || o.Groups[0].Alive {
			t.Fatalf("left over: %+v", o)
		}
		for _, r := range o.Groups[0].Resources {
			if r.Why != "its app has no service" || !strings.HasPrefix(r.Remove, "berth destroy ") {
				t.Errorf("%+v", r)
			}
		}
		living.must(dead.apply(dead.plan(engine.Request{Destroy: true})))
		living.noOrphans()
	})
}

// What a change of the port leaves when it ends before its last step, in an app that goes on living.
func TestOrphansOfALivingApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, slowPoll)
		h.must(h.deploy())
		h.spec.Service.Port = 5000
		write(t, h.spec.Dir, "Dockerfile", "FROM scratch\nCOPY . /\nEXPOSE 5000\nCMD [\"/server\"]\n")
		h.deny("elasticloadbalancing:DeleteTargetGroup")
		h.apply(h.plan(engine.Request{SkipVerify: true}))
		h.account.SetFaults()
		time.Sleep(time.Hour)
		o := h.orphans()
		h.complete(o)
		if len(o.Groups) != 1 || !o.Groups[0].Alive || len(o.Groups[0].Resources) != 1 {
			t.Fatalf("left over: %+v", o)
		}
		r := o.Groups[0].Resources[0]
		if r.Kind != "elbv2.TargetGroup" || !strings.Contains(r.Why, "another target group") || !strings.HasPrefix(r.Remove, "berth deploy ") {
			t.Errorf("left over: %+v", r)
		}
		h.must(h.deploy())
		h.noOrphans()
	})
}

// A distribution beside the one that deployments use, as two machines could make them at the same moment.
func TestOrphansOfASecondDistribution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, slowPoll)
		h.must(h.deploy())
		c, err := h.account.Environment().Connect(t.Context(), cloud.Settings{Region: h.spec.Region})
		if err != nil {
			t.Fatal(err)
		}
		listed, err := c.CloudFront.ListDistributions(t.Context(), &cloudfront.ListDistributionsInput{})
		if err != nil || len(listed.DistributionList.Items) != 1 {
			t.Fatalf("%+v, err %v", listed, err)
		}
		first, err := c.CloudFront.GetDistributionConfig(t.Context(), &cloudfront.GetDistributionConfigInput{Id: listed.DistributionList.Items[0].Id})
		if err != nil {
			t.Fatal(err)
		}
		config := first.DistributionConfig
		config.CallerReference = aws.String("another one")
		second, err := c.CloudFront.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: config})
		if err != nil {
			t.Fatal(err)
		}
		o := h.orphans()
		if len(o.Groups) != 1 || !o.Groups[0].Alive || len(o.Groups[0].Resources) != 1 {
			t.Fatalf("left over: %+v", o)
		}
		if r := o.Groups[0].Resources[0]; r.ARN != *second.Distribution.ARN || !strings.Contains(r.Remove, *second.Distribution.Id) {
			t.Errorf("left over: %+v", r)
		}
	})
}

// An app without DNS among its tasks any more, whose zone could not be removed.
func TestOrphansOfDNSThatIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.must(h.deploy())
		h.spec.Network.Clustering = ""
		h.deny("servicediscovery:DeleteNamespace")
		if res, _ := h.deploy(); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		time.Sleep(time.Hour)
		o := h.orphans()
		h.complete(o)
		if len(o.Groups) != 1 || !o.Groups[0].Alive || tallied(o.Groups[0])["servicediscovery.Namespace"] != 1 {
			t.Errorf("left over: %+v", o)
		}
	})
}

// While a run goes on, nothing of its app is called left over.
func TestOrphansDuringARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, slowPoll)
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		for range 4 {
			time.Sleep(30 * time.Second)
			if o := h.orphans(); len(o.Groups) > 0 || len(o.Blind) != 1 || !strings.Contains(o.Blind[0], "a run is in progress") {
				t.Errorf("left over: %+v", o)
			}
		}
		if _, err := run.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.noOrphans()
	})
}

// Each listing that is denied is told with the permission that is missing, and the others are not lost. Without
// the services nothing is judged.
func TestOrphansThatCannotBeLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.deny("ecs:CreateService")
		if res, _ := h.deploy(); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		time.Sleep(time.Hour)
		all := h.orphans().Groups[0].Resources
		for action, kind := range map[string]string{
			"elasticloadbalancing:DescribeLoadBalancers": "elbv2.LoadBalancer", "elasticloadbalancing:DescribeTargetGroups": "elbv2.TargetGroup",
			"cloudfront:ListDistributions": "cloudfront.Distribution", "ec2:DescribeVpcs": "ec2.VPC", "ec2:DescribeSubnets": "ec2.Subnet",
			"ec2:DescribeInternetGateways": "ec2.InternetGateway", "ec2:DescribeRouteTables": "ec2.RouteTable",
			"ec2:DescribeSecurityGroups": "ec2.SecurityGroup", "iam:ListRoles": "iam.Role", "iam:ListRoleTags": "iam.Role",
			"ecr:DescribeRepositories": "ecr.Repository", "ecr:ListTagsForResource": "ecr.Repository", "logs:DescribeLogGroups": "logs.LogGroup",
			"servicediscovery:ListNamespaces": "servicediscovery.", "servicediscovery:ListTagsForResource": "servicediscovery.",
			"ecs:ListTaskDefinitionFamilies": "ecs.TaskDefinition", "ecs:DescribeTaskDefinition": "ecs.TaskDefinition",
			"ssm:DescribeParameters": "ssm.Parameter", "application-autoscaling:DescribeScalableTargets": "applicationautoscaling.",
			"ecs:ListClusters": "", "ecs:DescribeClusters": "", "ecs:ListServices": "",
		} {
			h.account.SetFaults(fault(t, "deny="+action))
			o := h.orphans()
			if len(o.Blind) != 1 || !strings.Contains(o.Blind[0], "the permission "+action+" is missing") {
				t.Errorf("%s denied: %v", action, o.Blind)
			}
			var want, got []string
			for _, r := range all {
				if !strings.HasPrefix(r.Kind, kind) {
					want = append(want, r.ARN)
				}
			}
			for _, g := range o.Groups {
				for _, r := range g.Resources {
					got = append(got, r.ARN)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s denied (-want +got):\n%s", action, diff)
			}
		}
	})
}

// A second region knows nothing of the apps of the first, though roles and distributions are global.
func TestOrphansOfAnotherRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFullHarbor(t, t.TempDir())
		h.must(h.deploy())
		h.spec.Region = "eu-central-1"
		h.noOrphans()
	})
}
