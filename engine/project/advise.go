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
	if l.Database.Engine != "postgres" && l.Database.Engine != "mysql" {
		return "; berth makes PostgreSQL and MySQL: " + given + ", such as one in RDS"
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
	return "; for uploads S3 is the better place: [uploads] with store = \"s3\" makes a bucket, and the app wants " + how
}
