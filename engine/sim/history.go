package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// snapshot is the state as it was after a changing call.
type snapshot struct {
	at time.Time
	st *state
}

// remember keeps a copy of the state for stale reads, when a fault asks for them.
func (a *Account) remember(st *state, now time.Time) {
	f, ok := a.fault(faultEventual)
	if !ok {
		return
	}
	for len(a.past) > 1 && now.Sub(a.past[1].at) > f.d {
		a.past = a.past[1:]
	}
	a.past = append(a.past, snapshot{at: now, st: clone(st)})
}

// view is the state that a read gets to see: the present one, or one as it was a moment ago. What AWS did on
// its own since then shows in either.
func (a *Account) view(st *state, service awsService, rec Call, now time.Time) *state {
	f, ok := a.fault(faultEventual)
	if !ok || !service.eventual {
		return st
	}
	lag := time.Duration(float64(f.d) * chance(a.seed, fmt.Sprintf("lag %s#%d", rec.Action(), a.nth[rec.Action()])))
	then := st
	for i := len(a.past) - 1; i >= 0; i-- {
		if !a.past[i].at.After(now.Add(-lag)) {
			then = a.past[i].st
			break
		}
		if i == 0 {
			then = a.past[0].st
		}
	}
	if then != st {
		a.advance(then, now)
	}
	return then
}

// stableID is a hexadecimal id of 64 digits that depends on nothing but its parts. What AWS does on its own
// gets such ids, so that every view of the account agrees on them.
func stableID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
