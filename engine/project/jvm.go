package project

import (
	"path"
	"slices"
	"strings"
)

var (
	embedded      = []string{"h2", "r2dbc-h2", "hsqldb", "derby"}
	jdbcServer    = lazy(`\bjdbc:(?:postgresql|mysql|mariadb|sqlserver|oracle)|\br2dbc:(?:pool:)?(?:postgres(?:ql)?|mysql|mariadb|mssql)`)
	dataSource    = lazy(`\bdatasource\.(?:\w+\.)*(?:jdbc-?)?url\s*=\s*(\S+)|^\s+(?:jdbc-?)?url:\s*(\S+)`)
	embeddedURL   = lazy(`dbc:(?:pool:)?(?:h2|hsqldb|derby)`)
	embeddedFile  = lazy(`dbc:(?:pool:)?(?:h2:(?:file:)?[./~$]|hsqldb:file:|derby:[^:]*/)`)
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
			if url := m[1] + m[2]; !embeddedURL().MatchString(url) {
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
	keeps := "in memory (" + strings.ToUpper(strings.TrimPrefix(d.name, "r2dbc-")) + "), and each container has its own copy, which is lost with it"
	var profiles []string
	for _, name := range l.files {
		if base := path.Base(name); strings.HasPrefix(base, "application.") {
			if text, ok := l.t.code(name); ok && embeddedFile().MatchString(text) {
				keeps = "in a file (" + strings.ToUpper(strings.TrimPrefix(d.name, "r2dbc-")) + "), which only one container may write"
			}
		}
		if m := profileFile().FindStringSubmatch(name); m != nil {
			if text, ok := l.t.code(name); ok && (jdbcServer().MatchString(text) || dataSource().MatchString(text)) {
				profiles = append(profiles, m[1])
			}
		}
	}
	means := "by default the app keeps its data " + keeps
	if len(profiles) > 0 {
		means += ": for a database, set SPRING_PROFILES_ACTIVE under [env] to " + strings.Join(profiles, " or ") + ", and give it its address"
	}
	l.add(Should, "jvm-embedded-database", d.file, d.line, d.text, means)
}

// propertied puts in the values that the settings of a program on Spring have for the properties in a path, as in
// ${app.work-dir}/db: from a variable of the image, else from the file, and the home of the user.
func (l *look) propertied(p string) string {
	if l.speaks != "java" || !strings.Contains(p, "${") {
		return p
	}
	for range 3 { // one may hold another
		p = propertyUse().ReplaceAllStringFunc(p, func(use string) string {
			m := propertyUse().FindStringSubmatch(use)
			variable := strings.ToUpper(notInName().ReplaceAllString(m[1], "_"))
			switch {
			case m[1] == "user.home":
				return l.homeOfUser()
			case l.docker != nil && l.docker.Env[variable].Text != "":
				return l.docker.Env[variable].Text
			}
			return firstOf(l.property(m[1]), m[2], use)
		})
	}
	return p
}

var propertyUse = lazy(`\$\{([a-z][\w.-]*)(?::([^}]*))?\}`)

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
	return property != "" && l.property(property) != ""
}

// property is the value that the settings that ship with a program on the JVM have for a property, "" for none.
func (l *look) property(property string) string {
	last := property[strings.LastIndexByte(property, '.')+1:]
	for _, name := range l.files {
		base := path.Base(name)
		if base != "application.properties" && base != "application.yml" && base != "application.yaml" && base != "microprofile-config.properties" {
			continue
		}
		text, _ := l.t.code(name)
		for line := range strings.Lines(text) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), map[bool]string{true: "=", false: ":"}[path.Ext(name) == ".properties"])
			key, value = strings.TrimPrefix(strings.TrimSpace(key), "%prod."), strings.Trim(strings.TrimSpace(value), `"'`)
			if ok && value != "" && (key == property || path.Ext(name) != ".properties" && key == last) {
				return value
			}
		}
	}
	return ""
}
