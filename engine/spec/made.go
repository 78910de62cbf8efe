package spec

import (
	"cmp"
	"slices"
	"strings"
)

// Made are the environment variables that the deployment itself fills, each with the table of berth.toml that asks for
// what it leads to. That secrets.from_ssm names one of them as well says nothing more.
func (s *Spec) Made() map[string]string {
	m := map[string]string{}
	if s.Database != nil {
		m[s.DatabaseVariable()] = "database"
		if name := s.Database.PasswordVariable; name != "" {
			m[name] = "database"
		}
	}
	if s.Cache != nil {
		m[s.CacheVariable()] = "cache"
	}
	if s.Uploads != nil {
		m[s.UploadsVariable()] = "uploads"
	}
	return m
}

// Gives says whether the settings give the app a variable: a value, a secret, or what the deployment itself fills.
func (s *Spec) Gives(name string) bool {
	if _, ok := s.Env[name]; ok || s.Made()[name] != "" || s.Said("secrets."+name) {
		return true
	}
	return slices.ContainsFunc(s.Secrets.FromSSM, func(ref string) bool {
		n, err := SecretName(ref)
		return err == nil && n == name
	})
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

// DatabaseURL is the form of the database's address as the app gets it, with DatabaseParts as ${…}. The drivers of
// PostgreSQL have one word for an encrypted connection, those of MySQL have none in common. All drivers of PostgreSQL
// know the scheme postgresql; SQLAlchemy knows no other.
func (s *Spec) DatabaseURL() string {
	d := s.Database
	if d == nil {
		d = &Database{}
	}
	if d.URL != "" {
		return d.URL
	}
	scheme, query := "postgresql", d.URLQuery
	if d.Engine == "mysql" {
		scheme = "mysql"
	} else {
		query = cmp.Or(query, "sslmode=require")
	}
	if query != "" {
		query = "?" + strings.ReplaceAll(query, "${", "$${")
	}
	return scheme + "://${user}:${password}@${host}:${port}/${name}" + query
}
