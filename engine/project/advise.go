package project

import "strings"

// setSecret is the command that gives the app a secret, up to its name.
const setSecret = "berth secrets set "

// nextOnDatabase says that the next finding is about a database, so that advise tells how the app comes to one.
func (l *look) nextOnDatabase() { l.databaseSaid = append(l.databaseSaid, len(l.Findings.Findings)) }

// nextOnStorage says that the next finding is about files to keep, so that advise tells how they are kept.
func (l *look) nextOnStorage() { l.storageSaid = append(l.storageSaid, len(l.Findings.Findings)) }

// advise adds to what was found of a database and of files to keep what is to be written or run for it.
func (l *look) advise() {
	database, storage := l.databaseAdvice(), l.storageAdvice()
	for _, i := range l.databaseSaid {
		l.Findings.Findings[i].Means += database
	}
	for _, i := range l.storageSaid {
		x := &l.Findings.Findings[i]
		x.Means += storage
		x.Key = firstOf(x.Key, "storage")
	}
}

// databaseAdvice says how the app comes to its database: by a table of berth.toml that makes one, or by the name under
// which the app looks for one that is there.
func (l *look) databaseAdvice() string {
	if l.Database == nil {
		return ""
	}
	given := "`" + setSecret + firstOf(l.Database.Variable, "DATABASE_URL") + "` leads it to one that is there"
	if l.Database.Engine != "postgres" {
		return "; berth makes PostgreSQL only: " + given + ", such as one in RDS"
	}
	return "; [database] in berth.toml makes one, or " + given
}

// storageAdvice says how files outlive a container, with the folders when they are known.
func (l *look) storageAdvice() string {
	if len(l.kept) == 0 {
		return "; name its folder with path = \"/...\" under [[storage]] in berth.toml"
	}
	var paths []string
	for _, k := range l.kept {
		paths = append(paths, `path = "`+k.Text+`"`)
	}
	return "; in berth.toml that is [[storage]] with " + strings.Join(paths, ", and one with ")
}
