package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestWhatIsNamedExists reads every text of the program that names a command of berth: there is such a verb, and it has
// those flags.
func TestWhatIsNamedExists(t *testing.T) {
	root := (&app{}).root()
	verbs, flags := map[string]*cobra.Command{}, map[string]bool{}
	for _, c := range root.Commands() {
		verbs[c.Name()] = c
		for _, sub := range append(c.Commands(), c) {
			sub.InheritedFlags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
			sub.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		}
	}
	flags["help"] = true
	named, remedies := 0, 0
	texts(t, "../../..", func(at, text string, remedy bool) {
		if remedy {
			remedies++
		}
		for _, m := range commandNamed.FindAllStringSubmatch(text, -1) {
			c, ok := verbs[m[1]]
			if !ok {
				if remedy && !slices.Contains(noVerbs, m[1]) {
					t.Errorf("%s: %q is no verb, in the remedy %q", at, m[1], text)
				}
				continue
			}
			named++
			for _, f := range flagNamed.FindAllStringSubmatch(m[2], -1) {
				if !has(c, f[1]) {
					t.Errorf("%s: berth %s has no flag --%s, in %q", at, m[1], f[1], text)
				}
			}
		}
		if remedy && !strings.Contains(text, "aws ") && !strings.Contains(text, "docker ") && !strings.Contains(text, "fly ") &&
			!strings.Contains(text, "mix ") && !strings.Contains(text, "that line") {
			for _, f := range flagNamed.FindAllStringSubmatch(text, -1) {
				if !flags[f[1]] {
					t.Errorf("%s: no verb has a flag --%s, in the remedy %q", at, f[1], text)
				}
			}
		}
	})
	if named < 60 || remedies < 100 {
		t.Errorf("only %d commands and %d remedies were found", named, remedies)
	}
}

var (
	// commandNamed is a command of berth up to the end of what may be its words.
	commandNamed = regexp.MustCompile(`\bberth ([a-z]+)((?: +(?:--?[a-z][a-z-]*(?:[= ][A-Z$%…\w./:-]+)?|[a-z%]+))*)`)
	flagNamed    = regexp.MustCompile(`(?:^|[\s(])--([a-z][a-z-]+)`)
	// noVerbs are words that follow berth where it is the subject, and no command.
	noVerbs = []string{"again", "in", "knows", "made", "itself", "is", "with", "without", "makes", "asks", "sets", "needs", "takes", "reads", "can", "cannot", "write", "push", "pushes", "prints", "has", "there"}
)

// has says whether a verb, or one of those below it, has a flag.
func has(c *cobra.Command, flag string) bool {
	if flag == "help" || c.Flags().Lookup(flag) != nil || c.InheritedFlags().Lookup(flag) != nil {
		return true
	}
	return slices.ContainsFunc(c.Commands(), func(sub *cobra.Command) bool { return has(sub, flag) })
}

// texts gives each text in the source of the program, those put together of several as a whole.
func texts(t *testing.T, root string, each func(at, text string, remedy bool)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		remedies := map[ast.Expr]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Remedy" {
					remedies[n.Value] = true
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "Remedy" && i < len(n.Rhs) {
						remedies[n.Rhs[i]] = true
					}
				}
			case *ast.ImportSpec:
				return false
			case ast.Expr:
				text, whole := folded(n)
				if text != "" {
					each(files.Position(n.Pos()).String(), text, remedies[n])
				}
				return !whole
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// folded is the text of an expression that is put together of texts, with … for what is known at run time only.
func folded(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, l := folded(e.X)
		right, r := folded(e.Y)
		if left == "" && right == "" {
			return "", false
		}
		if !l {
			left = "…"
		}
		if !r {
			right = "…"
		}
		return left + right, true
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Sprintf" || s.Sel.Name == "Usagef") && len(e.Args) > 0 {
			return folded(e.Args[0])
		}
	}
	return "", false
}
