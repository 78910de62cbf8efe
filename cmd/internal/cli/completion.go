package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/compare/catalog"
	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/prices"
	"berth/engine/sim"
	"berth/engine/spec"
)

// Completing asks nothing, opens nothing, says nothing beside the words themselves, and is short: what AWS would
// have to tell is looked up within lookDeadline, or left out.
const lookDeadline = 2 * time.Second

// noFiles is what to do besides the words that are offered: nothing.
const noFiles = cobra.ShellCompDirectiveNoFileComp

// word is one word to complete to, with what it means.
type word struct{ text, means string }

// offer gives the words that begin with what was typed.
func offer(words []word, typed string) []cobra.Completion {
	var out []cobra.Completion
	for _, w := range words {
		if strings.HasPrefix(w.text, typed) {
			out = append(out, cobra.CompletionWithDesc(w.text, w.means))
		}
	}
	return out
}

// words makes a completion of words that depend on nothing but the flags.
func words(list func(cmd *cobra.Command) []word) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offer(list(cmd), typed), noFiles | cobra.ShellCompDirectiveKeepOrder
	}
}

const completionHelp = `Prints the script that lets a shell complete verbs, flags, regions, profiles, apps,
environments and revisions. To have it in every new shell:

  bash    echo 'source <(berth completion bash)' >> ~/.bashrc
          (the package bash-completion must be installed)
  zsh     berth completion zsh > "${fpath[1]}/_berth"
          (with autoload -U compinit; compinit in ~/.zshrc)
  fish    berth completion fish > ~/.config/fish/completions/berth.fish

Completing asks AWS for what is deployed, two seconds at most, and only where
credentials can be had without a question.`

// knownShell refuses a shell that there is no script for. Without it such a shell would be given the help for a
// script, and no error.
func knownShell(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var shells []string
	for _, c := range cmd.Commands() {
		shells = append(shells, c.Name())
	}
	f := usage(cmd, fmt.Sprintf("there is no completion for the shell %q", args[0]))
	f.Remedy = "there is one for " + strings.Join(shells, ", ")
	return f
}

// completes gives every flag in the tree of verbs what it completes to. Without that a shell offers the names of
// files, which are wrong nearly everywhere.
func (a *app) completes(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(noFiles)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Short, c.Long = "Print the script that lets a shell complete berth's words", completionHelp
		c.Args = knownShell
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	files := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	folders := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	flags := map[string]cobra.CompletionFunc{
		"dir": folders, "debug": files, "sim-state": files,
		"region":    words(func(*cobra.Command) []word { return regionWords() }),
		"profile":   words(func(*cobra.Command) []word { return profileWords() }),
		"env":       words(a.envWords),
		"app":       words(a.appWords),
		"arch":      words(func(*cobra.Command) []word { return []word{{"x86", "Intel and AMD"}, {"arm", "Graviton"}} }),
		"database":  words(func(*cobra.Command) []word { return databaseWords() }),
		"sim-fault": words(func(*cobra.Command) []word { return faultWords() }),
		"story":     words(func(*cobra.Command) []word { return storyWords() }),
	}
	for _, cmd := range commands(root) {
		for name, f := range flags {
			if cmd.LocalFlags().Lookup(name) != nil {
				// The only error is that the flag has one already, which the same flag of another verb has not.
				_ = cmd.RegisterFlagCompletionFunc(name, f)
			}
		}
	}
}

func regionWords() []word {
	var out []word
	for _, r := range catalog.Regions().Regions {
		means := r.Name
		if r.OptIn {
			means += ", must be enabled in the account first"
		}
		out = append(out, word{r.Code, means})
	}
	return out
}

func profileWords() []word {
	var out []word
	for _, p := range cloud.Profiles() {
		out = append(out, word{p.Name, p.Region})
	}
	return out
}

func faultWords() []word {
	var out []word
	for _, r := range sim.FaultHelp() {
		out = append(out, word{r.Rule, r.Text})
	}
	return out
}

func storyWords() []word {
	var out []word
	for _, s := range stories() {
		out = append(out, word{s.Name, s.Title})
	}
	return out
}

func databaseWords() []word {
	var out []word
	for _, k := range prices.Load(priceCache()).Table.Keys() {
		if class, ok := strings.CutPrefix(k.SKU, "rds.postgres."); ok {
			if class, ok = strings.CutSuffix(class, "_hour"); ok && !strings.Contains(class, "_") { // not those in two zones
				out = append(out, word{class, "PostgreSQL, one zone"})
			}
		}
	}
	return out
}

// skuWords are the SKUs of the price table with their units, and an ending behind each.
func skuWords(ending string) []word {
	var out []word
	for _, k := range prices.Load(priceCache()).Table.Keys() {
		out = append(out, word{k.SKU + ending, k.Unit})
	}
	return out
}

// serviceWords are the services that compare knows, without those that were named already.
func serviceWords(named []string) []word {
	var out []word
	for _, s := range catalog.Default().Services {
		if !slices.Contains(named, s.ID) {
			out = append(out, word{s.ID, s.Name})
		}
	}
	return out
}

// glance opens an engine to complete from. There is none where nobody can be asked without a question: without
// credentials, or without a simulated account that exists.
func (a *app) glance(region string) (*account, bool) {
	if !a.flags.simulate {
		if !cloud.Quiet(a.flags.profile) {
			return nil, false
		}
		return a.openOn(region, cloud.Environment{}, nil, ""), true
	}
	file, err := a.simName()
	if err != nil {
		return nil, false
	}
	sims, err := sim.Peek(sim.Options{File: file, Speed: quickly, Region: simRegion})
	if err != nil {
		return nil, false
	}
	env := sims.Environment()
	env.Close = nil // it is only looked at
	return a.openOn(region, env, nil, ""), true
}

// localSpec is what berth.toml and the flags say, nil when that cannot be read.
func (a *app) localSpec(cmd *cobra.Command) *spec.Spec {
	name, _ := cmd.Flags().GetString("app") // a verb without the flag names none
	s, err := a.load(said{app: name})
	if err != nil {
		return nil
	}
	return s
}

// deployed are the apps in the region that berth would look at, none when that takes too long or cannot be asked.
func (a *app) deployed(cmd *cobra.Command) []engine.Owner {
	ctx, cancel := context.WithTimeout(cmd.Context(), lookDeadline)
	defer cancel()
	region := a.flags.region
	if s := a.localSpec(cmd); s != nil {
		region = s.Region
	}
	eng, ok := a.glance(region)
	if !ok {
		return nil
	}
	all, err := eng.Apps(ctx, region)
	if err != nil {
		return nil
	}
	return all
}

// appWords are the app of this folder and those that are deployed.
func (a *app) appWords(cmd *cobra.Command) []word {
	envs := map[string][]string{}
	for _, o := range a.deployed(cmd) {
		envs[o.App] = append(envs[o.App], o.Env)
	}
	var out []word
	here := ""
	if dir, err := a.dir(); err == nil {
		here = spec.Slug(filepath.Base(dir))
		if s, err := spec.Load(dir); err == nil && s.App != "" {
			here = s.App
		}
	}
	if here != "" && envs[here] == nil {
		out = append(out, word{here, "of this folder"})
	}
	for app, of := range envs {
		slices.Sort(of)
		out = append(out, word{app, "deployed: " + strings.Join(of, ", ")})
	}
	slices.SortFunc(out, func(a, b word) int { return strings.Compare(a.text, b.text) })
	return out
}

// envWords are the default environment and those that the app, or any app when none is named, is deployed in.
func (a *app) envWords(cmd *cobra.Command) []word {
	apps := map[string][]string{spec.DefaultEnv: nil}
	app := ""
	if s := a.localSpec(cmd); s != nil {
		app = s.App
	}
	for _, o := range a.deployed(cmd) {
		if app == "" || o.App == app {
			apps[o.Env] = append(apps[o.Env], o.App)
		}
	}
	var out []word
	for env, of := range apps {
		means := "the default"
		if len(of) > 0 {
			slices.Sort(of)
			means = "deployed: " + strings.Join(of, ", ")
		}
		out = append(out, word{env, means})
	}
	slices.SortFunc(out, func(a, b word) int { return strings.Compare(a.text, b.text) })
	return out
}

// completeRevision offers the revisions that one can go back to, newest first.
func (a *app) completeRevision(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), lookDeadline)
	defer cancel()
	name, _ := cmd.Flags().GetString("app") // it has the flag
	s, err := a.named(ctx, said{app: name})
	if err != nil {
		return nil, noFiles
	}
	eng, ok := a.glance(s.Region)
	if !ok {
		return nil, noFiles
	}
	list, err := eng.Revisions(ctx, s)
	if err != nil {
		return nil, noFiles
	}
	var out []word
	for _, d := range list {
		_, number, _ := strings.Cut(d.Revision, ":")
		out = append(out, word{number, revisionMeans(d, eng.Clock().Now())})
	}
	return offer(out, typed), noFiles | cobra.ShellCompDirectiveKeepOrder
}

// revisionMeans is age, state and image of a revision.
func revisionMeans(d engine.Deployment, now time.Time) string {
	text := age(now.Sub(d.Started)) + " ago, " + strings.ReplaceAll(d.State, "_", " ")
	if _, digest, ok := strings.Cut(d.Image, "@sha256:"); ok {
		text += ", image " + digest[:min(12, len(digest))]
	} else if d.Image != "" {
		text += ", image " + d.Image
	}
	return text
}

// age is a span of time in its largest unit.
func age(d time.Duration) string {
	for _, u := range []struct {
		name string
		is   time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch n := int(d / u.is); {
		case n == 1:
			return "1 " + u.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "moments"
}

// completeQuote offers SKUs, behind which a quantity is to be typed.
func completeQuote(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, noFiles
	}
	return offer(skuWords("="), typed), noFiles | cobra.ShellCompDirectiveNoSpace
}
