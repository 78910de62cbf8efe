package need

var table = []Need{
	{
		ID: "websockets", Group: App, Label: "WebSockets", Short: "WebSockets", Found: "WebSockets",
		Question: "Does it hold WebSocket connections open, as LiveView, Socket.IO or ActionCable do?", Why: "Not every service lets them through.",
		Flag: "websockets", Help: "the app uses WebSockets", Key: "network.websockets",
		at: func(r *Requirements) any { return &r.WebSockets },
	},
	{
		ID: "websocket_uploads", Group: App, Label: "WebSocket uploads", Short: "uploads", Found: "uploads over WebSockets",
		Question: "Do files travel over the WebSocket?", Why: "Then long polling is no way out where there are no WebSockets.",
		Flag: "websocket-uploads", Help: "uploads travel over the WebSocket (implies --websockets)",
		at: func(r *Requirements) any { return &r.WebSocketUploads },
	},
	{
		ID: "clustering", Group: App, Label: "Nodes form a cluster", Short: "clustering", Found: "clustering",
		Question: "Do the instances form a cluster, as Erlang nodes or a PubSub without Redis do?", Why: "They need a network of their own.",
		Flag: "clustering", Help: "instances talk to each other directly", Key: "network.clustering", Yes: "dns",
		at: func(r *Requirements) any { return &r.Clustering },
	},
	{
		ID: "persistent_storage", Group: App, Label: "Files that must stay", Short: "storage", Found: "persistent storage",
		Question: "Does it keep files on its own disk that must survive a new version?", Why: "Containers lose their disk when they are replaced.",
		Flag: "persistent-storage", Help: "files must outlive an instance",
		at: func(r *Requirements) any { return &r.PersistentStorage },
	},
	{
		ID: "region", Group: Place, Kind: Region, Label: "Region", Short: "region",
		Question: "The AWS region nearest to the users.", Why: "It decides which services there are and what they cost.",
		Flag: "region", Key: "region",
		at: func(r *Requirements) any { return &r.Region },
	},
	{
		ID: "instances", Group: Place, Kind: Number, Label: "Instances", Short: "instances",
		Question: "How many containers run at the same time.", Why: "Two survive the loss of one; each costs the same again.",
		Flag: "instances", Key: "service.instances",
	},
	{
		ID: "max_monthly_usd", Group: Place, Kind: Money, Label: "Budget a month", Short: "budget",
		Question: "The most that it may cost a month, in US dollars.", Why: "Services above it drop out. Empty: no limit.",
		Flag: "max-monthly", Help: "USD a month that it may cost",
		at: func(r *Requirements) any { return &r.MaxMonthlyUSD },
	},
	{
		ID: "grpc", Group: Rarely, Label: "gRPC", Short: "gRPC", Found: "gRPC",
		Question: "Does it speak gRPC (HTTP/2) itself?", Why: "Few services pass HTTP/2 on to the container.",
		Flag: "grpc", Help: "the app speaks gRPC or HTTP/2 itself",
		at: func(r *Requirements) any { return &r.GRPC },
	},
	{
		ID: "sticky_sessions", Group: Rarely, Label: "Sticky sessions", Short: "stickiness", Found: "sticky sessions",
		Question: "Must a user come back to the same instance, because it keeps sessions in its memory?",
		Flag:     "sticky-sessions", Help: "a visitor must come back to the same instance", Key: "service.sticky_sessions",
		at: func(r *Requirements) any { return &r.StickySessions },
	},
	{
		ID: "custom_domain", Group: Rarely, Kind: Text, Label: "Own domain", Short: "own domain",
		Question: "A domain of your own, such as www.example.com.", Why: "Empty: an https:// address that comes with AWS.",
		Flag: "custom-domain", Help: "the app is reached by a domain of yours", Key: "network.domain",
		at: func(r *Requirements) any { return &r.CustomDomain },
	},
	{
		ID: "release_command", Group: Rarely, Kind: Text, Label: "Release command", Short: "release", Found: "a release command",
		Question: "A command that runs once before each new version, such as a database migration.",
		Flag:     "release-command", Help: "a command such as a migration runs before each version", Key: "service.release_command",
		at: func(r *Requirements) any { return &r.ReleaseCommand },
	},
	{
		ID: "longest_request_seconds", Group: Rarely, Kind: Number, Label: "Longest request", Short: "long request",
		Question: "How many seconds the slowest request takes.", Why: "Some services cut requests off after a fixed time.",
		Flag: "longest-request", Help: "seconds that the longest request takes", Key: "network.idle_timeout",
		at: func(r *Requirements) any { return &r.LongestRequestSeconds },
	},
	{
		ID: "scale_to_zero", Group: Rarely, Label: "Nothing when idle", Short: "scale to 0",
		Question: "Should nothing run, and cost nothing, while nobody uses it?", Why: "The first request then waits for a start.",
		Flag: "scale-to-zero", Help: "nothing runs without traffic, and a request wakes it",
		at: func(r *Requirements) any { return &r.ScaleToZero },
	},
	{
		ID: "shell", Group: Rarely, Label: "Shell in the container", Short: "shell",
		Question: "Is a shell inside the running container needed, to look after it?",
		Flag:     "shell", Help: "a shell in a running container is needed", Key: "service.exec",
		at: func(r *Requirements) any { return &r.Shell },
	},
	{
		ID: "app_runner_customer", Group: Rarely, Label: "Used App Runner before", Short: "App Runner before",
		Question: "App Runner takes no new customers. Did this account use it before it closed?",
		Flag:     "app-runner-customer", Help: "the account used App Runner before it closed",
		at: func(r *Requirements) any { return &r.AppRunnerCustomer },
	},
	{
		ID: "arm64", Label: "arm64", Short: "arm64", Found: "arm64",
		Flag: "arm64", Help: "the image is for arm64 only (implies --arch arm)", Key: "image.platform", Yes: "linux/arm64", No: "linux/amd64",
		at: func(r *Requirements) any { return &r.ARM64 },
	},
	{
		ID: "secrets", Label: "Secrets", Short: "secrets",
		Flag: "secrets", Help: "secrets are handed to the app", Key: "secrets.from_ssm",
		at: func(r *Requirements) any { return &r.Secrets },
	},
	{
		ID: "database", Label: "Database", Short: "database", Found: "a database",
		Flag: "needs-database", Help: "the app needs a PostgreSQL database (--database names its class)", Key: "database.engine",
		at: func(r *Requirements) any { return &r.Database },
	},
	{
		ID: "cache", Label: "Cache", Short: "cache", Found: "a cache",
		Flag: "needs-cache", Help: "the app needs a Redis", Key: "cache.engine",
		at: func(r *Requirements) any { return &r.Cache },
	},
	{
		ID: "private_network", Label: "Private network", Short: "private",
		Flag: "private-network", Help: "instances have no public addresses", Key: "network.tasks", Yes: "private", No: "public",
		at: func(r *Requirements) any { return &r.PrivateNetwork },
	},
	{
		ID: "autoscaling", Label: "Autoscaling", Short: "autoscaling",
		Flag: "autoscaling", Help: "the number of instances follows the load", Key: "service.autoscale.max",
		at: func(r *Requirements) any { return &r.Autoscaling },
	},
	{
		ID: "multi_az", Label: "Two zones", Short: "two zones",
		Flag: "multi-az", Help: "instances, database and cache stand in two zones",
		at: func(r *Requirements) any { return &r.MultiAZ },
	},
	{
		ID: "no_http", Label: "No HTTP", Short: "no HTTP",
		Flag: "no-http", Help: "nobody calls the app over HTTP: a worker",
		at: func(r *Requirements) any { return &r.NoHTTP },
	},
	{
		ID: "static_only", Label: "Static files", Short: "static",
		Flag: "static-only", Help: "the app is nothing but files to serve",
		at: func(r *Requirements) any { return &r.StaticOnly },
	},
	{
		ID: "uploads_to_s3", Label: "Uploads to S3", Short: "S3",
		Flag: "uploads-to-s3", Help: "the app keeps its files in S3 (--storage-gb of them)", Key: "uploads.store",
		at: func(r *Requirements) any { return &r.UploadsToS3 },
	},
	{
		ID: "told_https", Label: "Told of https", Short: "told https",
		Flag: "told-https", Help: "the app breaks unless it is told that visitors came by https, as with a redirect of its own",
		at: func(r *Requirements) any { return &r.ToldHTTPS },
	},
}
