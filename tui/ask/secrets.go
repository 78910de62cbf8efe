package ask

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"berth/tui/screen"
	"berth/tui/widget"
)

// secrets asks for the variables that the app does not start without and whose values nobody may read. They are kept in
// the account with the yes to the plan, and nowhere before.
func (a *asker) secrets(context.Context) (turn, error) {
	for _, f := range a.s.OpenMusts() {
		if !screen.Secret(f) {
			continue
		}
		a.say("%s.", widget.Sentence(f.Means))
		t, err := a.secret(f)
		if err != nil || t != on {
			return t, err
		}
	}
	return on, nil
}

// secret settles one variable, or leaves it open.
func (a *asker) secret(f screen.Finding) (turn, error) {
	v := f.Variable
	if v.Kind == "generated" {
		answer, t, err := a.ask("Generate one? It is stored in AWS when you confirm the plan. [yes]")
		if err != nil || t != on || strings.HasPrefix(strings.ToLower(answer), "n") {
			return t, err
		}
		return on, a.s.MakeUp(v)
	}
	prompt := v.Name + ", hidden, or the path or ARN of an existing one; Enter leaves it open:"
	makes := screen.Makes(v)
	if makes != "" {
		prompt = v.Name + ", hidden, or new to have a " + makes + " created; Enter leaves it open:"
	}
	for {
		value, t, err := a.unseen(prompt)
		if err != nil || t != on || value == "" {
			return t, err
		}
		if makes != "" && value == "new" {
			return on, a.s.Make(v)
		}
		if err := a.s.KeepSecret(v, value); err != nil {
			a.say("%s.", widget.Sentence(err.Error()))
			continue
		}
		return on, nil
	}
}

// unseen reads a line that a terminal does not show.
func (a *asker) unseen(prompt string) (string, turn, error) {
	tty, ok := a.tty.(*os.File)
	if !ok || !term.IsTerminal(int(tty.Fd())) { //nolint:gosec // a descriptor fits
		return a.ask(prompt)
	}
	fmt.Fprint(a.out, prompt+" ")
	b, err := term.ReadPassword(int(tty.Fd())) //nolint:gosec // a descriptor fits
	a.say("")
	if err != nil {
		return "", end, errGone
	}
	return strings.TrimSpace(string(b)), on, nil
}
