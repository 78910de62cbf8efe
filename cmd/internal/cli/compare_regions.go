package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"berth/compare"
	"berth/engine/fail"
	"berth/engine/latency"
)

// measureDeadline is how long all connections together may take.
const measureDeadline = 3 * time.Second

// measureRegions adds the connect time of each region to ranked regions. Offline it says so and goes on.
func (a *app) measureRegions(ctx context.Context, list []compare.RankedRegion) {
	codes := make([]string, len(list))
	for i, r := range list {
		codes[i] = r.Code
	}
	got := latency.Measure(ctx, &net.Dialer{}, codes, measureDeadline, time.Now)
	if latency.Offline(got) {
		fmt.Fprintln(a.Err, "no region answered: this machine is offline, or its connections to AWS are blocked")
	}
	for i, g := range got {
		list[i].Measured = g.Why()
		list[i].ConnectMS = float64(g.Connect.Microseconds()) / 1000
	}
}

// rankRegions answers with the regions by price of the service that is recommended.
func (a *app) rankRegions(cmd *cobra.Command, advisor compare.Advisor, q *question, r *compare.Report) error {
	service := r.Result.Recommended
	if len(q.only) > 0 {
		service = q.only[0]
		r.Only(q.only)
	}
	if service == "" {
		return &fail.Error{Class: fail.Failed, Cause: "no service can run this app, so there is nothing to rank", Remedy: "see berth compare without --rank-regions"}
	}
	list, err := advisor.RankRegions(service, q.needs, q.usage)
	if err != nil {
		return asUsage(cmd, err)
	}
	if q.measure {
		a.measureRegions(cmd.Context(), list)
	}
	r.Result.Regions = list
	return a.answer(r.Result, func(w io.Writer) { _, _ = io.WriteString(w, compare.RegionsText(service, list, textWidth, false)) })
}
