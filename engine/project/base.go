package project

import (
	"slices"
	"strings"
)

// based says what is known of the base image.
func (l *look) based(d *Dockerfile) {
	i := slices.IndexFunc(bases(), func(b *base) bool {
		return b.re().MatchString(d.Base) && (b.Port != 0 || len(b.Needs) > 0)
	})
	if i < 0 {
		return
	}
	b := bases()[i]
	l.candidate(rankBase, b.Port, d.Name, d.From.Line, d.From.Text)
	if len(b.Needs) > 0 {
		var words []string
		for _, n := range b.Needs {
			words = append(words, needWords[n])
		}
		l.add(Info, "base-needs", d.Name, d.From.Line, d.From.Text, "what this image holds needs "+strings.Join(words, " and "))
	}
	for _, n := range b.Needs {
		l.Need(n, origin(d.Name, d.From.Line, d.From.Text))
	}
	if b.Engine != "" {
		l.database(b.Engine, d.Name, d.From.Line, d.From.Text)
		l.nextOnDatabase()
	}
	if len(b.Stores) > 0 {
		l.nextOnStorage()
	}
	for _, folder := range b.Stores {
		l.store(folder, d.Name, d.From.Line, d.From.Text)
	}
}

// needWords are needs in words.
var needWords = map[string]string{
	"database": "a database", "persistent_storage": "storage that outlives the containers", "websockets": "WebSockets",
	"sticky_sessions": "requests of one browser that reach the same container",
}

// dataName matches variables that name a folder of data, by their names.
var dataName = lazy(`(?:^|_)(?:DATA|UPLOADS?|STORAGE|MEDIA|ATTACHMENTS?)_?(?:DIR|PATH|FOLDER|ROOT|HOME|DIRECTORY)$|^DATA$|^PGDATA$`)

// fileDatabase matches the file of an SQLite database in the value of a variable, as a path or as an address.
var fileDatabase = lazy(`^(?:(?:file|sqlite3?|ecto):(?://)?)?(/[\w.+-][\w./+-]*)/[\w.-]+\.(?:db|sqlite3?|sqlite\d?)(?:\?\S*)?$|^(?:file|sqlite3?):(?://)?(/[\w.+-][\w./+-]*)/[\w.-]+(?:\?\S*)?$`)

// sqliteInEnv finds the file of a database that ENV names: its folder must outlive the container.
func (l *look) sqliteInEnv(d *Dockerfile) {
	for _, name := range sortedNames(d.Env) {
		v := d.Env[name]
		if strings.HasPrefix(v.Text, "/") && (v.Text == "/data" || dataName().MatchString(name)) && !notKept().MatchString(v.Text) {
			text := "ENV " + name + "=" + v.Text
			l.nextOnStorage()
			l.add(Should, "dockerfile-env-data", d.Name, v.Line, text, "the app keeps files there; a container's disk is lost with the container, so these files need persistent storage")
			l.Need("persistent_storage", origin(d.Name, v.Line, text))
			l.store(v.Text, d.Name, v.Line, text)
			continue
		}
		m := fileDatabase().FindStringSubmatch(v.Text)
		if m == nil {
			continue
		}
		text := "ENV " + name + "=" + v.Text
		l.nextOnStorage()
		l.add(Should, "sqlite-file", d.Name, v.Line, text, "the database is a file in this folder, so the folder must outlive the container")
		l.Need("persistent_storage", origin(d.Name, v.Line, text))
		l.store(m[1]+m[2], d.Name, v.Line, text)
	}
}
