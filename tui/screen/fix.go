package screen

import (
	"fmt"

	"berth/engine/fail"
	"berth/engine/spec"
)

// Fix is a remedy that is a setting.
type Fix struct {
	Key    string  // of berth.toml
	Values []Value // to fill in, none when nobody can know them; the one of Key comes last
}

// Value is a key of berth.toml and what it shall be, as text.
type Value struct{ Key, Text string }

// FixFor is the setting that would remedy a failure, nil when it is about none that berth.toml has. A value that
// is there already is no remedy, so then only the key is left.
func (s *Session) FixFor(e *fail.Error) *Fix {
	if e == nil || e.Setting == "" || s.Draft == nil {
		return nil
	}
	if _, ok := spec.KeyOf(e.Setting); !ok {
		return nil
	}
	f := &Fix{Key: e.Setting}
	if e.Suggest == nil {
		return f
	}
	text := fmt.Sprint(e.Suggest)
	if memory, ok := e.Suggest.(int); ok && e.Setting == "service.memory" {
		cpu, fits, ok := spec.Snap(s.Spec().Service.CPU, memory) // not every size of the one goes with the other
		if !ok {
			return f
		}
		text = fmt.Sprint(fits)
		if cpu != s.Spec().Service.CPU {
			f.Values = append(f.Values, Value{Key: "service.cpu", Text: fmt.Sprint(cpu)})
		}
	}
	if now, _ := s.Spec().Get(e.Setting); fmt.Sprint(now) == text {
		return &Fix{Key: e.Setting}
	}
	f.Values = append(f.Values, Value{Key: e.Setting, Text: text})
	return f
}
