package ecs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/spec"
)

// taskDefinition is what all tasks of the app share; the size, the command and the port are left to be said. The service
// that runs them has that ARN.
func (b *Blueprint) taskDefinition(s *spec.Spec, service func(*resource.Scope) string) *compute.TaskDefinition {
	td := &compute.TaskDefinition{
		Owner: b.Owner, Image: b.Image, LogGroup: b.LogGroup, ExecutionRole: b.ExecutionRole, TaskRole: b.TaskRole,
		Arch: spec.RuntimeArch(s.Image.Platform), StopTimeout: time.Duration(s.Service.StopTimeout), DiskGB: s.Service.EphemeralGB,
		Entrypoint: s.Service.Entrypoint, NoInit: !s.Service.Init,
		Secrets:  func(sc *resource.Scope) map[string]string { return b.secrets(s, sc) },
		Versions: func(sc *resource.Scope) (map[string]string, bool) { return b.versions(s, sc) },
		Mounts:   b.Folders, More: b.mounts(),
	}
	td.Environment = func(sc *resource.Scope) (map[string]string, bool) { return b.environment(s, sc, td.Port, service(sc)) }
	if usesHost(s) {
		td.More = append(td.More, resource.Need{On: b.Door.Distribution, Loose: true}, resource.Need{On: b.LoadBalancer, Loose: true})
		if b.Door.ECS() {
			td.More = append(td.More, resource.Need{On: b.Route, Loose: true})
		}
	}
	if b.Database.Wanted() {
		td.More = append(td.More, resource.Need{On: b.DatabaseURL})
	}
	if b.Bucket.Wanted() {
		td.More = append(td.More, resource.Need{On: b.Bucket})
	}
	if b.Cache.Wanted() {
		td.More = append(td.More, resource.Need{On: b.Cache, Ready: true})
	}
	for _, p := range b.Given {
		td.More = append(td.More, resource.Need{On: p})
	}
	return td
}

// fingerprint stands for what the user said about the containers of a process, nil for the app's own, without telling any
// of it.
func fingerprint(s *spec.Spec, p *spec.Process) string {
	said := []any{s.Service, s.Env, s.Secrets, s.Image.Platform}
	if p != nil {
		said = append(said, p)
	}
	b, err := json.Marshal(said)
	if err != nil {
		panic("marshal settings: " + err.Error()) // plain values: cannot happen
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// priceArch is the architecture as the price table has it.
func priceArch(platform string) string {
	if spec.Arch(platform) == "arm64" {
		return "arm"
	}
	return "x86"
}

// usesHost says whether a setting of the app holds its own host name, which AWS gives it.
func usesHost(s *spec.Spec) bool {
	return anySetting(s, func(value string) bool { return strings.Contains(value, "${host}") })
}

// usesDatabase says whether a setting of the app holds a part of its database's address.
func usesDatabase(s *spec.Spec) bool { return anySetting(s, spec.UsesDatabase) }

func anySetting(s *spec.Spec, is func(value string) bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(s.Env)), is)
}

// environment is the environment of tasks that listen on a port, zero for none, and of whose service that is the ARN; ok
// is false while the host name is needed and not known.
func (b *Blueprint) environment(s *spec.Spec, sc *resource.Scope, port int, service string) (env map[string]string, ok bool) {
	if usesHost(s) && b.Door.Host() == "" || b.Cache.Wanted() && b.Cache.URL() == "" || usesDatabase(s) && b.Database.Host == "" {
		return nil, false
	}
	vars := map[string]string{
		"region": sc.Region, "cluster": b.Cluster.Name(),
		"service_arn": service, "namespace": b.Discovery.Host(),
	}
	if usesHost(s) { // else it may be made this very moment
		vars["host"] = b.Door.Host()
	}
	if usesDatabase(s) {
		vars["database_host"], vars["database_port"] = b.Database.Host, strconv.Itoa(b.Database.Port)
		vars["database_name"], vars["database_user"] = b.Database.In, b.Database.User
	}
	env = map[string]string{}
	if port != 0 {
		env["PORT"] = fmt.Sprint(port)
	}
	if b.Bucket.Wanted() {
		env[s.UploadsVariable()] = b.Bucket.BucketName(sc)
	}
	if b.Cache.Wanted() {
		env[s.CacheVariable()] = b.Cache.URL()
	}
	for k, v := range s.Env {
		text, err := spec.Interpolate(v, vars)
		if err != nil {
			return nil, false // Validate refuses such a spec
		}
		env[k] = text
	}
	return env, true
}
