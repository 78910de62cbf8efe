package project

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"berth/compare/catalog"
	"berth/engine/spec"
)

// flyToml is the file that Fly.io's tools keep about an app. Its tables come in several shapes, so that it is
// read without types. A nil *flyToml says nothing.
type flyToml struct {
	name string
	raw  string
	m    map[string]any
	err  error
}

func readFly(t *tree) *flyToml {
	const name = "fly.toml"
	raw, ok := t.text(name)
	if !ok {
		return nil
	}
	f := &flyToml{name: name, raw: raw}
	f.err = toml.Unmarshal([]byte(raw), &f.m)
	return f
}

// value follows keys through tables; of an array of tables it takes the first.
func (f *flyToml) value(keys ...string) any {
	if f == nil {
		return nil
	}
	return dig(f.m, keys...)
}

func dig(v any, keys ...string) any {
	for _, k := range keys {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// tables returns what stands under key as a list, whether it is written as [key] or as [[key]].
func (f *flyToml) tables(keys ...string) []any {
	switch v := f.value(keys...).(type) {
	case []any:
		return v
	case map[string]any:
		return []any{v}
	default:
		return nil
	}
}

func (f *flyToml) text(keys ...string) string {
	s, _ := f.value(keys...).(string)
	return s
}

// line is the first line that sets a key or opens a table with this name, 0 when there is none.
func (f *flyToml) line(key string) int {
	if f == nil {
		return 0
	}
	k := regexp.QuoteMeta(key)
	at := regexp.MustCompile(`(?m)^[ \t]*(?:\[+[ \t]*` + k + `[ \t]*\]+|["']?` + k + `["']?[ \t]*=)`).FindStringIndex(f.raw)
	if at == nil {
		return 0
	}
	n, _ := lineOf(f.raw, at[1]-1)
	return n
}

// readFlyToml says what an app that runs on Fly.io needs here.
func (f *Findings) readFlyToml(fly *flyToml) {
	if fly == nil {
		return
	}
	if fly.err != nil {
		f.add(Should, "fly-broken", fly.name, 0, "fly.toml", "it is not valid TOML, so that nothing was taken from it")
		return
	}
	f.flyRegion(fly)
	f.flyPort(fly)
	f.flyHealth(fly)
	f.flyMounts(fly)
	if cmd := fly.text("deploy", "release_command"); cmd != "" {
		line := fly.line("release_command")
		f.add(Info, "fly-release-command", fly.name, line, "release_command = "+quoted(cmd),
			"this runs once before each new version, most often to change the database")
		f.Need("release_command", origin(fly.name, line, "release_command"))
		f.suggest("service.release_command", cmd, fly.name, line, "release_command")
	}
	f.flySize(fly)
	f.flyTimes(fly)
	f.flyScale(fly)
	f.flyEnv(fly)
	if p, ok := fly.value("processes").(map[string]any); ok && len(p) > 1 {
		f.add(Should, "fly-processes", fly.name, fly.line("processes"), fmt.Sprintf("[processes] with %d entries", len(p)),
			"berth runs one process, the image's own or command under [service]; the others need services of their own")
	}
}

func quoted(s string) string { return strconv.Quote(s) }

// flyRegion suggests the AWS region that stands in for the one on Fly.io.
func (f *Findings) flyRegion(fly *flyToml) {
	code := fly.text("primary_region")
	if code == "" {
		return
	}
	line, text := fly.line("primary_region"), "primary_region = "+quoted(code)
	there, ok := catalog.Regions().FlyRegion(code)
	if !ok {
		f.add(Info, "fly-region", fly.name, line, text, "this region of Fly.io is not known here; choose an AWS region")
		return
	}
	aws, _ := catalog.Regions().Region(there.AWS)
	means := fmt.Sprintf("the app runs in %s; the AWS region for that is %s, %s", there.City, there.AWS, aws.City)
	if there.KM > 0 {
		means += fmt.Sprintf(", %d km away", there.KM)
	}
	if aws.OptIn {
		means += "; it must be enabled in the AWS account first"
	} else {
		f.suggest("region", there.AWS, fly.name, line, text)
	}
	f.add(Info, "fly-region", fly.name, line, text, means)
}

func (f *Findings) flyPort(fly *flyToml) {
	for _, table := range []string{"http_service", "services"} {
		port, ok := fly.value(table, "internal_port").(int64)
		if !ok || port < 1 || port > 65535 {
			continue
		}
		line, text := fly.line("internal_port"), fmt.Sprintf("internal_port = %d", port)
		f.ports = append(f.ports, candidate{int(port), fly.name, line, text})
		f.add(Info, "fly-port", fly.name, line, text, "on Fly.io requests go to this port of the app")
		return
	}
}

func (f *Findings) flyHealth(fly *flyToml) {
	for _, keys := range [][]string{{"http_service", "checks"}, {"services", "http_checks"}} {
		for _, c := range fly.tables(keys...) {
			path, _ := dig(c, "path").(string)
			if !strings.HasPrefix(path, "/") {
				continue
			}
			f.add(Info, "fly-health", fly.name, fly.line("path"), "path = "+quoted(path), "Fly.io asks this path whether the app is well; the load balancer can ask the same")
			f.suggest("service.health_path", path, fly.name, fly.line("path"), "health check of Fly.io")
			return
		}
	}
}

func (f *Findings) flyMounts(fly *flyToml) {
	for _, key := range []string{"mounts", "mount"} {
		for _, m := range fly.tables(key) {
			to, _ := dig(m, "destination").(string)
			line, text := fly.line(key), "destination = "+quoted(to)
			f.add(Should, "fly-mount", fly.name, line, text,
				"the app keeps files on a volume; a container's disk is lost with the container, so that they need storage of their own")
			f.Need("persistent_storage", origin(fly.name, line, text))
		}
	}
}

// flyScale tells of machines that are stopped while idle, and takes over how many run at least.
func (f *Findings) flyScale(fly *flyToml) {
	least, said := fly.value("http_service", "min_machines_running").(int64)
	stop := fly.value("http_service", "auto_stop_machines")
	if stop == true || stop == "stop" || stop == "suspend" {
		if least == 0 {
			f.add(Should, "fly-scale-to-zero", fly.name, fly.line("auto_stop_machines"), "auto_stop_machines",
				"on Fly.io nothing runs while nobody uses the app; on Fargate its containers run, and are paid, all the time")
		}
	}
	if said && least > 1 {
		line := fly.line("min_machines_running")
		f.add(Info, "fly-machines", fly.name, line, fmt.Sprintf("min_machines_running = %d", least), "as many containers run here")
		f.suggest("service.instances", int(least), fly.name, line, "min_machines_running")
	}
}

var sharedCPU = regexp.MustCompile(`^(shared-cpu|performance)-(\d+)x$`)

// flySize suggests the Fargate size that is nearest to the machine on Fly.io. A shared CPU counts as a
// quarter of a vCPU, the smallest that Fargate has.
func (f *Findings) flySize(fly *flyToml) {
	vms := fly.tables("vm")
	if len(vms) == 0 {
		return
	}
	cpus, memory := 0.0, 0
	if m := sharedCPU.FindStringSubmatch(fmt.Sprint(dig(vms[0], "size"))); m != nil {
		n, _ := strconv.ParseFloat(m[2], 64)
		cpus = vcpus(m[1] != "performance", n)
		memory = map[bool]int{true: 256, false: 2048}[m[1] != "performance"] * int(n)
	}
	if n, ok := dig(vms[0], "cpus").(int64); ok {
		kind, _ := dig(vms[0], "cpu_kind").(string)
		cpus = vcpus(kind != "performance", float64(n))
	}
	if m := megabytes(dig(vms[0], "memory")); m > 0 {
		memory = m
	} else if m, ok := dig(vms[0], "memory_mb").(int64); ok {
		memory = int(m)
	}
	if cpus == 0 && memory == 0 {
		return
	}
	cpu, mib, ok := spec.Snap(cpus, memory)
	if !ok {
		return
	}
	line := fly.line("vm")
	text := fmt.Sprintf("[[vm]] with %d MB", memory)
	f.add(Info, "fly-vm", fly.name, line, text, fmt.Sprintf("the nearest size on Fargate is %v vCPU with %d MiB", cpu, mib))
	f.suggest("service.cpu", cpu, fly.name, line, text)
	f.suggest("service.memory", mib, fly.name, line, text)
}

func vcpus(shared bool, n float64) float64 {
	if shared {
		return n / 4
	}
	return n
}

var memorySize = regexp.MustCompile(`(?i)^\s*(\d+)\s*(mb|mib|m|gb|gib|g)?\s*$`)

// megabytes reads 512, "512mb", "1gb".
func megabytes(v any) int {
	m := memorySize.FindStringSubmatch(fmt.Sprint(v))
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n > math.MaxInt32 {
		return 0
	}
	if strings.HasPrefix(strings.ToLower(m[2]), "g") {
		n *= 1024
	}
	return n
}

// flyTimes takes over how long the app may take to stop.
func (f *Findings) flyTimes(fly *flyToml) {
	var d time.Duration
	switch v := fly.value("kill_timeout").(type) {
	case int64:
		d = time.Duration(v) * time.Second
	case string:
		d, _ = time.ParseDuration(v)
	}
	if d <= 0 {
		return
	}
	line := fly.line("kill_timeout")
	stop := min(max(d.Round(time.Second), 2*time.Second), 120*time.Second)
	means := "the app gets as long to end its requests before it is killed"
	if stop != d {
		means = fmt.Sprintf("the app gets %v to end its requests; Fargate allows 2 to 120 seconds", stop)
	}
	f.add(Info, "fly-kill-timeout", fly.name, line, "kill_timeout = "+d.String(), means)
	f.suggest("service.stop_timeout", stop.String(), fly.name, line, "kill_timeout")
}

// flyEnv names the environment variables that fly.toml sets. Their values are not told, and only those that
// mean the same everywhere are suggested.
func (f *Findings) flyEnv(fly *flyToml) {
	env, ok := fly.value("env").(map[string]any)
	if !ok || len(env) == 0 {
		return
	}
	line := fly.line("env")
	var names []string
	for name := range env {
		names = append(names, name)
	}
	slices.Sort(names)
	f.add(Info, "fly-env", fly.name, line, "[env] with "+strings.Join(names, ", "),
		"look through these: what is still true goes under [env] in berth.toml, passwords under [secrets]")
	if _, ok := env["PHX_HOST"]; ok {
		f.suggest("env.PHX_HOST", "${host}", fly.name, fly.line("PHX_HOST"), "the host name changes with the move")
	}
	if _, ok := env["PORT"]; ok {
		f.portEnv = fly.line("PORT")
	}
}
