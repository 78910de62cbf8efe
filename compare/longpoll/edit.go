package longpoll

import (
	"regexp"
	"strings"
	"sync"
)

var (
	importPhoenix = pattern(`(?m)^([ \t]*import[ \t]*\{)([^}]*)(\}[ \t]*from[ \t]*["']phoenix["'])`)
	newLiveSocket = pattern(`new[ \t]+LiveSocket[ \t]*\(`)
	liveSocket    = pattern(`(?m)^[ \t]*socket[ \t(]+"/live"`)
)

// pattern compiles an expression when it is first needed.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// script changes a JavaScript entry: LongPoll is imported, and the LiveSocket gets it as its transport.
// Found says whether the file makes a LiveSocket at all.
func script(old string) (next, note string, found bool) {
	loc := newLiveSocket().FindStringIndex(blank(old, "//", "/*", "*/"))
	if loc == nil {
		return old, "", false
	}
	open := loc[1] - 1
	end := closing(old, open)
	if end < 0 {
		return old, "the call of LiveSocket is not understood; give it transport: LongPoll", true
	}
	if regexp.MustCompile(`\btransport[ \t]*:`).MatchString(old[open:end]) {
		return old, "the LiveSocket already names its transport; see that it is LongPoll", true
	}
	brace := strings.IndexByte(old[open:end], '{')
	if brace < 0 {
		next = old[:end] + ", {transport: LongPoll}" + old[end:]
	} else {
		at := open + brace + 1
		next = old[:at] + option(old[at:]) + old[at:]
	}
	return addImport(next), "", true
}

// option is the text that goes behind the opening brace of the options: on a line of its own when the options
// are, with their indent.
func option(rest string) string {
	line, below, ok := strings.Cut(rest, "\n")
	if !ok || strings.TrimSpace(line) != "" {
		if strings.HasPrefix(rest, "}") {
			return "transport: LongPoll"
		}
		return "transport: LongPoll, "
	}
	indent := below[:len(below)-len(strings.TrimLeft(below, " \t"))]
	return "\n" + indent + "transport: LongPoll,"
}

// addImport brings LongPoll in, beside what is imported of phoenix already.
func addImport(s string) string {
	m := importPhoenix().FindStringSubmatchIndex(s)
	if m == nil {
		return "import {LongPoll} from \"phoenix\"\n" + s
	}
	names := s[m[4]:m[5]]
	if regexp.MustCompile(`\bLongPoll\b`).MatchString(names) {
		return s
	}
	trimmed := strings.TrimRight(names, " \t\n,")
	return s[:m[4]] + trimmed + ", LongPoll" + names[len(strings.TrimRight(names, " \t\n")):] + s[m[5]:]
}

// endpoint changes an endpoint module: the socket of LiveView accepts long polling, with the connect_info
// that its WebSocket has. Found says whether the module has that socket.
func endpoint(old string) (next string, found bool) {
	loc := liveSocket().FindStringIndex(blank(old, "#", "", ""))
	if loc == nil {
		return old, false
	}
	end := expression(old, loc[1])
	call := old[loc[0]:end]
	value := "true"
	if info := valueOf(call, "connect_info"); info != "" {
		value = "[connect_info: " + info + "]"
	}
	switch now := valueOf(call, "longpoll"); {
	case now == "false":
		return old[:loc[0]] + strings.Replace(call, "longpoll: false", "longpoll: "+value, 1) + old[end:], true
	case now != "":
		return old, true // it accepts long polling already
	}
	return old[:end] + sep(call) + "longpoll: " + value + old[end:], true
}

// sep is what stands between the options: on lines of their own when the first one is.
func sep(call string) string {
	i := strings.Index(call, "\n")
	if i < 0 {
		return ", "
	}
	below := call[i+1:]
	return ",\n" + below[:len(below)-len(strings.TrimLeft(below, " \t"))]
}

// expression returns the end of the Elixir call that goes on at from: the first line break outside of
// brackets that no comma stands before.
func expression(s string, from int) int {
	depth, last, quoted := 0, byte(0), false
	for i := from; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			last = '"'
			continue
		case c == '"':
			quoted = true
		case c == '#' && depth == 0 && last != ',':
			return from + len(strings.TrimRight(s[from:i], " \t"))
		case c == '#':
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
			continue
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			if depth == 0 {
				return i // the bracket of socket(…)
			}
			depth--
		case c == '\n' && depth == 0 && last != ',':
			return from + len(strings.TrimRight(s[from:i], " \t\r"))
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			last = c
		}
	}
	return from + len(strings.TrimRight(s[from:], " \t\r\n"))
}

// valueOf returns the text of a keyword's value in an Elixir call, empty when it is not there.
func valueOf(call, key string) string {
	m := regexp.MustCompile(`\b` + key + `:[ \t\n]*`).FindStringIndex(call)
	if m == nil {
		return ""
	}
	rest := call[m[1]:]
	if rest == "" {
		return ""
	}
	if strings.IndexByte("([{", rest[0]) >= 0 {
		if end := closing(rest, 0); end >= 0 {
			return rest[:end+1]
		}
		return ""
	}
	if i := strings.IndexAny(rest, ",\n])} "); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// closing returns the position of the bracket that closes the one at open, -1 when there is none. It steps
// over strings and over comments of JavaScript and Elixir.
func closing(s string, open int) int {
	depth := 0
	for i := open; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\'' || c == '`':
			end := i + 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			i = end
		case strings.HasPrefix(s[i:], "//"):
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i:], "*/")
			if end < 0 {
				return -1
			}
			i += end + 1
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// blank overwrites comments with spaces, so that positions stay.
func blank(s, line, open, end string) string {
	b := []byte(s)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' || s[i] == '\'':
			q := s[i]
			for i++; i < len(s) && s[i] != q && s[i] != '\n'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case strings.HasPrefix(s[i:], line):
			for ; i < len(s) && s[i] != '\n'; i++ {
				b[i] = ' '
			}
		case open != "" && strings.HasPrefix(s[i:], open):
			stop := strings.Index(s[i:], end)
			if stop < 0 {
				stop = len(s) - i - len(end)
			}
			for n := i + stop + len(end); i < n; i++ {
				if b[i] != '\n' {
					b[i] = ' '
				}
			}
			i--
		}
	}
	return string(b)
}
