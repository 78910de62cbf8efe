package event

import (
	"fmt"
	"strings"
	"time"
)

// Waiting is what an app waits for that only people can do: records at a DNS provider that is not Route 53.
type Waiting struct {
	For     string    `json:"for"`  // a sentence without a final stop
	Then    string    `json:"then"` // what happens, or is to be done, after that
	Records []Record  `json:"records"`
	Until   time.Time `json:"until,omitzero"` // when AWS gives up
}

// Record is one record to set.
type Record struct {
	Zone     string `json:"zone"`     // that it belongs to, such as example.com
	Name     string `json:"name"`     // in full, without a dot at its end
	Relative string `json:"relative"` // as most DNS panels want it, which append the zone; @ for the zone itself
	Type     string `json:"type"`
	Value    string `json:"value"` // without a dot at its end
	Line     string `json:"line"`  // of a zone file
	Why      string `json:"why"`
	State    string `json:"state"`          // missing, set, or other: there is one with another value
	Note     string `json:"note,omitempty"` // what to look out for
}

// The states of a Record.
const (
	RecordMissing = "missing"
	RecordSet     = "set"
	RecordOther   = "other"
)

// Text is what is waited for, line by line: each record in full, as DNS panels want it, and as a line of a zone file.
func (w *Waiting) Text() []string {
	if w == nil {
		return nil
	}
	lines := []string{"Waits for " + w.For + "."}
	for _, r := range w.Records {
		lines = append(lines, "",
			fmt.Sprintf("  %-8s %s %s", r.State, r.Type, r.Name),
			"           value      "+r.Value,
			"           in a panel "+r.Relative+" in the zone "+r.Zone)
		if r.Line != "" {
			lines = append(lines, "           zone file  "+r.Line)
		}
		lines = append(lines, "           it "+r.Why)
		if r.Note != "" {
			lines = append(lines, "           note: "+r.Note)
		}
	}
	lines = append(lines, "")
	if !w.Until.IsZero() {
		lines = append(lines, "AWS waits until "+w.Until.UTC().Format("2006-01-02 15:04 MST")+"; after that the next deployment asks for a new certificate.")
	}
	return append(lines, "Then "+w.Then+".")
}

// ZoneFile are the records that are not set yet as lines of a zone file.
func (w *Waiting) ZoneFile() string {
	var lines []string
	for _, r := range w.Left() {
		lines = append(lines, r.Line)
	}
	return strings.Join(lines, "\n")
}

// Left are the records that are not set yet.
func (w *Waiting) Left() (left []Record) {
	if w == nil {
		return nil
	}
	for _, r := range w.Records {
		if r.State != RecordSet {
			left = append(left, r)
		}
	}
	return left
}
