// Package project reads a source tree: its Dockerfile, fly.toml and the marks of frameworks, and says what
// they mean for running the app on AWS. It reads files only; it runs nothing and makes no network call.
package project

import "context"

// Findings is what a source tree tells. It marshals to the JSON of the command line contract.
type Findings struct {
	Dir      string         `json:"dir"`
	Stack    string         `json:"stack"` // phoenix, rails, node, go, …, empty when unknown
	Port     int            `json:"port"`  // the port that the app listens on, zero when unknown
	Findings []Finding      `json:"findings"`
	Suggests map[string]any `json:"suggests"` // berth.toml keys, such as "service.port": 4000
	Needs    Needs          `json:"needs"`
}

// Finding is one thing that was found, where, and what it means for the user.
type Finding struct {
	ID    string `json:"id"`   // such as "dockerfile-expose", "phoenix-liveview"
	File  string `json:"file"` // relative to Dir
	Line  int    `json:"line"` // 1-based, zero when it is about the whole file
	Text  string `json:"text"` // what stands there
	Means string `json:"means"`
}

// Needs is what the app seems to need from a service that runs it.
type Needs struct {
	WebSockets        bool `json:"websockets"`
	WebSocketUploads  bool `json:"websocket_uploads"`
	Clustering        bool `json:"clustering"`
	PersistentStorage bool `json:"persistent_storage"`
	GRPC              bool `json:"grpc"`
	ARM64             bool `json:"arm64"`
	StickySessions    bool `json:"sticky_sessions"`
	ReleaseCommand    bool `json:"release_command"`
	Database          bool `json:"database"`
}

// Inspect reads the source tree in dir. A missing or broken Dockerfile is a Usage fail.Error; the findings
// that could be made all the same come with it.
func Inspect(ctx context.Context, dir string) (*Findings, error)
