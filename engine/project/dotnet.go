package project

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

// setInAppSettings says whether the settings that ship with a program on .NET have a value for a name such as
// Jwt__Key. The address of a database on the same machine is none.
func (l *look) setInAppSettings(name string) bool { return counts(name, l.appSettings(name)) }

// counts says whether one of the values that settings have for a name is more than an address on the same machine.
func counts(name string, values []any) bool {
	return slices.ContainsFunc(values, func(value any) bool {
		text, isText := value.(string)
		return !isText || !strings.HasPrefix(name, "ConnectionStrings__") || !thisMachine().MatchString(text)
	})
}

// appSettings are the values that the settings that ship with a program on .NET have for a name, each file its own;
// what only stands in for a value is none.
func (l *look) appSettings(name string) []any {
	if l.speaks != "dotnet" || !strings.Contains(name, "__") {
		return nil
	}
	var out []any
	for _, file := range l.files {
		if base := path.Base(file); base != "appsettings.json" && base != "appsettings.Production.json" {
			continue
		}
		text, _ := l.t.text(file)
		var doc map[string]any
		if json.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &doc) != nil {
			continue
		}
		var value any = doc
		for part := range strings.SplitSeq(name, "__") {
			m, _ := value.(map[string]any)
			value = nil
			for key, v := range m {
				if strings.EqualFold(key, part) {
					value = v
				}
			}
		}
		if text, ok := value.(string); value != nil && (!ok || text != "" && !stub().MatchString(text) && !strings.HasPrefix(text, "<")) {
			out = append(out, value)
		}
	}
	return out
}

var (
	// thisMachine matches addresses of what runs on the same machine.
	thisMachine = lazy(`(?i)localhost|127\.0\.0\.1|\(localdb\)|(?:Server|Data Source)=\.`)
	// bareHost matches addresses whose host has a name of one word, as a container beside the app has in Compose.
	bareHost = lazy(`(?i)\b(?:Host|Server|Data Source|Address)\s*=\s*(?:tcp:)?[\w-]+\s*(?:[,;:\\]|$)`)

	// The calls that give a driver the address of its database, up to their arguments.
	opensDatabase = lazy(`\b(?:Use|Add|new\s+)(?P<driver>Npg[sS]ql|PostgreSql|PostgreSQL|MySql|MySQL|SqlServer|AzureSql|Sql|Oracle)(?:Connection|SlimDataSource|DataSource|DataSourceBuilder|Storage)?(?:<[\w.]+>)?\(|\b(?P<driver_2>Npgsql)DataSource\.Create\(`)
	// connectionRead is how settings are asked for a connection, with what is taken where there is none.
	connectionRead = `(?:GetConnectionString\(\s*(?:name:\s*)?"(?P<connection_1>\w+)"\s*\)|\[\s*"ConnectionStrings:(?P<connection_2>\w+)"\s*\]|GetValue<string\??>\(\s*"ConnectionStrings:(?P<connection_3>\w+)"\s*\))\s*!?\s*(?P<else>\?\?\s*(?:throw\b|"[^"\n]*"|\w)?)?`
	connectionArg  = lazy(connectionRead)
	variableArg    = lazy(`\A\s*(?:connectionString:\s*)?(?P<var>[A-Za-z_]\w*)\s*!?\s*(?:,|$)`)
)

var driverEngines = map[string]string{
	"npgsql": "postgres", "postgresql": "postgres", "mysql": "mysql", "sqlserver": "sqlserver", "azuresql": "sqlserver", "sql": "sqlserver", "oracle": "oracle",
}

// connections are the connection strings that the drivers of databases are given, in the call itself or by a variable.
func connections(name, text string) []read {
	if !strings.Contains(text, "ConnectionString") {
		return nil
	}
	text = code(name, text)
	if strings.Contains(text, "IDesignTimeDbContextFactory") {
		return nil // for the tools that write migrations
	}
	var out []read
	re := opensDatabase()
	for _, call := range re.FindAllStringSubmatchIndex(text, 50) {
		args := arguments(text[call[1]:])
		found, m, base := connectionArg(), connectionArg().FindStringSubmatchIndex(args), call[1]
		if v := variableArg().FindStringSubmatch(args); m == nil && v != nil {
			assigned := regexp.MustCompile(`\b` + v[1] + `\s*=\s*[^;=>?]{0,200}?` + connectionRead)
			found, m, base = assigned, assigned.FindStringSubmatchIndex(text), 0
		}
		if m == nil || guarded(text, call[0], call[1]) != free {
			continue
		}
		fallback := group(found, text[base:], m, "else")
		thrown := strings.Contains(fallback, "throw")
		if fallback != "" && !thrown && !thisMachine().MatchString(fallback) {
			continue // another variable, or an address in the code
		}
		x := read{
			name: "ConnectionStrings__" + group(found, text[base:], m, "connection"), file: name, at: base + m[0], end: base + m[1],
			engine: driverEngines[strings.ToLower(group(re, text, call, "driver"))], local: fallback != "" && !thrown, thrown: thrown,
		}
		x.line, x.text = lineOf(text, x.at)
		out = append(out, x)
	}
	return out
}

// hasConnection tells of a connection string that the app has a value for, and says whether it has: it is still where
// the app finds its database. An app that ends without it is to be asked for it where the value leads to its own machine.
func (l *look) hasConnection(x read) bool {
	values := l.appSettings(x.name)
	elsewhere := counts(x.name, values)
	if len(values) == 0 && !x.local || x.thrown && !elsewhere {
		return false
	}
	l.seen[x.name] = true
	v := classify(x.name, x.text, l.Stack)
	v.Database = true
	finding := Finding{
		ID: "name-connection", Severity: Info, File: x.file, Line: x.line, Text: x.text, Variable: v,
		Means: "the app finds its database by " + x.name + ", and its settings hold an address for that",
	}
	for _, value := range values {
		text, _ := value.(string)
		elsewhere = elsewhere && !bareHost().MatchString(text)
	}
	if !elsewhere {
		finding.Severity = Should
		finding.Means = "the app finds its database by " + x.name + "; without it, it connects to localhost or to a container beside it, and AWS has neither"
	}
	l.nextOnDatabase()
	l.addFinding(finding)
	l.Need("database", origin(x.file, x.line, x.text))
	return true
}
