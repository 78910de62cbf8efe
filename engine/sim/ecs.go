package sim

import "time"

// ecsService is ECS on Fargate. Each kind of resource has a file of its own; what AWS does with services and tasks
// on its own is in ecs_scheduler.go and the files of tasks.
func ecsService() awsService {
	return awsService{
		name: "ecs", eventual: true,
		state:      []keeper{ecsShelf},
		operations: []operation{op(ecsTagResource), op(ecsUntagResource), op(ecsListTagsForResource)},
		latencies:  ecsLatencies(),
		roles:      map[string]string{"ecs.amazonaws.com": "AWSServiceRoleForECS"},
		due:        ecsDue, sweep: ecsSweep, rewire: ecsRewire,
		parts: []awsService{ecsClusters(), ecsTaskDefinitions(), ecsServices(), ecsRollouts(), ecsTasks(), ecsGateways()},
	}
}

type ecsState struct {
	Clusters  []*cluster
	TaskDefs  []*taskDef
	Revisions map[string]int32 // the last revision of each task definition family
	Services  []*service
	Tasks     []*task
	Stints    []stint // of tasks that are forgotten
}

const ecsShelf shelf[ecsState] = "ecs"

func (r *region) ecs() *ecsState { return ecsShelf.in(&r.Kept) }

const (
	latCluster  lat = "ecs.cluster"
	latSchedule lat = "ecs.schedule"
	latENI      lat = "ecs.eni"
	latPull     lat = "ecs.pull"
	latActivate lat = "ecs.activate"
	latBoot     lat = "app.boot"
	latNoRoute  lat = "ecs.noroute"
	latInitFail lat = "ecs.initfail"
	latStop     lat = "app.stop"
	latRelease  lat = "ecs.deprovision"
	latInactive lat = "ecs.inactive"
	latSettle   lat = "ecs.settle"
	latNoChecks lat = "ecs.nochecks"
)

func ecsLatencies() map[lat]time.Duration {
	return map[lat]time.Duration{
		latCluster:  10 * time.Second, // with capacity providers: 10 s
		latSchedule: 2 * time.Second,  // assumed: the service scheduler's reaction
		latENI:      10 * time.Second, // "ENI several seconds" of Fargate's 30-60 s
		latPull:     20 * time.Second, // the rest of it, plus the image's size (pullRate)
		latActivate: 4 * time.Second,  // assumed: registering with the target group
		latBoot:     3 * time.Second,  // assumed: until the app listens
		latNoRoute:  60 * time.Second, // assumed: dial timeouts with retries
		latInitFail: 5 * time.Second,  // assumed: a refused or missing thing, with retries
		latStop:     2 * time.Second,  // assumed: an app that heeds SIGTERM
		latRelease:  12 * time.Second, // assumed: the network interface is detached and deleted
		latInactive: 10 * time.Second, // delete: deregistration delay, stop timeout and 10-30 s
		latSettle:   4 * time.Second,  // assumed: from the last healthy task to the deployment's verdict
		latNoChecks: 40 * time.Second, // without load balancer and checks ECS waits a flat 40 s
	}
}

// taskKept is how long a stopped task stays visible: at least 1 h.
const taskKept = time.Hour

// pullRate is the bytes a second that a task pulls, assumed.
const pullRate = 60e6
