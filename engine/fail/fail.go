// Package fail is the one error type that reaches people: what happened in plain words (cause), what was
// seen that proves it (evidence), and what to do about it (remedy). Its class decides the exit code.
//
// It imports the standard library only, so that every package of the engine can use it.
package fail

import (
	"errors"
	"fmt"
	"strings"
)

// Class says what kind of end a failure is. Hosts map it to an exit code.
type Class string

// The classes, with their exit codes in the command line contract.
const (
	Failed     Class = "failed"      // 1: something went wrong on the way
	Usage      Class = "usage"       // 2: the command line or berth.toml is wrong
	RolledBack Class = "rolled_back" // 3: ECS went back to the previous revision
	Refused    Class = "refused"     // 4: nothing was changed: permission, quota, lock, stale plan
	Stopped    Class = "stopped"     // 130: the user stopped it
)

// Error is a failure as people should read it. Cause is one sentence without a final stop; Evidence may
// have several lines; Remedy says what to do next. None of them may carry a secret.
type Error struct {
	Class    Class  `json:"-"`
	Cause    string `json:"cause"`
	Evidence string `json:"evidence"`
	Remedy   string `json:"remedy"`
	Doc      string `json:"doc"`
	Err      error  `json:"-"` // what was wrapped, for errors.Is and errors.As

	// Setting is the key of berth.toml that the remedy is about, such as service.memory; empty when it is
	// about none. Suggest is the value that would remedy it, nil when nobody can know: an int or a string, as
	// spec's Set takes it. For hosts that can apply a remedy; the remedy says the same in words.
	Setting string `json:"-"`
	Suggest any    `json:"-"`
}

// Quote begins each line of an Evidence that quotes what the app, or a command of its build, wrote. That may be a
// secret: such a line is shown, and kept out of files.
const Quote = "  "

// Quoted is a text of one or more lines as Evidence quotes it; empty when it is empty.
func Quoted(text string) string {
	if text == "" {
		return ""
	}
	return Quote + strings.ReplaceAll(text, "\n", "\n"+Quote)
}

// Error is the cause with the wrapped error's text behind it when that adds something.
func (e *Error) Error() string {
	if e.Evidence != "" {
		return e.Cause + ": " + e.Evidence
	}
	if e.Err != nil {
		return e.Cause + ": " + e.Err.Error()
	}
	return e.Cause
}

// Unwrap gives errors.Is and errors.As the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Usagef is a Usage failure without a remedy beyond its own sentence.
func Usagef(format string, args ...any) *Error {
	return &Error{Class: Usage, Cause: fmt.Sprintf(format, args...)}
}

// From finds the Error in err's chain, or makes a Failed one whose cause is err's text. Nil stays nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Failed, Cause: err.Error(), Err: err}
}

// ExitCode is the process exit code for err, as the command line contract has it: 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	switch From(err).Class {
	case Usage:
		return 2
	case RolledBack:
		return 3
	case Refused:
		return 4
	case Stopped:
		return 130
	default:
		return 1
	}
}
