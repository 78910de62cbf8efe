package ask

import (
	"context"
	"fmt"
	"strconv"

	"berth/engine/interview"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/widget"
)

// imports tells what is taken over from the files of other platforms, and what has no counterpart.
func (a *asker) imports() {
	all := a.s.Findings.Imports
	if len(all) == 0 {
		return
	}
	a.say("Taken over from other platforms; nothing is written before you confirm a plan:")
	for _, x := range all {
		if x.Lost() {
			a.say("- %s: %s has no counterpart. %s.", x.Place(), x.Text, widget.Sentence(x.Value))
		} else {
			a.say("- %s: %s becomes %s = %s.", x.Place(), x.Text, x.Key, x.Value)
		}
	}
}

// dockerfile asks which of several Dockerfiles the image is built from, when no setting says so, and reads the project
// anew with another.
func (a *asker) dockerfile(ctx context.Context) (turn, error) {
	all := a.s.Findings.Dockerfiles
	if at, said := a.s.Spec().Origins["image.dockerfile"]; len(all) < 2 || said && spec.Detected.Weaker(at.Kind) {
		return on, nil
	}
	a.say("There are several Dockerfiles:")
	now := 1
	for i, c := range all {
		a.say("%d. %s: %s.", i+1, c.File, c.Why)
		if c.File == a.s.Spec().Image.Dockerfile {
			now = i + 1
		}
	}
	for {
		line, t, err := a.ask(fmt.Sprintf("Which one builds the image? Type a number, or Enter for %d:", now))
		if err != nil || t != on {
			return t, err
		}
		n, err := strconv.Atoi(line)
		switch {
		case line == "" || err == nil && n == now:
			return on, nil
		case err != nil || n < 1 || n > len(all):
			a.say("Type a number from 1 to %d.", len(all))
			continue
		}
		return a.builtFrom(ctx, all[n-1].File, all[n-1].Context)
	}
}

// builtFrom reads the project anew with a Dockerfile as an answer.
func (a *asker) builtFrom(ctx context.Context, file, folder string) (turn, error) {
	override := a.s.Override
	a.s.Override = func(s *spec.Spec) error {
		if override != nil {
			if err := override(s); err != nil {
				return err
			}
		}
		if folder != "" && folder != "." {
			if err := s.Set("image.context", folder, interview.YourAnswer); err != nil {
				return err
			}
		}
		return s.Set("image.dockerfile", file, interview.YourAnswer)
	}
	start, err := screen.Read(ctx, a.s.Options)
	if err != nil {
		return end, err
	}
	a.s.Findings, a.s.Draft = start.Findings, start.Draft
	a.say("It is built from %s, which listens on port %d.", file, a.s.Findings.Port)
	return on, nil
}
