package cli

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/redact"
	"berth/engine/spec"
)

// globals are the flags that every verb has.
type globals struct {
	dir     string
	region  string
	profile string
	env     string
	json    bool
	plain   bool
	quiet   bool
	yes     bool
	noColor bool

	accessible bool
	debug      string

	simulate  bool
	simState  string
	simSpeed  float64
	simFaults []string
}

func (a *app) registerGlobals(root *cobra.Command) {
	g := &a.flags
	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVarP(&g.dir, "dir", "C", ".", "folder of the app")
	f.StringVar(&g.region, "region", "", "AWS region (default: berth.toml, then AWS_REGION, then the profile's)")
	f.StringVar(&g.profile, "profile", "", "AWS profile (default: AWS_PROFILE)")
	f.StringVar(&g.env, "env", spec.DefaultEnv, "environment of the app; each has its own resources")
	f.BoolVar(&g.json, "json", false, "print JSON; runs as one event per line")
	f.BoolVar(&g.plain, "plain", false, "print plain lines instead of opening screens")
	f.BoolVar(&g.quiet, "quiet", false, "print only the result and what went wrong")
	f.BoolVarP(&g.yes, "yes", "y", false, "change things without asking first")
	f.BoolVar(&g.noColor, "no-color", false, "no colours (also: NO_COLOR)")
	f.BoolVar(&g.accessible, "accessible", false, "ask line by line instead of drawing screens (also: ACCESSIBLE=1)")
	f.StringVar(&g.debug, "debug", "", "write what happens on the screens, and what the AWS SDK logs, to this file")
	f.BoolVar(&g.simulate, "simulate", false, "use a simulated AWS account instead of AWS")
	f.StringVar(&g.simState, "sim-state", "", "file that keeps the simulated account (default: one per app folder)")
	f.Float64Var(&g.simSpeed, "sim-speed", simSpeed, "how much faster than AWS the simulated account runs")
	f.StringArrayVar(&g.simFaults, "sim-fault", nil, "make the simulated account misbehave, such as throttle=0.3; repeatable")

	takes(root, "dir", "DIR", folders)
	takes(root, "region", "REGION", words(func(*cobra.Command) []word { return regionWords() }))
	takes(root, "profile", "PROFILE", words(func(*cobra.Command) []word { return profileWords() }))
	takes(root, "env", "ENV", words(a.envWords))
	takes(root, "debug", "FILE", files)
	takes(root, "sim-state", "FILE", files)
	takes(root, "sim-fault", "RULE", words(func(*cobra.Command) []word { return faultWords() }))
}

// check refuses global flags that contradict each other.
func (g *globals) check(cmd *cobra.Command) error {
	n := 0
	for _, on := range []bool{g.json, g.plain, g.quiet} {
		if on {
			n++
		}
	}
	if n > 1 {
		return usage(cmd, "only one of --json, --plain and --quiet can be used")
	}
	return nil
}

// sameNames are the flags that another command needs to be about the same app in the same account.
var sameNames = []string{"dir", "app", "id", "env", "region", "profile", "simulate", "sim-state"}

// again is what another command needs to be about the same app in the same account, and what the same command has to be
// told again. The wizard needs no more than the former: what else it was told it has asked about since.
func again(cmd *cobra.Command) fail.Flags {
	var f fail.Flags
	for _, name := range sameNames {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			f.Same = append(f.Same, typedAs(flag)...)
		}
	}
	if cmd.HasParent() {
		f.Verb, f.Own = cmd.CommandPath(), own(cmd, func(string) bool { return true })
	}
	return f
}

// own are the flags that a command was given besides those that name the app, in their order, where wanted says so.
func own(cmd *cobra.Command, wanted func(name string) bool) (all []string) {
	cmd.Flags().SortFlags = false
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(sameNames, f.Name) && wanted(f.Name) {
			all = append(all, typedAs(f)...)
		}
	})
	return all
}

// typedAs is a flag as it is typed, once for each of its values. No value that may be secret is repeated: that of a build
// argument is taken from the environment then.
func typedAs(f *pflag.Flag) (all []string) {
	if f.Value.Type() == "bool" {
		if f.Value.String() == "true" {
			return []string{"--" + f.Name}
		}
		return nil
	}
	name := "--" + f.Name + " "
	switch {
	case f.Name == "dir":
		name = "-C "
	case f.NoOptDefVal != "":
		name = "--" + f.Name + "="
	}
	values := []string{f.Value.String()}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values = list.GetSlice()
	}
	for _, v := range values {
		variable, _, assigned := strings.Cut(v, "=")
		switch shown := (&redact.Redactor{}).Text(v); {
		case f.Name == "build-arg" && assigned && (redact.Named(variable) || shown != v):
			v = variable
		default:
			v = shown
		}
		all = append(all, name+shellWord(v))
	}
	return all
}

// shellWord is a word as a shell takes it for one.
func shellWord(w string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@%+=:,./~-", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// said are the flags of a verb that give values of berth.toml, by the name of the key.
type said struct {
	app   string
	id    string
	port  string
	image string

	builder  string
	takeOver string   // names whose DNS records may be replaced, with commas between
	args     []string // build arguments: NAME=VALUE, or NAME for the one of the environment
}

func (a *app) register(s *said, cmd *cobra.Command) {
	a.registerApp(s, cmd)
	f := cmd.Flags()
	f.StringVar(&s.port, "port", "", "port the app listens on (default: EXPOSE in the Dockerfile)")
	f.Var((*filled)(&s.image), "image", "existing image to deploy; nothing is built")
	takes(cmd, "port", "PORT", nil)
	takes(cmd, "image", "IMAGE", nil)
	f.StringVar(&s.builder, "builder", "", "builder of the image: docker, podman, finch, nerdctl, buildah, or codebuild to build in AWS (default: the first that works)")
	takes(cmd, "builder", "PROGRAM", words(func(*cobra.Command) []word { return builders() }))
	f.StringVar(&s.takeOver, "take-over", "", "domain names whose existing DNS records, not created by berth, may be replaced")
	takes(cmd, "take-over", "NAME,NAME", nil)
	f.StringArrayVar(&s.args, "build-arg", nil, "build argument NAME=VALUE, or NAME to take its value from the environment; repeatable")
	takes(cmd, "build-arg", "NAME=VALUE", nil)
}

// filled is a text that must not be empty: a variable of a script that was not set would mean something else.
type filled string

// String implements pflag.Value.
func (f *filled) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *filled) Type() string { return "string" }

// Set implements pflag.Value.
func (f *filled) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is empty")
	}
	*f = filled(text)
	return nil
}

// take sets what is not given from what another process was given, by the keys of berth.toml.
func (s *said) take(given map[string]string) {
	s.app, s.id = cmp.Or(s.app, given["app"]), cmp.Or(s.id, given["id"])
	s.port, s.image = cmp.Or(s.port, given["service.port"]), cmp.Or(s.image, given["image.ref"])
}

// registerApp registers only what names the app, for verbs that need no more.
func (a *app) registerApp(s *said, cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.app, "app", "", "name of the app (default: berth.toml, then the folder's name)")
	takes(cmd, "app", "APP", words(a.appWords))
	cmd.Flags().StringVar(&s.id, "id", "", "identity of the app, when there is no berth.toml with it (default: berth.toml)")
	takes(cmd, "id", "ID", nil)
}

// rollout are the flags of deploy that are no part of berth.toml.
type rollout struct {
	skipVerify  bool
	noRehearsal bool
	rebuild     bool
	rotate      bool
	unchecked   bool
	timeout     time.Duration
	summary     string         // file for what becomes of it, in Markdown
	beside      engine.Beside  // what to do about the same app elsewhere
	open        interview.Open // what is still to settle
}

// register registers those of a verb that brings a version.
func (r *rollout) register(f *pflag.FlagSet) {
	r.registerAgain(f)
	f.BoolVar(&r.noRehearsal, "no-rehearse", false, "push the image without running it here first")
	f.BoolVar(&r.rebuild, "rebuild", false, "rebuild the image on the newest base images even if the source is unchanged")
	f.BoolVar(&r.rotate, "rotate-origin-secret", false, "give CloudFront a new secret for the load balancer, without a gap")
}

// registerAgain registers those of a verb that starts a version that is there already: nothing is built, and the front
// door stays.
func (r *rollout) registerAgain(f *pflag.FlagSet) {
	f.BoolVar(&r.skipVerify, "skip-verify", false, "make no request to the endpoint")
	r.registerUnchecked(f)
	f.DurationVar(&r.timeout, "rollout-timeout", 0, "how long to wait for the new version to become healthy (default: from the health check)")
}

// registerUnchecked registers the flag of every verb that changes AWS.
func (r *rollout) registerUnchecked(f *pflag.FlagSet) {
	f.BoolVar(&r.unchecked, "skip-preflight", false, "go ahead even if the checks of permissions, quotas and secrets fail")
}
