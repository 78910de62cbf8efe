// Package advise holds the rules: what an app needs against what each service can do gives a verdict per
// service with one reason per need, a ranking, and what would change a verdict. It is pure.
package advise

// Requirements is what an app needs from the service that runs it. The zero value needs nothing special: an
// HTTP app without an own domain in the default region.
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
}

// Verdict says whether a service can run the app.
type Verdict string

// The verdicts, from good to bad.
const (
	Fits    Verdict = "fits"    // as it is
	Changes Verdict = "changes" // when something is changed; the reason says what
	No      Verdict = "no"
)

// Reason is the judgement of one service against one requirement, with the fact that it rests on.
type Reason struct {
	Requirement string  `json:"requirement"` // the JSON name of the requirement, such as "websockets", or "region", "size", "account"
	Verdict     Verdict `json:"verdict"`
	Text        string  `json:"text"`
	Source      string  `json:"source"`
	AsOf        string  `json:"as_of"`
	Confidence  string  `json:"confidence"`
}
