package spec

// AlarmMetrics is how many metrics the app's alarms read, by which they are billed.
func (s *Spec) AlarmMetrics() int {
	if !s.Alarms.On() {
		return 0
	}
	n := tasksAlarms(s.Service.Instances)
	if !s.NoHTTP() {
		n += 4 // three of the share of requests that fail, and the unhealthy containers
	}
	scheduled := false
	for _, p := range s.Wanted() {
		if p.Schedule != "" {
			scheduled = true
			continue
		}
		n += tasksAlarms(p.Instances)
	}
	if scheduled {
		n++ // what could not be started
	}
	if d := s.Database; d != nil {
		n++ // its disk
		if d.ManyConnections() > 0 {
			n++
		}
	}
	return n
}

// tasksAlarms are those of what runs: CPU, memory, and that anything does, unless it is paused.
func tasksAlarms(instances int) int {
	if instances == 0 {
		return 2
	}
	return 3
}
