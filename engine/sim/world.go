package sim

import "time"

// world is the state while AWS does something on its own.
type world struct {
	a  *Account
	st *state
	r  *region
}

// advance brings a state up to a time: everything that AWS does on its own until then happens, in the order
// of its times.
func (a *Account) advance(st *state, now time.Time) {
	for {
		var (
			due  time.Time
			step func(time.Time)
		)
		for _, name := range st.regionNames() {
			w := &world{a: a, st: st, r: st.Regions[name]}
			for _, s := range services() {
				if s.due == nil {
					continue
				}
				if at, do := s.due(w); !at.IsZero() && (step == nil || at.Before(due)) {
					due, step = at, do
				}
			}
		}
		if step == nil || due.After(now) {
			break
		}
		if due.Before(st.Now) {
			due = st.Now
		}
		st.Now = due
		step(due)
	}
	if now.After(st.Now) {
		st.Now = now
	}
	a.sweep(st)
}

// sweep forgets what AWS forgets.
func (a *Account) sweep(st *state) {
	for _, name := range st.regionNames() {
		for _, s := range services() {
			if s.sweep != nil {
				s.sweep(&world{a: a, st: st, r: st.Regions[name]})
			}
		}
	}
}
