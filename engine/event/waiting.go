package event

import "time"

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
