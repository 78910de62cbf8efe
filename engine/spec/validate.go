package spec

import (
	"errors"
	"fmt"
	"maps"
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
	c.image()
	c.service()
	c.sizes()
	c.network()
	c.env()
	c.secrets()
	c.storage()
	c.database()
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
		c.add("app", fmt.Sprintf("AWS would refuse the name %q: %v", s.App, err), want)
	}
	if s.EnvName != "" {
		if err := CheckName(s.EnvName); err != nil {
			c.add("env name", fmt.Sprintf("AWS would refuse the name %q: %v", s.EnvName, err), "give another --env")
		}
	}
	switch {
	case s.Region == "":
		c.missing("region", "no AWS region is chosen")
	case !regionShape().MatchString(s.Region):
		c.add("region", fmt.Sprintf("%q is not an AWS region", s.Region), regionHint(s.Region, regions))
	case len(regions) > 0 && !slices.Contains(regions, s.Region):
		c.add("region", fmt.Sprintf("there is no AWS region %s", s.Region), regionHint(s.Region, regions))
	}
}

func regionHint(region string, regions []string) string {
	if n := Nearest(region, regions); n != "" {
		return "did you mean " + n + "?"
	}
	return "regions look like eu-west-2"
}

func (c *checker) image() {
	im := c.s.Image
	if im.Platform != "" && im.Platform != AMD64 && im.Platform != ARM64 {
		want := "Fargate runs " + AMD64 + " and " + ARM64
		if p := PlatformOf(Arch("/" + im.Platform)); p != "" {
			want = fmt.Sprintf("write %q", p)
		}
		c.add("image.platform", fmt.Sprintf("%q is no platform of Fargate", im.Platform), want)
	}
	for _, name := range slices.Sorted(maps.Keys(im.Args)) {
		if !variableName().MatchString(name) {
			c.add("image.args."+name, "a build argument cannot have this name", "letters, digits and _ only")
		}
	}
	if im.Ref != "" && (strings.ContainsAny(im.Ref, " \t\n") || strings.Contains(im.Ref, "://")) {
		c.add("image.ref", fmt.Sprintf("%q is no image reference", im.Ref), "such as ghcr.io/me/app:1.2, without https://")
	}
}

func (c *checker) service() {
	sv := c.s.Service
	_, portSaid := c.s.Origins["service.port"]
	if sv.Port == 0 && !portSaid {
		c.missing("service.port", "it is not known which port the app listens on")
	} else {
		c.within("service.port", sv.Port, 1, 65535, "a port")
	}
	c.within("service.instances", sv.Instances, 0, 5000, "a number of containers that ECS runs")
	c.path("service.health_path", sv.HealthPath, `such as "/health"`)
	if slices.Contains(sv.Command, "") {
		c.add("service.command", "one of its words is empty", `such as ["/app/bin/server", "start"]`)
	}
	if words, err := Words(sv.ReleaseCommand); err != nil {
		c.add("service.release_command", err.Error(), "close the quote")
	} else if sv.ReleaseCommand != "" && len(words) == 0 {
		c.add("service.release_command", "it is empty", "leave it out when there is nothing to run")
	}
	c.span("service.stop_timeout", sv.StopTimeout, 2*time.Second, 120*time.Second)
	c.span("service.start_timeout", sv.StartTimeout, time.Second, time.Hour)
	if a := sv.Autoscale; a != nil {
		switch {
		case sv.Instances < 1:
			c.add("service.instances", "autoscaling cannot start from 0 containers", "1 or more")
		case a.Max < sv.Instances:
			c.add("service.autoscale.max", fmt.Sprintf("%d is less than the %d instances", a.Max, sv.Instances),
				fmt.Sprintf("%d or more", sv.Instances))
		default:
			c.within("service.autoscale.max", a.Max, 1, 5000, "a number of containers that ECS runs")
		}
		c.within("service.autoscale.cpu_percent", a.CPUPercent, 1, 100, "a percentage")
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

func (c *checker) sizes() {
	cpu, memory := c.s.Service.CPU, c.s.Service.Memory
	fits := MemorySizes(cpu)
	switch {
	case cpu == 0 && memory == 0:
	case len(fits) == 0:
		var all []string
		for _, v := range CPUSizes() {
			all = append(all, vcpus(v))
		}
		want := "there are " + strings.Join(all, ", ")
		if up, _, ok := Snap(cpu, 0); ok && cpu > 0 {
			want += "; the next one up is " + vcpus(up)
		}
		c.add("service.cpu", fmt.Sprintf("Fargate has no size of %s vCPU", vcpus(cpu)), want)
	case !slices.Contains(fits, memory):
		want := fmt.Sprintf("with %s vCPU: %s", vcpus(cpu), memoryRange(cpu))
		if up, m, ok := Snap(cpu, memory); ok {
			want += fmt.Sprintf("; the next pair up is %s vCPU with %d MiB", vcpus(up), m)
		}
		c.add("service.memory", fmt.Sprintf("%d MiB do not go with %s vCPU on Fargate", memory, vcpus(cpu)), want)
	}
}

func (c *checker) network() {
	n := c.s.Network
	c.path("network.websocket_path", n.WebSocketPath, `such as "/live/websocket"`)
	if n.Clustering != "" && n.Clustering != "dns" && n.Clustering != "ecs-api" {
		c.add("network.clustering", fmt.Sprintf("%q is not known", n.Clustering), `"dns", "ecs-api" or leave it out`)
	}
	if n.Domain != "" {
		if err := checkDomain(n.Domain); err != nil {
			c.add("network.domain", fmt.Sprintf("%q %v", n.Domain, err), `such as "www.example.com"`)
		}
	}
}

func (c *checker) env() {
	for _, name := range slices.Sorted(maps.Keys(c.s.Env)) {
		key, value := "env."+name, c.s.Env[name]
		if !variableName().MatchString(name) {
			c.add(key, "an environment variable cannot have this name", "letters, digits and _, not a digit first")
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
		}
	}
}

func (c *checker) secrets() {
	seen := map[string]bool{}
	for _, ref := range c.s.Secrets.FromSSM {
		name, err := SecretName(ref)
		switch {
		case err != nil:
			c.add("secrets.from_ssm", fmt.Sprintf("%q %v", ref, err),
				`a name such as "DATABASE_URL", a path such as "/shop/DATABASE_URL", or the ARN of a parameter`)
			continue
		case c.isLock(ref):
			c.add("secrets.from_ssm", fmt.Sprintf("%q is the name of the parameter with which berth itself locks the app", ref), "give the secret another name")
		case seen[name]:
			c.add("secrets.from_ssm", fmt.Sprintf("%s is there twice", name), "name it once")
		case c.hasEnv(name):
			c.add("secrets.from_ssm", fmt.Sprintf("%s is in [env], too; ECS refuses that", name), "take it out of one of them")
		}
		seen[name] = true
	}
}

// isLock says whether ref is the parameter that says who deploys the app just now.
func (c *checker) isLock(ref string) bool {
	path := fmt.Sprintf("/berth/%s/%s/lock", c.s.App, c.s.EnvName)
	return ref == "lock" || ref == path || strings.HasPrefix(ref, "arn:") && strings.HasSuffix(ref, ":parameter"+path)
}

func (c *checker) hasEnv(name string) bool {
	_, ok := c.s.Env[name]
	return ok
}

func (c *checker) storage() {
	seen := map[string]bool{}
	for i, st := range c.s.Storage {
		key := fmt.Sprintf("storage[%d].path", i)
		if err := checkMount(st.Path); err != nil {
			c.add(key, fmt.Sprintf("%q %v", st.Path, err), `such as "/app/uploads"`)
		} else if seen[st.Path] {
			c.add(key, fmt.Sprintf("%q is there twice", st.Path), "name it once")
		}
		seen[st.Path] = true
	}
}

func (c *checker) database() {
	d := c.s.Database
	if d == nil {
		return
	}
	if d.Engine != "postgres" && d.Engine != "" {
		c.add("database.engine", fmt.Sprintf("berth cannot make a database of %q", d.Engine), `write "postgres"`)
	}
	if d.Class != "" && !databaseClass().MatchString(d.Class) {
		c.add("database.class", fmt.Sprintf("%q is no size of a database", d.Class), `such as "db.t4g.micro"`)
	}
	if _, said := c.s.Origins["database.storage_gb"]; d.StorageGB != 0 || said {
		c.within("database.storage_gb", d.StorageGB, 20, 65536, "a size that RDS has")
	}
}

// SecretName is the environment variable that a from_ssm entry becomes: the entry itself, or the last part
// of a path or ARN.
func SecretName(ref string) (string, error) {
	name := ref
	if strings.HasPrefix(ref, "arn:") {
		if !parameterARN().MatchString(ref) {
			return "", errors.New("is not the ARN of an SSM parameter")
		}
		name = ref[strings.LastIndexByte(ref, '/')+1:]
		name = name[strings.LastIndexByte(name, ':')+1:]
	} else if strings.HasPrefix(ref, "/") {
		if !parameterPath().MatchString(ref) {
			return "", errors.New("is not the path of an SSM parameter")
		}
		name = ref[strings.LastIndexByte(ref, '/')+1:]
	}
	if !variableName().MatchString(name) {
		return "", errors.New("does not end in the name of an environment variable")
	}
	return name, nil
}
