package project

import (
	"path"
	"strings"
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
				p.others = append(p.others, step{raw: doc.get("name").str(), text: command, file: name, line: doc.get("name").at()})
			}
			continue
		}
		out = copilotService(name, doc)
	}
	return out
}

func copilotService(name string, doc *node) *platformFile {
	p := &platformFile{name: name, who: "Copilot"}
	line := func(n *node) Line { return Line{n.str(), n.at()} }
	switch b := doc.get("image", "build"); {
	case b.str() != "":
		p.choice = Choice{File: path.Clean(b.str()), Context: path.Dir(path.Clean(b.str())), Why: "the Dockerfile for Copilot", from: name, line: b.at()}
	case b.get("dockerfile").str() != "":
		f := b.get("dockerfile")
		p.choice = Choice{File: path.Clean(f.str()), Context: path.Clean(firstOf(b.get("context").str(), path.Dir(f.str()))), Target: b.get("target").str(), Why: "the Dockerfile for Copilot", from: name, line: f.at()}
	}
	p.port = line(doc.get("image", "port"))
	p.cpu, p.memory = line(doc.get("cpu")), line(doc.get("memory"))
	p.count = line(doc.get("count"))
	if r := doc.get("count", "range"); r != nil {
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
	doc.get("variables").each(func(key string, at int, v *node) {
		if value := v.str(); value != "" {
			p.env = append(p.env, setting{name: key, value: value, line: at})
		}
	})
	doc.get("secrets").each(func(key string, at int, _ *node) { p.wants = append(p.wants, setting{name: key, line: at}) })
	doc.get("storage", "volumes").each(func(_ string, _ int, v *node) {
		if f := v.get("path"); f != nil {
			p.kept = append(p.kept, line(f))
		}
	})
	return p
}
