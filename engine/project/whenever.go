package project

import (
	"strconv"
	"strings"
	"time"
)

// clocks proposes what the tree has run by the clock: the lines of a crontab, and of the schedule of the gem whenever.
func (l *look) clocks() {
	l.cronLines()
	if l.uses("ruby", []string{"whenever"}) != nil {
		l.whenever()
	}
}

var (
	wheneverEvery = lazy(`^\s*every\s*\(?\s*(.+?)\s*\)?\s*do\b(?:\s*\|[^|]*\|)?\s*(.*)$`)
	wheneverTask  = lazy(`\b(rake|runner|command)\s*\(?\s*(?:"([^"\n]*)"|'([^'\n]*)')`)
	wheneverAt    = lazy(`,?\s*:?at(?::|\s*=>)\s*(?:\[\s*)?["']([^"']+)["']`)
	wheneverEnd   = lazy(`^end\b`)
	wheneverSpan  = lazy(`^(\d+)\.(minute|hour|day|week|month)s?$`)
)

// whenever proposes the tasks of config/schedule.rb.
func (l *look) whenever() {
	const name = "config/schedule.rb"
	text, ok := l.t.code(name)
	if !ok {
		return
	}
	n, when, raw := 0, "", ""
	for line := range strings.Lines(text) {
		n++
		task := strings.TrimSpace(line)
		if m := wheneverEvery().FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			when, raw, task = m[1], strings.TrimSpace(line), m[2]
		}
		if m := wheneverTask().FindStringSubmatch(task); m != nil && when != "" {
			what := m[2] + m[3]
			command := map[string]string{
				"rake": "bundle exec rake " + what, "runner": "bin/rails runner " + quoted(what), "command": what,
			}[m[1]]
			b := beside{name: l.freeName(taskName(strings.Trim(what, `"`))), command: command, file: name, line: n, text: raw + " " + m[0]}
			at, ok := wheneverTime(when)
			if !ok {
				b.command = ""
			}
			b.schedule = at
			l.process(b)
		}
		if wheneverEnd().MatchString(strings.TrimSpace(line)) {
			when = ""
		}
	}
}

// wheneverTime is what whenever's every says in the way of EventBridge.
func wheneverTime(text string) (string, bool) {
	minute, hour := "0", "0"
	if m := wheneverAt().FindStringSubmatch(text); m != nil {
		at, ok := timeOfDay(m[1])
		if !ok {
			return "", false
		}
		minute, hour = strconv.Itoa(at.Minute()), strconv.Itoa(at.Hour())
		text = wheneverAt().ReplaceAllString(text, "")
	}
	text = strings.TrimSpace(text)
	day := map[string]string{"sunday": "0", "monday": "1", "tuesday": "2", "wednesday": "3", "thursday": "4", "friday": "5", "saturday": "6", "weekday": "1-5", "weekend": "0,6"}
	word := strings.TrimPrefix(text, ":")
	m := wheneverSpan().FindStringSubmatch(text)
	switch {
	case strings.Trim(text, `"'`) != text:
		return schedule(strings.Trim(text, `"'`))
	case day[word] != "":
		return schedule(minute + " " + hour + " * * " + day[word])
	case word == "hour" || m != nil && m[2] == "hour" && m[1] == "1":
		return schedule(minute + " * * * *")
	case word == "day" || m != nil && m[2] == "day" && m[1] == "1":
		return schedule(minute + " " + hour + " * * *")
	case word == "week" || m != nil && m[2] == "week" && m[1] == "1":
		return schedule(minute + " " + hour + " * * 0")
	case word == "month" || m != nil && m[2] == "month" && m[1] == "1":
		return schedule(minute + " " + hour + " 1 * *")
	case word == "reboot" || m == nil || m[2] == "month":
		return "", false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n < 1 || n > 366 {
		return "", false
	}
	if m[2] == "week" {
		return rate(7*n, "day"), true
	}
	return rate(n, m[2]), true
}

// timeOfDay reads 4:30 am, 4am, 16:30.
func timeOfDay(text string) (time.Time, bool) {
	text = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "")
	for _, form := range []string{"3:04pm", "3pm", "15:04", "15"} {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
