package project

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"berth/compare/catalog"
	"berth/engine/spec"
)

// readFlyToml says what an app that runs on Fly.io needs here: each value of fly.toml becomes a setting, or it is
// said that there is none like it.
func (l *look) readFlyToml() {
	fly := l.fly
	if fly == nil {
		return
	}
	if fly.err != nil {
		line := 0
		if at, ok := fly.err.(interface{ Position() (int, int) }); ok {
			line, _ = at.Position()
		}
		l.add(Should, "fly-broken", fly.name, line, "fly.toml", "it is not valid TOML, so nothing was read from it")
		return
	}
	l.flyRegion()
	l.flyServices()
	l.flyHealth()
	l.flyMounts()
	l.flyRelease()
	l.flyCommands()
	l.flySize()
	l.flyTimes()
	l.flyScale()
	l.flyEnv()
	l.flyBuild()
	l.flyRest()
}

// flyRegion suggests the AWS region that stands in for the one on Fly.io.
func (l *look) flyRegion() {
	fly := l.fly
	code := fly.text("primary_region")
	if code == "" {
		return
	}
	line, text := fly.line("primary_region"), "primary_region = "+quoted(code)
	there, ok := catalog.Regions().FlyRegion(code)
	if !ok {
		l.add(Info, "fly-region", fly.name, line, text, "berth does not know this Fly.io region; choose an AWS region")
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
		l.suggest("region", there.AWS, fly.name, line, text)
	}
	l.add(Info, "fly-region", fly.name, line, text, means)
}

func (l *look) flyServices() {
	fly := l.fly
	main := false
	for _, s := range fly.servers() {
		line := fly.lineIn(s.table, s.nth, "internal_port")
		text := fmt.Sprintf("internal_port = %d", s.port)
		switch {
		case s.port < 1 || s.port > 65535:
		case s.http && !main:
			main = true
			l.candidate(rankFly, s.port, fly.name, line, text)
			l.add(Info, "fly-port", fly.name, line, text, "on Fly.io, requests go to this port of the app")
		case !main && dig(s.value, "ports") == nil:
			main = true
			l.candidate(rankFly, s.port, fly.name, line, text)
			l.add(Info, "fly-port", fly.name, line, text, "on Fly.io, requests go to this port of the app")
		case !main:
			main = true
			l.candidate(rankFly, s.port, fly.name, line, text)
			l.add(Should, "fly-port-tcp", fly.name, line, text, "on Fly.io, this port takes raw TCP connections; here an HTTP load balancer is in front, which passes HTTP only")
		default:
			l.add(Should, "fly-more-services", fly.name, line, text,
				fmt.Sprintf("another service, on port %d: the load balancer sends requests to one port only, so this one cannot be reached from the internet", s.port))
		}
	}
}

// usualStart is the time to come up that berth gives an app by itself.
const usualStart = time.Minute

func (l *look) flyHealth() {
	fly := l.fly
	var all []any
	for _, s := range fly.servers() {
		for _, key := range []string{"checks", "http_checks"} {
			switch v := dig(s.value, key).(type) {
			case []any:
				all = append(all, v...)
			case map[string]any:
				all = append(all, v)
			}
		}
	}
	if checks, ok := fly.value("checks").(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(checks)) {
			all = append(all, checks[name])
		}
	}
	for _, c := range all {
		p, _ := dig(c, "path").(string)
		if !strings.HasPrefix(p, "/") {
			continue
		}
		line := fly.line("path")
		means := "Fly.io checks the app's health at this path; the load balancer can check the same"
		if headers, ok := dig(c, "headers").(map[string]any); ok && len(headers) > 0 {
			means += ", but sends none of the headers " + strings.Join(slices.Sorted(maps.Keys(headers)), ", ")
		}
		l.add(Info, "fly-health", fly.name, line, "path = "+quoted(p), means)
		l.health(rankFly, p, fly.name, line, "health check of Fly.io")
		if d := span(dig(c, "grace_period")); d > usualStart { // there it only puts off the first check; here it ends a container
			l.suggest("service.start_timeout", min(d, time.Hour).String(), fly.name, fly.line("grace_period"), "grace_period")
		}
		return
	}
}

func (l *look) flyMounts() {
	fly := l.fly
	for _, key := range []string{"mounts", "mount"} {
		for i, m := range fly.tables(key) {
			to, _ := dig(m, "destination").(string)
			line, text := fly.lineIn(key, i, "destination"), "destination = "+quoted(to)
			if line == 0 {
				line = fly.line(key)
			}
			l.nextOnStorage()
			l.add(Should, "fly-mount", fly.name, line, text,
				"the app keeps files on a volume; a container's disk is lost with the container, so these files need persistent storage")
			l.Need("persistent_storage", origin(fly.name, line, text))
			l.store(to, fly.name, line, text)
		}
	}
}

func (l *look) flyRelease() {
	fly := l.fly
	cmd := fly.text("deploy", "release_command")
	if cmd == "" {
		return
	}
	line := fly.line("release_command")
	l.add(Info, "fly-release-command", fly.name, line, "release_command = "+quoted(cmd),
		"this runs once before each new version, usually to migrate the database")
	l.Need("release_command", origin(fly.name, line, "release_command"))
	l.suggest("service.release_command", cmd, fly.name, line, "release_command")
}

// flyCommands takes over what runs instead of the Dockerfile's command, and the other process groups.
func (l *look) flyCommands() {
	fly := l.fly
	cmd, entry := fly.command()
	for _, c := range []struct {
		*Command
		key, id string
	}{{entry, "service.entrypoint", "fly-entrypoint"}, {cmd, "service.command", "fly-command"}} {
		if c.Command == nil {
			continue
		}
		words := c.Words
		if c.Shell {
			if split, err := spec.Words(c.Words[0]); err == nil && len(split) > 0 {
				words = split
			}
		}
		l.add(Info, c.id, fly.name, c.Line, c.String(), "on Fly.io, this runs instead of the Dockerfile's command, and here too")
		if c.key == "service.command" || l.docker == nil || l.docker.Entry != nil || settable(c.key) {
			l.suggest(c.key, words, fly.name, c.Line, "command on Fly.io")
		}
	}
	processes, _ := fly.value("processes").(map[string]any)
	main := fly.group()
	for _, name := range slices.Sorted(maps.Keys(processes)) {
		if name == main && main != "" {
			continue
		}
		text, _ := processes[name].(string)
		line := fly.lineIn("processes", 0, name)
		b := beside{name: name, command: text, file: fly.name, line: line, text: name + " = " + quoted(text)}
		if at := slices.IndexFunc(fly.tables("vm"), func(v any) bool { return slices.Contains(texts(dig(v, "processes")), name) }); at >= 0 {
			b.cpu, b.memory, _, _ = fly.machine(at)
		}
		l.process(b)
	}
}

// flyTimes takes over how long the app may take to stop, and how long a connection may be silent.
func (l *look) flyTimes() {
	fly := l.fly
	if d := span(fly.value("kill_timeout")); d > 0 {
		line := fly.line("kill_timeout")
		stop := min(max(d.Round(time.Second), 2*time.Second), 120*time.Second)
		means := "the app gets this long to finish its requests before it is killed"
		if stop != d {
			means = fmt.Sprintf("the app gets %v to finish its requests; Fargate allows 2 to 120 seconds", stop)
		}
		l.add(Info, "fly-kill-timeout", fly.name, line, "kill_timeout = "+d.String(), means)
		l.suggest("service.stop_timeout", stop.String(), fly.name, line, "kill_timeout")
	}
	if s := fly.text("kill_signal"); s != "" && s != "SIGTERM" {
		l.add(Should, "fly-kill-signal", fly.name, fly.line("kill_signal"), "kill_signal = "+quoted(s),
			"a container gets SIGTERM when it has to stop; to change that, add STOPSIGNAL "+s+" to the Dockerfile")
	}
	for _, s := range fly.servers() {
		if d := span(dig(s.value, "http_options", "idle_timeout")); d > 0 && s.http {
			line := fly.line("idle_timeout")
			l.add(Info, "fly-idle-timeout", fly.name, line, "idle_timeout", "a connection may stay idle this long")
			l.suggest("network.idle_timeout", d.String(), fly.name, line, "idle_timeout")
			return
		}
	}
}

// flyScale tells of machines that are stopped while idle, and takes over how many run at least.
func (l *look) flyScale() {
	fly := l.fly
	for _, s := range fly.servers() {
		if !s.http {
			continue
		}
		least, said := dig(s.value, "min_machines_running").(int64)
		stop := dig(s.value, "auto_stop_machines")
		if (stop == true || stop == "stop" || stop == "suspend") && least == 0 {
			l.add(Should, "fly-scale-to-zero", fly.name, fly.line("auto_stop_machines"), "auto_stop_machines",
				"on Fly.io, the app stops while nobody uses it; on Fargate its containers run, and cost money, all the time")
		}
		if said && least > 1 {
			line := fly.line("min_machines_running")
			l.add(Info, "fly-machines", fly.name, line, fmt.Sprintf("min_machines_running = %d", least), "the same number of containers runs here")
			l.suggest("service.instances", int(least), fly.name, line, "min_machines_running")
		}
		return
	}
}

// flyEnv takes over the environment variables of fly.toml that mean the same everywhere, and names the others.
// Their values are not told.
func (l *look) flyEnv() {
	fly := l.fly
	env, ok := fly.value("env").(map[string]any)
	if !ok || len(env) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(env))
	l.add(Info, "fly-env", fly.name, fly.line("env"), "[env] with "+strings.Join(names, ", "),
		"review these: put what still applies under [env] in berth.toml, and passwords under [secrets]")
	for _, name := range names {
		line := fly.lineIn("env", 0, name)
		switch value := fmt.Sprint(env[name]); {
		case name == "PHX_HOST":
			l.suggest("env.PHX_HOST", "${host}", fly.name, line, "the host name changes with the move")
		case name == "PORT":
			l.portEnv = line
		case classify(name, "", l.Stack).Kind == Secret || classify(name, "", l.Stack).Kind == Generated:
		case flyOnly().MatchString(value) || flyNames().MatchString(name) || strings.Contains(value, "${") || value == "" || len(value) > 500:
		case hostNames().MatchString(name):
			l.suggest("env."+name, "${host}", fly.name, line, "the host name changes with the move")
		case urlNames().MatchString(name):
			l.suggest("env."+name, "https://${host}", fly.name, line, "the host name changes with the move")
		default:
			l.suggest("env."+name, value, fly.name, line, "[env] of fly.toml")
		}
	}
}

var (
	flyOnly  = lazy(`\.fly\.dev|\.internal\b|\.flycast|fly-local-6pn|inet6|^::`)
	flyNames = lazy(`^(?:FLY_|ECTO_IPV6$|ERL_AFLAGS$|DNS_CLUSTER_QUERY$|RELEASE_|LITEFS_|PRIMARY_REGION$)`)
)

// flyBuild takes over how the image is built. The Dockerfile itself is chosen elsewhere.
func (l *look) flyBuild() {
	fly := l.fly
	if ref := fly.text("build", "image"); ref != "" {
		l.add(Info, "fly-image", fly.name, fly.line("image"), "image = "+quoted(ref), "on Fly.io, this image runs and nothing is built")
		if l.docker == nil {
			l.suggest("image.ref", ref, fly.name, fly.line("image"), "[build] of fly.toml")
		}
	}
	if builder := fly.text("build", "builder"); builder != "" {
		l.add(Must, "fly-buildpacks", fly.name, fly.line("builder"), "builder = "+quoted(builder),
			"on Fly.io, buildpacks build the image; berth needs a Dockerfile: write one, or build with pack and deploy with --image")
	}
	args, _ := fly.value("build", "args").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(args)) {
		line := fly.lineIn("build.args", 0, name)
		l.suggest("image.args."+name, fmt.Sprint(args[name]), fly.name, line, "build argument on Fly.io")
	}
	if len(args) > 0 {
		l.add(Info, "fly-build-args", fly.name, fly.line("args"), "build arguments "+strings.Join(slices.Sorted(maps.Keys(args)), ", "), "the image is built with the same here")
	}
	if s := fly.text("build", "ignorefile"); s != "" {
		l.add(Should, "fly-ignorefile", fly.name, fly.line("ignorefile"), "ignorefile = "+quoted(s), "Docker reads .dockerignore only: rename the file")
	}
}

// flyRest names what has no counterpart here.
func (l *look) flyRest() {
	fly := l.fly
	for i, s := range fly.tables("statics") {
		from, _ := dig(s, "guest_path").(string)
		to, _ := dig(s, "url_prefix").(string)
		l.add(Should, "fly-statics", fly.name, fly.lineIn("statics", i, ""), fmt.Sprintf("[[statics]] %s at %s", from, to),
			"Fly.io's proxy serves these files; here the app must serve them at "+path.Join("/", to))
	}
	for _, x := range []struct{ key, means string }{
		{"files", "Fly.io writes these files into the machine; here they must be in the image"},
		{"metrics", "Fly.io scrapes metrics from this port; here CloudWatch has CPU and memory, and nothing scrapes it"},
		{"restart", "a container that exits is always restarted here"},
		{"swap_size_mb", "Fargate has no swap: choose enough memory"},
		{"console_command", "there is no equivalent; berth exec opens a shell"},
	} {
		if fly.value(x.key) != nil {
			l.add(Info, "fly-"+strings.ReplaceAll(x.key, "_", "-"), fly.name, fly.line(x.key), x.key, x.means)
		}
	}
}
