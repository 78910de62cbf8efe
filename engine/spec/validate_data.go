package spec

import (
	"fmt"
	"slices"
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
	c.made("cache", c.s.CacheVariable())
}

func (c *checker) uploads() {
	u := c.s.Uploads
	if u == nil {
		return
	}
	if u.Store != "s3" && u.Store != "" {
		c.add("uploads.store", fmt.Sprintf("berth cannot keep uploads in %q", u.Store), `write "s3"; a folder that stays is [[storage]]`)
	}
	c.made("uploads", c.s.UploadsVariable())
}

// made checks the variable by which berth itself tells the app of what a table asks for.
func (c *checker) made(table, name string) {
	key := table + ".variable"
	_, named := c.s.Secrets.ARNs[name]
	elsewhere := slices.ContainsFunc(c.s.Secrets.FromSSM, func(ref string) bool {
		n, err := SecretName(ref)
		return err == nil && n == name && ref != name
	})
	switch {
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

// oneOf is what to do where two tables give the app the same variable.
func oneOf(table string) string {
	return fmt.Sprintf("take it out here, or take [%s] out, and what exists already is used", table)
}
