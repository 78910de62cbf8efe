package advise

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"berth/compare/catalog"
	"berth/compare/need"
	"berth/compare/price"
)

// judged judges one service in a region.
func judged(t testing.TB, id, region string, r Requirements, u price.Usage) Judged {
	t.Helper()
	s := catalog.Default().Service(id)
	e, err := price.Default().Estimate(s, region, u, ShapeOf(r))
	if err != nil {
		t.Fatal(err)
	}
	j := Judged{Case: Case{Service: s, Region: region, Needs: r, Usage: u, Estimate: e}}
	j.Verdict, j.Reasons = Judge(j.Case)
	return j
}

func reason(j Judged, requirement string) Reason {
	i := slices.IndexFunc(j.Reasons, func(r Reason) bool { return r.Requirement == requirement })
	if i < 0 {
		return Reason{}
	}
	return j.Reasons[i]
}

// The rules, one line each: what is needed, of which service, and what is said about it.
func TestRules(t *testing.T) {
	need := func(f func(*Requirements)) Requirements {
		var r Requirements
		f(&r)
		return r
	}
	ws := need(func(r *Requirements) { r.WebSockets = true })
	uploads := need(func(r *Requirements) { r.WebSockets, r.WebSocketUploads = true, true })
	cluster := need(func(r *Requirements) { r.WebSockets, r.Clustering = true, true })
	long := func(s int, domain bool) Requirements {
		return need(func(r *Requirements) { r.LongestRequestSeconds, r.CustomDomain = s, domain })
	}
	one := func(u *price.Usage) { u.Instances = 1 }
	for _, tt := range []struct {
		service, region string
		needs           Requirements
		usage           func(*price.Usage)
		requirement     string
		verdict         Verdict
		text            string
	}{
		{"app-runner", "eu-west-2", Requirements{}, nil, "account", No, "closed to new customers since 2026-04-30"},
		{"app-runner", "eu-west-2", Requirements{AppRunnerCustomer: true}, nil, "account", Fits, "existing customer"},
		{"lightsail", "eu-west-2", Requirements{AppRunnerCustomer: true}, nil, "account", Fits, "open to every account"},

		{"app-runner", "sa-east-1", Requirements{}, nil, "region", No, "nearest region that has it is us-east-1"},
		{"lightsail", "us-west-1", Requirements{}, nil, "region", No, "us-west-2"},
		{"lightsail", "sa-east-1", Requirements{}, nil, "region", Fits, "South America (Sao Paulo)"},
		{"ecs-fargate", "ap-east-1", Requirements{}, nil, "region", Fits, "must be enabled in the account first"},
		{"fly", "eu-west-2", Requirements{}, nil, "region", Fits, "lhr, London"},
		{"fly", "ap-east-1", Requirements{}, nil, "region", Changes, "km away"},

		{"ecs-fargate", "eu-west-2", Requirements{}, nil, "endpoint", Fits, "load-balanced"},
		{"lambda", "eu-west-2", Requirements{}, nil, "endpoint", Changes, "Lambda Web Adapter"},
		{"ec2", "eu-west-2", Requirements{}, nil, "endpoint", Changes, "yours to build"},

		{"ecs-fargate", "eu-west-2", Requirements{}, nil, "size", Fits, "has the size 0.25 vCPU and 0.5 GB"},
		{"ecs-fargate", "eu-west-2", Requirements{}, func(u *price.Usage) { u.MemoryGB = 3 }, "size", Fits, "next size for 0.25 vCPU and 3 GB is 0.5 vCPU and 3 GB"},
		{"lightsail", "eu-west-2", Requirements{}, func(u *price.Usage) { u.VCPU = 8 }, "size", No, "no size holds 8 vCPU"},
		{"lightsail", "eu-west-2", Requirements{}, func(u *price.Usage) { u.Instances = 21 }, "size", No, "at most 20 instances, not 21"},
		{"lightsail", "eu-west-2", Requirements{}, func(u *price.Usage) { u.EphemeralGB = 5 }, "size", Changes, "not known"},
		{"app-runner", "eu-west-2", Requirements{}, func(u *price.Usage) { u.EphemeralGB = 5 }, "size", No, "at most 3 GB of disk"},
		{"ecs-fargate", "eu-west-2", Requirements{}, func(u *price.Usage) { u.EphemeralGB = 201 }, "size", No, "at most 200 GB"},
		{"lambda", "eu-west-2", Requirements{}, func(u *price.Usage) { u.MemoryGB = 12 }, "size", No, "at most 10240 MB"},
		{"lambda", "eu-west-2", Requirements{}, func(u *price.Usage) { u.VCPU = 6 }, "size", No, "1769 MB stand for a vCPU"},
		{"ecs-ec2", "eu-west-2", Requirements{}, func(u *price.Usage) { u.VCPU = 64 }, "size", Fits, "your choice"},
		{"ecs-ec2", "eu-west-2", Requirements{}, func(u *price.Usage) { u.VCPU = 200 }, "size", No, "at most 192 vCPU"},

		{"ecs-fargate", "eu-west-2", Requirements{}, nil, "https_without_domain", Fits, "cloudfront.net"},
		{"ecs-ec2", "eu-west-2", Requirements{}, nil, "https_without_domain", Fits, "ECS gateway"},
		{"eks", "eu-west-2", Requirements{}, nil, "https_without_domain", Changes, "put CloudFront in front"},
		{"ecs-express", "eu-west-2", Requirements{}, nil, "https_without_domain", Fits, "on.aws"},
		{"ecs-fargate", "eu-west-2", Requirements{ToldHTTPS: true}, nil, "https_without_domain", Fits, "ECS gateway"},
		{"ecs-fargate", "eu-west-2", Requirements{ToldHTTPS: true}, nil, "told_https", Fits, "unverified"},
		{"ecs-fargate", "eu-west-2", Requirements{ToldHTTPS: true, WebSockets: true}, nil, "websockets", Fits, "60 s of silence"},
		{"eks", "eu-west-2", Requirements{ToldHTTPS: true}, nil, "told_https", Changes, "CloudFront-Forwarded-Proto"},
		{"ecs-express", "eu-west-2", Requirements{CustomDomain: true}, nil, "custom_domain", Changes, "by hand"},
		{"ecs-fargate", "eu-west-2", Requirements{CustomDomain: true}, nil, "custom_domain", Fits, "Certificate Manager"},

		{"app-runner", "eu-west-2", ws, one, "websockets", Changes, "long polling works for updates"},
		{"app-runner", "eu-west-2", ws, nil, "websockets", Changes, "PubSub over Redis"},
		{"app-runner", "eu-west-2", uploads, one, "websockets", No, "uploads travel over the WebSocket"},
		{"app-runner", "eu-west-2", uploads, one, "websocket_uploads", No, "it has none"},
		{"app-runner", "eu-west-2", cluster, nil, "websockets", No, "no way out for a cluster"},
		{"lambda", "eu-west-2", ws, one, "websockets", No, "freezes after each response"},
		{"lightsail", "eu-west-2", uploads, nil, "websockets", Changes, "not known how long a silent WebSocket stays open"},
		{"lightsail", "eu-west-2", uploads, nil, "websocket_uploads", Fits, "uploads"},
		{"ecs-fargate", "eu-west-2", ws, nil, "websockets", Fits, "10 minutes of silence"},
		{"elastic-beanstalk", "eu-west-2", ws, nil, "websockets", Changes, "nginx"},

		{"app-runner", "eu-west-2", cluster, nil, "clustering", No, "no address of their own"},
		{"lightsail", "eu-west-2", cluster, nil, "clustering", No, "service.local"},
		{"ecs-express", "eu-west-2", cluster, nil, "clustering", Changes, "security group"},
		{"ecs-fargate", "eu-west-2", cluster, nil, "clustering", Fits, "Cloud Map DNS"},
		{"ecs-fargate", "eu-west-2", cluster, func(u *price.Usage) { u.Instances = 9 }, "clustering", Changes, "at most 8 of 9"},

		{"ecs-fargate", "eu-west-2", Requirements{StickySessions: true}, nil, "sticky_sessions", Fits, "cookie"},
		{"lightsail", "eu-west-2", Requirements{StickySessions: true}, nil, "sticky_sessions", No, "does not"},

		{"ecs-fargate", "eu-west-2", Requirements{PersistentStorage: true}, nil, "persistent_storage", Fits, "EFS"},
		{"ecs-express", "eu-west-2", Requirements{PersistentStorage: true}, nil, "persistent_storage", Changes, "task definition"},
		{"lightsail", "eu-west-2", Requirements{PersistentStorage: true}, nil, "persistent_storage", No, "keep nothing"},

		{"ecs-fargate", "eu-west-2", Requirements{GRPC: true}, nil, "grpc", Changes, "own domain"},
		{"ecs-fargate", "eu-west-2", Requirements{GRPC: true, CustomDomain: true}, nil, "grpc", Fits, "GRPC"},
		{"lightsail", "eu-west-2", Requirements{GRPC: true}, nil, "grpc", Changes, "not known"},
		{"app-runner", "eu-west-2", Requirements{GRPC: true}, nil, "grpc", No, "HTTP/1.1"},

		{"lightsail", "eu-west-2", Requirements{ARM64: true}, nil, "arm64", No, "x86_64"},
		{"ecs-express", "eu-west-2", Requirements{ARM64: true}, nil, "arm64", Changes, "the default is x86_64"},

		{"app-runner", "eu-west-2", long(120, false), nil, "longest_request_seconds", Fits, "120 s"},
		{"app-runner", "eu-west-2", long(121, false), nil, "longest_request_seconds", No, "cut after 120 s"},
		{"lambda", "eu-west-2", long(901, false), nil, "longest_request_seconds", No, "cut after 900 s"},
		{"lightsail", "eu-west-2", long(10, false), nil, "longest_request_seconds", Changes, "not known"},
		{"ecs-fargate", "eu-west-2", long(60, false), nil, "longest_request_seconds", Fits, "60 s"},
		{"ecs-fargate", "eu-west-2", long(600, false), nil, "longest_request_seconds", Changes, "CloudFront waits 60 s"},
		{"ecs-fargate", "eu-west-2", long(600, true), nil, "longest_request_seconds", Fits, "idle timeout is raised"},
		{"ecs-fargate", "eu-west-2", long(4001, true), nil, "longest_request_seconds", Changes, "4000 s of silence at most"},
		{"ecs-fargate", "eu-west-2", long(300, false), nil, "longest_request_seconds", Changes, "an ECS gateway waits as long as something is sent every 60 s, a domain of your own up to 4000 s"},
		{"ecs-ec2", "eu-west-2", long(300, false), nil, "longest_request_seconds", Changes, "an ECS gateway closes a connection after 60 s of silence"},
		{"ecs-express", "eu-west-2", long(600, false), nil, "longest_request_seconds", Changes, "share it"},
		{"ecs-ec2", "eu-west-2", long(600, true), nil, "longest_request_seconds", Changes, "raise the load balancer's idle timeout"},
		{"fly", "eu-west-2", long(600, false), nil, "longest_request_seconds", Changes, "in its settings"},

		{"lambda", "eu-west-2", Requirements{ScaleToZero: true}, nil, "scale_to_zero", Fits, "scales to zero"},
		{"ecs-fargate", "eu-west-2", Requirements{ScaleToZero: true}, nil, "scale_to_zero", No, "does not wake it"},
		{"lightsail", "eu-west-2", Requirements{ScaleToZero: true}, nil, "scale_to_zero", No, "billed even when disabled"},
		{"ecs-express", "eu-west-2", Requirements{ScaleToZero: true}, nil, "scale_to_zero", No, "not documented"},
		{"elastic-beanstalk", "eu-west-2", Requirements{ScaleToZero: true}, nil, "scale_to_zero", Changes, "not known"},

		{"ecs-fargate", "eu-west-2", Requirements{ReleaseCommand: true}, nil, "release_command", Fits, "RunTask"},
		{"lightsail", "eu-west-2", Requirements{ReleaseCommand: true}, nil, "release_command", Changes, "when the container starts"},
		{"ecs-fargate", "eu-west-2", Requirements{Shell: true}, nil, "shell", Fits, "ECS Exec"},
		{"lightsail", "eu-west-2", Requirements{Shell: true}, nil, "shell", No, "does not give a shell"},
		{"lightsail", "eu-west-2", Requirements{Secrets: true}, nil, "secrets", Changes, "plain environment values"},
		{"ecs-fargate", "eu-west-2", Requirements{Secrets: true}, nil, "secrets", Fits, "SSM"},

		{"ecs-fargate", "eu-west-2", Requirements{}, nil, "quota", Fits, "6 vCPU"},
		{"ecs-fargate", "eu-west-2", Requirements{}, func(u *price.Usage) { u.VCPU, u.MemoryGB, u.Instances = 1, 2, 4 }, "quota", Changes, "takes 8 vCPU at once"},

		{"ecs-fargate", "eu-west-2", Requirements{NoHTTP: true}, nil, "no_http", Fits, "without a load balancer"},
		{"ecs-express", "eu-west-2", Requirements{NoHTTP: true}, nil, "no_http", No, "comes with a load balancer"},
		{"lambda", "eu-west-2", Requirements{NoHTTP: true}, nil, "no_http", No, "between two requests"},
		{"lightsail", "eu-west-2", Requirements{UploadsToS3: true}, nil, "uploads_to_s3", Changes, "access keys"},
		{"ecs-fargate", "eu-west-2", Requirements{UploadsToS3: true}, nil, "uploads_to_s3", Fits, "task role"},
		{"lightsail", "eu-west-2", Requirements{Database: true}, nil, "database", Changes, "peer Lightsail with the default VPC"},
		{"ecs-fargate", "eu-west-2", Requirements{Cache: true}, nil, "cache", Fits, "in the VPC"},
		{"lightsail", "eu-west-2", Requirements{PrivateNetwork: true}, nil, "private_network", No, "network of Lightsail's"},
		{"ecs-fargate", "eu-west-2", Requirements{PrivateNetwork: true}, nil, "private_network", Fits, "NAT gateway"},
		{"ec2", "eu-west-2", Requirements{MultiAZ: true}, nil, "multi_az", Changes, "Auto Scaling group"},
		{"lightsail", "eu-west-2", Requirements{MultiAZ: true}, nil, "multi_az", Changes, "not known"},
		{"lightsail", "eu-west-2", Requirements{Autoscaling: true}, nil, "autoscaling", No, "by hand"},
		{"ecs-fargate", "eu-west-2", Requirements{Autoscaling: true}, nil, "autoscaling", Fits, "requests"},

		{"ecs-fargate", "eu-west-2", Requirements{MaxMonthlyUSD: 100}, nil, "max_monthly_usd", Fits, "within 100.00"},
		{"ecs-fargate", "eu-west-2", Requirements{MaxMonthlyUSD: 10}, nil, "max_monthly_usd", No, "more than 10.00"},
		{"app-runner", "eu-west-2", Requirements{MaxMonthlyUSD: 10}, nil, "max_monthly_usd", Changes, "prices are missing"},
	} {
		u := price.DefaultUsage()
		if tt.usage != nil {
			tt.usage(&u)
		}
		got := reason(judged(t, tt.service, tt.region, tt.needs, u), tt.requirement)
		if got.Verdict != tt.verdict || !strings.Contains(got.Text, tt.text) {
			t.Errorf("%s in %s, %s: %s, %q; want %s, %q", tt.service, tt.region, tt.requirement, got.Verdict, got.Text, tt.verdict, tt.text)
		}
	}
}

// Every rule is asked for some service, gives its fact's origin, and the verdict is that of the worst reason.
func TestEveryReasonHasItsOrigin(t *testing.T) {
	u := price.DefaultUsage()
	u.Arch = "arm"
	all := Requirements{
		WebSockets: true, WebSocketUploads: true, Clustering: true, StickySessions: true, PersistentStorage: true, GRPC: true,
		ARM64: true, ScaleToZero: true, CustomDomain: true, ReleaseCommand: true, Shell: true, Secrets: true, LongestRequestSeconds: 30, MaxMonthlyUSD: 50,
	}
	seen := map[string]bool{}
	for _, s := range catalog.Default().Services {
		rest := Requirements{NoHTTP: true, UploadsToS3: true, Autoscaling: true, PrivateNetwork: true, MultiAZ: true, Cache: true, Database: true}
		for _, r := range []Requirements{all, {}, rest, {ToldHTTPS: true}} {
			j := judged(t, s.ID, "eu-west-2", r, u)
			worst := Fits
			for _, x := range j.Reasons {
				worst = worse(worst, x.Verdict)
				seen[x.Requirement] = true
				if x.Text == "" || x.Source == "" || (x.AsOf == "" && x.Requirement != "max_monthly_usd") || strings.Contains(x.Text, "%!") {
					t.Errorf("%s: %+v", s.ID, x)
				}
			}
			if j.Verdict != worst {
				t.Errorf("%s is %s, its worst reason %s", s.ID, j.Verdict, worst)
			}
		}
	}
	for _, r := range rules {
		if !seen[r.requirement] {
			t.Errorf("the rule %s was never asked", r.requirement)
		}
		if relaxations[r.requirement] == nil {
			t.Errorf("nobody says what could be given up for %s", r.requirement)
		}
	}
}

// What is not known is a risk: a catalogue of services about which nothing is known has no yes in it.
func TestUnknownIsNeverYes(t *testing.T) {
	u := price.DefaultUsage()
	r := Requirements{
		WebSockets: true, WebSocketUploads: true, Clustering: true, StickySessions: true, PersistentStorage: true, GRPC: true,
		ARM64: true, ScaleToZero: true, ReleaseCommand: true, Shell: true, Secrets: true, LongestRequestSeconds: 30,
	}
	c := Case{Service: &catalog.Service{ID: "unknown"}, Region: "eu-west-2", Needs: r, Usage: u}
	_, reasons := Judge(c)
	for _, x := range reasons {
		if x.Verdict == Fits {
			t.Errorf("%s fits although nothing is known: %s", x.Requirement, x.Text)
		}
	}
}

func TestRank(t *testing.T) {
	c := catalog.Default()
	j := func(id string, v Verdict, usd float64, change ...func(*Judged)) Judged {
		out := Judged{Case: Case{Service: c.Service(id), Estimate: price.Estimate{MonthlyUSD: usd}}, Verdict: v}
		if v != Fits {
			out.Reasons = []Reason{{Verdict: v}}
		}
		for _, f := range change {
			f(&out)
		}
		return out
	}
	twice := func(x *Judged) { x.Reasons = append(x.Reasons, x.Reasons[0]) }
	unpriced := func(x *Judged) { x.Estimate.Lines = []price.Line{{SKU: "x"}} }
	for _, tt := range []struct {
		name string
		in   []Judged
		want string
		best string
	}{
		{"fits, changes, no", []Judged{j("lambda", No, 1), j("lightsail", Changes, 1), j("ecs-fargate", Fits, 99)}, "ecs-fargate lightsail lambda", "ecs-fargate"},
		{"fewer changes", []Judged{j("lambda", Changes, 1, twice), j("ecs-fargate", Changes, 99)}, "ecs-fargate lambda", "ecs-fargate"},
		{"baseline behind", []Judged{j("fly", Fits, 1), j("ecs-fargate", Fits, 99)}, "ecs-fargate fly", "ecs-fargate"},
		{"baseline is never recommended", []Judged{j("fly", Fits, 1), j("ecs-fargate", No, 99)}, "fly ecs-fargate", ""},
		{"baseline does not hide what needs changes", []Judged{j("fly", Fits, 1), j("lambda", Changes, 99)}, "fly lambda", "lambda"},
		{"no servers first", []Judged{j("ec2", Fits, 1), j("ecs-fargate", Fits, 99)}, "ecs-fargate ec2", "ecs-fargate"},
		{"the endpoint counts for two", []Judged{j("lambda", Changes, 1, func(x *Judged) { x.Reasons[0].Requirement = "endpoint" }), j("ecs-fargate", Changes, 99)}, "ecs-fargate lambda", "ecs-fargate"},
		{"the unknown counts for three", []Judged{j("lightsail", Changes, 1, func(x *Judged) { x.Reasons[0].Unknown = true }), j("ecs-fargate", Changes, 99, twice)}, "ecs-fargate lightsail", "ecs-fargate"},
		{"a missing disk is small change", []Judged{j("lightsail", Fits, 99), j("ecs-fargate", Fits, 50, func(x *Judged) { x.Estimate.Lines = []price.Line{{SKU: "cloudfront.https_10k"}} })}, "ecs-fargate lightsail", "ecs-fargate"},
		{"priced compute first", []Judged{j("app-runner", Fits, 1, unpriced), j("ecs-fargate", Fits, 99)}, "ecs-fargate app-runner", "ecs-fargate"},
		{"cheaper first", []Judged{j("ecs-fargate", Fits, 50), j("lightsail", Fits, 14)}, "lightsail ecs-fargate", "lightsail"},
		{"a tie goes to the simpler", []Judged{j("ecs-express", Fits, 50), j("ecs-fargate", Fits, 54)}, "ecs-fargate ecs-express", "ecs-fargate"},
		{"a tenth is no tie", []Judged{j("ecs-express", Fits, 50), j("ecs-fargate", Fits, 55)}, "ecs-express ecs-fargate", "ecs-express"},
		{"two dollars are a tie", []Judged{j("app-runner", Fits, 7), j("lightsail", Fits, 8.5)}, "lightsail app-runner", "lightsail"},
		{"nothing", []Judged{j("lambda", No, 1), j("app-runner", No, 1, twice)}, "lambda app-runner", ""},
	} {
		for range 2 {
			Rank(tt.in)
			var got []string
			for _, x := range tt.in {
				got = append(got, x.Service.ID)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
			}
			best := ""
			if b := Recommend(tt.in); b != nil {
				best = b.Service.ID
			}
			if best != tt.best {
				t.Errorf("%s: recommends %q, want %q", tt.name, best, tt.best)
			}
			slices.Reverse(tt.in) // the order they come in must not matter
		}
	}
	for _, id := range c.IDs() {
		if !slices.Contains(effort, id) {
			t.Errorf("%s has no place in the order of effort", id)
		}
	}
}

func TestWouldChange(t *testing.T) {
	u := price.DefaultUsage()
	one := u
	one.Instances = 1
	best := func(r Requirements, u price.Usage) *Judged {
		j := judged(t, "ecs-fargate", "eu-west-2", r, u)
		return &j
	}
	for _, tt := range []struct {
		name, service, region string
		needs                 Requirements
		usage                 price.Usage
		want                  []string // parts of the sentences, one each
	}{
		{"what fits needs nothing", "ecs-fargate", "eu-west-2", Requirements{}, u, nil},
		{
			"long polling", "app-runner", "us-east-1",
			Requirements{WebSockets: true, AppRunnerCustomer: true},
			one,
			[]string{"With long polling instead of WebSockets it would fit, for "},
		},
		{
			"closed, whatever changes", "app-runner", "us-east-1",
			Requirements{WebSockets: true},
			one,
			[]string{"Nothing about your needs would change it: closed to new customers", "(--app-runner-customer): with long polling instead of WebSockets it would fit"},
		},
		{
			"uploads", "app-runner", "us-east-1",
			Requirements{WebSockets: true, WebSocketUploads: true, AppRunnerCustomer: true},
			one,
			[]string{"With uploads over plain requests and long polling instead of WebSockets it would fit"},
		},
		{
			"Redis is on the bill", "lightsail", "eu-west-2",
			Requirements{WebSockets: true, Clustering: true},
			u,
			[]string{"With PubSub over Redis between the nodes (one more nano container service for 7.00 USD) it would work with changes, for 21.00 USD a month: 34.28 less than ecs-fargate."},
		},
		{
			"Redis once", "app-runner", "us-east-1",
			Requirements{WebSockets: true, Clustering: true, AppRunnerCustomer: true},
			u,
			[]string{"With long polling instead of WebSockets, with PubSub over Redis between the nodes (a cache.t4g.micro of ElastiCache for 11.68 USD) it would fit"},
		},
		{"the nearest region", "lightsail", "us-west-1", Requirements{}, u, []string{"In us-west-2 (Boardman, "}},
		{"a domain", "elastic-beanstalk", "us-east-1", Requirements{}, u, []string{"With a domain of your own it would fit"}},
		{"a domain for gRPC", "ecs-fargate", "eu-west-2", Requirements{GRPC: true}, u, []string{"With a domain of your own it would fit"}},
		{"a domain for long requests", "ecs-fargate", "eu-west-2", Requirements{LongestRequestSeconds: 600}, u, []string{"With a domain of your own it would fit"}},
		{"shorter requests", "app-runner", "us-east-1", Requirements{LongestRequestSeconds: 600, AppRunnerCustomer: true}, u, []string{"With no request silent for longer than 120 s it would fit"}},
		{"more money", "ecs-fargate", "eu-west-2", Requirements{MaxMonthlyUSD: 20}, u, []string{"With 34.78 USD a month more to spend it would fit"}},
		{"x86", "lightsail", "eu-west-2", Requirements{ARM64: true}, u, []string{"With an image for x86_64 it would fit, for 14.00 USD a month: "}},
		{"smaller", "lightsail", "eu-west-2", Requirements{}, func() price.Usage { u := u; u.VCPU = 8; return u }(), []string{"With at most 4 vCPU and 8 GB per instance it would fit"}},
		{"quota", "ecs-fargate", "eu-west-2", Requirements{}, func() price.Usage { u := u; u.VCPU, u.MemoryGB, u.Instances = 1, 2, 9; return u }(), []string{"With at most 3 instances until AWS raises the quota it would fit"}},
		{"the service's own way", "eks", "eu-west-2", Requirements{}, u, nil},
	} {
		got := WouldChange(price.Default(), judged(t, tt.service, tt.region, tt.needs, tt.usage), best(tt.needs, tt.usage))
		if got == nil || len(got) != len(tt.want) {
			t.Errorf("%s: %q", tt.name, got)
			continue
		}
		for i, w := range tt.want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s: %q, want %q", tt.name, got[i], w)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	u := price.DefaultUsage()
	if err := Validate(Requirements{}, u); err != nil {
		t.Fatal(err)
	}
	for field, r := range map[string]Requirements{
		"longest-request":   {LongestRequestSeconds: -1},
		"max-monthly":       {MaxMonthlyUSD: math.NaN()},
		"websocket-uploads": {WebSocketUploads: true},
		"arch":              {ARM64: true},
	} {
		var in *InputError
		if err := Validate(r, u); !errors.As(err, &in) || in.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	u.Instances = -1
	if err := Validate(Requirements{}, u); err == nil {
		t.Error("negative instances were accepted")
	}
}

// TestEveryNeedIsJudged finds a rule for each requirement, and what would lift it.
func TestEveryNeedIsJudged(t *testing.T) {
	judged := map[string]bool{}
	for _, r := range rules {
		judged[r.requirement] = true
	}
	for _, n := range need.All() {
		aside := n.ID == "app_runner_customer" || n.ID == "static_only" // one opens an account's way, one is judged by no service's rule
		if r := (Requirements{}); n.At(&r) != nil && !aside && !judged[n.ID] {
			t.Errorf("no rule judges %s", n.ID)
		}
	}
}
