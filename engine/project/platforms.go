package project

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"berth/engine/spec"
)

// platformFile is what the file of another platform says about the app, in terms that are the same for all.
type platformFile struct {
	name      string // the file
	who       string // the platform
	choice    Choice // the Dockerfile, none when File is ""
	port      Line
	health    Line
	command   Line
	release   Line
	env       []setting
	wants     []setting         // names without a value
	others    []beside          // further processes; their files are this one unless they say otherwise
	formation map[string]beside // how many and how large the processes of the Procfile are, by their names
	kept      []Line            // folders that outlive containers
	needs     []setting         // names of Needs; value says why
	cpu       Line              // in 1024ths of a vCPU
	memory    Line              // MiB
	count     Line              // containers
	notes     []Finding
	set       []setting // keys of berth.toml
	subnets   []string
	subnetsAt Line     // Text is the file
	unread    []Import // lines that have no key of berth.toml, with what they mean here
}

type setting struct {
	name, value string
	file        string // when it is another than the platform's own
	line        int
	random      bool
}

// platforms are the files of other platforms, each nil-safe to read: Render, Railway, Copilot, app.json.
func (l *look) platforms() []platformFile {
	if l.imports != nil {
		return *l.imports
	}
	var out []platformFile
	for _, read := range []func() *platformFile{l.render, l.railway, l.copilot, l.appJSON} {
		if p := read(); p != nil {
			out = append(out, *p)
		}
	}
	l.imports = &out
	return out
}

// readPlatforms takes over what other platforms know about the app.
func (l *look) readPlatforms() {
	for _, p := range l.platforms() {
		l.importSize(p)
		l.importNetwork(p)
		for _, n := range p.notes {
			l.addFinding(n)
		}
		if p.port.Text != "" {
			l.candidate(rankImport, atoi(p.port.Text), p.name, p.port.Line, "port "+p.port.Text)
			l.add(Info, "import-port", p.name, p.port.Line, "port "+p.port.Text, "requests go to this port of the app on "+p.who)
		}
		if p.health.Text != "" {
			l.health(rankImport, p.health.Text, p.name, p.health.Line, "health check on "+p.who)
			l.add(Info, "import-health", p.name, p.health.Line, p.health.Text, p.who+" asks this path whether the app is well; the load balancer can ask the same")
		}
		if p.release.Text != "" {
			l.release(p.release.Text, p.name, p.release.Line, p.release.Text, "this runs once before each new version on "+p.who)
		}
		if p.command.Text != "" {
			if words, err := spec.Words(p.command.Text); err == nil && len(words) > 0 {
				l.suggest("service.command", words, p.name, p.command.Line, "start command on "+p.who)
			}
			l.add(Info, "import-command", p.name, p.command.Line, p.command.Text, "on "+p.who+" this runs instead of what the Dockerfile starts, and so it does here")
		}
		for _, e := range p.env {
			l.importEnv(p, e)
		}
		for _, w := range p.wants {
			l.demand(read{name: w.name, file: p.name, line: w.line, text: w.name, random: w.random})
		}
		for _, b := range p.others {
			b.file, b.text = firstOf(b.file, p.name), firstOf(b.text, b.name+": "+b.command)
			l.process(b)
		}
		for _, k := range p.kept {
			l.nextOnStorage()
			l.add(Should, "import-storage", p.name, k.Line, k.Text, "the app keeps files there on "+p.who+"; a container's disk is lost with the container, so these files need persistent storage")
			l.Need("persistent_storage", origin(p.name, k.Line, k.Text))
			l.store(k.Text, p.name, k.Line, k.Text)
		}
		for _, n := range p.needs {
			if n.name == "database" {
				l.nextOnDatabase()
			}
			l.add(Info, "import-"+n.name, p.name, n.line, n.value, "on "+p.who+" the app has this beside it")
			l.Need(n.name, origin(p.name, n.line, n.value))
		}
	}
}

// importSize takes over how large, and how many, the app's containers are.
func (l *look) importSize(p platformFile) {
	if cpu, memory, ok := spec.Snap(float64(atoi(p.cpu.Text))/1024, atoi(p.memory.Text)); ok && p.cpu.Text != "" && p.memory.Text != "" {
		l.suggest("service.cpu", cpu, p.name, p.cpu.Line, "cpu: "+p.cpu.Text)
		l.suggest("service.memory", memory, p.name, p.memory.Line, "memory: "+p.memory.Text)
	}
	if n := atoi(p.count.Text); n > 0 {
		l.suggest("service.instances", n, p.name, p.count.Line, "count: "+p.count.Text)
	}
}

// importNetwork takes over the network that the app runs in.
func (l *look) importNetwork(p platformFile) {
	for _, x := range p.set {
		l.suggest(x.name, x.value, firstOf(x.file, p.name), x.line, x.value)
	}
	if len(p.subnets) > 0 {
		l.suggest("network.subnets", p.subnets, p.subnetsAt.Text, p.subnetsAt.Line, strings.Join(p.subnets, ", "))
	}
}

// importEnv takes over a variable that another platform's file sets, when it means the same here.
func (l *look) importEnv(p platformFile, e setting) {
	kind := classify(e.name, "", l.Stack).Kind
	switch {
	case herokuOwn().MatchString(e.name):
	case kind == Secret || kind == Generated || e.value == "" || strings.Contains(e.value, "${{") || strings.Contains(e.value, "$"):
	case portName().MatchString(e.name):
		l.candidate(rankImport, atoi(e.value), p.name, e.line, e.name)
		l.portNames = append(l.portNames, read{name: e.name, file: p.name, line: e.line, text: e.name})
	case hostNames().MatchString(e.name):
		l.suggest("env."+e.name, "${host}", p.name, e.line, "the host name changes with the move")
	case urlNames().MatchString(e.name):
		l.suggest("env."+e.name, "https://${host}", p.name, e.line, "the host name changes with the move")
	case strings.Contains(strings.TrimPrefix(e.value, "https://"), "://"):
		l.suggest("env."+e.name, e.value, p.name, e.line, "set on "+p.who)
	case ownAddress().MatchString(e.value):
		host := "${host}"
		if strings.Contains(e.value, "://") {
			host = "https://${host}"
		}
		l.suggest("env."+e.name, host, p.name, e.line, "the host name changes with the move")
	case madeUp().MatchString(e.value):
		l.add(Should, "import-env", p.name, e.line, e.name, "its value on "+p.who+" stands in for one of your own: set it under [env] in berth.toml")
	default:
		if value, ok := platformValue(e.name); ok {
			e.value = value
		}
		l.suggest("env."+e.name, e.value, p.name, e.line, "set on "+p.who)
	}
}

var (
	// ownAddress matches host names that other platforms give their apps.
	ownAddress = lazy(`(?i)^(?:https?://)?[\w.-]+\.(?:herokuapp\.com|onrender\.com|up\.railway\.app|fly\.dev|vercel\.app|netlify\.app|ondigitalocean\.app)/?$`)
	// herokuOwn matches variables that mean something to Heroku alone.
	herokuOwn = lazy(`BUILDPACK|HEROKU|^PROCFILE_PATH$|^NPM_CONFIG_PRODUCTION$|^USE_YARN|^WEB_CONCURRENCY$|^RAILS_SERVE_STATIC|^NODE_MODULES_CACHE$`)
	madeUp    = lazy(`(?i)change[-_]?me|your[-_.@]|\byour(?:user|name|domain|pass|app|host|key)\w*|@domain\.|<[^>]+>|\bexample\.(?:com|org|net)\b|^x{3,}$|replace[-_]?me`)
)

func atoi(text string) int { return whole(text) }

// render reads render.yaml: the first web service is the app.
func (l *look) render() *platformFile {
	doc, err := readYAML(l.t, "render.yaml")
	if doc == nil || err != nil {
		return nil
	}
	p := &platformFile{name: "render.yaml", who: "Render"}
	found := false
	doc.get("services").each(func(_ string, _ int, s *node) {
		switch kind := s.get("type").str(); {
		case kind == "web" && !found:
			found = true
			p.renderWeb(s)
		case kind == "pserv" || kind == "web":
			p.notes = append(p.notes, Finding{
				ID: "second-service", Severity: Should, File: p.name, Line: s.at(), Text: firstOf(s.get("name").str(), kind),
				Means: "this answers requests of its own beside the app: it is an app of its own here, with a berth.toml of its own",
			})
		case kind == "worker" || kind == "cron":
			p.renderBeside(kind, s)
		case kind == "redis" || kind == "keyvalue":
			p.needs = append(p.needs, setting{name: "cache", value: firstOf(s.get("name").str(), kind), line: s.at()})
		}
	})
	doc.get("databases").each(func(_ string, _ int, d *node) {
		p.needs = append(p.needs, setting{name: "database", value: firstOf(d.get("name").str(), "database"), line: d.at()})
	})
	return p
}

// renderBeside reads a worker or a cron job of Render.
func (p *platformFile) renderBeside(kind string, s *node) {
	b := beside{name: firstOf(s.get("name").str(), kind), command: firstOf(s.get("dockerCommand").str(), s.get("startCommand").str()), line: s.at()}
	if s.get("image") != nil && b.command == "" {
		return // another program
	}
	b.count = firstOf(s.get("numInstances").str(), s.get("scaling", "minInstances").str())
	b.clock(s.get("schedule").str())
	p.others = append(p.others, b)
}

func (p *platformFile) renderWeb(s *node) {
	line := func(key string) Line { return Line{s.get(key).str(), s.get(key).at()} }
	if f := line("dockerfilePath"); f.Text != "" {
		p.choice = Choice{File: path.Clean(strings.TrimPrefix(f.Text, "/")), Context: path.Clean(firstOf(s.get("dockerContext").str(), ".")), Why: "the Dockerfile for Render", from: p.name, line: f.Line}
	}
	p.health, p.command, p.release = line("healthCheckPath"), line("dockerCommand"), line("preDeployCommand")
	if disk := s.get("disk"); disk != nil {
		p.kept = append(p.kept, Line{disk.get("mountPath").str(), disk.get("mountPath").at()})
	}
	s.get("envVars").each(func(_ string, _ int, e *node) {
		name := e.get("key").str()
		switch x := (setting{name: name, value: e.get("value").str(), line: e.at()}); {
		case name == "":
		case e.get("generateValue").str() == "true":
			x.random = true
			p.wants = append(p.wants, x)
		case x.value != "":
			p.env = append(p.env, x)
		case e.get("sync").str() == "false", e.get("fromDatabase") != nil, e.get("fromService") != nil:
			p.wants = append(p.wants, x)
		}
	})
}

// railway reads railway.toml or railway.json.
func (l *look) railway() *platformFile {
	for _, name := range []string{"railway.toml", "railway.json"} {
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		var m map[string]any
		if name == "railway.json" && json.Unmarshal([]byte(text), &m) != nil || name == "railway.toml" && toml.Unmarshal([]byte(text), &m) != nil {
			return nil
		}
		p := &platformFile{name: name, who: "Railway"}
		line := func(keys ...string) Line {
			s, _ := dig(m, keys...).(string)
			if pre, ok := dig(m, keys...).([]any); ok {
				s = strings.Join(texts(pre), " && ")
			}
			return Line{s, lineWith(text, keys[len(keys)-1])}
		}
		if f := line("build", "dockerfilePath"); f.Text != "" {
			p.choice = Choice{File: path.Clean(strings.TrimPrefix(f.Text, "/")), Context: ".", Why: "the Dockerfile for Railway", from: name, line: f.Line}
		}
		p.health, p.command, p.release = line("deploy", "healthcheckPath"), line("deploy", "startCommand"), line("deploy", "preDeployCommand")
		if v := line("deploy", "requiredMountPath"); v.Text != "" {
			p.kept = append(p.kept, v)
		}
		return p
	}
	return nil
}

// lineWith is the first line that has a key, 0 when none does.
func lineWith(text, key string) int {
	for _, form := range []string{`"` + key + `"`, key + " =", key + "=", key + ":"} {
		if at := strings.Index(text, form); at >= 0 {
			n, _ := lineOf(text, at)
			return n
		}
	}
	return 0
}

// dynos are the MiB of Heroku's dynos.
var dynos = map[string]int{
	"basic": 512, "eco": 512, "hobby": 512, "standard-1x": 512, "standard-2x": 1024, "performance-m": 2560, "performance-l": 14336,
}

// appJSON reads Heroku's app.json.
func (l *look) appJSON() *platformFile {
	text, ok := l.t.text("app.json")
	if !ok {
		return nil
	}
	var doc struct {
		Env     map[string]json.RawMessage `json:"env"`
		Addons  []json.RawMessage          `json:"addons"`
		Scripts struct {
			PostDeploy string `json:"postdeploy"`
		} `json:"scripts"`
		Formation map[string]struct {
			Quantity *int   `json:"quantity"`
			Size     string `json:"size"`
		} `json:"formation"`
		Cron []struct {
			Command  string `json:"command"`
			Schedule string `json:"schedule"`
		} `json:"cron"`
		Expo json.RawMessage `json:"expo"`
	}
	if json.Unmarshal([]byte(text), &doc) != nil || doc.Expo != nil {
		return nil
	}
	p := &platformFile{name: "app.json", who: "Heroku", formation: map[string]beside{}}
	for name, f := range doc.Formation {
		b := beside{}
		if f.Quantity != nil {
			b.count = strconv.Itoa(*f.Quantity)
		}
		if memory := dynos[strings.ToLower(f.Size)]; memory > 0 {
			b.cpu, b.memory, _ = spec.Snap(0, memory)
		}
		p.formation[name] = b
	}
	for _, c := range doc.Cron {
		b := beside{name: taskName(c.Command), command: c.Command, line: lineWith(text, c.Command)}
		b.clock(c.Schedule)
		p.others = append(p.others, b)
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Env)) {
		var e struct {
			Value     *string `json:"value"`
			Required  *bool   `json:"required"`
			Generator string  `json:"generator"`
		}
		var plain string
		x := setting{name: name, line: lineWith(text, name)}
		switch {
		case json.Unmarshal(doc.Env[name], &plain) == nil:
			x.value = plain
		case json.Unmarshal(doc.Env[name], &e) != nil:
			continue
		case e.Value != nil:
			x.value = *e.Value
		}
		switch {
		case e.Generator == "secret":
			x.random = true
			p.wants = append(p.wants, x)
		case x.value != "":
			p.env = append(p.env, x)
		case e.Required == nil || *e.Required:
			p.wants = append(p.wants, x)
		}
	}
	for _, raw := range doc.Addons {
		var name string
		var addon struct {
			Plan string `json:"plan"`
		}
		if json.Unmarshal(raw, &name) != nil && json.Unmarshal(raw, &addon) == nil {
			name = addon.Plan
		}
		switch x := (setting{value: name, line: lineWith(text, "addons")}); {
		case strings.Contains(name, "postgres") || strings.Contains(name, "mysql") || strings.Contains(name, "jawsdb"):
			x.name = "database"
			p.needs = append(p.needs, x)
		case strings.Contains(name, "redis") || strings.Contains(name, "memcach"):
			x.name = "cache"
			p.needs = append(p.needs, x)
		}
	}
	return p
}

var (
	usesMix = lazy(`(?:^|\s)mix\s`)
	hasMix  = lazy(`(?i)elixir`)
)

// release proposes a command that runs once before each new version.
func (l *look) release(command, file string, line int, text, means string) {
	if l.docker != nil && usesMix().MatchString(command) && !hasMix().MatchString(l.docker.Base) {
		l.add(Should, "release-command-mix", file, line, text, means+"; the image holds a release, in which there is no mix, so that this is not taken over")
		return
	}
	if s := l.doesAtStart(command); s != nil {
		l.add(Info, "migrates-at-start", s.file, s.line, s.raw, "this runs whenever a container starts, so that it is not run before a new version as well; with several containers it happens several times at once")
		return
	}
	l.add(Info, "release-command", file, line, text, means)
	l.Need("release_command", origin(file, line, text))
	l.suggest("service.release_command", command, file, line, text)
}

// doesAtStart is the step of the start command that does what a command for releases does, nil when none does.
func (l *look) doesAtStart(command string) *step {
	for _, part := range separates().Split(command, -1) {
		for _, w := range []pattern{setEnv, wrappers} {
			part = strings.TrimSpace(w().ReplaceAllString(strings.TrimSpace(part), ""))
		}
		i := slices.IndexFunc(l.start, func(s step) bool { return s.text == part })
		if changesData().MatchString(part) && i >= 0 {
			return &l.start[i]
		}
	}
	return nil
}

var changesData = lazy(`(?i)migrat|upgrade|\bdb:|\bdb\s|schema`)
