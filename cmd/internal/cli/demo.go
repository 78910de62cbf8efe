package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/assets"
	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/spec"
	"berth/tui"
)

func (a *app) demoCommand() *cobra.Command {
	var faults bool
	var name string
	cmd := &cobra.Command{
		Use: "demo", Short: "Deploy a sample app to a simulated account; no AWS, no Docker", Args: noArgs,
		Long: "Takes a sample app to a URL on a simulated AWS account that is gone afterwards:\n" +
			"no AWS, no Docker, no cost. On a terminal it first offers stories: all goes well,\n" +
			"or something goes wrong, and what to do about it. With --sim-fault you write the\n" +
			"story. Without a terminal it runs to the end by itself, in plain lines; the exit\n" +
			"code is that of the last run of the story.",
		Example: "  berth demo\n  berth demo --story rollback\n  berth demo --sim-fault throttle=0.3 --sim-speed 100",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if faults {
				fmt.Fprintln(a.Out, faultHelp())
				return nil
			}
			if name != "" && len(a.flags.simFaults) > 0 {
				return usage(cmd, "--story brings its own faults: leave out --sim-fault")
			}
			return a.demo(cmd.Context(), name)
		},
	}
	cmd.Flags().StringVar(&name, "story", "", "start with this story: "+storyNames())
	takes(cmd, "story", "STORY", words(func(*cobra.Command) []word { return storyWords() }))
	cmd.Flags().BoolVar(&faults, "faults", false, "list the faults that --sim-fault can inject")
	return cmd
}

// storyNames are the names of the stories in a row.
func storyNames() string {
	var names []string
	for _, s := range stories() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// demo tells stories until nobody wants another.
func (a *app) demo(ctx context.Context, name string) error {
	s, err := storyNamed(name)
	if err != nil {
		return err
	}
	for chosen := name; ; chosen = "" {
		another, err := a.tell(ctx, s, chosen)
		if !another {
			return err
		}
	}
}

// tell deploys the sample app, in a folder of its own, to a simulated account that lives in memory. On screens
// the story may be chosen there; chosen is the one that was named. It says whether another story is wanted.
func (a *app) tell(ctx context.Context, s story, chosen string) (another bool, err error) {
	dir, err := os.MkdirTemp("", "berth-demo-")
	if err != nil {
		return false, fmt.Errorf("make a folder for the sample app: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // of no use to anybody afterwards
	a.flags.dir = filepath.Join(dir, "harbor")
	if err := extract(a.flags.dir); err != nil {
		return false, fmt.Errorf("write the sample app: %w", err)
	}
	a.flags.simulate = true
	if a.draws() && len(a.flags.simFaults) == 0 {
		return a.tour(ctx, chosen)
	}
	t, err := a.stage(ctx, s)
	if err != nil {
		return false, err
	}
	if a.draws() || a.converses() {
		if a.accessible() && chosen == "" {
			fmt.Fprintln(a.page(), "This is the story in which all goes well. --story tells another: "+storyNames()+".")
		}
		return a.openScreens(ctx, a.on(a.flags.region, t), said{}, rollout{}, nil, nil)
	}
	return false, a.plainStory(ctx, s, t)
}

// tour opens the screens with the list of stories at their beginning, or with the story that was named.
func (a *app) tour(ctx context.Context, chosen string) (another bool, err error) {
	nothing, err := a.stage(ctx, story{}) // for the list itself
	if err != nil {
		return false, err
	}
	t := &tui.Tour{Chosen: chosen, Begin: func(ctx context.Context, name string) (*engine.Engine, error) {
		s, err := storyNamed(name)
		if err != nil {
			return nil, err
		}
		staged, err := a.stage(ctx, s)
		if err != nil {
			return nil, err
		}
		return a.on(a.flags.region, staged).Engine, nil
	}}
	for _, s := range stories() {
		t.Stories = append(t.Stories, s.Story)
	}
	return a.openScreens(ctx, a.on(a.flags.region, nothing), said{}, rollout{}, t, nil)
}

// plainStory tells a story in plain lines, or as events.
func (a *app) plainStory(ctx context.Context, s story, t theatre) error {
	d, err := a.settings(ctx, said{})
	if err != nil {
		return err
	}
	settings := d.Spec
	eng := a.on(settings.Region, t)
	heading := func(string, ...any) {}
	if !a.flags.json && !a.flags.quiet {
		// Here the progress is the answer: all of it goes to stdout, in one stream whose order holds.
		a.Err = a.Out
		heading = func(format string, args ...any) { fmt.Fprintf(a.Out, "\n== "+format+"\n\n", args...) }
		if s.Name != stories()[0].Name {
			heading("%s", s.Title)
			fmt.Fprintln(a.page(), s.Happens)
		}
		if err := a.toldOfSource(d, heading); err != nil {
			return err
		}
	}
	heading("What would be created (berth plan), and creating it (berth deploy)")
	a.unsettled(d)
	err = a.demoRun(ctx, eng, engine.Request{Spec: settings})
	f := fail.From(err)
	switch {
	case f == nil || f.Class == fail.Stopped || ctx.Err() != nil:
		return err
	case s.heals > 0:
		heading("A minute later, the same command again")
		if err := eng.Clock().Sleep(ctx, s.heals); err != nil {
			return err
		}
	case f.Suggest != nil && f.Class != fail.RolledBack && !s.deployed:
		heading("Applying the remedy (%s = %v in berth.toml) and deploying again", f.Setting, f.Suggest)
		if err := settings.Set(f.Setting, f.Suggest, spec.Origin{Kind: spec.Answer, Text: "the remedy"}); err != nil {
			return err
		}
	default:
		return err
	}
	a.told = false
	return a.demoRun(ctx, eng, engine.Request{Spec: settings})
}

// toldOfSource is what the demo says before it deploys.
func (a *app) toldOfSource(d *interview.Draft, heading func(string, ...any)) error {
	heading("What the source tree says (berth inspect)")
	report.Findings(a.Out, d.Findings)
	heading("Which service fits, and what it costs (berth compare)")
	r, err := engine.Advisor(a.prices(), time.Now()).Report(d.Requirements(), d.Usage())
	if err != nil {
		return fmt.Errorf("compare services: %w", err)
	}
	_, err = io.WriteString(a.Out, r.Text(textWidth, false))
	return err
}

// unsettled says what would stop the app on AWS, and why it does not here.
func (a *app) unsettled(d *interview.Draft) {
	open := d.Unbuilt()
	for _, f := range d.Findings.Open(d.Spec) {
		open = append(open, f.Means)
	}
	if len(open) == 0 || a.flags.json || a.flags.quiet {
		return
	}
	fmt.Fprintln(a.page(), "Not settled, and on AWS the app would not start before it is. The simulated account runs none of its code, so here it does:")
	for _, text := range open {
		text, _, _ = strings.Cut(text, "\n")
		fmt.Fprintln(a.page(), "  - "+strings.TrimSuffix(text, ":"))
	}
	fmt.Fprintln(a.Out)
}

// demoRun plans and deploys without a question: nothing of it is real.
func (a *app) demoRun(ctx context.Context, eng *account, r engine.Request) error {
	p, err := eng.Plan(ctx, r)
	if err != nil {
		return err
	}
	if !a.flags.json && !a.flags.quiet {
		report.Plan(a.Out, p)
		fmt.Fprintln(a.Out)
	}
	return a.follow(ctx, eng, eng.Apply(context.WithoutCancel(ctx), p))
}

// extract writes the sample app into a new folder.
func extract(dir string) error {
	sample, err := fs.Sub(assets.Sample, "sample")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, sample)
}
