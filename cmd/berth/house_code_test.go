package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file holds the rules of the house that imports do not show: who may know a concrete kind, and what a comment
// may cite.

// goFile is one Go file of the module.
type goFile struct {
	path string // from the top, with slashes
	fset *token.FileSet
	file *ast.File
}

// at says where something stands.
func (s *goFile) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// test says whether the file belongs to tests.
func (s *goFile) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func parse(t *testing.T, name, text string) *goFile {
	t.Helper()
	fset := token.NewFileSet()
	var src any
	if text != "" {
		src = text
	}
	f, err := parser.ParseFile(fset, filepath.Join("../..", name), src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &goFile{path: name, fset: fset, file: f}
}

// sources are all Go files of the module.
func sources(t *testing.T) []*goFile {
	t.Helper()
	var all []*goFile
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(p, ".go"):
			rel, err := filepath.Rel("../..", p)
			if err != nil {
				return err
			}
			all = append(all, parse(t, filepath.ToSlash(rel), ""))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("found %d files only", len(all))
	}
	return all
}

// knowsKinds says whether a file may know concrete kinds: their families, the targets that are made of them, what is
// left over of them, and the simulated account, which tells of itself by the same names.
func knowsKinds(file string) bool {
	return strings.HasPrefix(file, "engine/resource/") || strings.HasPrefix(file, "engine/target/") ||
		strings.HasPrefix(file, "engine/orphan/") || strings.HasPrefix(file, "engine/sim/")
}

// kindSwitches lists where a file outside asks for a concrete kind, as a type assertion or in a type switch.
func kindSwitches(s *goFile) []string {
	if s.test() || strings.HasPrefix(s.path, "engine/target/") {
		return nil
	}
	families := map[string]bool{}
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil || !strings.HasPrefix(p, module+"/engine/resource/") {
			continue
		}
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		families[name] = true
	}
	var wrong []string
	check := func(x ast.Expr) {
		if p, ok := x.(*ast.StarExpr); ok {
			x = p.X
		}
		if sel, ok := x.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && families[pkg.Name] {
				wrong = append(wrong, fmt.Sprintf("%s asks for the concrete kind %s.%s", s.at(x), pkg.Name, sel.Sel.Name))
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			if n.Type != nil {
				check(n.Type)
			}
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				if c, ok := c.(*ast.CaseClause); ok {
					for _, x := range c.List {
						check(x)
					}
				}
			}
		}
		return true
	})
	return wrong
}

// resourceIDs are the ids that the kinds and targets give their resources.
func resourceIDs(all []*goFile) []string {
	var ids []string
	for _, s := range all {
		if s.test() || !strings.HasPrefix(s.path, "engine/resource/") && !strings.HasPrefix(s.path, "engine/target/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, ok := kv.Key.(*ast.Ident)
			value := kv.Value
			if call, is := value.(*ast.CallExpr); is && len(call.Args) > 0 {
				value = call.Args[0] // each process has one
			}
			if text, is := literal(value); ok && is && key.Name == "ID" {
				ids = append(ids, text)
			}
			return true
		})
	}
	return ids
}

func literal(x ast.Expr) (string, bool) {
	l, ok := x.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// idUses lists where a file outside goes by the id of a resource. An id that is a word of its own, such as "image",
// counts where it is compared with an id or a node, or asked for.
func idUses(s *goFile, ids []string) []string {
	if s.test() || knowsKinds(s.path) {
		return nil
	}
	var wrong []string
	use := func(x ast.Expr) {
		if text, ok := literal(x); ok && slices.Contains(ids, text) {
			wrong = append(wrong, fmt.Sprintf("%s goes by the resource id %q", s.at(x), text))
		}
	}
	ofNode := func(x ast.Expr) bool {
		sel, ok := x.(*ast.SelectorExpr)
		return ok && (sel.Sel.Name == "ID" || sel.Sel.Name == "Node")
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if strings.Contains(n.Value, "-") {
				use(n)
			}
		case *ast.BinaryExpr:
			if ofNode(n.X) {
				use(n.Y)
			}
		case *ast.SwitchStmt:
			if n.Tag == nil || !ofNode(n.Tag) {
				break
			}
			for _, c := range n.Body.List {
				if c, ok := c.(*ast.CaseClause); ok {
					for _, x := range c.List {
						use(x)
					}
				}
			}
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Node" || sel.Sel.Name == "Has") && len(n.Args) == 1 {
				use(n.Args[0])
			}
		}
		return true
	})
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// targetWords are those of one target, or of what it is made of. The facade fits all targets.
var targetWords = regexp.MustCompile(`(?i)\b(ecs|fargate|clusters?|task definitions?|target groups?|load balancers?|cloudfront|distributions?|elb|alb)\b`)

// facadeWords lists where the facade speaks of one target. The line that registers it may.
func facadeWords(s *goFile) []string {
	if s.test() || path.Dir(s.path) != "engine" || s.path == "engine/targets.go" {
		return nil
	}
	var wrong []string
	see := func(n ast.Node, text string) {
		if w := targetWords.FindString(text); w != "" {
			wrong = append(wrong, fmt.Sprintf("%s says %q", s.at(n), w))
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			see(n, n.Name)
		case *ast.BasicLit:
			see(n, n.Value)
		case *ast.Comment:
			see(n, n.Text)
		}
		return true
	})
	for _, c := range s.file.Comments {
		see(c, c.Text())
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

func TestHouseKindsStayInside(t *testing.T) {
	all := sources(t)
	ids := resourceIDs(all)
	for _, known := range []string{"load-balancer", "service", "ecs-service-role"} {
		if !slices.Contains(ids, known) {
			t.Errorf("the id %q was not found: %v", known, ids)
		}
	}
	for _, s := range all {
		for _, w := range slices.Concat(kindSwitches(s), idUses(s, ids)) {
			t.Errorf("%s, but only its package and its target know a kind", w)
		}
		for _, w := range facadeWords(s) {
			t.Errorf("%s, but the facade fits all targets", w)
		}
	}
}

// TestHouseKindsAreCaught breaks each rule about kinds once.
func TestHouseKindsAreCaught(t *testing.T) {
	const imports = "package p\nimport (\"berth/engine/resource\"; traffic2 \"berth/engine/resource/traffic\")\n"
	ids := []string{"load-balancer", "image"}
	for _, c := range []struct {
		file, code string
		says       int
	}{
		{"engine/run/x.go", "func f(r resource.Resource) { _, _ = r.(*traffic2.Endpoint) }", 1},
		{"engine/run/x.go", "func f(r resource.Resource) { switch r.(type) { case nil, *traffic2.Endpoint, traffic2.X: } }", 2},
		{"engine/run/x.go", "func f(r resource.Resource) { _, _ = r.(resource.Waiter) }", 0},
		{"engine/target/ecs/x.go", "func f(r resource.Resource) { _, _ = r.(*traffic2.Endpoint) }", 0},
		{"engine/resource/compute/x.go", "func f(r resource.Resource) { _, _ = r.(*traffic2.Endpoint) }", 1},

		{"tui/screen/x.go", "func f(c C) bool { return c.ID == \"image\" }", 1},
		{"tui/screen/x.go", "func f(c C) bool { return c.Table == \"image\" }", 0},
		{"tui/screen/x.go", "func f(c C) { switch c.Node { case \"image\": } }", 1},
		{"tui/screen/x.go", "var m = map[string]int{\"load-balancer\": 1}", 1},
		{"tui/screen/x.go", "func f(s S) { s.Node(\"image\") }", 1},
		{"engine/resource/traffic/x.go", "var m = map[string]int{\"load-balancer\": 1}", 0},

		{"engine/x.go", "// f looks at the cluster.\nfunc f() {}", 1},
		{"engine/x.go", "const x = \"the load balancer\"", 1},
		{"engine/x.go", "func f() { ecs.New() }", 1},
		{"engine/x.go", "// f looks at the app.\nfunc f() {}", 0},
		{"engine/plan/x.go", "// f looks at the cluster.\nfunc f() {}", 0},
	} {
		s := parse(t, c.file, imports+c.code)
		got := slices.Concat(kindSwitches(s), idUses(s, ids), facadeWords(s))
		if len(got) != c.says {
			t.Errorf("%s: %s: complaints %q, want %d", c.file, c.code, got, c.says)
		}
	}
}

// elsewhere is what a comment cannot cite, because the reader has not got it.
var elsewhere = regexp.MustCompile(`ecs-provisioning|\bdesign\.md\b|(?i)\bthe house plan\b|\bissue #?[0-9]+|\b[Ss]ections? [0-9]+(\.[0-9]+)*\b`)

// document is the name of one, as a comment cites it.
var document = regexp.MustCompile(`[\w./-]+\.(?:md|csv)\b`)

// documents are the names of those in the repository, by their paths and by what they are called.
func documents(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !document.MatchString(d.Name()) {
			return err
		}
		rel, err := filepath.Rel("../..", p)
		all = append(all, filepath.ToSlash(rel), d.Name())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(all, "engine/AWS.md") {
		t.Fatalf("engine/AWS.md was not found among %v", all)
	}
	return all
}

// citations lists the comments of a file that cite what is not in the repository, whose documents are there.
func citations(s *goFile, there []string) []string {
	var wrong []string
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if m := elsewhere.FindString(c.Text); m != "" {
				wrong = append(wrong, fmt.Sprintf("%s cites %q", s.at(c), m))
				continue
			}
			for _, name := range document.FindAllString(c.Text, -1) {
				if !slices.Contains(there, name) {
					wrong = append(wrong, fmt.Sprintf("%s cites %q", s.at(c), name))
				}
			}
		}
	}
	return wrong
}

func TestHouseCommentsCiteTheRepository(t *testing.T) {
	there := documents(t)
	for _, s := range sources(t) {
		if s.path == "cmd/berth/house_code_test.go" {
			continue // it breaks the rule to show that it is caught
		}
		for _, w := range citations(s, there) {
			t.Errorf("%s, which is not in the repository", w)
		}
	}
}

func TestHouseCitationsAreCaught(t *testing.T) {
	for text, says := range map[string]int{
		"// as ecs-provisioning 2.1 says":       1,
		"// see design.md":                      1,
		"// the fix of issue 12":                1,
		"/* section 3.2 of the manual */":       1,
		"// see engine/AWS.md, Load balancers":  0,
		"// it issues 12 calls in each section": 0,
		"// as docs/prices.md has it":           1,
		"// the columns of AWS.md and list.csv": 1,
	} {
		if got := citations(parse(t, "engine/x.go", "package p\n"+text+"\n"), l("engine/AWS.md", "AWS.md")); len(got) != says {
			t.Errorf("%s: complaints %q, want %d", text, got, says)
		}
	}
}

// kinds are the types of the families that can be observed, each as package.Type.
func kinds(all []*goFile) (found []string) {
	for _, s := range all {
		if s.test() || !slices.Contains(families, path.Base(path.Dir(s.path))) || !strings.HasPrefix(s.path, "engine/resource/") {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Observe" {
				continue
			}
			if p, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				found = append(found, s.file.Name.Name+"."+p.X.(*ast.Ident).Name)
			}
		}
	}
	return found
}

// lived are the kinds that a test takes through their life, as package.Type.
func lived(all []*goFile) (found []string) {
	for _, s := range all {
		if !s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			x, ok := n.(*ast.IndexExpr)
			if !ok {
				return true
			}
			of, ok := x.X.(*ast.SelectorExpr)
			p, pointer := x.Index.(*ast.StarExpr)
			if !ok || !pointer || of.Sel.Name != "Kind" {
				return true
			}
			if sel, ok := p.X.(*ast.SelectorExpr); ok {
				found = append(found, sel.X.(*ast.Ident).Name+"."+sel.Sel.Name)
			}
			return true
		})
	}
	return found
}

// TestHouseKindsAreTested demands that a test takes each kind through its life.
func TestHouseKindsAreTested(t *testing.T) {
	all := sources(t)
	tested := lived(all)
	if len(kinds(all)) < 20 {
		t.Fatalf("found %d kinds only", len(kinds(all)))
	}
	for _, k := range kinds(all) {
		if !slices.Contains(tested, k) {
			t.Errorf("no test takes %s through its life (kindtest.Lifecycle)", k)
		}
	}
}

func TestHouseKindsWithoutTestAreCaught(t *testing.T) {
	kind := parse(t, "engine/resource/data/x.go", "package data\nfunc (d *Database) Observe() {}\nfunc (s *store) Put() {}\n")
	test := parse(t, "engine/resource/data/x_test.go", "package data_test\nvar _ = kindtest.Kind[*data.Database]{}\n")
	if k := kinds([]*goFile{kind}); !slices.Equal(k, l("data.Database")) {
		t.Errorf("kinds %v", k)
	}
	if k := lived([]*goFile{kind}); len(k) > 0 {
		t.Errorf("without a test %v are tested", k)
	}
	if k := lived([]*goFile{kind, test}); !slices.Equal(k, l("data.Database")) {
		t.Errorf("with a test %v are tested", k)
	}
}
