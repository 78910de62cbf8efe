package project

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"berth/engine/spec"
)

// look is what is known of a source tree while its findings are made. Each part of the work adds to it what later
// parts ask for.
type look struct {
	*Findings
	ctx  context.Context
	t    *tree
	spec *spec.Spec

	docker     *Dockerfile // nil when there is none that can be read
	context    string      // the build context, relative to the tree, "." for all of it
	fly        *flyToml
	flyCommand *Command // what runs on Fly.io instead of the Dockerfile's CMD, nil for that
	flyEntry   *Command // the same for ENTRYPOINT
	compose    *composeFile
	imports    *[]platformFile // what the files of other platforms say, once they are read
	procfile   []step          // the lines of the Procfile; text is the command, raw the whole line

	files    []string     // the tree's files that can be part of the image
	manifest string       // the file by which the kind of program was told
	speaks   string       // the language that ships, "" when it is not known, "static" for files alone
	start    []step       // what runs when a container starts
	daemons  int          // programs that a supervisor starts
	bot      hit          // a library of programs that connect to others, and take no requests
	beside   []beside     // programs that are proposed as processes beside the one that answers requests
	deps     []dependency // the libraries in use

	ports     []candidate
	portNames []read // variables that the app takes its port from and does not start without
	portEnv   int    // line of fly.toml that sets PORT, zero when none does
	paths     []healthPath
	kept      []Line // folders that outlive containers
	keptFrom  spec.Origin

	assets     []string // patterns of paths that may be cached for good
	assetsFrom spec.Origin

	databaseSaid, storageSaid []int // findings of a database and of files to keep, by index

	scanned   map[string][]sourceFile // the sources of each language, once they are read
	cancelled map[string]bool         // needs that something else takes care of
	seen      map[string]bool         // variables that were told
}

// The ranks of what names a port or a health path, the surest first.
const (
	rankFlag    = iota // an argument of the start command
	rankExpose         // EXPOSE
	rankFly            // where Fly.io sends requests
	rankEnv            // ENV PORT
	rankHealth         // a health check
	rankCompose        // a port of Compose
	rankImport         // another platform's file
	rankConfig         // the framework's settings
	rankCode           // a listen call in the code
	rankServer         // what the server listens on by itself
	rankBase           // what the base image listens on
	rankUsual          // what programs of that kind listen on
)

// candidate is a port that the app may listen on.
type candidate struct {
	rank int
	port int
	file string
	line int
	text string
}

func (l *look) candidate(rank, port int, file string, line int, text string) {
	if port >= 1 && port <= 65535 {
		l.ports = append(l.ports, candidate{rank, port, file, line, text})
	}
}

// elsewherePorts are ports that no HTTP of an app is behind: those of other protocols, of TLS, and of what administers a
// server.
var elsewherePorts = map[int]bool{
	21: true, 22: true, 25: true, 53: true, 110: true, 143: true, 389: true, 443: true, 465: true, 587: true, 636: true, 993: true, 995: true,
	1433: true, 1883: true, 2019: true, 3306: true, 4369: true, 5432: true, 5671: true, 5672: true, 6379: true, 8443: true, 8883: true,
	9229: true, 11211: true, 27017: true,
}

// choosePort takes the surest port. Of several that EXPOSE names it is one that something else names, too.
func (l *look) choosePort() {
	slices.SortStableFunc(l.ports, func(a, b candidate) int { return a.rank - b.rank })
	if l.silent() {
		return
	}
	if len(l.ports) == 0 {
		l.addFinding(Finding{
			ID: "no-port", Severity: Must, Text: "no port", Key: "service.port",
			Means: "berth could not find the port that the app listens on: set port under [service] in berth.toml, to 0 for an app that serves no HTTP",
		})
		return
	}
	c := l.ports[0]
	if i := slices.IndexFunc(l.ports, func(x candidate) bool { return !elsewherePorts[x.port] }); i >= 0 {
		c = l.ports[i]
	}
	if c.rank == rankExpose {
		for _, other := range l.ports {
			if i := slices.IndexFunc(l.ports, func(x candidate) bool { return x.rank == rankExpose && x.port == other.port }); other.rank != rankExpose && other.rank < rankUsual && i >= 0 && !elsewherePorts[other.port] {
				c = l.ports[i]
				break
			}
		}
	}
	l.Port = c.port
	l.unheard(c)
	l.suggest("service.port", c.port, c.file, c.line, c.text)
	if l.portEnv > 0 {
		// The app is told its port on Fly.io; told the one chosen here, the two agree whatever it is.
		l.suggest("env.PORT", strconv.Itoa(c.port), l.fly.name, l.portEnv, "PORT for Fly.io")
	}
	for _, x := range l.portNames {
		l.suggest("env."+x.name, strconv.Itoa(c.port), x.file, x.line, x.text)
	}
	if c.rank == rankUsual {
		l.add(Should, "usual-port", c.file, c.line, firstOf(c.file, c.text),
			fmt.Sprintf("no port was found; apps like this usually listen on %d", c.port))
	}
	for _, other := range l.ports {
		if other.port != c.port && !elsewherePorts[other.port] && other.file != c.file && other.file != "" && other.rank < rankCode && !l.agrees(other, c) && !l.toldPort(other) {
			l.add(Should, "port-conflict", other.file, other.line, other.text,
				fmt.Sprintf("this says port %d, %s says %d; %d is used: change service.port in berth.toml if that is wrong",
					other.port, firstOf(c.file, c.text), c.port, c.port))
		}
	}
}

// toldPort says whether a line names a port for the case alone that PORT has none, which it does have.
func (l *look) toldPort(c candidate) bool {
	_, told := l.Suggests["env.PORT"]
	return (told || l.docker != nil && l.docker.Env["PORT"].Text != "") && readsPort().MatchString(c.text)
}

var readsPort = lazy(`["'\[.{]PORT\b`)

// agrees says whether the file of one candidate names the port of the other, too.
func (l *look) agrees(other, c candidate) bool {
	return slices.ContainsFunc(l.ports, func(x candidate) bool { return x.file == other.file && x.port == c.port })
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// healthPath is a path that tells whether the app is well.
type healthPath struct {
	rank int
	path string
	file string
	line int
	text string
}

func (l *look) health(rank int, p, file string, line int, text string) {
	if strings.HasPrefix(p, "/") {
		l.paths = append(l.paths, healthPath{rank, p, file, line, text})
	}
}

func (l *look) chooseHealth() {
	slices.SortStableFunc(l.paths, func(a, b healthPath) int { return a.rank - b.rank })
	if len(l.paths) > 0 {
		p := l.paths[0]
		l.suggest("service.health_path", p.path, p.file, p.line, p.text)
		if i := slices.IndexFunc(l.paths, func(x healthPath) bool { return x.path == p.path && x.rank >= rankCode }); i >= 0 {
			l.answers(l.paths[i])
		}
	}
}

// store notes a folder that must outlive the containers, as a setting when it can be one.
func (l *look) store(p, file string, line int, text string) {
	if !strings.HasPrefix(p, "/") {
		return
	}
	p = path.Clean(p)
	switch p {
	case "/", "/proc", "/sys", "/dev", "/etc", "/tmp", "/run", "/var", "/usr", "/bin", "/home":
		return
	}
	if strings.ContainsAny(p, ":$\x00") || l.docker.holds(p) {
		return // to lay a folder over the app's own would hide the app
	}
	for i, k := range l.kept {
		switch {
		case within(p, k.Text):
			return
		case within(k.Text, p):
			l.kept[i].Text = p
			return
		}
	}
	if len(l.kept) == 0 {
		l.keptFrom = origin(file, line, text)
	}
	l.kept = append(l.kept, Line{p, line})
}

func (l *look) suggestStorage() {
	var paths []string
	for _, k := range l.kept {
		if !slices.Contains(paths, k.Text) {
			paths = append(paths, k.Text)
		}
	}
	if len(paths) > 0 {
		l.Suggest("storage", paths, l.keptFrom)
	}
}

// suggestAssets proposes to cache what may be cached for good.
func (l *look) suggestAssets() {
	if len(l.assets) > 0 {
		slices.Sort(l.assets)
		l.Suggest("network.assets", slices.Compact(l.assets), l.assetsFrom)
	}
}

// commandWords are the words of a command as berth.toml has it: what only a shell understands is given to one.
func commandWords(command string) []string {
	words, err := spec.Words(command)
	if err != nil || len(words) == 0 {
		return nil
	}
	if needsShell().MatchString(command) {
		return []string{"sh", "-c", command}
	}
	return words
}

var needsShell = lazy("[$;&|<>`*]|^\\s*\\w+=\\S")

// settable says whether berth.toml has a key.
func settable(key string) bool {
	_, ok := spec.KeyOf(key)
	return ok
}
