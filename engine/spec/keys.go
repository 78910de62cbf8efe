package spec

import "slices"

// keys is the one table of what berth.toml can hold. Loading, checking, writing, the settings screen, the manual
// and the schema are made of it.
var keys = slices.Concat(appKeys, dataKeys, alarmKeys)

// appKeys are those of the app and of how it runs.
var appKeys = []Key{
	{
		Name: "app", Kind: Text, Flag: "--app", Doc: "name of the app and of its resources",
		Example: `"live-beats"`, at: func(s *Spec, _ bool) any { return &s.App },
	},
	{
		Name: "id", Kind: Text, Flag: "--id", Doc: "identity of the app, to tell it from others of the same name; made by berth",
		Example: `"k3v9q2"`, at: func(s *Spec, _ bool) any { return &s.ID },
	},
	{
		Name: "region", Kind: Text, Flag: "--region", Doc: "AWS region",
		Example: `"eu-west-2"`, at: func(s *Spec, _ bool) any { return &s.Region },
	},
	{
		Name: "target", Kind: Text, Doc: "AWS service that runs the app",
		Example: `"ecs-fargate"`, at: func(s *Spec, _ bool) any { return &s.Target },
	},
	{
		Name: "account", Kind: Text, Doc: "the only AWS account that berth may change",
		Example: `"123456789012"`, at: func(s *Spec, _ bool) any { return &s.Account },
	},

	{
		Name: "image.dockerfile", Kind: Text, Doc: "built into the image",
		Example: `"Dockerfile"`, at: func(s *Spec, _ bool) any { return &s.Image.Dockerfile },
	},
	{
		Name: "image.context", Kind: Text, Doc: "folder that the build may read",
		Example: `"."`, at: func(s *Spec, _ bool) any { return &s.Image.Context },
	},
	{
		Name: "image.platform", Kind: Text, Doc: "linux/amd64 or linux/arm64",
		Example: `"linux/amd64"`, at: func(s *Spec, _ bool) any { return &s.Image.Platform },
		Choices: []string{AMD64, ARM64},
	},
	{
		Name: "image.target", Kind: Text, Doc: "stage of the Dockerfile that is built; the last one without it",
		Example: `"run"`, at: func(s *Spec, _ bool) any { return &s.Image.Target },
	},
	{
		Name: "image.args", Kind: Table, Doc: "build arguments",
		Example: `{ MIX_ENV = "prod" }`, at: func(s *Spec, _ bool) any { return &s.Image.Args },
	},
	{
		Name: "image.builder", Kind: Text, Doc: "what builds the image; the first that works without it",
		Example: `"podman"`, at: func(s *Spec, _ bool) any { return &s.Image.Builder },
		Choices: []string{"docker", "podman", "finch", "nerdctl", "buildah", InCloud},
	},
	{
		Name: "image.secrets", Kind: List, Doc: "environment variables that the build reads as secrets",
		Example: `["NPM_TOKEN"]`, at: func(s *Spec, _ bool) any { return &s.Image.Secrets },
	},
	{
		Name: "image.ssh", Kind: List, Doc: "what the build signs in with over SSH: the agent, or ID=PATH of a key",
		Example: `["default"]`, at: func(s *Spec, _ bool) any { return &s.Image.SSH },
	},
	{
		Name: "image.cache", Kind: Truth, Doc: "keep the steps of builds in ECR, for machines that start empty, as in CI",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Image.Cache },
	},
	{
		Name: "image.ref", Kind: Text, Flag: "--image", Doc: "existing image; nothing is built",
		Example: `"ghcr.io/me/app:1.2"`, at: func(s *Spec, _ bool) any { return &s.Image.Ref },
	},

	{
		Name: "service.port", Kind: Whole, Flag: "--port", Doc: "port that the app listens on; 0 for an app without HTTP",
		Example: "4000", at: func(s *Spec, _ bool) any { return &s.Service.Port },
	},
	{
		Name: "service.cpu", Kind: Number, Doc: "vCPU for each container",
		Example: "0.25", at: func(s *Spec, _ bool) any { return &s.Service.CPU },
	},
	{
		Name: "service.memory", Kind: Whole, Doc: "MiB of memory for each container",
		Example: "512", at: func(s *Spec, _ bool) any { return &s.Service.Memory },
	},
	{
		Name: "service.instances", Kind: Whole, Doc: "containers that run at the same time",
		Example: "2", at: func(s *Spec, _ bool) any { return &s.Service.Instances },
	},
	{
		Name: "service.health_path", Kind: Text, Doc: "path that answers 200 to 399 when the app is healthy",
		Example: `"/"`, at: func(s *Spec, _ bool) any { return &s.Service.HealthPath },
	},
	{
		Name: "service.health.interval", Kind: Span, Doc: "time between two health checks",
		Example: `"10s"`, at: func(s *Spec, _ bool) any { return &s.Service.Health.Interval },
	},
	{
		Name: "service.health.timeout", Kind: Span, Doc: "how long a health check may take",
		Example: `"5s"`, at: func(s *Spec, _ bool) any { return &s.Service.Health.Timeout },
	},
	{
		Name: "service.health.unhealthy", Kind: Whole, Doc: "failed checks in a row before a container is replaced",
		Example: "5", at: func(s *Spec, _ bool) any { return &s.Service.Health.Unhealthy },
	},
	{
		Name: "service.health.codes", Kind: Text, Doc: "HTTP statuses of a healthy app",
		Example: `"200-299"`, at: func(s *Spec, _ bool) any { return &s.Service.Health.Codes },
	},
	{
		Name: "service.entrypoint", Kind: Command, Doc: "command to run instead of the image's ENTRYPOINT",
		Example: `["/init"]`, at: func(s *Spec, _ bool) any { return &s.Service.Entrypoint },
	},
	{
		Name: "service.command", Kind: Command, Doc: "command to run instead of the image's CMD",
		Example: `["/app/bin/server"]`, at: func(s *Spec, _ bool) any { return &s.Service.Command },
	},
	{
		Name: "service.init", Kind: Truth, Doc: "run an init process that reaps zombies; false for images that bring their own",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Service.Init },
	},
	{
		Name: "service.release_command", Kind: Text, Doc: "command that runs once before each new version",
		Example: `"/app/bin/migrate"`, at: func(s *Spec, _ bool) any { return &s.Service.ReleaseCommand },
	},
	{
		Name: "service.stop_timeout", Kind: Span, Doc: "time between SIGTERM and SIGKILL",
		Example: `"30s"`, at: func(s *Spec, _ bool) any { return &s.Service.StopTimeout },
	},
	{
		Name: "service.start_timeout", Kind: Span, Doc: "time until a new container has to answer",
		Example: `"60s"`, at: func(s *Spec, _ bool) any { return &s.Service.StartTimeout },
	},
	{
		Name: "service.sticky_sessions", Kind: Truth, Doc: "a visitor stays with one container, by a cookie",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Service.StickySessions },
	},
	{
		Name: "service.exec", Kind: Truth, Doc: "a shell in a running container, with berth exec",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Service.Exec },
	},
	{
		Name: "service.spot", Kind: Number, Doc: "share of the containers beyond the first that run on Fargate Spot, 0 to 1",
		Example: "0.5", at: func(s *Spec, _ bool) any { return &s.Service.Spot },
	},
	{
		Name: "service.ephemeral_gb", Kind: Whole, Doc: "GB of disk for each container; gone when it ends",
		Example: "20", at: func(s *Spec, _ bool) any { return &s.Service.EphemeralGB },
	},
	{
		Name: "service.log_days", Kind: Whole, Doc: "days that logs are kept",
		Example: "30", at: func(s *Spec, _ bool) any { return &s.Service.LogDays },
	},

	{
		Name: "service.autoscale.max", Kind: Whole, Doc: "most containers when it scales by itself",
		Example: "4", at: autoscale(func(a *Autoscale) any { return &a.Max }),
	},
	{
		Name: "service.autoscale.cpu_percent", Kind: Whole, Doc: "CPU use in percent that scaling aims for",
		Example: "60", at: autoscale(func(a *Autoscale) any { return &a.CPUPercent }),
	},
	{
		Name: "service.autoscale.memory_percent", Kind: Whole, Doc: "memory use in percent that scaling aims for",
		Example: "70", at: autoscale(func(a *Autoscale) any { return &a.MemoryPercent }),
	},
	{
		Name: "service.autoscale.requests_per_instance", Kind: Whole, Doc: "requests a minute for each container that scaling aims for",
		Example: "1000", at: autoscale(func(a *Autoscale) any { return &a.RequestsPerInstance }),
	},

	{
		Name: "network.websockets", Kind: Truth, Doc: "the app uses WebSockets",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Network.WebSockets },
	},
	{
		Name: "network.websocket_path", Kind: Text, Doc: "where the app accepts WebSockets, to be checked after a deployment",
		Example: `"/live/websocket"`, at: func(s *Spec, _ bool) any { return &s.Network.WebSocketPath },
	},
	{
		Name: "network.clustering", Kind: Text, Doc: "how containers find each other: dns or ecs-api",
		Example: `"dns"`, at: func(s *Spec, _ bool) any { return &s.Network.Clustering },
		Choices: []string{"dns", "ecs-api"},
	},
	{
		Name: "network.domain", Kind: Text, Doc: "own domain",
		Example: `"www.example.com"`, at: func(s *Spec, _ bool) any { return &s.Network.Domain },
	},
	{
		Name: "network.also", Kind: List, Doc: "further names of the app beside its domain",
		Example: `["example.com"]`, at: func(s *Spec, _ bool) any { return &s.Network.Also },
	},
	{
		Name: "network.take_over", Kind: List, Doc: "names whose existing DNS records may be replaced",
		Example: `["www.example.com"]`, at: func(s *Spec, _ bool) any { return &s.Network.TakeOver },
	},
	{
		Name: "network.https", Kind: Text, Doc: "where HTTPS ends: auto, domain, cloudfront, gateway or none",
		Example: `"auto"`, at: func(s *Spec, _ bool) any { return &s.Network.HTTPS },
		Choices: []string{"auto", "domain", "cloudfront", "gateway", "none"},
	},
	{
		Name: "network.tasks", Kind: Text, Doc: "whether containers have public addresses: public or private",
		Example: `"public"`, at: func(s *Spec, _ bool) any { return &s.Network.Tasks },
		Choices: []string{"public", "private"},
	},
	{
		Name: "network.front", Kind: Text, Doc: "whether the load balancer has public addresses: public, or private behind CloudFront",
		Example: `"public"`, at: func(s *Spec, _ bool) any { return &s.Network.Front },
		Choices: []string{"public", "private"},
	},
	{
		Name: "network.vpc", Kind: Text, Doc: "existing network to use",
		Example: `"vpc-0a1b2c3d4e5f67890"`, at: func(s *Spec, _ bool) any { return &s.Network.VPC },
	},
	{
		Name: "network.subnets", Kind: List, Doc: "subnets of that network",
		Example: `["subnet-0a1b2c3d4e5f67890", "subnet-1a1b2c3d4e5f67890"]`, at: func(s *Spec, _ bool) any { return &s.Network.Subnets },
	},
	{
		Name: "network.idle_timeout", Kind: Span, Doc: "time after which an idle connection is closed",
		Example: `"75s"`, at: func(s *Spec, _ bool) any { return &s.Network.IdleTimeout },
	},
	{
		Name: "network.assets", Kind: List, Doc: "paths that are cached and compressed at the edge",
		Example: `["/assets/*"]`, at: func(s *Spec, _ bool) any { return &s.Network.Assets },
	},
	{
		Name: "network.firewall", Kind: Truth, Doc: "AWS WAF with AWS's core rules in front of the app",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Network.Firewall },
	},
	{
		Name: "network.security_headers", Kind: Truth, Doc: "response headers that stop type sniffing and framing by other sites",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Network.Headers },
	},
	{
		Name: "network.hsts", Kind: Truth, Doc: "browsers use only HTTPS for the domain, for a year: there is no quick way back",
		Example: "true", at: func(s *Spec, _ bool) any { return &s.Network.HSTS },
	},
	{
		Name: "network.rate_limit", Kind: Whole, Doc: "requests per IP address in five minutes that the firewall allows",
		Example: "2000", at: func(s *Spec, _ bool) any { return &s.Network.RateLimit },
	},

	{
		Name: "env", Kind: Table, Doc: "environment variables; values may hold ${host} ${region} ${cluster} ${service_arn} ${namespace}, and ${database_host} _port _name _user",
		Example: `{ PHX_HOST = "${host}" }`, at: func(s *Spec, _ bool) any { return &s.Env },
	},
	{
		Name: "secrets.from_ssm", Kind: List, Doc: "SSM parameters given to the app as environment variables",
		Example: `["DATABASE_URL"]`, at: func(s *Spec, _ bool) any { return &s.Secrets.FromSSM },
	},
	{
		Name: "secrets", Kind: Table, Doc: "ARNs in SSM or Secrets Manager given to the app as environment variables",
		Example: `{ STRIPE_KEY = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:stripe-AbCdEf#live" }`, at: func(s *Spec, _ bool) any { return &s.Secrets.ARNs },
	},
	{
		Name: "permissions.policies", Kind: List, Doc: "managed policies of what the app itself may do in AWS",
		Example: `["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]`, at: func(s *Spec, _ bool) any { return &s.Permissions.Policies },
	},
	{
		Name: "permissions.allow", Kind: Tables, Doc: "what else the app itself is allowed to do in AWS",
		Example: `[{ actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/*"] }]`, at: func(s *Spec, _ bool) any { return &s.Permissions.Allow },
		Fields: []Field{{"actions", List}, {"resources", List}},
	},
	{
		Name: "account_rules.permissions_boundary", Kind: Text, Doc: "permissions boundary that the organization requires for every role",
		Example: `"arn:aws:iam::123456789012:policy/boundary"`, at: func(s *Spec, _ bool) any { return &s.AccountRules.PermissionsBoundary },
	},
	{
		Name: "account_rules.role_path", Kind: Text, Doc: "path that the organization requires for every role",
		Example: `"/teams/web/"`, at: func(s *Spec, _ bool) any { return &s.AccountRules.RolePath },
	},
	{
		Name: "account_rules.tags", Kind: Table, Doc: "tags that the organization requires on everything that is created from then on",
		Example: `{ cost-center = "42" }`, at: func(s *Spec, _ bool) any { return &s.AccountRules.Tags },
	},
	{
		Name: "storage", Kind: Tables, Doc: "folders that outlive the containers",
		Example: `[{ path = "/app/uploads" }]`, at: func(s *Spec, _ bool) any { return &s.Storage },
		Fields: []Field{{"path", Text}},
	},
}

// optionalTable is a table that need not be there, with how to tell and how to remove it.
type optionalTable struct {
	table string
	has   func(*Spec) bool
	drop  func(*Spec)
}

// optional are the tables of one of the specs that need not be there.
func optional(of ...*Spec) []optionalTable {
	all := []optionalTable{
		{
			"service.autoscale", func(s *Spec) bool { return s.Service.Autoscale != nil },
			func(s *Spec) { s.Service.Autoscale = nil },
		},
		{"database", func(s *Spec) bool { return s.Database != nil }, func(s *Spec) { s.Database = nil }},
		{"cache", func(s *Spec) bool { return s.Cache != nil }, func(s *Spec) { s.Cache = nil }},
		{"uploads", func(s *Spec) bool { return s.Uploads != nil }, func(s *Spec) { s.Uploads = nil }},
	}
	for _, one := range of {
		for name := range one.Processes {
			all = append(all, optionalTable{
				processTable + "." + name + ".autoscale",
				func(s *Spec) bool { p := s.Processes[name]; return p != nil && p.Autoscale != nil },
				func(s *Spec) {
					if p := s.Processes[name]; p != nil {
						p.Autoscale = nil
					}
				},
			})
		}
	}
	return all
}

func autoscale(at func(*Autoscale) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Service.Autoscale == nil && grow {
			s.Service.Autoscale = &Autoscale{}
		}
		if s.Service.Autoscale == nil {
			return nil
		}
		return at(s.Service.Autoscale)
	}
}
