package secret

import "crypto/rand"

// Given is a secret whose value somebody gave, or had made up, before a run that keeps it in the account. The value is
// in nothing that is printed, written or compared.
type Given struct {
	Name  string
	Fresh bool   // made up: where the account has a value already, that one stays
	Mark  string // tells this value from any other without telling anything of it

	value string
}

// Give makes Given of a value that was typed or made up. A value that cannot be kept is a Usage failure.
func Give(name, value string, fresh bool) (Given, error) {
	if err := check(name, value); err != nil {
		return Given{}, err
	}
	return Given{Name: name, Fresh: fresh, Mark: "given " + rand.Text()[:8], value: value}, nil
}

// Reveal is the value. It must go nowhere but into a call of AWS.
func (g Given) Reveal() string { return g.value }

// String is what may be printed.
func (g Given) String() string { return g.Name + " (hidden)" }

// GoString is what may be printed.
func (g Given) GoString() string { return g.String() }

// MarshalText is what may be written.
func (g Given) MarshalText() ([]byte, error) { return []byte(g.String()), nil }
