// Package longpoll works out the change that makes a Phoenix LiveView app use long polling instead of
// WebSockets, as a unified diff of the project's own files. It is pure: files come in as text, the diff goes
// out as text, and nothing is ever applied.
package longpoll

import (
	"path"
	"sort"
	"strings"

	"berth/compare/unified"
)

// Advice is what to change and what breaks with it.
type Advice struct {
	Diff   string   // unified diff of the project's files, empty when nothing needs to change
	Notes  []string // what the diff does not do, or could not find
	Breaks []string // what no longer works afterwards
}

// breaks is what a LiveView app loses with long polling.
var breaks = []string{
	"Uploads that travel over the socket break: chunks do not arrive as the server expects them. Move them to plain requests (or to S3 by presigned URLs) first.",
	"With more than one node, the next poll may reach another node: nodes then need a cluster, PubSub over Redis, or sticky sessions.",
	"Every update costs a request; updates arrive with the next poll.",
}

// Wants says whether a file of a project matters here: the endpoint modules and the JavaScript entries.
func Wants(name string) bool {
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	base := path.Base(name)
	switch {
	case strings.Contains(name, "node_modules/"), strings.Contains(name, "deps/"), strings.Contains(name, "_build/"):
		return false
	case strings.HasSuffix(base, "endpoint.ex"):
		return strings.Contains(name, "lib/")
	}
	return strings.Contains(name, "assets/js/") && (strings.HasSuffix(base, ".js") || strings.HasSuffix(base, ".ts"))
}

// Advise looks at the files of a project, by their slash paths, and returns nil when they are not those of a
// LiveView app. Files that Wants refuses are not looked at.
func Advise(files map[string]string) *Advice {
	names := make([]string, 0, len(files))
	for n := range files {
		if Wants(n) {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	var out Advice
	var client, server bool
	for _, n := range names {
		old := files[n]
		var next, note string
		var found bool
		if strings.HasSuffix(n, ".ex") {
			next, found = endpoint(old)
			server = server || found
		} else {
			next, note, found = script(old)
			client = client || found
		}
		if note != "" {
			out.Notes = append(out.Notes, n+": "+note)
		}
		if next != old {
			out.Diff += unified.Diff(n, old, next)
		}
	}
	if !client && !server {
		return nil
	}
	if !client {
		out.Notes = append(out.Notes, "no file under assets/js makes a LiveSocket: give it transport: LongPoll where it is made")
	}
	if !server {
		out.Notes = append(out.Notes, `no endpoint module has socket "/live": give it the option longpoll where it stands`)
	}
	out.Breaks = breaks
	return &out
}

// Text writes the advice for a terminal.
func (a *Advice) Text(width int) string {
	var b strings.Builder
	b.WriteString("Long polling instead of WebSockets, in your files (berth does not apply it):\n\n")
	if a.Diff == "" {
		b.WriteString("  nothing needs to change\n")
	}
	b.WriteString(a.Diff)
	for _, list := range [][]string{a.Notes, a.Breaks} {
		for _, s := range list {
			b.WriteString("\n" + fold("! ", s, width))
		}
	}
	return b.String() + "\n"
}

// Markdown writes the advice for a pull request.
func (a *Advice) Markdown() string {
	var b strings.Builder
	b.WriteString("### Long polling instead of WebSockets\n\nThe change in this project's own files. berth does not apply it.\n\n")
	if a.Diff == "" {
		b.WriteString("Nothing needs to change.\n")
	} else {
		b.WriteString("```diff\n" + a.Diff + "```\n")
	}
	b.WriteString("\n")
	for _, list := range [][]string{a.Notes, a.Breaks} {
		for _, s := range list {
			b.WriteString("- " + s + "\n")
		}
	}
	return b.String()
}

func fold(lead, text string, width int) string {
	var b strings.Builder
	line := lead
	for _, w := range strings.Fields(text) {
		if len(line)+len(w) > max(width, 40)-1 && strings.TrimSpace(line) != "" {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(lead))
		}
		line += w + " "
	}
	return b.String() + strings.TrimRight(line, " ")
}
