package needs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Kind is how a question is answered.
type Kind int

// The kinds.
const (
	YesNo Kind = iota
	Number
	Money
	Text
	Region
)

// Question is one thing to ask. Its answer is a key of berth.toml, or a need that only the choice of the
// service depends on. A Question without an ID is a heading.
type Question struct {
	ID    string // the requirement it decides, as reasons and findings name it
	Kind  Kind
	Label string
	Why   string // why it matters and what it decides
	key   string // of berth.toml, empty when there is none
	yes   string // the value of key that means yes; empty for a truth
}

type section struct {
	heading   string
	questions []Question
}

var sections = []section{
	{"What the app needs", []Question{
		{
			ID: "websockets", key: "network.websockets", Label: "WebSockets",
			Why: "Does it hold WebSocket connections open, as LiveView, Socket.IO or ActionCable do? Not every service lets them through.",
		},
		{
			ID: "websocket_uploads", Label: "WebSocket uploads",
			Why: "Do files travel over the WebSocket? Then long polling is no way out where there are no WebSockets.",
		},
		{
			ID: "clustering", key: "network.clustering", yes: "dns", Label: "Nodes form a cluster",
			Why: "Do the instances form a cluster, as Erlang nodes or a PubSub without Redis do? They need a network of their own.",
		},
		{
			ID: "persistent_storage", Label: "Files that must stay",
			Why: "Does it keep files on its own disk that must survive a new version? Containers lose their disk when they are replaced.",
		},
	}},
	{"Where and how much", []Question{
		{
			ID: "region", key: "region", Kind: Region, Label: "Region",
			Why: "The AWS region nearest to the users. It decides which services there are and what they cost.",
		},
		{
			ID: "instances", key: "service.instances", Kind: Number, Label: "Instances",
			Why: "How many containers run at the same time. Two survive the loss of one; each costs the same again.",
		},
		{
			ID: "max_monthly_usd", Kind: Money, Label: "Budget a month",
			Why: "The most that it may cost a month, in US dollars. Services above it drop out. Empty: no limit.",
		},
	}},
	{"Rarely needed", []Question{
		{
			ID: "grpc", Label: "gRPC",
			Why: "Does it speak gRPC (HTTP/2) itself? Few services pass HTTP/2 on to the container.",
		},
		{
			ID: "sticky_sessions", Label: "Sticky sessions",
			Why: "Must a user come back to the same instance, because it keeps sessions in its memory?",
		},
		{
			ID: "custom_domain", key: "network.domain", Kind: Text, Label: "Own domain",
			Why: "A domain of your own, such as www.example.com. Empty: an https:// address that comes with AWS.",
		},
		{
			ID: "release_command", key: "service.release_command", Kind: Text, Label: "Release command",
			Why: "A command that runs once before each new version, such as a database migration.",
		},
		{
			ID: "longest_request_seconds", Kind: Number, Label: "Longest request",
			Why: "How many seconds the slowest request takes. Some services cut requests off after a fixed time.",
		},
		{
			ID: "scale_to_zero", Label: "Nothing when idle",
			Why: "Should nothing run, and cost nothing, while nobody uses it? The first request then waits for a start.",
		},
		{
			ID: "shell", Label: "Shell in the container",
			Why: "Is a shell inside the running container needed, to look after it?",
		},
		{
			ID: "app_runner_customer", Label: "Used App Runner before",
			Why: "App Runner takes no new customers. Did this account use it before it closed?",
		},
	}},
}

// Value is the answer as it stands: as text to edit, and as people read it.
func (q Question) Value(d *screen.Draft) (edit, show string) {
	if q.key != "" {
		v, _ := d.Spec.Get(q.key)
		edit = strings.TrimSpace(fmt.Sprint(v))
	} else if a, ok := d.Answered(q.ID); ok {
		edit = a
	}
	switch q.Kind {
	case YesNo:
		if q.on(d) {
			return "true", "yes"
		}
		return "false", "no"
	case Money:
		if v, err := strconv.ParseFloat(edit, 64); err == nil && v > 0 {
			return edit, "at most " + widget.USD(v)
		}
		return "", "no limit"
	case Number:
		if edit == "0" {
			edit = ""
		}
		if q.ID == "longest_request_seconds" && edit != "" {
			return edit, edit + " s"
		}
	}
	if edit == "" {
		return "", "none"
	}
	return edit, edit
}

// on is the answer of a yes-or-no question.
func (q Question) on(d *screen.Draft) bool {
	r := d.Requirements()
	switch q.ID {
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

// Origin is where the answer came from.
func (q Question) Origin(d *screen.Draft, f *screen.Findings) spec.Origin {
	byDefault := spec.Origin{Kind: spec.Default}
	if q.key != "" {
		if o, ok := d.Spec.Origins[q.key]; ok {
			return o
		}
		return byDefault
	}
	if q.ID == "websocket_uploads" && !d.Spec.Network.WebSockets {
		return spec.Origin{Text: "there are no WebSockets"}
	}
	if _, ok := d.Answered(q.ID); ok {
		return screen.YourAnswer
	}
	if q.ID == "persistent_storage" && len(d.Spec.Storage) > 0 {
		return d.Spec.Origins["storage[0].path"]
	}
	if f != nil {
		if o, ok := f.NeedOrigins()[q.ID]; ok {
			return o
		}
	}
	return byDefault
}

// From says where the answer came from.
func (q Question) From(d *screen.Draft, f *screen.Findings) string {
	return screen.From(q.Origin(d, f))
}

// Answer takes a typed or toggled answer; yes and no are "true" and "false".
func (q Question) Answer(d *screen.Draft, value string) error {
	value = strings.TrimSpace(value)
	if q.key == "" {
		d.Answer(q.ID, value)
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

// Check says why a typed answer cannot be.
func (q Question) Check(value string) error {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	switch q.Kind {
	case Number:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("a whole number from 1 on is needed, such as 2")
		}
		if q.ID == "instances" && n > 1000 {
			return fmt.Errorf("that is more than an ECS service can run")
		}
	case Money:
		v, err := strconv.ParseFloat(strings.TrimPrefix(value, "$"), 64)
		if err != nil || !(v >= 0 && v <= 1e9) {
			return fmt.Errorf("an amount in US dollars is needed, such as 40")
		}
	}
	return nil
}

// All are the questions with their headings, in order.
func All() []Question {
	var out []Question
	for _, s := range sections {
		out = append(out, Question{Label: s.heading})
		out = append(out, s.questions...)
	}
	return slices.Clip(out)
}

// stepped is a number of instances one more or less, never below one.
func stepped(n, by int) string { return strconv.Itoa(max(1, n+by)) }
