package rehearse

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"berth/engine/image"
	"berth/engine/resource/traffic"
	"berth/engine/spec"
)

// Of says how to rehearse an app's image; ok is false for an image that no program of this machine can run.
func Of(s *spec.Spec, img image.Image) (r Request, ok bool) {
	at, ok := img.(interface{ Place() (command, ref string) })
	if !ok {
		return Request{}, false
	}
	r = Request{
		Platform: s.Image.Platform, Entrypoint: s.Service.Entrypoint, Command: s.Service.Command, Env: environment(s), Withheld: withheld(s),
		CPU: s.Service.CPU, MemoryMiB: s.Service.Memory, Port: s.Service.Port, HealthPath: s.Service.HealthPath, Host: s.Network.Domain,
		StopTimeout: time.Duration(s.Service.StopTimeout), Wait: min(max(time.Duration(s.Service.StartTimeout), time.Second), usualWait),
	}
	r.Program, r.Image = at.Place()
	if !strings.HasSuffix(r.Program, "docker") && !strings.HasSuffix(r.Program, "podman") {
		return Request{}, false
	}
	if s.Network.WebSockets {
		r.WebSockets = traffic.WebSocketPaths(s.Network.WebSocketPath)
	}
	for _, m := range s.Storage {
		r.Mounts = append(r.Mounts, m.Path)
	}
	return r, true
}

// environment is what the app gets on AWS, with names for what is made there.
func environment(s *spec.Spec) map[string]string {
	host := s.Network.Domain
	if host == "" {
		host = "app.example.com"
	}
	vars := map[string]string{
		"host": host, "region": s.Region, "cluster": s.App, "service_arn": s.App, "namespace": s.App + ".internal",
		"database_host": "database." + s.App + ".internal", "database_port": "5432", "database_name": s.App, "database_user": s.App,
	}
	env := map[string]string{}
	for k, v := range s.Env {
		if text, err := spec.Interpolate(v, vars); err == nil {
			env[k] = text
		}
	}
	if _, set := env["PORT"]; !set && s.Service.Port != 0 {
		env["PORT"] = strconv.Itoa(s.Service.Port)
	}
	return env
}

// withheld are the variables that AWS gives the app, and nobody here.
func withheld(s *spec.Spec) []string {
	var names []string
	for name := range s.Secrets.ARNs {
		names = append(names, name)
	}
	for _, p := range s.Secrets.FromSSM {
		names = append(names, p[strings.LastIndexByte(p, '/')+1:])
	}
	names = append(names, slices.Collect(maps.Keys(s.Made()))...)
	slices.Sort(names)
	return names
}

// Image rehearses an app's image; the report is nil for one that cannot be run here.
func Image(ctx context.Context, s *spec.Spec, img image.Image) (*Report, error) {
	r, ok := Of(s, img)
	if !ok {
		return nil, nil
	}
	return Run(ctx, r)
}

// Notes are what somebody should know, as sentences.
func (r *Report) Notes() []string {
	var notes []string
	for _, f := range r.Findings {
		if f.Severity == Fine {
			continue
		}
		text := "rehearsal: " + f.Text
		if f.Remedy != "" {
			text += "; " + f.Remedy
		}
		notes = append(notes, text)
	}
	return notes
}
