package project

import (
	"regexp"
	"strings"
)

var (
	settingsClass  = lazy(`^([ \t]*)class\s+\w+\(\s*(?:[\w.]+\s*,\s*)*(?:\w*\.)?\w*BaseSettings\b[^)]*\)\s*:`)
	anyClass       = lazy(`^([ \t]*)class\s+(\w+)\(([^)]*)\)\s*:`)
	settingsField  = lazy(`^[ \t]+(\w+)[ \t]*:[ \t]*([^=\n]+?)[ \t]*(?:=[ \t]*(.*))?$`)
	settingsPrefix = lazy(`\benv_prefix\s*[=:]\s*["']([^"']*)["']`)
	fieldAlias     = lazy(`\b(?:alias|validation_alias|env)\s*=\s*["'](\w+)["']`)
	fieldDefault   = lazy(`\bdefault(?:_factory)?\s*=`)
	maybeNone      = lazy(`\bOptional\[|\|\s*None\b|\bNone\s*\||\bClassVar\b`)
)

// settingsClasses are the fields without default of the settings classes of pydantic: each is read from the
// environment variable with its name.
func settingsClasses(name, text string) []read {
	if !strings.Contains(text, "BaseSettings") {
		return nil
	}
	text = code(name, text)
	var out []read
	prefixes := map[string]string{} // of the classes of this file
	for _, m := range anyClass().FindAllStringSubmatchIndex(text, 100) {
		own := settingsClass().MatchString(firstLine(text[m[0]:]))
		prefix := ""
		for base := range strings.SplitSeq(text[m[6]:m[7]], ",") {
			if p, ok := prefixes[strings.TrimSpace(base)]; ok {
				prefix, own = p, true
			}
		}
		if !own {
			continue
		}
		from, body := m[1], blockBelow(text[m[1]:], m[3]-m[2])
		if p := settingsPrefix().FindStringSubmatch(body); p != nil {
			prefix = p[1]
		}
		prefixes[text[m[4]:m[5]]] = prefix
		depth := -1
		for _, x := range settingsField().FindAllStringSubmatchIndex(body, -1) {
			if depth < 0 {
				depth = indent(body[x[0]:])
			}
			field := body[x[2]:x[3]]
			if indent(body[x[0]:]) != depth || field == "model_config" || inBrackets(body[:x[0]]) {
				continue
			}
			kind, value := body[x[4]:x[5]], ""
			if x[6] >= 0 {
				value = statement(body[x[6]:])
			} else if inBrackets(kind) { // the type goes on in the lines below
				kind, value = splitType(statement(body[x[4]:]))
			}
			variable, need := settingsVariable(prefix, field, kind, value)
			if !need || strings.Contains(text, "class "+strings.TrimSpace(kind)+"(") || worksOut(text, field) {
				continue // it has a default, is a group of settings, or the code makes it
			}
			r := read{name: variable, file: name, at: from + x[2]}
			r.line, r.text = lineOf(text, r.at)
			out = append(out, r)
		}
	}
	return out
}

// worksOut says whether the code gives a field a value that a function makes, as in {"SECRET": made()}.
func worksOut(text, field string) bool {
	for _, quote := range []string{`"`, `'`} {
		if _, after, ok := strings.Cut(text, quote+field+quote+":"); ok && callOf().MatchString(after) {
			return true
		}
	}
	return false
}

var callOf = lazy(`\A\s*[\w.]+\([^)\n]*\)?\s*[,)}\n]`)

// splitType parts a type from the default behind it, which is "" when there is none.
func splitType(text string) (kind, value string) {
	depth := 0
	for i, c := range []byte(text) {
		switch c {
		case '[', '(':
			depth++
		case ']', ')':
			if depth--; depth == 0 {
				_, value, _ = strings.Cut(text[i:], "=")
				return text[:i+1], strings.TrimSpace(value)
			}
		}
	}
	return text, ""
}

// settingsVariable is the variable of a field, and whether it must be there.
func settingsVariable(prefix, field, kind, value string) (name string, need bool) {
	name = strings.ToUpper(prefix + field)
	if maybeNone().MatchString(kind) {
		return "", false
	}
	if value == "" {
		return name, true
	}
	rest, isField := strings.CutPrefix(value, "Field(")
	if !isField {
		return "", value == "..." // anything else is a default
	}
	if a := fieldAlias().FindStringSubmatch(rest); a != nil {
		name = strings.ToUpper(a[1])
	}
	first := strings.TrimSpace(rest)
	named := regexp.MustCompile(`^\w+\s*=[^=]`).MatchString(first) || strings.HasPrefix(first, ")")
	return name, (named || strings.HasPrefix(first, "...")) && !fieldDefault().MatchString(rest)
}

// blockBelow is the text of the lines that stand deeper than depth, up to the first that does not.
func blockBelow(text string, depth int) string {
	end := 0
	for end < len(text) {
		line := firstLine(text[end:])
		if end > 0 && strings.TrimSpace(line) != "" && indent(line) <= depth {
			break
		}
		end = min(end+len(line)+1, len(text))
	}
	return text[:end]
}

// statement is a statement from its start up to the end of the line on which its brackets are closed.
func statement(text string) string {
	depth := 0
	for i, c := range []byte(text) {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '\n':
			if depth <= 0 {
				return text[:i]
			}
		}
	}
	return text
}

// inBrackets says whether a text ends within brackets.
func inBrackets(text string) bool {
	return strings.Count(text, "(")+strings.Count(text, "[")+strings.Count(text, "{") > strings.Count(text, ")")+strings.Count(text, "]")+strings.Count(text, "}")
}

var (
	environCall   = lazy(`\b(?:environ\.)?(?:Env|FileAwareEnv)\(\s*\w+\s*=`)
	schemeDefault = lazy(`\b(` + nameShape + `)\s*=\s*\(\s*[\w.]+\s*,`)
)

// environScheme are the variables to which django-environ is given a default where it is made, as in
// Env(DEBUG=(bool, False)).
func environScheme(language, text string) map[string]bool {
	if language != "python" || !strings.Contains(text, "Env(") {
		return nil
	}
	out := map[string]bool{}
	for _, at := range environCall().FindAllStringIndex(text, 5) {
		for _, m := range schemeDefault().FindAllStringSubmatch(statement(text[at[0]:]), 200) {
			out[m[1]] = true
		}
	}
	return out
}
