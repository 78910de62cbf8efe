package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/need"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/prices"
	"berth/engine/spec"
)

// textWidth is the width of text answers: they are read in terminals, mails and logs alike.
const textWidth = 80

// question is the flags of compare.
type question struct {
	needs    need.Requirements
	usage    price.Usage
	of       string // which app it is about, empty for what the flags say alone
	rank     bool
	measure  bool
	markdown bool
	only     []string // ids of services to tell of; empty: all
}

// knownServices lets ids of services through.
func knownServices(cmd *cobra.Command, args []string) error {
	var ids []string
	for _, w := range serviceWords(nil) {
		ids = append(ids, w.text)
	}
	for _, arg := range args {
		if !slices.Contains(ids, arg) {
			f := usage(cmd, fmt.Sprintf("there is no service %q to compare", arg))
			f.Remedy = "choose from " + strings.Join(ids, ", ")
			return f
		}
	}
	return nil
}

func (a *app) compareCommand() *cobra.Command {
	q := question{usage: price.DefaultUsage()}
	cmd := &cobra.Command{
		Use: "compare [SERVICE...]", Short: "Show which AWS service fits, why, and what it costs a month",
		Long: "Compares ten services against what an app needs and how much it is used: a verdict for each, the\n" +
			"reasons with source and date, what would change the verdict, and the monthly cost line by line.\n" +
			"Name services to see only those; the recommendation is still the best of all ten. In an app's folder (one with a\n" +
			"berth.toml or a Dockerfile) it compares for that app, and flags override what it reads there;\n" +
			"elsewhere it compares for what the flags say. It makes no AWS calls.",
		Example: "  berth compare --websockets --instances 2 --vcpu 0.5 --memory-gb 1\n" +
			"  berth compare ecs-fargate lightsail --region eu-west-2 --markdown\n" +
			"  berth compare --rank-regions --measure",
		Args: knownServices,
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return offer(serviceWords(args), typed), noFiles | cobra.ShellCompDirectiveKeepOrder
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			q.only = args
			return a.compare(cmd, &q)
		},
	}
	cmd.Flags().SortFlags = false
	q.register(cmd.Flags())
	takes(cmd, "arch", "ARCH", words(func(*cobra.Command) []word { return []word{{"x86", "Intel and AMD"}, {"arm", "Graviton"}} }))
	takes(cmd, "database", "DATABASE", words(func(*cobra.Command) []word { return databaseWords() }))
	return cmd
}

func (q *question) register(f *pflag.FlagSet) {
	for _, n := range need.All() {
		if n.Help == "" {
			continue // said by a flag of usage, by one that every verb has, or by none
		}
		switch p := n.At(&q.needs).(type) {
		case *bool:
			f.BoolVar(p, n.Flag, false, n.Help)
		case *int:
			f.IntVar(p, n.Flag, 0, n.Help)
		case *float64:
			f.Float64Var(p, n.Flag, 0, n.Help)
		}
	}
	for _, u := range usageFlags {
		switch p := u.at(&q.usage).(type) {
		case *string:
			f.StringVar(p, u.name, *p, u.help)
		case *int:
			f.IntVar(p, u.name, *p, u.help)
		case *float64:
			f.Float64Var(p, u.name, *p, u.help)
		}
	}
	f.Lookup("days").DefValue = "0" // the default is told in the text, not as 30.416666666666668
	f.BoolVar(&q.rank, "rank-regions", false, "rank the regions by the cost of this usage")
	f.BoolVar(&q.measure, "measure", false, "with --rank-regions: measure the latency from here to each region")
	f.BoolVar(&q.markdown, "markdown", false, "print Markdown, for a pull request")
}

// usageFlags are the flags that say what an app uses.
var usageFlags = []struct {
	name, help string
	at         func(*price.Usage) any
}{
	{"vcpu", "vCPU per instance", func(u *price.Usage) any { return &u.VCPU }},
	{"memory-gb", "GB of memory per instance", func(u *price.Usage) any { return &u.MemoryGB }},
	{"instances", "number of instances", func(u *price.Usage) any { return &u.Instances }},
	{
		"most-instances", "number of instances that the scaling may start",
		func(u *price.Usage) any { return &u.MostInstances },
	},
	{"arch", "x86 or arm", func(u *price.Usage) any { return &u.Arch }},
	{
		"active-hours-per-day", "hours a day that instances run (App Runner: serve requests)",
		func(u *price.Usage) any { return &u.ActiveHoursPerDay },
	},
	{"days", "days a month (default: a month of 730 hours)", func(u *price.Usage) any { return &u.Days }},
	{"ephemeral-gb", "GB of disk per instance", func(u *price.Usage) any { return &u.EphemeralGB }},
	{"storage-gb", "GB of persistent storage", func(u *price.Usage) any { return &u.StorageGB }},
	{"egress-gb", "GB a month of traffic to the internet", func(u *price.Usage) any { return &u.EgressGB }},
	{"log-gb", "GB of logs a month", func(u *price.Usage) any { return &u.LogGB }},
	{"image-gb", "GB of container images kept", func(u *price.Usage) any { return &u.ImageGB }},
	{"requests-per-second", "average requests per second", func(u *price.Usage) any { return &u.RequestsPerSecond }},
	{"new-connections-per-second", "new connections per second", func(u *price.Usage) any { return &u.NewConnectionsPerSecond }},
	{"connection-minutes", "average length of a connection in minutes", func(u *price.Usage) any { return &u.ConnectionMinutes }},
	{"kb-per-second", "KB per second through the load balancer", func(u *price.Usage) any { return &u.KBPerSecond }},
	{"lb-rules", "number of load balancer rules", func(u *price.Usage) any { return &u.LBRules }},
	{"database", "class of a PostgreSQL database, such as db.t4g.micro", func(u *price.Usage) any { return &u.Database }},
	{"database-gb", "GB of database storage", func(u *price.Usage) any { return &u.DatabaseGB }},
	{"cache", "node type of a Redis cache, such as cache.t4g.micro", func(u *price.Usage) any { return &u.Cache }},
}

// about makes the question one about an app; what flags say stays.
func (q *question) about(f *pflag.FlagSet, d *interview.Draft) {
	said := *q
	q.needs, q.usage, q.of = d.Requirements(), d.Usage(), d.Spec.App
	for _, n := range need.All() {
		if n.At(&q.needs) != nil && n.Flag != "region" && f.Changed(n.Flag) {
			set(n.At(&q.needs), n.At(&said.needs))
			q.usage.Exact = q.usage.Exact && !sized[n.ID]
		}
	}
	for _, x := range usageFlags {
		if f.Changed(x.name) {
			set(x.at(&q.usage), x.at(&said.usage))
		}
	}
}

// sized are the needs that, said by a flag and without a size, are counted with a usual one.
var sized = map[string]bool{"database": true, "cache": true, "private_network": true, "uploads_to_s3": true}

// set copies what from points to.
func set(to, from any) {
	switch to := to.(type) {
	case *bool:
		*to = *from.(*bool)
	case *int:
		*to = *from.(*int)
	case *float64:
		*to = *from.(*float64)
	case *string:
		*to = *from.(*string)
	}
}

// imply fills what one flag says about another, unless that other was given.
func (q *question) imply(f *pflag.FlagSet) {
	switch {
	case q.needs.WebSocketUploads && !f.Changed("websockets"):
		q.needs.WebSockets = true
	case !q.needs.WebSockets && !f.Changed("websocket-uploads"):
		q.needs.WebSocketUploads = false
	}
	if q.usage.MostInstances > q.usage.Instances && !f.Changed("autoscaling") {
		q.needs.Autoscaling = true
	}
	switch {
	case q.needs.ARM64 && !f.Changed("arch"):
		q.usage.Arch = "arm"
	case q.usage.Arch == "x86" && f.Changed("arch") && !f.Changed("arm64"):
		q.needs.ARM64 = false
	}
}

func (a *app) compare(cmd *cobra.Command, q *question) error {
	if q.measure && !q.rank {
		return usage(cmd, "--measure needs --rank-regions")
	}
	if q.markdown && a.flags.json {
		return usage(cmd, "--json and --markdown cannot be used together")
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if err := a.read(cmd, q, dir); err != nil {
		return err
	}
	q.imply(cmd.Flags())
	advisor := engine.Advisor(a.prices(), time.Now())
	r, err := advisor.Report(q.needs, q.usage)
	if err != nil {
		return asUsage(cmd, err)
	}
	if q.rank && len(q.only) > 1 {
		return usage(cmd, "--rank-regions ranks one service: name one, or none for the recommended one")
	}
	if q.rank {
		return a.rankRegions(cmd, advisor, q, r)
	}
	if q.needs.WebSockets {
		if r.LongPolling, err = longPolling(dir); err != nil {
			return err
		}
	}
	if len(q.only) > 0 {
		r.Only(q.only)
	}
	if q.markdown {
		_, err := io.WriteString(a.Out, q.heading()+r.Markdown())
		return err
	}
	return a.answer(r.Result, func(w io.Writer) { _, _ = io.WriteString(w, q.heading()+r.Text(textWidth, false)) })
}

// heading says what is compared, where that is an app.
func (q *question) heading() string {
	if q.of == "" {
		return ""
	}
	return "For the app " + q.of + ", with what its folder says; flags override it.\n\n"
}

// read takes over what the folder of an app tells. Outside of one it is the region alone, as far as it is known.
func (a *app) read(cmd *cobra.Command, q *question, dir string) error {
	var err error
	if !isApp(dir) {
		q.needs.Region, err = a.compareRegion(cmd.Context(), dir)
		return err
	}
	d, err := interview.Read(cmd.Context(), interview.Sources{
		Dir: dir, Env: a.flags.env, Builds: engine.Builds, Problems: engine.Problems, Inspect: toLook,
		Override: func(s *spec.Spec) error { return a.override(s, said{}) },
	})
	if err != nil {
		return err
	}
	q.about(cmd.Flags(), d)
	if q.needs.Region = d.Spec.Region; q.needs.Region == "" {
		q.needs.Region, err = a.compareRegion(cmd.Context(), dir)
	}
	return err
}

// isApp says whether a folder is that of an app.
func isApp(dir string) bool {
	if spec.Exists(dir) {
		return true
	}
	info, err := os.Stat(filepath.Join(dir, "Dockerfile"))
	return err == nil && !info.IsDir()
}

// compareRegion is the region to compare in: the flag's, berth.toml's, that of AWS's own settings. Comparing
// touches nothing, so without any it goes on with a default and says so.
func (a *app) compareRegion(ctx context.Context, dir string) (string, error) {
	if a.flags.region != "" {
		return a.flags.region, nil
	}
	s, err := spec.Load(dir, a.flags.env)
	if err != nil {
		return "", err
	}
	if s.Region != "" {
		return s.Region, nil
	}
	if region, _, err := a.region(ctx); err == nil && region != "" {
		return region, nil
	}
	fmt.Fprintf(a.Err, "no --region given, so this is for %s\n", simRegion)
	return simRegion, nil
}

// asUsage turns bad input into a Usage failure that names the flag.
func asUsage(cmd *cobra.Command, err error) error {
	var in *advise.InputError
	if !errors.As(err, &in) {
		return err
	}
	f := &fail.Error{Class: fail.Usage, Cause: in.Text, Remedy: "see " + cmd.CommandPath() + " --help", Err: err}
	if cmd.Flags().Lookup(in.Field) != nil {
		f.Remedy = fmt.Sprintf("give another --%s; see %s --help", in.Field, cmd.CommandPath())
	}
	return f
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
