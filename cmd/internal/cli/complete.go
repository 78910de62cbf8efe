package cli

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/compare/catalog"
	"berth/engine"
	"berth/engine/cloud"
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

// files and folders leave completing to the shell.
func files(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// placeholder is the annotation of a flag that says what the manual calls its value.
const placeholder = "placeholder"

// takes says what the value of a flag is called in the manual, and what completes it; nil when nothing does.
func takes(cmd *cobra.Command, flag, value string, complete cobra.CompletionFunc) {
	f := cmd.Flags().Lookup(flag)
	if f == nil {
		f = cmd.PersistentFlags().Lookup(flag)
	}
	f.Annotations = map[string][]string{placeholder: {value}}
	if complete != nil {
		_ = cmd.RegisterFlagCompletionFunc(flag, complete) // fails for a flag that has one only
	}
}

func regionWords() []word {
	var out []word
	for _, r := range catalog.Regions().Regions {
		means := r.Name
		if r.OptIn {
			means += ", must first be enabled in the account"
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
	all, err := eng.Owners(ctx, region)
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
		if s, err := spec.Load(dir, a.flags.env); err == nil && s.App != "" {
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
