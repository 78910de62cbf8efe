package spec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Complete fills in what nobody has said: first the suggestions of the source tree (berth.toml keys and
// values as project.Inspect gives them, with the place each was read from), then berth's defaults. What has
// been said stays. A suggestion of an unknown key or a wrong type is an error.
func (s *Spec) Complete(suggests map[string]any, from map[string]Origin) error {
	names := make([]string, 0, len(suggests))
	for name := range suggests {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, known := s.Origins[name]; s.Said(name) && !known {
			continue // said by code that built the Spec
		}
		o := from[name]
		o.Kind = Detected
		if err := s.Set(name, suggests[name], o); err != nil {
			return fmt.Errorf("complete the settings: %w", err)
		}
	}
	s.defaults()
	return nil
}

// defaults are berth's own choices: the smallest Fargate size, one container (two when they form a
// cluster, because one has nobody to talk to), x86 because every image has it.
func (s *Spec) defaults() {
	if s.EnvName == "" {
		s.EnvName = DefaultEnv
	}
	if abs, err := filepath.Abs(s.Dir); err == nil {
		if name := Slug(filepath.Base(abs)); name != "" {
			s.fill("app", name, "name of the folder")
		}
	}
	s.fill("target", "ecs-fargate", "")
	s.fill("image.dockerfile", "Dockerfile", "")
	s.fill("image.context", ".", "")
	s.fill("image.platform", AMD64, "")
	s.fillSize("service.")
	if s.Network.Clustering != "" {
		s.fill("service.instances", 2, "two, to form a cluster")
	} else {
		s.fill("service.instances", 1, "")
	}
	s.fill("service.health_path", "/", "")
	s.fill("service.init", true, "")
	s.fill("service.health.interval", 5*time.Second, "")
	s.fill("service.health.timeout", 4*time.Second, "")
	s.fill("service.health.unhealthy", forgiving(time.Duration(s.Service.Health.Interval)), "50 s of them")
	s.fill("service.health.codes", "200-399", "")
	s.fill("service.ephemeral_gb", 20, "what Fargate has in any case")
	s.fill("service.log_days", 30, "")
	s.fill("network.https", "auto", "")
	s.fill("network.tasks", "public", "")
	s.fill("network.front", "public", "")
	s.fill("service.stop_timeout", 30*time.Second, "")
	s.fill("service.start_timeout", 60*time.Second, "")
	if a := s.Service.Autoscale; a != nil {
		if a.MemoryPercent == 0 && a.RequestsPerInstance == 0 {
			s.fill("service.autoscale.cpu_percent", 60, "")
		}
		s.fill("service.autoscale.max", max(2, 2*s.Service.Instances), "twice the instances")
	}
	if s.Database != nil {
		s.fill("database.engine", "postgres", "")
		if s.Database.Engine == "mysql" {
			s.fill("database.version", "8.4", "the version with long support")
		}
		s.fill("database.class", "db.t4g.micro", "smallest")
		s.fill("database.storage_gb", 20, "smallest")
	}
	if s.Uploads != nil {
		s.fill("uploads.store", "s3", "")
	}
	if s.Cache != nil {
		s.fill("cache.engine", "valkey", "")
		s.fill("cache.node", "cache.t4g.micro", "smallest")
	}
	for name := range s.Processes {
		s.fillProcess(name)
	}
}

// fillProcess completes a process: as large as the service, and one of it.
func (s *Spec) fillProcess(name string) {
	table := processTable + "." + name + "."
	said := func(key string) bool { return s.Said(key) && s.Origins[key].Kind != Default }
	if !said(table+"cpu") && !said(table+"memory") {
		s.fill(table+"cpu", s.Service.CPU, "as the service")
		s.fill(table+"memory", s.Service.Memory, "as the service")
	} else {
		s.fillSize(table)
	}
	s.fill(table+"instances", 1, "")
	if a := s.Processes[name].Autoscale; a != nil {
		if a.MemoryPercent == 0 {
			s.fill(table+"autoscale.cpu_percent", 60, "")
		}
		s.fill(table+"autoscale.max", max(2, 2*s.Processes[name].Instances), "twice the instances")
	}
}

// fillSize chooses CPU and memory in a table, either to go with the other one when that was said.
func (s *Spec) fillSize(table string) {
	said := func(name string) bool { return s.Said(name) && s.Origins[name].Kind != Default }
	cpu, memory := 0.25, 512
	switch {
	case said(table+"cpu") && !said(table+"memory"):
		v, _ := s.Get(table + "cpu")
		if _, m, ok := Snap(v.(float64), memory); ok {
			memory = m
		}
	case said(table+"memory") && !said(table+"cpu"):
		v, _ := s.Get(table + "memory")
		if c, _, ok := Snap(cpu, v.(int)); ok {
			cpu = c
		}
	}
	s.fill(table+"cpu", cpu, "smallest")
	s.fill(table+"memory", memory, "smallest")
}

// fill sets a default unless the key was said. Defaults of an earlier Complete are replaced, because what
// they depend on may have changed.
func (s *Spec) fill(name string, value any, why string) {
	if o, ok := s.Origins[name]; s.Said(name) && (!ok || o.Kind != Default) {
		return
	}
	if err := s.Set(name, value, Origin{Kind: Default, Text: why}); err != nil {
		panic(err) // a default of the wrong type: a mistake in this file
	}
}

// Slug makes a valid app or environment name of any text, or "" when nothing of it can stay.
func Slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.TrimLeft(b.String(), "0123456789-")
	if len(name) > maxName {
		name = name[:maxName]
	}
	name = strings.TrimRight(name, "-")
	if CheckName(name) != nil {
		return ""
	}
	return name
}

// forgiving is how many checks in a row may fail: a busy task keeps its place for some 50 s, which costs a rollout nothing,
// because a new task has longer than that to come up.
func forgiving(interval time.Duration) int {
	return min(max(int(50*time.Second/max(interval, time.Second)), 2), 10)
}
