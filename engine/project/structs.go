package project

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	envyCalls  = lazy(`\benvy::(?:from_env|prefixed\(\s*"(\w+)"\s*\)\s*\.from_env)(?:::<(\w+)>)?`)
	rustStruct = lazy(`^\s*(?:pub(?:\([^)]*\))?\s+)?struct\s+(\w+)[^{;\n]*\{`)
	rustField  = lazy(`^[ \t]+(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*([^,\n]+)`)
	rustRename = lazy(`\brename\s*=\s*"(\w+)"`)
	clapField  = lazy(`#\[(?:arg|clap|structopt)\(([^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*(\w+)`)
	clapEnv    = lazy(`(?:^|,)\s*env\s*(?:,|$)`)
)

// envStructs are the fields without default of the structs that Rust fills from the environment: by envy, and by clap
// where the variable has the name of the field.
func envStructs(name, text string) []read {
	var out []read
	if hasWordBefore(text, "envy::") {
		out = envyStructs(name, text)
	}
	if !strings.Contains(text, "env)") && !strings.Contains(text, "env,") {
		return out
	}
	text = code(name, text)
	for _, m := range clapField().FindAllStringSubmatchIndex(text, 100) {
		args, kind := text[m[2]:m[3]], text[m[6]:m[7]]
		if !clapEnv().MatchString(args) || strings.Contains(args, "default") || kind == "Option" || kind == "bool" || kind == "Vec" {
			continue
		}
		out = append(out, fieldRead(name, text, m[4], strings.ToUpper(text[m[4]:m[5]])))
	}
	return out
}

// hasWordBefore says whether a text has a word that is not the end of another, such as dotenvy.
func hasWordBefore(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		if from += at; from == 0 || !wordByte(text[from-1]) {
			return true
		}
		from += len(word)
	}
}

func envyStructs(name, text string) []read {
	text = code(name, text)
	prefix, filled := "", map[string]bool{}
	for _, m := range envyCalls().FindAllStringSubmatch(text, 10) {
		prefix = firstOf(m[1], prefix)
		filled[m[2]] = true
	}
	var out []read
	for _, m := range rustStruct().FindAllStringSubmatchIndex(text, 50) {
		if !filled[text[m[2]:m[3]]] && !filled[""] && !filled["Self"] {
			continue
		}
		for _, f := range rustMembers(text, m[1]) {
			if strings.HasPrefix(f.kind, "Option<") || strings.Contains(f.notes, "default") || strings.Contains(f.notes, "skip") || strings.Contains(f.notes, "flatten") {
				continue
			}
			out = append(out, fieldRead(name, text, f.at, strings.ToUpper(prefix+f.name)))
		}
	}
	return out
}

func fieldRead(file, text string, at int, variable string) read {
	x := read{name: variable, file: file, at: at}
	x.line, x.text = lineOf(text, at)
	return x
}

var (
	goField       = lazy("^[ \\t]+([A-Z]\\w*)[ \\t]+[^\\n`]+`([^`\\n]*)`")
	requiredTag   = lazy(`\brequired:"true"|\bconf:"(?:[^"]*,)?required`)
	namedTag      = lazy(`\b(?:envconfig|env|default):"`)
	splitTag      = lazy(`\bsplit_words:"true"`)
	processPrefix = lazy(`\benvconfig\.(?:Must)?Process\(\s*"(\w*)"`)
	confPrefix    = lazy(`\bconf\.Parse\(\s*"(\w*)"`)
)

// configTags are the required fields of Go's structs whose variable has the name of the field: kelseyhightower's
// envconfig and ardanlabs' conf.
func configTags(name, text string) []read {
	if !strings.Contains(text, `required`) || !strings.Contains(text, "envconfig") && !strings.Contains(text, "ardanlabs/conf") {
		return nil
	}
	text = code(name, text)
	prefix, split := "", strings.Contains(text, "ardanlabs/conf")
	for _, re := range []*regexp.Regexp{processPrefix(), confPrefix()} {
		if m := re.FindStringSubmatch(text); m != nil && m[1] != "" {
			prefix = strings.ToUpper(m[1]) + "_"
		}
	}
	var out []read
	for _, m := range goField().FindAllStringSubmatchIndex(text, 200) {
		field, tag := text[m[2]:m[3]], text[m[4]:m[5]]
		if !requiredTag().MatchString(tag) || namedTag().MatchString(tag) {
			continue
		}
		if split || splitTag().MatchString(tag) {
			field = snake(field)
		}
		out = append(out, fieldRead(name, text, m[2], prefix+strings.ToUpper(field)))
	}
	return out
}

// snake puts a line between the words of a name such as APIKey.
func snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			out.WriteByte('_')
		}
		out.WriteRune(r)
	}
	return out.String()
}

var (
	optionsBound = lazy(`\bAddOptions(?:WithValidateOnStart)?<(\w+)>\(\s*\)[^;]*?\b(?:BindConfiguration\(\s*"([\w:]+)"|Bind\([^;]*?GetSection\(\s*"([\w:]+)")`)
	csProperty   = lazy(`\[Required[^\]]*\]\s*(?:\[[^\]]*\]\s*)*public\s+(?:required\s+)?[\w<>?]+\s+(\w+)\s*\{[^}]*\}(\s*=)?`)
)

// checkedOptions are the required properties of the options that ASP.NET checks when it starts, when their class stands in the
// same file.
func checkedOptions(name, text string) []read {
	if !strings.Contains(text, "AddOptions") || !strings.Contains(text, "ValidateOnStart") {
		return nil
	}
	text = code(name, text)
	var out []read
	for _, m := range optionsBound().FindAllStringSubmatchIndex(text, 20) {
		class, section := text[m[2]:m[3]], ""
		for _, g := range []int{4, 6} {
			if m[g] >= 0 {
				section = text[m[g]:m[g+1]]
			}
		}
		at := strings.Index(text, "class "+class)
		if section == "" || at < 0 {
			continue
		}
		body := text[at:]
		if end := strings.Index(body, "\n}"); end >= 0 {
			body = body[:end]
		}
		for _, p := range csProperty().FindAllStringSubmatchIndex(body, 50) {
			if p[4] >= 0 {
				continue
			}
			out = append(out, fieldRead(name, text, at+p[2], strings.ReplaceAll(section, ":", "__")+"__"+body[p[2]:p[3]]))
		}
	}
	return out
}
