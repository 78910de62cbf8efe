package spec

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Validate says all that cannot work, in the order of Keys. It wants a completed Spec. Regions are the
// regions that the target has; without any, only the shape of the region is looked at.
func (s *Spec) Validate(regions ...string) []Problem {
	c := checker{s: s}
	c.names(regions)
	c.choices()
	c.image()
	c.service()
	c.health()
	c.autoscale()
	c.sizes("service.", s.Service.CPU, s.Service.Memory)
	c.network()
	c.env()
	c.secrets()
	c.permissions()
	c.accountRules()
	c.storage()
	c.database()
	c.cache()
	c.uploads()
	c.alarms()
	c.processes()
	return c.problems
}

// checker collects problems.
type checker struct {
	s        *Spec
	problems []Problem
}

// add reports a problem of a key, with the place of the key's value.
func (c *checker) add(key, text, want string) {
	c.problems = append(c.problems, c.s.Problem(key, text, want))
}

// Problem is one with the value of a key, with the place of the value.
func (s *Spec) Problem(key, text, want string) Problem {
	p := Problem{Key: key, Text: text, Want: want}
	o, ok := s.Origins[key]
	if !ok {
		k, _ := KeyOf(key) // one entry of a table that was set as a whole
		o = s.Origins[k.Name]
	}
	switch o.Kind {
	case File, Detected:
		p.File, p.Line, p.Column = o.File, o.Line, o.Column
	case Flag:
		p.From = o.Text
	default: // a default or an answer has no place to point at
	}
	return p
}

// missing reports a key that must be said.
func (c *checker) missing(key, text string) {
	k, _ := KeyOf(key)
	table, leaf := k.table()
	want := fmt.Sprintf("write %s = %s in %s", leaf, k.Example, FileName)
	if table != "" {
		want = fmt.Sprintf("write %s = %s under [%s] in %s", leaf, k.Example, table, FileName)
	}
	if k.Flag != "" {
		want = fmt.Sprintf("give %s, or %s", k.Flag, want)
	}
	c.add(key, text, want)
}

// within reports a number outside a range.
func (c *checker) within(key string, v, low, high int, what string) {
	if v < low || v > high {
		c.add(key, fmt.Sprintf("%d is not %s", v, what), fmt.Sprintf("it goes from %d to %d", low, high))
	}
}

func (c *checker) names(regions []string) {
	s := c.s
	if s.App == "" {
		c.missing("app", "the app has no name")
	} else if err := CheckName(s.App); err != nil {
		want := "choose another name"
		if good := Slug(s.App); good != "" {
			want = fmt.Sprintf("%q would do", good)
		}
		c.add("app", fmt.Sprintf("AWS would reject the name %q: %v", s.App, err), want)
	}
	if s.EnvName != "" {
		if err := CheckName(s.EnvName); err != nil {
			c.add("env name", fmt.Sprintf("AWS would reject the name %q: %v", s.EnvName, err), "give another --env")
		}
	}
	switch {
	case s.Region == "":
		c.missing("region", "no AWS region is set")
	case !regionShape().MatchString(s.Region):
		c.add("region", fmt.Sprintf("%q is not an AWS region", s.Region), regionHint(s.Region, regions))
	case len(regions) > 0 && !slices.Contains(regions, s.Region):
		c.add("region", fmt.Sprintf("there is no AWS region %s", s.Region), regionHint(s.Region, regions))
	}
	if s.ID != "" && !identity().MatchString(s.ID) {
		c.add("id", fmt.Sprintf("%q is not an identity made by berth", s.ID), "remove it if the app is not deployed yet; otherwise restore the previous value")
	}
	if s.Account != "" && !accountNumber().MatchString(s.Account) {
		c.add("account", fmt.Sprintf("%q is not an AWS account ID", s.Account), "12 digits, such as \"123456789012\"")
	}
}

func regionHint(region string, regions []string) string {
	if n := Nearest(region, regions); n != "" {
		return "did you mean " + n + "?"
	}
	return "regions look like eu-west-2"
}

// choices checks the texts that can only be one of a few. Those of the platform and the database have words of
// their own.
func (c *checker) choices() {
	for _, k := range keys {
		v, _ := c.s.Get(k.Name)
		text, _ := v.(string)
		if len(k.Choices) < 2 || k.Name == "image.platform" || text == "" || slices.Contains(k.Choices, text) {
			continue
		}
		want := `"` + strings.Join(k.Choices, `", "`) + `" or leave it out`
		if n := Nearest(text, k.Choices); n != "" {
			want = fmt.Sprintf("did you mean %q?", n)
		}
		c.add(k.Name, fmt.Sprintf("%q is not known", text), want)
	}
}

func (c *checker) image() {
	im := c.s.Image
	if im.Platform != "" && im.Platform != AMD64 && im.Platform != ARM64 {
		want := "Fargate runs " + AMD64 + " and " + ARM64
		if p := PlatformOf(Arch("/" + im.Platform)); p != "" {
			want = fmt.Sprintf("write %q", p)
		}
		c.add("image.platform", fmt.Sprintf("%q is not a Fargate platform", im.Platform), want)
	}
	if strings.ContainsAny(im.Target, " \t\n") {
		c.add("image.target", fmt.Sprintf("%q cannot be the name of a stage", im.Target), "the name behind AS in the Dockerfile")
	}
	for _, name := range slices.Sorted(maps.Keys(im.Args)) {
		if !variableName().MatchString(name) {
			c.add("image.args."+name, "a build argument cannot have this name", "letters, digits and _ only")
		}
	}
	for _, name := range im.Secrets {
		if !variableName().MatchString(name) {
			c.add("image.secrets", fmt.Sprintf("%q cannot be the name of an environment variable", name), "letters, digits and _, not a digit first")
		}
	}
	for _, id := range im.SSH {
		if name, file, named := strings.Cut(id, "="); !variableName().MatchString(name) || named && file == "" || !named && name != "default" {
			c.add("image.ssh", fmt.Sprintf("%q names no agent and no key", id), `"default" for the agent of your session, or such as "deploy=~/.ssh/deploy_key"`)
		}
	}
	if im.Ref != "" && (strings.ContainsAny(im.Ref, " \t\n") || strings.Contains(im.Ref, "://")) {
		c.add("image.ref", fmt.Sprintf("%q is not an image reference", im.Ref), "such as ghcr.io/me/app:1.2, without https://")
	}
}

// words checks a command.
func (c *checker) words(key string, command []string) {
	if slices.Contains(command, "") {
		c.add(key, "one of its arguments is empty", `such as ["/app/bin/server", "start"]`)
	}
}

// said is within for a number that need not be said.
func (c *checker) said(key string, v, low, high int, what string) {
	if _, said := c.s.Origins[key]; v != 0 || said {
		c.within(key, v, low, high, what)
	}
}

// path checks a path that the app answers at.
func (c *checker) path(key, path, example string) {
	bad := strings.IndexFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0
	switch {
	case path == "":
	case strings.Contains(path, "://"):
		c.add(key, "it is the path only", example)
	case path[0] != '/':
		c.add(key, fmt.Sprintf("%q does not start with /", path), fmt.Sprintf("write %q", "/"+path))
	case bad || len(path) > 1024:
		c.add(key, "AWS takes up to 1024 ASCII characters without spaces", example)
	}
}

func (c *checker) span(key string, d Duration, low, high time.Duration) {
	t := time.Duration(d)
	if _, said := c.s.Origins[key]; t == 0 && !said {
		return
	}
	if t < low || t > high || t%time.Second != 0 {
		c.add(key, fmt.Sprintf("%v is not possible", t),
			fmt.Sprintf("whole seconds from %v to %v", Duration(low), Duration(high)))
	}
}

func (c *checker) env() {
	for _, name := range slices.Sorted(maps.Keys(c.s.Env)) {
		key, value := "env."+name, c.s.Env[name]
		if !variable(name) {
			c.add(key, "an environment variable cannot have this name", "any name but an empty one, without =")
			continue
		}
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			c.add(key, "its value is not text", "")
			continue
		}
		used, err := VariablesIn(value)
		if err != nil {
			text, want, _ := strings.Cut(err.Error(), "; ")
			c.add(key, text, want)
		} else if slices.Contains(used, "namespace") && c.s.Network.Clustering != "dns" {
			c.add(key, "there is a ${namespace} only when the containers find each other by DNS",
				`write clustering = "dns" under [network]`)
		} else if c.s.Database == nil && UsesDatabase(value) {
			c.add(key, "there is no [database] that it could be told from", "have one made, or write the value itself")
		}
	}
}

func (c *checker) storage() {
	seen := map[string]bool{}
	for i, st := range c.s.Storage {
		key := fmt.Sprintf("storage[%d].path", i)
		if err := checkMount(st.Path); err != nil {
			c.add(key, fmt.Sprintf("%q %v", st.Path, err), `such as "/app/uploads"`)
		} else if seen[st.Path] {
			c.add(key, fmt.Sprintf("%q is given twice", st.Path), "name it once")
		}
		seen[st.Path] = true
		if runs, by := c.hides(st.Path); runs != "" {
			c.add(key, fmt.Sprintf("%q would hide %s, which %s runs: the folder is empty at first", st.Path, runs, by),
				"name the folder that the app writes to, such as "+path.Join(st.Path, "uploads"))
		}
	}
}

// hides is a program that a folder which is mounted there would hide, and the key that runs it.
func (c *checker) hides(folder string) (program, key string) {
	words, _ := Words(c.s.Service.ReleaseCommand) // one that cannot be read is told elsewhere
	commands := map[string][]string{
		"service.entrypoint": c.s.Service.Entrypoint, "service.command": c.s.Service.Command, "service.release_command": words,
	}
	for name, p := range c.s.Wanted() {
		commands[processTable+"."+name+".command"] = p.Command
	}
	for _, key := range slices.Sorted(maps.Keys(commands)) {
		if words := commands[key]; len(words) > 0 && strings.HasPrefix(words[0], folder+"/") {
			return words[0], key
		}
	}
	return "", ""
}

func (c *checker) database() {
	d := c.s.Database
	if d == nil {
		return
	}
	if d.Engine == "mysql" && d.Version != "" && !strings.Contains(d.Version, ".") {
		c.add("database.version", fmt.Sprintf("%q is no version of MySQL", d.Version), `such as "8.4"`)
	}
	if d.Class != "" && !databaseClass().MatchString(d.Class) {
		c.add("database.class", fmt.Sprintf("%q is not a database instance class", d.Class), `such as "db.t4g.micro"`)
	}
	if d.Version != "" && !databaseVersion().MatchString(d.Version) {
		c.add("database.version", fmt.Sprintf("%q is not a version", d.Version), `such as "17" or "17.2"`)
	}
	c.databaseURL()
	if d.Snapshot != "" && d.Snapshot != "none" && !snapshotID().MatchString(d.Snapshot) {
		c.add("database.snapshot", fmt.Sprintf("%q is not a snapshot ID", d.Snapshot), `letters, digits and -, or "none"`)
	}
	c.said("database.storage_gb", d.StorageGB, 20, 65536, "a size that RDS has")
}
