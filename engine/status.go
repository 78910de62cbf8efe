package engine

import (
	"time"

	"berth/engine/event"
)

// Status is what runs of an app now. It marshals to the JSON of the command line contract.
type Status struct {
	App      string `json:"app"`
	Env      string `json:"env"`
	Target   string `json:"target"`
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"` // https URL, empty when there is none
	// State is absent (nothing deployed), partial (some resources are missing), deploying, running, degraded
	// (fewer tasks than wanted) or stopped (no task wanted).
	State       string       `json:"state"`
	Revision    string       `json:"revision"` // task definition, family:number
	Image       string       `json:"image"`
	Running     int          `json:"running"`
	Desired     int          `json:"desired"`
	Deployments []Deployment `json:"deployments"`
	Resources   []Resource   `json:"resources"`
}

// Deployment is one rollout of the service, newest first.
type Deployment struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // ECS service deployment status, lower case
	Reason   string    `json:"reason,omitempty"`
	Revision string    `json:"revision"`
	Image    string    `json:"image,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// Resource is one resource that exists.
type Resource struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	ARN   string `json:"arn"`
	State string `json:"state"`
}

// Identity of a task during a rollout, re-exported for screens.
type Task = event.Task
