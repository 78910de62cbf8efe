package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/project"
	"berth/engine/spec"
	"berth/tui/screen"
)

// demanding is an app with three things to settle before it runs, one of each kind.
func demanding() *fakeEngine {
	e := fresh()
	e.findings.Findings = append([]screen.Finding{
		{
			ID: "dockerfile-loopback", Severity: project.Must, File: "Dockerfile", Line: 90, Text: `CMD ["server", "--host", "127.0.0.1"]`,
			Means: "the app listens on 127.0.0.1 alone, where no load balancer reaches it",
			Diff:  "-CMD [\"server\", \"--host\", \"127.0.0.1\"]\n+CMD [\"server\", \"--host\", \"0.0.0.0\"]\n",
		},
		{
			ID: "name-generated", Severity: project.Must, File: "config/runtime.exs", Line: 11, Text: `System.fetch_env!("SECRET_KEY_BASE")`,
			Means:    "the app does not start without SECRET_KEY_BASE, for which any random text will do",
			Variable: &project.Variable{Name: "SECRET_KEY_BASE", Kind: project.Generated},
		},
		{
			ID: "name-setting", Severity: project.Must, File: "config/runtime.exs", Line: 12, Text: `System.fetch_env!("SITE_TITLE")`,
			Means:    "the app does not start without SITE_TITLE",
			Variable: &project.Variable{Name: "SITE_TITLE", Kind: project.Setting},
		},
		{ID: "dockerfile-root", Severity: project.Should, File: "Dockerfile", Line: 80, Text: "USER root", Means: "the app runs as root"},
	}, e.findings.Findings...)
	return e
}

func TestMustsAreTickedOrAnsweredWhereTheyStand(t *testing.T) {
	inBubble(t, demanding(), func(d *harness) {
		d.sees("To settle before the app runs", "Worth a look", "127.0.0.1 alone", "space ticks it off")
		d.press("space") // seen to; on to the next one
		d.sees("SECRET_KEY_BASE", "a answers it")
		d.press("a", "a", "Live Beats", "enter") // the first one is made up
		s := d.s.Spec()
		if got := s.Secrets.FromSSM; len(got) != 1 || got[0] != "SECRET_KEY_BASE" || s.Env["SITE_TITLE"] != "Live Beats" {
			t.Errorf("secrets %v, variables %v", got, s.Env)
		}
		if open := d.s.OpenMusts(); len(open) > 0 {
			t.Errorf("still open: %v", open)
		}
		if spec.Exists(d.s.Dir) {
			t.Error("berth.toml was written")
		}
		d.press(toReview...)
		d.press("y") // nothing is open, so nothing more is asked
		d.expect(screen.Deploy{})
	})
}

func TestOpenMustsAreCountedAndAskedForAgain(t *testing.T) {
	inBubble(t, demanding(), func(d *harness) {
		d.press("space", "enter")
		for range 3 {
			d.sees("2 to settle")
			d.press("enter")
		}
		d.expect(screen.Review{})
		d.sees("2 to settle", "To settle before the app runs", "The app does not start without SITE_TITLE")
		d.press("y", "y") // a key that is hit twice is no second yes
		d.expect(screen.Review{})
		d.sees("Deploy anyway?", "SITE_TITLE", "d deploy anyway")
		d.press("esc")
		if d.engine.called("apply") != 0 || spec.Exists(d.s.Dir) {
			t.Fatal("carried out, or written")
		}
		d.press("y", "d")
		d.expect(screen.Deploy{})
	})
}

// A must that is open adds one key at most to the way to the address.
func TestATickedMustCostsOneKey(t *testing.T) {
	inBubble(t, demanding(), func(d *harness) {
		keys := append([]string{"space", "space", "space"}, append(toReview[:len(toReview):len(toReview)], "y")...)
		d.press(keys...)
		d.expect(screen.Deploy{})
		if len(keys) > 8+3 {
			t.Errorf("%d keys", len(keys))
		}
	})
}

// What runs already has shown that it starts.
func TestAnAppThatRunsIsNotAskedForItsMusts(t *testing.T) {
	e := deployed()
	e.findings = demanding().findings
	inBubble(t, e, func(d *harness) {
		d.press("r", "y")
		d.expect(screen.Deploy{})
	})
}

func TestABrokenBudgetNeedsASecondYes(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		if err := d.s.Draft.Set("service.instances", "2"); err != nil {
			t.Fatal(err)
		}
		d.s.Draft.Answers("budget", map[string]string{"max_monthly_usd": "40"}) // the review shows $41.87
		d.press(toReview...)
		d.press("y")
		d.expect(screen.Review{})
		d.sees("$41.87 a month, $1.87 more than the budget of $40.00")
		d.press("d")
		d.expect(screen.Deploy{})
	})
}

func TestAServiceThatDoesNotFitNeedsASecondYes(t *testing.T) {
	e := fresh()
	inBubble(t, e, func(d *harness) {
		d.s.Advisor = unfit{d.s.Advisor}
		d.press("enter", "enter", "enter")
		d.expect(screen.Compare{})
		d.sees("Choose ECS on Fargate anyway?", "It is not in this region")
		d.press("enter", "esc")
		d.expect(screen.Compare{})
		d.press("enter", "y")
		d.expect(screen.Settings{})
	})
}

func TestAChangeIsOpened(t *testing.T) {
	inBubble(t, changing(), func(d *harness) {
		d.press("r")
		d.expect(screen.Review{})
		d.sees("memory: 512 → 1024", "$1.87 a month more than now")
		d.press("o")
		d.sees("memory  512 → 1024", "esc close")
		d.press("esc")
		d.expect(screen.Review{})
		d.sees("Update")
		d.press("down", "o")
		if v := d.view(); strings.Contains(v, "512 → 1024") || !strings.Contains(v, "HELLO") {
			t.Errorf("not the next change:\n%s", v)
		}
	})
}

// changing is deployed with settings that have changed since.
func changing() *fakeEngine {
	e := deployed()
	was := e.plan.MonthlyUSD - 1.87
	e.plan.WasUSD = &was
	for i := range e.plan.Changes {
		switch c := &e.plan.Changes[i]; c.ID {
		case "image":
			c.Action = event.None
		case "task-definition":
			c.Diff = []engine.FieldChange{{Field: "memory", Old: "512", New: "1024"}}
		case "service":
			c.Diff = []engine.FieldChange{{Field: "env HELLO", New: "world"}, {Field: "policy", Old: "{\n  \"Version\": 1\n}", New: "{\n  \"Version\": 2\n}"}}
		}
	}
	return e
}

// What somebody types or pastes as a secret is seen in no frame, and comes with the plan's request.
func TestASecretIsTypedUnseen(t *testing.T) {
	e := fresh()
	e.findings.Findings = append([]screen.Finding{{
		ID: "name-secret", Severity: project.Must, File: "config/runtime.exs", Line: 13, Text: `System.fetch_env!("STRIPE_KEY")`,
		Means: "the app does not start without STRIPE_KEY", Variable: &project.Variable{Name: "STRIPE_KEY", Kind: project.Secret},
	}}, e.findings.Findings...)
	inBubble(t, e, func(d *harness) {
		unseen := func() {
			if v := d.view(); strings.Contains(v, "marker") {
				t.Fatalf("the value is seen:\n%s", v)
			}
		}
		d.press("a", "marker")
		unseen()
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("-a\nmarker-b"), Paste: true})
		d.sees("several lines", "berth secrets set")
		unseen()
		d.press("-1", "enter")
		unseen()
		if got := d.s.Spec().Secrets.FromSSM; len(got) != 1 || got[0] != "STRIPE_KEY" {
			t.Errorf("names %v", got)
		}
		keys := toReview
		d.press(keys...)
		unseen()
		if got := e.last.Given; len(got) != 1 || got[0].Reveal() != "marker-1" {
			t.Errorf("the plan was asked for with %v", got)
		}
		d.press("y")
		d.expect(screen.Deploy{})
		if b, err := os.ReadFile(filepath.Join(d.s.Dir, "berth.toml")); err != nil || strings.Contains(string(b), "marker") || !strings.Contains(string(b), "STRIPE_KEY") {
			t.Errorf("berth.toml: %s, %v", b, err)
		}
	})
}

// One key has the database made that the app asks for.
func TestADatabaseIsMadeOnAKey(t *testing.T) {
	e := fresh()
	e.findings.Findings = append([]screen.Finding{{
		ID: "name-secret", Severity: project.Must, File: "config/runtime.exs", Line: 13, Text: `System.fetch_env!("DATABASE_URL")`,
		Means:    "the app does not start without DATABASE_URL, by which it finds its database",
		Variable: &project.Variable{Name: "DATABASE_URL", Kind: project.Secret, Database: true},
	}}, e.findings.Findings...)
	inBubble(t, e, func(d *harness) {
		d.sees("n new database")
		d.press("n")
		if db := d.s.Spec().Database; db == nil || db.Engine != "postgres" || db.Class == "" || len(d.s.OpenMusts()) > 0 {
			t.Errorf("database %+v, open %v", db, d.s.OpenMusts())
		}
	})
}

// What the header counts is what the review lists: musts, needs that nothing makes, and a budget that is broken.
func TestTheHeaderCountsWhatTheReviewLists(t *testing.T) {
	inBubble(t, demanding(), func(d *harness) {
		d.s.Draft.Answers("needs", map[string]string{"max_monthly_usd": "40", "grpc": "true"}) // the review shows $41.87
		d.press("space", "enter")
		d.sees("3 to settle") // no sum is known here yet
		d.press(toReview[1:]...)
		d.expect(screen.Review{})
		d.sees("4 to settle", "SECRET_KEY_BASE", "SITE_TITLE", "berth does not build gRPC", "more than the budget of $40.00", "4 points above are still open")
		d.press("y", "d")
		d.expect(screen.Deploy{})
		if v := d.view(); strings.Contains(v, "to settle") {
			t.Errorf("what was accepted is still counted:\n%s", v)
		}
	})
}

// TestKeysToTheAddress counts keys from the first screen to the address of an app with more and more to settle, all of it
// answered where it stands: no more than eight, and one more for each. A text that is typed counts as one key.
func TestKeysToTheAddress(t *testing.T) {
	answers := [][]string{{"space"}, {"a"}, {"a", "Live Beats", "enter"}}
	for n := range len(answers) + 1 {
		e := demanding()
		e.findings.Findings = append(e.findings.Findings[:n:n], e.findings.Findings[len(answers):]...)
		inBubble(t, e, func(d *harness) {
			if open := len(d.s.OpenMusts()); open != n {
				t.Fatalf("%d musts, not %d", open, n)
			}
			keys := slices.Concat(slices.Concat(answers[:n]...), toReview, []string{"y"})
			d.press(keys...)
			d.pass(20 * time.Minute)
			d.expect(screen.Result{})
			d.sees("is live", "https://")
			t.Logf("%d to settle: %d keys", n, len(keys))
			if len(keys) > 8+n {
				t.Errorf("%d to settle: %d keys", n, len(keys))
			}
		})
	}
}
