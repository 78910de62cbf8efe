package project

import (
	"path"
	"regexp"
	"strings"
)

var (
	answerStatus   = lazy(`(?:\bstatus(?:_code|Code)?\s*[(=:]\s*|\bsendStatus\(|\bsend_resp\(\s*\w+\s*,\s*|\bhead\s+|,\s*|\breturn\s+|\bHTTP_|\bStatusCode\()(20[1-6]|30[1278])\b`)
	answerNoText   = lazy(`\bStatusNoContent\b|:no_content\b|\bNO_CONTENT\b|\bResults\.NoContent\(|\bNoContent\(\)|\.noContent\(`)
	asksDatabase   = lazy(`(?i)\bselect\s+1\b|\$queryRaw|\b(?:db|database|pool|conn|connection|client|engine|session|prisma|sql|knex|sequelize|mongo\w*|Repo|repo)\.(?:ping\w*|query\w*|execute\w*|connect\w*|command|authenticate|raw|cursor|one!?|all)\b|\bRepo\.|\bActiveRecord::Base\b|\bDB::|\bCanConnect|\bconnection\.cursor\(|\bping_?db\b`)
	handlerName    = lazy(`^[^,]*["'\x60][^"'\x60]*["'\x60]\s*,\s*(?:[\w.]+\.)?([A-Za-z_]\w+)\s*[,)]`)
	railsHandler   = lazy(`(?:to:|=>)\s*["']([\w/]+)#(\w+)["']`)
	phoenixHandler = lazy(`,\s*((?:\w+\.)*\w+)Controller\s*,\s*:(\w+)`)
)

// handlerLines is how many lines of a handler are looked at.
const handlerLines = 14

// answers tells what the path that the load balancer is to ask answers, as far as its handler is there to be seen: a status
// other than 200, and that it asks the database.
func (l *look) answers(p healthPath) {
	body := l.handler(p)
	if body == "" {
		return
	}
	status := ""
	switch m := answerStatus().FindStringSubmatch(body); {
	case m != nil:
		status = m[1]
	case answerNoText().MatchString(body):
		status = "204"
	}
	if status != "" {
		l.add(Info, "health-status", p.file, p.line, p.text, p.path+" answers with the status "+status+"; the load balancer accepts 200 to 399 as healthy, or what health.codes under [service] says")
	}
	if asksDatabase().MatchString(body) {
		l.addFinding(Finding{
			ID: "health-database", Severity: Info, File: p.file, Line: p.line, Text: p.text, Key: "service.health_path",
			Means: p.path + " queries the database: whenever the database is down, all containers count as unhealthy and are replaced; a path that does not depend on it is safer",
		})
	}
}

// handler is the code that answers at a path: what stands at its route, or the function that the route names.
func (l *look) handler(p healthPath) string {
	text, ok := l.t.code(p.file)
	if !ok || p.line == 0 {
		return ""
	}
	lines := strings.Split(text, "\n")
	if p.line > len(lines) {
		return ""
	}
	route := lines[p.line-1]
	if m := railsHandler().FindStringSubmatch(route); m != nil {
		return l.functionIn(m[2], "app/controllers/"+m[1]+"_controller.rb")
	}
	if m := phoenixHandler().FindStringSubmatch(route); m != nil {
		return l.functionIn(m[2], snakeFile(m[1])+"_controller.ex")
	}
	if m := handlerName().FindStringSubmatch(route); m != nil && m[1] != "function" && m[1] != "async" && m[1] != "func" {
		return l.functionIn(m[1], path.Base(p.file))
	}
	return block(lines, p.line-1)
}

// snakeFile is the file name of a module such as Web.HealthCheck.
func snakeFile(module string) string {
	return strings.ToLower(snake(module[strings.LastIndexByte(module, '.')+1:]))
}

// functionIn is the code of a function by its name, in the file whose path ends so, else in any that has it; "" when it is
// not there.
func (l *look) functionIn(name, file string) string {
	define := regexp.MustCompile(`(?m)^\s*(?:export\s+)?(?:pub\s+)?(?:async\s+)?(?:func|fn|def|function|const|let|public function)\s+(?:\([^)\n]*\)\s*)?` + regexp.QuoteMeta(name) + `\b`)
	for _, first := range []bool{true, false} {
		for _, f := range l.files {
			if strings.HasSuffix(f, file) != first {
				continue
			}
			text := l.t.codes[f]
			if first {
				text, _ = l.t.code(f)
			}
			if !strings.Contains(text, name) {
				continue
			}
			if at := define.FindStringIndex(text); at != nil {
				n, _ := lineOf(text, at[1]-1)
				return block(strings.Split(text, "\n"), n-1)
			}
		}
	}
	return ""
}

// block is what begins at a line and stands below it, at most handlerLines.
func block(lines []string, at int) string {
	depth := indent(lines[at])
	end := at + 1
	for end < len(lines) && end < at+handlerLines {
		line := lines[end]
		if in := indent(line); strings.TrimSpace(line) != "" && in <= depth && (end > at+1 || !opensBelow().MatchString(lines[at])) {
			break
		}
		end++
	}
	return strings.Join(lines[at:end], "\n")
}

// opensBelow matches a line, such as that of a decorator, that is about the one below it.
var opensBelow = lazy(`^\s*(?:@|#\[|\[)`)
