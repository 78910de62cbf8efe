package needs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/tui/screen"
	"berth/tui/widget"
)

// kind is how a question is answered.
type kind int

const (
	yesNo kind = iota
	number
	money
	text
	region
)

// question is one thing to ask. Its answer is a key of berth.toml, or a need that only the choice of the
// service depends on.
type question struct {
	id    string // the requirement it decides, as reasons name it
	key   string // of berth.toml, empty when there is none
	kind  kind
	label string
	why   string // why it matters and what it decides
	yes   string // the value of key that means yes; empty for a truth
	found func(*screen.Findings) bool
}

type section struct {
	heading   string
	questions []question
}

var sections = []section{
	{"What the app needs", []question{
		{id: "websockets", key: "network.websockets", label: "WebSockets",
			why:   "Does it hold WebSocket connections open, as LiveView, Socket.IO or ActionCable do? Not every service lets them through.",
			found: func(f *screen.Findings) bool { return f.Needs.WebSockets }},
		{id: "websocket_uploads", label: "Uploads over WebSockets",
			why:   "Do files travel over the WebSocket? Then long polling is no way out where there are no WebSockets.",
			found: func(f *screen.Findings) bool { return f.Needs.WebSocketUploads }},
		{id: "clustering", key: "network.clustering", yes: "dns", label: "Nodes talk to each other",
			why:   "Do the instances form a cluster, as Erlang nodes or a PubSub without Redis do? They need a network of their own.",
			found: func(f *screen.Findings) bool { return f.Needs.Clustering }},
		{id: "persistent_storage", label: "Files that must stay",
			why:   "Does it keep files on its own disk that must survive a new version? Containers lose their disk when they are replaced.",
			found: func(f *screen.Findings) bool { return f.Needs.PersistentStorage }},
	}},
	{"Where and how much", []question{
		{id: "region", key: "region", kind: region, label: "Region",
			why: "The AWS region nearest to the users. It decides which services there are and what they cost."},
		{id: "instances", key: "service.instances", kind: number, label: "Instances",
			why: "How many containers run at the same time. Two survive the loss of one; each costs the same again."},
		{id: "max_monthly_usd", kind: money, label: "Budget a month",
			why: "The most that it may cost a month, in US dollars. Services above it drop out. Empty: no limit."},
	}},
	{"Rarely needed", []question{
		{id: "grpc", label: "gRPC",
			why:   "Does it speak gRPC (HTTP/2) itself? Few services pass HTTP/2 on to the container.",
			found: func(f *screen.Findings) bool { return f.Needs.GRPC }},
		{id: "sticky_sessions", label: "Sticky sessions",
			why:   "Must a user come back to the same instance, because it keeps sessions in its memory?",
			found: func(f *screen.Findings) bool { return f.Needs.StickySessions }},
		{id: "custom_domain", key: "network.domain", kind: text, label: "Own domain",
			why: "A domain of your own, such as www.example.com. Empty: an https:// address that comes with AWS."},
		{id: "release_command", key: "service.release_command", kind: text, label: "Release command",
			why: "A command that runs once before each new version, such as a database migration."},
		{id: "longest_request_seconds", kind: number, label: "Longest request",
			why: "How many seconds the slowest request takes. Some services cut requests off after a fixed time."},
		{id: "scale_to_zero", label: "Nothing when idle",
			why: "Shall nothing run, and nothing be paid, while nobody uses it? The first request then waits for a start."},
		{id: "shell", label: "Shell in the container",
			why: "Is a shell inside the running container needed, to look after it?"},
		{id: "app_runner_customer", label: "Used App Runner before",
			why: "App Runner takes no new customers. Did this account use it before it closed?"},
	}},
}

// value is the answer as it stands: as text to edit, and as people read it.
func (q question) value(d *screen.Draft) (edit, show string) {
	if q.key != "" {
		v, _ := d.Spec.Get(q.key)
		edit = strings.TrimSpace(fmt.Sprint(v))
	} else if a, ok := d.Answered(q.id); ok {
		edit = a
	}
	switch q.kind {
	case yesNo:
		if q.on(d) {
			return "true", "yes"
		}
		return "false", "no"
	case money:
		if v, err := strconv.ParseFloat(edit, 64); err == nil && v > 0 {
			return edit, "at most " + widget.USD(v)
		}
		return "", "no limit"
	case number:
		if edit == "0" {
			edit = ""
		}
		if q.id == "longest_request_seconds" && edit != "" {
			return edit, edit + " s"
		}
	}
	if edit == "" {
		return "", "none"
	}
	return edit, edit
}

// on is the answer of a yes-or-no question.
func (q question) on(d *screen.Draft) bool {
	r := d.Requirements()
	switch q.id {
	case "websockets":
		return r.WebSockets
	case "websocket_uploads":
		return r.WebSocketUploads
	case "clustering":
		return r.Clustering
	case "persistent_storage":
		return r.PersistentStorage
	case "grpc":
		return r.GRPC
	case "sticky_sessions":
		return r.StickySessions
	case "scale_to_zero":
		return r.ScaleToZero
	case "shell":
		return r.Shell
	case "app_runner_customer":
		return r.AppRunnerCustomer
	default:
		return false
	}
}

// from says where the answer came from.
func (q question) from(d *screen.Draft, f *screen.Findings) string {
	if q.key != "" {
		if o, ok := d.Spec.Origins[q.key]; ok {
			return screen.From(o)
		}
		return "default"
	}
	if _, ok := d.Answered(q.id); ok {
		return "your answer"
	}
	if q.found != nil && f != nil && q.found(f) {
		return "the source tree"
	}
	return "default"
}

// answer takes a typed or toggled answer.
func (q question) answer(d *screen.Draft, value string) error {
	value = strings.TrimSpace(value)
	if q.key == "" {
		d.Answer(q.id, value)
		return nil
	}
	switch {
	case q.yes != "" && value == "true":
		return d.Set(q.key, q.yes)
	case q.yes != "":
		return d.Off(q.key)
	default:
		return d.Set(q.key, value)
	}
}

// check says why a typed answer cannot be.
func (q question) check(value string) error {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	switch q.kind {
	case number:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("a whole number from 1 on is needed, such as 2")
		}
		if q.id == "instances" && n > 1000 {
			return fmt.Errorf("that is more than an ECS service can run")
		}
	case money:
		v, err := strconv.ParseFloat(strings.TrimPrefix(value, "$"), 64)
		if err != nil || v < 0 || v > 1e9 {
			return fmt.Errorf("an amount in US dollars is needed, such as 40")
		}
	}
	return nil
}

// all are the questions with their headings, in order; a heading has no id.
func all() []question {
	var out []question
	for _, s := range sections {
		out = append(out, question{label: s.heading})
		out = append(out, s.questions...)
	}
	return slices.Clip(out)
}

// stepped is a number of instances one more or less, never below one.
func stepped(n, by int) string { return strconv.Itoa(max(1, n+by)) }
