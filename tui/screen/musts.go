package screen

import (
	"fmt"
	"slices"
)

// found tells findings apart, also when the source tree is read again.
type found struct{ id, file, text string }

func key(f Finding) found { return found{f.ID, f.File, f.Text} }

// Must says that a finding is known to stop the app, or to lose its data, until it is settled.
func Must(f Finding) bool { return f.Severity == "must" }

// Open says that a finding is a must that nobody has settled: neither do the settings answer it, nor was it ticked
// off.
func (s *Session) Open(f Finding) bool { return f.Open(s.Spec()) && !s.ticked[key(f)] }

// Tick ticks a finding off: the user has seen to it where berth does not see it. Ticked once more it is open again.
func (s *Session) Tick(f Finding) {
	if s.ticked == nil {
		s.ticked = map[found]bool{}
	}
	s.ticked[key(f)] = !s.ticked[key(f)]
}

// Ticked says that a finding was ticked off.
func (s *Session) Ticked(f Finding) bool { return s.ticked[key(f)] }

// OpenMusts are the musts that nobody has settled.
func (s *Session) OpenMusts() []Finding {
	if s.Findings == nil {
		return nil
	}
	var out []Finding
	for _, f := range s.Findings.Findings {
		if Must(f) && s.Open(f) {
			out = append(out, f)
		}
	}
	return out
}

// ToSettle is what of an app is still to settle, in words: its open musts, and what it needs and nothing makes. It is none
// of an app that runs already, which shows that it starts, and none that the user has accepted. This is what is counted,
// listed, and asked about again.
func (s *Session) ToSettle() []string {
	if st := s.Status; Runs(st) != "" && st.State != "partial" {
		return nil
	}
	var out []string
	for _, f := range s.OpenMusts() {
		out = append(out, f.Means)
	}
	if s.Draft != nil {
		out = append(out, s.Draft.Unbuilt()...)
	}
	return slices.DeleteFunc(out, func(text string) bool { return s.despite[text] })
}

// Where is the place of a finding, empty when it is about the whole tree.
func Where(f Finding) string {
	if f.Line > 0 {
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return f.File
}
