package plan

import (
	"context"
	"fmt"
	"strings"

	"berth/engine/fail"
)

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
	// Moving are, in a clause each, what a move brings with it beyond what was asked for; empty when it cannot be moved.
	Moving []string `json:"moving,omitempty"`

	// Then are those of Moving that are still to be done once it has moved.
	Then []string `json:"-"`

	// Leave plans its removal. Nil: that cannot be done from here, such as in another account.
	Leave func(context.Context) (*Plan, error) `json:"-"`
}

// Beside is what a deployment does about the same app elsewhere.
type Beside string

// What can be done. Nobody said is the zero value: then nothing is done at all.
const (
	Move Beside = "move" // what is elsewhere is removed once the new one is verified
	Both Beside = "both" // it stays, and berth in this folder no longer sees it
)

// Where names the app and its place.
func (e Elsewhere) Where() string { return fmt.Sprintf("%s (%s) in %s", e.App, e.Env, e.Region) }

// There says in a clause what is known to be there.
func (e Elsewhere) There() string {
	if !e.Seen {
		return fmt.Sprintf("%s of account %s was deployed from this folder and may still run there", e.Where(), e.Account)
	}
	return fmt.Sprintf("%s costs $%.2f a month", e.Where(), e.MonthlyUSD)
}

// String says in a clause what runs there, and what becomes of it.
func (e Elsewhere) String() string {
	goes := ""
	if e.Seen {
		goes = " and keeps running"
	}
	return e.There() + goes + ": this creates a second one, and berth here no longer sees the first"
}

// Says is all there is to know before it is decided: what runs there, and what a move brings with it.
func (e Elsewhere) Says() []string { return append([]string{e.String()}, e.Moving...) }

// Stays says that it is not removed without a question, because data of people would go with it.
func (e Elsewhere) Stays(lost []string) *fail.Error {
	return &fail.Error{
		Class: fail.Failed, Cause: e.Where() + " was not removed: that would delete " + strings.Join(lost, ", "),
		Remedy: "copy what you need from it, then run: " + e.Remove,
	}
}

// Unmoved refuses a move of an app that runs nowhere, neither here nor elsewhere. Nil: there is something to move or it has
// moved, or nobody wants it.
func (p *Plan) Unmoved() *fail.Error {
	if p.Beside != Move || len(p.Elsewhere) > 0 || p.Endpoint != "" {
		return nil
	}
	return &fail.Error{
		Class: fail.Refused, Cause: p.App + " (" + p.Env + ") was found nowhere else, so there is nothing to move",
		Remedy: "leave --move out to deploy it here; berth apps --all-regions lists what runs, and what was deployed before there were " +
			"identities is removed by hand",
	}
}

// Movable says that everything elsewhere can be removed from here.
func (p *Plan) Movable() bool {
	for _, e := range p.Elsewhere {
		if e.Leave == nil {
			return false
		}
	}
	return len(p.Elsewhere) > 0
}

// Choose takes the word for what becomes of the app elsewhere, and says whether it is one.
func (p *Plan) Choose(word string) bool {
	b := Beside(strings.ToLower(strings.TrimSpace(word)))
	if b != Both && (b != Move || !p.Movable()) {
		return false
	}
	p.Beside = b
	return true
}

// Unsaid refuses a plan that would make a second one of an app when nobody said what becomes of the first. Nil: somebody
// did, or there is no other.
func (p *Plan) Unsaid() *fail.Error {
	if len(p.Elsewhere) == 0 || p.Beside == Both || p.Beside == Move && p.Movable() {
		return nil
	}
	f := &fail.Error{
		Class: fail.Refused, Cause: p.Elsewhere[0].String(), Evidence: strings.Join(p.Elsewhere[0].Moving, "\n"),
		Remedy: "berth deploy --keep-both creates the second one; to cancel, restore the name and the region in berth.toml",
	}
	var remove []string
	for i, e := range p.Elsewhere {
		if i > 0 {
			f.Evidence = strings.TrimSpace(f.Evidence + "\n" + strings.Join(e.Says(), "\n"))
		}
		remove = append(remove, e.Remove)
	}
	if p.Movable() {
		f.Remedy = "berth deploy --move moves it: the first one is removed once the new one is verified; " + f.Remedy
	} else {
		f.Remedy += "; to remove the first: " + strings.Join(remove, "; ")
	}
	return f
}
