package cli

import (
	"bytes"
	"strings"
	"testing"

	"berth/tui"
)

// What the screens leave to say goes on at words, and never in the middle of one.
func TestTheLastWordsOfTheScreensGoOnAtWords(t *testing.T) {
	const text = "Stopped. What exists stays; run berth again in this folder to continue, or berth destroy to delete it."
	for _, terminal := range []bool{true, false} {
		var out bytes.Buffer
		a := &app{Process: Process{Out: &out, Terminal: terminal, Columns: 40}}
		_, err := a.draw(tui.Deps{}, func(tui.Deps) (tui.Result, error) { return tui.Result{Text: text}, nil })
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if terminal && len(strings.TrimRight(line, "\n")) > 40 {
				t.Errorf("too long: %q", line)
			}
		}
		if strings.Join(strings.Fields(out.String()), " ") != text {
			t.Errorf("says %q", out.String())
		}
		if !terminal && out.String() != text+"\n" {
			t.Errorf("in a pipe: %q", out.String())
		}
	}
}
