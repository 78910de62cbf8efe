package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"berth/engine/fail"
)

// FuzzInspect feeds a file of any kind with any text: there is an answer or a usage failure, and what is shown is
// text.
func FuzzInspect(f *testing.F) {
	names := []string{
		"Dockerfile", "fly.toml", "compose.yml", "Procfile", "package.json", "mix.exs", "config/runtime.exs", "app.py", "server.ts", "main.go",
		"pom.xml", "Gemfile", "Cargo.toml", "pyproject.toml", "app.json", "render.yaml", "railway.toml", "copilot/api/manifest.yml", "rel/env.sh.eex",
		"src/main/resources/application.yml", "Program.cs", "artisan.php", "schema.prisma", ".env.example", ".dockerignore", "berth.toml",
		"copilot/environments/production/manifest.yml", "deploy/uwsgi.ini", "docker/compose.yaml",
	}
	for i, text := range []string{
		"FROM x\nCOPY --from=0 a b\nRUN --mount=type=secret,id=x y\nVOLUME $X\n", "[http_service]\ninternal_port = \"x\"\n[[vm]]\n", "services: {web: {build: .}}\n",
		"web: x\n", `{"dependencies": {"pg": 1}}`, "{:libcluster,", "strategy: Cluster.Strategy.DNSPoll, query: System.get_env(\"X\")", "class S(BaseSettings):\n  a: str\n",
		"z.object({A: z.string()", "os.Getenv(\"A\")\nif", "<artifactId>x", "gem \"rails\"", "[dependencies]\nx =", "[project]\ndependencies = [\"a\"", `{"env": {"A": 1}}`,
		"services: [{type: web}]", "[deploy]\nstartCommand = 'x'", "type: Load Balanced Web Service\n", "export RELEASE_NODE=\"x@$FLY_PRIVATE_IP\"", "a: ${B}\n---\n", "\"x\"", "<?php env('A') ?? throw", "provider = \"sqlite\"", "A=\n", "!x\n[", "app = 1",
		"network: {vpc: {id: x, subnets: {public: [{id: y}]}}}", "http-socket = :1\nattach-daemon = x", "services: {web: {build: {context: ..}}}",
	} {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		dir := t.TempDir()
		name := names[int(which)%len(names)]
		if name != "Dockerfile" {
			must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node\nCOPY . .\nCMD [\"node\", \"server.ts\"]\n"), 0o644))
		}
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		found, err := inspectDir(t.Context(), dir)
		if err != nil {
			if fail.From(err).Class != fail.Usage {
				t.Fatalf("not a usage failure: %v", err)
			}
			return
		}
		for _, x := range found.Findings {
			if x.Means == "" || strings.ContainsAny(x.Text, "\n\t\x1b") || !utf8.ValidString(x.Text) || x.Line < 0 {
				t.Fatalf("not fit to be shown: %+v", x)
			}
		}
	})
}
