package project

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

// step is one command that runs when a container starts.
type step struct {
	text string // the command, without what only wraps it
	file string // where it stands
	line int
	raw  string // as it stands there
}

// Bounds of what is followed from a start command.
const (
	maxSteps = 200
	maxChain = 4 // scripts that call scripts
)

// started lists what runs when a container starts: the entry point, the command, and what the scripts among them run
// in turn.
func (l *look) started() {
	d := l.docker
	if d == nil {
		return
	}
	if d.Entry == nil && l.command() == nil {
		if p := l.main(); p != nil {
			l.follow(p.text, *p, 0)
		}
	}
	defer func() {
		if words, at := l.composeCommand(); words != nil {
			l.follow(joined(words), step{file: l.compose.name, line: at, raw: "command: " + strings.Join(words, " ")}, 0)
		}
	}()
	for _, c := range []*Command{d.Entry, l.command()} {
		if c == nil {
			continue
		}
		file := d.Name
		if c == l.flyCommand {
			file = l.fly.name
		}
		text := c.String()
		if !c.Shell {
			text = joined(c.Words)
		}
		raw := "CMD " + c.String()
		switch c {
		case d.Entry:
			raw = "ENTRYPOINT " + c.String()
		case l.flyCommand:
			raw = c.String()
		}
		l.follow(text, step{file: file, line: c.Line, raw: raw}, 0)
	}
}

// composeCommand is the command that Compose gives to the app's container, and its line: where the image has none, and
// nothing else says what to run, and it is not one for work.
func (l *look) composeCommand() (words []string, line int) {
	if l.compose == nil || l.compose.app == nil || l.command() != nil || slices.ContainsFunc(l.procfile, func(s step) bool { return strings.HasPrefix(s.raw, "web:") }) {
		return nil, 0
	}
	c := l.compose.app.get("command")
	if words = c.list(); len(words) == 1 {
		words = commandWords(words[0])
	}
	if len(words) == 0 || onceOnly().MatchString(strings.Join(words, " ")) {
		return nil, 0
	}
	return words, c.at()
}

// command is what runs instead of the Dockerfile's CMD on Fly.io, else that.
func (l *look) command() *Command {
	if l.flyCommand != nil {
		return l.flyCommand
	}
	return l.docker.Cmd
}

// joined makes one line of words; of those that have a shell run a text, it is that text.
func joined(words []string) string {
	if n := len(words); n > 2 && strings.HasPrefix(words[n-2], "-") && strings.HasSuffix(words[n-2], "c") && shellWord().MatchString(words[n-3]) {
		return words[n-1]
	}
	return strings.Join(words, " ")
}

var (
	shellWord = lazy(`(?:^|/)(?:ba|da|a|z)?sh$`)
	wrappers  = lazy(`^(?:exec|tini|dumb-init|/sbin/tini|/usr/bin/tini|/tini|/usr/bin/dumb-init|/usr/local/bin/dumb-init|catatonit|nohup|time|command|doppler\s+run|infisical\s+run|opentelemetry-instrument|ddtrace-run|newrelic-admin\s+run-program|chamber\s+exec\s+\S+|dotenv|poetry\s+run|uv\s+run|pipenv\s+run|pdm\s+run|rye\s+run|hatch\s+run|bundle\s+exec|npx|pnpx|bunx|pnpm\s+exec|yarn\s+exec|pnpm\s+dlx|python3?\s+-m|/docker-entrypoint\.sh|docker-entrypoint\.sh|docker-php-entrypoint|/init|--|-s|-g|-v|-vvv|--no-sync|--frozen|--no-dev|-p\s+SIGTERM)(?:\s+|$)`)
	become    = lazy(`^(?:gosu|su-exec|setpriv(?:\s+--\S+)*|sudo(?:\s+-\S+)*|su)\s+(?:-\s+)?\S+\s+`)
	setEnv    = lazy(`^(?:env\s+)?(?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s+)+`)
	shellC    = lazy(`^(?:/\S*/)?(?:ba|da|a|z)?sh\s+-[a-z]*c\s+(?:"([^"]*)"|'([^']*)'|(.*))$`)
	separates = lazy(`\s*(?:&&|\|\||;|\||\n|&(?:\s|$))\s*`)
	runScript = lazy(`^(?:(?:npm|pnpm|yarn|bun)(?:\s+(?:--prefix|-C|--cwd|--filter|-F|-w|--workspace)[= ]\S+)*)\s+(?:run(?:-script)?\s+)?([\w:.-]+)`)
	runAll    = lazy(`^(?:npm-run-all\d?|run-s|run-p|concurrently)$`)
	foreman   = lazy(`^(?:foreman|honcho|overmind|hivemind|forego|node-foreman|nf|goreman)\b`)
)

// follow adds a command, and goes on with what it runs.
func (l *look) follow(text string, at step, depth int) {
	if m := shellC().FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		text = m[1] + m[2] + m[3]
	}
	for _, part := range separates().Split(text, -1) {
		part = strings.TrimSpace(strings.Trim(strings.TrimSpace(part), "()"))
		for before := ""; before != part; {
			before = part
			for _, w := range []pattern{setEnv, wrappers, become} {
				part = strings.TrimSpace(w().ReplaceAllString(part, ""))
			}
		}
		if part == "" || len(l.start) >= maxSteps {
			continue
		}
		s := at
		s.text = part
		l.start = append(l.start, s)
		if depth < maxChain {
			l.into(part, depth)
		}
	}
}

// into follows a command that runs a file of the tree.
func (l *look) into(command string, depth int) {
	words := strings.Fields(command)
	program := words[0]
	if shellWord().MatchString(program) {
		for _, w := range words[1:] {
			if !strings.HasPrefix(w, "-") {
				program = w
				break
			}
		}
	}
	if m := runScript().FindStringSubmatch(command); m != nil {
		l.npmScript(m[1], depth)
		return
	}
	if runAll().MatchString(words[0]) {
		for _, w := range words[1:] {
			if !strings.HasPrefix(w, "-") {
				l.npmScript(strings.Trim(w, `"'`), depth)
			}
		}
		return
	}
	if foreman().MatchString(words[0]) || strings.HasSuffix(words[0], "/foreman") {
		for _, p := range l.procfile {
			l.follow(p.text, step{file: p.file, line: p.line, raw: p.raw}, depth+1)
		}
		return
	}
	if strings.Contains(program, "supervisord") {
		l.supervised(depth)
		return
	}
	if path.Base(program) == "uwsgi" {
		l.uwsgi(words[1:], depth)
		return
	}
	if name := l.script(program); name != "" {
		text, _ := l.t.code(name)
		offset := 0
		skip := l.otherCases(text)
		for line := range strings.Lines(text) {
			offset++
			line = strings.TrimSpace(line)
			if line != "" && !skip[offset] && !shellKeyword().MatchString(line) {
				l.follow(strings.TrimSuffix(line, "\\"), step{file: name, line: offset, raw: line}, depth+1)
			}
		}
	}
}

var (
	caseOfFirst = lazy(`^\s*case\s+"?\$\{?1\}?"?\s+in\b`)
	caseArm     = lazy(`^\s*\(?([\w*"'|. -]+)\)(.*)$`)
	caseEnds    = lazy(`;;\s*$`)
	caseDone    = lazy(`^\s*esac\b`)
)

// otherCases are the lines of a script, from 1, that do not run when it is given the first word of the command: those of
// the arms of a case for other words.
func (l *look) otherCases(text string) map[int]bool {
	c := l.command()
	if l.docker.Entry == nil || c == nil || c.Shell || len(c.Words) == 0 || !caseOfFirst().MatchString(text) {
		return nil
	}
	type arm struct {
		from, to int
		words    string
	}
	var arms []arm
	inCase, open, n := false, false, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case caseOfFirst().MatchString(line):
			inCase = true
		case !inCase:
		case caseDone().MatchString(line):
			inCase = false
		case !open:
			if m := caseArm().FindStringSubmatch(line); m != nil {
				arms = append(arms, arm{from: n, to: n, words: m[1]})
				open = !caseEnds().MatchString(line)
			}
		default:
			arms[len(arms)-1].to = n
			open = !caseEnds().MatchString(line)
		}
	}
	takes := func(a arm) bool {
		return slices.ContainsFunc(strings.Split(a.words, "|"), func(w string) bool { return strings.Trim(w, ` "'`) == c.Words[0] })
	}
	if !slices.ContainsFunc(arms, takes) {
		return nil // one with a pattern takes it
	}
	skip := map[int]bool{}
	for _, a := range arms {
		for i := a.from; i <= a.to && !takes(a); i++ {
			skip[i] = true
		}
	}
	return skip
}

var shellKeyword = lazy(`^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|set|export|echo|printf|cd|local|function|return|trap|#|\}|\{)\b`)

// script is the file of the tree that a program in the container is, when it is a script for a shell. The longer
// the end of its path that both have, the better.
func (l *look) script(program string) string {
	program = strings.Trim(program, `"'`)
	base := path.Base(program)
	if base == "." || base == "/" {
		return ""
	}
	best, score := "", 0
	for _, name := range l.t.files {
		if path.Base(name) != base || !ships(name) {
			continue
		}
		n := 1
		a, b := strings.Split(strings.Trim(program, "/"), "/"), strings.Split(name, "/")
		for i := 2; i <= min(len(a), len(b)) && a[len(a)-i] == b[len(b)-i]; i++ {
			n++
		}
		if n <= score {
			continue
		}
		if text, ok := l.t.text(name); ok && (shebang().MatchString(firstLine(text)) || path.Ext(name) == ".sh" || !strings.HasPrefix(text, "#!") && path.Ext(name) == "" && n > 1) {
			best, score = name, n
		}
	}
	return best
}

var shebang = lazy(`^#!.*\b(?:ba|da|a|z)?sh\b|^#!.*with-contenv`)

// npmScript follows a script of package.json: of the part whose commands run, or of the top.
func (l *look) npmScript(name string, depth int) {
	for _, file := range l.t.files {
		if path.Base(file) != "package.json" || !ships(file) {
			continue
		}
		text, _ := l.t.text(file)
		var doc struct {
			Scripts map[string]string `json:"scripts"`
		}
		if json.Unmarshal([]byte(text), &doc) != nil || doc.Scripts[name] == "" {
			continue
		}
		n := 0
		if at := strings.Index(text, `"`+name+`"`); at >= 0 {
			n, _ = lineOf(text, at)
		}
		for _, before := range []string{"pre" + name, name} {
			if s := doc.Scripts[before]; s != "" {
				l.follow(s, step{file: file, line: n, raw: `"` + name + `": "` + s + `"`}, depth+1)
			}
		}
		return
	}
}

var supervisorCommand = lazy(`^\s*command\s*=\s*(.+)$`)

func (l *look) supervised(depth int) {
	for _, name := range l.t.files {
		if ext := path.Ext(name); ext != ".conf" && ext != ".ini" || !ships(name) {
			continue
		}
		text, ok := l.t.code(name)
		if !ok || !strings.Contains(text, "[program:") {
			continue
		}
		for _, m := range supervisorCommand().FindAllStringSubmatchIndex(text, 20) {
			n, line := lineOf(text, m[2])
			l.follow(text[m[2]:m[3]], step{file: name, line: n, raw: line}, depth+1)
			l.daemons++
		}
	}
}

var uwsgiLine = lazy(`^\s*(http|http-socket|hook-[\w-]+|exec-[\w-]+|attach-daemon2?|smart-attach-daemon2?)\s*=\s*(?:exec:|cmd=)?\s*(\S.*)$`)

// uwsgi follows what the settings of uWSGI have it run, and where they have it listen.
func (l *look) uwsgi(args []string, depth int) {
	for _, arg := range args {
		file := strings.TrimPrefix(arg, "--ini=")
		if path.Ext(file) != ".ini" {
			continue
		}
		i := slices.IndexFunc(l.t.files, func(name string) bool { return path.Base(name) == path.Base(file) && ships(name) })
		if i < 0 {
			continue
		}
		name := l.t.files[i]
		text, _ := l.t.text(name)
		for _, m := range uwsgiLine().FindAllStringSubmatchIndex(text, 30) {
			n, line := lineOf(text, m[2])
			key, value := text[m[2]:m[3]], strings.TrimSpace(text[m[4]:m[5]])
			if strings.HasPrefix(key, "http") {
				value = "uwsgi --" + key + " " + value
			}
			l.follow(value, step{file: name, line: n, raw: line}, depth+1)
			if strings.Contains(key, "daemon") {
				l.daemons++
			}
		}
	}
}

// runs is the first step that a pattern matches.
func (l *look) runs(re *regexp.Regexp) *step {
	i := slices.IndexFunc(l.start, func(s step) bool { return re.MatchString(s.text) })
	if i < 0 {
		return nil
	}
	return &l.start[i]
}
