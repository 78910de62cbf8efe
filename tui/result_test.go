package tui

import (
	"context"
	"strings"
	"testing"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/interview"
	"berth/engine/spec"
	"berth/tui/screen"
)

// TestWhatIsLeftToSayIsAboutWhatRan renames an app after it was deployed, and leaves.
func TestWhatIsLeftToSayIsAboutWhatRan(t *testing.T) {
	s := screen.NewSession(context.Background(), screen.Options{Engine: screen.Open(engine.Open(engine.Options{}))})
	s.Draft = interview.Given(&spec.Spec{App: "ui", EnvName: spec.DefaultEnv, Region: "eu-west-2", Target: "ecs-fargate"}, nil)
	if err := s.Draft.Set("app", "ui2"); err != nil {
		t.Fatal(err)
	}
	if text := result(s, false).Text; !strings.Contains(text, "Not saved") || !strings.Contains(text, ": app.") {
		t.Errorf("without a run: %q", text)
	}
	s.Run = over{}
	s.Outcome = screen.Outcome{Done: true, Outcome: string(event.Succeeded), App: "ui", Verb: "deploy", Endpoint: "https://ui.example.com"}
	text := result(s, false).Text
	if !strings.Contains(text, "ui is live: https://ui.example.com") || strings.Contains(text, "ui2 is live") || !strings.Contains(text, "Not saved") {
		t.Errorf("after a run: %q", text)
	}
	s.Draft.Agree()
	if text := result(s, false).Text; strings.Contains(text, "Not saved") {
		t.Errorf("after a yes: %q", text)
	}
}

// over is a run that has ended.
type over struct{ screen.Run }
