package project

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// helper is how a function of the project's own looks that reads the variable it is given the name of, and ends the
// program when there is none. PARAM stands for that parameter.
type helper struct {
	has    []string // literals of what read matches, one of which files with such functions have
	read   pattern  // its group is the parameter
	define string   // its groups are the name of the function
	fails  string   // in the function
}

var helpers = map[string]helper{
	"node": {
		[]string{"env["},
		lazy(`\b(?:process|Bun|import\.meta)\.env\[\s*([a-z]\w*)(?:\s+as\s+\w+)?\s*\]`),
		`(?:function\s+(\w+)|(?:const|let|var)\s+(\w+)\s*(?::[^=\n]+)?=\s*(?:async\s+)?(?:function\s*)?|exports\.(\w+)\s*=\s*(?:function\s*)?|^\s*(?:(?:public|private|protected|static|async)\s+)*(\w+))\s*(?:<[^>\n]*>)?\(?\s*PARAM\b`,
		`\bthrow\b|process\.exit|\bassert\(|\binvariant\(`,
	},
	"python": {
		[]string{"environ", "getenv("},
		lazy(`(?:environ\[\s*|environ\.get\(\s*|getenv\(\s*)([a-z]\w*)\s*[\])]`),
		`\bdef\s+(\w+)\(\s*(?:self\s*,\s*|cls\s*,\s*)?PARAM\b`,
		`\braise\b|sys\.exit|\bexit\(|\bassert\b`,
	},
	"go": {
		[]string{"os.Getenv(", "os.LookupEnv("},
		lazy(`\bos\.(?:Getenv|LookupEnv)\(\s*([a-z]\w*)\s*\)`),
		`func\s+(?:\([^)\n]*\)\s*)?(\w+)\(\s*PARAM\b|\b(\w+)\s*:?=\s*func\(\s*PARAM\b`,
		`\bpanic\(|Fatal|os\.Exit|log\.Panic|errors\.New\(|fmt\.Errorf\(`,
	},
	"rust": {
		[]string{"::var("},
		lazy(`\b(?:env|dotenvy)::var\(\s*&?([a-z]\w*)\s*\)`),
		`\bfn\s+(\w+)(?:<[^>\n]*>)?\(\s*(?:&self\s*,\s*)?PARAM\s*:`,
		`panic!|\.expect\(|\.unwrap\(\)|process::exit|\?\s*;|\?\s*\)|bail!`,
	},
	"ruby": {
		[]string{"ENV[", "ENV.fetch("},
		lazy(`\bENV(?:\[\s*|\.fetch\(\s*)([a-z]\w*)\s*[\])]`),
		`\bdef\s+(?:self\.)?(\w+[!?]?)[ (]\s*PARAM\b`,
		`\braise\b|\babort\b|\bexit\b|ENV\.fetch\(\s*PARAM\s*\)\s*$`,
	},
	"java": {
		[]string{"getenv("},
		lazy(`\bSystem\.getenv\(\s*([a-z]\w*)\s*\)`),
		`\b(\w+)\s*\(\s*(?:final\s+)?(?:String\s+)?PARAM\b`,
		`\bthrow\b|\berror\(|exit\(|requireNonNull|!!|requireNotNull|checkNotNull`,
	},
	"dotnet": {
		[]string{"GetEnvironmentVariable("},
		lazy(`\bGetEnvironmentVariable\(\s*([a-z]\w*)\s*\)`),
		`\b(\w+)\s*\(\s*string\s+PARAM\b`,
		`\bthrow\b|Environment\.Exit|FailFast`,
	},
	"php": {
		[]string{"getenv(", "$_ENV[", "$_SERVER["},
		lazy(`(?:\bgetenv\(\s*|\$_ENV\[\s*|\$_SERVER\[\s*)\$([a-z]\w*)\s*[\])]`),
		`\bfunction\s+(\w+)\s*\(\s*(?:\??string\s+)?\$PARAM\b`,
		`\bthrow\b|\bexit\(|\bdie\(|trigger_error`,
	},
	"elixir": {
		[]string{"System.get_env(", "System.fetch_env"},
		lazy(`\bSystem\.(?:get_env|fetch_env!?)\(\s*([a-z]\w*)\s*\)`),
		`\bdefp?\s+(\w+[!?]?)\(\s*PARAM\b|\b(\w+)\s*=\s*fn\s+PARAM\s*->`,
		`\braise\b|fetch_env!|System\.halt`,
	},
}

// helperReads are the calls of the project's own functions that end the program without the variable they name.
func (l *look) helperReads(lang *language) []read {
	h, ok := helpers[lang.ID]
	if !ok {
		return nil
	}
	var names []string
	for _, file := range l.files {
		if !lang.source(file) {
			continue
		}
		if raw, ok := l.t.text(file); ok && h.readsAny(raw) {
			text, _ := l.t.code(file)
			for _, name := range h.functions(text) {
				if !slices.Contains(names, name) {
					names = append(names, regexp.QuoteMeta(name))
				}
			}
		}
	}
	out := l.listReads(lang, h)
	if len(names) == 0 {
		return out
	}
	called, err := regexp.Compile(`(?:^|[^\w.]|[\w\])]\.|::)(?:` + strings.Join(names, "|") + `)\.?[( ]\s*["'\x60](` + nameShape + `)["'\x60]\s*(?:\)|$)`)
	if err != nil {
		return out // no name of a function can do that
	}
	for _, file := range l.files {
		if !lang.source(file) || tool(file) && !l.runsFile(file) {
			continue
		}
		raw, ok := l.t.text(file)
		if !ok || !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(raw, strings.ReplaceAll(n, `\`, "")) }) {
			continue
		}
		text, _ := l.t.code(file)
		for _, m := range called.FindAllStringSubmatchIndex(text, 100) {
			if guarded(text, m[2], m[1]) != free {
				continue
			}
			x := read{name: text[m[2]:m[3]], file: file, at: m[2], end: m[1]}
			x.line, x.text = lineOf(text, m[2])
			out = append(out, x)
		}
	}
	return out
}

var (
	nameList   = lazy(`\b(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.freeze\s*)?[\[({]((?:\s*["'\x60]` + nameShape + `["'\x60]\s*,?)+)\s*[\])}]|\b(?:for|in|of)\b[^\n]*?[\[(]((?:\s*["']` + nameShape + `["']\s*,?)+)\s*[\])]|%w[\[(]((?:\s*` + nameShape + `)+)\s*[\])]`)
	readsOne   = lazy(`\benv\[\s*\w+\s*\]|environ(?:\.get\(|\[)\s*\w+|getenv\(\s*\w+\s*\)|\b(?:not\s+)?in\s+os\.environ|Getenv\(\s*\w+\s*\)|LookupEnv\(\s*\w+\s*\)|\bENV(?:\[|\.key\?\(|\.fetch\()\s*\w+|get_env\(\s*\w+|GetEnvironmentVariable\(\s*\w+|(?:\bin|!\()\s*process\.env`)
	endsForOne = lazy(`\bthrow\b|process\.exit|\braise\b|sys\.exit|\bexit\(|\bpanic\(|Fatal|os\.Exit|\babort\b|errors\.New|fmt\.Errorf`)
)

// listReads are the names in lists of which a program goes through and ends where one is missing.
func (l *look) listReads(lang *language, h helper) []read {
	var out []read
	for _, file := range l.files {
		if !lang.source(file) || tool(file) && !l.runsFile(file) {
			continue
		}
		raw, ok := l.t.text(file)
		if !ok || !h.readsAny(raw) && !asksForOne.in(raw) {
			continue
		}
		text, _ := l.t.code(file)
		for _, m := range nameList().FindAllStringSubmatchIndex(text, 20) {
			if !goneThrough(text, m) || guarded(text, m[0], m[1]) != free {
				continue
			}
			for _, g := range []int{4, 6, 8} {
				if m[g] < 0 {
					continue
				}
				for _, at := range variableNames().FindAllStringIndex(text[m[g]:m[g+1]], 50) {
					x := read{name: text[m[g]+at[0] : m[g]+at[1]], file: file, at: m[g] + at[0], end: m[g] + at[1]}
					x.line, x.text = lineOf(text, x.at)
					out = append(out, x)
				}
			}
		}
	}
	return out
}

// goneThrough says whether the list that a match of nameList names is gone through, and the program ends over it.
func goneThrough(text string, m []int) bool {
	near := func(from int) bool {
		part := text[from:min(len(text), from+soon)]
		at := readsOne().FindStringIndex(part)
		return at != nil && endsForOne().MatchString(part)
	}
	if m[2] < 0 {
		return near(m[0])
	}
	name := text[m[2]:m[3]]
	for from := m[1]; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		from += at + len(name)
		if near(from - len(name)) {
			return true
		}
	}
}

// how far above a read the function that it stands in may begin, in lines.
const functionAbove = 12

// readsAny says whether a text reads a variable whose name the program works out.
func (h helper) readsAny(text string) bool { return len(h.reads(text, 1)) > 0 }

func (h helper) reads(text string, limit int) [][]int {
	var out [][]int
	for _, literal := range h.has {
		if strings.Contains(text, literal) {
			out = append(out, matches(h.read(), text, literal, limit-len(out))...)
		}
		if len(out) >= limit {
			break
		}
	}
	return out
}

// asksForOne are parts of what asks whether there is a variable, without reading it.
var asksForOne = literals{"in os.environ", "in process.env", "ENV.key?("}

// functions are the names of the functions of a file that end the program without the variable they are asked for.
func (h helper) functions(text string) []string {
	var out []string
	for _, m := range h.reads(text, 20) {
		param := regexp.QuoteMeta(text[m[2]:m[3]])
		define, err := regexp.Compile("(?m)" + strings.ReplaceAll(h.define, "PARAM", param))
		if err != nil {
			continue
		}
		end := m[1]
		for range functionAbove {
			start := strings.LastIndexByte(text[:end], '\n') + 1
			line := text[start:min(len(text), start+len(firstLine(text[start:])))]
			if d := define.FindStringSubmatch(line); d != nil && start <= m[0] {
				body := line + "\n"
				if below := start + len(line) + 1; below < len(text) {
					body += blockBelow(text[below:], indent(line))
				}
				fails := regexp.MustCompile("(?m)" + strings.ReplaceAll(h.fails, "PARAM", param))
				if hasDefault().MatchString(line) && !withoutValue().MatchString(body) {
					break
				}
				bare := strings.Contains(text[m[0]:m[1]], "environ[") && !strings.Contains(body, "except")
				if name := firstOf(d[1:]...); name != "" && (bare || fails.MatchString(body)) && !notFunctions[name] {
					out = append(out, name)
				}
				break
			}
			if start == 0 {
				break
			}
			end = start - 1
		}
	}
	return out
}

var (
	// hasDefault matches the head of a function whose further parameter need not be given.
	hasDefault = lazy(`\(\s*(?:\w+\s*,\s*)?\$?\w+(?:\s*:\s*[\w ]+)?\s*,\s*[^)]*(?:\\\\|=|\?:|\bdefault|\bfallback)`)
	// withoutValue matches a check that ends the program when there is no value.
	withoutValue = lazy(`(?:!\s*\w+\b|={2,3}\s*(?:undefined|null|nil|""|'')|\bis\s+None|\bnot\s+\w+|\.nil\?|\.(?:blank|empty)\?|\bnil\s*->|is_nil\()[^\n]{0,60}\n?[^\n]{0,80}(?:\bthrow\b|\braise\b|\bpanic\(|Fatal|\bexit\b|errors\.New|fmt\.Errorf)`)
)

// notFunctions are words that look like the name of a function.
var notFunctions = map[string]bool{"if": true, "for": true, "while": true, "switch": true, "catch": true, "return": true, "getenv": true}

var (
	envClassUse  = lazy(`\b(?:plainToInstance|plainToClass|transformAndValidateSync)\(\s*(\w+)\s*,|\bvalidate(?:Sync)?\(\s*new\s+(\w+)\(`)
	classOpens   = lazy(`^(?:export\s+)?(?:default\s+)?class\s+(\w+)[^{\n]*\{`)
	classField   = lazy(`^[ \t]+(?:public\s+|readonly\s+)*(` + nameShape + `)\s*([!?]?)\s*:\s*[^=;\n]+(=)?`)
	classGiven   = lazy(`^[ \t]+(?:public\s+|readonly\s+)*(` + nameShape + `)\s*(?::[^=;\n]+)?=\s*(?:process\.env|environment|env)\.(\w+)\s*(?:\?\?\s*["'\x60]{2}\s*)?;?\s*$`)
	mayBeMissing = lazy(`@IsOptional\(|@ValidateIf\(`)
)

// envClasses are the fields without default of the classes that an app checks its environment with by
// class-validator.
func envClasses(name, text string) []read {
	if !strings.Contains(text, "class-validator") || path.Ext(name) != ".ts" {
		return nil
	}
	text = code(name, text)
	used := map[string]bool{}
	for _, m := range envClassUse().FindAllStringSubmatch(text, 20) {
		used[m[1]+m[2]] = true
	}
	var out []read
	for _, m := range classOpens().FindAllStringSubmatchIndex(text, 50) {
		class := text[m[2]:m[3]]
		if !used[class] && !strings.HasPrefix(strings.ToLower(class), "env") {
			continue
		}
		from := m[1]
		body := blockBelow(text[from:], 0)
		for _, f := range classGiven().FindAllStringSubmatchIndex(body, 200) {
			notes := body[:f[0]]
			if end := strings.LastIndex(notes, ";\n"); end >= 0 {
				notes = notes[end:] // what stands before belongs to other fields
			}
			if body[f[2]:f[3]] != body[f[4]:f[5]] || !strings.Contains(notes, "@IsNotEmpty(") || mayBeMissing().MatchString(notes) {
				continue
			}
			out = append(out, fieldRead(name, text, from+f[2], body[f[2]:f[3]]))
		}
		last := 0
		for _, f := range classField().FindAllStringSubmatchIndex(body, 200) {
			notes := body[last:f[0]]
			last = f[1]
			if f[4] < f[5] && body[f[4]:f[5]] == "?" || f[6] >= 0 || mayBeMissing().MatchString(notes) || !strings.Contains(notes, "@") {
				continue
			}
			x := read{name: body[f[2]:f[3]], file: name, at: from + f[2]}
			x.line, x.text = lineOf(text, x.at)
			out = append(out, x)
		}
	}
	return out
}
