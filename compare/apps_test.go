package compare

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"berth/compare/advise"
	"berth/compare/longpoll"
	"berth/compare/price"
)

var update = flag.Bool("update", false, "write the golden files")

// typicalApp is an app as people bring it, with what is recommended for it.
type typicalApp struct {
	name  string
	needs advise.Requirements
	usage func(*price.Usage)
	files map[string]string // of a Phoenix project
	best  string
}

// web is the traffic of a small app: five requests a second, 50 GB out.
func web(u *price.Usage) {
	u.RequestsPerSecond, u.NewConnectionsPerSecond, u.ConnectionMinutes = 5, 0.5, 1
	u.EgressGB, u.LogGB, u.ImageGB = 50, 2, 0.5
}

var liveView = map[string]string{
	"assets/js/app.js": "import \"phoenix_html\"\nimport { Socket } from \"phoenix\"\nimport { LiveSocket } from \"phoenix_live_view\"\n\n" +
		"let liveSocket = new LiveSocket(\"/live\", Socket, {\n  hooks: Hooks,\n  params: { _csrf_token: csrfToken },\n})\n\nliveSocket.connect()\n",
	"lib/demo_web/endpoint.ex": "defmodule DemoWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :demo\n\n" +
		"  socket \"/live\", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]]\n\n  plug DemoWeb.Router\nend\n",
}

var typicalApps = []typicalApp{
	{"static-site", advise.Requirements{Region: "eu-west-1"}, func(u *price.Usage) { web(u); u.Instances, u.EgressGB = 1, 200 }, nil, "lightsail"},
	{"json-api", advise.Requirements{Region: "us-east-1", CustomDomain: true, ReleaseCommand: true, Secrets: true}, func(u *price.Usage) {
		web(u)
		u.Database, u.DatabaseGB = "db.t4g.micro", 20
	}, nil, "ecs-fargate"},
	{"liveview-uploads", advise.Requirements{Region: "eu-west-2", WebSockets: true, WebSocketUploads: true, Clustering: true, ReleaseCommand: true}, func(u *price.Usage) {
		web(u)
		u.ConnectionMinutes, u.Database, u.DatabaseGB = 10, "db.t4g.micro", 20
	}, liveView, "ecs-fargate"},
	{"liveview-updates", advise.Requirements{Region: "us-east-1", WebSockets: true, AppRunnerCustomer: true}, func(u *price.Usage) {
		web(u)
		u.Instances, u.ActiveHoursPerDay = 1, 4
	}, liveView, "ecs-fargate"},
	{"socketio-redis", advise.Requirements{Region: "eu-central-1", WebSockets: true, StickySessions: true}, func(u *price.Usage) { web(u); u.ConnectionMinutes = 30 }, nil, "ecs-fargate"},
	{"rails-action-cable", advise.Requirements{Region: "us-west-2", WebSockets: true, CustomDomain: true, ReleaseCommand: true, Shell: true}, func(u *price.Usage) {
		web(u)
		u.VCPU, u.MemoryGB, u.Database, u.DatabaseGB = 0.5, 1, "db.t4g.micro", 20
	}, nil, "ecs-fargate"},
	{"sqlite-volume", advise.Requirements{Region: "eu-west-1", PersistentStorage: true, CustomDomain: true}, func(u *price.Usage) { web(u); u.Instances, u.StorageGB = 1, 5 }, nil, "ecs-fargate"},
	{"grpc", advise.Requirements{Region: "eu-west-1", GRPC: true, CustomDomain: true}, func(u *price.Usage) { web(u); u.RequestsPerSecond = 50 }, nil, "ecs-fargate"},
	{"rare-worker", advise.Requirements{Region: "eu-west-2", ScaleToZero: true}, func(u *price.Usage) {
		u.Instances, u.ActiveHoursPerDay, u.RequestsPerSecond, u.RequestMS, u.LogGB, u.ImageGB = 1, 0.5, 0.2, 2000, 0.2, 0.5
	}, nil, "lambda"},
	{"brazil", advise.Requirements{Region: "gru", WebSockets: true, Clustering: true}, web, nil, "ecs-fargate"},
	{"arm64-image", advise.Requirements{Region: "ap-northeast-1", ARM64: true}, func(u *price.Usage) { web(u); u.Arch = "arm" }, nil, "ecs-fargate"},
	{"ten-minute-report", advise.Requirements{Region: "eu-west-2", LongestRequestSeconds: 600}, web, nil, "ecs-fargate"},
}

func (a typicalApp) report(t testing.TB) *Report {
	t.Helper()
	u := price.DefaultUsage()
	a.usage(&u)
	day, _ := price.Date("2026-11-22")
	r, err := Advisor{Today: day}.Report(a.needs, u)
	if err != nil {
		t.Fatal(err)
	}
	if a.files != nil {
		r.LongPolling = longpoll.Advise(a.files)
	}
	return r
}

// TestTypicalApps holds what is said about twelve typical apps, with sources, so that a reader can check it
// against the facts: testdata/<app>.md is the report as Markdown, testdata/<app>.txt as text.
func TestTypicalApps(t *testing.T) {
	if len(typicalApps) != 12 {
		t.Fatal("twelve apps are promised")
	}
	for _, a := range typicalApps {
		t.Run(a.name, func(t *testing.T) {
			r := a.report(t)
			if r.Result.Recommended != a.best {
				t.Errorf("recommended %q, want %q", r.Result.Recommended, a.best)
			}
			golden(t, a.name+".md", r.Markdown())
			golden(t, a.name+".txt", r.Text(80, false))
		})
	}
}

// TestAppsAreWritten keeps what the twelve apps need and use where other packages can read it: the engine holds its
// plans to what is said here.
func TestAppsAreWritten(t *testing.T) {
	type app struct {
		Name  string              `json:"name"`
		Needs advise.Requirements `json:"requirements"`
		Usage price.Usage         `json:"usage"`
	}
	var out []app
	for _, a := range typicalApps {
		u := price.DefaultUsage()
		a.usage(&u)
		out = append(out, app{a.name, a.needs, u})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "apps.json", string(text)+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was; look at it and run go test ./compare -update:\n%s", name, got)
	}
}
