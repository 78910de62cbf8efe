package project

import (
	"path"
	"slices"
	"strings"

	"berth/engine/spec"
)

// beside is a program that runs beside the one that answers requests, as a file of the tree tells it.
type beside struct {
	name    string // as the file calls it
	command string
	file    string // where it stands
	line    int
	text    string

	cpu      float64 // vCPU, zero when the file says no size
	memory   int     // MiB, the same
	count    string  // containers, "" when the file does not say
	schedule string  // cron(…) or rate(…); empty: it runs all the time
}

// process tells of a program that runs beside the one that answers requests, and proposes it as a process of its own. One
// that two files tell of is proposed once.
func (l *look) process(b beside) {
	for _, d := range daemonPrograms {
		if d.data && d.re().MatchString(b.command) && d.name != "cron" && !strings.HasPrefix(d.name, "a ") && d.name != "Celery beat" {
			l.add(Should, "process-data", b.file, b.line, b.text, d.name+" runs beside the app there; here its data would be lost with the container: it needs a service of its own")
			return
		}
	}
	words, id := commandWords(b.command), spec.Slug(b.name)
	switch {
	case developing().MatchString(b.name + " " + b.command):
		l.add(Info, "process-development", b.file, b.line, b.text, "this runs while the app is developed, and not here")
		return
	case len(words) == 0 || id == "":
		l.add(Should, "process", b.file, b.line, b.text, "this runs beside the app that answers requests, and its command is not told: give it a table under [processes]")
		return
	case slices.ContainsFunc(l.beside, func(x beside) bool { return x.file != b.file && program(x.command) == program(b.command) }):
		return // as another file has it
	case l.startsToo(b):
		l.add(Info, "process-inside", b.file, b.line, b.text, "the app's own container starts this already, so that it gets none of its own")
		return
	}
	if spec.OwnProcess(id) || slices.ContainsFunc(l.beside, func(x beside) bool { return spec.Slug(x.name) == id && x.command != b.command }) {
		id = spec.Slug(id + "-" + path.Base(program(b.command)))
		b.name = id
	}
	if id == "" || spec.OwnProcess(id) {
		return
	}
	l.beside = append(l.beside, b)
	l.propose(id, b, words)
}

// propose tells of a process and proposes its settings.
func (l *look) propose(id string, b beside, words []string) {
	means := "this runs beside the app that answers requests, in containers of its own, as [processes." + id + "]"
	if b.schedule != "" {
		means = "this runs by its schedule, " + b.schedule + ", in a container of its own, as [processes." + id + "]"
	}
	means += "; skip = true there leaves it out" + leansOn(b.command)
	l.add(Info, "process", b.file, b.line, b.text, means)
	key := "processes." + id + "."
	l.suggest(key+"command", words, b.file, b.line, b.text)
	if b.cpu > 0 && b.memory > 0 {
		l.suggest(key+"cpu", b.cpu, b.file, b.line, b.text)
		l.suggest(key+"memory", b.memory, b.file, b.line, b.text)
	}
	if b.count != "" {
		l.suggest(key+"instances", min(atoi(b.count), 100), b.file, b.line, b.text)
	}
	if b.schedule != "" {
		l.suggest(key+"schedule", b.schedule, b.file, b.line, b.text)
	}
}

// developing matches what runs while an app is developed.
var developing = lazy(`(?i)--watch|\bwatch\b|\bnodemon\b|\bvite\b|\bwebpack\b|\btailwindcss\b|\bbin/(?:dev|vite)\b|^(?:console|shell|js|css|assets|webpacker|mailhog|mailpit)\s`)

// leansOn says what a command needs beside the app, for those that need anything.
func leansOn(command string) string {
	switch {
	case needsRedis().MatchString(command):
		return "; its jobs wait in Redis: [cache] makes one that speaks as Redis does"
	case needsBroker().MatchString(command):
		return "; its jobs wait at a broker: for Redis, [cache] makes one that speaks as it does; RabbitMQ is Amazon MQ, or a service elsewhere"
	}
	return ""
}

var (
	needsRedis  = lazy(`\bsidekiq\b|\bresque\b|artisan\s+horizon|\brq\s+worker|\brqworker\b|\barq\s`)
	needsBroker = lazy(`\bcelery\b|\bdramatiq\b`)
)

// program is a command without what only wraps it: what two files that start the same have in common.
func program(command string) string {
	command = strings.TrimSpace(command)
	if m := shellC().FindStringSubmatch(command); m != nil {
		command = m[1] + m[2] + m[3]
	}
	for before := ""; before != command; {
		before = command
		for _, w := range []pattern{setEnv, wrappers, become} {
			command = strings.TrimSpace(w().ReplaceAllString(command, ""))
		}
	}
	for _, w := range workers {
		if w.re().MatchString(command) {
			return w.name
		}
	}
	return strings.Join(strings.Fields(command), " ")
}

// worker is a program that works on jobs.
type worker struct {
	name string
	re   pattern
}

// workers are those that are known, whatever their arguments.
var workers = []worker{
	{"sidekiq", lazy(`(?:^|/)sidekiq(?:swarm)?\b`)},
	{"sneakers", lazy(`\bsneakers:run|^shoryuken\b`)},
	{"resque", lazy(`\bresque:work`)},
	{"delayed_job", lazy(`\bjobs:work\b|\bdelayed_job\b`)},
	{"good_job", lazy(`\bgood_job\b`)},
	{"solid_queue", lazy(`\bbin/jobs\b|solid_queue:start`)},
	{"que", lazy(`^que\b`)},
	{"clockwork", lazy(`(?:^|/)clockwork\b`)},
	{"beat", lazy(`\bcelery\b.*\bbeat\b`)},
	{"celery", lazy(`\bcelery\b.*\bworker\b`)},
	{"rq", lazy(`^rq\s+worker|\brqworker\b`)},
	{"qcluster", lazy(`\bqcluster\b`)},
	{"arq", lazy(`^arq\s`)},
	{"dramatiq", lazy(`^dramatiq\b|\brundramatiq\b`)},
	{"huey", lazy(`\bhuey_consumer|\brun_huey\b`)},
	{"horizon", lazy(`artisan\s+horizon\b`)},
	{"queue", lazy(`artisan\s+queue:(?:work|listen)`)},
	{"schedule", lazy(`artisan\s+schedule:(?:work|run)`)},
	{"worker.js", lazy(`^(?:node|npm|yarn|pnpm|bun)\s(?:.*[\s/:])?(?:[\w-]+[-_.])?workers?(?:[-_.:]\w+)*(?:\s|$)`)},
	{"messenger", lazy(`messenger:consume`)},
}

// startsToo says whether the container that answers requests starts a program as well, beside its server.
func (l *look) startsToo(b beside) bool {
	p := program(b.command)
	return slices.ContainsFunc(l.start, func(s step) bool { return program(s.text) == p })
}
