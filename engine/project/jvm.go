package project

import (
	"path"
	"slices"
	"strings"
)

var (
	embedded      = []string{"h2", "hsqldb", "derby"}
	jdbcServer    = lazy(`\bjdbc:(?:postgresql|mysql|mariadb|sqlserver|oracle)|\br2dbc:(?:pool:)?(?:postgres(?:ql)?|mysql|mariadb|mssql)`)
	dataSource    = lazy(`\bdatasource\.(?:\w+\.)*(?:jdbc-?)?url\s*=\s*(\S+)|^\s+(?:jdbc-?)?url:\s*(\S+)`)
	profileFile   = lazy(`(?:^|/)application-([\w-]+)\.(?:properties|ya?ml)$`)
	activeProfile = lazy(`spring[._]profiles[._]active\s*[=:]\s*["']?([\w,-]+)`)
)

// embeddedDatabase says whether a program on Spring keeps its data in an embedded database as long as nobody chooses a
// profile that has another: the drivers of the others are there for those profiles.
func (l *look) embeddedDatabase() bool {
	if l.uses("java", embedded) == nil {
		return false
	}
	active := l.activeProfiles()
	for _, name := range l.files {
		base := path.Base(name)
		if !strings.HasPrefix(base, "application") {
			continue
		}
		if m := profileFile().FindStringSubmatch(name); m != nil && !slices.Contains(active, m[1]) {
			continue
		}
		text, ok := l.t.code(name)
		if !ok {
			continue
		}
		if jdbcServer().MatchString(text) {
			return false
		}
		for _, m := range dataSource().FindAllStringSubmatch(text, 20) {
			if url := m[1] + m[2]; !strings.Contains(url, "jdbc:h2") && !strings.Contains(url, "hsqldb") && !strings.Contains(url, "derby") {
				return false // the environment says which
			}
		}
	}
	return true
}

// activeProfiles are the profiles of Spring that the image chooses.
func (l *look) activeProfiles() []string {
	var out []string
	add := func(list string) { out = append(out, strings.Split(strings.Trim(list, `"'`), ",")...) }
	if l.docker != nil {
		add(l.docker.Env["SPRING_PROFILES_ACTIVE"].Text)
	}
	for _, s := range l.start {
		if m := activeProfile().FindStringSubmatch(s.text); m != nil {
			add(m[1])
		}
	}
	for _, name := range l.files {
		if base := path.Base(name); strings.HasPrefix(base, "application.") {
			text, _ := l.t.code(name)
			if m := activeProfile().FindStringSubmatch(text); m != nil {
				add(m[1])
			}
		}
	}
	return out
}

// tellEmbedded says that the data are lost with the container, and which profiles have a database of their own.
func (l *look) tellEmbedded() {
	d := l.uses("java", embedded)
	var profiles []string
	for _, name := range l.files {
		if m := profileFile().FindStringSubmatch(name); m != nil {
			if text, ok := l.t.code(name); ok && (jdbcServer().MatchString(text) || dataSource().MatchString(text)) {
				profiles = append(profiles, m[1])
			}
		}
	}
	means := "by itself the app keeps its data in memory (" + strings.ToUpper(d.name) + "), and each container has its own, which is lost with it"
	if len(profiles) > 0 {
		means += ": for a database, set SPRING_PROFILES_ACTIVE under [env] to " + strings.Join(profiles, " or ") + ", and give it its address"
	}
	l.add(Should, "jvm-embedded-database", d.file, d.line, d.text, means)
}

var (
	configProperty = lazy(`@ConfigProperty\(([^)]*)\)\s*(?:@\w+\s*)*(?:(?:private|protected|public|final|lateinit|var|val)\s+)*([\w<>.]+)`)
	propertyName   = lazy(`\bname\s*=\s*"([\w.-]+)"`)
	notInName      = lazy(`[^A-Za-z0-9]`)
)

// configProperties are the properties without default that MicroProfile, and so Quarkus, fills when a program starts: each has a
// variable with its name in capitals.
func configProperties(name, text string) []read {
	if !strings.Contains(text, "@ConfigProperty") {
		return nil
	}
	text = code(name, text)
	var out []read
	for _, m := range configProperty().FindAllStringSubmatchIndex(text, 100) {
		args, kind := text[m[2]:m[3]], text[m[4]:m[5]]
		p := propertyName().FindStringSubmatch(args)
		if p == nil || strings.Contains(args, "defaultValue") || strings.HasPrefix(kind, "Optional") || strings.HasPrefix(p[1], "quarkus.") {
			continue
		}
		x := fieldRead(name, text, m[0], strings.ToUpper(notInName().ReplaceAllString(p[1], "_")))
		x.property = p[1]
		out = append(out, x)
	}
	return out
}

// setInProperties says whether the settings that ship with a program on the JVM have a value for a property.
func (l *look) setInProperties(property string) bool {
	if property == "" {
		return false
	}
	last := property[strings.LastIndexByte(property, '.')+1:]
	for _, name := range l.files {
		base := path.Base(name)
		if base != "application.properties" && base != "application.yml" && base != "application.yaml" && base != "microprofile-config.properties" {
			continue
		}
		text, _ := l.t.code(name)
		for line := range strings.Lines(text) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), map[bool]string{true: "=", false: ":"}[path.Ext(name) == ".properties"])
			key = strings.TrimPrefix(strings.TrimSpace(key), "%prod.")
			if ok && strings.TrimSpace(value) != "" && (key == property || path.Ext(name) != ".properties" && key == last) {
				return true
			}
		}
	}
	return false
}
