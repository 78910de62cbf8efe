package project

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// pattern is a regular expression that is compiled when it is first asked for.
type pattern func() *regexp.Regexp

func lazy(expr string) pattern {
	var compiled atomic.Pointer[regexp.Regexp]
	return func() *regexp.Regexp {
		if compiled.Load() == nil {
			compiled.Store(regexp.MustCompile("(?m)" + expr)) // two that ask at once compile the same
		}
		return compiled.Load()
	}
}

// syntax is how a language writes comments and texts.
type syntax struct {
	line   []string    // begin a comment that goes on to the end of the line
	block  [][2]string // begin and end a comment
	triple bool        // three quotes hold a text of several lines, which is no code either
	chars  bool        // single quotes hold one character
	blank  bool        // a comment begins at the start of a word only, as in shell and YAML
}

var (
	hashSyntax  = syntax{line: []string{"#"}}
	shellSyntax = syntax{line: []string{"#"}, blank: true}
	slashSyntax = syntax{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}}
	charSyntax  = syntax{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, chars: true}
)

// syntaxOf is the syntax of a file by the end of its name; ok is false for one that is not known.
func syntaxOf(name string) (s syntax, ok bool) {
	switch path.Ext(name) {
	case ".ex", ".exs", ".py":
		return syntax{line: hashSyntax.line, triple: true}, true
	case ".rb":
		return syntax{line: hashSyntax.line, block: [][2]string{{"\n=begin", "\n=end"}}}, true
	case ".ru", ".rake", ".gemspec", ".toml", ".conf", ".properties":
		return hashSyntax, true
	case ".yml", ".yaml", ".sh", ".eex", ".txt":
		return shellSyntax, true
	case ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".svelte", ".astro", ".vue", ".prisma", ".mod", ".groovy", ".gradle", ".kts", ".sbt":
		return slashSyntax, true
	case ".php":
		return syntax{line: []string{"//", "#"}, block: slashSyntax.block}, true
	case ".go", ".rs", ".java", ".kt", ".scala", ".cs", ".fs":
		return charSyntax, true
	case ".xml", ".csproj", ".fsproj":
		return syntax{block: [][2]string{{"<!--", "-->"}}}, true
	}
	base := path.Base(name)
	ok = base == "Gemfile" || base == "Rakefile" || base == "Pipfile" || strings.HasPrefix(base, "Dockerfile") || !strings.Contains(base, ".")
	return shellSyntax, ok
}

// code is the text of a file without its comments: they are overwritten with blanks, so that places stay.
func code(name, text string) string {
	s, ok := syntaxOf(name)
	if !ok {
		return text
	}
	if path.Ext(name) == ".rs" {
		text = withoutRustTests(text)
	}
	return s.code(text)
}

func (s syntax) code(text string) string {
	out := []byte(text)
	wipe := func(from, to int) {
		for i := from; i < to; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	starts := s.starts()
	for i := 0; i < len(text); {
		c := text[i]
		if !starts[c] {
			i++
			continue
		}
		switch end := s.comment(text, i); {
		case end > i:
			wipe(i, end)
			i = end
		case c == '\\':
			i += 2
		case s.triple && (strings.HasPrefix(text[i:], `"""`) || strings.HasPrefix(text[i:], `'''`)):
			end := len(text)
			if at := strings.Index(text[i+3:], text[i:i+3]); at >= 0 {
				end = i + 3 + at + 3
			}
			wipe(i+3, end)
			i = end
		case c == '"' || c == '`' || c == '\'':
			i = s.quoted(text, i)
		default:
			i++
		}
	}
	return string(out)
}

// starts are the bytes with which a comment or a text in quotes begins.
func (s syntax) starts() *[256]bool {
	out := &[256]bool{'\\': true, '"': true, '\'': true, '`': true}
	for _, l := range s.line {
		out[l[0]] = true
	}
	for _, b := range s.block {
		out[b[0][0]] = true
	}
	return out
}

// comment is the end of the comment that begins at i, i when none does.
func (s syntax) comment(text string, i int) int {
	for _, b := range s.block {
		if strings.HasPrefix(text[i:], b[0]) {
			if at := strings.Index(text[i+len(b[0]):], b[1]); at >= 0 {
				return i + len(b[0]) + at + len(b[1])
			}
			return len(text)
		}
	}
	for _, l := range s.line {
		if !strings.HasPrefix(text[i:], l) || s.blank && i > 0 && text[i-1] != ' ' && text[i-1] != '\t' && text[i-1] != '\n' {
			continue
		}
		if l == "#" && strings.HasPrefix(text[i:], "#[") {
			continue // an attribute of PHP
		}
		if at := strings.IndexByte(text[i:], '\n'); at >= 0 {
			return i + at
		}
		return len(text)
	}
	return i
}

// quoted is the end of the text in quotes that begins at i. Only backquotes hold several lines.
func (s syntax) quoted(text string, i int) int {
	q := text[i]
	if q == '\'' && s.chars {
		switch {
		case i+2 < len(text) && text[i+1] != '\\' && text[i+2] == '\'':
			return i + 3
		case i+3 < len(text) && text[i+1] == '\\' && text[i+3] == '\'':
			return i + 4
		}
		return i + 1
	}
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == '\\' && (q != '`' || !s.chars):
			j++
		case text[j] == q:
			return j + 1
		case text[j] == '\n' && q != '`':
			return i + 1 // an apostrophe
		}
	}
	return i + 1
}

// withoutRustTests overwrites the modules of tests that Rust keeps within its source files.
func withoutRustTests(text string) string {
	at := strings.Index(text, "#[cfg(test)]")
	if at < 0 {
		return text
	}
	rest := []byte(text[at:])
	for i := range rest {
		if rest[i] != '\n' {
			rest[i] = ' '
		}
	}
	return text[:at] + string(rest) // by custom they stand at the end
}

// guard says what an enclosing condition means for a line in production.
type guard int

const (
	free      guard = iota // it runs
	unsure                 // it runs when something else is so
	elsewhere              // it runs in development or in tests only
)

var (
	production  = lazy(`(?i)\bprod\b|production|is_?prod|__main__|require\.main|import\.meta\.main`)
	development = lazy(`(?i):dev\b|:test\b|["']dev["']|["']test["']|["']local["']|development|\btest(?:ing)?\b|\bdebug\b|\bis_?dev|\bis_?test|\bdev\b|\blocal\b|\bci\b`)
	buildOnly   = lazy(`SECRET_KEY_BASE_DUMMY|SKIP_(?:ENV_)?VALIDATION|phase-production-build|PHASE_PRODUCTION_BUILD|\b(?:IS|DOCKER|NEXT)_BUILD\b|BUILD_(?:TIME|PHASE|STEP)`)
	negated     = lazy(`!=|!==|\bunless\b|\bnot\b|![\w.(]|not_?in`)
	condition   = lazy(`^\s*(?:\}?\s*(?:if|elif|elsif|else if|unless|when|while)\b|try\b|begin\b)|^\s*(?:\w+\s*=\s*)?(?:if|unless)\b|->\s*$|^\s*case\s+.*:\s*$`)
	otherwise   = lazy(`^\s*\}?\s*else\b(?:\s*(?:do|then|:|\{))?\s*$`)
	branch      = lazy(`^\s*(?::\w+|"[^"]*"|\{[^}]*\}|_|nil)\s*->|^\s*(?:case|when)\s[^\n]*:|^\s*if\b[^\n]*,\s*do:|^\s*(?:\}\s*else\s+)?if\s*\([^\n]*\)\s*\{`)
	unsetBranch = lazy(`^\s*nil\s*->\s*$`)
	modifier    = lazy(`\s(?:if|unless)\s.*$`)
)

// judge says what a condition, negated or not, means in production.
func judge(line string, inverted bool) guard {
	no := negated().MatchString(line)
	if inverted {
		no = !no
	}
	switch {
	case buildOnly().MatchString(line):
		if no {
			return free
		}
		return elsewhere
	case production().MatchString(line):
		if no {
			return elsewhere
		}
		return free
	case development().MatchString(line):
		if no {
			return free
		}
		return elsewhere
	default:
		return unsure
	}
}

// guarded says whether what stands from at to end runs in production: by the conditions that it stands in, told by
// their indentation, and by one that stands behind it on its own line.
func guarded(text string, at, end int) guard {
	worst := free
	if m := modifier().FindString(firstLine(text[end:])); m != "" {
		worst = judge(m, false)
	}
	if m := branch().FindString(text[strings.LastIndexByte(text[:at], '\n')+1 : at]); m != "" {
		worst = max(worst, judge(m, false))
	}
	start := strings.LastIndexByte(text[:at], '\n') + 1
	depth := indent(text[start:])
	inverted := false
	for depth > 0 && start > 0 {
		last := start - 1
		start = strings.LastIndexByte(text[:last], '\n') + 1
		line := text[start:last]
		if word := strings.TrimSpace(line); word == "" || word == "{" {
			continue // what the bracket opens stands above it
		}
		in := indent(line)
		if in >= depth {
			continue
		}
		if otherwise().MatchString(line) {
			inverted, depth = true, in+1
			continue
		}
		depth = in
		if unsetBranch().MatchString(line) {
			continue // what is not set by itself: that is what happens
		}
		if condition().MatchString(line) {
			worst = max(worst, judge(line, inverted))
		}
		inverted = false
	}
	return worst
}

// notShipped are parts of paths of what does not run in production.
var notShipped = map[string]bool{
	"test": true, "tests": true, "spec": true, "specs": true, "__tests__": true, "__mocks__": true, "features": true, "bench": true,
	"benches": true, "benchmarks": true, "e2e": true, "cypress": true, "playwright": true, "fixtures": true, "testing": true,
	"example": true, "examples": true, "sample": true, "samples": true, "docs": true, "doc": true, "documentation": true,
	"stories": true, "androidTest": true, "integrationTest": true, "it": true,
}

var (
	testFile = lazy(`(?:_test\.(?:go|py|exs|rb|dart)|_spec\.rb|\.(?:test|spec|e2e|stories|cy)\.[cm]?[jt]sx?|Tests?\.(?:java|kt|cs|php|scala)|Spec\.(?:kt|scala))$|(?:^|/)(?:test_[^/]*\.py|conftest\.py|test_helper\.[a-z]+|setup\.py|build\.rs|noxfile\.py|fabfile\.py|vitest\.[^/]*|jest\.[^/]*|karma\.[^/]*|cypress\.[^/]*|playwright\.[^/]*)$`)
	devFile  = lazy(`(?:^|/)(?:config/(?:dev|test)\.exs|config/environments/(?:development|test)\.rb|settings/(?:\w+_)?(?:dev|development|test|testing|local|ci)\.py|settings_(?:dev|development|test|local)\.py|(?:application|bootstrap)-(?:dev|development|test|local|it)\.(?:ya?ml|properties)|appsettings\.(?:Development|Local|Test)\.json|(?:docker-)?compose[.-](?:dev|test|local|override|ci)[^/]*\.ya?ml|requirements[-_./](?:dev|test|local|lint|docs)[^/]*\.txt|(?:dev|test)[-_]requirements\.txt)$`)
)

// ships says whether a file is part of what runs in production, by its name alone.
func ships(name string) bool {
	dir, _ := path.Split(name)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if notShipped[part] {
			return false
		}
	}
	if suspects.in(name) {
		return !testFile().MatchString(name) && !devFile().MatchString(name)
	}
	return true
}

// suspects are parts of names without which a file is neither a test nor for development.
var suspects = literals{"est", "pec", "stories", ".cy.", "e2e", "setup", "build.rs", "nox", "fab", "karma", "cypress", "playwright", "dev", "Dev", "local", "Local", "override", "ci", "lint", "docs", "it."}

type literals []string

func (l literals) in(text string) bool {
	return slices.ContainsFunc(l, func(x string) bool { return strings.Contains(text, x) })
}

// finder tells which of many literals a text has, in one walk over it.
type finder struct {
	pairs   [1 << 16]bool
	starts  map[[2]byte][]int
	literal []string
}

// add makes the finder look for one more literal, and returns its index.
func (f *finder) add(literal string) int {
	if i := slices.Index(f.literal, literal); i >= 0 {
		return i
	}
	f.literal = append(f.literal, literal)
	key := [2]byte{literal[0], literal[1]}
	f.pairs[int(key[0])<<8|int(key[1])] = true
	f.starts[key] = append(f.starts[key], len(f.literal)-1)
	return len(f.literal) - 1
}

// find sets has[i] for each literal that text has.
func (f *finder) find(text string, has []bool) {
	for i := 0; i+1 < len(text); i++ {
		if !f.pairs[int(text[i])<<8|int(text[i+1])] {
			continue
		}
		for _, l := range f.starts[[2]byte{text[i], text[i+1]}] {
			if !has[l] && strings.HasPrefix(text[i:], f.literal[l]) {
				has[l] = true
			}
		}
	}
}

// How far around a literal the pattern that has it may reach, in bytes.
const (
	reachBack = 200
	reachOn   = 900
)

// matches are the matches of a pattern, at most limit, as FindAllStringSubmatchIndex has them. The pattern is looked
// for around the places of a literal that it has; "" looks everywhere.
func matches(re *regexp.Regexp, text, literal string, limit int) [][]int {
	if literal == "" {
		return re.FindAllStringSubmatchIndex(text, limit)
	}
	var out [][]int
	for from := 0; from < len(text) && len(out) < limit; {
		at := strings.Index(text[from:], literal)
		if at < 0 {
			break
		}
		start := max(from, from+at-reachBack)
		start = max(from, strings.LastIndexByte(text[:start], '\n')+1)
		end := min(len(text), from+at+len(literal)+reachOn)
		for { // what is near belongs together
			next := strings.Index(text[min(end, len(text)):min(end+reachBack, len(text))], literal)
			if next < 0 {
				break
			}
			end = min(len(text), end+next+len(literal)+reachOn)
		}
		if line := strings.IndexByte(text[end:], '\n'); line >= 0 {
			end += line
		} else {
			end = len(text)
		}
		for _, m := range re.FindAllStringSubmatchIndex(text[start:end], limit-len(out)) {
			for i := range m {
				if m[i] >= 0 {
					m[i] += start
				}
			}
			out = append(out, m)
		}
		from = end
	}
	return out
}
