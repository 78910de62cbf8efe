package spec

import "cmp"

// Made are the environment variables that the deployment itself fills, each with the table of berth.toml that asks for
// what it leads to. That secrets.from_ssm names one of them as well says nothing more.
func (s *Spec) Made() map[string]string {
	m := map[string]string{}
	if s.Database != nil {
		m[s.DatabaseVariable()] = "database"
	}
	if s.Cache != nil {
		m[s.CacheVariable()] = "cache"
	}
	if s.Uploads != nil {
		m[s.UploadsVariable()] = "uploads"
	}
	return m
}

// UploadsVariable is the variable that the app finds its bucket with.
func (s *Spec) UploadsVariable() string {
	if s.Uploads == nil {
		return "S3_BUCKET"
	}
	return cmp.Or(s.Uploads.Variable, "S3_BUCKET")
}

// DatabaseVariable is the variable that the app finds its database with.
func (s *Spec) DatabaseVariable() string {
	if s.Database == nil {
		return "DATABASE_URL"
	}
	return cmp.Or(s.Database.Variable, "DATABASE_URL")
}

// CacheVariable is the variable that the app finds its cache with.
func (s *Spec) CacheVariable() string {
	if s.Cache == nil {
		return "REDIS_URL"
	}
	return cmp.Or(s.Cache.Variable, "REDIS_URL")
}
