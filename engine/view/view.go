// Package view turns the events of a run into one snapshot of the whole run, which is what every frontend
// draws. It is a pure reducer: the same events always give the same snapshot, and there is no clock in it.
package view

import (
	"slices"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
)

// State is where a node stands.
type State string

// The states of a node. Waiting is a kind of running: the call is made and AWS is at work.
const (
	Planned State = "planned"
	Running State = "running"
	Waiting State = "waiting"
	Done    State = "done"
	Skipped State = "skipped"
	Failed  State = "failed"
)

// Ended says whether nothing more happens to the node in this run.
func (s State) Ended() bool { return s == Done || s == Skipped || s == Failed }

// Node is one resource or step of the run.
type Node struct {
	ID, Kind, Name, Group string
	Action                event.Action
	Why                   string // why the plan does this
	Needs                 []string
	Steps                 []event.Step
	MonthlyUSD            float64

	State    State
	Text     string        // what it does or waits for just now, or why it was skipped
	Usually  time.Duration // how long it usually takes, zero when unknown
	Deadline time.Time     // when the engine gives up, zero when there is none
	Started  time.Time
	Ended    time.Time

	Current, Total int64 // progress; Total is zero when there is none
	Unit           string

	ARN   string // id or ARN, once there is one
	Tasks []event.Task
	Error *fail.Error
}

// Elapsed is how long the node has been at work at now; zero before it starts.
func (n *Node) Elapsed(now time.Time) time.Duration {
	switch {
	case n.Started.IsZero():
		return 0
	case !n.Ended.IsZero():
		return n.Ended.Sub(n.Started)
	default:
		return max(0, now.Sub(n.Started))
	}
}

// Log is one log line of a run.
type Log struct {
	Time         time.Time
	Node, Stream string
	Text         string
}

// MaxNotices is how many notices a snapshot keeps.
const MaxNotices = 3

// maxLogs is how many of the newest log lines a snapshot keeps.
const maxLogs = 2000

// Snapshot is the whole run as of its newest event. Nodes are in the order of the plan.
type Snapshot struct {
	Run, Verb, App, Env, Target, Region, Account, Hash string

	Started, Ended time.Time // Ended is zero while the run goes on
	Last           time.Time // of the newest event
	Seq            int       // of the newest event

	Nodes    []Node
	Logs     []Log
	Notices  []Log          // the log lines that matter just now, the newest last: at most MaxNotices
	Endpoint string         // set once verified
	Verified string         // how the endpoint was verified
	Waiting  *event.Waiting // what the app waits for although the run went well, nil when for nothing
	SignIn   *event.SignIn  // what the whole run waits for just now, nil when not for that
	Stopping string         // what still goes on after a stop was asked for

	Outcome  event.Outcome // empty while the run goes on
	Error    *fail.Error
	APICalls int
	LeftUSD  float64 // what is there costs a month, after an early end and after a destroy that kept data

	index map[string]int
}

// Running says whether the run has started and not ended.
func (s *Snapshot) Running() bool { return !s.Started.IsZero() && s.Ended.IsZero() }

// Begun says whether the work has begun. From then on the whole plan is known.
func (s *Snapshot) Begun() bool {
	return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.State != Planned })
}

// Elapsed is how long the run has taken at now.
func (s *Snapshot) Elapsed(now time.Time) time.Duration {
	switch {
	case s.Started.IsZero():
		return 0
	case !s.Ended.IsZero():
		return s.Ended.Sub(s.Started)
	default:
		return max(0, now.Sub(s.Started))
	}
}

// Count is how many nodes are in state st.
func (s *Snapshot) Count(st State) int {
	n := 0
	for i := range s.Nodes {
		if s.Nodes[i].State == st {
			n++
		}
	}
	return n
}

// Node returns the node with that id, or nil. The pointer is valid until the next Apply.
func (s *Snapshot) Node(id string) *Node {
	if i, ok := s.index[id]; ok {
		return &s.Nodes[i]
	}
	return nil
}

// Apply brings the snapshot up to date with e. Events must come in order; one that was applied already is
// ignored.
func (s *Snapshot) Apply(e event.Event) {
	if e.Seq <= s.Seq {
		return
	}
	s.Seq, s.Last = e.Seq, e.Time
	switch e.Type {
	case event.RunStarted:
		s.Run, s.Verb, s.App, s.Env, s.Target = e.Run, e.Verb, e.App, e.Env, e.Target
		s.Region, s.Account, s.Hash, s.Started = e.Region, e.Account, e.Hash, e.Time
	case event.RunStopping:
		s.Stopping = e.Text
	case event.RunFinished:
		s.finish(e)
	case event.EndpointUp:
		s.Endpoint, s.Verified = e.Endpoint, e.Text
	case event.NodeLog:
		s.log(e)
	default:
		s.node(e)
	}
}

func (s *Snapshot) finish(e event.Event) {
	s.LeftUSD, s.Waiting = e.MonthlyUSD, e.Waiting
	s.Ended, s.Outcome, s.Error, s.APICalls, s.Notices, s.SignIn = e.Time, e.Outcome, e.Error, e.APICalls, nil, nil
	if e.Endpoint != "" {
		s.Endpoint = e.Endpoint
	}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; n.State == Running || n.State == Waiting {
			n.State, n.Ended = Skipped, e.Time
		}
	}
}

func (s *Snapshot) log(e event.Event) {
	s.notice(e)
	s.Logs = append(s.Logs, Log{Time: e.Time, Node: e.Node, Stream: e.Stream, Text: e.Text})
	if len(s.Logs) >= 2*maxLogs {
		s.Logs = append([]Log(nil), s.Logs[len(s.Logs)-maxLogs:]...)
	}
}

// notice keeps a line that matters. A line about the run takes the place of the one before it.
func (s *Snapshot) notice(e event.Event) {
	if e.Node == "" && e.Stream == "berth" {
		s.settle("")
		s.SignIn = e.SignIn
	}
	if !e.Notable {
		return
	}
	l := Log{Time: e.Time, Node: e.Node, Stream: e.Stream, Text: e.Text}
	s.Notices = slices.DeleteFunc(s.Notices, func(old Log) bool { return old.Node == l.Node && old.Text == l.Text })
	s.Notices = append(s.Notices, l)
	s.Notices = s.Noticed(MaxNotices)
}

// Noticed is at most n of the notices, in order: what the whole run waits for first, then the newest.
func (s *Snapshot) Noticed(n int) []Log {
	out := slices.Clone(s.Notices)
	for len(out) > n {
		oldest := max(0, slices.IndexFunc(out, func(l Log) bool { return l.Node != "" }))
		out = slices.Delete(out, oldest, oldest+1)
	}
	return out
}

// settle drops the notices about a node, or about the run, which are obsolete.
func (s *Snapshot) settle(node string) {
	s.Notices = slices.DeleteFunc(s.Notices, func(l Log) bool { return l.Node == node })
}

// well says that all tasks of the revision being rolled out serve.
func well(tasks []event.Task) bool {
	fresh := 0
	for _, t := range tasks {
		if !t.New {
			continue
		}
		if t.Health != "healthy" {
			return false
		}
		fresh++
	}
	return fresh > 0
}

func (s *Snapshot) node(e event.Event) {
	n := s.Node(e.Node)
	if n == nil {
		if s.index == nil {
			s.index = map[string]int{}
		}
		s.index[e.Node] = len(s.Nodes)
		s.Nodes = append(s.Nodes, Node{ID: e.Node, Kind: e.Kind, Name: e.Node, State: Planned})
		n = &s.Nodes[len(s.Nodes)-1]
	}
	switch e.Type {
	case event.NodePlanned:
		n.Kind, n.Name, n.Group, n.Action, n.Why = e.Kind, e.Name, e.Group, e.Action, e.Text
		n.Needs, n.Steps, n.MonthlyUSD, n.Usually = e.Needs, e.Steps, e.MonthlyUSD, event.Duration(e.UsuallyS)
		s.settle("") // what was waited for before the plan could be carried out
	case event.NodeStarted:
		n.State, n.Text = Running, e.Text
		if n.Started.IsZero() {
			n.Started = e.Time
		}
	case event.NodeWaiting:
		n.State, n.Text = Waiting, e.Text
		n.Current, n.Total, n.Unit = 0, 0, ""
		if e.DeadlineS > 0 {
			n.Deadline = e.Time.Add(event.Duration(e.DeadlineS))
		}
	case event.NodeProgress:
		n.Current, n.Total, n.Unit = e.Current, e.Total, e.Unit
		if e.Text != "" {
			n.Text = e.Text
		}
	case event.NodeTasks:
		if n.Tasks = e.Tasks; well(e.Tasks) {
			s.settle(e.Node)
		}
	case event.NodeDone:
		n.State, n.Ended, n.Text, n.ARN = Done, e.Time, e.Text, e.ID
		s.settle(e.Node)
	case event.NodeSkipped:
		n.State, n.Ended, n.Text = Skipped, e.Time, e.Text
	case event.NodeFailed:
		n.State, n.Ended, n.Error = Failed, e.Time, e.Error
		if e.Error != nil {
			n.Text = e.Error.Cause
		}
	}
}
