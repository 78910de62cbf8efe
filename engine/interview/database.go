package interview

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"berth/engine/project"
	"berth/engine/spec"
)

// tellDatabase proposes how the app is told of the database that it is to have: in the variable that it was found to look
// for, in the form that its driver takes, or part by part. Without a [database] it proposes nothing.
func (d *Draft) tellDatabase(suggests map[string]any, from map[string]spec.Origin) {
	if d.said.Database == nil {
		return
	}
	f := d.Findings
	propose := func(key string, value any, o spec.Origin) {
		if _, ok := suggests[key]; !ok {
			suggests[key], from[key] = value, o
		}
	}
	name, free := d.said.DatabaseVariable(), !d.said.Said("database.variable")
	how, usual := frameworkReads(f)
	if usual && slices.ContainsFunc(f.Findings, func(x project.Finding) bool { return x.Variable != nil && x.Variable.Part == "host" }) {
		usual = false // its configuration has names of its own
	}
	switch db := f.Database; {
	case free && db != nil && db.Variable != "":
		name = db.Variable
		propose("database.variable", name, spec.Origin{File: db.File, Line: db.Line, Text: db.Text})
	case free && usual && how.url != "":
		name = how.url
		propose("database.variable", name, spec.Origin{Text: how.why})
	}
	if form, why := databaseForm(f, d.said.Database, name); form != "" && d.said.Database.URLQuery == "" {
		propose("database.url", form, why)
	}
	for _, x := range f.Findings {
		if v := x.Variable; v != nil && v.Part != "" {
			o := spec.Origin{File: x.File, Line: x.Line, Text: x.Text}
			d.tellPart(v.Name, v.Part, func(key string, value any) { propose(key, value, o) })
		}
	}
	if !usual {
		return
	}
	for name, part := range how.parts {
		d.tellPart(name, part, func(key string, value any) { propose(key, value, spec.Origin{Text: how.why}) })
	}
	if adapter := how.engines[cmp.Or(d.said.Database.Engine, "postgres")]; adapter != "" {
		propose("env."+how.engine, adapter, spec.Origin{Text: how.why})
	}
}

// reads is what a framework reads of its database from the environment, whether or not its configuration names it. The
// configuration has a default for each, so that none of them is found as a must.
type reads struct {
	url     string            // variable of the URL, empty for none
	parts   map[string]string // the parts by their variables
	engine  string            // variable of the kind of database, with its words
	engines map[string]string
	why     string
}

// frameworkReads is what the framework of an app reads; ok is false for one that has no such names.
func frameworkReads(f *project.Findings) (r reads, ok bool) {
	switch {
	case f.Stack == "laravel":
		return reads{
			parts:  map[string]string{"DB_HOST": "host", "DB_PORT": "port", "DB_DATABASE": "name", "DB_USERNAME": "user", "DB_PASSWORD": "password"},
			engine: "DB_CONNECTION", engines: map[string]string{"postgres": "pgsql", "mysql": "mysql"}, why: "Laravel reads it",
		}, true
	case f.Stack == "java" && slices.ContainsFunc(f.Findings, func(x project.Finding) bool { return strings.HasPrefix(x.ID, "spring-") }):
		return reads{
			url:   "SPRING_DATASOURCE_URL",
			parts: map[string]string{"SPRING_DATASOURCE_USERNAME": "user", "SPRING_DATASOURCE_PASSWORD": "password"},
			why:   "Spring Boot reads it",
		}, true
	}
	return reads{}, false
}

// tellPart proposes how the app is told of one part of the database's address, unless it is told otherwise already.
func (d *Draft) tellPart(name, part string, propose func(key string, value any)) {
	switch {
	case d.said.Gives(name):
	case part != "password":
		propose("env."+name, "${database_"+part+"}")
	case d.said.Database.PasswordVariable == "":
		propose("database.password_variable", name)
	}
}

// forms are the ways in which drivers want to be told of a database, by its engine. Those of MySQL for Java, .NET and Ruby
// encrypt by themselves what the server offers to encrypt, those of PostgreSQL are told to.
var forms = map[string]map[string]string{
	"jdbc": {
		"postgres": "jdbc:postgresql://${host}:${port}/${name}?user=${user}&password=${password}&sslmode=require",
		"mysql":    "jdbc:mysql://${host}:${port}/${name}?user=${user}&password=${password}",
	},
	"ado": {
		"postgres": "Host=${host};Port=${port};Database=${name};Username=${user};Password=${password};SSL Mode=Require;Trust Server Certificate=true",
		"mysql":    "Server=${host};Port=${port};Database=${name};User=${user};Password=${password}",
	},
	"mysql2":  {"mysql": "mysql2://${user}:${password}@${host}:${port}/${name}"},
	"trilogy": {"mysql": "trilogy://${user}:${password}@${host}:${port}/${name}"},
}

// databaseForm is the form in which the app wants to be told of its database, with the reason; empty for a plain URL.
func databaseForm(f *project.Findings, db *spec.Database, variable string) (form string, why spec.Origin) {
	kind := ""
	why = spec.Origin{Text: "the form for " + variable}
	switch {
	case strings.Contains(variable, "JDBC"), strings.HasPrefix(variable, "SPRING_DATASOURCE"), f.Stack == "java":
		kind = "jdbc"
	case f.Stack == "dotnet", strings.HasPrefix(variable, "ConnectionStrings__"):
		kind = "ado"
	case f.Database != nil && (f.Stack == "rails" || f.Stack == "ruby"):
		for _, adapter := range []string{"mysql2", "trilogy"} {
			if strings.Contains(f.Database.Text, adapter) {
				kind, why = adapter, spec.Origin{File: f.Database.File, Line: f.Database.Line, Text: f.Database.Text}
			}
		}
	}
	return forms[kind][cmp.Or(db.Engine, "postgres")], why
}

// proposals are what the source tree suggests for the settings as they stand, and where each was read.
func (d *Draft) proposals() (suggests map[string]any, from map[string]spec.Origin) {
	suggests, from = maps.Clone(d.Findings.Suggests), maps.Clone(d.Findings.Origins())
	if suggests == nil {
		suggests = map[string]any{}
	}
	if from == nil {
		from = map[string]spec.Origin{}
	}
	d.tellDatabase(suggests, from)
	maps.DeleteFunc(suggests, func(key string, _ any) bool { return !d.has(key) })
	return suggests, from
}
