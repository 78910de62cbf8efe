package project

import (
	"path"
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
		if asksFor(x.file) && !strings.Contains(head, "class ") {
			return nodeFunction().MatchString(head)
		}
		return asyncFunction().MatchString(head) && !atStart().MatchString(head)
	case ".rb":
		return strings.HasPrefix(x.file, "app/") && rubyMethod().MatchString(before(text, start, rubyMethod()))
	case ".py":
		return (path.Base(x.file) == "views.py" || asksFor(x.file)) && pythonFunction().MatchString(outermost(text, start))
	}
	return false
}

var (
	nodeFunction   = lazy(`\bfunction\b|=>`)
	asyncFunction  = lazy(`^export\s+(?:default\s+)?async\s+function\b|^export\s+const\s+\w+(?:\s*:[^=]+)?\s*=\s*async\b`)
	atStart        = lazy(`(?i)\b(?:start|main|boot|bootstrap|init|create|connect|setup|run|listen|load|validate|register|configure|serve|build|launch|assert|ensure)\w*\s*[(=:]`)
	rubyMethod     = lazy(`^\s*def\s`)
	pythonFunction = lazy(`^\s*(?:async\s+)?def\s`)
)

// asksFor says whether a file answers requests or works on jobs, by its folder or its name.
func asksFor(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, "route.") || strings.Contains(base, ".controller.") || strings.Contains(base, ".handler.") {
		return true
	}
	return slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(part string) bool {
		return slices.Contains([]string{"api", "controllers", "handlers", "jobs", "cron", "webhooks", "views", "emails", "actions", "integrations"}, part)
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
