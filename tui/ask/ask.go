// Package ask is the wizard without a screen: the same questions, defaults and checks, line by line, for
// screen readers and for terminals that cannot draw. It ends with a confirmed plan, or without one.
package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"berth/compare"
	"berth/compare/need"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/screen/needs"
	"berth/tui/screen/settings"
	"berth/tui/widget"
)

// asker is one conversation.
type asker struct {
	s         *screen.Session
	in        *bufio.Reader
	tty       io.Reader // what in reads
	out       io.Writer
	confirmed *screen.Plan // nil before
}

// step is one part of the conversation. It says whether to go on, back, or to end.
type step func(context.Context) (turn, error)

type turn int

const (
	on turn = iota
	back
	end
)

// errGone means that nobody answers any more.
var errGone = errors.New("the input has ended")

// Run asks until a plan is confirmed, which it returns, or until the user leaves: then the plan is nil. An
// input that ends is a Usage failure.
func Run(ctx context.Context, o screen.Options, in io.Reader, out io.Writer) (*screen.Plan, error) {
	a := &asker{s: screen.NewSession(ctx, o), in: bufio.NewReader(in), tty: in, out: out}
	if sim := o.Engine.Simulated(); sim != "" {
		a.say("%s", sim)
	}
	review := func(ctx context.Context) (turn, error) { return a.review(ctx, false) }
	begin := func(ctx context.Context) (turn, error) {
		if t, err := a.project(ctx); err != nil || t != on {
			return t, err
		}
		return a.secrets(ctx)
	}
	steps := []step{begin, a.needs, a.compare, a.settings, review}
	for i := 0; i < len(steps); {
		t, err := steps[i](ctx)
		if errors.Is(err, errGone) {
			return nil, &fail.Error{
				Class: fail.Usage, Cause: "the input ended before a plan was confirmed",
				Remedy: "berth deploy --yes asks nothing", Err: err,
			}
		}
		if err != nil {
			return nil, err
		}
		switch t {
		case end:
			return a.confirmed, nil
		case back:
			i = max(0, i-1)
		default:
			i++
		}
	}
	return a.confirmed, nil
}

func (a *asker) say(format string, args ...any) {
	fmt.Fprintf(a.out, format+"\n", args...)
}

// ask reads one line. Its words for going back and leaving work everywhere.
func (a *asker) ask(prompt string) (string, turn, error) {
	fmt.Fprint(a.out, prompt+" ")
	line, err := a.in.ReadString('\n')
	if err != nil && line == "" {
		a.say("")
		return "", end, errGone
	}
	line = strings.TrimSpace(widget.Clean(line))
	switch line {
	case "back":
		return "", back, nil
	case "quit":
		return "", end, nil
	}
	return line, on, nil
}

// project reads the source tree, and what runs already, and tells both.
func (a *asker) project(ctx context.Context) (turn, error) {
	if a.s.Draft != nil {
		return end, nil // back from the first question
	}
	start, err := screen.Read(ctx, a.s.Options)
	if err != nil {
		return end, err
	}
	a.s.Findings, a.s.Draft = start.Findings, start.Draft
	a.say("What was found:")
	for _, f := range a.s.Findings.Findings {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s line %d", f.File, f.Line)
		}
		if place != "" {
			place += ": "
		}
		a.say("- %s%s. %s.", place, f.Text, widget.Sentence(f.Means))
	}
	a.imports()
	if t, err := a.dockerfile(ctx); t != on || err != nil {
		return t, err
	}
	a.say("Enter accepts, back goes one step back, quit leaves. Nothing is created before you confirm it.")
	if a.s.Spec().Region == "" {
		return on, nil
	}
	return a.running(ctx, start.Said)
}

// patience is how long somebody who may only just begin waits for what runs.
const patience = 10 * time.Second

// running tells what runs of an app that was deployed before, and asks what to do with it. Without a berth.toml
// nobody said that it was, so then it is no news when nobody can be asked.
func (a *asker) running(ctx context.Context, said bool) (turn, error) {
	look := ctx
	if !said {
		var cancel context.CancelFunc
		look, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	seen, err := screen.Look(look, a.s.Engine, a.s.Spec())
	st := seen.Status
	switch {
	case ctx.Err() != nil:
		return end, ctx.Err()
	case err != nil && said:
		a.say("berth could not find out what runs now: %s.", fail.From(err).Cause)
		return on, nil
	case err != nil || screen.Runs(st) == "":
		return on, nil
	}
	a.s.Status = st
	a.say("")
	a.say("%s is %s: %d of %s run, at %s, revision %s.", st.App, st.State, st.Running,
		widget.Count(st.Desired, "instance"), st.Endpoint, st.Revision)
	if d := st.LastFailed(); d != nil {
		why := ""
		if d.Reason != "" {
			why = ": " + strings.TrimSuffix(d.Reason, ".")
		}
		a.say("The last deployment, of %s, failed%s.", d.Revision, why)
	}
	for {
		answer, t, err := a.ask("redeploy, rollback, restart, settings, destroy or quit? [redeploy]")
		if err != nil || t != on {
			return end, err
		}
		switch answer {
		case "", "redeploy":
			t, err := a.review(ctx, false)
			if err == nil && t == back {
				continue
			}
			return end, err
		case "rollback":
			t, err := a.rollback(ctx, st)
			if err == nil && t == back {
				continue
			}
			return end, err
		case "restart":
			req := a.s.Request()
			req.Restart = true
			t, err := a.planned(ctx, req)
			if err == nil && t == back {
				continue
			}
			return end, err
		case "settings":
			return on, nil
		case "destroy":
			t, err := a.review(ctx, true)
			if err == nil && t == back {
				continue
			}
			return end, err
		default:
			a.say("%q is not one of them.", answer)
		}
	}
}

// choose lists lines and asks for the number of one to change, until there is nothing more to change. What
// was changed is told; all of it only when asked for.
func (a *asker) choose(lines func() []string, change func(int) (turn, error)) (turn, error) {
	before := lines()
	a.list(before)
	for {
		answer, t, err := a.ask("Number to change, list, undo, or Enter to accept all:")
		if err != nil || t != on || answer == "" {
			return t, err
		}
		n, convErr := strconv.Atoi(answer)
		switch {
		case answer == "list":
			a.list(before)
			continue
		case answer == "undo":
			label := a.s.Draft.Undo()
			if label == "" {
				a.say("There is nothing to undo.")
				continue
			}
			a.say("Undid %s.", a.called(label))
			before = a.changed(before, lines())
			continue
		case convErr != nil || n < 1 || n > len(before):
			a.say("Type a number from 1 to %d.", len(before))
			continue
		}
		if t, err := change(n - 1); err != nil || t == end {
			return end, err
		}
		before = a.changed(before, lines())
	}
}

// called is what an undo took back, as its question or its setting is called.
func (a *asker) called(what string) string {
	if label := needs.Called(a.s.Draft, what); label != what {
		return label
	}
	if _, ok := spec.KeyOf(what); ok {
		return settings.Label(what)
	}
	return what
}

// changed tells the lines that are not as before, and returns all.
func (a *asker) changed(before, after []string) []string {
	for i, l := range after {
		if i >= len(before) || before[i] != l {
			a.say("%d. %s", i+1, l)
		}
	}
	return after
}

func (a *asker) list(lines []string) {
	for i, l := range lines {
		a.say("%d. %s", i+1, l)
	}
}

func (a *asker) needs(ctx context.Context) (turn, error) {
	var qs []needs.Question
	for _, q := range needs.All(a.s.Draft) {
		if q.ID != "" {
			qs = append(qs, q)
		}
	}
	a.say("")
	a.say("What the app needs:")
	t, err := a.choose(func() (lines []string) {
		var services []compare.Service
		if r, err := a.s.Compare(); err == nil {
			services = r.Services
		}
		for _, q := range qs {
			_, show := q.Value(a.s.Draft)
			if cost := q.Cost(services); cost != "" {
				show += ", " + cost
			}
			lines = append(lines, fmt.Sprintf("%s: %s (%s)", q.Label, show, q.From(a.s.Draft)))
		}
		return lines
	}, func(i int) (turn, error) { return a.answer(qs[i]) })
	if t == on && err == nil && a.s.Spec().Region == "" {
		a.say("A region is needed, such as eu-west-2.")
		return a.needs(ctx)
	}
	return t, err
}

func (a *asker) answer(q needs.Question) (turn, error) {
	a.say(q.About())
	edit, show := q.Value(a.s.Draft)
	for {
		value, t, err := a.ask(fmt.Sprintf("%s [%s]:", q.Label, show))
		if err != nil || t != on || value == "" {
			return t, err
		}
		switch {
		case value == "none" || value == "-":
			value = ""
		case q.Kind == need.YesNo:
			yes := strings.HasPrefix(strings.ToLower(value), "y")
			if !yes && !strings.HasPrefix(strings.ToLower(value), "n") {
				a.say("Answer yes or no.")
				continue
			}
			value = strconv.FormatBool(yes)
		}
		if err := q.Check(value); err != nil {
			a.say("%s.", widget.Sentence(err.Error()))
			continue
		}
		if value == edit {
			return on, nil
		}
		if err := a.s.Draft.Answer(q.Need, value); err != nil {
			a.say("%s.", widget.Sentence(err.Error()))
			continue
		}
		if a.s.Draft.WantsFolder(q.Need) {
			return a.folder()
		}
		return on, nil
	}
}

// folder asks for the folder whose files stay.
func (a *asker) folder() (turn, error) {
	for {
		value, t, err := a.ask("Which folder, such as /app/uploads? Enter names it later:")
		if t == back { // whoever leaves it takes back the yes that led to it
			a.s.Draft.Undo()
			return on, err
		}
		if err != nil || t != on || value == "" {
			return t, err
		}
		if err := a.s.Draft.CheckFolder(value); err != nil {
			a.say("%s.", widget.Sentence(err.Error()))
			continue
		}
		return on, a.s.Draft.Set("storage", value)
	}
}
