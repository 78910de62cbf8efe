package compute_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"berth/engine/image"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// settings are what the tests change about an app.
type settings struct {
	dir               string // of the source
	memory, instances int
	env               map[string]string
	most              int // tasks, when it scales
}

// app is an app in the default VPC, wired as a target does it.
type app struct {
	settings
	cluster      *compute.Cluster
	logs         *compute.LogGroup
	definition   *compute.TaskDefinition
	release      *compute.Release
	service      *compute.Service
	scaling      *compute.Scaling
	namespace    *compute.Namespace
	discovery    *compute.Discovery
	distribution *traffic.Distribution
	endpoint     *traffic.Endpoint
}

// source writes an app.
func source(t *testing.T) settings {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\nEXPOSE 4000\nCMD [\"/server\"]\n", "server": "version 1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return settings{dir: dir, memory: 512, instances: 2, most: 4}
}

func (s settings) build(w kindtest.World) app {
	o := w.Owner
	vpc := &network.VPC{Owner: o}
	place := network.Network{VPC: vpc, Routes: &network.RouteTable{Owner: o, VPC: vpc, Gateway: &network.InternetGateway{Owner: o, VPC: vpc}}}
	lb := &network.SecurityGroup{
		Owner: o, Role: "lb", Label: "the load balancer's security group", VPC: vpc,
		Ingress: []network.Ingress{{Port: 80, PrefixList: network.CloudFrontPrefixList, Text: "CloudFront"}},
	}
	tasks := &network.SecurityGroup{
		Owner: o, Role: "tasks", Label: "the tasks' security group", VPC: vpc,
		Ingress: []network.Ingress{{Port: 4000, From: lb, Text: "the load balancer"}},
	}
	linked := func(id, service, name string) *access.ServiceLinkedRole {
		return &access.ServiceLinkedRole{ID: id, Service: service, Name: name, Label: "the role of " + service}
	}
	repository := &artifact.Repository{Owner: o}
	img := &artifact.Image{Repository: repository, Platform: "linux/amd64", Build: &artifact.Build{
		Repository: repository, Builder: w.Builder, Source: image.Source{Dir: s.dir, Dockerfile: "Dockerfile", Platform: "linux/amd64"},
	}}
	a := app{settings: s}
	a.cluster = &compute.Cluster{Owner: o, LinkedRole: linked("ecs-service-role", "ecs.amazonaws.com", "AWSServiceRoleForECS")}
	a.logs = &compute.LogGroup{Owner: o, Days: 30}
	a.definition = &compute.TaskDefinition{
		Owner: o, Image: img, LogGroup: a.logs, CPU: 256, Memory: s.memory, Arch: "X86_64", Port: 4000, StopTimeout: 30 * time.Second,
		ExecutionRole: access.NewRole(o, kindtest.Region, "execution", "the role that starts tasks", func(sc *resource.Scope) string {
			return compute.ExecutionPolicy(sc, img.Repositories(sc), a.logs, nil)
		}),
		TaskRole: access.NewRole(o, kindtest.Region, "task", "the role that the app runs with", func(sc *resource.Scope) string {
			return compute.TaskPolicy(sc, a.cluster, false)
		}),
		Environment: func(*resource.Scope) (map[string]string, bool) { return s.env, true },
		Secrets:     func(*resource.Scope) map[string]string { return nil },
		Versions:    func(*resource.Scope) (map[string]string, bool) { return nil, true },
	}
	balancer := &traffic.LoadBalancer{
		Owner: o, Network: place, SecurityGroup: lb, IdleTimeout: time.Minute,
		LinkedRole: linked("elb-service-role", "elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
	}
	group := &traffic.TargetGroup{Owner: o, VPC: vpc, Port: 4000, Health: traffic.Health{Path: "/", Interval: 5 * time.Second, Timeout: 4 * time.Second, Unhealthy: 3, Codes: "200-399"}, DrainFor: 10 * time.Second}
	door := traffic.NewDoor(traffic.Ask{
		Owner: o, Region: kindtest.Region, Want: traffic.ByCloudFront, Secret: strings.Repeat("s", 52),
	}, balancer, group)
	a.distribution = door.Distribution
	a.namespace = &compute.Namespace{Owner: o, VPC: vpc}
	a.discovery = &compute.Discovery{Owner: o, Namespace: a.namespace}
	a.service = &compute.Service{
		Owner: o, Cluster: a.cluster, TaskDefinition: a.definition, Network: place, SecurityGroup: tasks, TargetGroup: group, Rules: door.Rules(),
		Discovery: a.discovery, Port: 4000, Instances: s.instances, GracePeriod: time.Minute, CPU: 0.25, MemoryGB: 0.5, Arch: "x86",
	}
	a.release = &compute.Release{
		Cluster: a.cluster, TaskDefinition: a.definition, Network: place, SecurityGroup: tasks, Service: a.service,
		Command: []string{"/server", "migrate"},
	}
	a.scaling = &compute.Scaling{
		Service: a.service, Min: s.instances, Max: s.most, CPU: 60,
		LinkedRole: linked("scaling-service-role", "ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
	}
	a.endpoint = &traffic.Endpoint{Door: door, Service: a.service, Path: "/"}
	return a
}

func TestGatewayRoute(t *testing.T) {
	s := source(t)
	route := func(path string) func(w kindtest.World) *compute.GatewayRoute {
		return func(w kindtest.World) *compute.GatewayRoute {
			a := s.build(w)
			door := a.endpoint.Door
			door.Want = traffic.ByGateway
			g := door.Gateway
			g.Behind = []resource.Resource{a.cluster}
			g.Role = access.NewRole(w.Owner, kindtest.Region, "gateway", "the role ECS manages the gateway with", func(*resource.Scope) string { return "" })
			g.Role.Trust, g.Role.Grants.Policies = traffic.GatewayTrust, []string{traffic.GatewayPolicy}
			return &compute.GatewayRoute{
				Owner: w.Owner, Gateway: g, Cluster: a.cluster, Network: a.service.Network, SecurityGroup: a.service.SecurityGroup, Port: 4000,
				Health: traffic.Health{Path: path, Interval: 5 * time.Second, Timeout: 4 * time.Second, Unhealthy: 3, Codes: "200-399"},
			}
		}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*compute.GatewayRoute]{
		Wanted: route("/"), Changed: route("/health"),
		Drift: func(ctx context.Context, sc *resource.Scope, r *compute.GatewayRoute) error {
			_, err := sc.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
				Cluster: aws.String(r.Cluster.Name()), Service: aws.String(r.Owner.App), GatewayConnectors: []ecstypes.GatewayConnector{},
			})
			time.Sleep(5 * time.Minute)
			return err
		},
	})
}

func TestCluster(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Cluster]{
		Wanted: func(w kindtest.World) *compute.Cluster { return s.build(w).cluster },
		Drift: func(ctx context.Context, sc *resource.Scope, c *compute.Cluster) error {
			_, err := sc.ECS.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String(c.Name())})
			return err
		},
	})
}

func TestLogGroup(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.LogGroup]{
		Wanted: func(w kindtest.World) *compute.LogGroup { return s.build(w).logs },
		Drift: func(ctx context.Context, sc *resource.Scope, l *compute.LogGroup) error {
			_, err := sc.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
				LogGroupName: aws.String(l.Name()), RetentionInDays: aws.Int32(1),
			})
			return err
		},
	})
}

func TestTaskDefinition(t *testing.T) {
	s := source(t)
	more := s
	more.memory, more.env = 1024, map[string]string{"FLAG": "on", "API_TOKEN": "t0ps3cret"}
	kindtest.Lifecycle(t, kindtest.Kind[*compute.TaskDefinition]{
		Wanted:  func(w kindtest.World) *compute.TaskDefinition { return s.build(w).definition },
		Changed: func(w kindtest.World) *compute.TaskDefinition { return more.build(w).definition },
	})
}

func TestRelease(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Release]{
		Step:   true,
		Wanted: func(w kindtest.World) *compute.Release { return s.build(w).release },
		Then:   func(w kindtest.World) resource.Resource { return s.build(w).service },
		Beside: func(r *compute.Release) resource.Resource { return r.Service },
	})
}

func TestService(t *testing.T) {
	s := source(t)
	more := s
	more.instances = 3
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Service]{
		Wanted:  func(w kindtest.World) *compute.Service { return s.build(w).service },
		Changed: func(w kindtest.World) *compute.Service { return more.build(w).service },
		Drift: func(ctx context.Context, sc *resource.Scope, v *compute.Service) error {
			_, err := sc.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
				Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), HealthCheckGracePeriodSeconds: aws.Int32(5),
			})
			return err
		},
	})
}

// worker is a process of the app, which takes no requests.
func (a app) worker(spot float64) *compute.Service {
	td := *a.definition
	td.Process, td.Beside, td.Port, td.Command = "worker", a.definition, 0, []string{"/server", "work"}
	v := *a.service
	v.Process, v.TaskDefinition, v.TargetGroup, v.Rules, v.Port, v.Spot = "worker", &td, nil, nil, 0, spot
	return &v
}

func TestServiceOfProcess(t *testing.T) {
	s := source(t)
	more := s
	more.instances = 4
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Service]{
		Wanted:  func(w kindtest.World) *compute.Service { return s.build(w).worker(0) },
		Changed: func(w kindtest.World) *compute.Service { return more.build(w).worker(0.5) },
		Drift: func(ctx context.Context, sc *resource.Scope, v *compute.Service) error {
			_, err := sc.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
				Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), DesiredCount: aws.Int32(1),
			})
			return err
		},
	})
}

// nightly is a process of the app that runs by the clock.
func (a app) nightly(w kindtest.World, when string) *compute.Schedule {
	td := *a.definition
	td.Process, td.Beside, td.Port, td.Command = "nightly", a.definition, 0, []string{"/server", "report"}
	group := &compute.ScheduleGroup{Owner: w.Owner, Behind: []resource.Resource{&td}}
	role := access.NewRole(w.Owner, kindtest.Region, "schedule", "the role that schedules start tasks with", func(sc *resource.Scope) string {
		return compute.SchedulePolicy(sc, a.cluster, a.definition)
	})
	role.Trust, role.Behind = group.TrustScheduler, group.Behind
	return &compute.Schedule{
		Group: group, Cluster: a.cluster, TaskDefinition: &td, Network: a.service.Network, SecurityGroup: a.service.SecurityGroup,
		Role: role, Expression: when, Zone: "Europe/Berlin",
	}
}

func TestSchedule(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Schedule]{
		Wanted:  func(w kindtest.World) *compute.Schedule { return s.build(w).nightly(w, "cron(0 3 * * ? *)") },
		Changed: func(w kindtest.World) *compute.Schedule { return s.build(w).nightly(w, "rate(1 hour)") },
		Drift: func(ctx context.Context, sc *resource.Scope, c *compute.Schedule) error {
			_, err := sc.Schedules.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{GroupName: aws.String(c.Group.Name()), Name: aws.String(c.Name())})
			return err
		},
	})
}

func TestScheduleGroup(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.ScheduleGroup]{
		Wanted: func(w kindtest.World) *compute.ScheduleGroup { return s.build(w).nightly(w, "rate(1 hour)").Group },
		Drift: func(ctx context.Context, sc *resource.Scope, g *compute.ScheduleGroup) error {
			_, err := sc.Schedules.DeleteScheduleGroup(ctx, &scheduler.DeleteScheduleGroupInput{Name: aws.String(g.Name())})
			return err
		},
	})
}

func TestScaling(t *testing.T) {
	s := source(t)
	more := s
	more.most = 8
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Scaling]{
		Wanted:  func(w kindtest.World) *compute.Scaling { return s.build(w).scaling },
		Changed: func(w kindtest.World) *compute.Scaling { return more.build(w).scaling },
		Drift: func(ctx context.Context, sc *resource.Scope, c *compute.Scaling) error {
			_, err := sc.Scaling.DeregisterScalableTarget(ctx, &aas.DeregisterScalableTargetInput{
				ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
				ResourceId: aws.String("service/" + c.Service.Cluster.Name() + "/" + c.Service.Name()),
			})
			return err
		},
	})
}

func TestNamespace(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Namespace]{
		Wanted: func(w kindtest.World) *compute.Namespace { return s.build(w).namespace },
	})
}

func TestDiscovery(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*compute.Discovery]{
		Wanted: func(w kindtest.World) *compute.Discovery { return s.build(w).discovery },
		Drift: func(ctx context.Context, sc *resource.Scope, d *compute.Discovery) error {
			_, err := sc.CloudMap.DeleteService(ctx, &sd.DeleteServiceInput{Id: &d.ID})
			return err
		},
	})
}

func TestEndpoint(t *testing.T) {
	s := source(t)
	kindtest.Lifecycle(t, kindtest.Kind[*traffic.Endpoint]{
		Step: true, Unplanned: true, Wanted: func(w kindtest.World) *traffic.Endpoint { return s.build(w).endpoint },
	})
}
