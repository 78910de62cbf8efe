package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestImports reads what becomes of each line of another platform's file: a key, or nothing, which is said.
func TestImports(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- Dockerfile --
FROM ruby:3.4
CMD ["bin/rails", "server"]
-- Gemfile --
gem "rails"
-- Procfile --
release: bin/rails db:migrate
worker: bundle exec sidekiq
cache: redis-server
-- fly.toml --
app = "harbor"
[http_service]
internal_port = 8080
[[services]]
internal_port = 9090
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	got := map[string]string{}
	for _, x := range f.Imports {
		got[x.Place()+" "+x.Key] = x.Value
		if x.Value == "" {
			t.Errorf("%s says nothing", x.Place())
		}
	}
	for _, place := range []string{"Procfile:3 ", "fly.toml:5 "} {
		if got[place] == "" {
			t.Errorf("that nothing becomes of %s is not told: %v", place, got)
		}
		delete(got, place)
	}
	want := map[string]string{
		"Procfile:1 service.release_command": `"bin/rails db:migrate"`, "Procfile:2 processes.worker.command": `["bundle", "exec", "sidekiq"]`,
		"fly.toml:1 app": `"harbor"`, "fly.toml:3 service.port": "8080",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
