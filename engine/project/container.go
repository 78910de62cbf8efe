package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth/engine/fail"
	"berth/engine/spec"
)

var otherDockerfiles = newGlobs([]string{"**/Dockerfile", "**/Dockerfile.*", "**/*.Dockerfile", "**/*.dockerfile", "Containerfile", "dockerfile"})

// candidate is a port that the app may listen on, the surest first.
type candidate struct {
	port int
	file string
	line int
	text string
}

// readDockerfile finds the Dockerfile, reads it and says what it means.
func (f *Findings) readDockerfile(t *tree, s *spec.Spec, fly *flyToml) error {
	if name := fly.text("build", "dockerfile"); name != "" && s.Image.Dockerfile == "" {
		s.Image.Dockerfile = filepath.Join(filepath.Dir(fly.name), name)
		f.suggest("image.dockerfile", s.Image.Dockerfile, fly.name, fly.line("dockerfile"), "the Dockerfile for Fly.io")
	}
	_, file := s.BuildContext()
	name := file
	if rel, err := filepath.Rel(t.dir, file); err == nil {
		name = filepath.ToSlash(rel)
	}
	text, err := readDockerfile(t, file, name)
	if err != nil {
		return err
	}
	d, err := ReadDockerfile(name, strings.NewReader(text), s.Image.Args)
	if err != nil {
		return err
	}
	f.Dockerfile = d
	f.exposed(d)
	f.started(d)
	f.around(d)
	return nil
}

// readDockerfile reads a Dockerfile in the tree, or elsewhere when berth.toml says so.
func readDockerfile(t *tree, file, name string) (string, error) {
	open := func() (fs.File, error) { return t.root.Open(name) }
	if !filepath.IsLocal(name) {
		open = func() (fs.File, error) { return os.Open(file) }
	}
	in, err := open()
	if err == nil {
		defer in.Close() //nolint:errcheck // it was only read
		var b []byte
		if b, err = io.ReadAll(io.LimitReader(in, maxFileSize+1)); err == nil && len(b) > maxFileSize {
			err = errors.New("it is too large")
		}
		if err == nil {
			return string(b), nil
		}
	}
	e := &fail.Error{Class: fail.Usage, Cause: name + " cannot be read", Evidence: err.Error(), Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Cause, e.Evidence = "there is no "+name+" in "+t.dir, ""
	}
	return "", e
}

// exposed tells of EXPOSE and PORT. Of several exposed ports, the one that PORT names is the one for HTTP.
func (f *Findings) exposed(d *Dockerfile) {
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
	main = max(main, 0)
	for i, p := range tcp {
		text, number := exposeText(p), p.From
		if i == main && agree {
			number = port
		}
		means := "the load balancer sends requests to this port"
		if i != main {
			means = fmt.Sprintf("a further port; the load balancer uses one, %d", tcp[main].From)
		}
		f.add(Info, "dockerfile-expose", d.Name, p.Line, text, means)
		c := candidate{number, d.Name, p.Line, text}
		if i == main {
			f.ports = slices.Insert(f.ports, 0, c)
		} else {
			f.ports = append(f.ports, c)
		}
	}
	for _, p := range d.Ports {
		if p.Protocol != "tcp" {
			f.add(Info, "dockerfile-expose-"+p.Protocol, d.Name, p.Line, exposeText(p)+"/"+p.Protocol,
				"an HTTP load balancer cannot pass "+strings.ToUpper(p.Protocol)+" on; only TCP ports are reached")
		}
	}
	if !told {
		return
	}
	text := fmt.Sprintf("ENV PORT=%d", port)
	switch {
	case agree && len(tcp) > 1:
		f.add(Info, "dockerfile-env-port", d.Name, env.Line, text, "of the exposed ports, this is the one that requests go to")
	case !agree && len(tcp) > 0:
		f.add(Should, "dockerfile-port-conflict", d.Name, env.Line, text,
			fmt.Sprintf("the app is told to listen on %d, but the Dockerfile exposes %d: one of them is wrong; %d is used",
				port, f.ports[0].port, f.ports[0].port))
	case !agree:
		f.add(Info, "dockerfile-env-port", d.Name, env.Line, text, "the app is told to listen on this port")
		f.ports = append(f.ports, candidate{port, d.Name, env.Line, text})
	}
}

func exposeText(p Port) string {
	if p.To != p.From {
		return fmt.Sprintf("EXPOSE %d-%d", p.From, p.To)
	}
	return fmt.Sprintf("EXPOSE %d", p.From)
}

// started tells of CMD and ENTRYPOINT.
func (f *Findings) started(d *Dockerfile) {
	start, name := d.Entry, "ENTRYPOINT"
	if start == nil {
		start, name = d.Cmd, "CMD"
	}
	switch {
	case start == nil && strings.EqualFold(d.Base, "scratch"):
		f.Findings = append(f.Findings, Finding{
			ID: "dockerfile-no-command", Severity: Must, File: d.Name, Line: d.From.Line, Text: clip(d.From.Text), Key: "service.command",
			Means: "there is neither CMD nor ENTRYPOINT, so that nothing would start; add a CMD, or set service.command in berth.toml",
		})
		return
	case start == nil:
		f.add(Info, "dockerfile-base-command", d.Name, d.From.Line, d.From.Text,
			"there is neither CMD nor ENTRYPOINT, so that the base image decides what starts")
		return
	}
	text := name + " " + start.String()
	if d.Entry != nil && d.Cmd != nil {
		text += ", CMD " + d.Cmd.String()
	}
	switch {
	case start.Shell && strings.HasPrefix(start.Words[0], "["):
		f.add(Must, "dockerfile-bad-list", d.Name, start.Line, text,
			"this looks like a list but is not JSON (it needs double quotes and no comma at the end), so that a shell would try to run it as it stands")
	case start.Shell && !strings.HasPrefix(start.Words[0], "exec "):
		f.add(Should, "dockerfile-shell-form", d.Name, start.Line, text,
			"without [ ] a shell starts the app and keeps the signal to stop for itself: each deployment waits for the stop timeout and then kills requests; write "+
				name+" [\"…\"] or begin with exec")
	default:
		f.add(Info, "dockerfile-command", d.Name, start.Line, text, "this is what runs in each container")
	}
	if host := loopback(d); host != "" {
		f.add(Must, "dockerfile-loopback", d.Name, start.Line, text,
			"the app seems to listen on "+host+" only, where the load balancer cannot reach it; let it listen on 0.0.0.0")
	}
	if m := portFlag.FindStringSubmatch(commands(d)); m != nil && len(f.ports) == 0 {
		if port, err := strconv.Atoi(m[1]); err == nil && port >= 1 && port <= 65535 {
			f.add(Info, "dockerfile-command-port", d.Name, start.Line, text, fmt.Sprintf("the app is started on port %d", port))
			f.ports = append(f.ports, candidate{port, d.Name, start.Line, name + " with port " + m[1]})
		}
	}
}

// portFlag matches the port in flags such as --port 8000, -p 3000, --bind 0.0.0.0:8000, -b :8000.
var portFlag = regexp.MustCompile(`\s--?(?:[a-z.]*port|p|bind|b|listen|addr|address)[= ]["']?(?:[\w.*\[\]:]*:)?(\d{2,5})\b`)

// commands is all that is started, in one line.
func commands(d *Dockerfile) string {
	all := ""
	for _, c := range []*Command{d.Entry, d.Cmd} {
		if c != nil {
			all += " " + c.String()
		}
	}
	return all
}

var loopbackFlag = regexp.MustCompile(`(?:--?(?:bind|host|address|addr|ip|listen|b|H)[= ]["']?)(127\.0\.0\.1|localhost)\b`)

// loopback finds an address in the start command that cannot be reached from outside.
func loopback(d *Dockerfile) string {
	if m := loopbackFlag.FindStringSubmatch(commands(d)); m != nil {
		return m[1]
	}
	for _, name := range []string{"HOST", "HOSTNAME", "BIND", "BIND_ADDRESS", "LISTEN_ADDR"} {
		if v := d.Env[name].Text; v == "127.0.0.1" || v == "localhost" {
			return v
		}
	}
	return ""
}

// around tells of stage, user, volumes, health check and platform.
func (f *Findings) around(d *Dockerfile) {
	if d.Stages > 1 {
		which := "the last stage"
		if d.Stage != "" {
			which += ", " + d.Stage + ","
		}
		others := "the other stage only helps to build it"
		if d.Stages > 2 {
			others = fmt.Sprintf("the other %d stages only help to build it", d.Stages-1)
		}
		f.add(Info, "dockerfile-last-stage", d.Name, d.From.Line, d.From.Text, which+" is what gets shipped; "+others)
	}
	if u := d.User; u.Text != "" && u.Text != "root" && u.Text != "0" {
		f.add(Info, "dockerfile-user", d.Name, u.Line, "USER "+u.Text, "the app does not run as root, which is good")
	} else {
		text := "no USER"
		if u.Text != "" {
			text = "USER " + u.Text
		}
		f.add(Should, "dockerfile-root", d.Name, u.Line, text,
			"the app runs as root within its container; a line USER before CMD limits what a break-in can do")
	}
	for _, v := range d.Volumes {
		f.add(Should, "dockerfile-volume", d.Name, v.Line, "VOLUME "+v.Text,
			"the app keeps files there; a container's disk is lost with the container, so that they need storage of their own")
		f.Need("persistent_storage", origin(d.Name, v.Line, "VOLUME "+v.Text))
	}
	if h := d.Health; h != nil {
		means := "ECS ignores it; the load balancer asks a path of the app instead"
		if path := healthPath(h.String()); path != "" {
			means += ": " + path
			f.suggest("service.health_path", path, d.Name, h.Line, "HEALTHCHECK")
		}
		f.add(Info, "dockerfile-healthcheck", d.Name, h.Line, "HEALTHCHECK CMD "+h.String(), means)
	}
	f.platform(d)
	if port := basePort(d.Base); port != 0 && len(f.ports) == 0 {
		f.ports = append(f.ports, candidate{port, d.Name, d.From.Line, d.From.Text})
		f.add(Info, "dockerfile-base-port", d.Name, d.From.Line, d.From.Text, fmt.Sprintf("this base image listens on port %d", port))
	}
}

func (f *Findings) platform(d *Dockerfile) {
	p := d.Platform
	switch {
	case p.Text == "" || strings.Contains(p.Text, "$"):
	case spec.PlatformOf(spec.Arch(p.Text)) == "":
		f.add(Info, "dockerfile-platform", d.Name, p.Line, "--platform="+p.Text, "Fargate runs linux/amd64 and linux/arm64 only")
	default:
		platform := spec.PlatformOf(spec.Arch(p.Text))
		f.add(Info, "dockerfile-platform", d.Name, p.Line, "--platform="+p.Text, "the image is built for this platform, and must run on it")
		f.suggest("image.platform", platform, d.Name, p.Line, "--platform="+p.Text)
		if platform == spec.ARM64 {
			f.Need("arm64", origin(d.Name, p.Line, "--platform="+p.Text))
		}
	}
}

var healthURL = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[^/\s"']*)?(/[A-Za-z0-9_./~-]*)`)

// healthPath is the path that a health check asks, "" when it asks none that can be told.
func healthPath(command string) string {
	if m := healthURL.FindStringSubmatch(command); m != nil {
		return m[1]
	}
	return ""
}

// choosePort takes the surest port.
func (f *Findings) choosePort() {
	if len(f.ports) == 0 {
		f.Findings = append(f.Findings, Finding{
			ID: "no-port", Severity: Must, Text: "no port", Key: "service.port",
			Means: "nothing says on which port the app listens: set port under [service] in berth.toml",
		})
		return
	}
	c := f.ports[0]
	f.Port = c.port
	f.suggest("service.port", c.port, c.file, c.line, c.text)
	if f.portEnv > 0 {
		// The app is told its port on Fly.io; told the one chosen here, the two agree whatever it is.
		f.suggest("env.PORT", strconv.Itoa(c.port), "fly.toml", f.portEnv, "PORT for Fly.io")
	}
	for _, x := range f.portNames {
		f.suggest("env."+x.name, strconv.Itoa(c.port), x.file, x.line, x.text)
	}
	for _, other := range f.ports[1:] {
		if other.port != c.port && other.file != c.file && other.file != "" {
			f.add(Should, "port-conflict", other.file, other.line, other.text,
				fmt.Sprintf("this says port %d, %s says %d; %d is used, change service.port in berth.toml when that is wrong",
					other.port, c.file, c.port, c.port))
		}
	}
}
