package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// This file says which room may import which. A room is a folder of the module; an arrow is
// an import. An arrow that points the wrong way fails TestArrows.

// A rule: packages that match of, and do not match but, import nothing that matches bans, save what matches
// save. Patterns are import paths, those of the module without its name; "/..." means and below, "ours" means
// any package of the module, and "theirs" any that is neither ours nor of the standard library.
type rule struct {
	says       string
	of, but    []string
	bans, save []string
	testsMay   bool
}

// rules are the arrows between the rooms, and those inside the engine.
var rules = []rule{
	{says: "assets imports the standard library only", of: l("assets/..."), bans: l("ours", "theirs")},
	{says: "compare imports assets only", of: l("compare/..."), bans: l("ours"), save: l("compare/...", "assets/...")},
	{
		says: "compare does no I/O", of: l("compare/..."), testsMay: true,
		bans: l("os/...", "io/fs", "io/ioutil", "net/...", "log/...", "syscall"),
	},
	{
		says: "engine imports compare and assets only", of: l("engine/..."),
		bans: l("ours"), save: l("engine/...", "compare/...", "assets/..."),
	},
	{
		says: "tui imports the facade, event, view, spec, interview, fail and compare only", of: l("tui/..."), testsMay: true,
		bans: l("ours"), save: l("tui/...", "compare/...", "engine", "engine/event", "engine/view", "engine/spec", "engine/interview", "engine/fail"),
	},
	{says: "only cmd imports cmd", of: l("ours"), but: l("cmd/..."), bans: l("cmd/...")},
	{says: "only cmd imports tui", of: l("ours"), but: l("cmd/...", "tui/..."), bans: l("tui/...")},
	{
		says: "only cmd and tests wire sim", of: l("ours"), but: l("cmd/...", "engine/sim/...", "engine/resource/kindtest"), testsMay: true,
		bans: l("engine/sim/..."),
	},
	{
		says: "Charm stays in tui and cmd", of: l("ours"), but: l("cmd/...", "tui/..."),
		bans: l("github.com/charmbracelet/...", "github.com/muesli/..."),
	},
	{says: "AWS stays in engine", of: l("ours"), but: l("engine/..."), bans: l("github.com/aws/...")},
	{
		says: "the facade has no AWS types and no kinds", of: l("engine"), testsMay: true,
		bans: l("github.com/aws/...", "engine/resource/..."), save: l("engine/resource"),
	},
	{
		says: "only the facade knows a target by name", of: l("ours"), but: l("engine", "engine/target/..."), testsMay: true,
		bans: l("engine/target/..."), save: l("engine/target"),
	},

	{
		says: "view is a reducer of events", of: l("engine/view"), testsMay: true,
		bans: l("ours", "theirs"), save: l("engine/event", "engine/fail"),
	},
	{
		says: "fail and clock stand alone", of: l("engine/fail", "engine/clock"), testsMay: true,
		bans: l("ours", "theirs"),
	},
	{
		says: "event knows failures only", of: l("engine/event"), testsMay: true,
		bans: l("ours", "theirs"), save: l("engine/fail"),
	},
	{
		says: "spec and project call nobody", of: l("engine/spec", "engine/project"),
		bans: l("github.com/aws/...", "net/http", "os/exec", "engine/cloud", "engine/resource/...", "engine/run"),
	},
	{says: "only tests import kindtest", of: l("ours"), testsMay: true, bans: l("engine/resource/kindtest")},
	{
		says: "the contract of kinds knows no kind", of: l("engine/resource", "engine/policy"),
		bans: l("engine/resource/..."), save: l("engine/resource"),
	},
	{
		says: "a kind knows nothing of plans, runs or targets", of: l("engine/resource/..."),
		bans: l("engine", "engine/account", "engine/operation", "engine/plan", "engine/run", "engine/preflight", "engine/orphan", "engine/target/...", "engine/view"),
	},
	{says: "early imports the standard library only", of: l("cmd/internal/early"), bans: l("ours", "theirs")},
}

// families are those of the kinds, in their order.
var families = l("network", "access", "artifact", "traffic", "data", "compute", "alarm")

func init() {
	for i, f := range families {
		r := rule{says: f + " imports families before it only", of: l("engine/resource/" + f)}
		for _, behind := range families[i+1:] {
			r.bans = append(r.bans, "engine/resource/"+behind)
		}
		rules = append(rules, r)
	}
}

func l(patterns ...string) []string { return patterns }

const module = "berth"

// matches says whether an import path matches one of the patterns of a rule.
func matches(path string, patterns []string) bool {
	first, _, _ := strings.Cut(path, "/")
	ours := first == module
	name := strings.TrimPrefix(path, module+"/")
	return slices.ContainsFunc(patterns, func(p string) bool {
		switch below, ok := strings.CutSuffix(p, "/..."); {
		case p == "ours":
			return ours
		case p == "theirs":
			return strings.Contains(first, ".")
		case ok:
			return name == below || strings.HasPrefix(name, below+"/")
		default:
			return name == p
		}
	})
}

// listed is what go list says about one package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// wrongArrows lists the imports that break a rule, one sentence each.
func wrongArrows(pkgs []listed) []string {
	var wrong []string
	for _, p := range pkgs {
		for _, r := range rules {
			if !matches(p.ImportPath, r.of) || matches(p.ImportPath, r.but) {
				continue
			}
			imports := p.Imports
			if !r.testsMay {
				imports = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
			}
			for _, i := range imports {
				if i != p.ImportPath && matches(i, r.bans) && !matches(i, r.save) {
					wrong = append(wrong, fmt.Sprintf("%s imports %s, but %s", p.ImportPath, i, r.says))
				}
			}
		}
	}
	return wrong
}

func TestArrows(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 10 {
		t.Fatalf("go list found %d packages only", len(pkgs))
	}
	for _, w := range wrongArrows(pkgs) {
		t.Error(w)
	}
}

// TestArrowsAreCaught gives every rule an arrow that breaks it, and some that break none.
func TestArrowsAreCaught(t *testing.T) {
	for _, c := range []struct {
		from, to string
		says     string // the only rules that must complain, joined with " + "; empty for a good arrow
	}{
		{"berth/assets", "github.com/pelletier/go-toml/v2", "assets imports the standard library only"},
		{"berth/compare/advise", "os", "compare does no I/O"},
		{"berth/compare/price", "net/http", "compare does no I/O"},
		{"berth/compare", "berth/engine/spec", "compare imports assets only"},
		{"berth/engine/plan", "berth/cmd/internal/report", "engine imports compare and assets only + only cmd imports cmd"},
		{"berth/engine/run", "berth/tui/theme", "engine imports compare and assets only + only cmd imports tui"},
		{"berth/tui/feed", "berth/engine/run", "tui imports the facade, event, view, spec, interview, fail and compare only"},
		{"berth/tui/app", "github.com/aws/aws-sdk-go-v2/aws", "AWS stays in engine"},
		{"berth/engine", "berth/engine/sim", "only cmd and tests wire sim"},
		{"berth/engine", "github.com/aws/aws-sdk-go-v2/service/ecs", "the facade has no AWS types and no kinds"},
		{"berth/engine", "berth/engine/resource/compute", "the facade has no AWS types and no kinds"},
		{"berth/engine/plan", "berth/engine/target/ecs", "only the facade knows a target by name"},
		{"berth/engine/view", "github.com/charmbracelet/lipgloss", "Charm stays in tui and cmd + view is a reducer of events"},
		{"berth/engine/view", "berth/engine/clock", "view is a reducer of events"},
		{"berth/engine/fail", "berth/engine/event", "fail and clock stand alone"},
		{"berth/engine/event", "berth/engine/view", "event knows failures only"},
		{"berth/engine/project", "os/exec", "spec and project call nobody"},
		{"berth/cmd/internal/early", "github.com/muesli/termenv", "early imports the standard library only"},

		{"berth/engine/resource/traffic", "berth/engine/resource/compute", "traffic imports families before it only"},
		{"berth/engine/resource/network", "berth/engine/resource/data", "network imports families before it only"},
		{"berth/engine/resource", "berth/engine/resource/network", "the contract of kinds knows no kind"},
		{"berth/engine/resource/access", "berth/engine/plan", "a kind knows nothing of plans, runs or targets"},
		{"berth/engine/run", "berth/engine/resource/kindtest", "only tests import kindtest"},

		{"berth/engine/resource/compute", "berth/engine/resource/data", ""},
		{"berth/cmd/internal/cli", "berth/engine/sim", ""},
		{"berth/cmd/internal/cli", "berth/tui", ""},
		{"berth/engine/sim/registry", "berth/engine/sim", ""},
		{"berth/engine", "berth/engine/resource", ""},
		{"berth/engine", "berth/engine/target/ecs", ""},
		{"berth/tui/screen/needs", "berth/compare/advise", ""},
		{"berth/compare/catalog", "github.com/pelletier/go-toml/v2", ""},
		{"berth/assets", "embed", ""},
		{"berth/engine/resource", "github.com/aws/aws-sdk-go-v2/service/ecs", ""},
	} {
		wrong := wrongArrows([]listed{{ImportPath: c.from, Imports: []string{c.to}}})
		var says []string
		for _, w := range wrong {
			_, rule, _ := strings.Cut(w, ", but ")
			says = append(says, rule)
		}
		if got := strings.Join(says, " + "); got != c.says {
			t.Errorf("%s -> %s: complaints %q, want %q", c.from, c.to, got, c.says)
		}
	}
}

// Imports of tests count, save where a rule says that tests may.
func TestArrowsOfTests(t *testing.T) {
	good := listed{ImportPath: "berth/engine/run", XTestImports: []string{"berth/engine/sim"}}
	bad := listed{ImportPath: "berth/engine/run", TestImports: []string{"berth/tui"}}
	if w := wrongArrows([]listed{good}); len(w) != 0 {
		t.Error(w)
	}
	if w := wrongArrows([]listed{bad}); len(w) != 2 {
		t.Errorf("complaints: %q, want two", w)
	}
}

// TestTop keeps the top level of the repository short.
func TestTop(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	fixed := l("cmd", "tui", "engine", "compare", "assets", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
		"bin", "dist") // the last two are what builds leave, and ignored by git
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(fixed, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}
