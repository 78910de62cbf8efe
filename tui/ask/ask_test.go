package ask

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"berth/assets"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/sim"
	"berth/engine/spec"
	"berth/tui/screen"
)

// talk has a conversation about the sample app on a simulated account and returns what was said.
func talk(t *testing.T, eng *engine.Engine, dir string, answers ...string) (*screen.Plan, string, error) {
	t.Helper()
	var out strings.Builder
	p, err := Run(t.Context(), screen.Options{Engine: screen.Open(eng), Dir: dir, Region: "eu-west-2", RegionFrom: "AWS_REGION"},
		strings.NewReader(strings.Join(answers, "\n")+"\n"), &out)
	return p, out.String(), err
}

func sample(t *testing.T) string {
	t.Helper()
	dir := demanding(t)
	config := filepath.Join(dir, "config", "runtime.exs")
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, bytes.ReplaceAll(b, []byte("fetch_env!"), []byte("get_env")), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// demanding is the same app with variables that it does not start without.
func demanding(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "guestbook")
	tree, err := fs.Sub(assets.Sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, tree); err != nil {
		t.Fatal(err)
	}
	return dir
}

func simulated(t *testing.T, faults ...string) *engine.Engine {
	t.Helper()
	o := sim.Options{Region: "eu-west-2", Speed: 2000}
	for _, rule := range faults {
		f, err := sim.ParseFault(rule)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, f)
	}
	a, err := sim.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Open(engine.Options{Environment: a.Environment(), Builder: a.Builder(), Runs: t.TempDir()})
}

func TestTheWholeConversation(t *testing.T) {
	dir := sample(t)
	eng := simulated(t)
	p, said, err := talk(t, eng, dir, "", "", "", "no", "yes")
	if err != nil || p == nil {
		t.Fatalf("plan %v, error %v, said:\n%s", p, err, said)
	}
	for _, want := range []string{"simulated", "What was found", "WebSockets: yes", "ECS on Fargate: fits", "Nothing is done without yes", p.Hash} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %q in\n%s", want, said)
		}
	}
	if !spec.Exists(dir) {
		t.Error("berth.toml was not written")
	}
	r := eng.Apply(t.Context(), p)
	res, err := r.Wait(t.Context())
	if err != nil || res.Outcome != event.Succeeded {
		t.Fatalf("ended %+v, %v", res, err)
	}

	// Now that it runs, the conversation begins with what runs.
	p, said, err = talk(t, eng, dir, "redeploy")
	if err != nil || p != nil || !strings.Contains(said, "Nothing would change") {
		t.Errorf("redeploy: plan %v, error %v, said:\n%s", p, err, said)
	}
	if err := os.Remove(filepath.Join(dir, spec.FileName)); err != nil { // as after berth deploy, which writes none
		t.Fatal(err)
	}
	if p, said, err := talk(t, eng, dir, "rollback", "quit"); err != nil || p != nil || !strings.Contains(said, "There is no earlier healthy version") {
		t.Errorf("rollback of a first version: plan %v, error %v, said:\n%s", p, err, said)
	}
	write(t, dir, "VERSION", "2")
	p, said, err = talk(t, eng, dir, "", "yes")
	if err != nil || p == nil {
		t.Fatalf("redeploy: plan %v, error %v, said:\n%s", p, err, said)
	}
	if _, err := eng.Apply(t.Context(), p).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, said, err = talk(t, eng, dir, "rollback", "77", "", "yes")
	if err != nil || p == nil || p.Verb != "rollback" || !strings.Contains(said, "- 1, deployed") || !strings.Contains(said, "no revision") {
		t.Errorf("rollback: plan %v, error %v, said:\n%s", p, err, said)
	}
	app := res.Endpoint
	if !strings.Contains(said, app) {
		t.Errorf("the address %s is not said:\n%s", app, said)
	}
	name := strings.TrimSpace(strings.SplitN(said[strings.Index(said, "\n\n")+2:], " ", 2)[0])
	p, said, err = talk(t, eng, dir, "destroy", "yes", name)
	if err != nil || p == nil || !p.Destroy {
		t.Errorf("destroy: plan %v, error %v, said:\n%s", p, err, said)
	}
}

func TestWhatIsCertainToFailIsNotAskedFor(t *testing.T) {
	p, said, err := talk(t, simulated(t, "deny=ecs:CreateService"), sample(t), "", "", "", "policy", "", "yes", "quit")
	if err != nil || p != nil {
		t.Fatalf("plan %v, error %v, said:\n%s", p, err, said)
	}
	for _, want := range []string{
		"This would fail: the permission ecs:CreateService is missing.", `"Action": "ecs:CreateService"`, "in any case and", "Public: ",
		`"yes" is not one of the answers.`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %q in\n%s", want, said)
		}
	}
	if n := strings.Count(said, "Checking permissions and quotas."); n != 2 {
		t.Errorf("checked %d times", n)
	}
	if strings.Contains(said, "Type yes") {
		t.Error("asked all the same")
	}
}

func TestAnswersAreTakenAndChecked(t *testing.T) {
	dir := sample(t)
	_, said, err := talk(t, simulated(t), dir, "99", "1", "maybe", "no", "6", "none of your business", "3", "", "", "1", "UPPER", "", "1", "harbor2", "quit")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"Type a number from 1 to", "Answer yes or no", "1. WebSockets: no (your answer)", "A whole number", "That is not possible: app", "1. App name: harbor2 (your answer)"} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %q in\n%s", want, said)
		}
	}
}

func TestGoingBackAndLeaving(t *testing.T) {
	dir := sample(t)
	p, said, err := talk(t, simulated(t), dir, "", "back", "quit")
	if p != nil || err != nil || strings.Count(said, "What the app needs:") != 2 {
		t.Errorf("plan %v, error %v, said:\n%s", p, err, said)
	}
	if spec.Exists(dir) {
		t.Error("berth.toml was written")
	}
}

func TestQuitLeavesInTheMiddleOfAnAnswer(t *testing.T) {
	for _, answers := range [][]string{{"1", "quit"}, {"", "", "1", "quit"}} {
		p, said, err := talk(t, simulated(t), sample(t), answers...)
		if p != nil || err != nil {
			t.Errorf("%q: plan %v, error %v, said:\n%s", answers, p, err, said)
		}
	}
	if _, said, err := talk(t, simulated(t), sample(t), "1", "back", "quit"); err != nil || strings.Count(said, "Number to change") != 2 {
		t.Errorf("back in an answer: %v, said:\n%s", err, said)
	}
}

func TestAnswersThatEnd(t *testing.T) {
	dir := sample(t)
	p, _, err := talk(t, simulated(t), dir, "")
	if p != nil || err == nil || fail.From(err).Class != fail.Usage {
		t.Errorf("plan %v, error %v", p, err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAmountsAreSaidInWords looks for signs that a screen reader reads out as noise.
func TestAmountsAreSaidInWords(t *testing.T) {
	for _, x := range []struct {
		lines []price.Line
		high  float64
		want  string
	}{
		{[]price.Line{{Known: true}}, 12.5, "12.50 dollars a month"},
		{[]price.Line{{Known: true, Old: true}}, 12.5, "12.50 dollars a month"}, // how old is said once
		{[]price.Line{{Known: true, Confidence: "unverified"}}, 12.5, "about 12.50 dollars a month"},
		{[]price.Line{{Known: true, Confidence: "unverified"}, {}}, 20, "at least 12.50 dollars a month"},
		{[]price.Line{{}}, 0, "no price known"},
	} {
		if got := monthly(price.Estimate{MonthlyUSD: 12.5, HighUSD: x.high, Lines: x.lines}); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}

func TestYesIsYesInAnyCase(t *testing.T) {
	eng, dir := simulated(t), sample(t)
	_, said, err := talk(t, eng, dir, "", "", "quit")
	found := regexp.MustCompile(`(?m)^(\d+)\. WebSockets: yes \(lib/`).FindAllStringSubmatch(said, -1)
	if err != nil || len(found) == 0 {
		t.Fatalf("%v, no WebSockets in:\n%s", err, said)
	}
	n := found[len(found)-1][1] // of the settings, which come last
	_, said, err = talk(t, eng, dir, "", "", n, "no", n, "Yes", "list", "quit")
	if err != nil || !strings.Contains(said, n+". WebSockets: yes (your answer)") {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestOnlyEnterGoesOnFromTheComparison answers with something that the comparison does not ask for.
func TestOnlyEnterGoesOnFromTheComparison(t *testing.T) {
	eng, dir := simulated(t), sample(t)
	_, said, err := talk(t, eng, dir, "", "no", "quit")
	if err != nil || strings.Contains(said, "Settings:") || !strings.Contains(said, "Enter continues") {
		t.Errorf("%v\n%s", err, said)
	}
}

// What the app does not start without is made up or typed, is in nothing that is said, and is kept with the yes alone.
func TestSecretsAreAskedFor(t *testing.T) {
	dir := demanding(t)
	eng := simulated(t)
	p, said, err := talk(t, eng, dir, "", "marker-typed", "", "", "", "yes")
	if err != nil || p == nil {
		t.Fatalf("plan %v, error %v, said:\n%s", p, err, said)
	}
	s, err := spec.Load(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Secrets.FromSSM) != 2 || strings.Contains(said, "marker-typed") {
		t.Errorf("names %v, said:\n%s", s.Secrets.FromSSM, said)
	}
	if res, err := eng.Apply(t.Context(), p).Wait(t.Context()); err != nil || res.Outcome != event.Succeeded {
		t.Fatalf("ended %+v, %v", res, err)
	}
}

// Files that must stay lead to the question which folder that is.
func TestTheFolderOfFilesThatStayIsAsked(t *testing.T) {
	eng, dir := simulated(t), sample(t)
	_, said, err := talk(t, eng, dir, "", "no", "quit")
	found := regexp.MustCompile(`(?m)^(\d+)\. Files that must stay: no`).FindStringSubmatch(said)
	if err != nil || found == nil {
		t.Fatalf("%v, no files that must stay in:\n%s", err, said)
	}
	_, said, err = talk(t, eng, dir, found[1], "yes", "uploads", "/srv/uploads", "list", "quit")
	for _, want := range []string{"Which folder, such as /app/uploads?", "not an absolute path", found[1] + ". Files that must stay: yes"} {
		if err != nil || !strings.Contains(said, want) {
			t.Errorf("%v, no %q in:\n%s", err, want, said)
		}
	}
}

// The sum of what scales is a range, and that of a destroy is what it ends.
func TestSumsOfPlansInWords(t *testing.T) {
	p := &screen.Plan{Sum: plan.Sum{MonthlyUSD: 40, MostUSD: 95.5, Complete: true}}
	if got := monthlyOf(p); got != "$40.00 to $95.50 a month in total" {
		t.Error(got)
	}
	p.Destroy, p.KeptUSD = true, 15
	if got := monthlyOf(p); got != "which end a cost of $25.00 to $80.50 a month" {
		t.Error(got)
	}
}
