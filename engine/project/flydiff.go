package project

import (
	"path"
	"regexp"
	"strings"

	"berth/compare/unified"
)

// changed is the difference of a file of the user, "" when there is none.
func changed(name, from, to string) string {
	if from == to {
		return ""
	}
	return unified.Diff(name, from, to)
}

// without is the change of a Dockerfile that takes a variable out of the ENV that begins, or goes on, at a line.
func (l *look) without(file string, line int, variable string) string {
	text, ok := l.t.text(file)
	lines := strings.SplitAfter(text, "\n")
	if !ok || line < 1 || line > len(lines) {
		return ""
	}
	assign := regexp.MustCompile(`\s*\b` + regexp.QuoteMeta(variable) + `(?:=(?:"[^"]*"|'[^']*'|[^\s\\]*)|[ \t]+[^\n]*)`)
	for i := line - 1; i < len(lines); i++ {
		if !assign.MatchString(lines[i]) {
			if !strings.HasSuffix(strings.TrimSpace(lines[i]), "\\") {
				return ""
			}
			continue
		}
		rest := assign.ReplaceAllLiteralString(lines[i], "")
		switch bare := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "\\")); {
		case bare != "" && !strings.EqualFold(bare, "ENV"):
			lines[i] = rest
		case strings.EqualFold(bare, "ENV") && strings.HasSuffix(strings.TrimSpace(rest), "\\"):
			lines[i] = rest // the other variables follow
		default:
			lines[i] = ""
			if i > 0 && !strings.HasSuffix(strings.TrimSpace(rest), "\\") {
				lines[i-1] = lastOfENV().ReplaceAllString(lines[i-1], "\n") // it was the last of several
			}
		}
		return changed(file, text, strings.Join(lines, ""))
	}
	return ""
}

var (
	lastOfENV     = lazy(`[ \t]*\\\s*\n\z`)
	inet6Option   = lazy(`,\s*socket_options:\s*\[\s*:inet6\s*\]|^[ \t]*socket_options:\s*\[\s*:inet6\s*\],?[ \t]*\n|socket_options:\s*\[\s*:inet6\s*\],?\s*`)
	inet6Variable = lazy(`^([ \t]*maybe_ipv6\s*=\s*)\[:inet6\]`)
)

// withoutInet6 is the change of a file of Elixir that has the database reached over IPv4.
func (l *look) withoutInet6(file string) string {
	text, _ := l.t.text(file)
	next := inet6Variable().ReplaceAllString(text, "${1}[]")
	return changed(path.Clean(file), text, inet6Option().ReplaceAllString(next, ""))
}
