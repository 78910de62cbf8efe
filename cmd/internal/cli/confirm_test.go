package cli

import (
	"bytes"
	"strings"
	"testing"

	"berth/engine/fail"
)

// What deletes data takes the app's name; anything else takes yes, or y.
func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		answer, word string
		want         bool
	}{
		{"y\n", "yes", true},
		{"YES\n", "yes", true},
		{"yes", "yes", true},
		{"\n", "yes", false},
		{"", "yes", false},
		{"shop\n", "shop", true},
		{" shop \n", "shop", true},
		{"y\n", "shop", false},
		{"yes\n", "shop", false},
		{"Shop\n", "shop", false},
		{"", "shop", false},
	} {
		a := &app{Process: Process{In: strings.NewReader(c.answer), Err: &bytes.Buffer{}}}
		err := a.confirm(t.Context(), "Delete all of this?", c.word)
		if (err == nil) != c.want || err != nil && fail.From(err).Class != fail.Stopped {
			t.Errorf("%q for %q: %v", c.answer, c.word, err)
		}
	}
}
