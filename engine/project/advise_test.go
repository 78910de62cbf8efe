package project

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestAdvice reads what findings say is to be done: the command or the table of berth.toml, by its name.
func TestAdvice(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- Dockerfile --
FROM node:22
WORKDIR /app
COPY . .
VOLUME /app/uploads
CMD ["node", "server.js"]
-- package.json --
{"dependencies": {"pg": "8", "express": "4"}}
-- server.js --
if (!process.env.STRIPE_KEY) throw new Error("STRIPE_KEY is missing")
if (!process.env.DATABASE_URL) throw new Error("DATABASE_URL is missing")
if (!process.env.MODE) throw new Error("MODE is missing")
require("express")().listen(3000)
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	for _, c := range []struct{ id, text, says string }{
		{"name-secret", "STRIPE_KEY", "`berth secrets set STRIPE_KEY`"},
		{"name-secret", "DATABASE_URL", "[database] in berth.toml makes one, or `berth secrets set DATABASE_URL`"},
		{"name-setting", "MODE", "under [env] in berth.toml"},
		{"dockerfile-volume", "/app/uploads", `[[storage]] with path = "/app/uploads"`},
	} {
		found := false
		for _, x := range f.Findings {
			found = found || x.ID == c.id && strings.Contains(x.Text, c.text) && strings.Contains(x.Means, c.says)
		}
		if !found {
			t.Errorf("%s of %s does not say %s: %v", c.id, c.text, c.says, f.Findings)
		}
	}
}

// TestToldOnce tells once of a line that reads a variable which both is needed to start and has a meaning of its own.
func TestToldOnce(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- mix.exs --
{:phoenix, "~> 1.8"}
-- config/runtime.exs --
host = System.get_env("PHX_HOST") || raise "no PHX_HOST"
-- Dockerfile --
FROM elixir:1.18
EXPOSE 4000
CMD ["/app/bin/x", "start"]
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	told := 0
	for _, x := range f.Findings {
		if x.File == "config/runtime.exs" {
			told++
		}
	}
	if told != 1 || f.Suggests["env.PHX_HOST"] != "${host}" {
		t.Errorf("told %d times, suggests %v", told, f.Suggests)
	}
}
