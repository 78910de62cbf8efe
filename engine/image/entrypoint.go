package image

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Command is what a task of an image runs instead of the image's CMD.
type Command struct {
	What  string // whose it is, in sentences: "the release command"
	Words []string
}

// Deaf says which commands the image's entry point does not run. ECS replaces the CMD of an image and never its
// ENTRYPOINT, so that an entry point that is a program of its own gets the command as arguments, and one that is a line of
// a shell does not get it at all. Lost commands are certain not to run, doubtful ones most likely are not.
func Deaf(entry []string, commands []Command) (lost, doubtful []string) {
	line := strings.Join(entry, " ")
	rest := handsOn(entry)
	for _, c := range commands {
		switch {
		case len(c.Words) == 0 || len(rest) == 0:
		case shellLine(rest):
			lost = append(lost, fmt.Sprintf("the image's ENTRYPOINT is a line that a shell runs (%s), which never sees %s (%s)",
				rest[2], c.What, strings.Join(c.Words, " ")))
		case isProgram(rest) && isCommand(c.Words[0]):
			doubtful = append(doubtful, fmt.Sprintf("the image's ENTRYPOINT (%s) gets %s (%s) as arguments instead of running it",
				line, c.What, strings.Join(c.Words, " ")))
		}
	}
	return lost, doubtful
}

// Obedient says how commands run in an image with such an entry point: env runs what it is given.
func Obedient(entry, cmd []string) string {
	var words []string
	for _, w := range slices.Concat(entry, cmd) {
		words = append(words, fmt.Sprintf("%q", w))
	}
	return fmt.Sprintf(`set entrypoint = ["/usr/bin/env"] and command = [%s] under [service] in berth.toml, where the image has env: `+
		"the app starts as before, and other commands run as they are", strings.Join(words, ", "))
}

// passing are programs that run what they are given. The number is of words of their own before it, options apart.
var passing = map[string]int{
	"tini": 0, "tini-static": 0, "dumb-init": 0, "catatonit": 0, "docker-init": 0, "init": 0, "env": 0, "exec": 0, "nice": 0,
	"gosu": 1, "su-exec": 1, "with-contenv": 0, "doppler": 1, "infisical": 1, "chamber": 2,
	"bundle": 1, "poetry": 1, "uv": 1, "pipenv": 1, "pdm": 1, "rye": 1, "hatch": 1, "npx": 0,
	"ddtrace-run": 0, "opentelemetry-instrument": 0, "newrelic-admin": 1,
}

// handsOn is the entry point without programs that run what comes behind them. Nothing left means that commands run.
func handsOn(entry []string) []string {
	for len(entry) > 0 {
		name := path.Base(entry[0])
		own, passes := passing[name]
		if !passes {
			return entry
		}
		entry = entry[1:]
		for len(entry) > 0 && (strings.HasPrefix(entry[0], "-") || name == "env" && strings.Contains(entry[0], "=")) {
			entry = entry[1:]
		}
		entry = entry[min(own, len(entry)):]
		for len(entry) > 0 && entry[0] == "--" {
			entry = entry[1:]
		}
	}
	return nil
}

var shells = []string{"sh", "bash", "ash", "dash"}

// shellLine says whether that is what the shell form of ENTRYPOINT becomes, in a line that does not use its arguments.
func shellLine(entry []string) bool {
	return len(entry) == 3 && slices.Contains(shells, path.Base(entry[0])) && strings.HasSuffix(entry[1], "c") &&
		!strings.Contains(entry[2], "$@") && !strings.Contains(entry[2], "$*") && !strings.Contains(entry[2], "$0")
}

// isProgram says whether the entry point is a program of its own, rather than a script that prepares the way for a command.
func isProgram(entry []string) bool {
	name := path.Base(entry[0])
	script := strings.HasSuffix(name, ".sh") || strings.Contains(name, "entrypoint") || strings.Contains(name, "entry-point") ||
		slices.Contains(shells, name)
	return !script
}

// tools are programs that commands begin with. What is none of them, and no path, may be a command of the app's own program,
// such as migrate.
var tools = append([]string{
	"node", "npm", "npx", "yarn", "pnpm", "bun", "deno", "python", "python3", "ruby", "bundle", "rails", "rake", "php", "java",
	"dotnet", "mix", "elixir", "flask", "alembic", "prisma", "env",
}, shells...)

func isCommand(word string) bool { return strings.Contains(word, "/") || slices.Contains(tools, word) }
