package project

import (
	"slices"
	"strings"
)

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
	given := l.namesDatabase() + " the address of an existing one"
	if l.Database.Engine != "postgres" && l.Database.Engine != "mysql" {
		return "; berth creates PostgreSQL and MySQL only: " + given + ", such as one in RDS"
	}
	return "; [database] in berth.toml creates one, or " + given
}

// namesDatabase says how the app is given the address of an existing database, with the verb: by the variables that it
// reads, or that its framework does.
func (l *look) namesDatabase() string {
	name, parts := l.Database.Variable, l.databaseParts()
	spring := l.uses("java", []string{"spring-boot*"}) != nil
	relational := l.Database.Engine != "mongodb"
	switch {
	case name != "":
	case slices.ContainsFunc(parts, func(p string) bool { return partOf(p) == "host" }):
		return byParts(parts)
	case l.Stack == "laravel" && relational:
		return byParts([]string{"DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD"})
	case spring && relational && l.uses("java", []string{"spring-boot-starter-data-r2dbc"}) != nil:
		return byParts([]string{"SPRING_R2DBC_URL", "SPRING_R2DBC_USERNAME", "SPRING_R2DBC_PASSWORD"})
	case spring && relational:
		return byParts([]string{"SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD"})
	case l.readsDatabaseURL(), l.Stack == "rails" && relational:
		name = "DATABASE_URL"
	case l.speaks == "dotnet" && relational:
		return "`" + setSecret + "ConnectionStrings__NAME`, with the NAME that the code asks for, sets"
	default:
		return "`" + setSecret + "NAME`, under the name that the app reads, sets"
	}
	return "`" + setSecret + name + "` sets"
}

// databaseParts are the variables that hold parts of the address of the app's database, in the order of their findings.
func (l *look) databaseParts() []string {
	var out []string
	for _, x := range l.Findings.Findings {
		if v := x.Variable; v != nil && v.Part != "" && !slices.Contains(out, v.Name) {
			out = append(out, v.Name)
		}
	}
	return out
}

// partOf is the part of a database's address that a variable holds, by its name, "" for none.
func partOf(name string) string {
	if m := databasePart().FindStringSubmatch(name); m != nil {
		return databaseParts[m[1]]
	}
	return ""
}

// byParts says how variables are set that together lead to a database: the password as a secret.
func byParts(names []string) string {
	var open, secret []string
	for _, name := range names {
		if strings.HasSuffix(name, "PASSWORD") || partOf(name) == "password" {
			secret = append(secret, "`"+setSecret+name+"`")
		} else {
			open = append(open, name)
		}
	}
	return strings.Join(append([]string{andList(open) + " under [env]"}, secret...), " and ") + " set"
}

// andList is a list in words.
func andList(names []string) string {
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " and " + names[n]
	}
	return strings.Join(names, "")
}

// readsDatabaseURL says whether the code, as far as it was read, has the name DATABASE_URL; it goes on without it.
func (l *look) readsDatabaseURL() bool {
	return slices.ContainsFunc(l.files, func(file string) bool {
		raw, ok := l.t.cache[file]
		if !ok || !strings.Contains(raw, "DATABASE_URL") {
			return false
		}
		text, _ := l.t.code(file)
		return databaseURL().MatchString(text)
	})
}

var databaseURL = lazy(`\bDATABASE_URL\b`)

// storageAdvice says how files outlive a container, with the folders when they are known.
func (l *look) storageAdvice() string {
	if len(l.kept) == 0 {
		return "; name its folder with path = \"/...\" under [[storage]] in berth.toml"
	}
	var paths []string
	for _, k := range l.kept {
		paths = append(paths, `path = "`+k.Text+`"`)
	}
	return "; in berth.toml that is [[storage]] with " + strings.Join(paths, ", and one with ") + l.uploadsAdvice()
}

// inBucket is what an app changes to keep uploads in the bucket that [uploads] makes, by its stack. The keys come from the
// role of its tasks, so that none is set.
var inBucket = map[string]string{
	"rails":   `gem "aws-sdk-s3", in config/storage.yml service: S3 with bucket: <%= ENV["S3_BUCKET"] %> and region: <%= ENV["AWS_REGION"] %>, and that as config.active_storage.service`,
	"django":  `django-storages[s3] with storages.backends.s3.S3Storage as the default of STORAGES, bucket_name os.environ["S3_BUCKET"] and no default_acl`,
	"laravel": `league/flysystem-aws-s3-v3, variable = "AWS_BUCKET" under [uploads], and FILESYSTEM_DISK = "s3" and AWS_DEFAULT_REGION = "${region}" under [env]`,
	"phoenix": `Waffle.Storage.S3 with bucket: System.fetch_env!("S3_BUCKET"), and config :ex_aws with access_key_id and secret_access_key: :instance_role`,
}

// uploadsAdvice says how uploads go to S3 instead, where the app's stack can; it costs less, and no folder is shared.
func (l *look) uploadsAdvice() string {
	how := inBucket[l.Stack]
	if how == "" {
		return ""
	}
	return "; S3 is the better place for uploads: [uploads] with store = \"s3\" creates a bucket, and the app then needs " + how
}
