// Package compare answers which AWS service fits an app, why, and what it costs a month. It is the facade
// over catalog (facts), advise (rules) and price (money), and it is pure: no I/O, no clock, no AWS.
package compare

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// Service is the answer about one service.
type Service struct {
	ID                string          `json:"id"` // such as "ecs-fargate"
	Name              string          `json:"name"`
	Verdict           advise.Verdict  `json:"verdict"`
	Deployable        bool            `json:"deployable"` // berth can deploy to it; each reason says whether it builds that, too
	OpenToNewAccounts bool            `json:"open_to_new_accounts"`
	Reasons           []advise.Reason `json:"reasons"`
	Why               string          `json:"why"`          // the reason that decides, in one line
	WouldChange       []string        `json:"would_change"` // never nil
	Hints             []string        `json:"hints,omitempty"`
	Estimate          price.Estimate  `json:"estimate"`
}

// Result is the whole comparison, best service first. It marshals to the JSON of the command line contract.
type Result struct {
	AsOf         string              `json:"as_of"`  // day of the facts, YYYY-MM-DD
	Region       string              `json:"region"` // AWS region, also when a Fly.io one was asked for
	Requirements advise.Requirements `json:"requirements"`
	Usage        price.Usage         `json:"usage"`
	Recommended  string              `json:"recommended"` // a service id: the best that fits, else the best that needs changes, else empty
	Services     []Service           `json:"services"`

	Regions []RankedRegion `json:"regions,omitempty"` // only when regions were ranked
	Instead *Instead       `json:"instead,omitempty"` // for an app that needs no service at all
	Credits string         `json:"credits,omitempty"` // how long a new account's credits would last for what is recommended
	// Uncounted is what the app needs and no sum has, as nothing makes it: "a database".
	Uncounted []string `json:"uncounted,omitempty"`
	Savings   []Saving `json:"savings,omitempty"` // what would make the recommended service cheaper for this app
}

// Advisor compares with a given price table and day. The zero value uses the prices that are part of the
// binary and marks no price as old.
type Advisor struct {
	Prices *price.Table
	Today  time.Time // the day from which the age of prices is seen; zero: no price is marked as old
	// Builds says whether this version of berth builds what a key of berth.toml asks for. Nil: all of them.
	Builds func(key string) bool
}

func (a Advisor) prices() *price.Table {
	if a.Prices != nil {
		return a.Prices
	}
	return price.Default()
}

// Compare judges and prices every service. Bad input (negative or absurd usage, an unknown region,
// contradictory needs) is an error of type *advise.InputError.
func (a Advisor) Compare(r advise.Requirements, u price.Usage) (*Result, error) {
	r, u = advise.Complete(r, u)
	list, region, err := a.judge(r, u)
	if err != nil {
		return nil, err
	}
	advise.Rank(list)
	best := advise.Recommend(list)
	out := &Result{
		AsOf: catalog.Default().Compiled, Region: region.Code, Requirements: r, Usage: u,
		Services: make([]Service, 0, len(list)),
	}
	if r.Database && u.Database == "" {
		out.Uncounted = append(out.Uncounted, "a database")
	}
	if r.Cache && u.Cache == "" {
		out.Uncounted = append(out.Uncounted, "a cache")
	}
	if best != nil {
		out.Recommended, out.Credits = best.Service.ID, credits(best.Estimate)
		if out.Savings, err = a.savings(*best); err != nil {
			return nil, err
		}
	}
	if out.Instead, err = a.instead(region.Code, r, u); err != nil {
		return nil, err
	}
	for i := range list {
		j := &list[i]
		would := advise.WouldChange(a.prices(), *j, best)
		out.Services = append(out.Services, Service{
			ID: j.Service.ID, Name: j.Service.Name, Verdict: j.Verdict,
			Deployable: j.Service.Deployable, OpenToNewAccounts: j.Service.Account.OpenToNew.Can == catalog.Yes,
			Reasons: a.builds(j.Service, j.Reasons), Why: why(*j, best), WouldChange: would, Hints: hints(j.Service), Estimate: j.Estimate.Aged(a.Today),
		})
	}
	return out, nil
}

// why is the reason that decides, in one line: the first obstacle, else what is unknown, else the first change; for
// what fits, how its cost compares with that of the best.
func why(j advise.Judged, best *advise.Judged) string {
	if j.Verdict != advise.Fits && len(j.Reasons) > 0 {
		r := j.Reasons[0]
		text := r.Text
		if _, note, ok := strings.Cut(text, "after steps of yours: "); ok {
			text = note
		}
		return RequirementName(r.Requirement) + ": " + strings.TrimPrefix(text, "no "+RequirementName(r.Requirement)+": ")
	}
	d := 0.0
	if best != nil {
		d = j.Estimate.MonthlyUSD - best.Estimate.MonthlyUSD
	}
	switch {
	case best == nil || j.Service.ID == best.Service.ID || j.Estimate.AtLeast() || best.Estimate.AtLeast():
		return "meets every need"
	case d >= 0.005:
		return fmt.Sprintf("meets every need, for %.2f more than %s", d, best.Service.ID)
	case d <= -0.005:
		return fmt.Sprintf("meets every need, for %.2f less than %s", -d, best.Service.ID)
	}
	return "meets every need, for the same as " + best.Service.ID
}

func hints(s *catalog.Service) []string {
	var out []string
	for _, h := range s.Hints {
		out = append(out, h.Text)
	}
	return out
}

// judge checks the input and judges every service, in the order of the catalogue.
func (a Advisor) judge(r advise.Requirements, u price.Usage) ([]advise.Judged, catalog.Region, error) {
	if err := advise.Validate(r, u); err != nil {
		return nil, catalog.Region{}, err
	}
	region, _, err := catalog.Regions().Resolve(r.Region)
	if err != nil {
		return nil, catalog.Region{}, &advise.InputError{Field: "region", Text: err.Error()}
	}
	c := catalog.Default()
	list := make([]advise.Judged, 0, len(c.Services))
	for i := range c.Services {
		j, err := a.judgeOne(&c.Services[i], region.Code, r, u)
		if err != nil {
			return nil, catalog.Region{}, err
		}
		list = append(list, j)
	}
	return list, region, nil
}

func (a Advisor) judgeOne(s *catalog.Service, region string, r advise.Requirements, u price.Usage) (advise.Judged, error) {
	e, err := a.prices().Estimate(s, region, u, advise.ShapeOf(r))
	if err != nil {
		return advise.Judged{}, err
	}
	j := advise.Judged{Case: advise.Case{Service: s, Region: region, Needs: r, Usage: u, Estimate: e}}
	j.Verdict, j.Reasons = advise.Judge(j.Case)
	return j, nil
}

// builds fills in what of the reasons berth builds on the service.
func (a Advisor) builds(s *catalog.Service, reasons []advise.Reason) []advise.Reason {
	for i, r := range reasons {
		key, built := advise.Key(r.Requirement)
		if key != "" {
			built = a.Builds == nil || a.Builds(key)
		}
		reasons[i].Builds = s.Deployable && built && r.Verdict != advise.No
	}
	return reasons
}

// NotCounted says what no sum has, empty where each has everything.
func (r *Result) NotCounted() string {
	if len(r.Uncounted) == 0 {
		return ""
	}
	return "not counted: " + strings.Join(r.Uncounted, " and ") + ", which the app looks for and the settings do not make"
}

// Scales says whether what any of the services costs depends on how many instances the scaling starts.
func (r *Result) Scales() bool {
	return slices.ContainsFunc(r.Services, func(s Service) bool { return Most(s.Estimate) != "" })
}

// Service returns the answer about one service, nil when there is none of this id.
func (r *Result) Service(id string) *Service {
	i := slices.IndexFunc(r.Services, func(s Service) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Services[i]
}

// BestDeployable returns the best service that berth can deploy to, nil when none of them can run the app.
func (r *Result) BestDeployable() *Service {
	i := slices.IndexFunc(r.Services, func(s Service) bool { return s.Deployable && s.Verdict != advise.No })
	if i < 0 {
		return nil
	}
	return &r.Services[i]
}
