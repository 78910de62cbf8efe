// Package need is the one table of what an app can need from the service that runs it: how it is asked for, which
// flag and which key of berth.toml say it, how it is called, and where it stands in Requirements. Whoever reads,
// asks, judges or shows needs goes by this table, so that none is forgotten anywhere.
package need

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Requirements is what an app needs from the service that runs it. The zero value needs nothing special: an
// HTTP app without an own domain. Only the region must be given.
type Requirements struct {
	WebSockets            bool    `json:"websockets"`
	WebSocketUploads      bool    `json:"websocket_uploads"` // uploads travel over the WebSocket: long polling is no way out
	Clustering            bool    `json:"clustering"`        // instances talk to each other directly
	StickySessions        bool    `json:"sticky_sessions"`
	PersistentStorage     bool    `json:"persistent_storage"`
	GRPC                  bool    `json:"grpc"` // HTTP/2 to the container
	ARM64                 bool    `json:"arm64"`
	ScaleToZero           bool    `json:"scale_to_zero"`
	CustomDomain          bool    `json:"custom_domain"` // false: an https:// URL is wanted without owning a domain
	ReleaseCommand        bool    `json:"release_command"`
	Shell                 bool    `json:"shell"`
	Secrets               bool    `json:"secrets"`
	LongestRequestSeconds int     `json:"longest_request_seconds"` // zero: nothing long
	Region                string  `json:"region"`                  // AWS region, or a Fly.io region code
	MaxMonthlyUSD         float64 `json:"max_monthly_usd"`         // zero: no limit
	AppRunnerCustomer     bool    `json:"app_runner_customer"`     // the account used App Runner before it closed

	NoHTTP         bool `json:"no_http,omitempty"`         // a worker: nobody calls it
	StaticOnly     bool `json:"static_only,omitempty"`     // nothing but files to serve
	UploadsToS3    bool `json:"uploads_to_s3,omitempty"`   // the app keeps files in S3, with a role of its own
	Autoscaling    bool `json:"autoscaling,omitempty"`     // the number of instances follows the load
	PrivateNetwork bool `json:"private_network,omitempty"` // instances have no public addresses
	MultiAZ        bool `json:"multi_az,omitempty"`        // instances, database and cache stand in two zones
	Cache          bool `json:"cache,omitempty"`           // Redis
	Database       bool `json:"database,omitempty"`        // PostgreSQL
	ToldHTTPS      bool `json:"told_https,omitempty"`      // the app must be told that visitors came by https, or it breaks
}

// Kind is how a need is answered.
type Kind int

// The kinds.
const (
	YesNo  Kind = iota
	Number      // whole, from 1 on
	Money       // US dollars a month
	Text
	Region
)

// Group is where a need is asked for.
type Group string

// The groups, in order. What is in none is not asked for, but follows from the settings.
const (
	App    Group = "What the app needs"
	Place  Group = "Where and how much"
	Rarely Group = "Rarely needed"
	Unsaid Group = ""
)

// Need is one thing that an app can need.
type Need struct {
	ID       string // as in JSON, reasons and findings
	Group    Group
	Kind     Kind
	Label    string // on the screens
	Short    string // in the columns of a table
	Found    string // as something that the source tree tells; empty when no source tree tells it
	Question string // with its mark, or what the value is
	Why      string // what it decides
	Flag     string // of berth compare, without dashes; empty when there is none
	Help     string // of the flag
	Key      string // of berth.toml, empty when there is none
	Yes      string // the value that a yes gives the key; empty for a key that is true or false
	No       string // the value of such a key that means no
	Not      bool   // the key says that it is not so

	// at is where it stands in requirements: a pointer to bool, int, float64 or string. Nil for a need that is
	// judged by what it costs alone.
	at func(*Requirements) any
}

// All are all needs, in the order in which they are asked for.
func All() []Need { return slices.Clone(table) }

// Of is the need with an id.
func Of(id string) (Need, bool) {
	for _, n := range table {
		if n.ID == id {
			return n, true
		}
	}
	return Need{}, false
}

// Groups are the groups of what is asked for, in order.
func Groups() []Group { return []Group{App, Place, Rarely} }

// At is where the need stands in r: a pointer to bool, int, float64 or string. Nil when it stands nowhere there.
func (n Need) At(r *Requirements) any {
	if n.at == nil {
		return nil
	}
	return n.at(r)
}

// On says whether r has the need.
func (n Need) On(r Requirements) bool {
	switch p := n.At(&r).(type) {
	case *bool:
		return *p
	case *int:
		return *p > 0
	case *float64:
		return *p > 0
	case *string:
		return *p != ""
	default:
		return false
	}
}

// Set takes an answer over into r: "true" or "false", a number, or a text, of which only says that there is one
// where r wants no more. A text that is no answer is an error, and one that is empty takes the need away.
func (n Need) Set(r *Requirements, text string) error {
	text = strings.TrimSpace(text)
	if err := n.Check(text); err != nil {
		return err
	}
	switch p := n.At(r).(type) {
	case *bool:
		*p = text != "" && text != "false"
	case *int:
		*p, _ = strconv.Atoi(text) // checked; an empty text is zero
	case *float64:
		*p, _ = strconv.ParseFloat(strings.TrimPrefix(text, "$"), 64)
	case *string:
		*p = text
	}
	return nil
}

// Check says why a typed answer cannot be. An empty one always can.
func (n Need) Check(text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	switch n.Kind {
	case Number:
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 {
			return fmt.Errorf("a whole number from 1 on is needed, such as 2")
		}
		if n.ID == "instances" && v > 1000 {
			return fmt.Errorf("that is more than an ECS service can run")
		}
	case Money:
		v, err := strconv.ParseFloat(strings.TrimPrefix(text, "$"), 64)
		if err != nil || !(v >= 0 && v <= 1e9) {
			return fmt.Errorf("an amount in US dollars is needed, such as 40")
		}
	case YesNo, Text, Region:
	}
	return nil
}
