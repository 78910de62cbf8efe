package ecs

import (
	"maps"
	"slices"
	"time"

	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/compute"
	"berth/engine/spec"
	"berth/engine/target"
)

// process is a program of the app's image beside the app's own: what its tasks are, and the service that runs them.
type process struct {
	name    string
	TaskDef *compute.TaskDefinition
	Service *compute.Service
	Scaling *compute.Scaling

	Schedule *compute.Schedule
}

// processes makes those that the spec wants, and those of an earlier deployment, which go unless it wants them.
func (b *Blueprint) processes(s *spec.Spec, o target.Options) {
	names := slices.AppendSeq(slices.Clone(o.Standing), maps.Keys(s.Wanted()))
	slices.Sort(names)
	b.Service.Together = &compute.Together{Services: []*compute.Service{b.Service}}
	for _, name := range slices.Compact(names) {
		p := b.process(s, o, name)
		b.Processes = append(b.Processes, p)
		b.Service.Together.Services = append(b.Service.Together.Services, p.Service)
	}
	b.schedules(s)
}

// schedules makes what starts processes by the clock. All of it stands behind the task definitions of the processes, so that
// nothing is left once those are gone.
func (b *Blueprint) schedules(s *spec.Spec) {
	var behind []resource.Resource
	wanted, unwanted := s.Wanted(), true
	for _, p := range b.Processes {
		behind = append(behind, p.TaskDef)
		unwanted = unwanted && (wanted[p.name] == nil || wanted[p.name].Schedule == "")
	}
	b.ScheduleGroup = &compute.ScheduleGroup{Owner: b.Owner, Behind: behind, Unwanted: unwanted}
	b.ScheduleRole = access.NewRole(b.Owner, s.Region, "schedule", "the role that schedules start tasks with", func(sc *resource.Scope) string {
		return compute.SchedulePolicy(sc, b.Cluster, b.TaskDef)
	})
	b.ScheduleRole.Rules = rules(s)
	b.ScheduleRole.Trust, b.ScheduleRole.Behind, b.ScheduleRole.Unwanted = b.ScheduleGroup.TrustScheduler, behind, unwanted
	for _, p := range b.Processes {
		p.Schedule = &compute.Schedule{
			Group: b.ScheduleGroup, Cluster: b.Cluster, TaskDefinition: p.TaskDef, Network: b.tasksIn(s), SecurityGroup: b.TaskGroup,
			Role: b.ScheduleRole, Release: b.Release, Unwanted: true,
		}
		for _, v := range b.Service.Together.Services {
			if !v.Unwanted {
				p.Schedule.Services = append(p.Schedule.Services, v)
			}
		}
		if want := wanted[p.name]; want != nil && want.Schedule != "" {
			p.Schedule.Expression, p.Schedule.Zone, p.Schedule.Paused, p.Schedule.Unwanted = want.Schedule, want.ScheduleTZ, want.Instances == 0, false
		}
	}
}

// process makes one of them.
func (b *Blueprint) process(s *spec.Spec, o target.Options, name string) *process {
	want, wanted := s.Wanted()[name]
	if !wanted {
		want = &spec.Process{}
	}
	p := &process{name: name}
	p.TaskDef = b.taskDefinition(s, func(sc *resource.Scope) string { return p.Service.ServiceARN(sc) })
	p.TaskDef.Process, p.TaskDef.Beside, p.TaskDef.Unwanted = name, b.TaskDef, !wanted
	p.TaskDef.CPU, p.TaskDef.Memory, p.TaskDef.Command, p.TaskDef.Port = spec.CPUUnits(want.CPU), want.Memory, want.Command, 0
	p.TaskDef.Settings = fingerprint(s, want)
	p.Service = b.serviceOf(s, o, p.TaskDef)
	p.TaskDef.Service = p.Service
	p.Service.Process, p.Service.Together, p.Service.Unwanted = name, b.Service.Together, !wanted || want.Schedule != ""
	p.Service.Instances, p.Service.CPU, p.Service.MemoryGB, p.Service.Spot = want.Instances, want.CPU, float64(want.Memory)/1024, want.Spot
	p.Scaling = &compute.Scaling{Service: p.Service, LinkedRole: b.ScalingRole, Unwanted: want.Autoscale == nil, Min: want.Instances}
	if a := want.Autoscale; a != nil {
		p.Service.Scaled = true
		p.Scaling.Max, p.Scaling.CPU, p.Scaling.Memory = a.Max, a.CPUPercent, a.MemoryPercent
	}
	return p
}

// scaled says whether anything of the app scales.
func scaled(s *spec.Spec) bool {
	if s.Service.Autoscale != nil {
		return true
	}
	for _, p := range s.Wanted() {
		if p.Autoscale != nil {
			return true
		}
	}
	return false
}

// serviceOf is a service that runs tasks of a definition, without what differs between the processes.
func (b *Blueprint) serviceOf(s *spec.Spec, o target.Options, td *compute.TaskDefinition) *compute.Service {
	return &compute.Service{
		Owner: b.Owner, Cluster: b.Cluster, TaskDefinition: td, Network: b.tasksIn(s), SecurityGroup: b.TaskGroup,
		Discovery: b.Discovery, GracePeriod: time.Duration(s.Service.StartTimeout), Timeout: o.RolloutTimeout, Exec: s.Service.Exec,
		Arch: priceArch(s.Image.Platform), DiskGB: float64(s.Service.EphemeralGB), Release: b.Release,
	}
}

// definitions are the task definitions of the processes.
func (b *Blueprint) definitions() (rs resource.Set) {
	for _, p := range b.Processes {
		rs = append(rs, p.TaskDef)
	}
	return rs
}

// services are what runs the processes.
func (b *Blueprint) services() (rs resource.Set) {
	for _, p := range b.Processes {
		rs = append(rs, p.Service, p.Scaling)
	}
	if len(b.Processes) > 0 {
		rs = append(rs, b.ScheduleRole, b.ScheduleGroup)
	}
	for _, p := range b.Processes {
		rs = append(rs, p.Schedule)
	}
	return rs
}
