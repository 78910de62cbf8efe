package project

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"go.yaml.in/yaml/v3"

	"berth/engine/spec"
)

// node is a value of a YAML file with its place. A nil node says nothing.
type node struct {
	*yaml.Node
	file string
	left *int // how many more values may be looked at: aliases can make a small file endless
}

// maxNodes bounds the values that are looked at of one YAML file.
const maxNodes = 20_000

// readYAML reads a YAML file of the tree; of several documents the first.
func readYAML(t *tree, name string) (*node, error) {
	text, ok := t.text(name)
	if !ok {
		return nil, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	left := maxNodes
	return (&node{doc.Content[0], name, &left}).resolved(), nil
}

func (n *node) resolved() *node {
	for depth := 0; n != nil && n.Kind == yaml.AliasNode && depth < 10; depth++ {
		n = &node{n.Alias, n.file, n.left}
	}
	return n
}

// each calls f with the keys and values of a mapping, or with "" and the values of a list, until the bound.
func (n *node) each(f func(key string, at int, v *node)) {
	if n == nil {
		return
	}
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	} else if n.Kind != yaml.SequenceNode {
		return
	}
	var merged []*node // whose keys count where there is none of that name here
	own := map[string]bool{}
	for i := 0; i+step <= len(n.Content); i += step {
		if *n.left--; *n.left < 0 {
			return
		}
		v := (&node{n.Content[i+step-1], n.file, n.left}).resolved()
		switch {
		case step == 1:
			f("", n.Content[i].Line, v)
		case n.Content[i].Value == "<<" && v != nil && v.Kind == yaml.SequenceNode:
			v.each(func(_ string, _ int, one *node) { merged = append(merged, one) })
		case n.Content[i].Value == "<<":
			merged = append(merged, v)
		default:
			own[n.Content[i].Value] = true
			f(n.Content[i].Value, n.Content[i].Line, v)
		}
	}
	for _, m := range merged {
		m.each(func(key string, at int, v *node) {
			if !own[key] {
				own[key] = true
				f(key, at, v)
			}
		})
	}
}

// get follows keys through mappings.
func (n *node) get(keys ...string) *node {
	for _, k := range keys {
		var found *node
		n.each(func(key string, _ int, v *node) {
			if key == k && found == nil {
				found = v
			}
		})
		if n = found; n == nil {
			return nil
		}
	}
	return n
}

// str is the value of a scalar, with the defaults of its variables put in.
func (n *node) str() string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return interpolate(n.Value)
}

func (n *node) isMap() bool { return n != nil && n.Kind == yaml.MappingNode }
func (n *node) at() int {
	if n == nil {
		return 0
	}
	return n.Line
}

// list is a scalar or a list of scalars.
func (n *node) list() []string {
	if s := n.str(); s != "" {
		return []string{s}
	}
	var out []string
	n.each(func(_ string, _ int, v *node) { out = append(out, v.str()) })
	return out
}

// noVariables is an environment in which nothing is set.
type noVariables struct{}

// Get finds no variable.
func (noVariables) Get(string) (string, bool) { return "", false }

// Keys are none.
func (noVariables) Keys() []string { return nil }

// interpolate puts the defaults of variables in, as in ${PORT:-8080}; one without default becomes nothing.
func interpolate(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	lex := shell.NewLex('\\')
	lex.RawQuotes = true
	out, _, err := lex.ProcessWord(demanded().ReplaceAllString(text, "$${$1}"), noVariables{})
	if err != nil {
		return text
	}
	return out
}

// demanded matches a variable that must be set, as in ${X:?no X}.
var demanded = lazy(`\$\{(\w+):?\?[^}]*\}`)

// composeFile is a file of Docker Compose, and the service in it that is the app.
type composeFile struct {
	name     string
	err      error
	services *node
	app      *node  // the service that is built of the project, nil when there is none
	appName  string //
}

var composeNames = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// composeFolders are where a Compose file may lie whose project is the tree above it.
var composeFolders = []string{"docker", "deploy", "deployment", "compose", "infra"}

// readCompose reads the Compose file of the project, nil when there is none.
func readCompose(t *tree) *composeFile {
	names := composeNames
	for _, name := range t.files {
		if path.Dir(name) == "." && strings.Contains(name, "compose") && prodCompose().MatchString(name) {
			names = append([]string{name}, names...)
		}
	}
	for _, dir := range composeFolders {
		for _, name := range composeNames {
			if t.has[path.Join(dir, name)] {
				names = append(slices.Clone(names), path.Join(dir, name))
			}
		}
	}
	var first *composeFile
	for _, name := range names {
		if _, ok := t.text(name); !ok {
			continue
		}
		doc, err := readYAML(t, name)
		c := &composeFile{name: name, err: err, services: doc.get("services")}
		c.choose()
		if c.app == nil {
			c.chooseByImage(filepath.Base(t.dir))
		}
		if c.app != nil {
			return c
		}
		if first == nil {
			first = c
		}
	}
	return first
}

var prodCompose = lazy(`^(?:docker-)?compose[.-](?:prod|production|release|deploy|selfhost)[\w.-]*\.ya?ml$`)

// choose finds the service that is the app: built, with ports before one without, as web or app before others.
func (c *composeFile) choose() {
	best := -1
	c.services.each(func(key string, _ int, v *node) {
		score := 0
		switch {
		case v.get("build") != nil:
			score = 10
		default:
			return
		}
		if v.get("ports") != nil {
			score += 5
		}
		if v.get("ports") == nil && v.get("command") != nil {
			score -= 2
		}
		if appName().MatchString(key) {
			score += 3
		}
		if score > best {
			best, c.app, c.appName = score, v, key
		}
	})
}

// chooseByImage finds the service that runs an image which is published of this project: one that has its name.
func (c *composeFile) chooseByImage(project string) {
	project = spec.Slug(project)
	if len(project) < 3 {
		return
	}
	c.services.each(func(key string, _ int, v *node) {
		image, _, _ := strings.Cut(v.get("image").str(), "@")
		name := image[strings.LastIndexByte(image, '/')+1:]
		name, _, _ = strings.Cut(name, ":")
		if c.app == nil && spec.Slug(name) == project && v.get("build") == nil {
			c.app, c.appName = v, key
		}
	})
}

var appName = lazy(`^(?:web|app|server|api|backend|site|www)$`)

// dockerfile is the Dockerfile and the build stage that the app's service names, relative to the tree.
func (c *composeFile) dockerfile() (file, context, target string, line int) {
	if c == nil || c.app == nil {
		return "", "", "", 0
	}
	b := c.app.get("build")
	context, file, target = b.str(), "Dockerfile", ""
	if b.isMap() {
		context, file, target = b.get("context").str(), firstOf(b.get("dockerfile").str(), file), b.get("target").str()
	}
	if strings.Contains(context, "://") || strings.HasPrefix(context, "git@") {
		return "", "", "", 0 // the source is elsewhere
	}
	dir := path.Join(path.Dir(c.name), context)
	return path.Join(dir, file), dir, target, b.at()
}
