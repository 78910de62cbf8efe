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
	App      string            `toml:"app"`
	Region   string            `toml:"region"`
	Target   string            `toml:"target"` // ecs-fargate
	Image    Image             `toml:"image"`
	Service  Service           `toml:"service"`
	Network  Network           `toml:"network"`
	Env      map[string]string `toml:"env"` // values may hold ${host} and the other Variables
	Secrets  Secrets           `toml:"secrets"`
	Storage  []Storage         `toml:"storage"`
	Database *Database         `toml:"database"`

	// EnvName is the environment (--env), such as production. It is not part of the file.
	EnvName string `toml:"-"`
	// Dir is the folder that berth.toml and the paths in it are relative to. It is not part of the file.
	Dir string `toml:"-"`

	// Origins says where each value came from, by its key in berth.toml, such as "service.port",
	// "env.PHX_HOST" or "storage[0].path".
	Origins map[string]Origin `toml:"-"`
}

// Image says what is built, or which image is used as it is.
type Image struct {
	Dockerfile string            `toml:"dockerfile"` // relative to Spec.Dir
	Context    string            `toml:"context"`    // relative to Spec.Dir
	Platform   string            `toml:"platform"`   // linux/amd64 or linux/arm64
	Args       map[string]string `toml:"args"`
	Ref        string            `toml:"ref"` // an image that exists already: nothing is built (--image)
}

// Service is the container and how many of it run.
type Service struct {
	Port           int        `toml:"port"`
	CPU            float64    `toml:"cpu"`    // vCPU
	Memory         int        `toml:"memory"` // MiB
	Instances      int        `toml:"instances"`
	HealthPath     string     `toml:"health_path"`
	Command        []string   `toml:"command"`
	ReleaseCommand string     `toml:"release_command"` // Words splits it
	StopTimeout    Duration   `toml:"stop_timeout"`
	StartTimeout   Duration   `toml:"start_timeout"` // how long a task may take until it answers (grace period)
	Autoscale      *Autoscale `toml:"autoscale"`
}

// Autoscale lets the number of instances follow the load between Service.Instances and Max.
type Autoscale struct {
	Max        int `toml:"max"`
	CPUPercent int `toml:"cpu_percent"`
}

// Network is how the app is reached and how its nodes find each other.
type Network struct {
	WebSockets bool `toml:"websockets"`
	// WebSocketPath is where the app takes WebSockets, for the check of the endpoint. Empty tries the usual ones.
	WebSocketPath string `toml:"websocket_path"`
	Clustering    string `toml:"clustering"` // "", dns or ecs-api
	Domain        string `toml:"domain"`
}

// Secrets names what is read from AWS at task start. Values are never in the file.
type Secrets struct {
	FromSSM []string `toml:"from_ssm"` // names, /paths or ARNs of SSM parameters
}

// Storage is a folder that outlives the tasks.
type Storage struct {
	Path string `toml:"path"`
}

// Database is a database beside the app.
type Database struct {
	Engine    string `toml:"engine"`
	Class     string `toml:"class"`
	StorageGB int    `toml:"storage_gb"`
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
	c.Env = maps.Clone(s.Env)
	c.Origins = maps.Clone(s.Origins)
	c.Service.Command = slices.Clone(s.Service.Command)
	c.Secrets.FromSSM = slices.Clone(s.Secrets.FromSSM)
	c.Storage = slices.Clone(s.Storage)
	if s.Service.Autoscale != nil {
		a := *s.Service.Autoscale
		c.Service.Autoscale = &a
	}
	if s.Database != nil {
		d := *s.Database
		c.Database = &d
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
