package app

import (
	"slices"
	"time"

	"berth/compare/price"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/spec"
	"berth/tui/screen"
)

// The app of the pictures: what is found of it, what its first deployment would make, and how it runs then.

// change makes a change of the plan.
func change(id, group string, usd float64, usually time.Duration, needs ...string) screen.Change {
	return screen.Change{
		ID: id, Kind: id, Name: "live-beats-" + id, Action: event.Create, Why: "it does not exist yet",
		MonthlyUSD: usd, Group: group, Needs: needs, Usually: usually,
		Versioned: slices.Contains([]string{"build", "image", "task-definition", "release", "service"}, id),
	}
}

func firstPlan() *screen.Plan {
	s := time.Second
	p := &screen.Plan{
		App: "live-beats", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", Account: "123456789012",
		Sum: engine.Sum{MonthlyUSD: 41.87, AlwaysUSD: 37.21, PricesAsOf: "2026-08-21", Complete: true, Costs: []engine.Cost{
			{Node: "load-balancer", Line: price.Line{SKU: "alb.hour", Item: "load balancer", Quantity: 730, Unit: "hour", UnitUSD: 0.02646, USD: 19.32, AsOf: "2026-08-21", Known: true}},
			{Node: "service", Line: price.Line{SKU: "fargate.x86.vcpu_hour", Item: "2 tasks x 0.25 vCPU", Quantity: 365, Unit: "vCPU-hour", UnitUSD: 0.04656, USD: 16.99, AsOf: "2026-08-21", Known: true}},
			{Node: "load-balancer", Line: price.Line{SKU: "alb.lcu_hour", Item: "load, 1 LCU on average", Quantity: 730, Unit: "LCU-hour", UnitUSD: 0.0064, USD: 4.66, AsOf: "2026-08-21", Use: true, Known: true}},
			{Node: "log-group", Line: price.Line{SKU: "logs.gb", Item: "logs written", Quantity: 1, Unit: "GB", AsOf: "2026-08-21", Use: true}},
		}},
		Hash: "9f2c41d07be855aa01", Usually: 290 * s,
		Usage: price.DefaultUsage(),
		Changes: []screen.Change{
			change("vpc", "network", 0, 4*s),
			change("subnet-a", "network", 0, 2*s, "vpc"),
			change("subnet-b", "network", 0, 2*s, "vpc"),
			change("internet-gateway", "network", 0, 2*s, "vpc"),
			change("route-table", "network", 0, 2*s, "internet-gateway", "subnet-a", "subnet-b"),
			change("security-group-lb", "network", 0, 2*s, "vpc"),
			change("security-group-tasks", "network", 0, 2*s, "security-group-lb"),
			change("execution-role", "access", 0, 10*s),
			change("task-role", "access", 0, 10*s),
			change("repository", "image", 0.1, 1*s),
			change("image", "image", 0, 75*s, "repository"),
			change("log-group", "compute", 0.5, 1*s),
			change("cluster", "compute", 0, 3*s),
			change("task-definition", "compute", 0, 1*s, "image", "execution-role", "task-role", "log-group"),
			change("load-balancer", "traffic", 19.32, 150*s, "subnet-a", "subnet-b", "security-group-lb", "route-table"),
			change("target-group", "traffic", 0, 1*s, "vpc"),
			change("listener", "traffic", 0, 1*s, "load-balancer", "target-group"),
			change("distribution", "endpoint", 0, 210*s, "load-balancer"),
			change("service", "compute", 21.95, 60*s, "cluster", "task-definition", "listener", "security-group-tasks"),
			change("verify", "endpoint", 0, 5*s, "distribution", "service"),
		},
	}
	for id, text := range map[string]string{
		"load-balancer": "it has public IPv4 addresses; its security group decides who can reach it",
		"distribution":  "its https:// address is open to the internet",
	} {
		for i := range p.Changes {
			if p.Changes[i].ID == id {
				p.Changes[i].Exposes = text
			}
		}
	}
	return p
}

func liveBeats() *screen.Findings {
	f := &screen.Findings{
		Stack: "phoenix", Port: 4000,
		Findings: []screen.Finding{
			{ID: "dockerfile-expose", File: "Dockerfile", Line: 94, Text: "EXPOSE 4000", Means: "the app listens on port 4000"},
			{ID: "dockerfile-user", File: "Dockerfile", Line: 90, Text: "USER nobody", Means: "it does not run as root, which is good"},
			{
				ID: "phoenix-liveview", File: "mix.exs", Line: 41, Text: "{:phoenix_live_view, \"~> 0.18\"}",
				Means: "LiveView holds WebSockets open; without them pages still load but live updates and uploads suffer",
			},
			{
				ID: "libcluster", File: "mix.exs", Line: 58, Text: "{:libcluster, \"~> 3.3\"}",
				Means: "the nodes look for each other and form a cluster",
			},
			{ID: "fly-toml", File: "fly.toml", Line: 1, Text: "app = \"livebeats\"", Means: "it ran on Fly.io before; its settings are taken over"},
			{
				ID: "release-command", File: "fly.toml", Line: 12, Text: "release_command = \"/app/bin/migrate\"",
				Means: "migrations run once before each new version",
			},
		},
		Suggests: map[string]any{
			"app": "live-beats", "service.health_path": "/signin",
		},
	}
	for _, x := range []struct {
		need, key string
		value     any
		from      spec.Origin
	}{
		{"", "service.port", 4000, spec.Origin{File: "Dockerfile", Line: 94, Text: "EXPOSE 4000"}},
		{"websockets", "network.websockets", true, spec.Origin{File: "mix.exs", Line: 41, Text: "{:phoenix_live_view, \"~> 0.18\"}"}},
		{"websocket_uploads", "", nil, spec.Origin{File: "lib/live_beats_web/live/song_live.ex", Line: 14, Text: "|> allow_upload(:mp3)"}},
		{"clustering", "network.clustering", "dns", spec.Origin{File: "mix.exs", Line: 58, Text: "{:libcluster, \"~> 3.3\"}"}},
		{"release_command", "service.release_command", "/app/bin/migrate", spec.Origin{File: "fly.toml", Line: 12, Text: "release_command"}},
	} {
		f.Need(x.need, x.from)
		if x.key != "" {
			f.Suggest(x.key, x.value, x.from)
		}
	}
	return f
}

func running() *screen.Status {
	at := time.Date(1999, 12, 29, 14, 2, 0, 0, time.UTC)
	return &screen.Status{
		App: "live-beats", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", State: "running",
		Endpoint: "https://d3k1example.cloudfront.net", Revision: "live-beats-production:7", Running: 2, Desired: 2,
		Image: "123456789012.dkr.ecr.eu-west-2.amazonaws.com/live-beats-production@sha256:4f5d1c2ab09833de77aa",
		Deployments: []screen.Deployment{
			{ID: "d7", State: "successful", Revision: "live-beats-production:7", Image: "x@sha256:4f5d1c2ab09833de77aa", Started: at, Finished: at.Add(151 * time.Second), By: "ada", Commit: "3fa9c1d"},
			{
				ID: "d6", State: "rollback_successful", Reason: "tasks failed to start: essential container exited",
				Revision: "live-beats-production:6", Image: "x@sha256:90aa1c2ab09833de77aa", Started: at.Add(-26 * time.Hour), Finished: at.Add(-26*time.Hour + 4*time.Minute),
			},
			{ID: "d5", State: "successful", Revision: "live-beats-production:5", Image: "x@sha256:c0ffee2ab09833de77aa", Started: at.Add(-50 * time.Hour), Finished: at.Add(-50*time.Hour + 2*time.Minute)},
		},
		Resources: make([]screen.Resource, 22), Healthy: 2, Created: at.Add(-50 * time.Hour), By: "ada", Commit: "3fa9c1d",
		Since: at.Add(151 * time.Second),
		Sum:   engine.Sum{MonthlyUSD: 41.87, AlwaysUSD: 37.21, PricesAsOf: "2026-08-21", Complete: true},
	}
}
