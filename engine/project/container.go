package project

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/engine/spec"
)

// readContainer says what the Dockerfile means.
func (l *look) readContainer() {
	d := l.docker
	if d == nil {
		return
	}
	l.exposed(d)
	l.commanded(d)
	l.around(d)
	l.checkBuild()
}

// exposed tells of EXPOSE and PORT. Of several exposed ports, the one that PORT names is the one for HTTP.
func (l *look) exposed(d *Dockerfile) {
	env, told := d.Env["PORT"]
	port, err := strconv.Atoi(env.Text)
	told = told && err == nil && port >= 1 && port <= 65535
	var tcp []Port
	for _, p := range d.Ports {
		if p.Protocol == "tcp" {
			tcp = append(tcp, p)
		}
	}
	main := slices.IndexFunc(tcp, func(p Port) bool { return told && p.From <= port && port <= p.To })
	agree := main >= 0
	if main = max(main, 0); main > 0 {
		tcp[0], tcp[main] = tcp[main], tcp[0]
	}
	for i, p := range tcp {
		text, number := exposeText(p), p.From
		if i == 0 && agree {
			number = port
		}
		means := "the load balancer sends requests to this port"
		if i > 0 {
			means = "another port; the load balancer uses one only"
		}
		if p.Published {
			means += "; the number before the colon has no meaning in a Dockerfile"
		}
		l.add(Info, "dockerfile-expose", d.Name, p.Line, text, means)
		l.candidate(rankExpose, number, d.Name, p.Line, text)
	}
	for _, p := range d.Ports {
		if p.Protocol != "tcp" {
			l.add(Should, "dockerfile-expose-"+p.Protocol, d.Name, p.Line, exposeText(p)+"/"+p.Protocol,
				"an HTTP load balancer cannot pass "+strings.ToUpper(p.Protocol)+" on; only TCP ports are reached")
		}
	}
	if !told {
		return
	}
	text := fmt.Sprintf("ENV PORT=%d", port)
	switch {
	case agree && len(tcp) > 1:
		l.add(Info, "dockerfile-env-port", d.Name, env.Line, text, "of the exposed ports, this is the one that requests go to")
	case !agree && len(tcp) > 0:
		l.add(Should, "dockerfile-port-conflict", d.Name, env.Line, text,
			fmt.Sprintf("the app is configured to listen on %d, but the Dockerfile exposes %d; one of the two is wrong, and %d is used",
				port, tcp[0].From, tcp[0].From))
	case !agree:
		l.add(Info, "dockerfile-env-port", d.Name, env.Line, text, "the app is configured to listen on this port")
		l.candidate(rankEnv, port, d.Name, env.Line, text)
	}
}

func exposeText(p Port) string {
	if p.To != p.From {
		return fmt.Sprintf("EXPOSE %d-%d", p.From, p.To)
	}
	return fmt.Sprintf("EXPOSE %d", p.From)
}

// commanded tells of CMD and ENTRYPOINT.
func (l *look) commanded(d *Dockerfile) {
	start, name := d.Entry, "ENTRYPOINT"
	if start == nil {
		start, name = l.command(), "CMD"
	}
	if start == nil {
		l.composed()
		l.noCommand(d)
		return
	}
	if start == l.flyCommand || start == l.flyEntry {
		return // fly.toml's own finding says what runs
	}
	l.composed()
	text := name + " " + start.String()
	if d.Entry != nil && l.command() != nil {
		text += ", CMD " + l.command().String()
	}
	switch {
	case start.Shell && strings.HasPrefix(start.Words[0], "["):
		l.add(Must, "dockerfile-bad-list", d.Name, start.Line, text,
			"this looks like a list but is not valid JSON (use double quotes and no trailing comma), so a shell would run it as one string")
	case start.Shell && !strings.HasPrefix(start.Words[0], "exec "):
		l.add(Should, "dockerfile-shell-form", d.Name, start.Line, text,
			"without [ ] a shell starts the app and does not pass the stop signal on: each deployment waits for the stop timeout and then cuts off requests; write "+
				name+" [\"…\"] or begin with exec")
	default:
		l.add(Info, "dockerfile-command", d.Name, start.Line, text, "this is what runs in each container")
	}
}

// composed proposes the command that Compose gives to an image without one.
func (l *look) composed() {
	if words, at := l.composeCommand(); words != nil {
		l.suggest("service.command", words, l.compose.name, at, "command of Compose")
	}
}

// noCommand tells of a Dockerfile that starts nothing. The base image may; those that hold no more than a system or a
// language start a shell, which ends at once.
func (l *look) noCommand(d *Dockerfile) {
	means := "there is neither CMD nor ENTRYPOINT, so nothing would start; add a CMD, or set service.command in berth.toml"
	switch {
	case len(l.start) > 0: // another file says what
		l.add(Info, "start-command", l.start[0].file, l.start[0].line, l.start[0].raw, "there is no CMD; this is what runs in each container")
	case strings.EqualFold(d.Base, "scratch"), bareBase().MatchString(d.Base):
		l.addFinding(Finding{
			ID: "dockerfile-no-command", Severity: Must, File: d.Name, Line: d.From.Line, Text: d.From.Text, Key: "service.command", Means: means,
		})
	default:
		l.add(Info, "dockerfile-base-command", d.Name, d.From.Line, d.From.Text,
			"there is neither CMD nor ENTRYPOINT, so the base image decides what starts")
	}
}

// bareBase matches images that hold a system or a language, and whose own command is a shell.
var bareBase = lazy(`(?i)(?:^|/)(?:debian|ubuntu|alpine|centos|fedora|rockylinux|almalinux|amazonlinux|busybox|archlinux|opensuse|photon|oraclelinux|ubi\d*(?:-minimal|-micro)?|buildpack-deps|wolfi-base|chiselled|distroless/[\w-]+|static|cc-debian\d+|base-debian\d+|golang|rust|elixir|erlang|node|python|ruby|openjdk|eclipse-temurin|amazoncorretto|dotnet/(?:aspnet|runtime|sdk|runtime-deps)|gradle|maven|bun|deno|sapmachine|ibm-semeru-runtimes)(?:[:@]|$)`)

// around tells of stage, user, volumes, health check and platform.
func (l *look) around(d *Dockerfile) {
	if d.Stages > 1 {
		which := "the last stage"
		if d.Stage != "" {
			which += ", " + d.Stage + ","
		}
		if target, _, _ := l.target(); target != "" && strings.EqualFold(target, d.Stage) {
			which = "the stage " + d.Stage
		}
		others := "the other stage only helps to build it"
		if d.Stages > 2 {
			others = fmt.Sprintf("the other %d stages only help to build it", d.Stages-1)
		}
		l.add(Info, "dockerfile-last-stage", d.Name, d.From.Line, d.From.Text, which+" is what gets shipped; "+others)
	}
	if u := d.User; isRoot(u.Text) {
		text := "no USER"
		if u.Text != "" {
			text = "USER " + u.Text
		}
		if !ownUser().MatchString(d.Base) || u.Text != "" {
			l.add(Should, "dockerfile-root", d.Name, u.Line, text,
				"the app runs as root in its container; a USER line before CMD limits the damage of a break-in")
		}
	} else {
		l.add(Info, "dockerfile-user", d.Name, u.Line, "USER "+u.Text, "the app does not run as root, which is good")
	}
	for _, v := range d.Volumes {
		text := "VOLUME " + v.Text
		l.Need("persistent_storage", origin(d.Name, v.Line, text))
		means := "the app keeps files there; a container's disk is lost with the container, so these files need persistent storage"
		if strings.Contains(v.Text, "$") {
			means += "; the base image decides where that is"
		}
		l.nextOnStorage()
		l.addFinding(Finding{ID: "dockerfile-volume", Severity: Should, File: d.Name, Line: v.Line, Text: text, Means: means, Key: "storage"})
		l.store(v.Text, d.Name, v.Line, text)
	}
	l.checkedBy(d)
	l.platform(d)
	l.based(d)
	l.secretsInEnv(d)
	l.sqliteInEnv(d)
}

// isRoot says whether a USER is root: by its name, or by the number zero, whatever the group.
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	return name == "" || name == "root" || strings.Trim(name, "0") == ""
}

// ownUser matches images that do not run as root by themselves.
var ownUser = lazy(`(?i)nonroot|-unprivileged|rootless|chiselled|bitnami/|chainguard|/nginx-unprivileged`)

// checkedBy tells of HEALTHCHECK, which ECS ignores, but which names a port and a path.
func (l *look) checkedBy(d *Dockerfile) {
	h := d.Health
	if h == nil {
		return
	}
	means := "ECS ignores it; the load balancer checks a path of the app instead"
	p, port := l.asked(h.String())
	if p != "" && !elsewherePorts[port] {
		means += ": " + p
		l.health(rankHealth, p, d.Name, h.Line, "HEALTHCHECK")
	}
	l.candidate(rankHealth, port, d.Name, h.Line, "HEALTHCHECK")
	l.add(Info, "dockerfile-healthcheck", d.Name, h.Line, "HEALTHCHECK CMD "+h.String(), means)
}

func (l *look) platform(d *Dockerfile) {
	p := d.Platform
	switch {
	case p.Text == "" || strings.Contains(p.Text, "$"):
	case spec.PlatformOf(spec.Arch(p.Text)) == "":
		l.add(Must, "dockerfile-platform", d.Name, p.Line, "--platform="+p.Text, "Fargate runs linux/amd64 and linux/arm64 only")
	default:
		platform := spec.PlatformOf(spec.Arch(p.Text))
		l.add(Info, "dockerfile-platform", d.Name, p.Line, "--platform="+p.Text, "the image is built for this platform, and Fargate must run it on the same")
		l.suggest("image.platform", platform, d.Name, p.Line, "--platform="+p.Text)
		if platform == spec.ARM64 {
			l.Need("arm64", origin(d.Name, p.Line, "--platform="+p.Text))
		}
	}
}

// secretsInEnv tells of values in ENV that look like secrets: everybody who has the image can read them.
func (l *look) secretsInEnv(d *Dockerfile) {
	for _, name := range sortedNames(d.Env) {
		v := d.Env[name]
		if v.Text == "" || strings.Contains(v.Text, "$") || harmless().MatchString(v.Text) {
			continue
		}
		if k := classify(name, "", l.Stack).Kind; k == Secret || k == Generated {
			l.add(Should, "dockerfile-env-secret", d.Name, v.Line, "ENV "+name,
				"a secret in ENV can be read by everybody who has the image: remove it, and `"+setSecret+name+"` passes it to the app at start")
		}
	}
}

// harmless matches values that stand in for a secret while an image is built.
var harmless = lazy(`(?i)^(?:dummy|placeholder|changeme|change_me|build|none|null|true|false|x+|1|0|unused|test|secret|\d{1,4})$|^/|dummy|placeholder`)
