package image

import (
	"strings"
	"testing"
)

// Only entry points that run what they are given are silent; whether that is certain depends on what they are.
func TestDeaf(t *testing.T) {
	release := []Command{{What: "the release command", Words: []string{"/server", "migrate"}}}
	for _, c := range []struct {
		entry          string // words, parted by |
		lost, doubtful int
	}{
		{"", 0, 0},
		{"/docker-entrypoint.sh", 0, 0},
		{"/rails/bin/docker-entrypoint", 0, 0},
		{"/sbin/tini|--", 0, 0},
		{"/init", 0, 0},
		{"bundle|exec", 0, 0},
		{"/usr/bin/env|LANG=C", 0, 0},
		{"gosu|app", 0, 0},
		{"/bin/sh|-c|exec \"$@\"|--", 0, 0},
		{"/bin/sh|-c|node server.js", 1, 0},
		{"/bin/bash|-lc|node server.js", 1, 0},
		{"tini|--|/bin/sh|-c|node server.js", 1, 0},
		{"/server", 0, 1},
		{"node|server.js", 0, 1},
		{"tini|-g|--|java|-jar|app.jar", 0, 1},
		{"bundle|exec|puma", 0, 1},
	} {
		lost, doubtful := Deaf(strings.FieldsFunc(c.entry, func(r rune) bool { return r == '|' }), release)
		if len(lost) != c.lost || len(doubtful) != c.doubtful {
			t.Errorf("%s: lost %q, doubtful %q", c.entry, lost, doubtful)
		}
	}
	if _, doubtful := Deaf([]string{"/app"}, []Command{{What: "the release command", Words: []string{"migrate"}}}); len(doubtful) > 0 {
		t.Errorf("a command of the program itself: %q", doubtful)
	}
	if got, want := Obedient([]string{"node", "server.js"}, []string{"--prod"}), `command = ["node", "server.js", "--prod"]`; !strings.Contains(got, want) {
		t.Errorf("got %q", got)
	}
}
