package need

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestEveryRequirementIsInTheTable sets each need in requirements and finds it in their JSON by its id.
func TestEveryRequirementIsInTheTable(t *testing.T) {
	names := fields(t, Requirements{})
	for _, n := range All() {
		var r Requirements
		if n.At(&r) == nil {
			continue
		}
		text := "true"
		switch n.At(&r).(type) {
		case *int, *float64:
			text = "7"
		}
		if n.Kind == Region {
			text = "eu-west-2"
		}
		if err := n.Set(&r, text); err != nil || !n.On(r) {
			t.Errorf("%s is not on after %q: %v", n.ID, text, err)
		}
		zero := fields(t, Requirements{})
		var changed []string
		for name, v := range fields(t, r) {
			if v != zero[name] {
				changed = append(changed, name)
			}
		}
		if !slices.Equal(changed, []string{n.ID}) {
			t.Errorf("%s changed %q", n.ID, changed)
		}
		delete(names, n.ID)
		if err := n.Set(&r, ""); err != nil || r != (Requirements{}) {
			t.Errorf("%s is not taken away: %v", n.ID, err)
		}
	}
	for name := range names {
		t.Errorf("no need of the table is %s", name)
	}
}

func fields(t *testing.T, r Requirements) map[string]any {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTheTableIsWhole looks for needs that are not called, asked for or explained.
func TestTheTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range All() {
		switch {
		case n.ID == "" || n.Label == "" || n.Short == "":
			t.Errorf("%+v has no name", n)
		case seen[n.ID] || n.Flag != "" && seen["--"+n.Flag] || n.Key != "" && seen[n.Key]:
			t.Errorf("%s is there twice", n.ID)
		case n.Group != Unsaid && (n.Question == "" || !slices.Contains(Groups(), n.Group)):
			t.Errorf("%s is not asked for", n.ID)
		case n.at != nil && n.Flag == "":
			t.Errorf("no flag says %s", n.ID)
		case n.No != "" && n.Yes == "":
			t.Errorf("a no has a value for %s, and a yes has none", n.ID)
		}
		seen[n.ID], seen["--"+n.Flag], seen[n.Key] = true, true, true
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		id, text string
		ok       bool
	}{
		{"instances", "2", true},
		{"instances", "0", false},
		{"instances", "1001", false},
		{"longest_request_seconds", "90", true},
		{"longest_request_seconds", "1.5", false},
		{"max_monthly_usd", "$40", true},
		{"max_monthly_usd", "much", false},
		{"max_monthly_usd", "NaN", false},
		{"custom_domain", "", true},
	} {
		n, _ := Of(tt.id)
		if err := n.Check(tt.text); (err == nil) != tt.ok {
			t.Errorf("%s = %q: %v", tt.id, tt.text, err)
		}
	}
}
