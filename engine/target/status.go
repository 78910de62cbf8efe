package target

import (
	"fmt"
	"strings"
	"time"

	"berth/engine/event"
	"berth/engine/plan"
)

// Status is what runs of an app now. It marshals to the JSON of the command line contract.
type Status struct {
	App      string `json:"app"`
	Env      string `json:"env"`
	Target   string `json:"target"`
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"` // https URL, empty when there is none
	// NoHTTP says that it runs and takes no requests: there is no endpoint to wait for. Ended is the last of its tasks that
	// ended by itself in the last hour then, nil when none did.
	NoHTTP bool `json:"no_http,omitempty"`
	Ended  *Run `json:"ended,omitempty"`
	// State is absent (nothing deployed), partial (no service yet), deploying, running, degraded (fewer tasks
	// than wanted) or stopped (no task wanted).
	State       string       `json:"state"`
	Revision    string       `json:"revision"` // as the target names it
	Image       string       `json:"image"`
	By          string       `json:"by"`               // who made the revision: the name of an IAM user or of a session; empty when not known
	Commit      string       `json:"commit"`           // of the source it was built from, with a + when there were changes; empty when not known
	Since       time.Time    `json:"since,omitzero"`   // when the revision had come up; zero while it has not
	Created     time.Time    `json:"created,omitzero"` // of the service
	Running     int          `json:"running"`
	Desired     int          `json:"desired"`
	Healthy     int          `json:"healthy"`             // of those that run, by the front door
	Unhealthy   int          `json:"unhealthy"`           // those that start or drain are neither
	HealthKnown bool         `json:"health_known"`        // false when there is no service, or the permission to ask is missing
	Processes   []Process    `json:"processes,omitempty"` // beside the app's own
	Deployments []Deployment `json:"deployments"`
	Resources   []Resource   `json:"resources"`
	// Namesake is the identity of another app of this name that is deployed there; empty when there is none.
	Namesake string `json:"namesake,omitempty"`
	// Elsewhere is where the app of this folder runs by another name, or in another region, when nothing of it is here.
	Elsewhere []plan.Elsewhere `json:"elsewhere,omitempty"`
	// Sum is what all of it costs a month as it runs, whatever berth.toml says, with light use.
	plan.Sum
	// Certificate is that of the app's own names, nil when it has none of its own.
	Certificate *event.Certificate `json:"certificate,omitempty"`
	// Names are the app's own names, and how they stand in the DNS.
	Names []event.Name `json:"names,omitempty"`
	// Alarms are what tells people of trouble, nil where nothing does.
	Alarms *Alarms `json:"alarms,omitempty"`
	// Waiting is what the app waits for that only people can do, nil when for nothing.
	Waiting *event.Waiting `json:"waiting,omitempty"`
	// Denied are the IAM actions that were missing for the whole picture. Nil when nothing was.
	Denied []string `json:"denied,omitempty"`
}

// Misled are the names of the app's own by which visitors do not come to it, with what is wrong about them.
func (s *Status) Misled() (says []string) {
	for _, n := range s.Names {
		if n.Wrong {
			says = append(says, n.Says())
		}
	}
	return says
}

// Paused says what a paused app still costs and how to resume it; empty when it is none.
func (s *Status) Paused() string {
	if s.State != Idle {
		return ""
	}
	cost := ""
	if s.MonthlyUSD > 0 {
		cost = fmt.Sprintf("it still costs $%.2f a month; ", s.MonthlyUSD)
	}
	return "no task runs; " + cost + "service.instances = 1 and `berth deploy` resume it, `berth destroy` ends the costs"
}

// The states of a Status.
const (
	Absent    = "absent"
	Partial   = "partial"
	Deploying = "deploying"
	Running   = "running"
	Degraded  = "degraded"
	Idle      = "stopped"
)

// Process is a program of the app's image that runs beside the app's own.
type Process struct {
	Name     string `json:"name"`
	State    string `json:"state"` // as in a Status; partial when it has no service
	Revision string `json:"revision"`
	Running  int    `json:"running"`
	Desired  int    `json:"desired"`
	// Schedule is when it runs, with its time zone; empty for one that runs all the time. Its State is running, stopped
	// when it is paused, or degraded when its last run failed.
	Schedule string `json:"schedule,omitempty"`
	Runs     []Run  `json:"runs,omitempty"` // of the last hour, which is how long AWS keeps them, newest first
	// Ended is the last task of one without a schedule that ended by itself in the last hour, nil when none did.
	Ended *Run `json:"ended,omitempty"`
}

// Says tells in a few words how the process does; age writes how long ago something was.
func (p Process) Says(now time.Time, age func(time.Duration) string) string {
	if p.Schedule == "" {
		text := fmt.Sprintf("%d of %d running, %s", p.Running, p.Desired, p.Revision)
		if p.Ended != nil {
			text += ", one " + p.Ended.SaysEnd(now, age)
		}
		return text
	}
	text := p.Schedule
	if p.State == Idle {
		text += ", paused"
	}
	if len(p.Runs) == 0 {
		return text + ", no run in the last hour"
	}
	switch r := p.Runs[0]; {
	case r.Ended.IsZero() && r.Started.IsZero():
		return text + ", starting"
	case r.Ended.IsZero():
		return text + ", running since " + r.Started.Local().Format("15:04")
	case r.ExitCode == nil:
		return text + ", could not start: " + r.Reason
	case r.Failed():
		return text + fmt.Sprintf(", failed %s with exit code %d after %s", age(now.Sub(r.Ended)), *r.ExitCode, r.Ended.Sub(r.Started).Round(time.Second))
	default:
		return text + fmt.Sprintf(", ran %s in %s", age(now.Sub(r.Ended)), r.Ended.Sub(r.Started).Round(time.Second))
	}
}

// Run is one task that ran to its end, or still runs.
type Run struct {
	Task     string    `json:"task"` // its id
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`      // zero while it runs
	ExitCode *int      `json:"exit_code,omitempty"` // nil while it runs, and when it never started
	Reason   string    `json:"reason,omitempty"`    // why it stopped, as AWS says it
}

// SaysEnd tells in a few words how a run ended that did; age writes how long ago something was.
func (r Run) SaysEnd(now time.Time, age func(time.Duration) string) string {
	text := "ended " + age(now.Sub(r.Ended))
	if r.ExitCode != nil {
		text += fmt.Sprintf(" with exit code %d", *r.ExitCode)
	}
	return text
}

// Failed says whether the run ended badly.
func (r Run) Failed() bool { return !r.Ended.IsZero() && (r.ExitCode == nil || *r.ExitCode != 0) }

// Deployment is one rollout of the app, newest first.
type Deployment struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // as AWS has it, lower case; a good one is "successful"
	Reason   string    `json:"reason,omitempty"`
	Revision string    `json:"revision"`
	Image    string    `json:"image,omitempty"`
	By       string    `json:"by,omitempty"`     // who made the revision
	Commit   string    `json:"commit,omitempty"` // as in a Status
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// Failed says that the deployment did not bring its version.
func (d Deployment) Failed() bool {
	return strings.HasPrefix(d.State, "rollback_") || strings.Contains(d.State, "fail")
}

// LastFailed is the newest deployment when it failed, else nil: then what runs is not what somebody wanted last.
func (s *Status) LastFailed() *Deployment {
	if len(s.Deployments) == 0 || !s.Deployments[0].Failed() {
		return nil
	}
	return &s.Deployments[0]
}

// Resource is one resource that exists.
type Resource struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	ARN   string `json:"arn"`
	State string `json:"state"`
	// MonthlyUSD is its part of the Sum.
	MonthlyUSD float64 `json:"monthly_usd"`
	Label      string  `json:"-"` // for sentences: "the load balancer"
}

// Pulse is what of a Status changes from moment to moment.
type Pulse struct {
	Running, Desired   int
	Healthy, Unhealthy int  // as in a Status
	HealthKnown        bool // false when the permission to ask for the health is missing
	Revision           string
	State              string // as in a Status
	At                 time.Time
}
