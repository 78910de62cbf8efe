package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// container is that of the newest task definition of the harbor.
func (h *harbor) container() ecstypes.ContainerDefinition {
	h.t.Helper()
	c := h.clients()
	all, err := c.ECS.ListTaskDefinitions(h.t.Context(), &ecs.ListTaskDefinitionsInput{Sort: "DESC"})
	must(h.t, err)
	out, err := c.ECS.DescribeTaskDefinition(h.t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &all.TaskDefinitionArns[0]})
	must(h.t, err)
	return out.TaskDefinition.ContainerDefinitions[0]
}

// variables are the environment of the newest task definition of the harbor.
func (h *harbor) variables() map[string]string {
	h.t.Helper()
	m := map[string]string{}
	for _, v := range h.container().Environment {
		m[aws.ToString(v.Name)] = aws.ToString(v.Value)
	}
	return m
}

func TestCacheLife(t *testing.T) {
	for name, o := range map[string]sim.Options{"default VPC": {}, "own VPC": {NoDefaultVPC: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, o, 0)
				h.spec.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro", Variable: "VALKEY_URL"}
				first := h.plan(engine.Request{})
				if got := actions(first); !slices.Contains(got, "cache:create") || !slices.Contains(got, "cache-security-group:create") {
					t.Errorf("plan does %v", got)
				}
				if i := slices.IndexFunc(first.Changes, func(c engine.Change) bool { return c.ID == "cache" }); first.Changes[i].MonthlyUSD <= 0 {
					t.Error("the cache costs nothing")
				}
				h.must(h.apply(first))
				if url := h.variables()["VALKEY_URL"]; !strings.HasPrefix(url, "rediss://master.berth-live-beats-") || !strings.HasSuffix(url, ".cache.amazonaws.com:6379") {
					t.Errorf("the app gets %q", url)
				}
				h.onlyTasks("cache", 6379)
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Fatalf("unchanged app: plan does %v", got)
				}

				h.spec.Cache.Node, h.spec.Cache.MultiAZ = "cache.t4g.small", true
				change := h.plan(engine.Request{})
				if got := actions(change); !slices.Equal(got, []string{"cache:update"}) {
					t.Errorf("larger, in two zones: plan does %v", got)
				}
				h.must(h.apply(change))
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Errorf("after the change: plan does %v", got)
				}

				h.spec.Cache = nil // what waits in it is not thrown away by a deployment
				h.must(h.deploy())
				if _, there := h.variables()["VALKEY_URL"]; there {
					t.Error("the app is still told of the cache")
				}
				groups, err := h.clients().ElastiCache.DescribeReplicationGroups(t.Context(), &elasticache.DescribeReplicationGroupsInput{})
				must(t, err)
				if len(groups.ReplicationGroups) != 1 {
					t.Errorf("there are %d caches", len(groups.ReplicationGroups))
				}
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); len(left) > 0 {
					t.Errorf("destroy leaves %v", left)
				}
			})
		})
	}
}

// onlyTasks demands that a security group lets the tasks in on one port, and nobody else.
func (h *harbor) onlyTasks(role string, port int32) {
	h.t.Helper()
	c := h.clients()
	out, err := c.EC2.DescribeSecurityGroups(h.t.Context(), &ec2.DescribeSecurityGroupsInput{})
	must(h.t, err)
	id := func(role string) string {
		for _, g := range out.SecurityGroups {
			if aws.ToString(g.GroupName) == "berth-live-beats-production-"+role {
				return aws.ToString(g.GroupId)
			}
		}
		return ""
	}
	for _, g := range out.SecurityGroups {
		if aws.ToString(g.GroupId) != id(role) {
			continue
		}
		if len(g.IpPermissions) != 1 || len(g.IpPermissions[0].IpRanges) > 0 || len(g.IpPermissions[0].UserIdGroupPairs) != 1 ||
			aws.ToInt32(g.IpPermissions[0].FromPort) != port || aws.ToString(g.IpPermissions[0].UserIdGroupPairs[0].GroupId) != id("tasks") {
			h.t.Errorf("%s lets in %+v", role, g.IpPermissions)
		}
		return
	}
	h.t.Errorf("there is no security group for %s", role)
}

// That from_ssm names the variable of a table as well, as people write it who had the URL as a secret before, says
// nothing more: no parameter is looked for.
func TestMadeVariableIsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.spec.Secrets.FromSSM = []string{"DATABASE_URL"}
		h.must(h.deploy())
		all, err := h.engine.Secrets(t.Context(), h.spec)
		must(t, err)
		if len(all) > 0 {
			t.Errorf("berth secrets lists %v", all)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}
	})
}
