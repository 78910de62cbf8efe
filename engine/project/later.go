package project

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// later says whether a read of a variable happens when the app is asked for something, and not when it starts: it
// stands in a function of a file that answers requests or works on jobs.
func later(x read, text string) bool {
	if x.at <= 0 || x.at > len(text) {
		return false
	}
	start := strings.LastIndexByte(text[:x.at], '\n') + 1
	if indent(text[start:]) == 0 {
		return false
	}
	switch path.Ext(x.file) {
	case ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts":
		head := outermost(text, start)
		if strings.Contains(head, "class ") {
			method := nearest(text, start, nodeMethod())
			return method != "" && !atStart().MatchString(method+"(") && method != "constructor" && !hook().MatchString(method)
		}
		if asksFor(x.file) && !strings.Contains(head, "class ") {
			return nodeFunction().MatchString(head)
		}
		return asyncFunction().MatchString(head) && !atStart().MatchString(head)
	case ".rb":
		return (strings.HasPrefix(x.file, "app/") || strings.HasPrefix(x.file, "lib/")) && nearest(text, start, rubyNamed()) != "initialize" && rubyMethod().MatchString(before(text, start, rubyMethod()))
	case ".py":
		head := outermost(text, start)
		if strings.HasPrefix(head, "class ") {
			method := nearest(text, start, pythonMethod())
			return method != "" && !strings.HasPrefix(method, "__") && !atStart().MatchString(method+"(")
		}
		return (path.Base(x.file) == "views.py" || asksFor(x.file)) && pythonFunction().MatchString(head)
	}
	return false
}

var (
	nodeFunction   = lazy(`\bfunction\b|=>|^\w*(?:[rR]outer|app|api|server|fastify)\.(?:get|post|put|patch|delete|all|route)\(`)
	asyncFunction  = lazy(`^export\s+(?:default\s+)?async\s+function\b|^export\s+const\s+\w+(?:\s*:[^=]+)?\s*=\s*async\b`)
	atStart        = lazy(`(?i)\b(?:start|main|boot|bootstrap|init|create|connect|setup|run|listen|load|validate|register|configure|serve|build|launch|assert|ensure)\w*\s*[(=:]`)
	rubyMethod     = lazy(`^\s*def\s`)
	nodeMethod     = lazy(`^\s+(?:(?:public|private|protected|async|get|set|override)\s+)*(\w+)\s*(?:<[^>]*>)?\([^;]*\{\s*$`)
	hook           = lazy(`^on(?:Module|Application)|^(?:from|get)Env`)
	rubyNamed      = lazy(`^\s*def\s+(?:self\.)?(\w+)`)
	pythonMethod   = lazy(`^\s*(?:async\s+)?def\s+(\w+)`)
	pythonFunction = lazy(`^\s*(?:async\s+)?def\s`)
)

// asksFor says whether a file answers requests or works on jobs, by its folder or its name.
func asksFor(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, "route.") || strings.Contains(base, ".controller.") || strings.Contains(base, ".handler.") {
		return true
	}
	return slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(part string) bool {
		return slices.Contains([]string{"api", "routes", "controllers", "handlers", "jobs", "cron", "webhooks", "views", "emails", "actions", "integrations"}, part)
	})
}

// outermost is the line without indentation that what begins at start stands below.
func outermost(text string, start int) string {
	for start > 0 {
		last := start - 1
		start = strings.LastIndexByte(text[:last], '\n') + 1
		line := text[start:last]
		if strings.TrimSpace(line) != "" && indent(line) == 0 && !strings.HasPrefix(line, "}") && !strings.HasPrefix(line, ")") {
			return line
		}
	}
	return ""
}

// nearest is the name in the first line above start, and less indented, that a pattern with a group for it matches; ""
// when none does.
func nearest(text string, start int, re *regexp.Regexp) string {
	if m := re.FindStringSubmatch(before(text, start, re)); m != nil {
		return m[1]
	}
	return ""
}

// before is the nearest line above start, and less indented, that a pattern matches; "" when none does.
func before(text string, start int, re interface{ MatchString(string) bool }) string {
	depth := indent(text[start:])
	for start > 0 && depth > 0 {
		last := start - 1
		start = strings.LastIndexByte(text[:last], '\n') + 1
		line := text[start:last]
		if in := indent(line); strings.TrimSpace(line) != "" && in < depth {
			if depth = in; re.MatchString(line) {
				return line
			}
		}
	}
	return ""
}
