// Package spec is berth.toml: the app as the user wants it. It loads, validates, completes and writes the
// file, and every value of a Spec knows where it came from. It knows nothing of AWS calls.
package spec

import "time"

// FileName is the name of the file in the app's folder.
const FileName = "berth.toml"

// Spec is an app and how it shall run. The zero value of a field means "not said"; Complete fills defaults.
type Spec struct {
	App      string            `toml:"app"`
	Region   string            `toml:"region"`
	Target   string            `toml:"target"` // ecs-fargate
	Image    Image             `toml:"image"`
	Service  Service           `toml:"service"`
	Network  Network           `toml:"network"`
	Env      map[string]string `toml:"env"` // values may hold ${host} ${region} ${cluster} ${service_arn} ${namespace}
	Secrets  Secrets           `toml:"secrets"`
	Storage  []Storage         `toml:"storage"`
	Database *Database         `toml:"database"`

	// EnvName is the environment (--env), such as production. It is not part of the file.
	EnvName string `toml:"-"`
	// Dir is the folder that berth.toml and the Dockerfile paths are relative to. It is not part of the file.
	Dir string `toml:"-"`

	// Origins says where each value came from, by its key in berth.toml, such as "service.port".
	Origins map[string]Origin `toml:"-"`
}

// Image says what is built, or which image is used as it is.
type Image struct {
	Dockerfile string            `toml:"dockerfile"`
	Context    string            `toml:"context"`
	Platform   string            `toml:"platform"` // linux/amd64 or linux/arm64
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
	ReleaseCommand string     `toml:"release_command"`
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
	WebSockets bool   `toml:"websockets"`
	Clustering string `toml:"clustering"` // "", dns or ecs-api
	Domain     string `toml:"domain"`
}

// Secrets names what is read from AWS at task start. Values are never in the file.
type Secrets struct {
	FromSSM []string `toml:"from_ssm"`
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

// OriginKind is the kind of place a value came from.
type OriginKind string

// The kinds, weakest first: a stronger one replaces the value of a weaker one.
const (
	Default  OriginKind = "default"  // berth's own choice
	Detected OriginKind = "detected" // read from the source tree
	File     OriginKind = "file"     // berth.toml
	Answer   OriginKind = "answer"   // typed into the wizard
	Flag     OriginKind = "flag"     // the command line
)

// Origin is where a value came from.
type Origin struct {
	Kind OriginKind
	File string // for Detected and File, relative to Spec.Dir
	Line int    // 1-based, zero when unknown
	Text string // for people: why, such as "EXPOSE 4000" or the flag's name
}
