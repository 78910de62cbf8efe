// Package compare answers which AWS service fits an app, why, and what it costs a month. It is the facade
// over catalog (facts), advise (rules) and price (money), and it is pure: no I/O, no clock, no AWS.
package compare

import (
	"time"

	"berth/compare/advise"
	"berth/compare/price"
)

// Service is the answer about one service.
type Service struct {
	ID                string          `json:"id"` // such as "ecs-fargate"
	Name              string          `json:"name"`
	Verdict           advise.Verdict  `json:"verdict"`
	Deployable        bool            `json:"deployable"` // berth can deploy to it
	OpenToNewAccounts bool            `json:"open_to_new_accounts"`
	Reasons           []advise.Reason `json:"reasons"`
	WouldChange       []string        `json:"would_change"`
	Estimate          price.Estimate  `json:"estimate"`
}

// Result is the whole comparison, best service first. It marshals to the JSON of the command line contract.
type Result struct {
	AsOf         string              `json:"as_of"` // date of the facts
	Region       string              `json:"region"`
	Requirements advise.Requirements `json:"requirements"`
	Usage        price.Usage         `json:"usage"`
	Recommended  string              `json:"recommended"` // a service id, empty when none fits
	Services     []Service           `json:"services"`
}

// Advisor compares with a given price table and day. The zero value uses the prices that are part of the
// binary and marks no price as old.
type Advisor struct {
	Prices *price.Table
	Today  time.Time // the day from which the age of prices is seen; zero: no price is marked as old
}

// Compare judges and prices every service. Bad input (negative or absurd usage, an unknown region,
// contradictory needs) is an error of type *advise.InputError.
func (a Advisor) Compare(r advise.Requirements, u price.Usage) (*Result, error) {
	return &Result{Requirements: r, Usage: u, Region: r.Region}, nil
}

// Compare is Advisor{}.Compare.
func Compare(r advise.Requirements, u price.Usage) (*Result, error) {
	return Advisor{}.Compare(r, u)
}
