package project

import (
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// readable are the files that are told of when they are not what their name says. What fly.toml and Compose say is
// told where they are read.
var readable = newGlobs([]string{
	"package.json", "*/package.json", "apps/*/package.json", "composer.json", "app.json", "railway.json", "railway.toml", "pyproject.toml",
	"Cargo.toml", "Pipfile", "render.yaml", "copilot/*/manifest.yml", "copilot/*/manifest.yaml",
	"copilot/environments/*/manifest.yml", "copilot/environments/*/manifest.yaml",
})

// tellBroken names the files of which nothing could be taken because they cannot be read, with the line.
func (l *look) tellBroken() {
	for _, name := range l.t.match(readable) {
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		kind, line := unreadable(name, text)
		if kind == "" {
			continue
		}
		l.add(Should, "file-broken", name, line, name, "it is not valid "+kind+", so nothing was read from it")
	}
}

// unreadable says what a file is not, "" when it can be read, and the line at which that shows, 0 when it is not known.
func unreadable(name, text string) (kind string, line int) {
	var into any
	switch path.Ext(name) {
	case ".json":
		if json.Valid([]byte(text)) {
			return "", 0
		}
		err := json.Unmarshal([]byte(text), &into)
		var at *json.SyntaxError
		if errors.As(err, &at) {
			line, _ = lineOf(text, min(int(at.Offset), len(text)))
		}
		return notNil(err, "JSON"), line
	case ".yml", ".yaml":
		err := yaml.Unmarshal([]byte(text), &yaml.Node{})
		return notNil(err, "YAML"), yamlLine(err)
	default:
		err := toml.Unmarshal([]byte(text), &into)
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ = at.Position()
		}
		return notNil(err, "TOML"), line
	}
}

func notNil(err error, kind string) string {
	if err == nil {
		return ""
	}
	return kind
}

// yamlLine is the line that an error of the YAML reader names, 0 when it names none.
func yamlLine(err error) int {
	if err == nil {
		return 0
	}
	_, after, _ := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(after, ":")
	n, _ := strconv.Atoi(digits)
	return n
}
