package plan

import "fmt"

// Elsewhere is the same app by another name, or in another region or account, beside which a plan would make a second
// one.
type Elsewhere struct {
	App        string  `json:"app"`
	Env        string  `json:"env"`
	Region     string  `json:"region"`
	Account    string  `json:"account"`
	Seen       bool    `json:"seen"` // it was looked at just now
	MonthlyUSD float64 `json:"monthly_usd"`
	Remove     string  `json:"remove"` // the command that removes it
}

// String says in a clause what runs there, and what becomes of it.
func (e Elsewhere) String() string {
	where := fmt.Sprintf("%s (%s) in %s", e.App, e.Env, e.Region)
	if !e.Seen {
		return fmt.Sprintf("%s of account %s was deployed from this folder and may run there still: this makes a second one, and berth here no "+
			"longer sees the first. To move, deploy, then run: %s", where, e.Account, e.Remove)
	}
	return fmt.Sprintf("%s runs for $%.2f a month and goes on: this makes a second one, and berth here no longer sees the first. "+
		"To move, deploy, then run: %s", where, e.MonthlyUSD, e.Remove)
}
