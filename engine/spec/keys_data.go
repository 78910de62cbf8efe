package spec

// dataKeys are those of what keeps the app's data.
var dataKeys = []Key{
	{
		Name: "database.engine", Kind: Text, Doc: "kind of database: postgres or mysql",
		Example: `"postgres"`, at: database(func(d *Database) any { return &d.Engine }),
		Choices: []string{"postgres", "mysql"},
	},
	{
		Name: "database.class", Kind: Text, Doc: "size of the database",
		Example: `"db.t4g.micro"`, at: database(func(d *Database) any { return &d.Class }),
	},
	{
		Name: "database.version", Kind: Text, Doc: "version of the database; the newest that RDS has without it",
		Example: `"17"`, at: database(func(d *Database) any { return &d.Version }),
	},
	{
		Name: "database.multi_az", Kind: Truth, Doc: "a second database in another zone takes over when the first fails",
		Example: "true", at: database(func(d *Database) any { return &d.MultiAZ }),
	},
	{
		Name: "database.snapshot", Kind: Text, Doc: "snapshot that the database is made of, or none for an empty one",
		Example: `"shop-before-the-move"`, at: database(func(d *Database) any { return &d.Snapshot }),
	},
	{
		Name: "database.variable", Kind: Text, Doc: "environment variable that the app gets the database's URL in",
		Example: `"DATABASE_URL"`, at: database(func(d *Database) any { return &d.Variable }),
	},
	{
		Name: "database.url_query", Kind: Text, Doc: "what stands behind ? in that URL",
		Example: `"sslmode=require"`, at: database(func(d *Database) any { return &d.URLQuery }),
	},
	{
		Name: "database.url", Kind: Text, Doc: "form of that URL where the app wants another: ${user} ${password} ${host} ${port} ${name}",
		Example: `"mysql2://${user}:${password}@${host}:${port}/${name}"`, at: database(func(d *Database) any { return &d.URL }),
	},
	{
		Name: "database.password_variable", Kind: Text, Doc: "environment variable that the app gets the password alone in",
		Example: `"DB_PASSWORD"`, at: database(func(d *Database) any { return &d.PasswordVariable }),
	},
	{
		Name: "database.storage_gb", Kind: Whole, Doc: "GB of disk for the database",
		Example: "20", at: database(func(d *Database) any { return &d.StorageGB }),
	},

	{
		Name: "cache.engine", Kind: Text, Doc: "kind of cache: valkey, which is compatible with Redis",
		Example: `"valkey"`, at: cache(func(c *Cache) any { return &c.Engine }),
		Choices: []string{"valkey"},
	},
	{
		Name: "cache.node", Kind: Text, Doc: "size of the cache",
		Example: `"cache.t4g.micro"`, at: cache(func(c *Cache) any { return &c.Node }),
	},
	{
		Name: "cache.multi_az", Kind: Truth, Doc: "a second cache in another zone takes over when the first fails",
		Example: "true", at: cache(func(c *Cache) any { return &c.MultiAZ }),
	},
	{
		Name: "cache.variable", Kind: Text, Doc: "environment variable that the app gets the cache's URL in",
		Example: `"REDIS_URL"`, at: cache(func(c *Cache) any { return &c.Variable }),
	},

	{
		Name: "uploads.store", Kind: Text, Doc: "where the app keeps what visitors upload: s3, in a bucket of its own",
		Example: `"s3"`, at: uploads(func(u *Uploads) any { return &u.Store }),
		Choices: []string{"s3"},
	},
	{
		Name: "uploads.versioning", Kind: Truth, Doc: "what is overwritten or deleted stays as an older version",
		Example: "true", at: uploads(func(u *Uploads) any { return &u.Versioning }),
	},
	{
		Name: "uploads.variable", Kind: Text, Doc: "environment variable that the app gets the bucket's name in",
		Example: `"S3_BUCKET"`, at: uploads(func(u *Uploads) any { return &u.Variable }),
	},
}

func database(at func(*Database) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Database == nil && grow {
			s.Database = &Database{}
		}
		if s.Database == nil {
			return nil
		}
		return at(s.Database)
	}
}

func cache(at func(*Cache) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Cache == nil && grow {
			s.Cache = &Cache{}
		}
		if s.Cache == nil {
			return nil
		}
		return at(s.Cache)
	}
}

func uploads(at func(*Uploads) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Uploads == nil && grow {
			s.Uploads = &Uploads{}
		}
		if s.Uploads == nil {
			return nil
		}
		return at(s.Uploads)
	}
}
