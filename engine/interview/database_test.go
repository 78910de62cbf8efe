package interview

import (
	"cmp"
	"maps"
	"testing"

	"berth/engine/project"
)

// must is a variable that an app does not start without.
func must(name string, v project.Variable) project.Finding {
	v.Name = name
	return project.Finding{ID: "name", Severity: project.Must, File: "config", Line: 3, Text: name, Variable: &v}
}

// TestAppIsToldOfItsDatabase gives apps of several kinds a database, and looks how each is told of it.
func TestAppIsToldOfItsDatabase(t *testing.T) {
	const jdbc = "jdbc:postgresql://${host}:${port}/${name}?user=${user}&password=${password}&sslmode=require"
	for _, x := range []struct {
		name, engine, toml      string
		found                   project.Findings
		variable, url, password string
		env                     map[string]string
	}{
		{
			name: "nothing found", variable: "DATABASE_URL",
			url: "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=require",
		},
		{
			name: "a name of its own", variable: "PG_URL", url: "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=require",
			found: project.Findings{Database: &project.Database{Engine: "postgres", Variable: "PG_URL"}},
		},
		{
			name: "said in the file", toml: "variable = \"MAIN_DB\"\nurl_query = \"sslmode=verify-full\"\n", variable: "MAIN_DB",
			url:   "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=verify-full",
			found: project.Findings{Stack: "java", Database: &project.Database{Engine: "postgres", Variable: "PG_URL"}},
		},
		{
			name: "Spring Boot that names nothing", variable: "SPRING_DATASOURCE_URL", url: jdbc, password: "SPRING_DATASOURCE_PASSWORD",
			found: project.Findings{Stack: "java", Findings: []project.Finding{{ID: "spring-forwarded"}}, Database: &project.Database{Engine: "postgres"}},
			env:   map[string]string{"SPRING_DATASOURCE_USERNAME": "${database_user}"},
		},
		{
			name: "Spring Boot with names of its own", variable: "DATABASE_URL", url: jdbc,
			found: project.Findings{Stack: "java", Findings: []project.Finding{{ID: "spring-forwarded"}, must("DB_HOST", project.Variable{Kind: project.Setting, Part: "host"})}},
			env:   map[string]string{"DB_HOST": "${database_host}"},
		},
		{
			name: "another program in Java", variable: "DATABASE_URL", url: jdbc,
			found: project.Findings{Stack: "java", Database: &project.Database{Engine: "postgres"}},
		},
		{
			name: ".NET", variable: "ConnectionStrings__Default",
			url:   "Host=${host};Port=${port};Database=${name};Username=${user};Password=${password};SSL Mode=Require;Trust Server Certificate=true",
			found: project.Findings{Stack: "dotnet", Database: &project.Database{Engine: "postgres", Variable: "ConnectionStrings__Default"}},
		},
		{
			name: "Rails on MySQL", engine: "mysql", variable: "DATABASE_URL", url: "mysql2://${user}:${password}@${host}:${port}/${name}",
			found: project.Findings{Stack: "rails", Database: &project.Database{Engine: "mysql", Text: `gem "mysql2", "~> 0.5"`}},
		},
		{
			name: "Rails on PostgreSQL", variable: "DATABASE_URL", url: "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=require",
			found: project.Findings{Stack: "rails", Database: &project.Database{Engine: "postgres", Text: `gem "pg"`}},
		},
		{
			name: "Laravel", variable: "DATABASE_URL", url: "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=require", password: "DB_PASSWORD",
			found: project.Findings{Stack: "laravel", Database: &project.Database{Engine: "postgres"}},
			env: map[string]string{
				"DB_CONNECTION": "pgsql", "DB_HOST": "${database_host}", "DB_PORT": "${database_port}",
				"DB_DATABASE": "${database_name}", "DB_USERNAME": "${database_user}",
			},
		},
		{
			name: "in parts", toml: "[env]\nDB_NAME = \"shop\"\n[secrets]\nfrom_ssm = [\"DB_USER\"]\n", variable: "DATABASE_URL", password: "DB_PASS",
			url: "postgresql://${user}:${password}@${host}:${port}/${name}?sslmode=require",
			found: project.Findings{Findings: []project.Finding{
				must("DB_HOST", project.Variable{Kind: project.Setting, Part: "host"}), must("DB_NAME", project.Variable{Kind: project.Setting, Part: "name"}),
				must("DB_USER", project.Variable{Kind: project.Setting, Part: "user"}), must("DB_PASS", project.Variable{Kind: project.Secret, Part: "password"}),
			}},
			env: map[string]string{"DB_HOST": "${database_host}", "DB_NAME": "shop"},
		},
	} {
		d := draft(t, "app = \"shop\"\nregion = \"eu-west-1\"\n[service]\nport = 8000\n[database]\nengine = \""+cmp.Or(x.engine, "postgres")+"\"\n"+x.toml, &x.found)
		if d.Spec.DatabaseVariable() != x.variable || d.Spec.DatabaseURL() != x.url || d.Spec.Database.PasswordVariable != x.password {
			t.Errorf("%s: %s is %s; the password alone is in %q", x.name, d.Spec.DatabaseVariable(), d.Spec.DatabaseURL(), d.Spec.Database.PasswordVariable)
		}
		if !maps.Equal(x.env, d.Spec.Env) {
			t.Errorf("%s: the environment is %v, want %v", x.name, d.Spec.Env, x.env)
		}
		for _, f := range x.found.Findings {
			if f.Open(d.Spec) {
				t.Errorf("%s: %s is open still", x.name, f.Text)
			}
		}
		if problems := d.Spec.Validate(); len(problems) > 0 {
			t.Errorf("%s: %v", x.name, problems)
		}
		if without := draft(t, "", &x.found); without.Spec.Database != nil || len(without.Spec.Env) > 0 {
			t.Errorf("%s: without [database] there is %v, %v", x.name, without.Spec.Database, without.Spec.Env)
		}
	}
}
