package project

import (
	"path"
	"slices"
	"strings"
	"sync"

	"berth/engine/spec"
)

var copilotManifests = newGlobs([]string{"copilot/*/manifest.yml", "copilot/*/manifest.yaml"})

// copilot reads the manifests of AWS Copilot: that of the load balanced service is the app.
func (l *look) copilot() *platformFile {
	var out *platformFile
	for _, name := range l.t.match(copilotManifests) {
		doc, err := readYAML(l.t, name)
		if doc == nil || err != nil {
			continue
		}
		kind := doc.get("type").str()
		if kind != "Load Balanced Web Service" && kind != "Request-Driven Web Service" || out != nil {
			if out != nil || kind == "Backend Service" || kind == "Worker Service" || kind == "Scheduled Job" {
				p := out
				if p == nil {
					p = &platformFile{name: name, who: "Copilot"}
					out = p
				}
				command := strings.Join(doc.get("command").list(), " ")
				b := beside{name: doc.get("name").str(), command: command, file: name, line: doc.get("name").at(), count: doc.get("count").str()}
				if doc.get("cpu").str() != "" && doc.get("memory").str() != "" {
					b.cpu, b.memory, _ = spec.Snap(float64(atoi(doc.get("cpu").str()))/1024, atoi(doc.get("memory").str()))
				}
				b.clock(doc.get("on", "schedule").str())
				p.others = append(p.others, b)
			}
			continue
		}
		out = copilotService(name, doc)
	}
	if out != nil {
		l.copilotEnvironments(out)
	}
	return out
}

var copilotNetworks = newGlobs([]string{"copilot/environments/*/manifest.yml", "copilot/environments/*/manifest.yaml"})

// copilotEnvironments takes the network over of the environment that is for production, and names what else the
// environments have.
func (l *look) copilotEnvironments(p *platformFile) {
	names := l.t.match(copilotNetworks)
	main := slices.IndexFunc(names, func(name string) bool { return isProduction(path.Base(path.Dir(name))) })
	for i, name := range names {
		doc, err := readYAML(l.t, name)
		if err != nil {
			continue // tellBroken says so
		}
		vpc := doc.get("network", "vpc")
		if id := vpc.get("id"); id.str() != "" && (i == main || main < 0 && len(names) == 1) {
			p.set = append(p.set, setting{name: "network.vpc", value: id.str(), line: id.at(), file: name})
			var subnets []string
			vpc.get("subnets", "public").each(func(_ string, _ int, s *node) { subnets = append(subnets, s.get("id").str()) })
			p.subnets, p.subnetsAt = slices.DeleteFunc(subnets, func(s string) bool { return s == "" }), Line{name, vpc.get("subnets").at()}
		}
		p.unread = append(p.unread, unreadKeys(name, doc, "", copilotEnvironmentWords())...)
	}
}

func isProduction(name string) bool { return strings.HasPrefix(name, "prod") || name == "live" }

func copilotService(name string, doc *node) *platformFile {
	p := &platformFile{name: name, who: "Copilot"}
	line := func(n *node) Line { return Line{n.str(), n.at()} }
	p.unread = unreadKeys(name, doc, "", copilotWords())
	main := (*node)(nil) // what is different in production
	doc.get("environments").each(func(key string, at int, v *node) {
		if isProduction(key) && main == nil {
			main = v
			return
		}
		p.unread = append(p.unread, Import{File: name, Line: at, Text: "environments." + key, Value: "a table [environments." + spec.Slug(key) + "] holds what is different there"})
	})
	either := func(keys ...string) *node {
		if v := main.get(keys...); v != nil {
			return v
		}
		return doc.get(keys...)
	}
	switch b := doc.get("image", "build"); {
	case b.str() != "":
		p.choice = Choice{File: path.Clean(b.str()), Context: path.Dir(path.Clean(b.str())), Why: "the Dockerfile for Copilot", from: name, line: b.at()}
	case b.get("dockerfile").str() != "":
		f := b.get("dockerfile")
		p.choice = Choice{File: path.Clean(f.str()), Context: path.Clean(firstOf(b.get("context").str(), path.Dir(f.str()))), Target: b.get("target").str(), Why: "the Dockerfile for Copilot", from: name, line: f.at()}
	}
	p.port = line(doc.get("image", "port"))
	p.cpu, p.memory = line(either("cpu")), line(either("memory"))
	p.count = line(either("count"))
	if r := either("count", "range"); r != nil {
		p.count = Line{firstOf(r.get("min").str(), strings.Split(r.str()+"-", "-")[0]), r.at()}
	}
	if h := doc.get("http", "healthcheck"); h.isMap() {
		p.health = line(h.get("path"))
	} else {
		p.health = line(h)
	}
	if c := doc.get("command"); c != nil {
		p.command = Line{strings.Join(c.list(), " "), c.at()}
	}
	for _, from := range []*node{main, doc} {
		from.get("variables").each(func(key string, at int, v *node) {
			if value := v.str(); value != "" && !slices.ContainsFunc(p.env, func(e setting) bool { return e.name == key }) {
				p.env = append(p.env, setting{name: key, value: value, line: at})
			}
		})
	}
	doc.get("secrets").each(func(key string, at int, _ *node) { p.wants = append(p.wants, setting{name: key, line: at}) })
	doc.get("storage", "volumes").each(func(_ string, _ int, v *node) {
		if f := v.get("path"); f != nil {
			p.kept = append(p.kept, line(f))
		}
	})
	return p
}

// keyWord says what a key of another platform's file is here.
type keyWord struct {
	re    pattern // of the key's path
	words string  // why there is no key of berth.toml for it, or which would do the same
	key   string  // the key that this line, or one beside it, led to, "" for none
}

// keyWords are for the keys of one file: the first whose pattern matches counts. A key that none matches is taken over, or
// names what is inside it.
type keyWords []keyWord

// of is the word for the path of a key.
func (all keyWords) of(path string) (w keyWord, ok bool) {
	i := slices.IndexFunc(all, func(w keyWord) bool { return w.re().MatchString(path) })
	if i < 0 {
		return w, false
	}
	return all[i], true
}

var (
	copilotWords = sync.OnceValue(func() keyWords {
		return keyWords{
			{re: lazy(`^http\.alias`), words: "domain under [network] is the app's own name: set it when it is to move here"},
			{re: lazy(`^http\.(?:path|additional_rules)`), words: "all paths of the endpoint lead to the app"},
			{re: lazy(`^http\.healthcheck\.(?:interval|timeout|healthy_threshold|unhealthy_threshold|success_codes|grace_period)$`), words: "health under [service] says how often the load balancer asks and what it takes for well"},
			{re: lazy(`^http\.(?:stickiness)$`), words: "sticky_sessions under [service] does this"},
			{re: lazy(`^http\.`), words: "the load balancer takes requests for all hosts and redirects http to https"},
			{re: lazy(`^network\.vpc\.placement`), words: "tasks under [network] says whether containers have public addresses"},
			{re: lazy(`^network\.`), words: "a setting of Copilot's network"},
			{re: lazy(`^count\.(?:range|cpu_percentage|memory_percentage|requests|response_time|spot|cooldown)`), words: "[service.autoscale] adds and removes containers; spot under [service] is the share on Spot"},
			{re: lazy(`^exec$`), words: "exec under [service] opens the way for a shell"},
			{re: lazy(`^(?:sidecars|logging|observability|publish|subscribe|taskdef_overrides)(?:\.|$)`), words: "berth runs one container a process, and writes its log to CloudWatch"},
			{re: lazy(`^storage\.ephemeral$`), words: "ephemeral_gb under [service] is the size of a container's own disk"},
			{re: lazy(`^deployment\.`), words: "berth does rolling deployments"},
			{re: lazy(`^platform`), words: "platform under [image] says for which processor the image is built"},
			{re: lazy(`^env_file$`), words: "its lines go under [env], passwords under [secrets]: `berth secrets import FILE` reads such a file"},
			{re: lazy(`^entrypoint$`), words: "entrypoint under [service] does this"},
		}
	})
	copilotEnvironmentWords = sync.OnceValue(func() keyWords {
		return keyWords{
			{re: lazy(`^http\.public\.certificates|^cdn\.certificate`), words: "berth finds or asks for a certificate by itself when there is a domain under [network]"},
			{re: lazy(`^http\.`), words: "berth makes a load balancer of its own"},
			{re: lazy(`^cdn`), words: "https = \"cloudfront\" under [network] puts CloudFront in front"},
			{re: lazy(`^network\.vpc\.(?:cidr|flow_logs|security_group)`), words: "berth makes security groups of its own"},
			{re: lazy(`^network\.vpc\.subnets\.private`), words: "tasks = \"private\" under [network] runs the containers there: name these as subnets then"},
			{re: lazy(`^observability`), words: "Container Insights is a setting of the account"},
		}
	})
)

// unreadKeys are the lines of a YAML file whose keys have words; of several in a row with the same, the first.
func unreadKeys(file string, n *node, under string, words keyWords) []Import {
	var out []Import
	n.each(func(key string, at int, v *node) {
		p := under + key
		w, ok := words.of(p)
		switch {
		case strings.HasPrefix(p, "environments"), strings.Count(p, ".") > 5: // each is told of by itself; nothing lies that deep
		case v.isMap():
			out = append(out, unreadKeys(file, v, p+".", words)...)
		case ok:
			if value := v.str(); value != "" {
				p += ": " + value
			}
			out = append(out, Import{File: file, Line: at, Text: clip(p), Value: w.words})
		}
	})
	return slices.CompactFunc(out, func(a, b Import) bool { return a.Value == b.Value })
}
