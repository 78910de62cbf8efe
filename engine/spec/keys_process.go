package spec

import "strings"

// processKeys are the keys of a process with that name: the same image, with a command of its own.
func processKeys(process string) []Key {
	table := processTable + "." + process + "."
	return []Key{
		{
			Name: table + "command", Kind: Command, Doc: "command that it runs",
			Example: `["bundle", "exec", "sidekiq"]`, at: inProcess(process, func(p *Process) any { return &p.Command }),
		},
		{
			Name: table + "cpu", Kind: Number, Doc: "vCPU for each container",
			Example: "0.25", at: inProcess(process, func(p *Process) any { return &p.CPU }),
		},
		{
			Name: table + "memory", Kind: Whole, Doc: "MiB of memory for each container",
			Example: "512", at: inProcess(process, func(p *Process) any { return &p.Memory }),
		},
		{
			Name: table + "instances", Kind: Whole, Doc: "containers that run at the same time",
			Example: "1", at: inProcess(process, func(p *Process) any { return &p.Instances }),
		},
		{
			Name: table + "spot", Kind: Number, Doc: "share of the containers beyond the first that run on Fargate Spot, 0 to 1",
			Example: "0.5", at: inProcess(process, func(p *Process) any { return &p.Spot }),
		},
		{
			Name: table + "schedule", Kind: Text, Doc: "when it runs; all the time without it",
			Example: `"cron(0 3 * * ? *)"`, at: inProcess(process, func(p *Process) any { return &p.Schedule }),
		},
		{
			Name: table + "schedule_tz", Kind: Text, Doc: "time zone of the schedule",
			Example: `"Europe/Berlin"`, at: inProcess(process, func(p *Process) any { return &p.ScheduleTZ }),
		},
		{
			Name: table + "skip", Kind: Truth, Doc: "leave this process out, though the source tells of it",
			Example: "true", at: inProcess(process, func(p *Process) any { return &p.Skip }),
		},
		{
			Name: table + "autoscale.max", Kind: Whole, Doc: "most containers when the load is high",
			Example: "4", at: scaledProcess(process, func(a *Autoscale) any { return &a.Max }),
		},
		{
			Name: table + "autoscale.cpu_percent", Kind: Whole, Doc: "CPU load in percent that scaling aims for",
			Example: "60", at: scaledProcess(process, func(a *Autoscale) any { return &a.CPUPercent }),
		},
		{
			Name: table + "autoscale.memory_percent", Kind: Whole, Doc: "memory use in percent that scaling aims for",
			Example: "70", at: scaledProcess(process, func(a *Autoscale) any { return &a.MemoryPercent }),
		},
	}
}

// inTable is the name of a key of a process within the process's table.
func inTable(k Key, process string) string {
	return strings.TrimPrefix(k.Name, processTable+"."+process+".")
}

func inProcess(name string, at func(*Process) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if p := s.process(name, grow); p != nil {
			return at(p)
		}
		return nil
	}
}

// scaledProcess is inProcess for what stands in the process's own table of scaling.
func scaledProcess(name string, at func(*Autoscale) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		p := s.process(name, grow)
		if p == nil {
			return nil
		}
		if p.Autoscale == nil && grow {
			p.Autoscale = &Autoscale{}
		}
		if p.Autoscale == nil {
			return nil
		}
		return at(p.Autoscale)
	}
}

// process is the process with that name; nil when s has none, unless grow asks for it.
func (s *Spec) process(name string, grow bool) *Process {
	if s.Processes[name] == nil && grow {
		if s.Processes == nil {
			s.Processes = map[string]*Process{}
		}
		s.Processes[name] = &Process{}
	}
	return s.Processes[name]
}
