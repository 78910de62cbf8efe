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
		{"name-secret", "DATABASE_URL", "[database] in berth.toml creates one, or `berth secrets set DATABASE_URL`"},
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

// TestConnectionStrings looks for the variable of a database that an app on .NET asks its settings for, whatever its settings
// have for it.
func TestConnectionStrings(t *testing.T) {
	for _, c := range []struct {
		name, program, settings string
		engine                  string
		severity                Severity // empty when nothing is found
	}{
		{"bare", `o.UseNpgsql(c.GetConnectionString("Shop"));`, `{}`, "postgres", Must},
		{"not null", `o.UseMySql(c.GetConnectionString("Shop")!, v);`, `{}`, "mysql", Must},
		{"by a variable", "var s = c.GetConnectionString(\"Shop\");\no.UseSqlServer(s);", `{}`, "sqlserver", Must},
		{"or ends", `o.UseNpgsql(c.GetConnectionString("Shop") ?? throw new Exception());`, `{}`, "postgres", Must},
		{"its own machine", `o.UseNpgsql(c.GetConnectionString("Shop")!);`, `{"ConnectionStrings": {"Shop": "Host=localhost"}}`, "postgres", Should},
		{"its own machine in the code", `o.UseNpgsql(c.GetConnectionString("Shop") ?? "Host=localhost");`, `{}`, "postgres", Should},
		{"beside it", `o.UseNpgsql(c.GetConnectionString("Shop"));`, `{"ConnectionStrings": {"Shop": "Host=db;Port=5432"}}`, "postgres", Should},
		{"elsewhere", `o.UseNpgsql(c.GetConnectionString("Shop"));`, `{"ConnectionStrings": {"Shop": "Host=db.example.com;Port=5432"}}`, "postgres", Info},
		{"a file", `o.UseSqlite(c.GetConnectionString("Shop"));`, `{}`, "", ""},
		{"no database", `o.UseNotes(c.GetConnectionString("Shop"));`, `{}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := unpack(t, &txtar.Archive{Files: []txtar.File{
				{Name: "Dockerfile", Data: []byte("FROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY . .\nENTRYPOINT [\"dotnet\", \"Shop.dll\"]\n")},
				{Name: "Shop.csproj", Data: []byte("<Project></Project>")},
				{Name: "Program.cs", Data: []byte(c.program)},
				{Name: "appsettings.json", Data: []byte(c.settings)},
			}})
			f, err := inspectDir(t.Context(), dir)
			must(t, err)
			var got Severity
			for _, x := range f.Findings {
				if x.Variable != nil && x.Variable.Name == "ConnectionStrings__Shop" && x.Variable.Database {
					got = x.Severity
				}
			}
			if got != c.severity || (f.Database != nil) != (c.engine != "") {
				t.Fatalf("got %q and %v, want %q: %v", got, f.Database, c.severity, f.Findings)
			}
			if f.Database != nil && (f.Database.Variable != "ConnectionStrings__Shop" || f.Database.Engine != c.engine) {
				t.Errorf("%+v", *f.Database)
			}
		})
	}
}
