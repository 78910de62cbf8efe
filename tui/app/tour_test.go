package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"berth/tui/screen"
)

func TestTheTourBeginsTheStoryWithTheCursor(t *testing.T) {
	e := touring()
	begun := ""
	e.tour.Begin = func(_ context.Context, name string) (screen.Engine, error) {
		begun = name
		time.Sleep(3 * time.Second)
		return e, nil
	}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Stories{})
		d.sees("simulated AWS account", "› All goes well", "Enter through the questions")
		d.press("down", "enter", "enter", "enter") // the last two are typed ahead
		d.expect(screen.Stories{})
		d.pass(4 * time.Second)
		d.expect(screen.Compare{})
		if begun != "port" || d.s.Story == nil || d.s.Story.Name != "port" {
			t.Errorf("begun %q, told %v", begun, d.s.Story)
		}
		d.press("esc", "esc", "esc") // not back to the stories: this one was begun
		d.expect(screen.Project{})
	})
}

func TestAChosenStoryBeginsByItself(t *testing.T) {
	e := touring()
	e.tour.Chosen = "throttle"
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Project{})
		if d.s.Story.Name != "throttle" {
			t.Errorf("told %v", d.s.Story)
		}
		d.press("?")
		d.sees("This story: AWS is called too often", "ctrl+t")
	})
}

func TestAStoryThatCannotBeStagedIsTold(t *testing.T) {
	e := touring()
	e.tour.Begin = func(context.Context, string) (screen.Engine, error) { return nil, errors.New("no space left") }
	inBubble(t, e, func(d *harness) {
		d.press("enter")
		d.expect(screen.Stories{})
		d.sees("No space left")
		d.press("down")
		d.sees("finds nobody at the port")
	})
}

func TestOtherStoriesWaitForTheRun(t *testing.T) {
	inBubble(t, touring(), func(d *harness) {
		d.press("ctrl+t") // no story was begun
		d.expect(screen.Stories{})
		d.press("enter")
		d.press(toReview...)
		d.press("y")
		d.pass(time.Minute)
		d.press("ctrl+t")
		if d.quit || d.s.End.Another {
			t.Fatal("left a run that goes on")
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		d.sees("ctrl+t other stories")
		d.press("ctrl+t")
		if !d.quit || !d.s.End.Another {
			t.Error("not left for another story")
		}
	})
	inBubble(t, simulated(), func(d *harness) { // no tour
		if d.press("ctrl+t"); d.quit {
			t.Error("left, but where to?")
		}
	})
}

func TestTheDemoTakesAtMostEightKeys(t *testing.T) {
	inBubble(t, touring(), func(d *harness) {
		keys := append(append([]string{"enter"}, toReview...), "y")
		d.press(keys...)
		d.expect(screen.Deploy{})
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		if len(keys) > 8 {
			t.Errorf("%d keys", len(keys))
		}
	})
}
