// Package event holds what a run tells the world: typed events, stamped once with sequence, time and run,
// and a bus that replays all of them to readers who come late. Every frontend (screens, plain lines, NDJSON)
// reads the same events; nothing else leaves a run.
//
// Events never carry a secret. They are plain values that marshal to the NDJSON of the command line contract.
package event

import (
	"encoding/json"
	"time"

	"berth/engine/fail"
)

// Type says what an event is about and which of Event's fields it fills.
type Type string

// The types, in the order in which a run emits them. Every run ends with exactly one RunFinished.
const (
	RunStarted   Type = "run.started"    // Verb, App, Env, Target, Region, Account, Hash
	NodePlanned  Type = "node.planned"   // Kind, Name, Group, Action, Text (why), Needs, Steps, UsuallyS, MonthlyUSD
	NodeStarted  Type = "node.started"   // Text: what is being done
	NodeProgress Type = "node.progress"  // Text, Current, Total, Unit: may be dropped, newest counts
	NodeWaiting  Type = "node.waiting"   // Text: what is waited for; UsuallyS, DeadlineS
	NodeLog      Type = "node.log"       // Stream, Text, Notable: one line of a build, of a task, of AWS
	NodeTasks    Type = "node.tasks"     // Tasks: the tasks of a rollout, old beside new
	NodeDone     Type = "node.done"      // ID: the resource's ARN or id; ElapsedS
	NodeSkipped  Type = "node.skipped"   // Text: why it was not started
	NodeFailed   Type = "node.failed"    // Error
	EndpointUp   Type = "endpoint.ready" // Endpoint, Text: how it was verified
	RunStopping  Type = "run.stopping"   // Text: what still goes on
	RunFinished  Type = "run.finished"   // Outcome, Endpoint, ElapsedS, APICalls, Error, Waiting; MonthlyUSD of what there is after an early end
)

// Action is what a plan does to a node.
type Action string

// The actions of a plan.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Delete  Action = "delete"
	None    Action = "none"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes of the command line contract.
const (
	Succeeded  Outcome = "succeeded"
	Failed     Outcome = "failed"
	RolledBack Outcome = "rolled_back"
	Stopped    Outcome = "stopped"
	Refused    Outcome = "refused"
)

// Task is one container task during a rollout.
type Task struct {
	ID      string    `json:"id"`               // the short task id
	New     bool      `json:"new"`              // of the revision being rolled out
	State   string    `json:"state"`            // ECS last status, lower case: provisioning, pending, running, stopped
	Health  string    `json:"health,omitempty"` // target health: initial, healthy, unhealthy, draining
	Reason  string    `json:"reason,omitempty"` // why it stopped or is unhealthy
	Started time.Time `json:"started,omitzero"`
}

// SignIn is a pause in which somebody has to sign in again.
type SignIn struct {
	Command string    `json:"command,omitempty"` // that signs in; empty where only fresh keys help
	Until   time.Time `json:"until"`             // when the run is given up
}

// Step is a part of what is done to a node: it is applied, and then waited for, or it is removed. Most nodes have
// one step. What a node usually takes, its last step takes.
type Step struct {
	Name  string   `json:"name"`            // unique within the run, such as "load-balancer/ready"
	Needs []string `json:"needs,omitempty"` // names of the steps that come first
}

// Event is one thing that happened. Which fields are set depends on Type. Times are the engine clock's.
type Event struct {
	Seq  int       `json:"seq"` // 1, 2, 3 … without a gap within a run, but where a bus has forgotten lines of output
	Time time.Time `json:"time"`
	Run  string    `json:"run"`
	Type Type      `json:"type"`
	Node string    `json:"node"` // the resource's id in the plan, such as "load-balancer"; empty for the run
	Kind string    `json:"kind"` // the resource's kind, such as "elbv2.LoadBalancer"
	Text string    `json:"text"` // one line for people

	Verb    string `json:"verb,omitempty"` // deploy, destroy, rollback
	App     string `json:"app,omitempty"`
	Env     string `json:"env,omitempty"`
	Target  string `json:"target,omitempty"`
	Region  string `json:"region,omitempty"`
	Account string `json:"account,omitempty"`
	Hash    string `json:"hash,omitempty"`

	Name       string   `json:"name,omitempty"`
	Group      string   `json:"group,omitempty"` // heading of the resource tree: network, access, image, compute, traffic, endpoint
	Action     Action   `json:"action,omitempty"`
	Needs      []string `json:"needs,omitempty"`
	Steps      []Step   `json:"steps,omitempty"`
	MonthlyUSD float64  `json:"monthly_usd,omitempty"`

	UsuallyS  float64 `json:"usually_s,omitempty"`  // how long this usually takes
	LeftS     float64 `json:"left_s,omitempty"`     // about what is left of the run, filled in by who prints events
	DeadlineS float64 `json:"deadline_s,omitempty"` // when the engine gives up, counted from now

	Current int64  `json:"current,omitempty"`
	Total   int64  `json:"total,omitempty"`
	Unit    string `json:"unit,omitempty"` // bytes, steps, tasks

	Stream string `json:"stream,omitempty"` // of a log line: build, push, app, aws, berth
	// Notable marks a log line that tells of trouble or of a turn. One about a node matters until the node has
	// ended or its tasks are well, one about the run until the next line about the run.
	Notable bool    `json:"notable,omitempty"`
	SignIn  *SignIn `json:"sign_in,omitempty"` // the whole run waits for it, until the next line about the run
	Tasks   []Task  `json:"tasks,omitempty"`

	ID       string      `json:"id,omitempty"`
	Endpoint string      `json:"endpoint,omitempty"`
	Outcome  Outcome     `json:"outcome,omitempty"`
	ElapsedS float64     `json:"elapsed_s,omitempty"`
	APICalls int         `json:"api_calls,omitempty"`
	Error    *fail.Error `json:"error,omitempty"`
	Waiting  *Waiting    `json:"waiting,omitempty"` // what only people can do
}

// Seconds converts a duration for the fields that count in seconds.
func Seconds(d time.Duration) float64 { return d.Seconds() }

// Duration converts one of the fields that count in seconds back.
func Duration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// MarshalJSON writes the event as the command line contract has it, which knows fewer types: the tasks of a
// rollout are progress, and a stop that was asked for is a line of berth's own log.
func (e Event) MarshalJSON() ([]byte, error) {
	switch e.Type {
	case NodeTasks:
		e.Type = NodeProgress
	case RunStopping:
		e.Type, e.Stream = NodeLog, "berth"
	default:
	}
	return json.Marshal(plain(e))
}
