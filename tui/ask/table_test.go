package ask

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"berth/engine/event"
	"berth/engine/spec"
	"berth/tui/screen/needs"
	"berth/tui/screen/settings"
)

// said is a part of a conversation that has a function of the screens: what is answered, and what is heard then.
type said struct {
	deployed bool // the app runs already, in two versions
	faults   []string
	answers  []string
	hears    []string
	plan     string // the verb of the plan that is confirmed, empty for none
}

// conversations has one for each row of the table in README.md that names --accessible.
var conversations = map[string]said{
	"what was found":               {answers: []string{"quit"}, hears: []string{"What was found:", "Dockerfile line 29: EXPOSE 4000."}},
	"questions and settings":       {answers: []string{"1", "no", "", "", "1", "other", "quit"}, hears: []string{"1. WebSockets: no (your answer)", "1. App name: other (your answer)"}},
	"undo an answer":               {answers: []string{"1", "no", "undo", "undo", "quit"}, hears: []string{"Undid WebSockets.", "There is nothing to undo."}},
	"which service, what it costs": {answers: []string{"", "quit"}, hears: []string{"ECS on Fargate: fits, "}},
	"what would change":            {answers: []string{"", "", "", "quit"}, hears: []string{"- create Load balancer", "Type yes to do exactly this"}},
	"what stands in the way; the policy for what is missing": {
		faults: []string{"deny=ecs:CreateService"}, answers: []string{"", "", "", "policy", "quit"}, hears: []string{"This would fail", `"ecs:CreateService"`},
	},
	"deploy":    {answers: []string{"", "", "", "yes"}, plan: "deploy"},
	"what runs": {deployed: true, answers: []string{"quit"}, hears: []string{" is running: 2 of 2 instances run, at https://"}},
	"roll back": {deployed: true, answers: []string{"rollback", "", "yes"}, hears: []string{"- 1, deployed "}, plan: "rollback"},
	"restart":   {deployed: true, answers: []string{"restart", "yes"}, hears: []string{"starts new tasks"}, plan: "restart"},
	"scale":     {deployed: true, answers: []string{"settings", "6", "3", "", "", "", "yes"}, hears: []string{"6. Instances: 3 (your answer)"}, plan: "deploy"},
	"move an app that runs elsewhere, or keep both": {
		deployed: true, answers: []string{"settings", "", "", "1", "other", "", "both of them", "move", "yes"}, hears: []string{"Not settled: harbor (production) in eu-west-2 costs $", "Move it"}, plan: "deploy",
	},
	"destroy": {deployed: true, answers: []string{"destroy", "harbor"}, plan: "destroy"},
}

// TestTheConversationHasWhatTheREADMESays has the conversation of each row.
func TestTheConversationHasWhatTheREADMESays(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range strings.Split(string(text), "\n") {
		cells := strings.Split(l, "|")
		if len(cells) != 4 || !strings.Contains(cells[2], "`--accessible`") {
			continue
		}
		found++
		row := strings.TrimSpace(cells[1])
		c, ok := conversations[row]
		if !ok {
			t.Errorf("the table of README.md says that --accessible does %q: add a conversation that does it to conversations", row)
			continue
		}
		t.Run(row, func(t *testing.T) { c.have(t) })
	}
	if found != len(conversations) {
		t.Errorf("%d rows name --accessible, and there are %d conversations", found, len(conversations))
	}
}

func (c said) have(t *testing.T) {
	dir, eng := filepath.Join(filepath.Dir(sample(t)), "harbor"), simulated(t, c.faults...)
	if err := os.Rename(filepath.Join(filepath.Dir(dir), "guestbook"), dir); err != nil {
		t.Fatal(err)
	}
	for version := range 2 {
		if !c.deployed {
			break
		}
		write(t, dir, "VERSION", strings.Repeat("x", version))
		answers := []string{"", "", "", "yes"}
		if version > 0 {
			answers = []string{"", "yes"}
		}
		p, heard, err := talk(t, eng, dir, answers...)
		if err != nil || p == nil {
			t.Fatalf("not deployed: %v\n%s", err, heard)
		}
		if res, err := eng.Apply(t.Context(), p).Wait(t.Context()); err != nil || res.Outcome != event.Succeeded {
			t.Fatalf("not deployed: %+v, %v", res, err)
		}
	}
	p, heard, err := talk(t, eng, dir, c.answers...)
	if err != nil {
		t.Fatalf("%v\n%s", err, heard)
	}
	for _, want := range c.hears {
		if !strings.Contains(heard, want) {
			t.Errorf("%q is not said in\n%s", want, heard)
		}
	}
	verb := ""
	if p != nil {
		verb = p.Verb
	}
	if verb != c.plan {
		t.Errorf("confirmed %q, want %q:\n%s", verb, c.plan, heard)
	}
}

// TestEveryQuestionAndSettingIsAsked compares what is asked line by line with what the screens ask.
func TestEveryQuestionAndSettingIsAsked(t *testing.T) {
	_, heard, err := talk(t, simulated(t), sample(t), "", "", "quit")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range needs.All(nil) {
		if q.ID != "" && !strings.Contains(heard, ". "+q.Label+": ") {
			t.Errorf("%s is not asked", q.Label)
		}
	}
	_, of, _ := strings.Cut(heard, "Settings:\n")
	answers := []string{"", ""}
	for _, m := range slices.Backward(regexp.MustCompile(`(?m)^(\d+)\. \d+ more of `).FindAllStringSubmatch(of, -1)) {
		answers = append(answers, m[1]) // from the last on, so that the numbers before it stay
	}
	if len(answers) == 2 {
		t.Fatalf("nothing is folded away:\n%s", of)
	}
	if _, heard, err = talk(t, simulated(t), sample(t), append(answers, "list", "quit")...); err != nil {
		t.Fatal(err)
	}
	_, of, _ = strings.Cut(heard, "Settings:\n")
	for _, r := range settings.Rows(&spec.Spec{}) {
		if r.Heading == "" && !strings.Contains(of, ". "+r.Label+": ") {
			t.Errorf("%s cannot be set:\n%s", r.Name, of)
		}
	}
}
