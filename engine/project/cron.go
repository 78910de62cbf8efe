package project

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"berth/engine/spec"
)

// clock sets when a process runs, as cron writes it; what EventBridge cannot say is left out, so that the command alone is
// told.
func (b *beside) clock(cron string) {
	if cron == "" {
		return
	}
	at, ok := schedule(cron)
	if !ok {
		b.text, b.command = b.name+": "+cron, ""
		return
	}
	b.schedule = at
}

// nicknames are the words that cron has for times.
var nicknames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// fields are the parts of a line of cron, with the least and the greatest number that each can have.
var fields = []struct{ from, to int }{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}

// schedule is a time as cron writes it in the way of EventBridge, where one of the days is a question mark, and Sunday is 1.
// It is not ok for what is no such time, or goes by the day of the month as well as by that of the week, which cron takes for
// either and EventBridge cannot say.
func schedule(cron string) (at string, ok bool) {
	cron = strings.TrimSpace(cron)
	if strings.HasPrefix(cron, "cron(") || strings.HasPrefix(cron, "rate(") {
		return cron, true
	}
	if every, ok := strings.CutPrefix(cron, "@every "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Minute {
			return "", false
		}
		return rate(int(d/time.Minute), "minute"), true
	}
	if n, ok := nicknames[strings.ToLower(cron)]; ok {
		cron = n
	}
	parts := strings.Fields(cron)
	if len(parts) != len(fields) {
		return "", false
	}
	for i, p := range parts {
		if parts[i], ok = field(p, fields[i].from, fields[i].to, i == 4); !ok {
			return "", false
		}
	}
	switch {
	case parts[4] == "*":
		parts[4] = "?"
	case parts[2] == "*":
		parts[2] = "?"
	default:
		return "", false
	}
	return "cron(" + strings.Join(parts, " ") + " *)", true
}

// rate is a time between runs, in the words of EventBridge.
func rate(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return "rate(" + strconv.Itoa(n) + " " + unit + ")"
}

// field is one part of a line of cron as EventBridge has it. A weekday becomes one more, as Sunday is 1 there.
func field(text string, from, to int, weekday bool) (string, bool) {
	if text == "*" {
		return text, true
	}
	if rest, ok := strings.CutPrefix(text, "*/"); ok && !weekday {
		n, err := strconv.Atoi(rest)
		return strconv.Itoa(from) + "/" + rest, err == nil && n > 0
	}
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		first, last, ranged := strings.Cut(span, "-")
		if span == "*" {
			first, last, ranged = strconv.Itoa(from), strconv.Itoa(to-map[bool]int{true: 1}[weekday]), true
		}
		a, okA := cronNumber(first, weekday, to)
		b, by := a, 1
		okB := true
		if ranged {
			b, okB = cronNumber(last, weekday, to)
		}
		if stepped {
			n, err := strconv.Atoi(step)
			if err != nil || n < 1 {
				return "", false
			}
			by = n
		}
		if !okA || !okB || a < from || b > to || b < a {
			return "", false
		}
		for n := a; n <= b; n += by {
			all = append(all, n)
		}
	}
	if weekday {
		for i, n := range all {
			all[i] = n%7 + 1
		}
	}
	slices.Sort(all)
	return spans(slices.Compact(all)), true
}

var (
	weekdays = strings.Fields("sun mon tue wed thu fri sat")
	months   = strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")
)

// cronNumber is a number of a line of cron, or the name of a day or a month.
func cronNumber(text string, weekday bool, to int) (int, bool) {
	if weekday {
		if i := slices.Index(weekdays, strings.ToLower(text)); i >= 0 {
			return i, true
		}
	}
	if i := slices.Index(months, strings.ToLower(text)); i >= 0 && to == 12 {
		return i + 1, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// spans writes numbers that go up, those in a row as one span.
func spans(all []int) string {
	var out []string
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+1 {
			j++
		}
		switch j {
		case i:
			out = append(out, strconv.Itoa(all[i]))
		case i + 1:
			out = append(out, strconv.Itoa(all[i]), strconv.Itoa(all[j]))
		default:
			out = append(out, strconv.Itoa(all[i])+"-"+strconv.Itoa(all[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ",")
}

var (
	crontabs   = newGlobs([]string{"crontab", "crontab.txt", "*.crontab", "cron/*", "cron.d/*", "**/crontab", "**/cron.d/*"})
	cronLine   = lazy(`^(@\w+|(?:[\d*,/-]|\b(?i:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b)+(?:\s+(?:[\d*,/-]|\b(?i:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b)+){4})\s+(\S.*)$`)
	cronUser   = lazy(`^(?:root|www-data|rails|deploy|nobody|appuser)\s+`)
	redirected = lazy(`\s*(?:(?:&|[12])?>>?\s*(?:&\d|\S+)\s*)+$`)
	changesDir = lazy(`^cd\s+\S+\s*(?:&&|;)\s*`)
	startsCron = lazy(`(?:^|[/\s])(?:cron|crond|supercronic|busybox\s+crond)(?:\s|$)`)
)

// cronLines proposes the lines of a crontab as processes that run by a schedule, where the app's own container runs no cron.
// It says whether there are any.
func (l *look) cronLines() (any bool) {
	if l.runs(startsCron()) != nil {
		return false
	}
	for _, name := range l.files {
		if !slices.ContainsFunc(crontabs, func(g glob) bool { return g.match(name) }) || !ships(name) {
			continue
		}
		if ext := path.Ext(name); ext != "" && ext != ".txt" && ext != ".crontab" {
			continue
		}
		text, _ := l.t.text(name)
		n := 0
		for line := range strings.Lines(text) {
			n++
			line = strings.TrimSpace(line)
			m := cronLine().FindStringSubmatch(line)
			if m == nil || n > 500 || strings.HasPrefix(m[1], "@reboot") {
				continue
			}
			command := changesDir().ReplaceAllString(redirected().ReplaceAllString(cronUser().ReplaceAllString(m[2], ""), ""), "")
			b := beside{name: l.freeName(taskName(command)), command: command, file: name, line: n, text: line}
			b.clock(m[1])
			l.process(b)
			any = true
		}
	}
	return any
}

// freeName is a name that no process has yet.
func (l *look) freeName(name string) string {
	for n := 1; ; n++ {
		free := name
		if n > 1 {
			free += "-" + strconv.Itoa(n)
		}
		if !slices.ContainsFunc(l.beside, func(b beside) bool { return spec.Slug(b.name) == free }) {
			return free
		}
	}
}

var taskWords = lazy(`^(?:php|artisan|bin/console|python3?|manage\.py|node|npm|run|bin/rails|bin/rake|rails|rake|runner|ruby|sh|bash|-\S*|/?(?:\S+/)*(?:env|python3?|node|php|ruby|sh|bash|rake|rails|console|artisan|manage\.py))$`)

// taskName is a name for a process that runs a command: what is special of it.
func taskName(command string) string {
	words := strings.Fields(program(command))
	for len(words) > 1 && taskWords().MatchString(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return "task"
	}
	word := strings.Trim(words[0], `"'`)
	word = strings.TrimSuffix(path.Base(word), path.Ext(path.Base(word)))
	if call, _, ok := strings.Cut(words[0], "."); ok && strings.ToUpper(call[:1]) == call[:1] && !strings.Contains(words[0], "/") {
		word = strings.Trim(call, `"'`) // the class of Class.method
	}
	name := spec.Slug(word)
	if len(name) > 24 {
		name = strings.TrimRight(name[:24], "-")
	}
	if name == "" || spec.OwnProcess(name) {
		return "task"
	}
	return name
}
