package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"berth/assets"
	"berth/cmd/internal/report"
	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/project"
	"berth/engine/spec"
)

func (a *app) demoCommand() *cobra.Command {
	var faults bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Walk the sample app to a URL on a simulated account; needs no AWS and no Docker", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if faults {
				fmt.Fprintln(a.Out, faultHelp())
				return nil
			}
			return a.demo(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&faults, "faults", false, "list what can go wrong on request, for --sim-fault")
	return cmd
}

// demo deploys the sample app to a simulated account that lives in memory and forgets everything.
func (a *app) demo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "berth-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the sample app: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // of no use to anybody afterwards
	a.flags.dir = filepath.Join(dir, "harbor")
	if err := extract(a.flags.dir); err != nil {
		return fmt.Errorf("write the sample app: %w", err)
	}
	a.flags.simulate = true
	sims, err := a.simulation(inMemory)
	if err != nil {
		return err
	}
	if a.screens() {
		return a.openScreens(ctx, a.openOn(a.flags.region, sims.Environment(), sims.Builder(), ""), said{}, rollout{})
	}
	s, err := a.settings(ctx, said{})
	if err != nil {
		return err
	}
	eng := a.openOn(s.Region, sims.Environment(), sims.Builder(), "")
	if a.flags.json || a.flags.quiet {
		return a.demoRun(ctx, eng, engine.Request{Spec: s})
	}
	// Here the progress is the answer: all of it goes to stdout, in one stream whose order holds.
	a.Err = a.Out
	heading := func(text string) { fmt.Fprintf(a.Out, "\n== %s\n\n", text) }
	heading("What the source tree tells (berth inspect)")
	found, err := project.Inspect(ctx, s.Dir)
	if err != nil {
		return err
	}
	report.Findings(a.Out, found)
	heading("Which service fits, and what it costs (berth compare)")
	if err := a.compareFor(s, found); err != nil {
		return err
	}
	heading("What would be made (berth plan), and making it (berth deploy)")
	return a.demoRun(ctx, eng, engine.Request{Spec: s})
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

// compareFor answers what berth compare would about an app as its settings have it.
func (a *app) compareFor(s *spec.Spec, found *project.Findings) error {
	needs := advise.Requirements{
		Region: s.Region, WebSockets: s.Network.WebSockets, WebSocketUploads: found.Needs.WebSocketUploads,
		Clustering: s.Network.Clustering != "", PersistentStorage: found.Needs.PersistentStorage,
		GRPC: found.Needs.GRPC, ARM64: s.Image.Platform == spec.ARM64,
		CustomDomain: s.Network.Domain != "", ReleaseCommand: s.Service.ReleaseCommand != "",
	}
	usage := price.DefaultUsage()
	usage.VCPU, usage.MemoryGB, usage.Instances = s.Service.CPU, float64(s.Service.Memory)/1024, s.Service.Instances
	r, err := compare.Advisor{Prices: a.prices(), Today: time.Now()}.Report(needs, usage)
	if err != nil {
		return fmt.Errorf("compare services: %w", err)
	}
	_, err = io.WriteString(a.Out, r.Text(textWidth, false))
	return err
}
