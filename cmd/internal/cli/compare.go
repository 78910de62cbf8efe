package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/prices"
	"berth/engine/spec"
)

// textWidth is the width of text answers: they are read in terminals, mails and logs alike.
const textWidth = 80

// question is the flags of compare.
type question struct {
	needs    advise.Requirements
	usage    price.Usage
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
			f.Remedy = "name some of " + strings.Join(ids, ", ")
			return f
		}
	}
	return nil
}

func (a *app) compareCommand() *cobra.Command {
	q := question{usage: price.DefaultUsage()}
	cmd := &cobra.Command{
		Use: "compare [SERVICE...]", Short: "Say which AWS service fits, why, and what it costs a month",
		Long: "Holds what an app needs and uses against ten services: a verdict for each, the reasons with\n" +
			"source and date, what would change it, and the monthly cost line by line. With services named,\n" +
			"only those are told; what is recommended stays the best of all. It asks nothing of AWS.",
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
	n := &q.needs
	f.BoolVar(&n.WebSockets, "websockets", false, "the app uses WebSockets")
	f.BoolVar(&n.WebSocketUploads, "websocket-uploads", false, "uploads travel over the WebSocket (implies --websockets)")
	f.BoolVar(&n.Clustering, "clustering", false, "instances talk to each other directly")
	f.BoolVar(&n.PersistentStorage, "persistent-storage", false, "files must outlive an instance")
	f.BoolVar(&n.GRPC, "grpc", false, "the app speaks gRPC or HTTP/2 itself")
	f.BoolVar(&n.ARM64, "arm64", false, "the image is for arm64 only (implies --arch arm)")
	f.BoolVar(&n.ScaleToZero, "scale-to-zero", false, "nothing runs without traffic, and a request wakes it")
	f.BoolVar(&n.CustomDomain, "custom-domain", false, "the app is reached by a domain of yours")
	f.BoolVar(&n.ReleaseCommand, "release-command", false, "a command such as a migration runs before each version")
	f.BoolVar(&n.Shell, "shell", false, "a shell in a running container is needed")
	f.IntVar(&n.LongestRequestSeconds, "longest-request", 0, "seconds that the longest request takes")
	f.Float64Var(&n.MaxMonthlyUSD, "max-monthly", 0, "USD a month that it may cost")
	f.BoolVar(&n.AppRunnerCustomer, "app-runner-customer", false, "the account used App Runner before it closed")
	f.BoolVar(&n.NoHTTP, "no-http", false, "nobody calls the app over HTTP: a worker")
	f.BoolVar(&n.StaticOnly, "static-only", false, "the app is nothing but files to serve")
	f.BoolVar(&n.UploadsToS3, "uploads-to-s3", false, "the app keeps its files in S3 (--storage-gb of them)")
	f.BoolVar(&n.Autoscaling, "autoscaling", false, "the number of instances follows the load")
	f.BoolVar(&n.PrivateNetwork, "private-network", false, "instances have no public addresses")
	f.BoolVar(&n.MultiAZ, "multi-az", false, "instances, database and cache stand in two zones")
	f.BoolVar(&n.Cache, "needs-cache", false, "the app needs a Redis")
	f.BoolVar(&n.Database, "needs-database", false, "the app needs a PostgreSQL database (--database names its class)")
	u := &q.usage
	f.Float64Var(&u.VCPU, "vcpu", u.VCPU, "vCPU per instance")
	f.Float64Var(&u.MemoryGB, "memory-gb", u.MemoryGB, "GB of memory per instance")
	f.IntVar(&u.Instances, "instances", u.Instances, "how many instances run")
	f.StringVar(&u.Arch, "arch", u.Arch, "x86 or arm")
	f.Float64Var(&u.ActiveHoursPerDay, "active-hours-per-day", u.ActiveHoursPerDay, "hours a day in which instances run (App Runner: serve requests)")
	f.Float64Var(&u.Days, "days", u.Days, "days in the month (default: 730 hours)")
	f.Lookup("days").DefValue = "0" // the default is told in the text, not as 30.416666666666668
	f.Float64Var(&u.EphemeralGB, "ephemeral-gb", 0, "GB of disk per instance")
	f.Float64Var(&u.StorageGB, "storage-gb", 0, "GB of persistent files")
	f.Float64Var(&u.EgressGB, "egress-gb", u.EgressGB, "GB a month to the internet")
	f.Float64Var(&u.LogGB, "log-gb", u.LogGB, "GB of logs a month")
	f.Float64Var(&u.ImageGB, "image-gb", u.ImageGB, "GB of images kept")
	f.Float64Var(&u.RequestsPerSecond, "requests-per-second", u.RequestsPerSecond, "requests a second on average")
	f.Float64Var(&u.NewConnectionsPerSecond, "new-connections-per-second", u.NewConnectionsPerSecond, "new connections a second")
	f.Float64Var(&u.ConnectionMinutes, "connection-minutes", u.ConnectionMinutes, "minutes that a connection lives")
	f.Float64Var(&u.KBPerSecond, "kb-per-second", 0, "KB a second through the load balancer")
	f.IntVar(&u.LBRules, "lb-rules", 0, "rules of the load balancer")
	f.StringVar(&u.Database, "database", "", "class of a PostgreSQL database, such as db.t4g.micro")
	f.Float64Var(&u.DatabaseGB, "database-gb", 0, "GB of database storage")
	f.StringVar(&u.Cache, "cache", "", "node type of a Redis cache, such as cache.t4g.micro")
	f.BoolVar(&q.rank, "rank-regions", false, "order the regions by what this usage costs there")
	f.BoolVar(&q.measure, "measure", false, "with --rank-regions: measure how long a connection to each region takes from here")
	f.BoolVar(&q.markdown, "markdown", false, "answer in Markdown, for a pull request")
}

// imply fills what one flag says about another, unless that other was given.
func (q *question) imply(f *pflag.FlagSet) {
	if q.needs.WebSocketUploads && !f.Changed("websockets") {
		q.needs.WebSockets = true
	}
	if q.needs.ARM64 && !f.Changed("arch") {
		q.usage.Arch = "arm"
	}
}

func (a *app) compare(cmd *cobra.Command, q *question) error {
	q.imply(cmd.Flags())
	if q.measure && !q.rank {
		return usage(cmd, "--measure goes with --rank-regions")
	}
	if q.markdown && a.flags.json {
		return usage(cmd, "--json and --markdown exclude each other")
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if q.needs.Region, err = a.compareRegion(cmd.Context(), dir); err != nil {
		return err
	}
	advisor := engine.Advisor(a.prices(), time.Now())
	r, err := advisor.Report(q.needs, q.usage)
	if err != nil {
		return asUsage(cmd, err)
	}
	if q.rank && len(q.only) > 1 {
		return usage(cmd, "--rank-regions ranks for one service; name one, or none for the recommended one")
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
		_, err := io.WriteString(a.Out, r.Markdown())
		return err
	}
	return a.answer(r.Result, func(w io.Writer) { _, _ = io.WriteString(w, r.Text(textWidth, false)) })
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
