package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Here is what is checked of what keeps the app's data.

func (c *checker) cache() {
	k := c.s.Cache
	if k == nil {
		return
	}
	if k.Engine != "valkey" && k.Engine != "" {
		c.add("cache.engine", fmt.Sprintf("berth cannot make a cache of %q", k.Engine), `write "valkey", which speaks as Redis does`)
	}
	if k.Node != "" && !cacheNode().MatchString(k.Node) {
		c.add("cache.node", fmt.Sprintf("%q is not a cache node type", k.Node), `such as "cache.t4g.micro"`)
	}
	c.made("cache", "cache.variable", c.s.CacheVariable())
}

func (c *checker) uploads() {
	u := c.s.Uploads
	if u == nil {
		return
	}
	if u.Store != "s3" && u.Store != "" {
		c.add("uploads.store", fmt.Sprintf("berth cannot keep uploads in %q", u.Store), `write "s3"; a folder that stays is [[storage]]`)
	}
	c.made("uploads", "uploads.variable", c.s.UploadsVariable())
}

// databaseURL checks how the app wants to be told of its database.
func (c *checker) databaseURL() {
	d := c.s.Database
	c.made("database", "database.variable", c.s.DatabaseVariable())
	if name := d.PasswordVariable; name != "" {
		c.made("database", "database.password_variable", name)
	}
	if strings.ContainsAny(d.URLQuery, " \t\n?#") {
		c.add("database.url_query", fmt.Sprintf("%q cannot be used in a URL", d.URLQuery), `such as "sslmode=require"`)
	}
	if d.URL == "" {
		return
	}
	used, err := namesIn(d.URL, DatabaseParts)
	switch {
	case err != nil:
		text, want, _ := strings.Cut(err.Error(), "; ")
		c.add("database.url", text, want)
	case !slices.Contains(used, "password") && d.PasswordVariable == "":
		c.add("database.url", "nothing gives the app the password of its database", "${password} stands for it, or name a variable for it as password_variable")
	case !slices.Contains(used, "host"):
		c.add("database.url", "nothing in it says where the database is", "${host} stands for that")
	case d.URLQuery != "":
		c.add("database.url_query", "database.url says the whole URL", "write it at its end")
	}
}

// made checks a variable by which berth itself tells the app of what a table asks for.
func (c *checker) made(table, key, name string) {
	_, named := c.s.Secrets.ARNs[name]
	elsewhere := slices.ContainsFunc(c.s.Secrets.FromSSM, func(ref string) bool {
		n, err := SecretName(ref)
		// A plain name of what leads to the database says nothing more, as people write it who had it as a secret before.
		// A password of their own would give way to that of the new database, in silence.
		return err == nil && n == name && (ref != name || key == "database.password_variable")
	})
	switch other := c.taken(key, name); {
	case other != "":
		c.add(key, "the app gets "+name+" from "+other+" already", "another name")
	case !variable(name):
		c.add(key, fmt.Sprintf("%q cannot be the name of an environment variable", name), "any name without =")
	case named:
		c.add("secrets."+name, fmt.Sprintf("[%s] gives the app %s, too", table, name), oneOf(table))
	case elsewhere:
		c.add("secrets.from_ssm", fmt.Sprintf("[%s] gives the app %s, too", table, name), oneOf(table))
	case c.hasEnv(name):
		c.add("env."+name, fmt.Sprintf("[%s] gives the app %s, too", table, name), oneOf(table))
	}
}

// taken says what else the deployment itself gives the app a variable for, besides the key; empty for nothing.
func (c *checker) taken(key, name string) string {
	if name == "PORT" && c.s.Service.Port != 0 {
		return "service.port"
	}
	for _, x := range []struct {
		key, name string
		made      bool
	}{
		{"database.variable", c.s.DatabaseVariable(), c.s.Database != nil},
		{"cache.variable", c.s.CacheVariable(), c.s.Cache != nil},
		{"uploads.variable", c.s.UploadsVariable(), c.s.Uploads != nil},
	} {
		if x.made && x.name == name && x.key != key {
			return "[" + strings.TrimSuffix(x.key, ".variable") + "]"
		}
	}
	return ""
}

// oneOf is what to do where two tables give the app the same variable.
func oneOf(table string) string {
	return fmt.Sprintf("take it out here, or take [%s] out, and what exists already is used", table)
}
