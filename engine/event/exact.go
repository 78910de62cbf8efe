package event

import (
	"encoding/json"
	"fmt"

	"berth/engine/fail"
)

// exact is an event as Encode writes it: with its own type, and with all of its failure that other processes
// can use.
type exact struct {
	plain
	Error *exactError `json:"error,omitempty"`
}

type plain Event

type exactError struct {
	Class       fail.Class `json:"class,omitempty"`
	Cause       string     `json:"cause,omitempty"`
	Evidence    string     `json:"evidence,omitempty"`
	Remedy      string     `json:"remedy,omitempty"`
	Doc         string     `json:"doc,omitempty"`
	Setting     string     `json:"setting,omitempty"`
	SuggestText *string    `json:"suggest_text,omitempty"`
	SuggestInt  *int       `json:"suggest_int,omitempty"`
}

// Encode writes an event as one line of JSON, without a line end, from which Decode makes the same event. It
// is for berth's own files: unlike the NDJSON of the command line contract it keeps all types apart. What an
// error wraps is not written.
func Encode(e Event) ([]byte, error) {
	x := exact{plain: plain(e)}
	if f := e.Error; f != nil {
		x.Error = &exactError{
			Class: f.Class, Cause: f.Cause, Evidence: f.Evidence, Remedy: f.Remedy, Doc: f.Doc, Setting: f.Setting,
		}
		switch v := f.Suggest.(type) {
		case string:
			x.Error.SuggestText = &v
		case int:
			x.Error.SuggestInt = &v
		}
	}
	x.plain.Error = nil
	b, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("write event %d: %w", e.Seq, err)
	}
	return b, nil
}

// Decode reads what Encode wrote.
func Decode(line []byte) (Event, error) {
	var x exact
	if err := json.Unmarshal(line, &x); err != nil {
		return Event{}, fmt.Errorf("read an event: %w", err)
	}
	e := Event(x.plain)
	if f := x.Error; f != nil {
		e.Error = &fail.Error{
			Class: f.Class, Cause: f.Cause, Evidence: f.Evidence, Remedy: f.Remedy, Doc: f.Doc, Setting: f.Setting,
		}
		switch {
		case f.SuggestText != nil:
			e.Error.Suggest = *f.SuggestText
		case f.SuggestInt != nil:
			e.Error.Suggest = *f.SuggestInt
		}
	}
	return e, nil
}
