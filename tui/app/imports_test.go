package app

import (
	"strings"
	"testing"

	"berth/engine/project"
	"berth/engine/spec"
)

// moving is a fresh app that ran on another platform, of whose file some lines become settings and some do not.
func moving(lines int) *fakeEngine {
	e := fresh()
	found := *e.findings
	found.Imports = []project.Import{
		{File: "fly.toml", Line: 4, Text: "internal_port = 4000", Key: "service.port", Value: "4000"},
		{File: "fly.toml", Line: 5, Text: "force_https = true", Value: "http is redirected to https"},
	}
	for len(found.Imports) < lines {
		found.Imports = append(found.Imports, project.Import{File: "fly.toml", Line: 10 + len(found.Imports), Text: "swap_size_mb = 512", Value: "Fargate has no swap"})
	}
	e.findings = &found
	return e
}

// TestTableOfWhatMovesOver opens the table on a key, which is there only where something moves over; it says of each
// line what becomes of it, scrolls to the last, and writes nothing.
func TestTableOfWhatMovesOver(t *testing.T) {
	inBubble(t, moving(60), func(d *harness) {
		d.sees("what moves over")
		d.press("m")
		d.sees("1 lines of other platforms become settings, 59 have no counterpart", "fly.toml:4", "service.port = 4000", "no counterpart: http is redirected")
		if strings.Contains(d.view(), "fly.toml:69") {
			t.Error("the last of 60 lines is on the first page")
		}
		d.press("end")
		d.sees("fly.toml:69")
		d.press("home")
		d.sees("fly.toml:4")
		d.press("m")
		if strings.Contains(d.view(), "no counterpart") {
			t.Errorf("the table stays open:\n%s", d.view())
		}
		if spec.Exists(d.s.Dir) {
			t.Error("berth.toml was written")
		}
	})
	inBubble(t, fresh(), func(d *harness) {
		before := d.view()
		if d.press("m"); d.view() != before || strings.Contains(before, "what moves over") {
			t.Errorf("there is a table of nothing:\n%s", d.view())
		}
	})
}
