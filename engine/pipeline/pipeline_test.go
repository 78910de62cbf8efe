package pipeline

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rhysd/actionlint"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"berth/engine/fail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// jobs are pipelines of all kinds: the simplest, and one with all that can be said.
func jobs(t *testing.T) map[string]struct {
	Pipeline
	Job
} {
	t.Helper()
	program := Program{From: "https://example.com/berth", Version: "v1.2.3", SHA256: strings.Repeat("ab", 32), Arch: "amd64"}
	plain := Job{App: "shop", Env: "production", Region: "eu-west-2", RoleARN: "arn:aws:iam::123456789012:role/berth-shop-production-0a1b2c-ci", Program: program}
	full := plain
	full.Env, full.Dir, full.Program.Arch, full.Cache = "staging", "apps/shop", "arm64", true
	all := map[string]struct {
		Pipeline
		Job
	}{}
	for _, service := range Services {
		for name, j := range map[string]Job{"plain": plain, "full": full} {
			p, err := New(service, "", "acme/shop", "release/1.0")
			if err != nil {
				t.Fatal(err)
			}
			all[service+"-"+name] = struct {
				Pipeline
				Job
			}{p, j}
		}
	}
	return all
}

func TestWrittenPipelines(t *testing.T) {
	for name, one := range jobs(t) {
		got := one.Write(one.Job)
		file := filepath.Join("testdata", name+".yml")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal([]byte(got), &parsed); err != nil {
			t.Errorf("%s is no YAML: %v", name, err)
		}
	}
}

// What is written for GitHub passes the linter that people use for it.
func TestGitHubLint(t *testing.T) {
	for name, one := range jobs(t) {
		if one.Service != GitHub {
			continue
		}
		l, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		problems, err := l.Lint(one.Path(one.Job), []byte(one.Write(one.Job)), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestSubjects(t *testing.T) {
	for _, c := range []struct {
		service, host, repository string
		host2, audience           string
		subjects                  []string
	}{
		{
			GitHub, "github.com", "acme/shop", "token.actions.githubusercontent.com", "sts.amazonaws.com",
			[]string{"repo:acme/shop:ref:refs/heads/main", "repo:acme@*/shop@*:ref:refs/heads/main"},
		},
		{GitHub, "", "acme@12/shop@34", "token.actions.githubusercontent.com", "sts.amazonaws.com", []string{"repo:acme@12/shop@34:ref:refs/heads/main"}},
		{
			GitHub, "git.example.com", "acme/shop", "git.example.com/_services/token", "sts.amazonaws.com",
			[]string{"repo:acme/shop:ref:refs/heads/main", "repo:acme@*/shop@*:ref:refs/heads/main"},
		},
		{GitLab, "git.example.com", "a/b/shop", "git.example.com", "https://git.example.com", []string{"project_path:a/b/shop:ref_type:branch:ref:main"}},
	} {
		p, err := New(c.service, c.host, c.repository, "main")
		if err != nil {
			t.Fatal(err)
		}
		if p.Host != c.host2 || p.Audience() != c.audience || !slices.Equal(p.Subjects(), c.subjects) {
			t.Errorf("%s: %s, %s, %q", c.repository, p.Host, p.Audience(), p.Subjects())
		}
	}
}

// What would mean more than one repository or branch in a policy is refused.
func TestNoNames(t *testing.T) {
	for _, c := range [][3]string{
		{GitHub, "acme/*", "main"},
		{GitHub, "acme", "main"},
		{GitHub, "a/b/c", "main"},
		{GitHub, "acme@*/shop@1", "main"},
		{GitHub, "acme/shop", "*"},
		{GitHub, "acme/shop", "a:ref"},
		{GitHub, "acme/shop", ""},
		{GitLab, "shop", "main"},
		{GitLab, "a/?", "main"},
		{"circle", "acme/shop", "main"},
	} {
		if _, err := New(c[0], "", c[1], c[2]); fail.ExitCode(err) != 2 {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// What is written is valid by the schemas that are published for it: those of the folder that BERTH_TEST_SCHEMAS names, as
// SchemaStore has github-workflow.json, and GitLab gitlab-ci.json.
func TestPublishedSchemas(t *testing.T) {
	dir := os.Getenv("BERTH_TEST_SCHEMAS")
	if dir == "" {
		t.Skip("BERTH_TEST_SCHEMAS names no folder with schemas")
	}
	files := map[string]string{GitHub: "github-workflow.json", GitLab: "gitlab-ci.json"}
	for name, one := range jobs(t) {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, files[one.Service]))
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := yaml.Unmarshal([]byte(one.Write(one.Job)), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
