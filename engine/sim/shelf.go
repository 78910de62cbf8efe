package sim

import (
	"encoding/json"
	"fmt"
)

// shelf is where a service keeps its state: a value of plain data (JSON round-trips it) in every region, or one for
// the whole account. It is the key under which the state file has it.
type shelf[T any] string

// keeper is a shelf of any type.
type keeper interface {
	key() string
	empty() any
}

func (s shelf[T]) key() string { return string(s) }

func (s shelf[T]) empty() any { return new(T) }

// shelves is what the services keep, by key.
type shelves map[string]any

// in gives what is kept there, which is empty at first.
func (s shelf[T]) in(kept *shelves) *T {
	if v, ok := (*kept)[string(s)]; ok {
		return v.(*T)
	}
	if *kept == nil {
		*kept = shelves{}
	}
	v := new(T)
	(*kept)[string(s)] = v
	return v
}

// UnmarshalJSON reads each service's state as that service's type.
func (k *shelves) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*k = shelves{}
	for _, s := range services() {
		for _, at := range s.state {
			data, ok := raw[at.key()]
			if !ok {
				continue
			}
			v := at.empty()
			if err := json.Unmarshal(data, v); err != nil {
				return fmt.Errorf("read state of %s: %w", at.key(), err)
			}
			(*k)[at.key()] = v
			delete(raw, at.key())
		}
	}
	for key := range raw {
		return fmt.Errorf("the state has a part %q that this version does not know", key)
	}
	return nil
}
