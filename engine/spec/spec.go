// Package spec is berth.toml: the app as the user wants it. It loads, validates, completes and writes the
// file, and every value of a Spec knows where it came from. It knows nothing of AWS calls.
//
// The way of a value: project.Inspect suggests, Load reads, hosts Set what was typed or given as a flag,
// Complete fills what nobody said, Validate says what cannot work, Save keeps it.
package spec

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// FileName is the name of the file in the app's folder.
const FileName = "berth.toml"

// DefaultEnv is the environment that a command works on unless --env says otherwise.
const DefaultEnv = "production"

// Spec is an app and how it shall run. A value counts as said when Origins has its key or when it is not
// zero; Complete fills the rest with defaults.
type Spec struct {
	ID      string // tells the app from others of the same name; made by berth, empty for apps older than it
	App     string
	Region  string
	Target  string // ecs-fargate
	Account string // the only AWS account that berth may change, 12 digits; empty: any

	Image        Image
	Service      Service
	Network      Network
	Env          map[string]string // values may hold ${host} and the other Variables
	Secrets      Secrets
	Permissions  Permissions
	AccountRules AccountRules
	Storage      []Storage
	Database     *Database
	Cache        *Cache
	Uploads      *Uploads
	Alarms       Alarms
	Processes    map[string]*Process // beside the service, by name

	// EnvName is the environment (--env), such as production. It is not a key of the file, but decides which
	// [environments.NAME] counts.
	EnvName string
	// Dir is the folder that berth.toml and the paths in it are relative to. It is not part of the file.
	Dir string

	// Origins says where each value came from, by its key in berth.toml, such as "service.port",
	// "env.PHX_HOST" or "storage[0].path".
	Origins map[string]Origin
}

// Image says what is built, or which image is used as it is.
type Image struct {
	Dockerfile string // relative to Spec.Dir
	Context    string // relative to Spec.Dir
	Platform   string // linux/amd64 or linux/arm64
	Target     string // build stage; empty: the last one
	Args       map[string]string
	Secrets    []string // names of environment variables that the build may read as secrets; values are never kept
	SSH        []string // what the build may sign in with over SSH: "default" for the agent, or ID=PATH of a key or socket
	Cache      bool     // what the build has done is kept in ECR, for machines that start empty
	Builder    string   // docker, podman, finch, nerdctl or buildah; empty: the first that works
	Ref        string   // an image that exists already: nothing is built (--image)
}

// Service is the container and how many of it run.
type Service struct {
	Port           int
	CPU            float64 // vCPU
	Memory         int     // MiB
	Instances      int     // 0 pauses
	Entrypoint     []string
	Command        []string
	Init           bool // an init process reaps what the app leaves; false for images that bring their own
	HealthPath     string
	Health         Health
	ReleaseCommand string   // Words splits it
	StartTimeout   Duration // how long a task may take until it answers (grace period)
	StopTimeout    Duration
	StickySessions bool
	Exec           bool    // a shell in a running container, through ECS Exec
	Spot           float64 // share of the tasks beyond the first on Fargate Spot, 0 to 1
	EphemeralGB    int     // disk of a task in GB
	LogDays        int     // how long a log group of ours keeps logs
	Autoscale      *Autoscale
}

// Health is how the load balancer asks whether a task is well.
type Health struct {
	Interval  Duration
	Timeout   Duration
	Unhealthy int    // failed checks in a row after which a task is replaced
	Codes     string // HTTP statuses of a healthy app, such as "200-399" or "200,204"
}

// Autoscale lets the number of instances follow the load between Service.Instances and Max. Aims that are zero
// do not count.
type Autoscale struct {
	Max                 int
	CPUPercent          int
	MemoryPercent       int
	RequestsPerInstance int // a minute, by the load balancer's count
}

// Network is how the app is reached and how its nodes find each other.
type Network struct {
	WebSockets bool
	// WebSocketPath is where the app takes WebSockets, for the check of the endpoint. Empty tries the usual ones.
	WebSocketPath string
	Clustering    string   // "", dns or ecs-api
	Domain        string   // own domain
	Also          []string // further names beside Domain
	TakeOver      []string // of those, the ones whose records of somebody else may be replaced
	HTTPS         string   // auto, domain, cloudfront, gateway or none
	Tasks         string   // public or private
	Front         string   // public or private
	VPC           string   // an existing one, with Subnets; empty: one of the app's own
	Subnets       []string
	IdleTimeout   Duration // after which a connection without traffic is closed; zero: chosen by what the app needs
	Assets        []string // paths that are cached and compressed at the edge, such as "/assets/*"
	Firewall      bool     // AWS WAF with AWS's core rules, where visitors come in
	Headers       bool     // answers carry headers that make browsers stricter
	HSTS          bool     // browsers come by HTTPS only, for a year
	RateLimit     int      // requests per IP address in five minutes that the firewall allows; 0: any number
}

// Secrets names what is read from AWS at task start. Values are never in the file.
type Secrets struct {
	FromSSM []string          // names, /paths or ARNs of SSM parameters
	ARNs    map[string]string // SSM or Secrets Manager ARNs, the latter with #json-key, by environment variable
}

// Permissions is what the app itself is allowed to do in AWS.
type Permissions struct {
	Policies []string // ARNs of managed policies
	Allow    []Grant
}

// Grant is one statement of an IAM policy.
type Grant struct {
	Actions   []string `toml:"actions"`
	Resources []string `toml:"resources"`
}

// AccountRules is what an organization demands of everything that is made in its accounts.
type AccountRules struct {
	PermissionsBoundary string // ARN of a policy for every role
	RolePath            string // such as "/teams/web/"
	Tags                map[string]string
}

// Storage is a folder that outlives the tasks.
type Storage struct {
	Path string `toml:"path"`
}

// Database is a database beside the app.
type Database struct {
	Engine    string
	Class     string
	StorageGB int
	Version   string // empty: the newest that RDS has
	MultiAZ   bool
	Snapshot  string // id of one that it is made of; empty or "none": none
	Variable  string // environment variable with its URL; empty: DATABASE_URL
	URLQuery  string // behind ? in that URL; empty: by the engine
	URL       string // how the app wants it, with DatabaseParts as ${…}; empty: as the engine's drivers take it

	PasswordVariable string // environment variable with the password alone; empty: none
}

// Cache is a cache beside the app.
type Cache struct {
	Engine   string
	Node     string // size of a node, such as cache.t4g.micro
	MultiAZ  bool
	Variable string // environment variable with its URL; empty: REDIS_URL
}

// Uploads is where the app keeps what visitors upload, beside its own disk.
type Uploads struct {
	Store      string // s3
	Versioning bool   // what is overwritten or deleted stays as an older version
	Variable   string // environment variable with the name of the bucket; empty: S3_BUCKET
}

// Alarms is who hears of trouble with the app. Without anybody to tell there are no alarms.
type Alarms struct {
	Notify     []string // mail addresses and https:// URLs
	MonthlyUSD int      // of the whole account, which is told when it spends more; 0: no budget
	Rollback   bool     // a new version that sets off an alarm while it is rolled out goes back
}

// On says whether there are alarms.
func (a Alarms) On() bool { return len(a.Notify) > 0 }

// Process is a program of the same image that takes no traffic.
type Process struct {
	Command    []string
	CPU        float64 // vCPU
	Memory     int     // MiB
	Instances  int
	Spot       float64 // share of the containers beyond the first on Fargate Spot, 0 to 1
	Autoscale  *Autoscale
	Schedule   string // cron(…) or rate(…) of EventBridge; empty: it runs all the time
	ScheduleTZ string // time zone of a cron expression, such as Europe/Berlin
	Skip       bool   `json:",omitempty"` // it is left out, though it was found or has a table
}

// Wanted are the processes that run beside the service, by name: all but those that are left out.
func (s *Spec) Wanted() map[string]*Process {
	wanted := maps.Clone(s.Processes)
	maps.DeleteFunc(wanted, func(_ string, p *Process) bool { return p.Skip })
	return wanted
}

// Duration is a time.Duration that reads and writes as "30s".
type Duration time.Duration

// String is the duration as Go writes it, such as "1m30s".
func (d Duration) String() string { return time.Duration(d).String() }

// Seconds is the duration in whole seconds, rounded down.
func (d Duration) Seconds() int { return int(time.Duration(d) / time.Second) }

// MarshalText writes the duration as berth.toml has it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the duration as berth.toml has it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(strings.TrimSpace(string(b)))
	if err != nil {
		return fmt.Errorf(`%q is not a duration such as "30s"`, b)
	}
	*d = Duration(v)
	return nil
}

// Clone returns a deep copy, for trying a value out before it is kept.
func (s *Spec) Clone() *Spec {
	c := *s
	c.Image.Args = maps.Clone(s.Image.Args)
	c.Image.Secrets = slices.Clone(s.Image.Secrets)
	c.Image.SSH = slices.Clone(s.Image.SSH)
	c.Env = maps.Clone(s.Env)
	c.Origins = maps.Clone(s.Origins)
	c.Service.Entrypoint = slices.Clone(s.Service.Entrypoint)
	c.Service.Command = slices.Clone(s.Service.Command)
	c.Network.Also = slices.Clone(s.Network.Also)
	c.Network.Subnets = slices.Clone(s.Network.Subnets)
	c.Network.Assets = slices.Clone(s.Network.Assets)
	c.Secrets.FromSSM = slices.Clone(s.Secrets.FromSSM)
	c.Secrets.ARNs = maps.Clone(s.Secrets.ARNs)
	c.Permissions.Policies = slices.Clone(s.Permissions.Policies)
	c.Permissions.Allow = slices.Clone(s.Permissions.Allow)
	for i, g := range c.Permissions.Allow {
		c.Permissions.Allow[i] = Grant{Actions: slices.Clone(g.Actions), Resources: slices.Clone(g.Resources)}
	}
	c.AccountRules.Tags = maps.Clone(s.AccountRules.Tags)
	c.Storage = slices.Clone(s.Storage)
	c.Alarms.Notify = slices.Clone(s.Alarms.Notify)
	if s.Service.Autoscale != nil {
		a := *s.Service.Autoscale
		c.Service.Autoscale = &a
	}
	if s.Database != nil {
		d := *s.Database
		c.Database = &d
	}
	if s.Cache != nil {
		k := *s.Cache
		c.Cache = &k
	}
	if s.Uploads != nil {
		u := *s.Uploads
		c.Uploads = &u
	}
	c.Processes = maps.Clone(s.Processes)
	for name, p := range c.Processes {
		q := *p
		q.Command = slices.Clone(p.Command)
		if p.Autoscale != nil {
			a := *p.Autoscale
			q.Autoscale = &a
		}
		c.Processes[name] = &q
	}
	return &c
}

// BuildContext is the folder that is sent to the builder and the path of the Dockerfile, both below Dir
// unless they are absolute.
func (s *Spec) BuildContext() (dir, dockerfile string) {
	return s.path(s.Image.Context, "."), s.path(s.Image.Dockerfile, "Dockerfile")
}

func (s *Spec) path(p, unsaid string) string {
	if p == "" {
		p = unsaid
	}
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(s.Dir, p)
}
