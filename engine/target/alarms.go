package target

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Alarms is what tells people of trouble with an app, as it stands.
type Alarms struct {
	List   []Alarm  `json:"list"`
	Told   []Told   `json:"told"`
	Budget *Budget  `json:"budget,omitempty"` // nil where there is none, or AWS has not counted yet
	Events []string `json:"events,omitempty"` // what is told of besides, each a clause
}

// Alarm is one alarm.
type Alarm struct {
	Title string    `json:"title"` // what it is when it rings, a clause
	State string    `json:"state"` // alarm, ok or no data
	Since time.Time `json:"since,omitzero"`
}

// Told is somebody who hears of trouble.
type Told struct {
	To        string `json:"to"`        // a mail address, or a URL without what may be secret in it
	Confirmed bool   `json:"confirmed"` // nothing is sent there before
}

// Budget is what the whole account spends in this month, in US dollars.
type Budget struct {
	SpentUSD   float64 `json:"spent_usd"`
	MonthlyUSD float64 `json:"monthly_usd"`
}

// The states of an Alarm.
const (
	Ringing = "alarm"
	Quiet   = "ok"
	NoData  = "no data"
)

// Line is a sentence about the alarms, and whether it asks for something.
type Line struct {
	Text  string
	Wrong bool
}

// Lines tell people how the alarms stand; age says how long ago something was. Nil has no lines.
func (a *Alarms) Lines(now time.Time, age func(time.Duration) string) (lines []Line) {
	if a == nil {
		return nil
	}
	blind, ringing := 0, 0
	for _, one := range a.List {
		switch one.State {
		case Ringing:
			ringing++
			text := one.Title
			if !one.Since.IsZero() {
				text += ", " + age(now.Sub(one.Since))
			}
			lines = append(lines, Line{"ALARM: " + text, true})
		case NoData:
			blind++
		}
	}
	text := fmt.Sprintf("%d ok", len(a.List)-blind-ringing)
	if ringing > 0 {
		text = fmt.Sprintf("%d in alarm, ", ringing) + text
	}
	if blind > 0 {
		text += fmt.Sprintf(", %d without data", blind)
	}
	lines = append(lines, Line{Text: text})
	var told []string
	for _, t := range a.Told {
		if t.Confirmed {
			told = append(told, t.To)
			continue
		}
		lines = append(lines, Line{"not confirmed yet, so nothing is sent: " + t.To, true})
	}
	if len(a.Told) == 0 {
		lines = append(lines, Line{"nobody is told: nobody confirmed in time; `berth deploy` asks again", true})
	}
	if len(told) > 0 {
		lines = append(lines, Line{Text: "sent to " + strings.Join(told, ", ")})
	}
	for _, e := range a.Events {
		lines = append(lines, Line{Text: "also told: " + e})
	}
	if b := a.Budget; b != nil {
		lines = append(lines, Line{fmt.Sprintf("the account has spent $%.2f of $%.2f this month", b.SpentUSD, b.MonthlyUSD), b.SpentUSD > b.MonthlyUSD})
	}
	return slices.Clip(lines)
}
